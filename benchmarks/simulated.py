"""A SimulatedJenkins in a process of its own, so that its work is not counted as ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jobdsl.testing import SimulatedJenkins


class Address(NamedTuple):
    """Where it is, and who may ask."""

    url: str
    user: str
    token: str


@contextmanager
def controller(*words: str) -> Iterator[Address]:
    """A fresh controller, gone when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.simulated", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield Address(*json.loads(child.stdout.readline()))
    finally:
        child.stdin.close()
        child.wait()


@contextmanager
def crowded(agents: int, items: int, *, texts: bool) -> Iterator[Address]:
    """A controller with agents, half of them busy, and waiting items, a fifth of them Pipeline steps.

    Without `texts` the reasons why they wait tell nothing, as in another language.
    """
    with controller(str(agents), str(items), str(int(texts))) as address:
        yield address


def _crowd(jenkins: SimulatedJenkins, agents: int, items: int, *, texts: bool) -> None:
    from dynaslave.controller.marks import NodeMarker
    from dynaslave.controller.nodedocument import document
    from dynaslave.pools.pool import make
    from jobdsl.testing import reasons

    if not texts:
        reasons._no_executor = lambda *_: "?"
    pool = make({"name": "pool", "max_agents": agents, "label": "linux big"})
    for number in range(agents):
        name = f"pool-3f2a9c1b-{number}"
        marker = NodeMarker("main", name, "pool", "6a1b2c3d3f2a9c1b", 1_790_000_000.0)
        jenkins.add_node(name, document(pool, marker, "/var/lib/jenkins-agent", websocket=True))
        jenkins.connect_agent(name)
    parts = items // 5
    job = "<project><assignedNode>{}</assignedNode><canRoam>false</canRoam></project>"
    for number in range(agents // 2 + items - parts):
        label = "linux" if number < agents // 2 else f"none-{number % 50} &amp;&amp; linux"
        jenkins.create_item(f"folder/job-{number}", job.format(label))
        jenkins.build(f"folder/job-{number}")
    jenkins.create_item("pipe", "<flow-definition/>")
    jenkins.build("pipe")
    pipe = jenkins.builds("pipe")[0]
    for number in range(parts):
        jenkins.scheduler.add_part(pipe, f"none-{number % 50}")


def _serve(*words: str) -> None:
    from jobdsl.testing import ManualClock, SimulatedJenkins

    crowd = [int(word) for word in words]  # in a crowd time stands still: nobody comes or goes
    with SimulatedJenkins(clock=ManualClock() if crowd else None) as jenkins:
        if crowd:
            _crowd(jenkins, crowd[0], crowd[1], texts=bool(crowd[2]))
        print(json.dumps([jenkins.url, jenkins.user, jenkins.token]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
