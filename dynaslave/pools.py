"""AgentPool: what a team asks for in its DSL file, checked there, and as JSON values both ways."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from dynaslave.images import Image, image
from dynaslave.schedules import Period, periods
from jobdsl import context
from jobdsl.errors import DslError, Where, suggestion
from jobdsl.labels import Atom, split

__all__ = ["AgentPool", "Mode", "Spot", "agent_pool", "from_plain", "make"]

Mode = Literal["exclusive", "normal"]
Spot = Literal["no", "prefer", "only"]
KIND = "pool"
"""The kind of definition a load gives pools back as."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPool:
    """A kind of build agent, and how many of it. Made by `agent_pool`, which says what each field means."""

    name: str
    labels: tuple[str, ...]
    max_agents: int
    instance_types: tuple[str, ...] = ()
    image: Image | None = None
    executors: int = 1
    min_agents: int = 0
    spares: int = 0
    idle_minutes: float = 5.0
    boot_minutes: float = 10.0
    max_uses: int | None = None
    spot: Spot = "no"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    instance_profile: str = ""
    root_volume_gb: int | None = None
    user_data: str = ""
    remote_fs: str = "/var/lib/jenkins-agent"
    schedule: tuple[Period, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    mode: Mode = "exclusive"
    priority: int = 0
    team: str = ""
    where: Where | None = None

    @property
    def label(self) -> str:
        """The label expression of a job that wants this pool: all of its labels."""
        return "&&".join(str(Atom(label)) for label in self.labels)

    def plain(self) -> dict[str, Any]:
        """As JSON values; `from_plain` reads them back. `label` is text, as Jenkins keeps a node's labels."""
        values: dict[str, Any] = {
            "name": self.name,
            "label": " ".join(str(Atom(label)) for label in self.labels),
        }
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name not in ("name", "labels", "where") and value != entry.default:
                values[entry.name] = _PLAIN.get(entry.name, _same)(value)
        return values


def agent_pool(
    name: str,
    *,
    label: str | Iterable[str] = "",
    max_agents: int,
    instance_types: str | Iterable[str] = (),
    image: str | Mapping[str, Any] | Image | None = None,
    executors: int = 1,
    min_agents: int = 0,
    spares: int = 0,
    idle_minutes: float = 5,
    boot_minutes: float = 10,
    max_uses: int | None = None,
    spot: bool | Literal["only"] = False,
    subnets: str | Iterable[str] = (),
    security_groups: str | Iterable[str] = (),
    instance_profile: str = "",
    root_volume_gb: int | None = None,
    user_data: str = "",
    remote_fs: str = "/var/lib/jenkins-agent",
    schedule: Iterable[Period | Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
    mode: Mode = "exclusive",
    priority: int = 0,
    team: str = "",
) -> AgentPool:
    """A pool of build agents that follows the queue. Inside a DSL file it becomes part of the estate.

    name: letters, digits, `.`, `_`, `-`; begins the names of its agents and instances.
    label: labels its agents carry, separated by spaces or as a list; the pool's name if left out.
    max_agents: never more than this many, those that are starting included.
    instance_types: EC2 types that will do, the preferred first; several make capacity errors rare.
    image: `"ami-..."`, `"ssm:/parameter"`, or the newest of `{"name": "agent-*", "owner": "self"}`, also with
    `tags`.
    executors: builds an agent runs at once.
    min_agents: agents kept whatever the queue holds. spares: free agents kept beyond what runs.
    idle_minutes: how long an agent is kept without being needed.
    boot_minutes: a launch that takes longer has failed.
    max_uses: builds after which an agent is replaced; 1 makes every agent one-shot.
    spot: True prefers spot and falls back to on-demand; "only" never falls back.
    subnets, security_groups: their ids; the subnets decide the zones.
    instance_profile: name of the profile with the agents' role.
    root_volume_gb: size of the (encrypted) root volume; the image's own if None.
    user_data: shell commands run before the agent starts. remote_fs: where the agent works.
    schedule: periods with other numbers, made by `during`; the last that holds counts.
    tags: more tags for instances and volumes. mode: "normal" also takes builds without a label.
    priority: of two pools that fit, the higher is taken, then the cheaper. team: whose quota it counts for.

    Raises DslError naming the argument.
    """
    given = dict(locals())
    where = context.here()
    try:
        pool = replace(make(given), where=where)
    except DslError as error:
        context.complain(DslError(f"agent_pool: {error.message}", hint=error.hint))
        return AgentPool(name=str(name), labels=(str(name),), max_agents=1, where=where)
    context.define(KIND, pool.plain())
    return pool


def make(arguments: Mapping[str, Any]) -> AgentPool:
    """A pool from the arguments of `agent_pool`, as in a table of `pools.toml`; DslError if one is wrong."""
    for key in arguments:
        if key not in _ARGUMENTS:
            raise DslError(f"unknown argument {key!r}", hint=suggestion(key, _ARGUMENTS) or _KNOWN)
    for key in ("name", "max_agents"):
        if key not in arguments:
            raise DslError(f"needs {key}")
    values = {key: _checked(key, value) for key, value in arguments.items() if key != "label"}
    label = arguments.get("label") or str(values["name"])
    values["labels"] = _labels(label)
    pool = AgentPool(**values)
    _together(pool)
    return pool


def from_plain(values: Mapping[str, Any]) -> AgentPool:
    """The pool a load gave back as JSON values, with the line it stands on."""
    arguments = {key: value for key, value in values.items() if key not in ("file", "line")}
    if arguments.get("spot") in ("no", "prefer"):
        arguments["spot"] = arguments["spot"] == "prefer"
    where = Where(str(values["file"]), int(values.get("line", 0))) if "file" in values else None
    return replace(make(arguments), where=where)


_ARGUMENTS = tuple(inspect.signature(agent_pool).parameters)
_KNOWN = f"it takes {', '.join(_ARGUMENTS)}"


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "image": lambda value: value.plain(),
    "schedule": lambda value: [period.plain() for period in value],
    "tags": dict,
    "instance_types": list,
    "subnets": list,
    "security_groups": list,
}


def _checked(key: str, value: Any) -> Any:
    try:
        return _CHECKS[key](value)
    except DslError as error:
        message = error.message if error.message.startswith(key) else f"{key}: {error.message}"
        raise DslError(message, hint=error.hint) from None


def _name(value: Any) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise DslError(f"{value!r} is no name of a pool", hint="up to 40 letters, digits, '.', '_' and '-'")


def _text(value: Any) -> str:
    if isinstance(value, str) and "\0" not in value:
        return value
    raise DslError(f"takes text, not {value!r}")


def _texts(value: Any) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    for one in values:
        if not isinstance(one, str) or not one or one != one.strip():
            raise DslError(f"takes a list of names, not {value!r}")
    return tuple(dict.fromkeys(values))


def _count(low: int, high: int = 100_000) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise DslError(f"takes a whole number, {low} or more, not {value!r}")
        return value

    return check


def _maybe(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _minutes(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_080:
        raise DslError(f"takes a number of minutes, 0 to a week, not {value!r}")
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
    raise DslError(f'takes True, False or "only", not {value!r}')


def _mode(value: Any) -> Mode:
    if value in get_args(Mode):
        return value  # type: ignore[no-any-return]
    raise DslError(
        f"takes {' or '.join(get_args(Mode))}, not {value!r}", hint=suggestion(str(value), get_args(Mode))
    )


def _tags(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise DslError(f"takes names and values, not {value!r}")
    for key, text in value.items():
        if (
            not isinstance(key, str)
            or not isinstance(text, str)
            or not key
            or len(key) > 128
            or len(text) > 256
        ):
            raise DslError(
                f"takes names of up to 128 and values of up to 256 characters, not {key!r}: {text!r}"
            )
        if key.lower().startswith(("aws:", "dynaslave:")) or key == "Name":
            raise DslError(f"the tag {key!r} is not yours to set")
    if len(value) > 35:
        raise DslError(f"{len(value)} tags; an instance takes 50, and 15 are ours")
    return tuple(sorted(value.items()))


def _types(value: Any) -> tuple[str, ...]:
    types = _texts(value)
    for one in types:
        if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", one):
            raise DslError(f"{one!r} is no instance type", hint='as in "c7i.4xlarge"')
    return types


def _ids(prefix: str) -> Callable[[Any], tuple[str, ...]]:
    def check(value: Any) -> tuple[str, ...]:
        ids = _texts(value)
        for one in ids:
            if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", one):
                raise DslError(f"{one!r} is no id", hint=f'as in "{prefix}-0123456789abcdef0"')
        return ids

    return check


def _labels(value: Any) -> tuple[str, ...]:
    words = " ".join(value) if not isinstance(value, str) and isinstance(value, Iterable) else value
    if not isinstance(words, str):
        raise DslError(f"label: takes labels separated by spaces, not {value!r}")
    for sign in ("&&", "||", "<->", "->", "!"):
        if sign in words:
            raise DslError(
                f"label: {words!r} is an expression; an agent has plain labels, separated by spaces"
            )
    labels = tuple(sorted(split(words)))
    if not labels:
        raise DslError("label: at least one")
    return labels


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "max_agents": _count(1, 10_000),
    "instance_types": _types,
    "image": _maybe(image),
    "executors": _count(1, 1_000),
    "min_agents": _count(0, 10_000),
    "spares": _count(0, 10_000),
    "idle_minutes": _minutes,
    "boot_minutes": _boot,
    "max_uses": _maybe(_count(1)),
    "spot": _spot,
    "subnets": _ids("subnet"),
    "security_groups": _ids("sg"),
    "instance_profile": _text,
    "root_volume_gb": _maybe(_count(1, 65_536)),
    "user_data": _text,
    "remote_fs": _text,
    "schedule": lambda value: periods(value),
    "tags": _tags,
    "mode": _mode,
    "priority": _count(-1_000, 1_000),
    "team": _text,
}


def _together(pool: AgentPool) -> None:
    """What no argument can know alone."""
    floors = [pool.min_agents, *(period.min_agents or 0 for period in pool.schedule)]
    if max(floors) > pool.max_agents:
        raise DslError(f"min_agents is {max(floors)}, and max_agents only {pool.max_agents}")
    if len(pool.user_data.encode()) > 12_000:
        raise DslError(
            "user_data: over 12,000 bytes; EC2 takes 16 KB with ours", hint="put it into the image"
        )
    if "\n" in pool.remote_fs or not pool.remote_fs.startswith("/"):
        raise DslError(f"remote_fs: {pool.remote_fs!r} is no absolute path")
