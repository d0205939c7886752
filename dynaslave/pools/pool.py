"""AgentPool: what a team requests in its DSL file, checked there, and as JSON values both ways."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from dynaslave.pools.calls import spoken
from dynaslave.pools.checks import Mode, Prefer, Spot, checked, labels
from dynaslave.pools.images import Image
from dynaslave.pools.schedules import Period
from jobdsl import context
from jobdsl.errors import DslError, Where, suggestion
from jobdsl.grammar.labels import Atom

__all__ = ["KIND", "AgentPool", "Mode", "Prefer", "Spot", "agent_pool", "from_plain", "make"]

KIND = "pool"
"""The kind of definition a load gives pools back as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPool:
    """A kind of build agent, and how many of it. Made by `agent_pool`, which explains each field."""

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
    prefer: Prefer | None = None
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


def _stand_in(name: object) -> AgentPool:
    """What a file goes on with after a wrong call, so that its other mistakes are reported, too."""
    word = str(name) if name else "?"
    return AgentPool(name=word, labels=(word,), max_agents=1, where=context.here())


def _wrong(error: DslError, name: object) -> AgentPool:
    context.complain(error)
    return _stand_in(name)


@spoken(_wrong)
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
    prefer: Prefer | None = None,
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
    max_uses: builds after which an agent is replaced. Builds shorter than a poll are not seen, so 1 is no
    isolation between those: docs/pools.md has the ways to it.
    spot: True prefers spot and falls back to on-demand; "only" never falls back.
    subnets, security_groups: their ids; the subnets decide the zones.
    instance_profile: name of the profile with the agents' role.
    root_volume_gb: size of the (encrypted) root volume; the image's own if None.
    user_data: shell commands run before the agent starts. remote_fs: where the agent works.
    schedule: periods with other numbers, made by `during`; the last that holds counts.
    tags: more tags for instances and volumes. mode: "normal" also takes builds without a label.
    prefer: "cost" or "speed", where one is bought with the other; "balanced" if left out.
    priority: of two pools that fit, the higher is taken, then the cheaper. team: whose quota it counts for.

    Raises DslError naming the argument.
    """
    arguments = dict(locals())
    where = context.here()
    try:
        pool = replace(make(arguments), where=where)
    except DslError as error:
        return _wrong(DslError(f"agent_pool: {error.message}", hint=error.hint), name)
    context.define(KIND, pool.plain())
    return pool


def make(arguments: Mapping[str, Any]) -> AgentPool:
    """A pool from the arguments of `agent_pool`, as in a table of `pools.toml`; DslError if one is wrong."""
    for key in arguments:
        if key not in _ARGUMENTS:
            raise DslError(f"unknown argument {key!r}", hint=suggestion(str(key), _ARGUMENTS) or _KNOWN)
    for key in ("name", "max_agents"):
        if key not in arguments:
            raise DslError(f"needs {key}")
    values = {key: checked(key, value) for key, value in arguments.items() if key != "label"}
    values["labels"] = labels(arguments.get("label") or values["name"])
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


def _together(pool: AgentPool) -> None:
    """What no argument can know alone."""
    floors = [pool.min_agents, *(period.min_agents or 0 for period in pool.schedule)]
    if max(floors) > pool.max_agents:
        raise DslError(f"min_agents is {max(floors)}, and max_agents only {pool.max_agents}")


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
