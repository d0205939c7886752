"""The decider in a small hostile world: whatever happens between looks, its promises hold.

The world does what it is told at once and without a second look; so what holds here holds without the
caution of those who act. Between a look and its decisions' effects anything may happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dynaslave.deciding.decide import decide, learn
from dynaslave.deciding.decisions import (
    Abandon,
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Report,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.deciding.ledger import AgentHistory
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.model import AgentState, Instance, JenkinsNode, Offline, QueueItem, Running, Snapshot
from dynaslave.pools.limits import Cap, Limits, TypeFacts
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import NoCapacity, Offer
from jobdsl.grammar.labels import Atom, parse

LABELS = ["linux", "linux&&big", "gpu||big", "!mac", "gpu->big", None, "mac"]


def pools() -> list[AgentPool]:
    common = {"instance_types": ["c7i.large"], "idle_minutes": 2, "boot_minutes": 4}
    return [
        make({"name": "small", "label": "linux", "max_agents": 4, "team": "a", **common}),
        make({"name": "big", "label": "linux big", "max_agents": 3, "executors": 3, "team": "a", **common}),
        make(
            {
                "name": "gpu",
                "label": "gpu",
                "max_agents": 3,
                "min_agents": 1,
                "spares": 1,
                "mode": "normal",
                **common,
            }
        ),
        make(
            {"name": "once", "label": "linux once", "max_agents": 3, "max_uses": 2, "priority": 1, **common}
        ),
    ]


LIMITS = Limits(
    account=Cap(agents=9, vcpus=18),
    teams={"a": Cap(agents=5)},
    types={"c7i.large": TypeFacts(2, 0.1)},
)


@dataclass
class Interrupted:
    """A build that a restart interrupted."""

    build: Running
    node: str
    left: float
    at: float
    """When it goes on."""
    known: bool
    """Whether the manager saw it, and has run since."""


@dataclass
class World:
    """A controller and a cloud."""

    now: float = 1000.0
    pools: list[AgentPool] = field(default_factory=pools)
    nodes: dict[str, JenkinsNode] = field(default_factory=dict)
    machines: dict[str, Instance] = field(default_factory=dict)
    queue: list[QueueItem] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)
    """When each build is over, by its address."""
    session: int = 1
    """Which run of the controller it is."""
    interrupted: list[Interrupted] = field(default_factory=list)
    """Builds that a restart interrupted, until they wait in the queue for their node."""
    back: dict[str, float] = field(default_factory=dict)
    """When agents dial in again after a restart."""
    deaf: set[str] = field(default_factory=set)
    """Machines whose agent never dials in."""
    numbers: count[int] = field(default_factory=lambda: count(1))
    going_on: dict[int, Interrupted] = field(default_factory=dict)
    """By queue item: the interrupted build that goes on with it."""

    def poll(self) -> Snapshot:
        nodes, machines = tuple(self.nodes.values()), tuple(self.machines.values())
        return Snapshot(self.now, tuple(self.queue), nodes, machines, session=f"s{self.session}")

    def restart(self, seen: Mapping[str, AgentHistory]) -> None:
        """The controller starts again: agents come back soon, what they ran goes on later.

        seen: what the manager remembers; what it never saw running it cannot keep an agent for.
        """
        self.session += 1
        for name, node in list(self.nodes.items()):
            known = seen[name].hold.running if name in seen and node.connected else frozenset()
            for build in node.running:
                left = self.ends[build.url] - self.now
                resumes = self.now + 60 + len(self.interrupted) % 5 * 60
                self.interrupted.append(Interrupted(build, name, left, resumes, build.url in known))
            if node.connected and name != "built-in":
                self.back[name] = self.now + 20
                self.change(name, connected=False, running=())

    def resume(self) -> None:
        """What was interrupted waits for its node, and goes on there."""
        for one in [one for one in self.interrupted if one.at <= self.now]:
            self.interrupted.remove(one)
            if one.node in self.nodes and Atom(one.node) not in [item.label for item in self.queue]:
                number = next(self.numbers)
                path = one.build.url.partition("http://j/")[2]
                item = QueueItem(number, "part", Atom(one.node), self.now, build=path)
                self.queue.append(item)
                self.going_on[number] = one

    def waits_for(self, name: str) -> bool:
        """Whether a build that the manager saw there is going to go on there."""
        waiting = [one for number, one in self.going_on.items() if any(i.id == number for i in self.queue)]
        return any(one.node == name and one.known for one in (*self.interrupted, *waiting))

    def alive(self, pool: str) -> int:
        """What a cap counts: machines, and nodes without one."""
        machines = [one for one in self.machines.values() if one.state in ("pending", "running")]
        held = {one.node for one in self.machines.values() if one.node}
        empty = [node for node in self.nodes.values() if node.name not in held]
        intents = [one.intent for one in machines if not one.node]
        for node in list(empty):  # a node and the machine it will be given are one
            if node.intent in intents:
                intents.remove(node.intent)
                empty.remove(node)
        return sum(one.pool == pool for one in machines) + sum(node.pool == pool for node in empty)

    def total(self) -> int:
        return sum(self.alive(pool.name) for pool in self.pools)

    # What time brings.

    def run(self, seconds: float) -> None:
        self.now += seconds
        for name, node in list(self.nodes.items()):
            done = [build for build in node.running if self.ends[build.url] <= self.now]
            self.change(name, running=tuple(build for build in node.running if build not in done))
        for id, machine in list(self.machines.items()):
            if machine.state == "pending" and self.now - machine.launched >= 20:
                self.machines[id] = machine = replace(machine, state="running")
            up = machine.state == "running" and self.now - machine.launched >= 80 and id not in self.deaf
            up = up and self.back.get(machine.node, 0.0) <= self.now
            if up and machine.node in self.nodes and not self.nodes[machine.node].connected:
                self.change(machine.node, connected=True)
        self.resume()
        self.dispatch()

    def change(self, name: str, **values: object) -> None:
        node = replace(self.nodes[name], **values)  # type: ignore[arg-type]
        self.nodes[name] = replace(node, idle=not node.running)

    def dispatch(self) -> None:
        """What Jenkins does: any free executor that fits."""
        for item in list(self.queue):
            for node in self.nodes.values():
                fits = not node.exclusive if item.label is None else item.label.matches(node.labels)
                free = node.executors - len(node.running)
                if fits and free and node.connected and node.offline is Offline.NO and item.ready:
                    going_on = self.going_on.pop(item.id, None)
                    url = going_on.build.url if going_on else f"http://j/job/{item.name}/{item.id}/"
                    seconds = going_on.left if going_on else 30 + item.id % 7 * 40
                    self.ends[url] = self.now + seconds
                    self.change(node.name, running=(*node.running, Running(url, self.now, 100.0)))
                    self.queue.remove(item)
                    break

    # What it is told.

    def act(self, decision: Decision, fate: Callable[[], str]) -> Report:  # noqa: C901 - a case for each
        match decision:
            case Launch():
                return self.launch(decision, fate())
            case Drain(node, reason):
                soft = reason.startswith(("surplus", "winding", "over", "last build", "no pool"))
                assert not (soft and self.waits_for(node)), "an agent was drained that a build goes on with"
                self.change(node, offline=Offline.OURS, reason=reason)
            case Restore(node):
                self.change(node, offline=Offline.NO, reason="")
            case Retire(node):
                assert not self.nodes[node].busy, "a busy agent was ended"
                soft = not any(
                    word in self.nodes[node].reason for word in ("interruption", "twice", "lost", "came")
                )
                assert not (soft and self.waits_for(node)), "an agent was ended that a build goes on with"
                self.end([one for one in self.machines.values() if one.node == node])
                del self.nodes[node]
            case RemoveNode(node):
                assert not self.nodes[node].busy, "a busy node was removed"
                del self.nodes[node]
            case Abandon(node):
                assert not self.nodes[node].connected, "an agent that is there was given up"
                self.end([one for one in self.machines.values() if one.node == node])
                del self.nodes[node]
            case Suspect(id):
                self.machines[id] = replace(self.machines[id], suspect=self.now)
            case EndInstance(id):
                assert self.machines[id].node not in self.nodes, "an instance with a node was ended"
                self.end([self.machines[id]])
            case Adopt(id, node):
                self.machines[id] = replace(self.machines[id], node=node)
            case Note(id, notes):
                old = self.machines[id]
                suspect = 0.0 if notes.get("suspect") == "" else old.suspect
                self.machines[id] = replace(old, notes={**old.notes, **notes}, suspect=suspect)
        self.dispatch()
        return Report(decision)

    def end(self, machines: list[Instance]) -> None:
        for machine in machines:
            self.machines[machine.id] = replace(machine, state="terminated")

    def launch(self, launch: Launch, fate: str) -> Report:
        pool = next(pool for pool in self.pools if pool.name == launch.pool)
        intent = f"t{next(self.numbers)}"
        names = [f"{pool.name}-{next(self.numbers)}" for _ in range(launch.count)]
        if fate == "refused":
            refused = {Offer("c7i.large", "a"): NoCapacity("c7i.large has no capacity")}
            return Report(launch, refused=refused)
        for name in names:
            labels = frozenset({name, *pool.labels})
            self.nodes[name] = JenkinsNode(
                name, labels, pool.executors, False, pool=pool.name, intent=intent,
                created=self.now, exclusive=pool.mode == "exclusive",
            )  # fmt: skip
        for at, name in enumerate(names):
            if fate == "half" and at % 2:
                break
            id = f"i-{next(self.numbers)}"
            node = "" if fate == "killed" else name
            self.machines[id] = Instance(id, pool.name, intent, "pending", self.now, node, "c7i.large", "a")
            if fate == "deaf":
                self.deaf.add(id)
        return Report(launch, launched=launch.count)


FATES = st.sampled_from(["ok", "ok", "ok", "refused", "half", "killed", "deaf"])


class Hostile(RuleBasedStateMachine):
    """Anything happens, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.memory = Memory()
        self.fate = "ok"
        self.before: dict[str, AgentState] = {}

    @initialize(static=st.booleans())
    def other_nodes(self, static: bool) -> None:
        self.world.nodes["built-in"] = JenkinsNode(
            "built-in", frozenset({"built-in"}), 2, True, exclusive=True
        )
        if static:
            self.world.nodes["ag1"] = JenkinsNode("ag1", frozenset({"ag1", "mac", "linux"}), 1, True)

    @rule(label=st.sampled_from(LABELS), many=st.integers(1, 6), ready=st.booleans() | st.just(True))
    def builds_are_queued(self, label: str | None, many: int, ready: bool) -> None:
        for _ in range(many):
            number = next(self.world.numbers)
            expr = None if label is None else parse(label)
            self.world.queue.append(QueueItem(number, "job", expr, self.world.now, ready))

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 90, 300]))
    def time_passes(self, seconds: int) -> None:
        self.world.run(seconds)

    @rule()
    def the_manager_is_killed(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.memory = Memory()
        for one in (*self.world.interrupted, *self.world.going_on.values()):
            one.known = False

    @rule()
    def the_controller_restarts(self) -> None:
        self.world.restart(self.memory.seen)

    @rule(
        at=st.integers(0, 20),
        how=st.sampled_from(["doomed", "terminated", "vanished", "lost", "twice", "deaf"]),
    )
    def a_machine_breaks(self, at: int, how: str) -> None:
        alive = [one for one in self.world.machines.values() if one.state in ("pending", "running")]
        if not alive:
            return
        machine = alive[at % len(alive)]
        node = self.world.nodes.get(machine.node)
        if how == "doomed":
            self.world.machines[machine.id] = replace(machine, doomed="spot interruption")
        elif how == "twice":
            twin = f"i-{next(self.world.numbers)}"
            self.world.machines[twin] = replace(machine, id=twin, launched=self.world.now)
        elif how == "deaf":
            self.world.deaf.add(machine.id)
        elif how in ("terminated", "vanished", "lost"):
            if node is not None:  # its builds die with it
                self.world.change(node.name, connected=False, running=())
            self.world.deaf.add(machine.id)
            if how == "terminated":
                self.world.machines[machine.id] = replace(machine, state="terminated")
            elif how == "vanished":
                del self.world.machines[machine.id]

    @rule(at=st.integers(0, 20), reason=st.sampled_from(["", "I look at it"]))
    def a_person_marks_a_node(self, at: int, reason: str) -> None:
        marked = [
            node for node in self.world.nodes.values() if node.pool and node.offline is not Offline.OURS
        ]
        if marked:
            offline = Offline.OTHERS if reason else Offline.NO
            self.world.change(marked[at % len(marked)].name, offline=offline, reason=reason)

    @rule(at=st.integers(0, 20))
    def a_person_deletes_a_node(self, at: int) -> None:
        ours = [node for node in self.world.nodes.values() if node.pool]
        if ours:
            del self.world.nodes[ours[at % len(ours)].name]

    @rule(
        name=st.sampled_from(["small", "big", "gpu", "once"]),
        most=st.integers(0, 4),
        labels=st.none() | st.just(("linux", "other")),
    )
    def the_estate_changes(self, name: str, most: int, labels: tuple[str, ...] | None) -> None:
        self.world.pools = [
            replace(
                pool,
                max_agents=most or 1,
                min_agents=min(pool.min_agents, most),
                labels=labels or pool.labels,
            )
            if pool.name == name
            else pool
            for pool in pools()
            if most or pool.name != name
        ]

    @rule(fate=FATES, between=st.sampled_from([0, 0, 1, 30]), killed_after=st.none() | st.integers(0, 5))
    def the_manager_looks(self, fate: str, between: int, killed_after: int | None) -> None:
        """One tick; `between` passes from the look to the deeds, and the manager may die among them."""
        self.tick(lambda: fate, between, killed_after)

    @rule(blind=st.sampled_from(["the queue", "the instances"]))
    def the_manager_is_blind(self, blind: str) -> None:
        outcome = decide(replace(self.world.poll(), blind=(blind,)), self.world.pools, self.memory, LIMITS)
        assert all(isinstance(one, Drain) for one in outcome.decisions)
        assert outcome.memory == self.memory

    def tick(self, fate: Callable[[], str], between: float = 0, killed_after: int | None = None) -> Outcome:
        look = self.world.poll()
        outcome = decide(look, self.world.pools, self.memory, LIMITS)
        assert outcome == decide(look, self.world.pools, self.memory, LIMITS)
        check(look, self.world.pools, outcome)
        counts = {pool.name: self.world.alive(pool.name) for pool in self.world.pools}
        total = self.world.total()
        self.world.run(between)
        reports = [self.world.act(one, fate) for one in outcome.decisions[:killed_after]]
        for pool in self.world.pools:
            assert self.world.alive(pool.name) <= max(pool.max_agents, counts[pool.name])
        assert self.world.total() <= max(9, total)
        team = sum(self.world.alive(pool.name) for pool in self.world.pools if pool.team == "a")
        assert team <= max(5, sum(counts[pool.name] for pool in self.world.pools if pool.team == "a"))
        if killed_after is not None:
            self.forget()
        else:
            self.memory = learn(outcome.memory, reports, self.world.now)
        return outcome

    @precondition(lambda self: self.world.nodes)
    @rule()
    def peace_comes(self) -> None:
        """With nobody hostile any more, all builds run, all that is not needed goes, nothing is left over."""
        self.world.pools = pools()
        self.world.deaf.clear()
        for name, node in list(self.world.nodes.items()):
            if node.offline is Offline.OTHERS:
                self.world.change(name, offline=Offline.NO, reason="")
        for id, machine in self.world.machines.items():
            self.world.machines[id] = replace(machine, doomed="")
        self.world.queue = [replace(item, ready=True) for item in self.world.queue]
        for _ in range(200):
            self.world.run(20)
            self.tick(lambda: "ok")
            if not any(self.served(item) for item in self.world.queue):
                break
        assert not any(self.served(item) for item in self.world.queue)
        for _ in range(60):
            if self.settled():
                return
            self.world.run(20)
            self.tick(lambda: "ok")
        raise AssertionError(f"left over: {self.world.nodes}, {self.world.machines}")

    def settled(self) -> bool:
        """Only the agent that is minimum and spare of its pool is left."""
        ours = [node for node in self.world.nodes.values() if node.pool]
        alive = [one for one in self.world.machines.values() if one.state in ("pending", "running")]
        return [node.pool for node in ours] == ["gpu"] and [one.node for one in alive] == [ours[0].name]

    def served(self, item: QueueItem) -> bool:
        return any(fits(item, pool) for pool in self.world.pools)


def fits(item: QueueItem, pool: AgentPool) -> bool:
    return pool.mode == "normal" if item.label is None else item.label.matches(pool.labels)


def matches(item: QueueItem, node: JenkinsNode) -> bool:
    """Whether a node, with the labels its pool had when it was created, can serve an item."""
    return not node.exclusive if item.label is None else item.label.matches(node.labels)


def check(look: Snapshot, current: list[AgentPool], outcome: Outcome) -> None:
    """What holds for every decision."""
    by_name = {pool.name: pool for pool in current}
    ours = [node.name for node in look.nodes if node.pool]
    assert sorted(agent.name for agent in outcome.agents) == sorted(ours)
    check_size(look, by_name, outcome)
    targets = [
        getattr(one, "node", None) or getattr(one, "instance", None) or getattr(one, "pool", None)
        for one in outcome.decisions
        if not isinstance(one, Note)
    ]
    assert len(targets) == len(set(targets))
    agents = {agent.name: agent for agent in outcome.agents}
    launched = {one.pool for one in outcome.decisions if isinstance(one, Launch)}
    for one in outcome.decisions:
        assert one.reason
        assert "\n" not in one.reason
        if isinstance(one, Retire | RemoveNode | Drain | Restore):
            agent = agents[one.node]
            assert agent.state is not AgentState.HELD
            if isinstance(one, Retire):
                assert (agent.state, agent.node.busy) == (AgentState.DRAINING, False)
            if isinstance(one, Drain) and one.reason.startswith(("surplus", "winding")):
                assert agent.pool not in launched, "a pool grows and shrinks at once"
    check_demand(look, by_name, outcome)


def check_size(look: Snapshot, by_name: dict[str, AgentPool], outcome: Outcome) -> None:
    """The memory is no larger than what the look shows."""
    memory = outcome.memory
    assert set(memory.seen) == {agent.name for agent in outcome.agents}
    assert set(memory.windows) == set(by_name)
    assert {*memory.strikes, *memory.boots, *memory.trials} <= set(by_name)
    assert set(memory.oldest) <= {item.label for item in look.queue}
    assert all(len(window.peaks) <= 16 for window in memory.windows.values())
    assert all(len(boots.last) <= 15 for boots in memory.boots.values())


def check_demand(look: Snapshot, by_name: dict[str, AgentPool], outcome: Outcome) -> None:
    items = {item.id: item for item in look.queue}
    for id, name in outcome.counted.items():
        item = items[id]
        assert item.ready
        assert item.known
        stale = any(node.pool == name and matches(item, node) for node in look.nodes)
        assert fits(item, by_name[name]) or item.build or stale
    for item in look.queue:
        if item.ready and any(fits(item, pool) for pool in by_name.values()):
            assert item.id in outcome.counted
    for view in outcome.pools:
        assert view.waiting == sum(name == view.name for name in outcome.counted.values())
        enough = view.launching * by_name[view.name].executors >= view.uncovered
        assert enough or view.held_back, view
        assert sum(view.agents.values()) == sum(agent.pool == view.name for agent in outcome.agents)


Hostile.TestCase.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_nothing_breaks_its_promises = Hostile.TestCase
