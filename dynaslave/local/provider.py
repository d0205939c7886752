"""Agents as processes on the manager's own host (Linux): no cloud, for a start, a trial, a small team.

The processes are the state: one folder for each agent below the run directory, and what runs is asked
of /proc. A manager that is killed leaves its agents running, and the next one finds them. Builds run as
the manager's user, in directories that go with their agent.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from dynaslave import agentlog
from dynaslave.local import processes
from dynaslave.local.command import JAVA, Jar, filled
from dynaslave.local.folder import Folder
from dynaslave.local.trash import Trash
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Denied, Hand, Launched, LaunchRequest, NoCapacity, Offer, Unavailable

__all__ = ["LocalAgents"]

_HERE = Offer("local")
_KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "JAVA_HOME",
)
"""What agents inherit of our environment; our credentials are not among it."""
_PATIENCE = 2.0
"""Seconds to wait at the end for directories that are being removed; the next manager removes the rest."""
_LOGS = 50
"""Logs of ended agents that are kept."""


class LocalAgents:
    """The contract of a cloud, on this host. `root` is the run directory, this manager's alone.

    command: what starts an agent; see `localcommand`. jar: downloads agent.jar. slots: how many agents
    this host bears. grace: seconds a process has to end by itself. Raises Denied where there is no /proc.
    """

    name = "local"

    def __init__(
        self,
        root: Path,
        *,
        command: Sequence[str] = JAVA,
        jar: Callable[[], bytes] | None = None,
        slots: int | None = None,
        environment: Mapping[str, str] | None = None,
        grace: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not processes.supported():
            raise Denied("agents on this host need Linux: what runs is asked of /proc")
        self._root = root.absolute()
        for name in ("", "agents", "homes", "logs"):
            (self._root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._trash = Trash(self._root / "trash")
        self._command = tuple(command)
        self._jar = Jar(self._root, jar)
        self._slots = slots
        inherited = {key: os.environ[key] for key in _KEPT if key in os.environ}
        self._environment = {**inherited, **(environment or {})}
        self._grace = grace
        self._clock = clock
        self._children: set[int] = set()
        self._lock = threading.RLock()

    def home(self, pool: AgentPool, node: str) -> str:  # noqa: ARG002 - as any provider would be asked
        """Where the agent of a node works: agents of one host must not share a directory."""
        return str(self._home(node))

    def launch(self, request: LaunchRequest) -> Launched:
        """Allocate agents; they start when they are handed over."""
        with self._lock:
            paths = [self._path(f"{request.intent}-{number}") for number in range(1, request.count + 1)]
            new = [path for path in paths if not path.exists()]
            room = len(new) if self._slots is None else max(0, self._slots - len(self._folders()))
            for path in new[:room]:
                Folder.create(path, request.pool.name, request.intent, self._clock())
            refused = {_HERE: NoCapacity(f"this host supports {self._slots} agents")} if new[room:] else {}
            instances = [Folder(path).instance() for path in paths if path.exists()]
            return Launched(tuple(instances), refused)

    def hand_over(self, instance: Instance, hand: Hand) -> None:
        """Start the process of an agent."""
        with self._lock:
            folder = Folder(self._path(instance.id))
            if not folder.path.exists():
                raise Unavailable(f"agent {instance.id} is gone")
            started = folder.started
            if started is None:
                self._start(folder, hand)
            elif started.word != hand.node:
                raise Denied(f"agent {instance.id} has the node {started.word}")

    def list(self) -> Sequence[Instance]:
        """Every agent with a folder, and whether it runs."""
        with self._lock:
            self._children -= processes.reap(self._children)
            return [folder.instance() for folder in self._folders()]

    def terminate(self, instances: Sequence[Instance]) -> None:
        """End processes with all they have started; what they leave is removed meanwhile."""
        with self._lock:
            folders = [Folder(self._path(instance.id)) for instance in instances]
            self._end([folder for folder in folders if folder.path.exists()])

    def note(self, instances: Sequence[Instance], notes: Mapping[str, str]) -> None:
        """Write into the folders."""
        with self._lock:
            for folder in (Folder(self._path(instance.id)) for instance in instances):
                if folder.path.exists():
                    folder.note(notes)

    def explain(self, instance: Instance) -> str:
        """Read the end of the agent's log."""
        try:
            with (self._path(instance.id) / "log").open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(log.tell() - agentlog.TAIL, 0))
                return agentlog.reason(log.read().decode(errors="replace"))
        except OSError:
            return ""

    def current(self, pools: Sequence[AgentPool]) -> Mapping[str, str]:  # noqa: ARG002 - the contract's
        """Return nothing: agents of this host have no image."""
        return {}

    def sweep(self, nodes: frozenset[str], pools: frozenset[str]) -> None:  # noqa: ARG002 - the contract's
        """Remove what ended agents leave whose node is gone."""
        with self._lock:
            gone = [folder for folder in self._folders() if folder.instance().state == "terminated"]
            self._end([folder for folder in gone if folder.instance().node not in nodes])

    def close(self) -> None:
        """Give the removal of what ended agents leave a moment; agents live on."""
        self._trash.settle(_PATIENCE)

    def _path(self, id: str) -> Path:
        return self._root / "agents" / quote(id, safe="")

    def _home(self, node: str) -> Path:
        return self._root / "homes" / quote(node, safe="")

    def _folders(self) -> Sequence[Folder]:
        return Folder.all(self._root / "agents")

    def _start(self, folder: Folder, hand: Hand) -> None:
        home = self._home(hand.node)
        values = {"url": hand.url, "node": hand.node, "workdir": str(home)}
        values["secret_file"] = str(folder.hide(hand.secret))
        command = filled(self._command, values, jar=self._jar, websocket=hand.websocket)
        if shutil.which(command[0], path=self._environment.get("PATH")) is None:
            raise Denied(f"there is no {command[0]} on this host to start an agent with")
        home.mkdir(mode=0o700, exist_ok=True)
        try:
            self._children |= {
                processes.start(
                    command,
                    note=folder.path / "started",
                    word=hand.node,
                    mark=folder.mark,
                    log=folder.path / "log",
                    home=home,
                    environment=self._environment,
                )
            }
        except OSError as error:
            raise Unavailable(f"agent {folder.id} did not start: {error}") from None

    def _end(self, folders: Sequence[Folder]) -> None:
        if not folders:
            return
        running = [started for folder in folders if (started := folder.started) is not None]
        processes.end(running, frozenset(folder.mark for folder in folders), self._grace)
        self._children -= processes.reap(self._children)
        for process in running:
            self._trash.put(self._home(process.word))
        for folder in folders:
            self._remove(folder)

    def _remove(self, folder: Folder) -> None:
        if (log := folder.path / "log").exists():
            log.replace(self._root / "logs" / f"{folder.id}.log")
            logs = sorted((self._root / "logs").iterdir(), key=lambda path: path.stat().st_mtime)
            for old in logs[:-_LOGS]:
                old.unlink(missing_ok=True)
        shutil.rmtree(folder.path, ignore_errors=True)
