"""How an estate is laid out: which document goes into which DSL file, inside which folders.

A top-level folder is a directory with a `jobs.py`; what lies at the top is in `jobs.py` and `views.py`.
Where that would make a long file, subfolders get files of their own, and then names that begin
with the same word (`android-...` in `android.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jobdsl.grammar import names
from jobdsl.importer.inputs import SourceDocument
from jobdsl.settings.config import Files

__all__ = ["DslFile", "NamedPlace", "layout", "tree"]

_MOST = 250
"""Documents of one DSL file."""
_MOST_BYTES = 1 << 20
"""Bytes of the documents of one DSL file; the loader takes files of four times that."""
_GROUP = 12
"""Documents that begin with the same word, from which they get a file of their own."""
_WORD = re.compile(r"[A-Za-z0-9]+")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+|\A[.\s]+|[.\s]+\Z')
_LONGEST = 80


@dataclass(slots=True)
class NamedPlace:
    """A name of the estate: what is defined there, and what lies below it."""

    full_name: str
    documents: list[SourceDocument] = field(default_factory=list)
    """None, one, or an item and a view of the same name."""
    below: dict[str, NamedPlace] = field(default_factory=dict)

    def walk(self) -> Iterator[NamedPlace]:
        """This place and all below it."""
        stack = [self]
        while stack:
            place = stack.pop()
            yield place
            stack += reversed(place.below.values())

    @property
    def weight(self) -> tuple[int, int]:
        """Documents here and below, and the bytes of source they will make."""
        sizes = [document.weight for place in self.walk() for document in place.documents]
        return len(sizes), sum(sizes)


@dataclass(slots=True)
class DslFile:
    """One file of the estate."""

    path: str
    inside: str
    """Full name of the folder all of it lies in; empty at the top."""
    places: list[NamedPlace]


def tree(documents: Iterable[SourceDocument]) -> NamedPlace:
    """Return the documents by where they lie: the top, with all below it."""
    root = NamedPlace("")
    for document in documents:
        place = root
        for name in [*names.ancestors(document.name), document.name]:
            place = place.below.setdefault(names.leaf(name), NamedPlace(name))
        place.documents.append(document)
    return root


def layout(documents: Iterable[SourceDocument]) -> list[DslFile]:
    """Return the DSL files for these documents."""
    root = tree(documents)
    maker = _Layout()
    maker.top(root)
    return [file for file in maker.files if file.places]


class _Layout:
    def __init__(self) -> None:
        self.files: list[DslFile] = []
        self._paths: set[str] = {"layouts.py", "layouts"}

    def top(self, root: NamedPlace) -> None:
        """The controller's own jobs and views, then a directory for each folder."""
        flat = [place for place in root.below.values() if not place.below]
        views = [place for place in flat if all(document.is_view for document in place.documents)]
        self._flat("", "", "jobs", [place for place in flat if place not in views])
        self._flat("", "", "views", views)
        for place in root.below.values():
            if place.below:
                self._folder(place, self._free("", names.leaf(place.full_name), ""), "")

    def _folder(self, place: NamedPlace, directory: str, inside: str) -> None:
        """A folder in its own directory: one file, or several where it is large."""
        if not _too_large([place]):
            self._add(directory, "jobs", inside, [place])
            return
        flat: list[NamedPlace] = []
        for child in place.below.values():
            if child.below and child.weight[0] >= _GROUP:
                name = self._free(directory, names.leaf(child.full_name), "")
                self._folder(child, name, place.full_name)
            else:
                flat.append(child)
        self._add(directory, "folder", inside, [NamedPlace(place.full_name, place.documents)])
        self._flat(directory, place.full_name, "jobs", flat)

    def _flat(self, directory: str, inside: str, file: str, places: list[NamedPlace], words: int = 1) -> None:
        """Places side by side: one file, or one for each word many of their names begin with."""
        if not _too_large(places):
            self._add(directory, file, inside, places)
            return
        groups: dict[str, list[NamedPlace]] = {}
        for place in places:
            groups.setdefault(_beginning(place, words), []).append(place)
        large = {begin: group for begin, group in groups.items() if begin and len(group) >= _GROUP}
        rest = [place for begin, group in groups.items() if begin not in large for place in group]
        for part in _parts(rest):
            self._add(directory, file, inside, part)
        for begin, group in large.items():
            self._flat(directory, inside, begin, group, words + 1)

    def _add(self, directory: str, file: str, inside: str, places: list[NamedPlace]) -> None:
        if places:
            self.files.append(DslFile(self._free(directory, file, ".py"), inside, places))

    def _free(self, directory: str, name: str, ending: str) -> str:
        """Return a path not taken, that the loader takes for a DSL file (or a directory of some)."""
        safe = _UNSAFE.sub("_", name)[:_LONGEST] or "_"
        if not safe.isprintable():
            safe = "".join(c if c.isprintable() else "_" for c in safe)
        for number in range(1, 1 << 20):
            tried = safe if number == 1 else f"{safe}_{number}"
            path = names.join(directory, tried + ending)
            probe = path if ending else f"{path}/jobs.py"
            if Files().has(probe) and not {path.lower(), names.join(directory, tried).lower()} & self._paths:
                self._paths |= {path.lower(), names.join(directory, tried).lower()}
                return path
        raise AssertionError("there is always a free name")


def _beginning(place: NamedPlace, words: int) -> str:
    """Return the first words of a name; empty where it has no more than these, and for good."""
    words_of_name = _WORD.findall(names.leaf(place.full_name))
    return "_".join(words_of_name[:words]).lower() if len(words_of_name) >= words else ""


def _too_large(places: list[NamedPlace]) -> bool:
    return len(list(_parts(places))) > 1 or (len(places) == 1 and _over(*places[0].weight))


def _over(count: int, size: int) -> bool:
    return count > _MOST or size > _MOST_BYTES


def _parts(places: list[NamedPlace]) -> Iterator[list[NamedPlace]]:
    """Yield the places in runs that are small enough for a file."""
    part: list[NamedPlace] = []
    count = size = 0
    for place in places:
        more, bytes_more = place.weight
        if part and _over(count + more, size + bytes_more):
            yield part
            part, count, size = [], 0, 0
        part.append(place)
        count, size = count + more, size + bytes_more
    if part:
        yield part
