"""Agents that leave or do not count, and agents that have to stay: for builds, or as a pool may come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dynaslave.deciding.drift import outdated
from dynaslave.deciding.holds import Kept, keep
from dynaslave.deciding.ledger import Ledger
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.reconcile import must_go
from dynaslave.deciding.stragglers import Late, late
from dynaslave.deciding.tuning import Tuning
from dynaslave.model import Snapshot
from dynaslave.pools.pool import AgentPool

__all__ = ["Departures", "departures"]


@dataclass(frozen=True, slots=True)
class Departures:
    """Agents that leave, whatever waits."""

    keeping: Kept
    """Agents that stay for a build."""
    going: Mapping[str, str]
    """Agents that cannot stay, each with the reason."""
    outdated: frozenset[str]
    """Agents that a launch of their pool would make otherwise now."""
    late: Late
    """Agents on their way that are not waited for."""
    returns: Mapping[str, float]
    """By pool that has agents and is not declared: until when it may come back."""

    @property
    def uncounted(self) -> frozenset[str]:
        """Return the agents that no item waits for."""
        return self.late.names.union(self.going)


def departures(
    ledger: Ledger, pools: Mapping[str, AgentPool], snapshot: Snapshot, memory: Memory, tuning: Tuning
) -> Departures:
    """Find the agents that leave or do not count."""
    now = snapshot.at
    returns = {name: since + tuning.undeclared_deadline for name, since in memory.missing.items()}
    awaited = {name for name, until in returns.items() if now < until}
    keeping = keep(ledger.agents, snapshot.queue, memory.seen, now)
    going = must_go(ledger, pools, memory.seen, keeping, awaited)
    return Departures(
        keeping,
        going,
        outdated(ledger.agents, snapshot.current),
        late(ledger, going, memory, now, tuning),
        returns,
    )
