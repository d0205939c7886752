"""What may be asked for: the actions, their fields, and what is wrong with a field. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from delivery import tags
from delivery.settings.console import ACTIONS

from ..snapshot import ClusterKey, GroupState

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FIELDS", "Request", "read_request"]

_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
_LARGEST = 10_000
_LONGEST = 200
Groups = "Sequence[GroupState]"
Check = Callable[[str, "Sequence[GroupState]"], str]


@dataclass(frozen=True, slots=True)
class ActionField:
    """A field of an action: the parameter of the job it becomes, and its check."""

    parameter: str
    check: Check
    required: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """An action with a cluster, all of it checked."""

    action: str
    key: ClusterKey
    application: str
    values: Mapping[str, str]
    """Fields by name; those left empty are empty."""

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the job, without the user."""
        return {field.parameter: self.values[name] for name, field in FIELDS[self.action].items()}


def _image(text: str, _: Sequence[GroupState]) -> str:
    return "" if _IMAGE.fullmatch(text) else "the id of an image, ami-..."


def _group(text: str, groups: Sequence[GroupState]) -> str:
    names = [group.name for group in groups]
    return "" if text in names else f"one of {', '.join(names)}"


def _instance(text: str, groups: Sequence[GroupState]) -> str:
    known = {instance.id for group in groups for instance in group.instances}
    return "" if _INSTANCE.fullmatch(text) and text in known else "an instance of this cluster"


def _size(text: str, _: Sequence[GroupState]) -> str:
    is_number = text.isascii() and text.isdecimal() and len(text) < 7 and int(text) <= _LARGEST
    return "" if is_number else f"a number from 0 to {_LARGEST}"


def _direction(text: str, _: Sequence[GroupState]) -> str:
    return "" if text in ("on", "off") else "on or off"


def _line(text: str, _: Sequence[GroupState]) -> str:
    if tags.unfit(text) or len(text) > _LONGEST:
        return f"a line of at most {_LONGEST} characters"
    return ""


FIELDS: dict[str, dict[str, ActionField]] = {
    "deploy": {
        "image": ActionField("IMAGE", _image, required=True),
        "change_request": ActionField("CHANGE_REQUEST", _line),
    },
    "promote": {},
    "rollback": {"to": ActionField("TO", _group), "reason": ActionField("REASON", _line)},
    "resize": {
        "group": ActionField("GROUP", _group, required=True),
        "min": ActionField("MIN", _size),
        "desired": ActionField("DESIRED", _size),
        "max": ActionField("MAX", _size),
    },
    "traffic": {
        "group": ActionField("GROUP", _group, required=True),
        "direction": ActionField("DIRECTION", _direction, required=True),
    },
    "terminate": {"instance": ActionField("INSTANCE", _instance, required=True)},
}
"""Fields of each action."""


def read_request(
    action: str,
    key: ClusterKey,
    application: str,
    groups: Sequence[GroupState],
    raw_values: Mapping[str, object],
) -> tuple[Request, list[str]]:
    """Read a request; return everything that is wrong with it, too."""
    if action not in ACTIONS:
        return Request(action, key, application, {}), [f"action: one of {', '.join(ACTIONS)}"]
    fields, errors = FIELDS[action], []
    errors += [f"{name}: {action} has no such field" for name in raw_values if name not in fields]
    values: dict[str, str] = {}
    for name, field in fields.items():
        value = raw_values.get(name, "")
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else "?\n"
        values[name] = text
        if not text and field.required:
            errors.append(f"{name}: {field.check(text, groups)}")
        elif text and (problem := field.check(text, groups)):
            errors.append(f"{name}: {problem}")
    if action == "resize" and not errors and not any(values[name] for name in ("min", "desired", "max")):
        errors.append("min, desired, max: at least one of them")
    return Request(action, key, application, values), errors
