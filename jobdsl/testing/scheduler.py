"""From the queue to executors to finished builds, by the controller's clock; and why something waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Protocol

from jobdsl.errors import DslError
from jobdsl.labels import parse
from jobdsl.testing.builds import Build, Parameter, Result, worst
from jobdsl.testing.clock import Clock
from jobdsl.testing.computers import Computer, Computers
from jobdsl.testing.matrix import configurations
from jobdsl.testing.queue import Queue, QueueItem
from jobdsl.testing.store import Item

__all__ = ["Runner", "Scheduler", "printed"]

_ONE_OFF = ("pipeline", "matrix")
"""Builds of these shapes take no executor of the built-in node."""


class Runner(Protocol):
    """What really runs builds; without one they only take time."""

    def start(self, build: Build, computer: Computer) -> bool:
        """Begin a build; False when it shall only take time."""
        ...

    def stop(self, build: Build) -> None:
        """Interrupt a build."""
        ...


@lru_cache(maxsize=4096)
def printed(label: str) -> str:
    """A label expression as Jenkins prints it: without spaces."""
    try:
        return str(parse(label))
    except DslError:
        return label


def _span(seconds: float) -> str:
    """A time as Jenkins tells it: `3.8 sec`, `4 min 51 sec`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} sec"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} hr {minutes} min"
    return f"{minutes} min {rest} sec" if minutes else f"{rest} sec"


@dataclass(slots=True)
class Scheduler:
    """The queue, the nodes, and the builds that run on them."""

    clock: Clock
    computers: Computers
    queue: Queue = field(default_factory=Queue)
    running: list[Build] = field(default_factory=list)
    build_seconds: float = 1.0
    """How long a simulated build takes."""
    maintenance: float = 0.0
    """Seconds between the end of a quiet period and the next look at the queue (up to 5 on a controller)."""
    runner: Runner | None = None
    quieting: bool = False

    def schedule(
        self, item: Item, *, user: str, quiet: float, parameters: tuple[Parameter, ...] = ()
    ) -> tuple[QueueItem, bool]:
        """Put a job into the queue; an equal item that waits already is the answer, and False."""
        now = self.clock.now()
        for waiting in self.queue.of_job(item):
            if waiting.parameters == parameters:
                waiting.causes += 1
                return waiting, False
        entry = QueueItem(self.queue.next_id(), item, item.name, item.tied_to, now, now + quiet, user)
        entry.parameters = parameters
        self.queue.add(entry)
        self.tick()
        return entry, True

    def add_part(self, build: Build, label: str) -> QueueItem:
        """A `node(label)` step of a Pipeline build, waiting for an executor."""
        now = self.clock.now()
        name = f"part of {build.item.name} #{build.number}"
        entry = QueueItem(self.queue.next_id(), None, name, label, now, now, part_of=build.path)
        self.queue.add(entry)
        self.tick()
        return entry

    def tick(self) -> None:
        """Bring everything up to the present."""
        now = self.clock.now()
        for build in [build for build in self.running if build.ends is not None and build.ends <= now]:
            self.finish(build, "SUCCESS", at=build.ends)
        if not self.quieting:
            for entry in list(self.queue.items.values()):
                self._advance(entry, now)

    def _advance(self, entry: QueueItem, now: float) -> None:
        if entry.state == "left":
            return  # starting another has brought it along
        if now < entry.ready + (self.maintenance if entry.ready > entry.since else 0):
            return
        if entry.state == "waiting":
            entry.buildable_since = now
        entry.state = "blocked" if self._blocked(entry) else "buildable"
        if entry.state == "buildable":
            computer = self._free_computer(entry)
            if computer is not None and entry.item is not None:
                self._start(entry, entry.item, computer, now)

    def _blocked(self, entry: QueueItem) -> bool:
        item = entry.item
        if item is None or item.fields.get("concurrentBuild") == "true" or item.kind.shape == "pipeline":
            return False
        earlier = any(
            other.item is item and other.id < entry.id and other.state in ("blocked", "buildable")
            for other in self.queue.items.values()
        )
        return earlier or any(build.item is item for build in self.running)

    def _free_computer(self, entry: QueueItem) -> Computer | None:
        if entry.item is not None and entry.item.kind.shape in _ONE_OFF:
            return self.computers.built_in
        fitting = (one for one in self.computers.fitting(entry.label) if one.online)
        return next((one for one in fitting if len(self.on(one)) < one.executors), None)

    def on(self, computer: Computer) -> list[Build]:
        """The builds that hold an executor of a node."""
        return [
            build
            for build in self.running
            if build.node == computer.name and build.item.kind.shape not in _ONE_OFF
        ]

    def one_off(self, computer: Computer) -> list[Build]:
        """The builds that run on a node without holding an executor."""
        return [
            build
            for build in self.running
            if build.node == computer.name and build.item.kind.shape in _ONE_OFF
        ]

    def _start(self, entry: QueueItem, item: Item, computer: Computer, now: float) -> None:
        number = entry.upstream.number if entry.upstream else item.next_build
        build = Build(item, number, entry.id, now, computer.name, entry.user, entry.causes)
        build.parameters = entry.parameters
        build.waited = min(entry.ready, now) - entry.since
        build.queued = now - max(entry.ready, entry.since)
        item.next_build = number + 1
        item.builds[build.number] = build
        self.running.append(build)
        self.queue.leave(entry, build)
        build.log.append(_opening(build, computer))
        if entry.upstream is not None:
            build.upstream = entry.upstream
            entry.upstream.runs.append(build)
        spread = configurations(item) if item.kind.shape == "matrix" else []
        for configuration in spread:
            self._spread(configuration, build, now)
        if not spread and (self.runner is None or not self.runner.start(build, computer)):
            build.ends = now + self.build_seconds
        self.tick()

    def _spread(self, configuration: Item, build: Build, now: float) -> None:
        """Queue one configuration of a matrix build."""
        label = configuration.tied_to
        number = self.queue.next_id()
        entry = QueueItem(number, configuration, configuration.name, label, now, now, upstream=build)
        entry.parameters = build.parameters
        self.queue.add(entry)
        build.waiting_runs += 1

    def finish(self, build: Build, result: Result, *, at: float | None = None) -> None:
        """A build is over; whatever waited for its executor may start."""
        if build not in self.running:
            return
        build.duration = (self.clock.now() if at is None else at) - build.started
        build.log.append(f"Finished: {result}\n")
        build.result = result
        self.running.remove(build)
        if build.upstream is not None:
            self._gather(build.upstream)
        self.tick()

    def _gather(self, matrix: Build) -> None:
        """A matrix build is over when the last of its configurations is; the worst result counts."""
        matrix.waiting_runs -= 1
        if matrix.waiting_runs == 0:
            results = [run.result for run in matrix.runs if run.result is not None]
            self.finish(matrix, reduce(worst, results, "SUCCESS"))

    def stop(self, build: Build, user: str) -> None:
        """Abort a build."""
        build.log.append(f"Build was aborted\nAborted by {user}\n")
        self._interrupt(build, "ABORTED")

    def _interrupt(self, build: Build, result: Result) -> None:
        if self.runner is not None and build.ends is None:
            self.runner.stop(build)
        self.finish(build, result)

    def lost(self, computer: Computer, message: str) -> None:
        """A node's agent is gone: what ran there has failed."""
        for build in self.on(computer):
            build.log.append(f"FATAL: {message}\n")
            self._interrupt(build, "FAILURE")

    def cancel(self, entry: QueueItem) -> None:
        """Take an item out of the queue."""
        self.queue.leave(entry)
        if entry.upstream is not None:
            self._gather(entry.upstream)

    def forget(self, item: Item) -> None:
        """A deleted item and all below it neither wait nor run any more."""
        for entry in [entry for entry in self.queue.items.values() if entry.item and entry.item.within(item)]:
            self.cancel(entry)
        for build in [build for build in self.running if build.item.within(item)]:
            self._interrupt(build, "ABORTED")

    def why(self, entry: QueueItem) -> str | None:
        """The reason Jenkins gives for an item that waits."""
        if entry.state == "left":
            return None
        if entry.state == "waiting":
            left = entry.ready - self.clock.now()
            return f"In the quiet period. Expires in {_span(left)}" if left > 0 else "Finished waiting"
        if entry.state == "blocked":
            build = next((build for build in self.running if build.item is entry.item), None)
            if build is None or entry.parameters:
                return "A build is already in progress"
            return f"Build #{build.number} is already in progress (ETA: N/A)"
        if self.quieting:
            return "Jenkins is about to shut down"
        return self._why_no_executor(entry)

    def _why_no_executor(self, entry: QueueItem) -> str:
        if entry.label is None:
            return "Waiting for next available executor"
        label = printed(entry.label)
        fitting = self.computers.fitting(entry.label)
        if not fitting:
            return (
                f"There are no nodes with the label \u2018{label}\u2019"
                if self.computers.agents
                else f"\u2018Jenkins\u2019 doesn\u2019t have label \u2018{label}\u2019"
            )
        if all(not computer.online for computer in fitting):
            one = fitting[0].display_name
            return (
                f"\u2018{one}\u2019 is offline"
                if len(fitting) == 1
                else f"All nodes of label \u2018{label}\u2019 are offline"
            )
        where = fitting[0].display_name if len(fitting) == 1 else label
        return f"Waiting for next available executor on \u2018{where}\u2019"

    def stuck(self, entry: QueueItem) -> bool:
        """Whether Jenkins calls it stuck: no node of its label is there, or none online."""
        if entry.state != "buildable" or entry.label is None:
            return False
        return all(not computer.online for computer in self.computers.fitting(entry.label))

    def busy(self, computers: Iterable[Computer]) -> int:
        """How many executors of these nodes are taken."""
        return sum(len(self.on(computer)) for computer in computers)


def _opening(build: Build, computer: Computer) -> str:
    if build.upstream is not None:
        matrix = build.upstream
        name = matrix.item.full_name
        started = f'Started by upstream project "{name}" build number {matrix.number}\n'
    else:
        started = f"Started by user {build.user}\n" if build.user else "Started by an SCM change\n"
    workspace = f"{computer.remote_fs or '/var/jenkins_home'}/workspace/{build.item.full_name}"
    where = (
        f"Building remotely on {computer.name} ({' '.join(sorted(computer.labels))})"
        if computer.name
        else "Building on the built-in node"
    )
    return f"{started}Running as SYSTEM\n{where} in workspace {workspace}\n"
