"""Runs a command as root and as an ordinary user, also where root alone may look into Python's directory.

python -m tests.attacks.users COMMAND ...     runs it as an ordinary user; for root only
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from jobdsl.isolation.linux import call

__all__ = ["ORDINARY", "ROOT", "available", "command"]

ROOT, ORDINARY = "root", "user"
_ID = 61234
"""Nobody's number."""
_NEW_MOUNTS, _BIND, _REC, _PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
_REPOSITORY = Path(__file__).parents[2]


def command(user: str, arguments: list[str]) -> list[str]:
    """Return the command that runs Python with these arguments as a user."""
    if (os.geteuid() == 0) == (user == ROOT):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "tests.attacks.users", sys.executable, *arguments]


@cache
def available(user: str) -> str:
    """Say why a user cannot be tried on this host; empty if it can."""
    if user == ROOT and os.geteuid() != 0:
        return "this is not root"
    done = subprocess.run(
        command(user, ["-c", "import tests.attacks.victim, os; print(os.geteuid())"]),
        capture_output=True,
        text=True,
        cwd=_REPOSITORY,
    )
    if done.returncode:
        return (done.stderr.strip() or f"status {done.returncode}").rpartition("\n")[2]
    return "" if (done.stdout.strip() == "0") == (user == ROOT) else "it is another user"


def main() -> None:
    """Become an ordinary user and run the command."""
    _open_directories([sys.base_prefix, sys.prefix, str(_REPOSITORY), *filter(os.path.exists, sys.path)])
    os.setgroups([])
    os.setgid(_ID)
    os.setuid(_ID)
    os.environ.update(HOME="/tmp", PYTHONDONTWRITEBYTECODE="1")  # any directory that is there
    os.execv(sys.argv[1], sys.argv[1:])


def _open_directories(needed: list[str]) -> None:
    """Show the directories, and nothing else of what is closed around them, in a mount namespace of our own."""
    closed: dict[str, list[str]] = {}
    for path in dict.fromkeys(os.path.realpath(place) for place in needed):
        if barrier := _barrier(path):
            closed.setdefault(barrier, []).append(path)
    if not closed:
        return
    call("unshare", _NEW_MOUNTS)
    call("mount", b"none", b"/", None, _REC | _PRIVATE, None)
    for barrier, paths in closed.items():
        opened = [(path, os.open(path, os.O_PATH)) for path in sorted(paths)]
        call("mount", b"tmpfs", barrier.encode(), b"tmpfs", 0, b"mode=755")
        for path, descriptor in opened:
            os.makedirs(path, exist_ok=True)
            call("mount", f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, _BIND | _REC, None)
            os.close(descriptor)


def _barrier(path: str) -> str:
    """Find the outermost directory on the way that others may not enter."""
    way = [*reversed(Path(path).parents), Path(path)]
    return next((str(place) for place in way if not place.stat().st_mode & 0o001), "")


if __name__ == "__main__":
    main()
