"""What a simulated world is made of: machines with their agents, pools, builds that wait for a label."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Offer
from dynaslave.simulate.faults import NEVER
from jobdsl.grammar.labels import Expr

__all__ = ["Durations", "LabelQueue", "Machine", "PoolState", "RunningBuild", "zones_of"]

_ESTIMATES = 10
"""Builds a mean is taken over."""


class RunningBuild(NamedTuple):
    """A build on an executor."""

    build: int
    started: float
    estimated: float | None
    """Seconds, by builds that had ended when it started."""


@dataclass(slots=True, eq=False)
class Machine:
    """One instance and the agent on it."""

    name: str
    pool: PoolState
    offer: Offer
    price: float
    """Dollars an hour."""
    executors: int
    launched: float
    serves_at: float
    """When its agent dials in; `NEVER`."""
    ended: float = NEVER
    online: bool = False
    accepting: bool = True
    """Whether builds may start: it was not taken offline."""
    doomed: bool = False
    """Whether the cloud has announced that it takes it away."""
    runs: dict[int, RunningBuild] = field(default_factory=dict)
    idle_since: float = NEVER
    uses: int = 0
    busy: float = 0.0
    """Executor seconds in which builds ran."""
    killed: int = 0
    """Builds that ran when a policy ended it."""
    interrupted: int = 0
    """Builds that ran when the cloud took it away."""
    generation: int = 0
    """Grows when its executors are no longer where they were handed out."""
    version: int = 0
    """Grows with everything a poll would show of it."""


class PoolState:
    """A pool and what it has at the moment."""

    def __init__(self, pool: AgentPool) -> None:
        self.pool = pool
        self.machines: dict[str, Machine] = {}
        """Those that have not ended."""
        self.slots: deque[tuple[Machine, int]] = deque()
        """Free executors, the longest free first; stale where the machine's generation has moved on."""
        self.free = 0
        self.coming = 0
        """Machines whose agent has not dialled in."""
        self.launches = 0
        self.kinds: list[LabelQueue] = []
        """Kinds of builds it can take."""


class LabelQueue:
    """Builds that want the same label, and those of them that wait."""

    def __init__(self, expression: Expr, pools: Sequence[PoolState]) -> None:
        self.expression = expression
        self.pools = pools
        """Those that fit, the preferred first."""
        self.queue: deque[int] = deque()


class Durations:
    """Recent durations of builds that are alike: their mean is what a build is expected to take."""

    __slots__ = ("recent", "total")

    def __init__(self) -> None:
        self.recent: deque[float] = deque()
        self.total = 0.0

    def ended(self, seconds: float) -> None:
        """One more has ended."""
        self.recent.append(seconds)
        self.total += seconds
        if len(self.recent) > _ESTIMATES:
            self.total -= self.recent.popleft()

    def mean(self) -> float | None:
        """Seconds; None without a history."""
        return self.total / len(self.recent) if self.recent else None


def zones_of(pool: AgentPool) -> list[str]:
    """The zones a pool's machines come from: one for each subnet, else three."""
    return [f"zone-{letter}" for letter in "abcdef"[: len(pool.subnets) or 3]]
