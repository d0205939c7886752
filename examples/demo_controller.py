"""The main job on a real controller: what an estate makes, one edit, a second and a third run.

    JENKINS_URL=https://jenkins.example.com JENKINS_USER=ann JENKINS_TOKEN=... make demo

Everything happens in one folder with a name of its own, under a seed of its own, and is deleted at the end,
also when the demo fails or is stopped by a signal. A demo that is killed (SIGKILL) leaves the folder it named
at its beginning.
No seed job is made: its builds would run on the controller's agents, which cannot see this directory.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from types import FrameType
from typing import NoReturn
from uuid import uuid4

from demo_support import (
    AFTER,
    BEFORE,
    ENDING,
    ESTATE,
    TEMPLATE,
    USED,
    expect,
    git,
    lines_of,
    make_repository,
    say,
    shell,
    title,
)
from jobdsl.controller.jenkins import Controller, NotFoundError, connect
from jobdsl.errors import ControllerError, JobdslError

__all__ = ["main"]

NAMES = ("JENKINS_URL", "JENKINS_USER", "JENKINS_TOKEN")
ENTRY = """\
from jobdsl import folder

folder({folder!r}, description="Made by the demonstration of jobdsl, and deleted by it")
"""
SETTINGS = """\
[seed]
name = "{folder}"

[controller]
labels = ["linux", "docker", "windows", "macos", "arm64"]

[removed]
jobs = "delete"
"""
REBUILD = re.compile(r"        # Any element by its class.*?\n        \],\n", re.DOTALL)
"""The property of a plugin that many controllers do not have."""
FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder/>"
JOB = "<project><disabled>true</disabled></project>"
VIEW = "<hudson.model.ListView><name>v</name></hudson.model.ListView>"


def main() -> None:
    """Tell the story."""
    missing = [name for name in NAMES if not os.environ.get(name)]
    if missing:
        raise SystemExit(
            f"JENKINS_URL is set, and {' and '.join(missing)} is not: make an API token on your user page of"
            " the controller (Security). Without JENKINS_URL the controller is simulated."
        )
    try:
        controller = connect(*(os.environ[name] for name in NAMES))
        folder = f"jobdsl-demo-{uuid4().hex[:8]}"
        _end_on_signals()
        _check_rights(controller, folder)
        say(f"Everything is made in the folder {folder}. If the demo is killed, delete that folder by hand.")
        try:
            with tempfile.TemporaryDirectory(prefix="jobdsl-demo-") as place:
                _tell(controller, folder, make_estate(Path(place) / "jobs", folder))
        finally:
            _remove(controller, folder)
        title("4. Everything is removed")
        expect(controller.look("item", folder) is None, f"{folder} was deleted")
        say(f"The folder {folder} was deleted with all it held.")
    except JobdslError as error:
        raise SystemExit(f"{error.message}\n    {error.hint}".rstrip()) from None


def make_estate(place: Path, folder: str) -> Path:
    """Make a git repository with the example estate below one folder."""
    make_repository(place)
    (place / "demo.py").write_text(ENTRY.format(folder=folder), "utf-8")
    (place / "jobdsl.toml").write_text(SETTINGS.format(folder=folder), "utf-8")
    for name in ("base.py", "services.py"):
        text = REBUILD.sub("", (place / name).read_text("utf-8")).replace("        queue=True,\n", "")
        imports, first, rest = text.partition("\nwith " if name == "base.py" else "\nfor ")
        inside = f"\nwith inside({folder!r}):\n" + indent(first.lstrip() + rest, "    ")
        (place / name).write_text(
            imports.replace("from jobdsl import ", "from jobdsl import inside, ") + inside, "utf-8"
        )
    git(place, "add", "--all")
    git(place, "commit", "--message", "Put everything into one folder")
    return place


def _end_on_signals() -> None:
    """End by an exception on the first signal, so that the folder is deleted; ignore those that follow."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # shown also when it is killed

    def end(number: int, _: FrameType | None) -> NoReturn:
        for other in ENDING:
            signal.signal(other, lambda *_: None)  # SIG_IGN: an error for a second one under way
        raise SystemExit(128 + number)

    for number in ENDING:
        signal.signal(number, end)


def _remove(controller: Controller, folder: str) -> None:
    try:
        controller.delete("item", folder)
    except ControllerError as error:
        raise SystemExit(
            f"{error.message}\n    The folder {folder} is left on {controller.url}: delete it by hand."
        ) from None


def _check_rights(controller: Controller, folder: str) -> None:
    """Do once, with an empty folder, all that the story needs; report every refusal, and leave nothing."""
    calls: list[Callable[[], object]] = [
        controller.inventory,
        lambda: controller.create("item", folder, FOLDER),
        lambda: controller.create("item", f"{folder}/x", JOB),
        lambda: controller.config("item", f"{folder}/x"),
        lambda: controller.update("item", f"{folder}/x", JOB),
        lambda: controller.create("view", f"{folder}/v", VIEW),
        lambda: controller.update("view", f"{folder}/v", VIEW),
        lambda: controller.delete("view", f"{folder}/v"),
        lambda: controller.delete("item", folder),
    ]
    refusals: dict[str, None] = {}
    try:
        for call in calls:
            try:
                call()
            except NotFoundError:
                continue  # what it is about could not be made
            except ControllerError as error:
                if error.status != 403:
                    raise
                refusals[f"  {error.message}: {error.hint or 'ask an administrator for it'}"] = None
    finally:
        with suppress(ControllerError):
            controller.delete("item", folder)
    if refusals:
        left = controller.look("item", folder) is not None
        rest = f"\nThe empty folder {folder} is left: delete it by hand." if left else ""
        raise SystemExit("Too few rights for the demonstration:\n" + "\n".join(refusals) + rest)


def _tell(controller: Controller, folder: str, estate: Path) -> None:
    title("1. Every job, by one command")
    say(f"{controller.url}, Jenkins {controller.version}; everything below the folder {folder}:")
    shell("git", "-C", str(estate), "ls-files")
    shell("jobdsl", "apply", str(estate), "--yes")
    before = _documents(controller, folder)
    say(f"{len(before)} jobs and folders, from {lines_of(ESTATE)} lines of Python.")

    title("2. One edit to a template")
    text = (estate / TEMPLATE).read_text("utf-8")
    expect(text.count(BEFORE) == 1, "the line to edit is in the template")
    (estate / TEMPLATE).write_text(text.replace(BEFORE, AFTER), "utf-8")
    shell("git", "-C", str(estate), "diff", "--unified=0", "--no-prefix")
    shell("jobdsl", "apply", str(estate), "--yes")
    after = _documents(controller, folder)
    changed = {name for name in after if after[name] != before.get(name)}
    users = {name for name in after if USED.encode() in after[name]}
    expect(before.keys() == after.keys(), "no job came or went")
    expect(changed == users and 0 < len(changed) < len(after), "exactly the template's jobs changed")
    say(f"{len(changed)} of {len(after)} changed: exactly those the template makes.")

    title("3. A third run has nothing to do")
    shell("jobdsl", "plan", str(estate))
    shell("jobdsl", "plan", str(estate), "--refresh")
    expect(_documents(controller, folder) == after, "every document is as it was")
    say("Every document is as it was.")


def _documents(controller: Controller, folder: str) -> dict[str, bytes]:
    names = [
        existing.full_name
        for existing in controller.inventory()
        if existing.kind == "item" and existing.full_name.startswith(f"{folder}/")
    ]
    return {name: controller.config("item", name) for name in names}
