"""How many agents may still be launched: by pool, team and account, counting everything that exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from dynaslave.deciding.capacity_cooldown import SPOT
from dynaslave.deciding.ledger import Ledger, exists, is_coming
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.tuning import Tuning
from dynaslave.pools.limits import Cap, Limits, TypeFacts
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Offer
from jobdsl.printable import plural

__all__ = ["Granted", "Headroom"]


class _Usage(NamedTuple):
    """What exists under one cap."""

    agents: int = 0
    vcpus: int = 0
    dollars_hour: float = 0.0

    def add(self, count: int, facts: TypeFacts) -> _Usage:
        return _Usage(
            self.agents + count,
            self.vcpus + count * facts.vcpus,
            self.dollars_hour + count * facts.dollars_hour,
        )


_UNKNOWN = TypeFacts(0, 0.0)


@dataclass(frozen=True, slots=True)
class _Existing:
    """What exists of everything, that which was granted included."""

    account: _Usage
    teams: Mapping[str, _Usage]
    counts: Mapping[str, int]
    """Agents by pool, without those granted."""
    coming: Mapping[str, int]
    """Those of them that are on their way."""
    facts: Mapping[str, TypeFacts]
    """By pool: what an agent counts for before its type is known."""
    granted: Mapping[str, int]
    """Agents granted, by pool."""

    def launch(self, pool: AgentPool, count: int) -> _Existing:
        """Count so many agents more."""
        facts, teams = self.facts[pool.name], self.teams
        if pool.team in teams:
            teams = {**teams, pool.team: teams[pool.team].add(count, facts)}
        granted = {**self.granted, pool.name: self.granted.get(pool.name, 0) + count}
        return _Existing(self.account.add(count, facts), teams, self.counts, self.coming, self.facts, granted)

    def count(self, pool: str) -> int:
        """How many agents a pool has."""
        return self.counts.get(pool, 0) + self.granted.get(pool, 0)

    def count_coming(self, pool: str) -> int:
        """How many of them are on their way."""
        return self.coming.get(pool, 0) + self.granted.get(pool, 0)


def _existing(
    pools: Mapping[str, AgentPool], ledger: Ledger, limits: Limits, now: float, tuning: Tuning
) -> _Existing:
    """Count what exists."""
    facts = {name: _dearest(_types(pool, limits), limits) for name, pool in pools.items()}
    account, teams = _Usage(), dict.fromkeys(limits.teams, _Usage())
    counts: dict[str, int] = {}
    coming: dict[str, int] = {}
    present = [
        (agent.pool, agent.instance.type if agent.instance else "")
        for agent in ledger.agents
        if exists(agent)
    ]
    present += [(instance.pool, instance.type) for instance in (*ledger.strays, *ledger.doubles)]
    for name, type in present:
        of_type = limits.types.get(type) or facts.get(name) or _UNKNOWN
        account = account.add(1, of_type)
        pool = pools.get(name)
        if pool is not None:
            counts[name] = counts.get(name, 0) + 1
            if pool.team in teams:
                teams[pool.team] = teams[pool.team].add(1, of_type)
    for agent in ledger.agents:
        if exists(agent) and is_coming(agent, now, tuning):
            coming[agent.pool] = coming.get(agent.pool, 0) + 1
    return _Existing(account, teams, counts, coming, facts, {})


def _dearest(types: Iterable[str], limits: Limits) -> TypeFacts:
    """The most of each that an agent of one of these types may have."""
    known = [facts for type in types if (facts := limits.types.get(type))]
    return TypeFacts(
        max((facts.vcpus for facts in known), default=0),
        max((facts.dollars_hour for facts in known), default=0.0),
    )


def _types(pool: AgentPool, limits: Limits) -> tuple[str, ...]:
    """The pool's types that its team and the account may launch."""
    allowed = [
        cap.instance_types
        for cap in (limits.account, limits.teams.get(pool.team, Cap()))
        if cap.instance_types is not None
    ]
    return tuple(
        type
        for type in pool.instance_types
        if all(any(fnmatchcase(type, glob) for glob in globs) for globs in allowed)
    )


_Bound = tuple[int, str]
"""How many agents more, and what stands in the way of others."""


def _cap_bounds(owner: str, cap: Cap, used: _Usage, facts: TypeFacts) -> Iterable[_Bound]:
    """How many more of such agents each part of a cap has room for."""
    if cap.agents is not None:
        yield cap.agents - used.agents, f"{owner} may have {plural(cap.agents, 'agent')}"
    if cap.vcpus is not None and facts.vcpus:
        yield (cap.vcpus - used.vcpus) // facts.vcpus, f"{owner} may have {cap.vcpus} vCPUs"
    if cap.dollars_month is None:
        return
    most, spent = cap.dollars_month, cap.spent
    if spent is None:
        yield 0, f"this month's costs cannot be read, and {owner} may spend ${most:,.2f}"
    elif facts.dollars_hour or spent >= most:
        rest = most - spent - used.dollars_hour
        each = facts.dollars_hour or 1.0
        message = f"{owner} has spent ${spent:,.2f} of ${most:,.2f} this month"
        yield int((rest + 1e-9) // each) if rest > 0 else 0, message


class Granted(NamedTuple):
    """What may be launched."""

    headroom: Headroom
    """What is left then."""
    agents: int
    held_back: str = ""
    """The limit that stood in the way of more; empty if none did."""


@dataclass(frozen=True)
class Headroom:
    """What limits and failures leave of launches. Nothing is counted before a launch is asked for."""

    pools: Mapping[str, AgentPool]
    ledger: Ledger
    limits: Limits
    memory: Memory
    now: float
    tuning: Tuning
    granted: _Existing | None = None
    """What exists once everything was launched that was granted; None before the first grant."""

    @cached_property
    def _used(self) -> _Existing:
        return self.granted or _existing(self.pools, self.ledger, self.limits, self.now, self.tuning)

    def forbidden(self, pool: AgentPool) -> frozenset[Offer]:
        """Return the offers of the pool that its team or the account may not launch."""
        types = set(pool.instance_types) - set(_types(pool, self.limits))
        return frozenset(Offer(type, market=market) for type in types for market in ("on-demand", "spot"))

    def grant(self, pool: AgentPool, desired: int) -> Granted:
        """Grant as many of the desired launches as there is room for."""
        if desired <= 0:
            return Granted(self, 0)
        bound, held_back = min(self._bounds(pool), key=lambda bound: bound[0])
        agents = max(0, min(desired, bound))
        after = replace(self, granted=self._used.launch(pool, agents)) if agents else self
        return Granted(after, agents, held_back if agents < desired else "")

    def is_full(self, pool: AgentPool) -> bool:
        """Return whether a limit leaves no room for one more, however launches have gone."""
        return any(bound <= 0 for bound, _ in self._limits_of(pool))

    def _bounds(self, pool: AgentPool) -> Iterable[_Bound]:
        yield from self._backoff(pool)
        yield from self._limits_of(pool)

    def _limits_of(self, pool: AgentPool) -> Iterable[_Bound]:
        used = self._used
        yield pool.max_agents - used.count(pool.name), f"max_agents is {pool.max_agents}"
        unusable = self._unusable(pool)
        if unusable:
            yield 0, unusable
        facts = used.facts[pool.name]
        yield from _cap_bounds("the account", self.limits.account, used.account, facts)
        if pool.team in used.teams:
            cap = self.limits.teams[pool.team]
            yield from _cap_bounds(f"team {pool.team}", cap, used.teams[pool.team], facts)

    def _unusable(self, pool: AgentPool) -> str:
        """Why none of its types may be launched, or counted; empty if they may."""
        caps = (self.limits.account, self.limits.teams.get(pool.team, Cap()))
        if not all(cap.may_have_profile(pool.instance_profile) for cap in caps):
            return f"its agents may not have the instance profile {pool.instance_profile!r}"
        types = _types(pool, self.limits)
        if pool.instance_types and not types:
            return f"none of its instance types may be launched ({', '.join(pool.instance_types)})"
        unknown = [type for type in types if type not in self.limits.types]
        if unknown and any(cap.vcpus is not None or cap.dollars_month is not None for cap in caps):
            return f"vCPUs and price of {unknown[0]} are unknown, and a limit counts them"
        return ""

    def _backoff(self, pool: AgentPool) -> Iterable[_Bound]:
        """What failures allow: no launch for a while, then one at a time."""
        rest = self.memory.cooling.get((pool.name, SPOT)) if pool.spot == "only" else None
        if rest is not None and self.now < rest.until:
            yield 0, f"{rest.reason}; the next try is in {rest.until - self.now:.0f} s"
        strikes = self.memory.strikes.get(pool.name)
        if strikes is None or not strikes.probing:
            return
        failed = f"{strikes.count} launches failed in a row, the last: {strikes.reason}"
        if self.now < strikes.until:
            yield 0, f"{failed}; the next try is in {strikes.until - self.now:.0f} s"
        else:
            yield 1 - self._used.count_coming(pool.name), f"{failed}; one at a time until one comes"
