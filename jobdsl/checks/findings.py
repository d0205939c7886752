"""A finding about a definition as a problem: it names the item, its line, and the template's line."""

from __future__ import annotations

from jobdsl.errors import Problem, Severity, Where
from jobdsl.model import Definition

__all__ = ["problem_of"]


def problem_of(
    one: Definition, severity: Severity, message: str, hint: str, rule: str, where: Where | None = None
) -> Problem:
    """Make the problem of a finding about one definition, at its line or at a better known one."""
    made_in = f"made by {one.template}" if one.template else ""
    hint = "; ".join(part for part in (hint, made_in) if part)
    return Problem(f"{one.full_name}: {message}", where or one.where, hint, severity, rule, one.full_name)
