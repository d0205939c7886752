"""How many agents may still be launched: by pool, team and account, counting everything that exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from dynaslave.deciding.capacity_cooldown import SPOT
from dynaslave.deciding.ledger import Ledger, exists, is_coming
from dynaslave.deciding.memory import Memory
from dynaslave.pools.limits import Cap, Limits, TypeFacts
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Offer
from jobdsl.printable import plural

__all__ = ["Granted", "Room"]


class Granted(NamedTuple):
    """What may be launched."""

    agents: int
    held_back: str = ""
    """What stood in the way of more; empty if nothing did."""


@dataclass(slots=True)
class _Used:
    """What exists under one cap, that which was granted included."""

    who: str
    cap: Cap
    agents: int = 0
    vcpus: int = 0
    dollars_hour: float = 0.0

    def add(self, count: int, facts: TypeFacts) -> None:
        self.agents += count
        self.vcpus += count * facts.vcpus
        self.dollars_hour += count * facts.dollars_hour

    def more(self, facts: TypeFacts) -> Iterable[tuple[int, str]]:
        """How many more of such agents each part of the cap has room for."""
        cap = self.cap
        if cap.agents is not None:
            yield cap.agents - self.agents, f"{self.who} may have {plural(cap.agents, 'agent')}"
        if cap.vcpus is not None and facts.vcpus:
            yield (cap.vcpus - self.vcpus) // facts.vcpus, f"{self.who} may have {cap.vcpus} vCPUs"
        if cap.dollars_month is not None:
            yield from self._money(cap.dollars_month, cap.spent, facts)

    def _money(self, most: float, spent: float | None, facts: TypeFacts) -> Iterable[tuple[int, str]]:
        if spent is None:
            yield 0, f"this month's costs cannot be read, and {self.who} may spend ${most:,.2f}"
        elif facts.dollars_hour or spent >= most:
            left = most - spent - self.dollars_hour
            each = facts.dollars_hour or 1.0
            message = f"{self.who} has spent ${spent:,.2f} of ${most:,.2f} this month"
            yield int((left + 1e-9) // each) if left > 0 else 0, message


_NOTHING = TypeFacts(0, 0.0)


class _Tally:
    """What exists, and what was granted since."""

    def __init__(self, pools: Mapping[str, AgentPool], ledger: Ledger, limits: Limits, now: float) -> None:
        self._pools = pools
        self._types = limits.types
        self.account = _Used("the account", limits.account)
        self.teams = {name: _Used(f"team {name}", cap) for name, cap in limits.teams.items()}
        self.counts = dict.fromkeys(pools, 0)
        self.coming = dict.fromkeys(pools, 0)
        self.facts = {name: self._dearest(_types(pool, limits)) for name, pool in pools.items()}
        for agent in ledger.agents:
            if exists(agent):
                self.add(agent.pool, 1, agent.instance.type if agent.instance else "")
                if is_coming(agent, now) and agent.pool in self.coming:
                    self.coming[agent.pool] += 1
        for instance in (*ledger.strays, *ledger.doubles):
            self.add(instance.pool, 1, instance.type)

    def add(self, name: str, count: int, type: str = "") -> None:
        facts = self._types.get(type) or self.facts.get(name) or _NOTHING
        pool = self._pools.get(name)
        team = self.teams.get(pool.team) if pool else None
        for used in (self.account, team):
            if used is not None:
                used.add(count, facts)
        if pool is not None:
            self.counts[name] += count

    def _dearest(self, types: Iterable[str]) -> TypeFacts:
        """What an agent counts for before anybody knows its type: the most of each."""
        found = [facts for type in types if (facts := self._types.get(type))]
        return TypeFacts(
            max((facts.vcpus for facts in found), default=0),
            max((facts.dollars_hour for facts in found), default=0.0),
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


class Room:
    """Grants launches, and counts what it granted. Nothing is counted before something is asked for."""

    def __init__(
        self,
        pools: Mapping[str, AgentPool],
        ledger: Ledger,
        limits: Limits,
        memory: Memory,
        now: float,
    ) -> None:
        self._pools = pools
        self._ledger = ledger
        self._limits = limits
        self._strikes = memory.strikes
        self._cooling = memory.cooling
        self._now = now

    @cached_property
    def _tally(self) -> _Tally:
        return _Tally(self._pools, self._ledger, self._limits, self._now)

    def forbidden(self, pool: AgentPool) -> frozenset[Offer]:
        """Offers of the pool that nobody may take."""
        types = set(pool.instance_types) - set(_types(pool, self._limits))
        return frozenset(Offer(type, market=market) for type in types for market in ("on-demand", "spot"))

    def grant(self, pool: AgentPool, wanted: int) -> Granted:
        """As many of the `wanted` launches as there is room for; they count from now on."""
        if wanted <= 0:
            return Granted(0)
        bound, held_back = min(self._bounds(pool), key=lambda bound: bound[0])
        granted = max(0, min(wanted, bound))
        self._tally.add(pool.name, granted)
        self._tally.coming[pool.name] += granted
        return Granted(granted, held_back if granted < wanted else "")

    def is_full(self, pool: AgentPool) -> bool:
        """Return whether a limit leaves no room for one more, however launches have gone."""
        return any(bound <= 0 for bound, _ in self._limits_of(pool))

    def _bounds(self, pool: AgentPool) -> Iterable[tuple[int, str]]:
        yield from self._patience(pool)
        yield from self._limits_of(pool)

    def _limits_of(self, pool: AgentPool) -> Iterable[tuple[int, str]]:
        yield pool.max_agents - self._tally.counts[pool.name], f"max_agents is {pool.max_agents}"
        unusable = self._unusable(pool)
        if unusable:
            yield 0, unusable
        facts, teams = self._tally.facts[pool.name], self._tally.teams
        yield from self._tally.account.more(facts)
        if pool.team in teams:
            yield from teams[pool.team].more(facts)

    def _unusable(self, pool: AgentPool) -> str:
        """Why none of its types may be launched, or counted; empty if they may."""
        caps = (self._limits.account, self._limits.teams.get(pool.team, Cap()))
        if not all(cap.may_have_profile(pool.instance_profile) for cap in caps):
            return f"its agents may not have the instance profile {pool.instance_profile!r}"
        types = _types(pool, self._limits)
        if pool.instance_types and not types:
            return f"none of its instance types may be launched ({', '.join(pool.instance_types)})"
        unknown = [type for type in types if type not in self._limits.types]
        if unknown and any(cap.vcpus is not None or cap.dollars_month is not None for cap in caps):
            return f"nobody knows what a {unknown[0]} has and costs, and a limit counts it"
        return ""

    def _patience(self, pool: AgentPool) -> Iterable[tuple[int, str]]:
        """What failures allow: nothing for a while, then one at a time."""
        rest = self._cooling.get((pool.name, SPOT)) if pool.spot == "only" else None
        if rest is not None and self._now < rest.until:
            yield 0, f"{rest.reason}; the next try is in {rest.until - self._now:.0f} s"
        strikes = self._strikes.get(pool.name)
        if strikes is None or not strikes.probing:
            return
        failed = f"{strikes.count} launches failed in a row, the last: {strikes.reason}"
        if self._now < strikes.until:
            yield 0, f"{failed}; the next try is in {strikes.until - self._now:.0f} s"
        else:
            yield 1 - self._tally.coming[pool.name], f"{failed}; one at a time until one comes"
