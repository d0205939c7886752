"""The processes of one load: starts them, listens to all of them at once, keeps their time limits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from selectors import EVENT_READ, DefaultSelector, SelectorKey

from jobdsl.errors import Problem
from jobdsl.loading import memory
from jobdsl.loading.frames import BadFrame
from jobdsl.loading.gather import Gathered
from jobdsl.loading.groups import Groups
from jobdsl.loading.hosting import Alone, Host, NoWall, TooMuch
from jobdsl.loading.request import Request

__all__ = ["run"]

_MOST_DEATHS = 20
"""Files that may end their process before those that have not run are given up."""
_MOST_TIME = 2.0
"""Time limits that may go by before they are given up."""


def run(request: Request, groups: Groups, gathered: Gathered) -> None:
    """Run the groups, all in one process where they turn out to belong together. Raises NoWall."""
    try:
        _Crew(request, groups, gathered).run()
    except Alone:
        gathered.forget()
        _Crew(request, groups.joined(), gathered).run()


class _Crew:
    """The processes of one attempt.

    Without teams nothing is taken until every file has run: only then is it sure that the groups
    have nothing to do with each other.
    """

    def __init__(self, request: Request, groups: Groups, gathered: Gathered) -> None:
        self.request, self.gathered = request, gathered
        self.waiting = list(groups.parts)
        self.at_once = groups.at_once if groups.fixed else len(groups.parts)
        self.gated = not groups.fixed and len(groups.parts) > 1
        self.hosts: list[Host] = []
        self.began = time.monotonic()
        self.walled = False
        self.ready = DefaultSelector()
        self.budget_mb = memory.budget_mb(request.settings.load.memory_mb)
        self._counted = self.began

    def run(self) -> None:
        """Run all groups to their ends."""
        try:
            while self.waiting or self.hosts:
                while self.waiting and len(self.hosts) < self.at_once:
                    self._start(self.waiting.pop(0))
                if self.gated and all(host.ran for host in self.hosts):
                    self._open()
                self._turn()
        finally:
            for host in self.hosts:
                host.kill()
            self.ready.close()

    def _start(self, own: Iterable[str], failed: frozenset[str] = frozenset()) -> None:
        host = Host(self.request, own, self.gathered, failed)
        self.hosts.append(host)
        self.ready.register(host.out, EVENT_READ, (host, True))
        self.ready.register(host.err, EVENT_READ, (host, False))

    def _open(self) -> None:
        self.gated = False
        for host in self.hosts:
            self.ready.register(host.out, EVENT_READ, (host, True))
        for host in self.hosts[:]:
            host.proceed()
            self._listen(host, lambda host: host.take(until_ran=False))

    def _turn(self) -> None:
        """Wait for the next bytes of any process, or until the time of one is up."""
        listening = [host for host in self.hosts if not (self.gated and host.ran)]
        if not listening:
            return
        left = min(host.deadline for host in listening) - time.monotonic()
        for key, _ in self.ready.select(min(max(left, 0), memory.INTERVAL_SECONDS)):
            self._arrived(key)
        self._count_memory()
        now = time.monotonic()
        for host in listening:
            if host in self.hosts and host.deadline <= now and not (self.gated and host.ran):
                host.late()
                self._finish(host)

    def _count_memory(self) -> None:
        """End the process that uses most where all of them together use more than they may."""
        if len(self.hosts) < 2 or time.monotonic() < self._counted + memory.INTERVAL_SECONDS:
            return
        self._counted = time.monotonic()
        used = {host: memory.used_mb(host.process.pid) for host in self.hosts}
        if (total := sum(used.values())) <= self.budget_mb:
            return
        largest = max(self.hosts, key=lambda host: used[host])
        message = (
            f"the processes that run DSL files use {total:.0f} MB together, more than the"
            f" {self.budget_mb:.0f} MB they may have of this host's memory;"
            f" this one uses {used[largest]:.0f} MB"
        )
        hint = "is it a loop that builds ever more? load.memory_mb and load.workers in jobdsl.toml bound them"
        self.gathered.problems.append(largest.sender.placed(Problem(message, largest.sender.place, hint)))
        self.walled = True
        self._drop(largest)
        largest.kill()

    def _arrived(self, key: SelectorKey) -> None:
        host, is_output = key.data
        if host not in self.hosts:
            return
        if is_output:
            self._listen(host, lambda host: host.read(until_ran=self.gated))
        elif not host.read_errors():
            self.ready.unregister(host.err)

    def _listen(self, host: Host, step: object) -> None:
        """Take a step with what a process sent."""
        assert callable(step)
        try:
            more = step(host)
        except BadFrame as error:
            self._finish(host, error)
            return
        except TooMuch:
            self.walled = True
            self._drop(host)
            host.kill()
            return
        if more:
            return
        if self.gated and host.ran:
            self.ready.unregister(host.out)
        else:
            self._finish(host)

    def _finish(self, host: Host, bad: BadFrame | None = None) -> None:
        self._drop(host)
        self.walled = self.walled or host.walled
        try:
            cut_off = host.finish(bad)
        except NoWall as error:
            if not self.walled:
                raise
            problem = Problem(f"a process could not be started: {error}")
            self.gathered.problems.append(host.sender.placed(problem))
        else:
            if cut_off and (left := host.own - host.guilty):
                self._again(host, len(left))

    def _again(self, host: Host, left: int) -> None:
        """Run the other files of a process that one file has ended: their problems are wanted all the same.

        All of them, as two definitions of one name are only found where both are made.
        """
        patience = _MOST_TIME * self.request.settings.load.timeout_seconds
        if len(host.failed) < _MOST_DEATHS and time.monotonic() < self.began + patience:
            self._start(host.own, host.guilty)
            return
        message = f"{left} more files were not looked at to the end, as these ended their process"
        problem = Problem(message, hint="there may be more to tell once they are mended")
        self.gathered.problems.append(host.sender.placed(problem))

    def _drop(self, host: Host) -> None:
        self.hosts.remove(host)
        for fd in (host.out, host.err):
            if fd in self.ready.get_map():
                self.ready.unregister(fd)
