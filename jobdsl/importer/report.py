"""The results of an import: a report of every document, and a summary in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobdsl.documents.outdir import write_file
from jobdsl.documents.subitems import Subitem
from jobdsl.errors import JobdslError, XmlError
from jobdsl.importer.convert import Imported

__all__ = ["FamilyReport", "ImportResult", "located", "printable", "write_report"]

_MOST_DOUBTS = 30
"""Maximum number of places that may hold a secret and are named."""
_FEW_NAMES = 3
"""Names of documents that the summary shows where it counts some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyReport:
    """A family that was written as a function."""

    function: str
    module: str
    members: tuple[str, ...]
    """Full names."""
    parameters: tuple[str, ...]
    saved: int
    """About how many words."""
    nearest: str = ""
    """The function of the family that is most like it."""
    similarity: float = 0.0
    """Share of what the first members of both hold that both have."""

    def sentence(self) -> str:
        """Return a line for people."""
        names = ", ".join(self.parameters)
        near = f"; nearest is {self.nearest} ({self.similarity:.0%} alike)" if self.nearest else ""
        count = f"{len(self.members)} documents ({self.members[0]} ...)"
        return f"FAMILY {self.function}({names}): {count}, about {self.saved} words saved{near}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did."""

    out: Path
    """The estate."""
    documents: tuple[Imported, ...]
    """Every document met, by name."""
    secrets: int
    """Secrets in clear that were taken out."""
    secrets_file: Path | None
    """Where they are now."""
    no_items: str = ""
    """What lies with the documents and is no item, counted; empty for nothing."""
    families: tuple[FamilyReport, ...] = ()
    """Documents that are alike and were written as calls of one function, in the order of their names."""

    not_read: tuple[str, ...] = ()
    """DSL files of an earlier import that define nothing which was read, although all was."""

    @property
    def broken(self) -> list[Imported]:
        """Return documents that could not be imported; `error` has the reason."""
        return [document for document in self.documents if document.error and not document.left_out]

    @property
    def left_out(self) -> list[Imported]:
        """Documents of what Jenkins keeps inside a job."""
        return [document for document in self.documents if document.left_out]

    @property
    def equal(self) -> int:
        """Documents that came out of the loaded estate exactly as they were."""
        return sum(document.equal for document in self.documents)

    @property
    def elements(self) -> int:
        """Jenkins elements in all documents."""
        return sum(document.elements for document in self.documents)

    @property
    def typed_elements(self) -> int:
        """Those of them written by typed classes."""
        return sum(document.typed for document in self.documents)

    @property
    def fallbacks(self) -> list[Imported]:
        """Documents that had to be written plainer than their classes could."""
        return [document for document in self.documents if document.fallback]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the report: one object per document."""
        return [dict(_row(document)) for document in self.documents]

    def sentences(self) -> Iterator[str]:
        """Yield the summary: what was written, what was broken."""
        count = len(self.documents) - len(self.broken) - len(self.left_out)
        yield f"{_count(count, 'document')} imported to {self.out}{self._typed()}"
        if self.families:
            members = sum(len(family.members) for family in self.families)
            calls = f"{_count(members, 'document')} {'is a call' if members == 1 else 'are calls'}"
            yield f"{calls} of {_count(len(self.families), 'function')} in {self.families[0].module}"
        if self.secrets:
            advice = "keep it safe, and out of version control"
            yield f"{_count(self.secrets, 'secret')} taken out into {self.secrets_file}: {advice}"
        if self.no_items:
            yield self.no_items
        for path in self.not_read:
            yield printable(f"NOT READ: {path} is of an earlier import; remove it if its jobs were deleted")
        yield from self._other_tools()
        yield from self._doubts()
        yield from self._left_out()
        for document in self.broken:
            yield printable(f"NOT IMPORTED: {document.name}: {document.error}")

    def _typed(self) -> str:
        share = f"{100 * self.typed_elements / self.elements:.1f} %" if self.elements else ""
        return f"; {share} of {_count(self.elements, 'element')} typed" if share else ""

    def _left_out(self) -> Iterator[str]:
        """Yield how many documents of each kind were left out, and why."""
        names: dict[Subitem, list[str]] = {}
        for document in self.documents:
            if document.left_out is not None:
                names.setdefault(document.left_out, []).append(document.name)
        for kind, members in names.items():
            count = _few(members, kind.name, kind.plural)
            yield printable(f"LEFT OUT: {count}: {kind.reason}; {kind.hint}")

    def _other_tools(self) -> Iterator[str]:
        """How many documents another tool writes as well, and which ones are its seeds."""
        seeds, managed = dict[str, list[str]](), dict[str, list[str]]()
        for document in self.documents:
            if document.seed_of:
                seeds.setdefault(document.seed_of, []).append(document.name)
            if document.managed_by:
                managed.setdefault(document.managed_by, []).append(document.name)
        for tool, names in managed.items():
            hint = "take them out of its sources before `jobdsl apply --adopt`, or it writes them again"
            yield printable(f"MANAGED BY {tool}: {_few(names)}: {hint}")
        for tool, names in seeds.items():
            hint = "disable it before `jobdsl apply --adopt` takes over what it generates"
            yield printable(f"SEED OF {tool}: {_few(names)}: {hint}")

    def _doubts(self) -> Iterator[str]:
        """Yield the places of possible secrets that a person has to check; the report has all of them."""
        lines = [
            printable(f"{document.name}: {place}") for document in self.documents for place in document.doubts
        ]
        yield from (f"MAY HOLD A SECRET: {where}" for where in lines[:_MOST_DOUBTS])
        if len(lines) > _MOST_DOUBTS:
            yield f"MAY HOLD A SECRET: {len(lines) - _MOST_DOUBTS} more places; --report names all"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _few(names: list[str], word: str = "document", plural: str = "documents") -> str:
    """Return how many there are, and the first names."""
    shown = ", ".join(names[:_FEW_NAMES]) + (", ..." if len(names) > _FEW_NAMES else "")
    return f"{len(names)} {word if len(names) == 1 else plural} ({shown})"


def printable(text: str) -> str:
    """Return one line of text, without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _row(document: Imported) -> Iterator[tuple[str, Any]]:
    yield "name", document.name
    yield "equal", document.equal
    yield "elements", document.elements
    yield "typed_elements", document.typed
    yield "bytes", document.size
    if document.doubts:
        yield "may_hold_secrets", document.doubts
    if document.managed_by:
        yield "managed_by", document.managed_by
    if document.seed_of:
        yield "seed_of", document.seed_of
    if document.fallback:
        yield "fallback", document.fallback
    if document.left_out:
        yield "left_out", document.left_out.name
    if document.error:
        yield "error", document.error


def write_report(result: ImportResult, path: Path) -> None:
    """Write the report as JSON. Raises JobdslError."""
    text = json.dumps(result.as_json(), indent=1, ensure_ascii=False) + "\n"
    try:
        write_file(path, text.encode("utf-8", "backslashreplace").decode())
    except OSError as error:
        raise JobdslError(f"{path} cannot be written: {error.strerror}") from None


def located(place: str, error: JobdslError) -> str:
    """Return what is wrong with a document, with its file and line."""
    line = f":{error.line}" if isinstance(error, XmlError) and error.line else ""
    hint = f" ({error.hint})" if error.hint else ""
    return f"{place}{line}: {error.message}{hint}"
