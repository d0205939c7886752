"""Our own policy in a simulation: the manager's `decide` and `learn` on polls of the simulated world."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from dynaslave.controller.marks import reason
from dynaslave.deciding.decide import decide, learn
from dynaslave.deciding.decisions import Decision, Drain, Launch, Note, Report, Restore, Retire
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.deciding.tuning import DEFAULTS, Tuning
from dynaslave.deciding.unchanged import decide_unchanged
from dynaslave.model import Instance, JenkinsNode, Market, Offline, QueueItem, Running, Snapshot
from dynaslave.pools.limits import Limits, TypeFacts
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.prices import Table
from dynaslave.provider import NoCapacity, Offer, ProviderError
from dynaslave.simulate.baselines import price_of
from dynaslave.simulate.machines import Machine, PoolState, zones_of
from dynaslave.simulate.world import World

__all__ = ["MONDAY", "Ours"]

MONDAY = 1_704_067_200.0
"""Second 0 of a trace: a Monday, midnight UTC, for schedules."""
_NO_CAPACITY = NoCapacity("no capacity", code="InsufficientInstanceCapacity")


class Ours:
    """Polls, decides, acts."""

    name = "default"
    interval = 5.0

    def __init__(
        self, prices: Table, *, every_look: bool = False, interval: float = 5.0, tuning: Tuning = DEFAULTS
    ) -> None:
        self._prices = prices
        self._tuning = tuning
        self.interval = interval
        self._every_look = every_look
        """Whether to look at every point of the grid, also where nothing can have changed."""
        facts = {name: TypeFacts(row.vcpus, row.dollars_hour) for name, row in prices.items()}
        self._limits = Limits(types=facts)
        self._memory = Memory()
        self._outcome: Outcome | None = None
        self._changes = 0
        self._view = ObservedWorld()
        self._pools: list[AgentPool] = []

    def begin(self, world: World) -> None:
        """The pools are those of the world."""
        self._pools = [state.pool for state in world.pools.values()]

    def poll(self, world: World) -> float:
        """One tick of the manager."""
        outcome = self._outcome = self._unchanged(world) or self._decide(world)
        reports = [self._act(world, decision) for decision in outcome.decisions]
        self._memory = (
            learn(outcome.memory, reports, MONDAY + world.now, self._tuning) if reports else outcome.memory
        )
        return world.now + self.interval if self._every_look else outcome.until - MONDAY

    def _unchanged(self, world: World) -> Outcome | None:
        """Return the outcome of a poll that shows what the last one showed."""
        if self._every_look or self._outcome is None or world.changes != self._changes:
            return None
        return decide_unchanged(self._outcome, MONDAY + world.now, self._tuning)

    def _decide(self, world: World) -> Outcome:
        self._changes = world.changes
        snapshot = self._view.snapshot(world)
        return decide(snapshot, self._pools, self._memory, self._limits, tuning=self._tuning, shown=False)

    def _act(self, world: World, decision: Decision) -> Report:
        match decision:
            case Launch(pool=name):
                return self._launch(world, world.pools[name], decision)
            case Drain(node=name) | Restore(node=name) | Retire(node=name):
                machine = self._view.machine(name)
                return Report(decision, self._treat(world, machine, decision))
            case Note(instance=name):
                self._view.note(name, decision.notes)
        return Report(decision)

    def _treat(self, world: World, machine: Machine, decision: Decision) -> str:
        """Do something to a machine; gives why it was not done."""
        if machine.ended < math.inf:
            return "it is gone"
        if isinstance(decision, Drain):
            world.mark(machine)
            self._view.marked(machine, reason(decision.reason))
        elif isinstance(decision, Restore):
            world.unmark(machine)
        elif machine.runs:
            return "a build runs there"
        else:
            world.end(machine)
        return ""

    def _launch(self, world: World, pool: PoolState, decision: Launch) -> Report:
        """As the provider does: offer after offer until all have come or none is left."""
        refused: dict[Offer, ProviderError] = {}
        launched = 0
        for number in range(decision.count):
            for offer in _offers(pool.pool, pool.launches + number):
                if offer in refused or _is_avoided(offer, decision.avoid):
                    continue
                if world.launch(pool, offer, price_of(offer, self._prices)) is not None:
                    launched += 1
                    break
                refused[offer] = _NO_CAPACITY
        return Report(decision, launched=launched, refused=refused)


def _offers(pool: AgentPool, turn: int) -> Iterator[Offer]:
    """Offers to request, in order: types as the pool prefers them, zones in turn, on-demand after spot."""
    zones = zones_of(pool)
    markets: dict[str, tuple[Market, ...]] = {
        "no": ("on-demand",),
        "prefer": ("spot", "on-demand"),
        "only": ("spot",),
    }
    for market in markets[pool.spot]:
        for kind in pool.instance_types or ("",):
            for at in range(len(zones)):
                yield Offer(kind, zones[(turn + at) % len(zones)], market)


def _is_avoided(offer: Offer, avoid: frozenset[Offer]) -> bool:
    return bool(avoid) and (offer in avoid or Offer(offer.type, "", offer.market) in avoid)


class ObservedWorld:
    """The world as a poll of a controller and a cloud shows it. What has not changed is not made again."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[int, JenkinsNode]] = {}
        self._instances: dict[str, tuple[bool, Instance]] = {}
        self._items: dict[int, QueueItem] = {}
        self._machines: dict[str, Machine] = {}
        self._marks: dict[str, str] = {}
        self._notes: dict[str, dict[str, str]] = {}

    def machine(self, name: str) -> Machine:
        """The machine that is shown by this name."""
        return self._machines[name]

    def marked(self, machine: Machine, text: str) -> None:
        """It was taken offline, with a reason."""
        self._marks[machine.name] = text

    def note(self, name: str, notes: Mapping[str, str]) -> None:
        """Something was written on an instance."""
        self._notes.setdefault(name, {}).update(notes)
        self._instances.pop(name, None)

    def snapshot(self, world: World) -> Snapshot:
        """Return what a poll shows now."""
        machines = [machine for state in world.pools.values() for machine in state.machines.values()]
        self._machines = {machine.name: machine for machine in machines}
        return Snapshot(
            at=MONDAY + world.now,
            queue=tuple(self._queue(world)),
            nodes=tuple(self._node(machine) for machine in machines),
            instances=tuple(self._instance(machine) for machine in machines),
        )

    def _queue(self, world: World) -> Iterator[QueueItem]:
        waiting = {build for kind in world.kinds for build in kind.queue}
        if self._items.keys() - waiting:
            self._items = {build: item for build, item in self._items.items() if build in waiting}
        for kind in world.kinds:
            for build in kind.queue:
                item = self._items.get(build)
                if item is None:
                    planned = world.builds[build]
                    name = planned.job or planned.pool
                    item = QueueItem(build, name, kind.expression, MONDAY + planned.submit)
                    self._items[build] = item
                yield item

    def _node(self, machine: Machine) -> JenkinsNode:
        known = self._nodes.get(machine.name)
        if known is not None and known[0] == machine.version:
            return known[1]
        running = tuple(
            Running(f"http://controller/job/{run.build}/", MONDAY + run.started, run.estimated)
            for run in machine.runs.values()
        )
        pool = machine.pool.pool
        node = JenkinsNode(
            name=machine.name,
            labels=frozenset((machine.name, *pool.labels)),
            executors=machine.executors,
            connected=machine.online,
            offline=Offline.NO if machine.accepting else Offline.OURS,
            reason="" if machine.accepting else self._marks.get(machine.name, ""),
            idle=not running,
            running=running,
            pool=pool.name,
            manager="simulation",
            intent=machine.name,
            created=MONDAY + machine.launched,
            exclusive=pool.mode == "exclusive",
        )
        self._nodes[machine.name] = machine.version, node
        return node

    def _instance(self, machine: Machine) -> Instance:
        known = self._instances.get(machine.name)
        if known is not None and known[0] == machine.doomed:
            return known[1]
        instance = Instance(
            id=machine.name,
            pool=machine.pool.pool.name,
            intent=machine.name,
            state="running",
            launched=MONDAY + machine.launched,
            node=machine.name,
            type=machine.offer.type,
            zone=machine.offer.zone,
            market=machine.offer.market,
            price=machine.price,
            doomed="it is interrupted" if machine.doomed else "",
            notes=dict(self._notes.get(machine.name, {})),
        )
        self._instances[machine.name] = machine.doomed, instance
        return instance
