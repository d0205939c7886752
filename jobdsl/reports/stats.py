"""An estate in figures: jobs, lines, functions, raw elements, plugins. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobdsl.checks.plugins import plugin_of
from jobdsl.documents.references import References
from jobdsl.errors import Where
from jobdsl.model import Definition

__all__ = ["Stats", "stats_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Figures of an estate."""

    jobs: int
    folders: int
    views: int
    pools: int
    files: int
    """Python files of the estate."""
    lines: int
    """Lines in them that are not blank."""
    lines_per_job: float
    document_lines: int
    """Lines of all documents."""
    untyped: int
    """Uses of classes without a typed word: each class once for each document."""
    untyped_classes: Mapping[str, int] = field(default_factory=dict)
    """Documents that use each of these classes."""
    templates: Mapping[str, int] = field(default_factory=dict)
    """Definitions that each function of another file makes, as `file.py:name`."""
    plugins: Mapping[str, int] = field(default_factory=dict)
    """Jobs that need each plugin."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures as values of JSON."""
        return asdict(self)

    def lines_of_text(self) -> list[str]:
        """Return the figures as lines for people."""
        shown = [
            f"{self.jobs} jobs, {self.folders} folders, {self.views} views, {self.pools} pools",
            f"{self.lines} lines of Python in {self.files} files: {self.lines_per_job:.1f} lines per job",
            f"{self.document_lines} lines of config.xml",
            f"{self.untyped} uses of classes without a typed word",
        ]
        for title, counts in (
            ("Functions, and what each makes", self.templates),
            ("Plugins, and the jobs that need each", self.plugins),
            ("Classes without a typed word, and the documents that use each", self.untyped_classes),
        ):
            if counts:
                shown += ["", f"{title}:", *(f"{count:7}  {name}" for name, count in counts.items())]
        return shown


def stats_of(
    definitions: Sequence[Definition],
    references: Mapping[tuple[str, str], References],
    sources: Mapping[str, str],
    is_known: Callable[[str], bool],
    pools: int = 0,
) -> Stats:
    """Return the figures of an estate.

    Args:
        definitions: Its items and views.
        references: What each document refers to, by the definition's key.
        sources: Python files of the estate by path.
        is_known: Whether a Java class has a typed word.
        pools: Pools of agents that it defines.
    """
    jobs = [definition for definition in definitions if not definition.is_view and not definition.is_folder]
    lines = sum(bool(line.strip()) for text in sources.values() for line in text.split("\n"))
    functions = {path: _functions(text) for path, text in sources.items()}
    templates = Counter(
        _name_of(definition.template, functions)
        for definition in definitions
        if definition.template is not None
    )
    untyped: Counter[str] = Counter()
    plugins: Counter[str] = Counter()
    for document_references in references.values():
        plugins.update({plugin for java in document_references.classes if (plugin := plugin_of(java))})
        untyped.update(java for java in document_references.classes if not is_known(java))
    return Stats(
        jobs=len(jobs),
        folders=sum(definition.is_folder for definition in definitions),
        views=sum(definition.is_view for definition in definitions),
        pools=pools,
        files=len(sources),
        lines=lines,
        lines_per_job=round(lines / (len(jobs) or 1), 1),
        document_lines=sum(definition.document.count("\n") for definition in definitions),
        untyped=untyped.total(),
        untyped_classes=_sorted(untyped),
        templates=_sorted(templates),
        plugins=_sorted(plugins),
    )


def _functions(source: str) -> list[tuple[int, int, str]]:
    """Return the functions of a file with their first and last lines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    ]


def _name_of(where: Where, functions: Mapping[str, list[tuple[int, int, str]]]) -> str:
    names = [name for first, last, name in functions.get(where.file, ()) if first <= where.line <= last]
    return f"{where.file}:{names[0] if names else where.line}"


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
