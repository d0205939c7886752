"""DSL files of a conversion: their statements, and whose lines are whose."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobdsl.convert.exchange import JobRow
from jobdsl.importer.convert import Imported
from jobdsl.importer.dslfile import imports
from jobdsl.importer.scripts import Scripts

__all__ = ["ConvertedFile", "ConvertedRow", "FileSpan"]


@dataclass(slots=True)
class ConvertedRow:
    """A job or view, and how it is written."""

    row: JobRow
    imported: Imported
    is_plain: bool = False
    """Whether it is written out, without its template."""
    form: int = 0
    is_hopeless: bool = False


@dataclass(slots=True)
class FileSpan:
    """Lines of a file, and the jobs they make."""

    first: int
    last: int
    rows: list[ConvertedRow]


@dataclass(slots=True)
class ConvertedFile:
    """A DSL file in the making."""

    path: str
    parts: list[tuple[str, list[ConvertedRow]]] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    scripts: Scripts = field(default_factory=lambda: Scripts(""))

    def text(self, title: str) -> tuple[str, list[FileSpan]]:
        """Return its source, and whose lines are whose."""
        text = "\n".join([f'"""{title}"""\n', *imports(self.uses), ""])
        spans = []
        for index, (source, rows) in enumerate(self.parts):
            is_apart = "\n" in source or (index and "\n" in self.parts[index - 1][0])
            text += "\n" if is_apart and index else ""
            first = text.count("\n") + 1
            text += source + "\n"
            spans.append(FileSpan(first, text.count("\n"), rows))
        return text, spans
