"""IAM as far as our policies use it: is a request allowed by a policy?

A request is an action on a resource with a context of condition keys. Unknown operators and elements
are errors, so that a policy never passes because a part of it was not understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

__all__ = ["actions", "allowed", "document"]

DOCS = Path(__file__).parents[2] / "docs"

Context = Mapping[str, str | Sequence[str]]


def document(folder: str, name: str) -> dict[str, Any]:
    """A policy of the documentation."""
    found: dict[str, Any] = json.loads((DOCS / folder / f"{name}.json").read_text())
    return found


def allowed(policy: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether any statement allows it. There are no denials in our policies."""
    return any(_allows(statement, action, resource, context) for statement in policy["Statement"])


def actions(policy: Mapping[str, Any]) -> set[str]:
    """Every action a policy names."""
    return {action for statement in policy["Statement"] for action in _many(statement["Action"])}


def _allows(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert statement["Effect"] == "Allow"
    return (
        action in _many(statement["Action"])
        and any(fnmatchcase(resource, one) for one in _many(statement["Resource"]))
        and all(
            _holds(operator, wanted, context) for operator, wanted in statement.get("Condition", {}).items()
        )
    )


def _holds(operator: str, wanted: Mapping[str, Any], context: Context) -> bool:
    for key, patterns in wanted.items():
        known = [_filled(one, context) for one in _many(patterns)]
        values = _many(context.get(key, []))
        if operator == "StringEquals":
            good = bool(values) and all(value in known for value in values)
        elif operator in ("StringLike", "ArnLike"):
            good = bool(values) and all(any(fnmatchcase(value, one) for one in known) for value in values)
        elif operator == "ForAllValues:StringLike":
            good = all(any(fnmatchcase(value, one) for one in known) for value in values)
        else:
            raise AssertionError(f"nobody knows what {operator} means")
        if not good:
            return False
    return True


def _filled(pattern: str, context: Context) -> str:
    """A policy variable; one without a value matches nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(context.get(found[1], "\0")), pattern)


def _many(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else [*value]
