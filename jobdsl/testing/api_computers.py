"""The API of nodes, labels and load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from jobdsl.testing.api_builds import BuildApi
from jobdsl.testing.builds import Build
from jobdsl.testing.computers import Computer
from jobdsl.testing.export import ALWAYS, Bean, Prop, Schema
from jobdsl.testing.reasons import printed
from jobdsl.testing.store import StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["ComputerApi", "Label", "LoadStatistics"]

_MONITOR = "hudson.node_monitors."
_SERIES = (
    "availableExecutors",
    "busyExecutors",
    "connectingExecutors",
    "definedExecutors",
    "idleExecutors",
    "onlineExecutors",
    "queueLength",
    "totalExecutors",
)


class Label:
    """A label expression as /label/X/ shows it."""

    def __init__(self, name: str) -> None:
        self.name = printed(name)
        self.is_atom = not any(sign in self.name for sign in ("&&", "||", "!", "->", "("))

    @property
    def java(self) -> str:
        """Class of the label or of its outermost operator."""
        for sign, operator in (("<->", "Iff"), ("->", "Implies"), ("||", "Or"), ("&&", "And"), ("!", "Not")):
            if sign in self.name:
                return f"hudson.model.labels.LabelExpression${operator}"
        return "hudson.model.labels.LabelAtom"


class LoadStatistics:
    """Load statistics: nothing has happened yet, so every series holds one zero."""

    def __init__(self, java: str) -> None:
        self.java = java


def _history(_: object) -> Bean:
    point = Schema([Prop("history", lambda _: [0.0]), Prop("latest", lambda _: 0.0)])
    spans = [Prop(name, lambda _: Bean(point, None)) for name in ("hour", "min", "sec10")]
    return Bean(Schema(spans), None)


_LOAD = Schema([Prop(name, _history) for name in _SERIES])
_OVERALL = Schema([Prop("totalQueueLength", _history)], base=_LOAD)


def _monitors(computer: Computer) -> dict[str, Any]:
    """Return what the node monitors measured: an idle machine with free space; empty before the first run."""
    measured: dict[str, Any] = {
        "SwapSpace": {
            "_class": f"{_MONITOR}SwapSpaceMonitor$MemoryUsage2",
            "availablePhysicalMemory": 8 << 30,
            "availableSwapSpace": 0,
            "totalPhysicalMemory": 16 << 30,
            "totalSwapSpace": 0,
        },
        "TemporarySpace": _disk("/tmp"),  # noqa: S108 - it is only named
        "DiskSpace": _disk(computer.remote_fs or "/var/jenkins_home"),
        "Architecture": "Linux (amd64)",
        "ResponseTime": {"_class": f"{_MONITOR}ResponseTimeMonitor$Data", "timestamp": 0, "average": 0},
        "Clock": {"_class": "hudson.util.ClockDifference", "diff": 0},
    }
    return {
        f"{_MONITOR}{name}Monitor": reading if computer.monitored else None
        for name, reading in measured.items()
    }


def _disk(path: str) -> dict[str, Any]:
    return {
        "_class": f"{_MONITOR}DiskSpaceMonitorDescriptor$DiskSpace",
        "timestamp": 0,
        "path": path,
        "size": 64 << 30,
        "threshold": 1 << 30,
        "totalSize": 128 << 30,
        "warningThreshold": 2 << 30,
    }


def _offline_cause(computer: Computer) -> Bean | None:
    cause = computer.offline
    if cause is None:
        return None
    schema = Schema(
        [
            Prop("timestamp", lambda _: round(cause.since * 1000)),
            Prop("description", lambda _: cause.description),
        ],
    )
    java = cause.java if "." in cause.java else f"hudson.slaves.OfflineCause${cause.java}"
    return Bean(schema, None, java)


def _icon(computer: Computer) -> str:
    if computer.mark is not None:
        return "symbol-computer-disconnected"
    return "symbol-computer" if computer.online else "symbol-computer-offline"


class ComputerApi:
    """Beans of nodes and labels of one controller."""

    def __init__(
        self, jenkins: ControllerState, builds: BuildApi, item: Callable[[StoredItem], Bean]
    ) -> None:
        self._jenkins, self._builds, self._item = jenkins, builds, item
        self._executor = Schema(
            [
                Prop("currentExecutable", self._executable),
                Prop("idle", lambda slot: slot[1] is None),
                Prop("likelyStuck", lambda _: False),
                Prop("number", lambda slot: slot[0]),
                Prop("progress", lambda _: -1),
            ],
        )
        self._computer = Schema(
            [
                Prop("actions", lambda _: []),
                Prop(
                    "assignedLabels",
                    lambda computer: [self._label_of(label) for label in sorted(computer.all_labels)],
                ),
                Prop("description", self._description),
                Prop("displayName", lambda computer: computer.display_name),
                Prop("executors", self._executors),
                Prop("icon", _icon),
                Prop("iconClassName", _icon),
                Prop("idle", self.idle),
                Prop("jnlpAgent", lambda computer: bool(computer.name)),
                Prop("launchSupported", lambda computer: not computer.name),
                Prop("loadStatistics", lambda _: Bean(_LOAD, None, "hudson.model.Label$1")),
                Prop("manualLaunchAllowed", lambda _: True),
                Prop("monitorData", _monitors),
                Prop("numExecutors", lambda computer: computer.executors),
                Prop("offline", lambda computer: not computer.online),
                Prop("offlineCause", _offline_cause),
                Prop(
                    "offlineCauseReason",
                    lambda computer: computer.offline.shown_reason if computer.offline else "",
                ),
                Prop("oneOffExecutors", self._one_off),
                Prop("temporarilyOffline", lambda computer: computer.mark is not None),
            ],
        )
        self._agent = Schema(
            [Prop("absoluteRemotePath", lambda computer: computer.remote_fs if computer.connected else None)],
            base=self._computer,
        )
        self._node = Schema(
            [
                Prop(
                    "assignedLabels",
                    lambda computer: [self._label_of(label) for label in sorted(computer.all_labels)],
                ),
                Prop("mode", lambda computer: computer.mode),
                Prop("nodeDescription", lambda computer: computer.description),
                Prop("nodeName", lambda computer: computer.name, ALWAYS),
                Prop("numExecutors", lambda computer: computer.executors),
            ],
        )
        self._label = self._label_schema()
        self._label_atom = Schema([Prop("propertiesList", lambda _: [])], base=self._label)

    def _description(self, computer: Computer) -> str | None:
        return (
            (computer.description or "")
            if computer.ghost_until
            else computer.description
            if computer.name
            else "the Jenkins controller's built-in node"
        )

    def _executable(self, slot: tuple[int, Build | None]) -> Bean | None:
        return self._builds.build(slot[1]) if slot[1] else None

    def _executors(self, computer: Computer) -> list[Bean]:
        builds: list[Build | None] = list(self._jenkins.scheduler.on(computer))
        builds += [None] * (computer.executors - len(builds))
        return [Bean(self._executor, slot) for slot in enumerate(builds)]

    def _one_off(self, computer: Computer) -> list[Bean]:
        return [Bean(self._executor, (-1, build)) for build in self._jenkins.scheduler.one_off(computer)]

    def idle(self, computer: Computer) -> bool:
        """Return whether nothing runs there, on an executor or beside them."""
        scheduler = self._jenkins.scheduler
        return not scheduler.on(computer) and not scheduler.one_off(computer)

    def computer(self, computer: Computer) -> Bean:
        """Return a node as it is exported."""
        if computer.name:
            return Bean(self._agent, computer, "hudson.slaves.SlaveComputer")
        return Bean(self._computer, computer, "hudson.model.Hudson$MasterComputer")

    def all(self) -> Bean:
        """Return the page of all nodes."""
        computers = self._jenkins.computers
        online = [computer for computer in computers if computer.online]
        schema = Schema(
            [
                Prop("busyExecutors", lambda _: self._jenkins.scheduler.busy(computers)),
                Prop("computer", lambda _: [self.computer(computer) for computer in computers], inline=True),
                Prop("displayName", lambda _: "Nodes"),
                Prop("totalExecutors", lambda _: sum(computer.executors for computer in online)),
            ],
        )
        return Bean(schema, None, "hudson.model.ComputerSet")

    def _label_of(self, name: str) -> Bean:
        return Bean(self._label_atom, Label(name))

    def own_labels(self) -> list[Bean]:
        """Return the built-in node's labels."""
        return [self._label_of(name) for name in sorted(self._jenkins.computers.built_in.all_labels)]

    def own_executors(self) -> int:
        """Return the built-in node's executors."""
        return self._jenkins.computers.built_in.executors

    def _of_label(self, label: Label) -> Sequence[Computer]:
        return self._jenkins.computers.fitting(label.name)

    def _online(self, label: Label) -> list[Computer]:
        return [computer for computer in self._of_label(label) if computer.online]

    def _tied(self, label: Label) -> list[Bean]:
        tied = [
            item
            for item in self._jenkins.root.walk()
            if (item.tied_to and printed(item.tied_to)) == label.name
        ]
        return [self._item(item) for item in tied]

    def _label_schema(self) -> Schema:
        def total(label: Label) -> int:
            return sum(computer.executors for computer in self._online(label))

        def busy(label: Label) -> int:
            return self._jenkins.scheduler.busy(self._of_label(label))

        return Schema(
            [
                Prop("actions", lambda _: []),
                Prop("busyExecutors", busy),
                Prop("clouds", lambda _: []),
                Prop("description", lambda label: None if label.is_atom else "invalid label"),
                Prop("idleExecutors", lambda label: max(total(label) - busy(label), 0)),
                Prop("loadStatistics", lambda _: Bean(_LOAD, None, "hudson.model.Label$1")),
                Prop("name", lambda label: label.name, 2),
                Prop("nodes", lambda label: [self.node(computer) for computer in self._of_label(label)]),
                Prop("offline", lambda label: not self._online(label)),
                Prop("tiedJobs", self._tied),
                Prop("totalExecutors", total),
            ],
        )

    def node(self, computer: Computer) -> Bean:
        """Return a node as labels list it."""
        java = "hudson.slaves.DumbSlave" if computer.name else "hudson.model.Hudson"
        return Bean(self._node, computer, java)

    def label(self, label: Label) -> Bean:
        """Return a label as it is exported."""
        return Bean(self._label_atom if label.is_atom else self._label, label, label.java)

    def load(self, load: LoadStatistics) -> Bean:
        """Load statistics."""
        overall = load.java == "hudson.model.OverallLoadStatistics"
        return Bean(_OVERALL if overall else _LOAD, None, load.java)

    def overall_load(self) -> Bean:
        """Return the root's overallLoad, which names no class."""
        return Bean(_OVERALL, None)

    def unlabeled_load(self) -> Bean:
        """Return the root's unlabeledLoad."""
        return Bean(_LOAD, None, "jenkins.model.UnlabeledLoadStatistics")
