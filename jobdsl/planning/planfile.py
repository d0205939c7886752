"""A plan as a file: what was reviewed is what is applied, and only while nothing it touches has changed.

The file holds every document to be sent (with placeholders where secrets go) and, for each object
the plan touches, a digest of its entry in the inventory and one of its stored document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args

from jobdsl.documents.jenkinsfile import PIPELINE_ROOTS, without_jenkinsfile
from jobdsl.documents.tree import parse, to_text
from jobdsl.errors import JobdslError, Problem, Severity, Where, XmlError
from jobdsl.grammar import names
from jobdsl.model import digest
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.inventory import Inventory, Key

__all__ = ["SavedPlan", "dumps", "loads", "moved_on", "read_first"]

FORMAT = "jobdsl plan 3"
_TEXTS = ("kind", "full_name", "reason", "root", "document", "source", "before", "after")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read back, and what it was made for."""

    plan: Plan
    url: str
    """Address of the controller it was made for; empty if it was made without one."""
    touched: Mapping[Key, str]
    """What each object it touches was like."""
    stored: Mapping[Key, str]
    """Digests of the stored documents it replaces, moves or removes."""


def read_first(plan: Plan) -> list[Key]:
    """The objects that are there now and will change: their documents must be read before it is saved."""
    origins = plan.origins()
    return [origins[change.key] for change in plan.changes if change.action is not Action.CREATE]


def dumps(plan: Plan, inventory: Inventory, documents: Mapping[Key, bytes], url: str = "") -> str:
    """Return the plan as JSON text. JobdslError if it has errors that stop all of it.

    `documents`: what was stored when it was reviewed, of the objects that `read_first` names.
    """
    if plan.blocking:
        raise JobdslError("a plan with errors is not saved", hint="fix them and plan again")
    touched = [[*key, _state(inventory, key)] for key in sorted(_keys(plan))]
    stored = [[*key, _digest(documents.get(key))] for key in sorted(read_first(plan))]
    content = {
        "format": FORMAT,
        "url": url,
        "seed": plan.seed,
        "unchanged": plan.unchanged,
        "changes": [_change_to_json(change) for change in plan.changes],
        "problems": [_problem_to_json(problem) for problem in plan.problems],
        "touched": touched,
        "stored": stored,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def loads(text: str) -> SavedPlan:
    """Return the plan in a file's text. JobdslError for anything but a plan this version wrote."""
    try:
        return _read(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        hint = "make it with: jobdsl plan ESTATE --out plan.json"
        raise JobdslError(f"this is not a plan of this version ({error})", hint=hint) from None


def moved_on(saved: SavedPlan, inventory: Inventory, documents: Mapping[Key, bytes]) -> list[Problem]:
    """Return the objects that are not what they were when the plan was made; empty if it may be applied.

    `documents`: what is stored now, of the objects in `saved.stored`.
    """
    problems = []
    for key, before in saved.touched.items():
        now = _state(inventory, key)
        if (now, _digest(documents.get(key))) != (before, saved.stored.get(key, "")):
            problems.append(_moved(key, before, now))
    return problems


def _moved(key: Key, before: str, now: str) -> Problem:
    name = f'view "{key[1]}"' if key[0] == "view" else f'"{key[1]}"'
    how = "has changed on"
    if not (before and now) and before != now:
        how = "was deleted from" if before else "has appeared on"
    text = f"{name} {how} the controller since the plan was made"
    return Problem(text, hint="plan again", job=key[1], rule="plan")


def _keys(plan: Plan) -> set[Key]:
    return {change.key for change in plan.changes} | set(plan.origins().values())


def _digest(document: bytes | None) -> str:
    """Digest of a stored document; empty without one.

    What Jenkins rewrites without anybody's doing is left out: plugin versions, blanks, empty actions, and
    what a Jenkinsfile set.
    """
    if document is None:
        return ""
    try:
        root = parse(document)
    except XmlError:
        return sha256(document).hexdigest()[:12]
    if root.tag in PIPELINE_ROOTS:
        root = without_jenkinsfile(root)  # an update keeps it, whatever a build sets meanwhile
    root.children = [child for child in root.children if child.tag != "actions" or child.children]
    return digest(to_text(root))


def _state(inventory: Inventory, key: Key) -> str:
    """Return the digest of an object's entry in the inventory; empty if there is none."""
    existing = inventory.get(*key)
    if existing is None:
        return ""
    state = "\0".join((existing.class_name, existing.description, str(existing.disabled)))
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _change_to_json(change: Change) -> dict[str, Any]:
    texts = {name: getattr(change, name) for name in _TEXTS}
    return {"action": change.action.value, "where": _place(change.where), "queue": change.queue, **texts}


def _problem_to_json(problem: Problem) -> dict[str, Any]:
    fields = ("message", "hint", "severity", "rule", "job")
    return {"where": _place(problem.where), **{name: getattr(problem, name) for name in fields}}


def _place(where: Where | None) -> list[Any] | None:
    return [where.file, where.line] if where else None


def _read(content: Mapping[str, Any]) -> SavedPlan:
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']!r}")
    changes = tuple(_change(entry) for entry in content["changes"])
    problems = tuple(_problem(entry) for entry in content["problems"])
    plan = Plan(str(content["seed"]), changes, int(content["unchanged"]), problems)
    return SavedPlan(plan, str(content["url"]), _by_key(content["touched"]), _by_key(content["stored"]))


def _by_key(rows: Sequence[Sequence[Any]]) -> dict[Key, str]:
    return {(str(kind), str(name)): str(digest) for kind, name, digest in rows}


def _problem(entry: Mapping[str, Any]) -> Problem:
    texts = {name: str(entry[name]) for name in ("message", "hint", "rule", "job")}
    if entry["severity"] not in get_args(Severity):
        raise ValueError("a problem has no severity")
    return Problem(**texts, severity=entry["severity"], where=_where(entry["where"]))


def _change(entry: Mapping[str, Any]) -> Change:
    """Return a change. What it names must be a name: it becomes part of an address on the controller."""
    texts = {name: str(entry[name]) for name in _TEXTS}
    if texts["kind"] not in ("item", "view"):
        raise ValueError("a change is of no kind")
    for name in ("full_name", "source"):
        if (texts[name] or name == "full_name") and names.unusable(texts[name]):
            raise ValueError("a change has an invalid name")
    where = _where(entry["where"])
    return Change(Action(entry["action"]), where=where, queue=bool(entry["queue"]), **texts)


def _where(place: Any) -> Where | None:
    return None if place is None else Where(str(place[0]), int(place[1]))
