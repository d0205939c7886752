"""Checks across the estate that no single job can do; pure, over definitions and what the controller has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jobdsl.checks.cycles import Cycles
from jobdsl.checks.findings import problem_of
from jobdsl.checks.lintrules import RULES, EstateIndex, Known
from jobdsl.checks.sourcelines import SourceLines
from jobdsl.documents.references import References, look
from jobdsl.errors import Problem, XmlError
from jobdsl.model import Definition

__all__ = ["RULES", "Known", "Linter", "lint"]


class Linter:
    """The active rules, and the index of the estate they use."""

    def __init__(
        self,
        definitions: Sequence[Definition],
        known: Known | None = None,
        ignore: Iterable[str] = (),
        lines: SourceLines | None = None,
    ) -> None:
        self.estate = EstateIndex(definitions, known or Known(), lines)
        left_out = set(ignore)
        if "missing-plugin" in left_out:  # a step is missing because its plugin is
            left_out.add("missing-step")
        self._cycles = None if "trigger-cycle" in left_out else Cycles(self.estate)
        self.rules = {name: rule for name, rule in RULES.items() if name not in left_out}

    @property
    def checked(self) -> frozenset[str]:
        """The rules that are applied in full: nothing they need to know is missing."""
        known = self.estate.known
        if known.partial:
            return frozenset()
        needs = {
            "missing-plugin": known.plugins,
            "missing-step": known.plugins,
            "unknown-label": known.labels,
        }
        return frozenset(rule for rule in self.rules if needs.get(rule, known) is not None)

    def check(self, definition: Definition, references: References | XmlError) -> Iterator[Problem]:
        """Yield the findings of the rules in one definition; `references` is what its document refers to."""
        if isinstance(references, XmlError):
            message = f"the document cannot be read: {references.message}"
            yield problem_of(definition, "error", message, references.hint, "xml")
            return
        if self._cycles is not None:
            self._cycles.add(definition, references)
        for name, rule in self.rules.items():
            if rule.about and not getattr(references, rule.about):
                continue
            for severity, message, hint, *place in rule.check(definition, references, self.estate):
                yield problem_of(definition, severity, message, hint, name, place[0] if place else None)

    def check_together(self) -> Iterator[Problem]:
        """Yield what is wrong with all definitions together; each must have been checked before."""
        if self._cycles is not None:
            yield from self._cycles.problems()


def lint(
    definitions: Sequence[Definition], known: Known | None = None, ignore: Iterable[str] = ()
) -> list[Problem]:
    """Return everything the rules find, in the order of the definitions."""
    linter = Linter(definitions, known, ignore)
    problems = [
        problem for definition in definitions for problem in linter.check(definition, look(definition))
    ]
    return [*problems, *linter.check_together()]
