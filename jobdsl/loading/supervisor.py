"""The processes of one load: starts them, listens to all of them at once, keeps their time limits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from selectors import EVENT_READ, DefaultSelector, SelectorKey

from jobdsl.errors import Problem
from jobdsl.loading.collector import Gathered
from jobdsl.loading.groups import Groups
from jobdsl.loading.protocol import BadFrame
from jobdsl.loading.request import LoadRequest
from jobdsl.loading.worker import Alone, Host, NoWall, Short, TooMuch

__all__ = ["run"]

_MOST_DEATHS = 20
"""Files that may end their process before those that have not run are given up."""
_MOST_TIME = 2.0
"""Time limits that may go by before they are given up."""


def run(request: LoadRequest, groups: Groups, gathered: Gathered) -> None:
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

    def __init__(self, request: LoadRequest, groups: Groups, gathered: Gathered) -> None:
        self.request, self.gathered = request, gathered
        self.waiting: list[Iterable[str]] = list(groups.parts)
        self.large: list[Iterable[str]] = []
        """Groups that need more than their share of the memory: each runs alone, when the others have run."""
        self.at_once = groups.at_once
        self.whole_mb = request.settings.load.memory_mb
        self.share_mb = self.whole_mb // max(1, groups.at_once)
        self.gated = not groups.fixed and len(groups.parts) > 1
        self.hosts: list[Host] = []
        self.began = time.monotonic()
        self.walled = False
        self.ready = DefaultSelector()

    def run(self) -> None:
        """Run all groups to their ends."""
        try:
            while self.waiting or self.hosts or self.large:
                while self.waiting and len(self.hosts) < self.at_once:
                    self._start(self.waiting.pop(0), self.share_mb)
                if not self.hosts:
                    self._start(self.large.pop(0), self.whole_mb)
                if self.gated and all(host.ran for host in self.hosts):
                    self._open()
                self._turn()
        finally:
            for host in self.hosts:
                host.kill()
            self.ready.close()

    def _start(self, own: Iterable[str], memory_mb: int, failed: frozenset[str] = frozenset()) -> None:
        host = Host(self.request, own, self.gathered, failed, memory_mb)
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
        seconds = min(host.deadline for host in listening) - time.monotonic()
        for key, _ in self.ready.select(max(seconds, 0)):
            self._arrived(key)
        now = time.monotonic()
        for host in listening:
            if host in self.hosts and host.deadline <= now and not (self.gated and host.ran):
                host.late()
                self._finish(host)

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
        except Short:
            self._drop(host)
            host.kill()
            self._run_alone(host)
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
        except Short:
            self._run_alone(host)
        else:
            if cut_off and (unfinished := host.own - host.guilty):
                self._again(host, len(unfinished))

    def _run_alone(self, host: Host) -> None:
        """Run files again that need more than their share of the memory, with all of it.

        Without teams nothing was taken yet, and one process runs all files. Raises Alone there.
        """
        self.walled = True
        if self.gated:
            raise Alone
        self.large.append(host.own)

    def _again(self, host: Host, file_count: int) -> None:
        """Run the other files of a process that one file has ended: their problems are wanted all the same.

        All of them, as two definitions of one name are only found where both are made.
        """
        patience = _MOST_TIME * self.request.settings.load.timeout_seconds
        if len(host.failed) < _MOST_DEATHS and time.monotonic() < self.began + patience:
            self._start(host.own, host.memory_mb, host.guilty)
            return
        message = f"{file_count} more files were not evaluated, because these files ended the process"
        problem = Problem(message, hint="fix these errors first; there may be more")
        self.gathered.problems.append(host.sender.placed(problem))

    def _drop(self, host: Host) -> None:
        self.hosts.remove(host)
        for fd in (host.out, host.err):
            if fd in self.ready.get_map():
                self.ready.unregister(fd)
