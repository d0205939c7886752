"""From the queue to executors to finished builds, by the controller's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol

from jobdsl.testing.active_builds import RunningBuilds
from jobdsl.testing.builds import Build, ParameterValue, Result, worst
from jobdsl.testing.clock import Clock
from jobdsl.testing.computers import Computer, Computers
from jobdsl.testing.interrupted import WAITS_FOR_NODE, InterruptedParts, pause
from jobdsl.testing.matrix import configurations
from jobdsl.testing.queue import Queue, SimulatedQueueItem
from jobdsl.testing.store import StoredItem

__all__ = ["BuildRunner", "Scheduler"]

_ON_BUILT_IN = ("pipeline", "matrix")
"""Builds of these shapes begin on the built-in node, whatever it does."""


class BuildRunner(Protocol):
    """What really runs builds; without one they only take time."""

    def start(self, build: Build, computer: Computer) -> bool:
        """Begin a build; False when it shall only take time."""
        ...

    def stop(self, build: Build) -> None:
        """Interrupt a build."""
        ...


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """The queue, the nodes, and the builds that run on them."""

    clock: Clock
    computers: Computers
    queue: Queue = field(default_factory=Queue)
    running: RunningBuilds = field(default_factory=RunningBuilds)
    build_seconds: float = 1.0
    """How long a simulated build takes."""
    maintenance: float = 0.0
    """Seconds from the end of a quiet period to the next pass over the queue (up to 5 on a controller)."""
    runner: BuildRunner | None = None
    quieting: bool = False
    interrupted: InterruptedParts = field(default_factory=InterruptedParts)
    """Parts of Pipelines that resume after a restart."""
    _looking: bool = False
    _again: bool = False
    _last_pass: float = -1.0
    """The time of the last pass over the whole queue."""

    def schedule(
        self,
        item: StoredItem,
        *,
        user: str,
        quiet: float,
        parameters: tuple[ParameterValue, ...] = (),
        started_by: Build | None = None,
    ) -> tuple[SimulatedQueueItem, bool]:
        """Put a job into the queue; an equal item that waits already is the answer, and False."""
        now = self.clock.now()
        for waiting in self.queue.of_job(item):
            if waiting.parameters == parameters:
                waiting.causes += 1
                return waiting, False
        entry = SimulatedQueueItem(
            id=self.queue.next_id(),
            item=item,
            name=item.name,
            label=item.tied_to,
            since=now,
            ready=now + quiet,
            user=user,
        )
        entry.parameters = parameters
        entry.started_by = started_by
        self._enter(entry)
        return entry, True

    def add_part(self, build: Build, label: str) -> SimulatedQueueItem:
        """Queue a `node(label)` step of a Pipeline build, which waits for an executor."""
        now = self.clock.now()
        name = f"part of {build.item.name} #{build.number}"
        entry = SimulatedQueueItem(
            id=self.queue.next_id(), item=None, name=name, label=label, since=now, ready=now, part_of=build
        )
        build.ends = None  # it lasts as long as its parts
        build.waiting_runs += 1
        self._enter(entry)
        return entry

    def _enter(self, entry: SimulatedQueueItem) -> None:
        """Take an item in. Of a queue that was just looked at, it is the only one that can have news."""
        self.queue.add(entry)
        now = self.clock.now()
        if self._looking or now != self._last_pass:
            self.tick()
            return
        self._advance(entry, now, set())
        if self._again:
            self.tick()

    def tick(self) -> None:
        """Bring everything up to the present."""
        self._again = True
        if self._looking:
            return
        self._looking = True
        try:
            while self._again:
                self._again = False
                self._run_pass(self.clock.now())
        finally:
            self._looking = False

    def _run_pass(self, now: float) -> None:
        """Make one pass over what ends and what waits; steps that need another one request it."""
        self._last_pass = now
        for build in self.running.due(now):
            self.finish(build, "SUCCESS" if build.remaining_seconds is None else "FAILURE", at=build.ends)
        for part in self.interrupted.due(now):
            self._requeue(part, now)
        for entry in self.interrupted.given_up(self.queue.items.values(), self.computers.agents, now):
            self.cancel(entry)
        self.computers.forget(now, self.running.count)
        full: set[str | None] = set()
        for entry in list(self.queue.items.values()):
            self._advance(entry, now, full)

    def _advance(self, entry: SimulatedQueueItem, now: float, full: set[str | None]) -> None:
        """Move an item on. `full` collects the labels without a free executor."""
        maintenance = self.maintenance if entry.ready > entry.since else 0
        if entry.state == "left" or now < entry.ready + maintenance:
            return
        if entry.state == "waiting":
            entry.buildable_since = now
        entry.state = "blocked" if self._blocked(entry) else "buildable"
        may_start = entry.state == "buildable" and not self.quieting
        computer = self._free_computer(entry, full) if may_start else None
        if computer is not None and entry.item is not None:
            self._start(entry, entry.item, computer, now)
        elif computer is not None:
            self._start_part(entry, computer, now)

    def _blocked(self, entry: SimulatedQueueItem) -> bool:
        item = entry.item
        if item is None or item.fields.get("concurrentBuild") == "true" or item.kind.shape == "pipeline":
            return False
        earlier = any(
            other.id < entry.id and other.state in ("blocked", "buildable")
            for other in self.queue.of_job(item)
        )
        return earlier or bool(self.running.of(item))

    def _free_computer(self, entry: SimulatedQueueItem, full: set[str | None]) -> Computer | None:
        if entry.item is not None and entry.item.kind.shape in _ON_BUILT_IN:
            return self.computers.built_in
        if entry.label in full:
            return None
        for computer in self.computers.fitting(entry.label):
            if computer.online and self.running.count(computer.name) < computer.executors:
                return computer
        full.add(entry.label)
        return None

    def on(self, computer: Computer) -> list[Build]:
        """Return the builds that hold an executor of a node."""
        return self.running.on(computer.name)

    def one_off(self, computer: Computer) -> list[Build]:
        """Return the builds that run on a node without holding an executor."""
        return self.running.beside(computer.name)

    def _start_part(self, entry: SimulatedQueueItem, computer: Computer, now: float) -> None:
        """A part of a Pipeline build holds an executor, and belongs to the build."""
        whole = entry.part_of
        assert whole is not None
        part, seconds = entry.resumes, self.build_seconds
        if part is None:
            part = Build(
                item=whole.item,
                number=whole.number,
                queue_id=entry.id,
                started=now,
                node=computer.name,
                user="",
                is_part=True,
            )
            part.upstream = whole
            whole.runs.append(part)
        elif part.remaining_seconds is not None:
            seconds, part.remaining_seconds = part.remaining_seconds, None
        self.running.add(part)
        self.running.ends_at(part, now + seconds)
        self.queue.leave(entry, part)

    def _requeue(self, part: Build, now: float) -> None:
        """Let a part go on where it ran: it waits for that very node."""
        name = f"part of {part.item.name} #{part.number}"
        entry = SimulatedQueueItem(
            id=self.queue.next_id(),
            item=None,
            name=name,
            label=part.node,
            since=now,
            ready=now,
            part_of=part.upstream,
            resumes=part,
        )
        self.queue.add(entry)

    def _start(self, entry: SimulatedQueueItem, item: StoredItem, computer: Computer, now: float) -> None:
        number = entry.upstream.number if entry.upstream else item.next_build
        build = Build(
            item=item,
            number=number,
            queue_id=entry.id,
            started=now,
            node=computer.name,
            user=entry.user,
            causes=entry.causes,
        )
        build.parameters, build.started_by = entry.parameters, entry.started_by
        build.waited = min(entry.ready, now) - entry.since
        build.queued = now - max(entry.ready, entry.since)
        item.next_build = number + 1
        item.builds[build.number] = build
        self.running.add(build)
        self.queue.leave(entry, build)
        build.log.append(_opening(build, computer))
        if entry.upstream is not None:
            build.upstream = entry.upstream
            entry.upstream.runs.append(build)
        spread = configurations(item) if item.kind.shape == "matrix" else []
        for configuration in spread:
            self._spread(configuration, build, now)
        if not spread and (self.runner is None or not self.runner.start(build, computer)):
            self.running.ends_at(build, now + self.build_seconds)

    def _spread(self, configuration: StoredItem, build: Build, now: float) -> None:
        """Queue one configuration of a matrix build."""
        label = configuration.tied_to
        number = self.queue.next_id()
        entry = SimulatedQueueItem(
            id=number,
            item=configuration,
            name=configuration.name,
            label=label,
            since=now,
            ready=now,
            upstream=build,
        )
        entry.parameters = build.parameters
        self.queue.add(entry)
        self._again = True
        build.waiting_runs += 1

    def finish(self, build: Build, result: Result, *, at: float | None = None) -> None:
        """A build is over; whatever waited for its executor may start."""
        if build not in self.running:
            return
        build.duration = (self.clock.now() if at is None else at) - build.started
        build.log.append(f"Finished: {result}\n")
        build.result = result
        self.running.remove(build)
        self._end_parts(build)
        if build.upstream is not None:
            self._gather(build.upstream)
        self.tick()

    def _end_parts(self, build: Build) -> None:
        """What is left of a build that is over goes with it."""
        for entry in list(self.queue.items.values()) if build.waiting_runs else ():
            if build in (entry.upstream, entry.part_of):
                self.queue.leave(entry)
        self.interrupted.forget(build)
        for part in build.runs:
            self._interrupt(part, "ABORTED")

    def _gather(self, matrix: Build) -> None:
        """A build of parts is over when the last of them is; the worst result counts."""
        matrix.waiting_runs -= 1
        if matrix.waiting_runs == 0:
            results = [run.result for run in matrix.runs if run.result is not None]
            self.finish(matrix, reduce(worst, results, "SUCCESS"))

    def stop(self, build: Build, user: str) -> None:
        """Abort a build."""
        build.log.append(f"Build was aborted\nAborted by {user}\n")
        self._interrupt(build, "ABORTED")

    def _interrupt(self, build: Build, result: Result) -> None:
        if self.runner is not None and build.ends is None and build in self.running:
            self.runner.stop(build)
        self.finish(build, result)

    def lost(self, computer: Computer, message: str) -> None:
        """A node's agent is gone: what ran there has failed."""
        for build in self.on(computer):
            if build.is_part:
                pause(build, self.clock.now())
                continue
            build.log.append(f"FATAL: {message}\n")
            self._interrupt(build, "FAILURE")

    def reconnected(self, computer: Computer) -> None:
        """A node's agent is back: parts of Pipelines go on."""
        for build in self.on(computer):
            if build.remaining_seconds is not None:
                self.running.ends_at(build, self.clock.now() + build.remaining_seconds)
                build.remaining_seconds = None

    def removed(self, computer: Computer, message: str) -> None:
        """A node was deleted: parts of Pipelines hold their executors for some minutes, then they fail."""
        self.lost(computer, message)
        for build in self.on(computer):
            if build.remaining_seconds is not None:
                self.running.ends_at(build, self.clock.now() + WAITS_FOR_NODE)

    def restart(self, resume_seconds: float) -> None:
        """Forget what runs, as a restart does: parts of Pipelines resume, other builds were aborted."""
        now = self.clock.now()
        self.quieting = False
        for build in self.running:
            if build.is_part:
                pause(build, now)
                self.running.remove(build)
                self.interrupted.add(build, now + resume_seconds)
        for build in self.running:
            if build.item.kind.shape != "pipeline":
                self._interrupt(build, "ABORTED")

    def cancel(self, entry: SimulatedQueueItem) -> None:
        """Take an item out of the queue."""
        self.queue.leave(entry)
        if (whole := entry.upstream or entry.part_of) is not None:
            self._gather(whole)

    def forget(self, item: StoredItem) -> None:
        """A deleted item and all below it neither wait nor run any more."""
        for entry in list(self.queue.items.values()):
            job = entry.part_of.item if entry.part_of is not None else entry.item
            if job is not None and job.within(item):
                self.cancel(entry)
        for build in self.running:
            if build.item.within(item):
                self._interrupt(build, "ABORTED")

    def busy(self, computers: Iterable[Computer]) -> int:
        """Return how many executors of these nodes are taken."""
        return sum(self.running.count(computer.name) for computer in computers)


def _opening(build: Build, computer: Computer) -> str:
    if (above := build.upstream or build.started_by) is not None:
        name = above.item.full_name
        started = f'Started by upstream project "{name}" build number {above.number}\n'
    else:
        started = f"Started by user {build.user}\n" if build.user else "Started by an SCM change\n"
    workspace = f"{computer.remote_fs or '/var/jenkins_home'}/workspace/{build.item.full_name}"
    where = (
        f"Building remotely on {computer.name} ({' '.join(sorted(computer.labels))})"
        if computer.name
        else "Building on the built-in node"
    )
    return f"{started}Running as SYSTEM\n{where} in workspace {workspace}\n"
