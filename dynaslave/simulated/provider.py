"""A cloud in memory, with faults: for tests, trials and `--provider simulated`.

Time is its clock's, chance comes from a seed. With a SimulatedJenkins its instances
connect their nodes when they have booted, so that whole runs work without waiting.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from dynaslave import agentlog
from dynaslave.model import Instance, Market
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Hand, Launched, LaunchRequest, NoCapacity, Offer, ProviderError
from dynaslave.simulated.lines import AgentConnection, InProcess
from dynaslave.simulated.machines import NOTICE, SimulatedInstance

if TYPE_CHECKING:
    from jobdsl.testing import SimulatedJenkins

__all__ = ["ProviderFaults", "SimulatedCloud"]

_MARKETS: Mapping[str, tuple[Market, ...]] = {
    "no": ("on-demand",),
    "prefer": ("spot", "on-demand"),
    "only": ("spot",),
}
_FORGET = 3600.0
"""Seconds an ended instance is still shown."""


@dataclass(slots=True)
class ProviderFaults:
    """What goes wrong, and how often. May be changed at any time."""

    no_capacity: float = 0.0
    """Chance that an offer has nothing, for each launch anew."""
    room: dict[Offer, int] = field(default_factory=dict)
    """How many more instances an offer has; those not named have any number."""
    never_connects: float = 0.0
    """Chance that an instance boots, but its agent never dials in."""
    log: str = ""
    """What the logs of agents hold that do not come."""
    interruptions: float = 0.0
    """How often, in an hour, a spot instance is taken away."""
    lag: float = 0.0
    """Seconds until a listing shows what has changed."""
    raises: list[ProviderError] = field(default_factory=list)
    """What the next calls raise, one each, before they do anything."""


class SimulatedCloud:
    """The contract of a cloud, in memory. Instances boot within `boot` seconds from their launch."""

    name = "simulated"

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        boot: tuple[float, float] = (60.0, 180.0),
        zones: Sequence[str] = ("",),
        price: Callable[[Offer], float] = lambda _: 0.0,
        faults: ProviderFaults | None = None,
        jenkins: SimulatedJenkins | None = None,
        line: AgentConnection | None = None,
    ) -> None:
        self.faults = faults or ProviderFaults()
        self.images: dict[str, str] = {}
        """By pool: the image its instances are launched from; may be changed at any time."""
        self._clock = clock
        self._seed = seed
        self._boot = boot
        self._zones = tuple(zones)
        self._price = price
        self._line = InProcess(jenkins) if jenkins is not None else line
        self._machines: dict[str, SimulatedInstance] = {}
        self._numbers = count(1)
        self._lock = threading.RLock()

    # the contract

    def launch(self, request: LaunchRequest) -> Launched:
        """Start instances from the first offers that have any."""
        with self._call() as now:
            same = [
                machine.now for machine in self._machines.values() if machine.now.intent == request.intent
            ]
            if same:
                return Launched(tuple(same))
            chance = Random(f"{self._seed}:{request.intent}")  # noqa: S311 - chance, no secret
            refused: dict[Offer, ProviderError] = {}
            started: list[Instance] = []
            for offer in self._offers(request.pool, request.avoid):
                room = self._room(offer, chance)
                taken = min(room, request.count - len(started))
                started += [self._start(request, offer, chance, now) for _ in range(taken)]
                if len(started) == request.count:
                    break
                refused[offer] = NoCapacity(f"no more {offer.type} ({offer.market}) {offer.zone}".rstrip())
            return Launched(tuple(started), refused)

    def hand_over(self, instance: Instance, hand: Hand) -> None:
        """Give an instance its node; it dials in when it has booted."""
        with self._call() as now:
            machine = self._machines.get(instance.id)
            if machine is None or machine.ended is not None:
                raise ProviderError(f"{instance.id} is gone", code="NotFound")
            if machine.now.node not in ("", hand.node):
                raise ProviderError(f"{instance.id} has the node {machine.now.node}", code="Taken")
            if machine.hand is None:
                machine.hand = hand
                machine.change(now, node=hand.node)
                machine.advance(now)

    def list(self) -> Sequence[Instance]:
        """Return what a listing shows, `faults.lag` seconds late."""
        with self._call() as now:
            machines = (machine.at(now - self.faults.lag) for machine in self._machines.values())
            return [instance for instance in machines if instance is not None]

    def terminate(self, instances: Sequence[Instance]) -> None:
        """End instances at once; their agents are gone."""
        with self._call() as now:
            for instance in instances:
                if (machine := self._machines.get(instance.id)) is not None:
                    machine.end(now)

    def note(self, instances: Sequence[Instance], notes: Mapping[str, str]) -> None:
        """Write on instances that are still there."""
        with self._call() as now:
            for instance in instances:
                machine = self._machines.get(instance.id)
                if machine is not None and machine.ended is None:
                    machine.note(notes, now)

    def explain(self, instance: Instance) -> str:
        """Return what the log of its agent would show."""
        return agentlog.reason(self.faults.log) if self._machines.get(instance.id) else ""

    def current(self, pools: Sequence[AgentPool]) -> Mapping[str, str]:
        """Return which image each pool has now."""
        return {pool.name: self.images[pool.name] for pool in pools if pool.name in self.images}

    def sweep(self, nodes: frozenset[str], pools: frozenset[str]) -> None:  # noqa: ARG002 - the contract's
        """Forget secrets of nodes that are gone."""
        with self._call():
            for machine in self._machines.values():
                if machine.hand is not None and machine.hand.node not in nodes:
                    machine.hand = replace(machine.hand, secret="")

    def close(self) -> None:
        """Agents that are processes of this host end with it."""
        if self._line is not None:
            self._line.close()

    # what happens by itself

    def tick(self) -> None:
        """Bring everything up to the present: boots, connections, interruptions."""
        with self._lock:
            now = self._clock()
            for machine in self._machines.values():
                machine.advance(now)
            self._machines = {
                id: machine
                for id, machine in self._machines.items()
                if machine.ended is None or now <= machine.ended + _FORGET
            }

    @property
    def alive(self) -> int:
        """How many instances cost money now."""
        self.tick()
        return sum(machine.ended is None for machine in self._machines.values())

    @contextlib.contextmanager
    def _call(self) -> Iterator[float]:
        with self._lock:
            self.tick()
            if self.faults.raises:
                raise self.faults.raises.pop(0)
            yield self._clock()

    def _offers(self, pool: AgentPool, avoid: frozenset[Offer]) -> Sequence[Offer]:
        offers = [
            Offer(kind, zone, market)
            for market in _MARKETS[pool.spot]
            for kind in pool.instance_types or ("simulated",)
            for zone in self._zones
        ]
        remaining = [offer for offer in offers if offer not in avoid and replace(offer, zone="") not in avoid]
        if not remaining:
            raise NoCapacity(f"every offer of pool {pool.name} is cooling down")
        return remaining

    def _room(self, offer: Offer, chance: Random) -> int:
        if chance.random() < self.faults.no_capacity:
            return 0
        return self.faults.room.get(offer, 1_000_000)

    def _start(self, request: LaunchRequest, offer: Offer, chance: Random, now: float) -> Instance:
        if offer in self.faults.room:
            self.faults.room[offer] -= 1
        boots = now + chance.uniform(*self._boot)
        rate = self.faults.interruptions / 3600 if offer.market == "spot" else 0.0
        instance = Instance(
            id=f"sim-{next(self._numbers):06}",
            pool=request.pool.name,
            intent=request.intent,
            state="pending",
            launched=now,
            type=offer.type,
            zone=offer.zone,
            market=offer.market,
            price=self._price(offer),
            template=self.images.get(request.pool.name, ""),
        )
        machine = SimulatedInstance(
            instance,
            runs=now + (boots - now) / 4,
            boots=boots,
            connects=chance.random() >= self.faults.never_connects,
            interrupted=now + NOTICE + chance.expovariate(rate) if rate else float("inf"),
            line=self._line,
            shown=[(now, instance)],
        )
        self._machines[instance.id] = machine
        return instance
