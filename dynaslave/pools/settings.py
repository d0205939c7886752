"""The tables `[pools]` and `[quotas]` of `jobdsl.toml`: settings of the manager, what teams may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dynaslave.pools import prices
from dynaslave.pools.defaults import read_defaults
from jobdsl.errors import suggestion
from jobdsl.settings.config import CONFIG_FILE
from jobdsl.settings.tomlread import Reader, checked, number

if TYPE_CHECKING:
    from jobdsl.settings.config import Settings

__all__ = ["ManagerSettings", "Pools", "Quota", "TotalQuota", "read"]


def _bad_name(name: str) -> str:
    # It stands in the tags of every instance, and keeps managers apart.
    return "" if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", name) else "must be letters, digits, _ or -"


def _bad_file(path: str) -> str:
    inside = not path.startswith("/") and ".." not in path.split("/")
    return "" if inside else "must be relative to the estate's root and inside it"


@dataclass(frozen=True, slots=True)
class Pools:
    """`[pools]`: what the manager needs to know beside the pools themselves."""

    manager: str = checked("main", _bad_name)
    """The owner of the instances. Two managers of one account need two names."""
    region: str | None = None
    """AWS region; None takes that of the environment."""
    provider: Literal["ec2", "local", "simulated"] = "ec2"
    """Where agents run, unless `--provider` is given."""
    prices: str | None = checked(None, _bad_file)
    """File that takes the place of the price table that comes along."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be asked for at most. None is no limit, an empty list of types is nothing at all."""

    agents: int | None = number(None, 0)
    vcpus: int | None = number(None, 0)
    instance_types: tuple[str, ...] | None = None
    """Globs."""
    instance_profiles: tuple[str, ...] | None = None
    """Globs: a profile gives an agent, and so every build on it, the rights of its role."""
    monthly_cost: float | None = number(None, 0)
    """Dollars, at on-demand prices."""


@dataclass(frozen=True, slots=True)
class TotalQuota(Quota):
    """`[quotas]` itself: what all pools together may have."""

    hours_a_month: float = number(730.0, 1, 744)
    """How long a request is taken to run each month with all of its agents."""


@dataclass(frozen=True, slots=True)
class ManagerSettings:
    """All of it."""

    pools: Pools = field(default_factory=Pools)
    account: TotalQuota = field(default_factory=TotalQuota)
    teams: Mapping[str, Quota] = field(default_factory=dict)
    prices: prices.Table = field(default_factory=prices.shipped)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """`[pools.defaults]`: arguments of `agent_pool` for pools that do not give them."""


def read(root: Path, settings: Settings) -> ManagerSettings:
    """Read the settings of pools and quotas of an estate. EstateError with everything wrong in it."""
    reader = Reader(settings.text, CONFIG_FILE)
    own = dict(reader.mapping(reader.document.get("pools", {}), ("pools",)))
    defaults = read_defaults(reader, own.pop("defaults", {}))
    pools = reader.table(Pools, own, ("pools",))
    quotas = dict(reader.mapping(reader.document.get("quotas", {}), ("quotas",)))
    reader.known(quotas, [*(field.name for field in fields(TotalQuota)), "teams"], ("quotas",))
    known = {field.name for field in fields(TotalQuota)}
    account = reader.table(TotalQuota, {key: quotas[key] for key in quotas if key in known}, ("quotas",))
    teams = _teams(reader, quotas.get("teams", {}), [team.name for team in settings.teams])
    reader.finish()
    table = prices.load(root / pools.prices, pools.prices) if pools.prices else prices.shipped()
    return ManagerSettings(pools, account, teams, table, defaults)


def _teams(reader: Reader, value: object, known: list[str]) -> dict[str, Quota]:
    path = ("quotas", "teams")
    teams = reader.mapping(value, path)
    for name in teams:
        if known and name not in known:
            hint = suggestion(name, known) or f"the estate's teams are {', '.join(known)}"
            reader.error((*path, name), f"quotas.teams.{name}: there is no team {name!r}", hint)
    return {name: reader.table(Quota, table, (*path, name)) for name, table in teams.items()}
