"""What runs in a namespace: one process that watches, and one that mounts a root and has a package installed.

The first process only watches. It ends when the work is done, when it takes too long, and when its parent
has ended, which it knows by the end of its stdin; and with it everything in the namespace ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from delivery.chroot.filesystem import DiskError, find_root, grow, grow_partition
from delivery.chroot.mounts import STAGE, furnish, leave
from delivery.chroot.overrides import Aside, block_services, read_plain, resolve_as, write_new

__all__ = ["INSTALLED", "SCRIPT", "main"]

SCRIPT = "install.sh"
"""The script in the stage that is run in the root."""
INSTALLED = "packages.txt"
"""The list of packages in the stage, written once all is done and unmounted: the proof that it was."""
_LATE, _ALONE = 124, 137


def main() -> int:
    """Run the job on stdin and return the exit code of the namespace."""
    with os.fdopen(0, "rb", buffering=0, closefd=False) as stdin:
        line = stdin.readline()
    if not line:
        return _ALONE
    job = json.loads(line)
    worker = _fork(lambda: _work(job))
    return _watch(worker, float(job["seconds"]))


def _fork(act: Callable[[], int]) -> int:
    """Run a function in a process of its own; return its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        code = act()
    except (DiskError, OSError, subprocess.SubprocessError) as error:
        _say(f"BAKE-ERROR: {error}")
        code = 1
    sys.stdout.flush()
    os._exit(code)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _watch(worker: int, seconds: float) -> int:
    ended = os.pidfd_open(worker)
    ready, _, _ = select.select([0, ended], [], [], seconds)
    if ended in ready:
        return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if ready:
        return _ALONE
    _say(f"BAKE-ERROR: it takes longer than {seconds:.0f} s")
    return _LATE


def _work(job: dict[str, Any]) -> int:
    root, stage, disk = Path(job["root"]), Path(job["stage"]), Path(job["disk"])
    if job["grow"] and (note := grow_partition(disk)):
        _say(note)
    file_system = find_root(disk, root)
    if job["grow"]:
        grow(file_system, root)
    furnish(root, stage)
    code = os.waitstatus_to_exitcode(os.waitpid(_fork(lambda: _in_root(root, job)), 0)[1])
    _end_others()
    if code:
        return code
    installed = read_plain(root, "etc", "delivery", INSTALLED)
    leave(root)
    if installed is None:
        raise DiskError(f"the package has put something else in place of /etc/delivery/{INSTALLED}")
    write_new(stage / INSTALLED, installed)
    return 0


def _in_root(root: Path, job: dict[str, Any]) -> int:
    """Run the script with the root as the whole file system; replaced files are restored afterwards."""
    os.chroot(root)
    os.chdir("/")
    aside = Aside()
    block_services(aside)
    if job["resolv_conf"]:
        resolve_as(aside, job["resolv_conf"])
    done = subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", f"/{STAGE}/{SCRIPT}"],
        env=job["environment"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    aside.restore()
    return done.returncode


def _end_others() -> None:
    """End what a package has started nonetheless: all but the first process and this one."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main())
