"""Defaults of an estate for all of its pools, and what a pool still lacks to be launched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dynaslave.pools.checks import checked
from dynaslave.pools.pool import AgentPool
from jobdsl.errors import DslError, Problem

if TYPE_CHECKING:
    from jobdsl.settings.tomlread import Reader

__all__ = ["DEFAULTS", "lacking", "missing", "read_defaults", "with_defaults"]

DEFAULTS = (
    "image",
    "instance_types",
    "instance_profile",
    "subnets",
    "security_groups",
    "root_volume_gb",
    "user_data",
    "tags",
    "prefer",
)
"""Arguments of `agent_pool` that `[pools.defaults]` may have: those that are empty by default."""
_PATH = ("pools", "defaults")


def read_defaults(reader: Reader, value: object) -> dict[str, Any]:
    """Read `[pools.defaults]`; what is wrong with it becomes a problem of the reader."""
    table = reader.mapping(value, _PATH)
    reader.known(table, DEFAULTS, _PATH)
    defaults = {}
    for key, raw_value in table.items():
        if key in DEFAULTS:
            try:
                defaults[key] = checked(key, raw_value)
            except DslError as error:
                reader.error((*_PATH, key), f"pools.defaults.{error.message}", error.hint)
    return defaults


def with_defaults(pool: AgentPool, defaults: Mapping[str, Any]) -> AgentPool:
    """Return a pool with the estate's defaults for what it leaves out; tags are put together."""
    values = {key: value for key, value in defaults.items() if key != "tags" and not getattr(pool, key)}
    if "tags" in defaults:
        values["tags"] = tuple(sorted({**dict(defaults["tags"]), **dict(pool.tags)}.items()))
    return replace(pool, **values)


def missing(pool: AgentPool) -> list[str]:
    """Return the arguments of `agent_pool` that EC2 needs and a pool does not have."""
    needed = {
        "image": pool.image,
        "instance_types": pool.instance_types,
        "instance_profile": pool.instance_profile,
    }
    return [name for name, value in needed.items() if not value]


def lacking(pools: Iterable[AgentPool], provider: str) -> Iterator[Problem]:
    """Warn of pools that the provider cannot launch for want of a setting."""
    if provider != "ec2":
        return
    for pool in pools:
        if names := missing(pool):
            needs = f"pool {pool.name!r} cannot be launched: EC2 needs {' and '.join(names)}"
            hint = f"set {names[0]} in the pool, or in [pools.defaults] of jobdsl.toml; "
            hint += 'pools.provider = "local" if agents are processes of the manager\'s host'
            yield Problem(needs, pool.where, hint, "warning", rule="ec2")
