"""Whether an estate's pools fit their quotas, in the worst case: all agents, of the largest type, all month.

`check` is what `jobdsl lint`, `plan` and `apply` call (entry point `jobdsl.checks`); `limits` is what the
manager keeps to while it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from dynaslave.pools.defaults import lacking
from dynaslave.pools.estate import pools_of
from dynaslave.pools.limits import Cap, Limits, TypeFacts
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.prices import Price, Table, dearest, unknown
from dynaslave.pools.settings import ManagerSettings, Quota, read
from jobdsl.errors import EstateError, Problem, suggestion

if TYPE_CHECKING:
    from jobdsl.model import Estate
    from jobdsl.settings.config import Settings

__all__ = ["check", "fits", "limits"]

_NOTHING = Price(0, 0.0, 0.0)


def check(root: Path, estate: Estate, settings: Settings) -> list[Problem]:
    """Everything wrong with the pools of an estate, each at its line."""
    try:
        manager = read(root, settings)
    except EstateError as error:
        return error.problems
    pools, problems = pools_of(estate, settings, manager)
    return [*problems, *fits(pools, manager), *lacking(pools, manager.pools.provider)]


def fits(pools: Iterable[AgentPool], manager: ManagerSettings) -> Iterator[Problem]:
    """What goes beyond a quota, reported at the first pool in the order given that does not fit any more."""
    pools = list(pools)
    for pool in pools:
        yield from _types(pool, manager)
        yield from _profile(pool, manager)
    yield from _sums(pools, _Purse("the account", "quotas", manager.account), manager)
    for name, quota in manager.teams.items():
        own = [pool for pool in pools if pool.team == name]
        yield from _sums(own, _Purse(f"team {name}", f"quotas.teams.{name}", quota), manager)


def limits(
    manager: ManagerSettings, pools: Iterable[AgentPool] = (), spent: Mapping[str, float] | None = None
) -> Limits:
    """The limits while it runs; `spent` is this month's dollars by pool, None where unknown."""
    if spent is None:
        teams = {name: _cap(quota, None) for name, quota in manager.teams.items()}
        return Limits(_cap(manager.account, None), teams, _facts(manager))
    by_team: dict[str, float] = {}
    for pool in pools:
        by_team[pool.team] = by_team.get(pool.team, 0.0) + spent.get(pool.name, 0.0)
    teams = {name: _cap(quota, by_team.get(name, 0.0)) for name, quota in manager.teams.items()}
    return Limits(_cap(manager.account, sum(spent.values())), teams, _facts(manager))


def _facts(manager: ManagerSettings) -> dict[str, TypeFacts]:
    return {name: TypeFacts(row.vcpus, row.dollars_hour) for name, row in manager.prices.items()}


def _cap(quota: Quota, spent: float | None) -> Cap:
    return Cap(
        agents=quota.agents,
        vcpus=quota.vcpus,
        dollars_month=quota.monthly_cost,
        spent=spent,
        instance_types=quota.instance_types,
        instance_profiles=quota.instance_profiles,
    )


@dataclass(frozen=True, slots=True)
class _Purse:
    """Whose quota it is, in words and as the table in `jobdsl.toml`."""

    who: str
    table: str
    quota: Quota


def _purses(pool: AgentPool, manager: ManagerSettings) -> list[_Purse]:
    """Return the quotas that hold for a pool."""
    account = _Purse("the account", "quotas", manager.account)
    quota = manager.teams.get(pool.team)
    return [account, *([_Purse(f"team {pool.team}", "", quota)] if quota else [])]


def _profile(pool: AgentPool, manager: ManagerSettings) -> Iterator[Problem]:
    """An instance profile that a quota does not name."""
    for purse in _purses(pool, manager):
        if not _cap(purse.quota, None).may_have_profile(pool.instance_profile):
            message = f"{purse.who} may not use the instance profile {pool.instance_profile!r}"
            yield _refused(pool, message, f"what may be used: {_list(purse.quota.instance_profiles or ())}")


def _types(pool: AgentPool, manager: ManagerSettings) -> Iterator[Problem]:
    """Find types that a quota does not name, and types of unknown size."""
    purses = _purses(pool, manager)
    for who, allowed in ((purse.who, purse.quota.instance_types) for purse in purses):
        for word in pool.instance_types:
            if allowed is not None and not any(fnmatchcase(word, glob) for glob in allowed):
                yield _refused(pool, f"{who} may not use {word}", f"what may be used: {_list(allowed)}")
    counted = any(purse.quota.vcpus is not None or purse.quota.monthly_cost is not None for purse in purses)
    for word in unknown(pool.instance_types, manager.prices):
        hint = suggestion(word, manager.prices) or "put it into a file named by pools.prices in jobdsl.toml"
        message = f"pool {pool.name!r}: vCPUs and price of {word} are unknown"
        if counted:
            yield Problem(f"{message}, and a quota counts them", pool.where, hint, rule="quota")
        else:
            yield Problem(message, pool.where, hint, "warning", "quota")


def _sums(pools: list[AgentPool], purse: _Purse, manager: ManagerSettings) -> Iterator[Problem]:
    for measure in _measures(purse.quota, manager.account.hours_a_month):
        taken = 0.0
        for pool in pools:
            each = measure.of_one(pool, manager.prices)
            if taken + each * pool.max_agents > measure.limit + 1e-9:
                yield _beyond(pool, purse, measure, each, taken)
            else:
                taken += each * pool.max_agents


@dataclass(frozen=True, slots=True)
class _Measure:
    """One number of a quota."""

    key: str
    limit: float
    form: str
    """How an amount is written."""
    hours: float

    def of_one(self, pool: AgentPool, table: Table) -> float:
        """What one agent counts for, at most."""
        row = dearest(pool.instance_types, table) or _NOTHING
        return {"agents": 1.0, "vcpus": float(row.vcpus), "monthly_cost": row.dollars_hour * self.hours}[
            self.key
        ]

    def said(self, amount: float) -> str:
        return self.form.format(amount)


def _measures(quota: Quota, hours: float) -> list[_Measure]:
    forms = {"agents": "{:,.0f} agents", "vcpus": "{:,.0f} vCPUs", "monthly_cost": "${:,.2f} a month"}
    return [
        _Measure(key, float(limit), form, hours)
        for key, form in forms.items()
        if (limit := getattr(quota, key)) is not None
    ]


def _beyond(pool: AgentPool, purse: _Purse, measure: _Measure, each: float, taken: float) -> Problem:
    needed, rest = measure.said(each * pool.max_agents), measure.limit - taken
    message = f"{needed} are more than the {measure.said(measure.limit)} of {purse.who}"
    if taken:
        message += f", of which other pools have {measure.said(taken)}"
    fitting = int((rest + 1e-9) / each) if each else 0
    hint = (
        f"max_agents={fitting} fits"
        if fitting
        else f"ask for more: {measure.key} in [{purse.table}] of jobdsl.toml"
    )
    if measure.key == "monthly_cost":
        hint += f"; counted is every agent for {measure.hours:g} hours a month (quotas.hours_a_month)"
    return _refused(pool, message, hint)


def _refused(pool: AgentPool, message: str, hint: str) -> Problem:
    return Problem(f"pool {pool.name!r}: {message}", pool.where, hint, rule="quota")


def _list(globs: Iterable[str]) -> str:
    return ", ".join(globs) or "nothing"
