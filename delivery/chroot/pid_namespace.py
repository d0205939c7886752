"""A room: a program with mounts and processes of its own, none of which outlives it.

The room is a namespace of mounts and one of processes. Its first process ends when we end, however that is:
it watches a pipe whose other end is ours. With it the kernel kills all the others, and with the last of them
the mounts go, and the loop devices that were mounted. So nothing needs cleaning up, not after SIGKILL either.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jobdsl.errors import Problem

__all__ = ["TOOLS", "problems", "run"]

TOOLS = ("unshare", "mount", "umount", "chroot", "partx", "blkid", "losetup")
"""Programs of this host that a room needs; all are of util-linux and coreutils."""
_UNSHARE = ("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL")
_ENDS_S = 10.0
"""Seconds a namespace may take to end; it takes milliseconds."""


def problems() -> list[Problem]:
    """Return what this host lacks for a namespace."""
    problems = []
    if os.geteuid() != 0:
        problems.append(Problem("a change root needs root", hint="run it as root, or use --engine instance"))
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if missing := [tool for tool in TOOLS if shutil.which(tool, path=path) is None]:
        problems.append(Problem(f"this host has no {', '.join(missing)}", hint="install util-linux"))
    if not problems and (refused := _refused()):
        problems.append(
            Problem(f"this host allows no namespaces: {refused}", hint="a container needs to be privileged")
        )
    return problems


def _refused() -> str:
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)  # noqa: S603
    return tried.stderr.strip() if tried.returncode else ""


def run(job: Mapping[str, Any], say: Callable[[str], None], program: Sequence[str] = ()) -> int:
    """Run a job in a namespace; return its exit code. `say` gets each line it prints.

    The first process of the room is this package's `inside`, which reads the job (JSON) from its stdin. If
    anything is raised meanwhile, by a signal's handler or by `say`, the room is gone before it goes on.
    """
    command = [*_UNSHARE, *(program or (sys.executable, "-P", "-m", "delivery.chroot.sandboxed"))]
    room = subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        cwd="/",
    )
    try:
        return _listen(room, job, say)
    finally:
        _end(room)


def _listen(room: subprocess.Popen[str], job: Mapping[str, Any], say: Callable[[str], None]) -> int:
    assert room.stdin is not None
    assert room.stdout is not None
    try:
        room.stdin.write(json.dumps(job) + "\n")
        room.stdin.flush()  # and it stays open: its end is the end of the room
    except BrokenPipeError:
        pass  # it could not begin, and says why
    for line in room.stdout:
        say(line.rstrip("\n"))
    return room.wait()


def _end(room: subprocess.Popen[str]) -> None:
    """Kill `unshare`; the kernel then kills all processes of the namespace."""
    if room.poll() is None:
        room.kill()
        room.wait(_ENDS_S)
    for pipe in (room.stdin, room.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def _environment() -> dict[str, str]:
    """Return this environment without credentials, and with sbin in PATH."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JENKINS_"))
    }
    return {**environment, "PATH": f"{environment.get('PATH', '')}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
