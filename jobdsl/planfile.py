"""A plan as a file: what was reviewed is what is applied, and only while nothing it touches has changed.

The file holds every document to be sent (with placeholders where secrets go) and, for each object
the plan touches, a digest of what the controller said of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from jobdsl.changes import Action, Change, Plan
from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.inventory import Inventory, Key

__all__ = ["SavedPlan", "dumps", "loads", "moved_on"]

FORMAT = "jobdsl plan 1"
_TEXTS = ("kind", "full_name", "reason", "root", "document", "source", "before", "after")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read back, and what it was made for."""

    plan: Plan
    url: str
    """Address of the controller it was made for; empty if it was made without one."""
    touched: Mapping[Key, str]
    """What each object it touches was like."""


def dumps(plan: Plan, inventory: Inventory, url: str = "") -> str:
    """The plan as JSON text. JobdslError if it has errors: such a plan must not be applied."""
    if plan.errors:
        raise JobdslError("a plan with errors is not saved", hint="mend them and plan again")
    touched = [[*key, _state(inventory, key)] for key in sorted(_keys(plan))]
    content = {
        "format": FORMAT,
        "url": url,
        "seed": plan.seed,
        "unchanged": plan.unchanged,
        "changes": [_change_to_json(change) for change in plan.changes],
        "problems": [_problem_to_json(problem) for problem in plan.problems],
        "touched": touched,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def loads(text: str) -> SavedPlan:
    """The plan in a file's text. JobdslError for anything but a plan this version wrote."""
    try:
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "make it with: jobdsl plan ESTATE --out plan.json"
        raise JobdslError(f"this is no plan of this version ({error})", hint=hint) from None


def moved_on(saved: SavedPlan, inventory: Inventory) -> list[Problem]:
    """The objects that are not what they were when the plan was made; empty if it may be applied."""
    return [
        Problem(
            f'"{name}" has changed on the controller since the plan was made',
            hint="plan again",
            job=name,
            rule="plan",
        )
        for (kind, name), state in saved.touched.items()
        if _state(inventory, (kind, name)) != state
    ]


def _keys(plan: Plan) -> set[Key]:
    sources = {("item", change.source) for change in plan.changes if change.source}
    return {change.key for change in plan.changes} | sources


def _state(inventory: Inventory, key: Key) -> str:
    """Digest of what the inventory says of an object; empty if there is none."""
    found = inventory.get(*key)
    if found is None:
        return ""
    told = "\0".join((found.class_name, found.description, str(found.disabled)))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _change_to_json(change: Change) -> dict[str, Any]:
    texts = {name: getattr(change, name) for name in _TEXTS}
    return {"action": change.action.value, "where": _place(change.where), "queue": change.queue, **texts}


def _problem_to_json(problem: Problem) -> dict[str, Any]:
    names = ("message", "hint", "severity", "rule", "job")
    return {"where": _place(problem.where), **{name: getattr(problem, name) for name in names}}


def _place(where: Where | None) -> list[Any] | None:
    return [where.file, where.line] if where else None


def _read(content: Mapping[str, Any]) -> SavedPlan:
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']!r}")
    changes = tuple(_change(entry) for entry in content["changes"])
    problems = tuple(Problem(**{**entry, "where": _where(entry["where"])}) for entry in content["problems"])
    plan = Plan(str(content["seed"]), changes, int(content["unchanged"]), problems)
    touched = {(str(kind), str(name)): str(state) for kind, name, state in content["touched"]}
    return SavedPlan(plan, str(content["url"]), touched)


def _change(entry: Mapping[str, Any]) -> Change:
    texts = {name: str(entry[name]) for name in _TEXTS}
    where = _where(entry["where"])
    return Change(Action(entry["action"]), where=where, queue=bool(entry["queue"]), **texts)


def _where(place: Any) -> Where | None:
    return Where(str(place[0]), int(place[1])) if place else None
