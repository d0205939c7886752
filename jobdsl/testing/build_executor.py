"""Executors that really run builds: the built-in node in threads of this process, and connected agents."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.testing.agent_channel import AgentChannel
from jobdsl.testing.build_spec import BuildSpec, environment_of, work_of
from jobdsl.testing.build_steps import BuildOutcome, Stopper, perform
from jobdsl.testing.builds import Build
from jobdsl.testing.computers import Computer
from jobdsl.testing.downstream import start
from jobdsl.testing.suites import suites_of

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["StepRunner"]


class StepRunner:
    """Runs freestyle builds: on the built-in node if asked to, and on agents that are processes."""

    def __init__(self, jenkins: ControllerState, *, built_in: bool) -> None:
        self._jenkins = jenkins
        self._built_in = built_in
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._stoppers: dict[Build, Stopper] = {}
        self._threads: list[threading.Thread] = []
        self.lines: dict[str, AgentChannel] = {}

    def start(self, build: Build, computer: Computer) -> bool:
        """Begin a build where something can run it; False lets it only take time."""
        if build.item.kind.shape not in ("project", "configuration"):
            return False
        if computer.name in self.lines:
            self.lines[computer.name].waiting.append(build)
            self._jenkins.changed.notify_all()
            return True
        if computer.name or not self._built_in:
            return False
        self._stoppers[build] = Stopper()
        work = work_of(self._jenkins, build)
        thread = threading.Thread(
            target=self._run, args=(build, work, self._home_made()), name=work.job, daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return True

    def stop(self, build: Build) -> None:
        """Kill the processes of a build."""
        if build in self._stoppers:
            self._stoppers[build].stop()
        for line in self.lines.values():
            line.stopping |= {key for key, taken in line.taken.items() if taken is build}

    def close(self) -> None:
        """Stop everything that runs here."""
        for stopper in list(self._stoppers.values()):
            stopper.stop()
        for thread in self._threads:
            thread.join(timeout=10)
        if self._home is not None:
            self._home.cleanup()

    def _home_made(self) -> Path:
        """Return where the built-in node has its workspaces; made under the controller's lock."""
        if self._home is None:
            self._home = tempfile.TemporaryDirectory(prefix="simulated-jenkins-", ignore_cleanup_errors=True)
        return Path(self._home.name)

    def _run(self, build: Build, work: BuildSpec, home: Path) -> None:
        outcome = perform(work, home, lambda text: self.log(build, text), self._stoppers[build])
        self.done(build, outcome)

    def log(self, build: Build, text: str) -> None:
        """Add to the log of a build."""
        with self._jenkins.changed:
            if build.building:
                build.log.append(text)
                self._jenkins.changed.notify_all()

    def done(self, build: Build, outcome: BuildOutcome) -> None:
        """A build is over: keep what it left, free its executor."""
        with self._jenkins.changed:
            self._stoppers.pop(build, None)
            if not build.building:
                return
            build.artifacts = outcome.artifacts
            build.suites = [suite for data in outcome.reports for suite in suites_of(data)]
            if outcome.commit:
                work = work_of(self._jenkins, build)
                build.commit, build.git_url = outcome.commit, work.git_url
                build.git_branch = f"refs/remotes/origin/{work.git_branch.rpartition('/')[2]}"
            environment = environment_of(self._jenkins, build) | {"GIT_COMMIT": outcome.commit}
            build.log += start(self._jenkins, build, outcome.result, environment, outcome.handed)
            self._jenkins.scheduler.finish(build, outcome.result)
            self._jenkins.changed.notify_all()
