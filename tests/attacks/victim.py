"""Loads an estate with attacks in it, as a command would, and prints as JSON what they reached.

python -m tests.attacks.victim WALL TITLE ...
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from jobdsl.errors import EstateError
from jobdsl.isolation.walls import missing
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings

from . import probes

_MEMORY_MB = 192
_CLIMB = """import gc
for candidate in gc.get_objects():  # what a file that means harm does first: switch the guard rail off
    if type(candidate).__name__ == "Guard":
        candidate._on = False
"""
_CONTENT = {
    "jobdsl.toml": "# not to be emptied\n",
    "secrets.toml": "token = 1\n",
    "elsewhere.json": '{"a": "b"}',
    ".git/config": "token",
    "lib/dep/.git/config": "token",
    "lib/module/.git": "gitdir: elsewhere",
    "lib/tree/.git": "gitdir: ../store/worktrees/tree\n",
    "lib/store/worktrees/tree/commondir": "../..\n",
    "lib/store/config": "token",
    "lib/old/.hg/hgrc": "token",
    "lib/older/.svn/wc.db": "token",
    "__pycache__/deep/.git/config": "token",
    "mapped": "content",
    "moved": "",
    "removed": "",
    "empty/.keep": "",
}


def main() -> None:
    """Print the outcome of each probe, and what an attack changed on the host."""
    wall, *titles = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, _surroundings(Path(folder)) as facts:
        root = Path(folder) / "estate"
        other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        facts["other"] = str(other.pid)
        before = _written(root, titles, facts)
        settings = Settings(
            secrets="secrets.toml",
            load=LoadSettings(memory_mb=_MEMORY_MB, timeout_seconds=60, file_timeout_seconds=30),
        )
        with contextlib.suppress(OSError):
            probes.system_call("prctl", 36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what is left becomes ours
        result: dict[str, object] = {"outcomes": {}, "problems": []}
        try:
            estate = load(root, settings, isolation=wall)
        except EstateError as error:
            result["problems"] = [str(problem) for problem in error.problems]
        else:
            result["isolation"] = estate.isolation
            (document,) = (
                definition.document for definition in estate.definitions if definition.full_name == "outcomes"
            )
            result["outcomes"] = json.loads(ET.fromstring(document.encode()).findtext("description") or "{}")
        other.kill()
        result["left"] = _left()
        result["missing"] = missing
        result["changed"] = _changed(root, before)
    sys.stdout.write(json.dumps(result))


def _written(root: Path, titles: list[str], facts: dict[str, str]) -> dict[str, bytes]:
    """Write the estate, and return what its files hold."""
    for name, content in _CONTENT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "empty/.keep").unlink()
    os.environ["JOBDSL_SECRETS"] = str(root / "elsewhere.json")
    canary = os.environ.get("JENKINS_TOKEN", "none")
    facts |= {"estate": str(root), "memory_mb": str(_MEMORY_MB), "canary": canary, "pid": str(os.getpid())}
    (root / "attack.py").write_text(f"{_CLIMB}\nfrom probes import report\nreport({titles!r}, {facts!r})\n")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(probes.__file__).parent, root / "probes", ignore=ignored)
    return _files(root)


def _left() -> int:
    """Count the processes that are left of a load, and end them."""
    end = time.monotonic() + 5
    left: list[int] = []
    while time.monotonic() < end:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        left = [int(process) for process in children.read_text().split()] if children.exists() else []
        if not left:
            break
    for process in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return len(left)


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    } | {f"{path.relative_to(root)}/": b"" for path in sorted(root.rglob("*")) if path.is_dir()}


def _changed(root: Path, before: dict[str, bytes]) -> list[str]:
    after = _files(root)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


@contextlib.contextmanager
def _surroundings(folder: Path) -> Iterator[dict[str, str]]:
    """A host with something to reach: a file, a port, sockets, a key."""
    (folder / "outside").write_text("not to be read")
    path, abstract = str(folder / "socket"), f"jobdsl-attack-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as unnamed,
    ):
        for listening, address in ((named, path), (unnamed, "\0" + abstract)):
            listening.bind(address)
            listening.listen()
        with contextlib.suppress(OSError):
            probes.system_call("keyctl", 1, None)  # a session keyring of our own
            probes.system_call("add_key", b"user", b"jobdsl-attack", b"key", ctypes.c_size_t(3), -3)
        port = str(server.getsockname()[1])
        yield {"outside": str(folder / "outside"), "port": port, "socket": path, "abstract": abstract}


if __name__ == "__main__":
    main()
