"""One difference between a definition and what the controller has of it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jobdsl.documents.aliases import canonical
from jobdsl.errors import Problem, Severity, Where

__all__ = ["Difference", "Kind"]

Kind = Literal["dropped", "changed", "added", "converted"]
"""converted: Jenkins keeps it in another form, which means the same."""


_SCHEDULED = frozenset({"hudson.triggers.SCMTrigger", "hudson.triggers.TimerTrigger"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not on the controller as the definition has it."""

    kind: Kind
    path: str
    """Elements from the root's child down, with "/" between."""
    element: str
    """The class it is part of, or is."""
    field: str
    """Path of the field in that class, an attribute as `@name`; empty when it is the class itself."""
    desired: str
    stored: str
    severity: Severity
    plugin: str = ""
    instead: str = ""
    """What to write in its place, where that is known."""

    def __str__(self) -> str:
        place = f"{self.element} {self.field}".strip()
        if self.kind == "changed" and self.desired == self.stored:
            return f"{place}: a hidden value in it changed"
        if self.kind == "changed":
            return f"{place}: {_short(self.desired)} became {_short(self.stored)}"
        if self.kind == "converted":
            return f"{place} is kept as {self.stored}"
        value = f" = {_short(self.stored or self.desired)}" if self.stored or self.desired else ""
        return f"{place}{value} was {self.kind}"

    def problem(self, job: str, where: Where | None) -> Problem:
        """Return the difference as an error or note about what the controller did to a document."""
        hint = ""
        if not self.field and self.kind == "dropped":
            hint = (
                f"install the plugin {self.plugin}"
                if self.plugin
                else "its plugin is not installed, or is too old"
            )
            if canonical(self.element) in _SCHEDULED:
                hint = "Jenkins accepts no trigger whose schedule it cannot read"
        elif self.severity == "error":
            plugin = f"plugin {self.plugin}" if self.plugin else "installed plugin"
            hint = f"the {plugin} does not know this field or value"
            if self.instead:
                hint = f"the {plugin} has another field for it: write {self.instead}"
        return Problem(
            f'"{job}": Jenkins did not keep all of it: {self}', where, hint, self.severity, "kept", job
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:57]}..."' if len(line) > 60 else f'"{line}"'
