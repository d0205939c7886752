"""What the demonstrations share: the example estate as a git repository, commands, and how they are shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path

ESTATE = Path(__file__).parent / "platform"
JOBDSL = Path(sys.executable).with_name("jobdsl")
TEMPLATE = "shared/templates.py"
BEFORE = "steps=make(*TARGETS[language]),"
AFTER = 'steps=make(*TARGETS[language], "scan"),'
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a demonstration."""
USED = "make scan"
"""What the jobs of the edited template have in their documents, and no other job has."""


def make_repository(place: Path) -> Path:
    """A git repository with the example estate."""
    shutil.copytree(ESTATE, place, ignore=shutil.ignore_patterns("__pycache__"))
    git(place, "init", "--initial-branch", "main")
    git(place, "add", "--all")
    git(place, "commit", "--message", "The platform's jobs")
    return place


def git(repository: Path, *words: str) -> None:
    """A git command that has nothing to say, under a name of its own and without the user's settings."""
    who = {f"GIT_{role}_{what}": f"demo{at}" for role in ("AUTHOR", "COMMITTER") for what, at in IDENTITY}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    calm = ["-c", "maintenance.auto=false", "-c", "gc.auto=0"]  # nothing that goes on in the background
    done = run("git", *calm, "-C", str(repository), *words, env=environment)
    expect(done.returncode == 0, f"git {words[0]} succeeds: {done.stdout}")


IDENTITY = (("NAME", ""), ("EMAIL", "@example.com"))


def shell(*words: str, **environment: str) -> None:
    """Show a command, run it, and show what it says."""
    print(f"  $ {shlex.join(words)}")
    path = f"{JOBDSL.parent}{os.pathsep}{os.environ['PATH']}"
    done = run(*words, env={**os.environ, **environment, "PATH": path})
    print(indented(done.stdout))
    expect(done.returncode == 0, f"{words[0]} succeeds")


def run(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; end it when this process is ended by a signal.

    Signals wait while the command starts: an exception between its start and the moment that Python knows of
    it would leave it running, and writing.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        process = subprocess.Popen(words, env=env, text=True, stdout=-1, stderr=-2, preexec_fn=_allow_signals)
        with process:
            try:
                _allow_signals()
                output, _ = process.communicate()
            except BaseException:
                process.kill()
                raise
    finally:
        _allow_signals()
    return subprocess.CompletedProcess(words, process.returncode, output)


def _allow_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def lines_of(estate: Path) -> int:
    """Lines of Python in an estate that are neither empty nor a comment."""
    lines = (line.strip() for path in estate.rglob("*.py") for line in path.read_text("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def expect(true: bool, what: str) -> None:
    """End the demo with an exit code other than 0 unless it is so."""
    if not true:
        raise SystemExit(f"The demo expected that {what}. It is not so.")


def title(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}\n")


def say(text: str) -> None:
    print(f"{text}\n")


def indented(text: str) -> str:
    return "".join(f"  | {line}\n" for line in text.splitlines())


def shortened(log: str) -> str:
    """A build's log with the first of its differences, and the first lines of its long lists."""
    kept: list[str] = []
    differences = 0
    for line in log.splitlines():
        differences += line.startswith("      --- ")
        if differences < 2 or not line.startswith("      "):
            kept.append(line)
    lines: list[str] = []
    for listed, group in groupby(kept, key=lambda line: LISTED.match(line) is not None):
        run = list(group)
        lines += (
            [*run[:SHOWN], f"    ... {len(run) - SHOWN} more"] if listed and len(run) > SHOWN + 1 else run
        )
    return "\n".join(lines)


LISTED = re.compile(r" {0,2}[+~] |applied: ")
SHOWN = 4
