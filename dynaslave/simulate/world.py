"""The simulated controller and cloud: builds wait, start on free executors and end; machines come and go.

Free executors are taken in turn, the longest free first, and builds in the order they came. What
decides about machines (a policy) calls `launch`, `end`, `mark` and `unmark`; nothing here decides.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Offer
from dynaslave.simulate.faults import NEVER, Chance
from dynaslave.simulate.machines import Durations, LabelQueue, Machine, PoolState, RunningBuild
from dynaslave.simulate.validation import wanted
from dynaslave.trace import TraceBuild
from jobdsl.grammar.labels import Expr

__all__ = ["NOTICE", "World"]

NOTICE = 120.0
"""Seconds between the notice of an interruption and its coming true."""


class World:
    """Everything at one moment of a simulation."""

    def __init__(self, builds: Sequence[TraceBuild], pools: Mapping[str, AgentPool], chance: Chance) -> None:
        self.builds = builds
        self.chance = chance
        self.now = 0.0
        self.pools = {name: PoolState(pool) for name, pool in pools.items()}
        self.kinds: list[LabelQueue] = []
        self.kind_of = _kinds(builds, self)
        self.machines: list[Machine] = []
        """Every machine there ever was."""
        self.started = [NEVER] * len(builds)
        self.ran_on: list[Machine | None] = [None] * len(builds)
        self.counts_uses = False
        """Whether the controller itself keeps builds from an agent that has had all its uses (EC2 plugin)."""
        self.waiting = 0
        self.running = 0
        self.changes = 0
        """Grows with everything that happens by itself and that a look would show."""
        self.events: list[tuple[float, int, str, Machine, int]] = []
        self._numbers = 0
        self._means: dict[tuple[str, str, str], Durations] = {}

    # what happens by itself

    def at(self, when: float, event: str, machine: Machine, build: int = -1) -> None:
        """Let something happen to a machine."""
        self._numbers += 1
        heapq.heappush(self.events, (when, self._numbers, event, machine, build))

    def happen(self) -> bool:
        """Let the next event happen; False if its machine has ended."""
        when, _, event, machine, build = heapq.heappop(self.events)
        if machine.ended < NEVER:
            return False
        self.now = when
        self.changes += 1
        machine.version += 1
        if event == "done":
            self._done(machine, build)
        elif event == "serves":
            machine.online = True
            machine.pool.coming -= 1
            machine.idle_since = self.now
            if machine.accepting:
                self._hand_out(machine)
        elif event == "doomed":
            machine.doomed = True
        else:
            machine.interrupted = len(machine.runs)
            self._gone(machine)
        return True

    def arrive(self, build: int) -> None:
        """A build comes into the queue; it starts at once if an executor is free."""
        self.now = self.builds[build].submit
        self.changes += 1
        kind = self.kind_of[build]
        kind.queue.append(build)
        self.waiting += 1
        for pool in kind.pools:
            if pool.free:
                self._serve(pool)
                break

    def _done(self, machine: Machine, build: int) -> None:
        run = machine.runs.pop(build)
        machine.busy += self.now - run.started
        self.running -= 1
        self._mean(build).ended(self.now - run.started)
        if not machine.runs:
            machine.idle_since = self.now
        if machine.accepting:
            machine.pool.slots.append((machine, machine.generation))
            machine.pool.free += 1
            self._serve(machine.pool)

    def _mean(self, build: int) -> Durations:
        planned = self.builds[build]
        return self._means.setdefault(
            ("", "", planned.job) if planned.job else (planned.pool, planned.label, ""), Durations()
        )

    def _hand_out(self, machine: Machine) -> None:
        pool = machine.pool
        free = machine.executors - len(machine.runs)
        pool.slots.extend([(machine, machine.generation)] * free)
        pool.free += free
        self._serve(pool)

    def _serve(self, pool: PoolState) -> None:
        """Start what waits for this pool as long as executors are free."""
        while pool.free:
            waiting = [kind for kind in pool.kinds if kind.queue]
            if not waiting:
                return
            first = waiting[0] if len(waiting) == 1 else min(waiting, key=lambda kind: kind.queue[0])
            self._start(first.queue.popleft(), pool)

    def _start(self, build: int, pool: PoolState) -> None:
        machine, generation = pool.slots.popleft()
        while generation != machine.generation:
            machine, generation = pool.slots.popleft()
        pool.free -= 1
        self.waiting -= 1
        self.running += 1
        self.started[build] = self.now
        self.ran_on[build] = machine
        machine.runs[build] = RunningBuild(build, self.now, self._mean(build).mean())
        machine.idle_since = NEVER
        machine.uses += 1
        machine.version += 1
        self.at(self.now + self.builds[build].duration, "done", machine, build)
        if self.counts_uses and pool.pool.max_uses is not None and machine.uses >= pool.pool.max_uses:
            self._withdraw(machine)

    def _withdraw(self, machine: Machine) -> None:
        """It takes no more builds."""
        if machine.accepting and machine.online:
            machine.pool.free -= machine.executors - len(machine.runs)
        machine.accepting = False
        machine.generation += 1
        machine.version += 1

    def _gone(self, machine: Machine) -> None:
        self._withdraw(machine)
        self.running -= len(machine.runs)
        machine.busy += sum(self.now - run.started for run in machine.runs.values())
        machine.runs.clear()
        machine.pool.coming -= not machine.online
        machine.ended = self.now
        del machine.pool.machines[machine.name]

    # what a policy does

    def launch(self, pool: PoolState, offer: Offer, price: float) -> Machine | None:
        """A new machine; None if the offer has no capacity."""
        if not self.chance.has_capacity(offer, self.now):
            return None
        fate = self.chance.fate(pool.pool.name, pool.launches)
        pool.launches += 1
        pool.coming += 1
        name, serves = f"{pool.pool.name}-{pool.launches}", self.now + fate.boot
        machine = Machine(
            name=name,
            pool=pool,
            offer=offer,
            price=price,
            executors=pool.pool.executors,
            launched=self.now,
            serves_at=serves,
        )
        pool.machines[machine.name] = machine
        self.machines.append(machine)
        if fate.boot < NEVER:
            self.at(machine.serves_at, "serves", machine)
        if offer.market == "spot" and fate.life < NEVER:
            self.at(self.now + max(fate.life - NOTICE, 0.0), "doomed", machine)
            self.at(self.now + fate.life, "taken", machine)
        return machine

    def end(self, machine: Machine) -> None:
        """Terminate a machine, whatever runs there."""
        if machine.ended == NEVER:
            machine.killed = len(machine.runs)
            self._gone(machine)

    def mark(self, machine: Machine) -> None:
        """Take a machine offline: what runs there goes on, nothing new starts."""
        if machine.accepting:
            self._withdraw(machine)

    def unmark(self, machine: Machine) -> None:
        """Take the mark back."""
        if not machine.accepting and machine.ended == NEVER:
            machine.accepting = True
            machine.version += 1
            if machine.online:
                self._hand_out(machine)


def _kinds(builds: Sequence[TraceBuild], world: World) -> list[LabelQueue]:
    """For each build its kind."""
    known: dict[tuple[str, str], LabelQueue] = {}
    for build in builds:
        if (key := (build.pool, build.label)) not in known:
            known[key] = _kind(wanted(build, world.pools[build.pool].pool), world)
    return [known[build.pool, build.label] for build in builds]


def _kind(expression: Expr, world: World) -> LabelQueue:
    same = next((kind for kind in world.kinds if kind.expression == expression), None)
    if same is not None:
        return same
    fitting = [state for state in world.pools.values() if expression.matches(state.pool.labels)]
    kind = LabelQueue(expression, sorted(fitting, key=lambda state: -state.pool.priority))
    world.kinds.append(kind)
    for state in kind.pools:
        state.kinds.append(kind)
    return kind
