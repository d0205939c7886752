"""One DSL file as text: its imports, its folders as `with` blocks, its calls, and whose lines are whose."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from jobdsl.importer.convert import Imported
from jobdsl.importer.file_layout import DslFile, NamedPlace
from jobdsl.importer.inputs import SourceDocument
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import WIDTH, show
from jobdsl.importer.report import printable

__all__ = ["Written", "imports", "write"]

_STEP = "    "
_DIGITS = re.compile(r"(\d+)")
_NESTED = 6
"""Maximum depth of folders as blocks; below them, jobs have paths. Python allows about 20."""
_LONGEST = 2 << 20
"""Characters of one call; the loader takes DSL files of twice that."""

Convert = Callable[[SourceDocument, str], Imported]
"""Makes the call for a document under the name it has where it stands; no code for one that is broken."""


@dataclass(slots=True)
class Written:
    """A DSL file's text and what is in it."""

    path: str
    text: str
    lines: list[tuple[int, int, Imported]] = field(default_factory=list)
    """First and last line of each call, in order."""

    def at(self, line: int) -> Imported | None:
        """Return the document whose call has this line."""
        return next((imported for first, last, imported in self.lines if first <= line <= last), None)


def write(file: DslFile, convert: Convert) -> Written:
    """Return the text of a file. Calls are made in their order, one at a time."""
    return _Writing(file, convert).done()


class _Writing:
    def __init__(self, file: DslFile, convert: Convert) -> None:
        self.file = file
        self.convert = convert
        self.uses: set[str] = set()
        self.body: list[str] = []
        self.spans: list[tuple[int, int, Imported]] = []
        self.line = 1
        """Line of the body that comes next."""
        self._was_apart = self._opened = False
        self._calls = 0

    def done(self) -> Written:
        inside = self.file.inside
        if inside:
            self.uses.add("inside")
            self._emit(f"with inside({quoted(inside)}):")
        self._block(self.file.places, inside, _STEP if inside else "", 1 if inside else 0)
        if inside and not self._calls:
            self._emit(f"{_STEP}pass")
        head = self._head()
        count = head.count("\n")
        spans = [(first + count, last + count, imported) for first, last, imported in self.spans]
        return Written(self.file.path, head + "\n".join(self.body).strip("\n") + "\n", spans)

    def _head(self) -> str:
        origin = (
            f"of {self.file.inside or _only_folder(self.file)}" if self._named() else "of this controller"
        )
        return "\n".join([f'"""Jobs {origin}, imported from Jenkins."""\n', *imports(self.uses), ""])

    def _named(self) -> bool:
        name = self.file.inside or _only_folder(self.file)
        return bool(name) and name.isprintable() and not set(name) & set('"\\')

    def _block(self, places: list[NamedPlace], inside: str, indent: str, depth: int) -> None:
        """The calls of places side by side; those with something below them come last."""
        for place in sorted(places, key=lambda named_place: bool(named_place.below)):
            if place.below:
                self._with(place, inside, indent, depth)
            elif not place.documents:
                self._plain_folder(place, inside, indent, opens=False)
            else:
                for document in place.documents:
                    self._call(document, inside, indent)

    def _with(self, place: NamedPlace, inside: str, indent: str, depth: int) -> None:
        """A place with others below it."""
        opened = ""
        for document in place.documents:
            opened = self._call(document, inside, indent, opens=depth < _NESTED) or opened
        if not place.documents:
            self._plain_folder(place, inside, indent, opens=depth < _NESTED)
            opened = "folder"
        below = list(place.below.values())
        if depth >= _NESTED:
            self._block(below, inside, indent, depth)
            return
        if not opened:
            self.uses.add("inside")
            self._emit(f"{indent}with inside({quoted(place.full_name)}):", apart=True)
        calls = self._calls
        self._block(below, place.full_name, indent + _STEP, depth + 1)
        if self._calls == calls:  # nothing in it could be read
            self._emit(f"{indent}{_STEP}pass")

    def _plain_folder(self, place: NamedPlace, inside: str, indent: str, *, opens: bool) -> None:
        self.uses.add("folder")
        call = f"folder({quoted(_relative(place.full_name, inside))})"
        self._calls += 1
        self._emit(f"{indent}with {call}:" if opens else indent + call, apart=opens)

    def _call(self, document: SourceDocument, inside: str, indent: str, *, opens: bool = False) -> str:
        """Write one call. Returns `folder` where it opened one."""
        imported = self.convert(document, _relative(document.name, inside))
        code, imported.code = imported.code, None  # the text is all that is wanted from here on
        opened = opens and code is not None and code.start == "folder("
        start = f"{indent}with " if opened else indent
        text = "" if code is None else start + show(code, indent, len(start), 1 if opened else 0)
        if len(text) > _LONGEST:
            imported.error = f"{document.place}: its source would have {len(text) >> 20} MB"
        if imported.error:
            self._emit(f"{indent}# {printable(f'{document.name} could not be imported: {imported.error}')}")
            return ""
        self._calls += 1
        self.uses |= imported.uses
        first = self._emit(f"{text}:" if opened else text, apart="\n" in text or opened)
        self.spans.append((first, self.line - 1, imported))
        return "folder" if opened else ""

    def _emit(self, text: str, *, apart: bool = False) -> int:
        """Add lines, with an empty one around calls of several lines; gives the number of the first."""
        if self.body and (apart or self._was_apart) and not self._opened:
            self.body.append("")
            self.line += 1
        first = self.line
        self.body.append(text)
        self.line += text.count("\n") + 1
        self._was_apart, self._opened = apart, text.startswith("with ") or text.endswith(":")
        return first


def imports(uses: set[str]) -> list[str]:
    """Return the statements that import names: `layouts.NAME` from there, `module:NAME` from another.

    One text for jobdsl, and one for the estate's own modules, in the order of ruff and isort.
    """
    words: dict[str, set[str]] = {}
    for word in uses - {"layouts"}:
        module, _, name = word.rpartition(":")
        if not module:
            module = "layouts" if word.startswith("layouts.") else "jobdsl"
        words.setdefault(module, set()).add(name.removeprefix("layouts."))
    own = ["import layouts\n"] if "layouts" in uses else []
    own += [_imports(module, words[module]) for module in sorted(words) if module != "jobdsl"]
    return [text for text in (_imports("jobdsl", words.get("jobdsl", set())), "".join(own)) if text]


def _imports(module: str, words: set[str]) -> str:
    names = sorted(words, key=_natural)
    flat = f"from {module} import {', '.join(names)}\n" if words else ""
    if len(flat) > WIDTH + 1:
        return f"from {module} import (\n" + "".join(f"{_STEP}{word},\n" for word in names) + ")\n"
    return flat


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort constants before functions, and MAIL_2 before MAIL_10."""
    parts = [part for part in _DIGITS.split(name) if part]
    key = [(1, int(part), "") if part.isdigit() else (2, 0, part) for part in parts]
    return [(0 if name.isupper() else 1, 0, ""), *key]


def _relative(full_name: str, inside: str) -> str:
    return full_name.removeprefix(f"{inside}/") if inside else full_name


def _only_folder(file: DslFile) -> str:
    """Return the one folder a file is about, if it is one."""
    return file.places[0].full_name if len(file.places) == 1 and file.places[0].below else ""
