"""A finding about a definition as a problem: it names the item, its line, and the template's line."""

from __future__ import annotations

from jobdsl.errors import Problem, Severity, Where
from jobdsl.model import Definition

__all__ = ["problem_of"]


def problem_of(
    definition: Definition, severity: Severity, message: str, hint: str, rule: str, where: Where | None = None
) -> Problem:
    """Make the problem of a finding about one definition, at its line or at a better known one."""
    made_in = f"made by {definition.template}" if definition.template else ""
    hint = "; ".join(part for part in (hint, made_in) if part)
    return Problem(
        f"{definition.full_name}: {message}",
        where or definition.where,
        hint,
        severity,
        rule,
        definition.full_name,
    )
