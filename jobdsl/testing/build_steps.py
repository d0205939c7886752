"""Doing the work of a build on this machine: git checkout, shell steps as processes, files to keep."""

from __future__ import annotations

import base64
import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jobdsl.testing.build_spec import BuildSpec, BuildStep
from jobdsl.testing.builds import Result, worst
from jobdsl.testing.suites import count, suites_of

__all__ = ["BuildOutcome", "Stopper", "perform"]

Log = Callable[[str], None]
_REFS = ("refs/heads/", "remotes/origin/", "origin/", "**/", "*/")


class Stopper:
    """Ends the processes of one build, now and from now on."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.stopped = False

    def stop(self) -> None:
        """Kill what runs; nothing more will start."""
        with self._lock:
            self.stopped = True
            process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """This is what runs now."""
        with self._lock:
            self._process = process
            stopped = self.stopped
        if stopped:
            self.stop()


@dataclass(slots=True, kw_only=True)
class BuildOutcome:
    """How a build went, and what it left behind."""

    result: Result = "SUCCESS"
    artifacts: dict[str, bytes] = field(default_factory=dict)
    reports: list[bytes] = field(default_factory=list)
    commit: str = ""
    handed: dict[str, str] = field(default_factory=dict)
    """Texts of the files the work wants to hand on."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """One build on its way through its work."""

    work: BuildSpec
    workspace: Path
    log: Log
    stopper: Stopper
    outcome: BuildOutcome = field(default_factory=BuildOutcome)

    def say(self, text: str) -> None:
        """A line or more of the log, secrets hidden."""
        for secret in self.work.secrets:
            text = text.replace(secret, "****")
        self.log(text)

    def process(self, command: list[str], environment: dict[str, str]) -> int:
        """Run a command in the workspace, its output into the log; the exit code."""
        process = subprocess.Popen(  # noqa: S603 - running the commands of a job is the point
            command,
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.stopper.watch(process)
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self.say(line.decode("utf-8", "replace"))
        return process.wait()


def perform(work: BuildSpec, root: Path, log: Log, stopper: Stopper) -> BuildOutcome:
    """Do the work in a workspace below `root`; never raises for what a build does wrong."""
    workspace = root / "workspace" / work.job
    workspace.mkdir(parents=True, exist_ok=True)
    run = _Run(work=work, workspace=workspace, log=log, stopper=stopper)
    if work.problem:
        run.say(work.problem + "\n")
        run.outcome.result = "FAILURE"
        return run.outcome
    environment = {
        **os.environ,
        **work.environment,
        "WORKSPACE": str(workspace),
        "WORKSPACE_TMP": f"{workspace}@tmp",
    }
    try:
        _work_through(run, environment)
    except (OSError, ValueError, NotImplementedError) as error:  # no such interpreter, no such pattern
        run.say(f"FATAL: {error}\n")
        run.outcome.result = "FAILURE"
    if stopper.stopped:
        run.outcome.result = "ABORTED"
    return run.outcome


def _work_through(run: _Run, environment: dict[str, str]) -> None:
    if _checkout(run, environment):
        for step in run.work.steps:
            if run.stopper.stopped or not _step(run, step, environment):
                break
        _publish(run)


def _checkout(run: _Run, environment: dict[str, str]) -> bool:
    """Check the branch out; False when that failed."""
    work = run.work
    if not work.git_url:
        return True
    branch = work.git_branch
    for prefix in _REFS:
        branch = branch.removeprefix(prefix)
    run.say(f"Cloning repository {work.git_url}\n")
    fetch = [
        "git",
        "fetch",
        "--quiet",
        "--tags",
        "--force",
        work.git_url,
        "+refs/heads/*:refs/remotes/origin/*",
    ]
    quiet = {**environment, "GIT_TERMINAL_PROMPT": "0"}
    fine = run.process(["git", "init", "--quiet", "."], quiet) == 0
    if fine and work.git_clean:
        run.process(["git", "clean", "--quiet", "-fdx"], quiet)
    if fine and work.git_prune_tags:
        _prune_tags(run, quiet)
    fine = fine and run.process(fetch, quiet) == 0
    commit = _commit(run, branch, quiet) if fine else ""
    if not commit or run.process(["git", "checkout", "--quiet", "--force", commit], quiet) != 0:
        run.say(f"ERROR: Couldn't find any revision to build for {work.git_branch}\n")
        run.outcome.result = "FAILURE"
        return False
    run.say(f"Checking out Revision {commit} (refs/remotes/origin/{branch})\n")
    run.outcome.commit = commit
    environment |= {"GIT_COMMIT": commit, "GIT_BRANCH": f"origin/{branch}", "GIT_URL": work.git_url}
    return True


def _prune_tags(run: _Run, environment: dict[str, str]) -> None:
    """Remove the tags of the workspace that the repository does not have."""
    remote = _output(run, ["git", "ls-remote", "--tags", "--refs", run.work.git_url], environment)
    for line in _output(run, ["git", "show-ref", "--tags"], environment).splitlines():
        commit, _, ref = line.partition(" ")
        if f"{commit}\t{ref}" not in remote.splitlines():
            run.process(["git", "tag", "-d", ref.removeprefix("refs/tags/")], environment)


def _commit(run: _Run, branch: str, environment: dict[str, str]) -> str:
    """Return the commit a branch, tag or hash stands for; empty if there is none."""
    for name in (f"refs/remotes/origin/{branch}", branch):
        command = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        if commit := _output(run, command, environment).strip():
            return commit
    return ""


def _output(run: _Run, command: list[str], environment: dict[str, str]) -> str:
    """Return what a command of git prints in the workspace; empty where it fails."""
    done = subprocess.run(  # noqa: S603 - the git of the path, as in a build
        command, cwd=run.workspace, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""


def _step(run: _Run, step: BuildStep, environment: dict[str, str]) -> bool:
    """Run one step. Returns False when it failed the build and the rest is left out."""
    if step.skipped:
        run.say(f"[simulated] {step.skipped} is not run here\n")
        return True
    if step.copies:
        return _copy(run, step, environment)
    with tempfile.NamedTemporaryFile("w", suffix=".sh", prefix="jenkins", encoding="utf-8") as script:
        script.write(step.script)
        script.flush()
        command = [*_interpreter(step.script), script.name]
        run.say(f"[{run.work.job.rpartition('/')[2]}] $ {shlex.join(command)}\n")
        code = run.process(command, environment)
    if code and code == step.unstable_return:
        run.outcome.result = worst(run.outcome.result, "UNSTABLE")
        return True
    if code:
        run.say("Build step 'Execute shell' marked build as failure\n")
        run.outcome.result = "FAILURE"
    return code == 0


def _copy(run: _Run, step: BuildStep, environment: dict[str, str]) -> bool:
    """Put down the files a step copies; False when there were none and there must be some."""
    if step.problem:
        run.say(step.problem)
        run.outcome.result = "FAILURE"
        return False
    for name, data in step.files.items():
        path = run.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
    run.say(step.log_text)
    environment |= step.variables
    return True


def _interpreter(script: str) -> list[str]:
    """Return the interpreter a script names in its first line, else the shell that shows and stops."""
    first = script.partition("\n")[0]
    return shlex.split(first[2:]) if first.startswith("#!") else ["/bin/sh", "-xe"]


def _publish(run: _Run) -> None:
    """Collect reports and files, also after a failure."""
    for name in run.work.handed:
        if (run.workspace / name).is_file():
            run.outcome.handed[name] = (run.workspace / name).read_text("utf-8", "replace")
    for pattern in run.work.reports:
        run.say("Recording test results\n")
        report_files = _matching(run, pattern, "ERROR: No test report files were found. Configuration error?")
        run.outcome.reports += [path.read_bytes() for path in report_files]
    suites = [suite for data in run.outcome.reports for suite in suites_of(data)]
    if count(suites, "FAILED"):
        run.outcome.result = worst(run.outcome.result, "UNSTABLE")
    for pattern in run.work.archive:
        run.say("Archiving artifacts\n")
        missing = f'ERROR: No artifacts found that match the file pattern "{pattern}". Configuration error?'
        for path in _matching(run, pattern, missing):
            run.outcome.artifacts[path.relative_to(run.workspace).as_posix()] = path.read_bytes()


def _matching(run: _Run, pattern: str, missing: str) -> list[Path]:
    """Return the files that Ant patterns match; a failure when there are none and there must be some."""
    optional = pattern.startswith("?")
    paths = sorted(set(_glob(run.workspace, pattern.removeprefix("?"))))
    if not paths and not optional and run.outcome.result == "SUCCESS":
        run.say(missing + "\n")
        run.outcome.result = "FAILURE"
    return paths


def _glob(root: Path, patterns: str) -> Iterator[Path]:
    for pattern in (word.strip() for word in patterns.split(",")):
        if pattern:
            whole = f"{pattern}**/*" if pattern.endswith("/") else pattern.replace("**.", "**/*.")
            whole = f"{whole}/*" if whole.endswith("**") else whole
            yield from (path for path in root.glob(whole) if path.is_file())
