"""Index for the rules of lint: the estate's definitions, and what is known of the controller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jobdsl.checks.plugins import PluginList
from jobdsl.checks.renames import FormerNames
from jobdsl.checks.sourcelines import SourceLines
from jobdsl.documents.references import References
from jobdsl.documents.roots import COMPUTED_ROOTS
from jobdsl.documents.secretfinder import SecretText
from jobdsl.errors import Severity, Where, suggestion
from jobdsl.grammar import names
from jobdsl.model import Definition

__all__ = ["Check", "EstateIndex", "Finding", "Known", "LintRule"]


_MOST_COMPARISONS = 200_000
"""Names that may be compared for the suggestions of one DSL file: about four seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the controller; None where it was not queried, or gave no answer."""

    plugins: PluginList | None = None
    items: Collection[str] | None = None
    """Full names of items on the controller."""
    labels: Collection[str] | None = None
    """Labels its agents, and the estate's pools, provide."""
    views: Collection[str] | None = None
    """Full names of views on the controller."""
    stored: Callable[[Definition], References | None] = lambda _: None
    """What the document refers to that the controller has for a definition; asked only of a doubtful one."""
    secrets: Collection[str] | None = None
    """Names of secrets that have a value; None where there is no file with them."""
    partial: bool = False
    """Whether files or items failed to load, so that what the estate lacks may stand in those."""


class EstateIndex:
    """The index of an estate for the rules."""

    def __init__(
        self, definitions: Sequence[Definition], known: Known, lines: SourceLines | None = None
    ) -> None:
        self.known = known
        self._lines = lines
        self.items: dict[str, str] = {}
        """Defined full names by their key."""
        self.first: dict[str, Definition] = {}
        """The first item of each key."""
        self.folders: set[str] = set()
        self.former_names = FormerNames(definitions)
        self.holders: set[str] = set()
        """Items that hold others: folders, multibranch jobs, organizations."""
        self.computed: set[str] = set()
        """Keys of those whose jobs Jenkins makes."""
        self._near: dict[tuple[str, str], str] = {}
        self._comparisons: Counter[str] = Counter()
        self._named: dict[tuple[str, str], str | None] = {}
        for definition in definitions:
            if not definition.is_view:
                self.items[names.key(definition.full_name)] = definition.full_name
                self.first.setdefault(names.key(definition.full_name), definition)
                if definition.is_folder:
                    self.folders.add(definition.full_name)
                    self.holders.add(definition.full_name)
                elif definition.root in COMPUTED_ROOTS:
                    self.computed.add(names.key(definition.full_name))
                    self.holders.add(definition.full_name)

    def near(self, definition: Definition, kind: str, word: str, candidates: Iterable[str]) -> str:
        """A suggestion, looked for once for each word: a template repeats its mistakes in every job."""
        if (kind, word) not in self._near:
            words = list(candidates)
            self._near[kind, word] = (
                suggestion(word, words) if self.may_compare(definition, len(words)) else ""
            )
        return self._near[kind, word]

    def named(self, name: str, folder: str) -> str | None:
        """Return the item a name means, looked for once: a template names the same jobs in every job."""
        if (name, folder) not in self._named:
            self._named[name, folder] = _named(name, folder, self)
        return self._named[name, folder]

    def may_compare(self, definition: Definition, count: int) -> bool:
        """Return whether so many names may still be compared for the file of a definition; counts them."""
        self._comparisons[definition.where.file] += count
        return self._comparisons[definition.where.file] <= _MOST_COMPARISONS

    def place(self, secret: SecretText, definition: Definition) -> Where:
        """Return the line of a file where a secret stands; that of the definition where no file has it."""
        if self._lines is None:
            return definition.where
        start = secret.text.rfind("\n", 0, secret.start) + 1
        line = secret.text[start:].split("\n", 1)[0]
        return self._lines.find(line, secret.value, definition.where)

    def line_of(self, line: str, definition: Definition) -> Where:
        """Return where a line of a script is in the estate; the definition's where no file has it."""
        return definition.where if self._lines is None else self._lines.find(line, line, definition.where)

    def is_there(self, definition: Definition) -> bool:
        """Return whether the controller has an object of this kind and name."""
        existing = self.known.views if definition.is_view else self.known.items
        return definition.full_name in (existing or ())


Finding = tuple[Severity, str, str] | tuple[Severity, str, str, Where]
"""Severity, message, hint; and the line, where that is another than the definition's."""
Check = Callable[[Definition, References, EstateIndex], Iterator[Finding]]
"""Checks one definition, with what its document refers to and the estate around it."""


class LintRule(NamedTuple):
    """A rule of lint."""

    check: Check
    about: str = ""
    """The field of `References` that it is about: where that is empty, the rule finds nothing."""


def _named(name: str, folder: str, estate: EstateIndex) -> str | None:
    """The item a name means, from the folder or from the top; matrix cells and branches stand for their job.

    As it is written where it is on the controller alone; None if there is no such item.
    """
    bare = name.split("/", 1)[0] if "=" in name else name
    for candidate in (names.resolve(bare, folder), names.resolve(bare, "")):
        if not candidate:
            continue
        defined = estate.items.get(names.key(candidate))
        if defined is not None or candidate in (estate.known.items or ()):
            return defined or candidate
        if any(names.key(above) in estate.computed for above in names.ancestors(candidate)):
            return candidate
    return None
