"""Refusals: one definition that cannot be brought about, because of what is on the controller.

The other definitions go on. What is wrong with the estate itself has another rule, and stops a run.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobdsl.errors import Problem
from jobdsl.model import Definition

__all__ = ["REFUSED", "kind_of", "listed", "mistake", "refuse"]

REFUSED = "refused"
"""Rule of the problems that concern one object alone."""


def refuse(definition: Definition, message: str, hint: str = "") -> Problem:
    """Return the problem of a definition that what is on the controller stands in the way of."""
    return _problem(definition, message, hint, REFUSED)


def mistake(definition: Definition, message: str, hint: str = "") -> Problem:
    """Return the problem of a definition that is wrong whatever is on the controller."""
    return _problem(definition, message, hint, "plan")


def kind_of(definition: Definition) -> str:
    """Return what people call its kind: `view`, `folder` or `job`."""
    return "view" if definition.is_view else "folder" if definition.is_folder else "job"


def listed(full_names: Sequence[str], most: int = 3) -> str:
    """Return the first of some names for a message, and how many more there are."""
    first = ", ".join(f'"{name}"' for name in full_names[:most])
    return f"{first} and {len(full_names) - most} more" if len(full_names) > most else first


def _problem(definition: Definition, message: str, hint: str, rule: str) -> Problem:
    text = f'{kind_of(definition)} "{definition.full_name}": {message}'
    return Problem(text, where=definition.where, hint=hint, job=definition.full_name, rule=rule)
