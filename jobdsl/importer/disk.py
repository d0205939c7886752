"""The documents that lie on disk, by full name: in a Jenkins home or its backup, or as files.

| Layout | What it is |
|---|---|
| `jobs/team/config.xml`, `jobs/team/jobs/api/config.xml` | a JENKINS_HOME, its `jobs`, or a folder in it |
| `team/config.xml`, `team/api/config.xml` | what Jenkins Job Builder writes with `--config-xml` |
| `team/api.xml`, `team/config.xml` for a folder | what `jobdsl render` and Jenkins Job Builder write |
| one file | one document |

What else a home holds (builds, branches, users, settings) is no item: it is counted, and never opened.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobdsl.documents.kept import COMPUTED_FOLDERS
from jobdsl.documents.rendering import MANIFEST, name_of
from jobdsl.documents.roots import is_view_root
from jobdsl.documents.tree import class_name, parse
from jobdsl.elements import load_all
from jobdsl.elements.base import registry
from jobdsl.errors import JobdslError
from jobdsl.grammar import names
from jobdsl.importer.directory import DirectoryEntry, content, count, listing
from jobdsl.importer.inputs import SourceDocument, source_document
from jobdsl.importer.views import top_views

__all__ = ["DiskDocuments", "on_disk", "one_document"]

_HOME_ROOTS = ("hudson", "jenkins.model.Jenkins", "hudson.model.Hudson")
_NAMELESS = "job"
"""Name of a document that has none."""
_OWN, _JOBS = "config.xml", "jobs"
_DATA = {
    "branches": "branch",
    "builds": "build",
    "computation": "",
    "configurations": "configuration",
    "indexing": "",
    "modules": "module",
    "nodes": "node",
    "promotions": "promotion process",
    "users": "user",
    "workspace": "",
}
"""Directories of a home or a job without items, with what lies in them; empty where it is not counted."""
_SETTING = "setting of Jenkins and its plugins"
_BARE, _OTHER = "directory without a config.xml", "other directory"
_PLURALS = {
    "branch": "branches",
    "promotion process": "promotion processes",
    _SETTING: "settings of Jenkins and its plugins",
    _BARE: "directories without a config.xml",
    _OTHER: "other directories",
}
_OF_HOMES = frozenset({"caches", "config-history", "fingerprints", "init.groovy.d", "logs", "monitoring"}) | {
    *("plugins", "scriptler", "secrets", "shelvedProjects", "tools", "updates", "userContent", "war"),
    "workflow-libs",
}
"""Directories of a home in which nothing is looked for."""


@dataclass(slots=True)
class DiskDocuments:
    """The documents of a directory, and how much lies there that is none."""

    sources: list[SourceDocument] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """By what it is: `build`, `user`, ..."""

    def sentence(self) -> str:
        """Return what was left out, in one line; empty for nothing."""
        parts = [_counted(number, word) for word, number in self.left_out.most_common() if number]
        return f"Left out, as no items: {', '.join(parts)}" if parts else ""


def on_disk(source: Path) -> DiskDocuments:
    """Return the documents of a directory, or the one in a file, by name.

    What cannot be read is among them: it raises when read. Raises JobdslError for what is neither.
    """
    if source.is_file():
        return _one_file(source)
    if not source.is_dir():
        raise JobdslError(f"{source} is not a directory", hint="name the directory the documents are in")
    return _Walk(os.path.realpath(source)).documents()


def _one_file(source: Path) -> DiskDocuments:
    path = source.resolve()
    name = path.parent.name if path.name == _OWN else path.stem
    return DiskDocuments([_document(DirectoryEntry(path.name, str(path)), name or _NAMELESS)])


def one_document(data: bytes, name: str = "") -> SourceDocument:
    """Return a document of which only the text is known; a view has its own name."""
    document = source_document("", "standard input", data, is_view=False, read=lambda: data)
    document = replace(document, is_view=is_view_root(document.root))
    return replace(document, name=name or (_own_name(data) if document.is_view else "") or _NAMELESS)


def _own_name(data: bytes) -> str:
    try:
        own = parse(data).find("name")
    except JobdslError:  # reported when it is imported
        return ""
    return own.text if own is not None else ""


class _Walk:
    """One walk over a directory; names count from it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.rendered = os.path.exists(os.path.join(root, MANIFEST))
        self.homes: list[str] = []
        """Names of the directories that are homes."""
        self.all = DiskDocuments()

    def documents(self) -> DiskDocuments:
        if self.rendered:
            self._rendered("")
        elif os.path.basename(self.root) == _JOBS and self._holds_items(""):
            self._jobs("", "")
        else:
            self._directory("", "")
            self._from_the_only_home()
        by_name = {
            document.name: document
            for document in self.all.sources
            if document.place.rpartition("/")[2] != _OWN
        }
        self.all.sources = sorted(
            (_own(document, by_name) for document in self.all.sources),
            key=lambda document: (document.name, document.is_view),
        )
        return self.all

    def _rendered(self, place: str) -> None:
        """A directory that `jobdsl render` wrote: every file of it is a definition."""
        entries, directories = listing(self.root, place)
        for entry in entries:
            self.all.sources.append(_document(entry, name_of(entry.place)))
        for directory in directories:
            self._rendered(names.join(place, directory))

    def _directory(self, place: str, name: str) -> None:
        """A directory of documents: a home, an item, or a folder of that full name."""
        entries, directories = listing(self.root, place)
        own = next((entry for entry in entries if entry.place == names.join(place, _OWN)), None)
        documents = [
            _document(entry, _full_name(entry, place, name)) for entry in entries if entry is not own
        ]
        root = _document(own, "").root if own else ""
        containers = _JOBS in directories and self._is_container(place, entries)
        if root in _HOME_ROOTS or (containers and own is None):
            self._home(place, name, own, documents, directories)
            return
        if own is None or is_view_root(root) or self._is_named_config(name, root, documents, directories):
            self.all.sources += [*documents, *([_document(own, names.join(name, "config"))] if own else [])]
        else:
            name = name or os.path.basename(self.root)
            self.all.sources.append(_document(own, name))
            if not _is_folder(root):
                self._count(place, directories)
                return
            self.all.sources += [
                replace(document, name=names.join(name, _stem(document))) for document in documents
            ]
        for directory in directories:
            if directory == _JOBS and containers:
                self._jobs(names.join(place, directory), name)
            else:
                self._directory(names.join(place, directory), names.join(name, directory))

    def _home(
        self,
        place: str,
        name: str,
        own: DirectoryEntry | None,
        documents: list[SourceDocument],
        directories: list[str],
    ) -> None:
        """A JENKINS_HOME, or a backup of one: its jobs and views."""
        self.homes.append(name)
        if own is not None:
            try:
                self.all.sources += top_views(name, own.place, content(own.path))
            except JobdslError:
                self.all.sources.append(_document(own, names.join(name, "config")))
        items = [
            document
            for document in documents
            if _is_item(document.root) or names.leaf(document.name) == _JOBS
        ]
        self.all.sources += items
        self.all.left_out[_SETTING] += len(documents) - len(items)
        for directory in directories:
            below = names.join(place, directory)
            if directory == _JOBS:
                self._jobs(below, name)
            elif own is not None or directory in _DATA or directory in _OF_HOMES:
                self._count(place, [directory])
            else:  # a directory beside `jobs`, in something that may be a backup of a home
                self._directory(below, names.join(name, directory))

    def _jobs(self, place: str, name: str) -> None:
        """The directory `jobs` of a home or a folder: a directory for each item."""
        entries, directories = listing(self.root, place)
        self.all.sources += [_document(entry, _full_name(entry, place, name)) for entry in entries]
        for directory in directories:
            self._item(names.join(place, directory), names.join(name, directory))

    def _item(self, place: str, name: str) -> None:
        """An item's directory in a home."""
        entries, directories = listing(self.root, place)
        own = next((entry for entry in entries if entry.place == names.join(place, _OWN)), None)
        root = _document(own, "").root if own else ""
        if own is not None:
            self.all.sources.append(_document(own, name))
        elif any(entry.place == place for entry in entries):  # it cannot be listed
            self.all.sources += [_document(entry, name) for entry in entries]
        elif _JOBS not in directories:
            self.all.left_out[_BARE] += 1
        for directory in directories:
            below = names.join(place, directory)
            if directory == _JOBS and (own is None or _is_folder(root)):
                self._jobs(below, name)
            elif own is not None and _is_folder(root) and directory not in _DATA:
                self._directory(below, names.join(name, directory))
            else:
                self._count(place, [directory], computed=class_name(root) in COMPUTED_FOLDERS)

    def _count(self, place: str, directories: list[str], *, computed: bool = False) -> None:
        """Note directories that hold no items."""
        for directory in directories:
            word = "branch" if directory == _JOBS and computed else _DATA.get(directory)
            if word:
                self.all.left_out[word] += count(self.root, names.join(place, directory))
            elif word is None:
                self.all.left_out[_OTHER] += 1

    def _is_container(self, place: str, entries: list[DirectoryEntry]) -> bool:
        """Return whether the directory `jobs` is that of a home or a folder, and no folder called so."""
        jobs = names.join(place, _JOBS)
        is_folder = any(entry.place == f"{jobs}.xml" for entry in entries)
        return not is_folder and self._holds_items(jobs)

    def _holds_items(self, place: str) -> bool:
        """Return whether there is a directory for each item in this one, and no document of its own."""
        inside, directories = listing(self.root, place)
        if any(entry.place == names.join(place, _OWN) for entry in inside):
            return False
        return any(
            os.path.isfile(os.path.join(self.root, place, directory, _OWN))
            or os.path.isdir(os.path.join(self.root, place, directory, _JOBS))
            for directory in directories
        )

    def _is_named_config(
        self, name: str, root: str, documents: list[SourceDocument], directories: list[str]
    ) -> bool:
        """Return whether a `config.xml` is a job of that name, and not the document of its directory."""
        if _is_folder(root):
            return False
        if any(_is_item(document.root) for document in documents):
            return True
        return not name and any(directory not in _DATA for directory in directories)

    def _from_the_only_home(self) -> None:
        """Names count from the home where there is one, and nothing beside it."""
        (home,) = self.homes if len(self.homes) == 1 else ("",)
        if home and all(document.name.startswith(f"{home}/") for document in self.all.sources):
            self.all.sources = [
                replace(document, name=document.name[len(home) + 1 :]) for document in self.all.sources
            ]


def _is_folder(root: str) -> bool:
    return root.endswith(".Folder")


def _is_item(root: str) -> bool:
    """Return whether a document is one of an item or a view, judged by its root."""
    load_all()
    cls = registry.get(class_name(root))
    return is_view_root(root) or (cls is not None and hasattr(cls, "full_name"))


def _full_name(entry: DirectoryEntry, place: str, name: str) -> str:
    """Return the name of an entry of a directory `place` of that name, or of the directory itself."""
    return name if entry.place == place else names.join(name, _stem(entry))


def _stem(entry: DirectoryEntry | SourceDocument) -> str:
    stem = entry.place.rpartition("/")[2].removesuffix(".xml")
    return "config" if stem in ("config.item", "config.view") else stem


def _document(entry: DirectoryEntry, name: str) -> SourceDocument:
    place, name = _printable(entry.place), _printable(name)

    def read() -> bytes:
        if entry.refused:
            raise JobdslError(entry.refused)
        return content(entry.path)

    try:
        data = read()
    except JobdslError:
        data = b""  # reported when it is read to be imported
    document = source_document(name, place, data, is_view=False, read=read)
    return replace(document, is_view=is_view_root(document.root))


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _own(document: SourceDocument, by_name: dict[str, SourceDocument]) -> SourceDocument:
    """Return an item's `config.xml` beside another document of its name.

    Beside an item it is one too many; beside a view, or what cannot be read, it is none.
    """
    other = by_name.get(document.name)
    if (
        other is None
        or other is document
        or document.is_view
        or other.is_view
        or not document.place.endswith(_OWN)
    ):
        return document
    if other.place == document.place or not _is_sound(other):
        return document
    why = f"is a document of {document.name}, and so is {other.place}"

    def refuse() -> bytes:
        raise JobdslError(why)

    return replace(document, is_folder=False, read=refuse)


def _is_sound(document: SourceDocument) -> bool:
    try:
        parse(document.read())
    except JobdslError:
        return False
    return True


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word if number == 1 else _PLURALS.get(word, f'{word}s')}"
