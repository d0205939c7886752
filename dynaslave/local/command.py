"""The command that starts an agent on this host, filled in; and agent.jar, fetched from the controller."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dynaslave.controller.java import version_of
from dynaslave.provider import Denied, Unavailable
from jobdsl.errors import ControllerError, Problem

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["JAVA", "STAND_IN", "Jar", "check_java", "filled", "jar_of"]

_TO_DIAL_IN = "-url {url} -name {node} -secret @{secret_file} -workDir {workdir} -webSocket"
JAVA = ("java", "-jar", "{jar}", *_TO_DIAL_IN.split(" "))
"""An agent of a real controller. Without WebSocket the last word is left out."""
_TO_SIMULATE = "--url {url} --name {node} --secret @{secret_file} --directory {workdir}"
STAND_IN = ("{python}", "-m", "jobdsl.testing.agent", *_TO_SIMULATE.split(" "))
"""An agent of a simulated controller."""


def filled(command: Sequence[str], values: Mapping[str, str], *, jar: Jar, websocket: bool) -> Sequence[str]:
    """The words of a command, with {python}, {jar} and the names of `values` filled in.

    Other braces stay as they are. agent.jar is fetched if the command names it.
    """
    known = {**values, "python": sys.executable}
    if any("{jar}" in word for word in command):
        known["jar"] = str(jar.path())
    words = [word for word in command if word != "-webSocket" or websocket]
    return [re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), word) for word in words]


def jar_of(controller: Controller) -> Callable[[], bytes]:
    """Downloads agent.jar: the version that fits a controller is its own."""

    def download() -> bytes:
        body = controller.ask("GET", "jnlpJars/agent.jar", "download agent.jar").body
        if not body.startswith(b"PK"):
            raise ControllerError("could not download agent.jar: the controller sent something else")
        return body

    return download


def check_java(needed: int | None) -> list[Problem]:
    """Compare this host's Java with the release that the controller's agents need."""
    try:
        done = subprocess.run(
            ["java", "-version"],  # noqa: S607 - as an agent is started
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return [Problem("there is no java on this host to start agents with", hint="install it")]
    has = version_of(done.stderr + done.stdout)
    if has is None or needed is None or has >= needed:
        return []
    message = f"this host has Java {has}, and the controller's agents need {needed}"
    return [Problem(message, hint=f"install Java {needed}, or name it with --agent-command")]


class Jar:
    """agent.jar in a directory, fetched anew once: the controller may have been updated meanwhile."""

    def __init__(self, directory: Path, download: Callable[[], bytes] | None) -> None:
        self._path = directory / "agent.jar"
        self._download = download
        self._fetched = False

    def path(self) -> Path:
        """Where it is; Unavailable or Denied if it cannot be had."""
        if self._fetched:
            return self._path
        if self._download is None:
            raise Denied("no address of agent.jar is given")
        try:
            data = self._download()
        except ControllerError as error:
            raise Unavailable(error.message) from None
        new = self._path.with_suffix(".new")
        new.write_bytes(data)
        new.replace(self._path)  # agents that run keep the one they have
        self._fetched = True
        return self._path
