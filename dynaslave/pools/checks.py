"""What each argument of `agent_pool` may be: one check a name, DslError in words of the argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

from dynaslave.pools.images import image
from dynaslave.pools.schedules import periods
from jobdsl.errors import DslError, suggestion
from jobdsl.grammar.labels import split

__all__ = ["Mode", "Prefer", "Spot", "checked", "labels"]

Mode = Literal["exclusive", "normal"]
Prefer = Literal["cost", "balanced", "speed"]
Spot = Literal["no", "prefer", "only"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_TEAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._/@+=:-]{0,127}|")
"""What a tag's value takes as well."""


def checked(name: str, value: Any) -> Any:
    """The value of an argument as the pool keeps it. DslError, with the argument's name, if it cannot be."""
    try:
        return _CHECKS[name](value)
    except DslError as error:
        message = error.message if error.message.startswith(name) else f"{name}: {error.message}"
        raise DslError(message, hint=error.hint) from None


def labels(value: Any) -> tuple[str, ...]:
    """Labels as a node's text has them (words, quoted where they hold spaces), or as a list of one each."""
    if isinstance(value, str):
        items = _of_text(value)
    elif isinstance(value, Iterable) and not isinstance(value, Mapping):
        items = list(value)
    else:
        raise DslError(f"label: takes labels separated by spaces, or a list of them, not {value!r}")
    for item in items:
        if not isinstance(item, str) or not item.strip() or re.search(r"[\x00-\x1f\x7f]", item):
            raise DslError(f"label: no agent can have the label {item!r}")
    if not items:
        raise DslError("label: at least one")
    return tuple(sorted(set(items)))


def _of_text(text: str) -> list[str]:
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    if any(sign in bare for sign in ("&&", "||", "<->", "->", "!")):
        message = f"label: {text!r} is an expression; an agent has plain labels, separated by spaces"
        raise DslError(message, hint="a job combines them: agent=pool asks for all of a pool's labels")
    return list(split(text))


def _name(value: Any) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise DslError(f"{value!r} is no name of a pool", hint="up to 40 letters, digits, '.', '_' and '-'")


def _text(value: Any) -> str:
    if isinstance(value, str) and "\0" not in value:
        return value
    raise DslError(f"takes text, not {value!r}")


def _team(value: Any) -> str:
    if isinstance(value, str) and _TEAM.fullmatch(value):
        return value
    raise DslError(f"{value!r} is no name of a team")


def _directory(value: Any) -> str:
    if isinstance(value, str) and value.startswith("/") and not re.search(r"[\x00-\x1f]", value):
        return value
    raise DslError(f"{value!r} is no absolute path")


def _user_data(value: Any) -> str:
    if len(_text(value).encode("utf-8", "surrogatepass")) > 12_000:
        raise DslError(
            "has over 12,000 bytes; EC2 takes 16 KB with ours", hint="put what it does into the image"
        )
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    listed = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    values = tuple(value) if listed else (value,)
    for entry in values:
        if not isinstance(entry, str) or not entry or entry != entry.strip():
            raise DslError(f"takes a list of names, not {value!r}")
    return tuple(dict.fromkeys(values))


def _count(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise DslError(f"takes a whole number, {low} to {high:,}, not {value!r}")
        return value

    return check


def _maybe(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _minutes(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_080:
        raise DslError(f"takes a number of minutes, 0 to 10,080 (a week), not {value!r}")
    return float(value)


def _boot(value: Any) -> float:
    minutes = _minutes(value)
    if minutes < 0.5:
        raise DslError(f"no agent starts in {minutes * 60:g} s")
    return minutes


def _spot(value: Any) -> Spot:
    if isinstance(value, bool):
        return "prefer" if value else "no"
    if value == "only":
        return "only"
    raise DslError(f'takes True, False or "only", not {value!r}', hint="False never takes spot")


def _choice(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        choices_text = " or ".join(f'"{word}"' for word in words)
        raise DslError(f"takes {choices_text}, not {value!r}", hint=suggestion(str(value), words))

    return check


def _tags(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise DslError(f"takes names and values, not {value!r}")
    for key, text in value.items():
        _tag(key, text)
    if len(value) > 35:
        raise DslError(f"{len(value)} tags; an instance takes 50, and 15 are ours")
    return tuple(sorted(value.items()))


def _tag(key: Any, text: Any) -> None:
    if not isinstance(key, str) or not 0 < len(key) <= 128 or not isinstance(text, str) or len(text) > 256:
        raise DslError(f"takes names of up to 128 and values of up to 256 characters, not {key!r}: {text!r}")
    if key.lower().startswith(("aws:", "dynaslave:")) or key == "Name":
        raise DslError(f"the tag {key!r} is not yours to set")


def _types(value: Any) -> tuple[str, ...]:
    types = _texts(value)
    for kind in types:
        if not _TYPE.fullmatch(kind):
            raise DslError(f"{kind!r} is no instance type", hint='as in "c7i.4xlarge"')
    return types


def _ids(prefix: str) -> Callable[[Any], tuple[str, ...]]:
    def check(value: Any) -> tuple[str, ...]:
        ids = _texts(value)
        for entry in ids:
            if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", entry):
                raise DslError(f"{entry!r} is no id", hint=f'as in "{prefix}-0123456789abcdef0"')
        return ids

    return check


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "label": labels,
    "max_agents": _count(1, 10_000),
    "instance_types": _types,
    "image": _maybe(image),
    "executors": _count(1, 1_000),
    "min_agents": _count(0, 10_000),
    "spares": _count(0, 10_000),
    "idle_minutes": _minutes,
    "boot_minutes": _boot,
    "max_uses": _maybe(_count(1, 100_000)),
    "spot": _spot,
    "subnets": _ids("subnet"),
    "security_groups": _ids("sg"),
    "instance_profile": _text,
    "root_volume_gb": _maybe(_count(1, 65_536)),
    "user_data": _user_data,
    "remote_fs": _directory,
    "schedule": periods,
    "tags": _tags,
    "mode": _choice(*get_args(Mode)),
    "prefer": _maybe(_choice(*get_args(Prefer))),
    "priority": _count(-1_000, 1_000),
    "team": _team,
}
