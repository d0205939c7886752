"""What we write on nodes: the marker of a node's owner, and the reason why it is offline.

The controller is the state. A marker names the node it stands on as well, so that a copy a user
makes in Jenkins does not become ours by the description it inherits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["NodeMarker", "is_manager", "is_ours", "reason"]

_PREFIX = "dynaslave: "
_LONGEST = 300
_MANAGER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LINE = re.compile(
    r'^Managed by dynaslave "(?P<manager>[^"\n]+)": (?P<node>\S+) of pool (?P<pool>\S+),'
    r" launch (?P<intent>[A-Za-z0-9]+), (?P<created>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\."
    r" It comes and goes by itself\.[ \t\r]*$",
    re.MULTILINE,
)


def is_manager(name: str) -> bool:
    """Whether a manager can be called that: what its marker can hold."""
    return _MANAGER.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class NodeMarker:
    """Whose node it is: the last line of its description."""

    manager: str
    node: str
    """Name of the node it was written for."""
    pool: str
    intent: str
    """The launch it was created for."""
    created: float
    """Seconds since the epoch, whole ones."""

    def __str__(self) -> str:
        created = datetime.fromtimestamp(int(self.created), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            f'Managed by dynaslave "{self.manager}": {self.node} of pool {self.pool}, launch {self.intent},'
            f" {created}. It comes and goes by itself."
        )

    @classmethod
    def find(cls, description: str | None, node: str) -> NodeMarker | None:
        """The marker in the description of that node; None without one, or if it is another node's."""
        if not description or "Managed by dynaslave " not in description:
            return None
        match = None
        for match in _LINE.finditer(description):  # noqa: B007 - the last one counts
            pass
        if match is None or match["node"] != node:
            return None
        try:
            created = datetime.fromisoformat(match["created"]).timestamp()
        except ValueError:  # the 31st of February
            return None
        return cls(match["manager"], node, match["pool"], match["intent"], created)


def reason(text: str) -> str:
    """The reason of an offline mark of ours, in one line.

    Jenkins shows of a reason only what follows its last " : ", and gives it back escaped
    (IOfflineCause.getReason, 2.551); the beginning survives both.
    """
    words = re.sub(" +(?=:)", "", " ".join(text.split()).removeprefix(_PREFIX)).lstrip(": ")
    return f"{_PREFIX}{words}"[:_LONGEST].rstrip()


def is_ours(shown: str) -> bool:
    """Whether the reason Jenkins shows is one of ours."""
    return shown.startswith(_PREFIX.rstrip())
