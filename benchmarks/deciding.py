"""One decision of dynaslave: time at growing sizes, and memory over ten thousand of them.

    python -m benchmarks.deciding

The same look is decided again and again, as a manager does, each time with the memory of the time before.
"""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from dataclasses import replace

from dynaslave.deciding.decide import decide
from dynaslave.deciding.memory import Memory
from dynaslave.model import Instance, JenkinsNode, QueueItem, Running, Snapshot
from dynaslave.pools.limits import Cap, Limits, TypeFacts
from dynaslave.pools.pool import AgentPool, make
from jobdsl.grammar.labels import Expr, parse

SIZES = ((500, 100, 10), (5_000, 1_000, 100), (50_000, 10_000, 1_000))
"""Queue items, agents, pools."""
TICKS = 10_000
LIMITS = Limits(Cap(agents=100_000, vcpus=1_000_000), types={"c7i.large": TypeFacts(2, 0.1)})


def pools_of(count: int) -> list[AgentPool]:
    """Pools of two executors; one in ten also takes items without a label."""
    return [
        make(
            {
                "name": f"p{number}",
                "label": f"team-{number} linux",
                "max_agents": 1_000,
                "executors": 2,
                "instance_types": ["c7i.large"],
                "mode": "exclusive" if number % 10 else "normal",
            }
        )
        for number in range(count)
    ]


def agents_of(pools: list[AgentPool], count: int, chance: random.Random) -> Snapshot:
    """Agents of the pools, most of them busy; no queue."""
    nodes, machines = [], []
    for number in range(count):
        pool = pools[number % len(pools)]
        name = f"{pool.name}-{number}"
        running = tuple(
            Running(f"http://j/job/x{number}/{slot}/", 0, chance.choice([None, 100 + 500 * chance.random()]))
            for slot in range(chance.choice([0, 1, 2, 2, 2]))
        )
        labels = frozenset({name, *pool.labels})
        nodes.append(JenkinsNode(name, labels, 2, True, idle=not running, running=running, pool=pool.name))
        machines.append(Instance(f"i-{number}", pool.name, "t", "running", 0, name, "c7i.large", "a"))
    return Snapshot(100.0, (), tuple(nodes), tuple(machines))


def labels_of(pools: int) -> list[Expr | None]:
    """What items ask for: two expressions a pool, and some that every pool must be judged by."""
    texts = [f"team-{number}{more}" for number in range(pools) for more in ("", "&&linux")]
    return [*map(parse, texts), None, *map(parse, ("linux", "!linux", "linux->team-3", "team-1||team-2"))]


def queue_of(labels: list[Expr | None], count: int, chance: random.Random) -> tuple[QueueItem, ...]:
    return tuple(
        QueueItem(number, f"job-{number}", chance.choice(labels), float(number)) for number in range(count)
    )


def speed() -> None:
    """The best of several decisions at each size."""
    print("One decision: queue items, agents, pools; milliseconds on one core (best, median)")
    for items, agents, pools in SIZES:
        chance = random.Random(1)
        declared = pools_of(pools)
        look = replace(agents_of(declared, agents, chance), queue=queue_of(labels_of(pools), items, chance))
        memory, times = Memory(), []
        for _ in range(5 if items > 10_000 else 15):
            start = time.process_time()
            outcome = decide(look, declared, memory, LIMITS)
            times.append(1000 * (time.process_time() - start))
            memory = outcome.memory
            look = replace(look, at=look.at + 5)
        best, middle = min(times), sorted(times)[len(times) // 2]
        launched = sum(getattr(one, "count", 0) for one in outcome.decisions)
        print(f"  {items:6} {agents:6} {pools:5}  {best:7.1f} {middle:7.1f}   {launched} agents to launch")


def flat() -> None:
    """What ten thousand decisions leave behind, while agents, builds and items come and go."""
    chance = random.Random(2)
    declared, labels = pools_of(10), labels_of(10)
    look, memory = agents_of(declared, 40, chance), Memory()
    print(f"Memory over {TICKS:,} decisions (40 agents, 100 items, 10 pools; a tenth of each new every time)")
    tracemalloc.start()
    for tick in range(1, TICKS + 1):
        nodes, machines = list(look.nodes), list(look.instances)
        for _ in range(4):
            at = chance.randrange(40)
            name = f"{nodes[at].pool}-{tick}-{at}"
            old = nodes[at]
            nodes[at] = replace(old, name=name, labels=frozenset({name, *old.labels} - {old.name}))
            machines[at] = replace(machines[at], id=f"i-{tick}-{at}", node=name)
        queue = queue_of(labels, 100, chance)
        queue = tuple(replace(item, id=item.id + 10 * tick) for item in queue)
        look = Snapshot(look.at + 5, queue, tuple(nodes), tuple(machines))
        memory = decide(look, declared, memory, LIMITS).memory
        if tick in (100, 1_000, 5_000, TICKS):
            gc.collect()
            print(f"  after {tick:6}  {tracemalloc.get_traced_memory()[0] / 1024:6.0f} KB")
    tracemalloc.stop()


def main() -> None:
    """Print both."""
    speed()
    flat()


if __name__ == "__main__":
    main()
