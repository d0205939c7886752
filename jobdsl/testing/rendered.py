"""The documents of an estate for tests: by full name, and by the path of an element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jobdsl.documents.tree import as_lxml
from jobdsl.errors import suggestion

__all__ = ["Document", "Documents"]


class Document:
    """One document; paths are XPath below its root, such as `builders/hudson.tasks.Shell/command`."""

    def __init__(self, name: str, xml: str) -> None:
        self.name = name
        self.xml = xml
        self._root = as_lxml(xml)

    def __repr__(self) -> str:
        return f"<document of {self.name}>"

    @property
    def kind(self) -> str:
        """The tag of the root: `project`, `flow-definition`, ..."""
        return str(self._root.tag)

    def texts(self, path: str) -> list[str]:
        """Return the texts of the elements, or the values of the attributes, at a path."""
        selected = self._root.xpath(path)
        if not isinstance(selected, list):
            return [str(selected)]
        return [str(item) if isinstance(item, str) else "".join(item.itertext()) for item in selected]

    def text(self, path: str) -> str:
        """Return the text of the only element at a path. Raises AssertionError if there is not one."""
        texts = self.texts(path)
        if len(texts) != 1:
            raise AssertionError(f"{self.name}: {len(texts)} elements at {path}, not 1{self._near(path)}")
        return texts[0]

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and bool(self.texts(path))

    def _near(self, path: str) -> str:
        """Return what is below the longest part of a path that exists."""
        parts = path.split("/")
        for length in range(len(parts) - 1, 0, -1):
            start = "/".join(parts[:length])
            if start.strip("./") and (elements := self._root.xpath(start)):
                below = sorted({str(child.tag) for element in elements for child in element})
                return f"; below {start}: {', '.join(below) or 'nothing'}"
        return f"; below the root: {', '.join(sorted({str(child.tag) for child in self._root}))}"


class Documents(Mapping[str, Document]):
    """The documents of an estate by full name; a view that has a job's name is `NAME (view)`."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._documents = {name: Document(name, xml) for name, xml in documents.items()}

    def __getitem__(self, name: str) -> Document:
        if name not in self._documents:
            hint = suggestion(name, self._documents)
            raise KeyError(f"the estate has no {name!r}{f'; {hint}' if hint else ''}")
        return self._documents[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)
