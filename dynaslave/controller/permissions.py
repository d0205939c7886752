"""What the manager's account in Jenkins may not do, found out by pages that change nothing.

Measured on Jenkins 2.568: `computer/new` is refused without Agent/Create; the log of the built-in node
without Agent/Connect; a node's page `markOffline` has its form only with Agent/Disconnect, and its button
to delete the node only with Agent/Delete.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from dynaslave.deciding.decisions import Decision, Drain, Launch, RemoveNode, Restore, Retire
from dynaslave.model import JenkinsNode, Offline
from jobdsl.errors import ControllerError, Problem

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["lacking", "needed", "problems", "promised"]

_BUILT_IN = "computer/(built-in)"
_NEEDS: dict[type, tuple[str, ...]] = {
    Launch: ("Agent/Create", "Agent/Connect"),
    Drain: ("Agent/Disconnect",),
    Restore: ("Agent/Connect",),
    Retire: ("Agent/Delete",),
    RemoveNode: ("Agent/Delete",),
}


def needed(decision: Decision) -> tuple[str, ...]:
    """Return the permissions in Jenkins that a decision needs."""
    return _NEEDS.get(type(decision), ())


def promised(decision: Decision, missing: Iterable[str]) -> str:
    """Return why a decision could not be carried out; empty if nothing is known to stand in its way."""
    names = [name for name in needed(decision) if name in missing]
    return f"the account lacks {' and '.join(names)}" if names else ""


def lacking(controller: Controller, nodes: Iterable[JenkinsNode]) -> tuple[str, ...]:
    """Return the permissions the account lacks for certain. Nodes of ours show whether it may delete them."""
    missing = []
    if _forbidden(controller, "computer/new"):
        missing.append("Agent/Create")
    if _forbidden(controller, f"{_BUILT_IN}/logText/progressiveText"):
        missing.append("Agent/Connect")
    if _lacks(controller, f"{_BUILT_IN}/markOffline", b"toggleOffline"):
        missing.append("Agent/Disconnect")
    own = next((node for node in nodes if node.pool and node.offline is Offline.NO), None)
    if own is not None and _lacks(
        controller, f"computer/{quote(own.name, safe='')}/markOffline", b"doDelete"
    ):
        missing.append("Agent/Delete")
    return tuple(missing)


def problems(names: Iterable[str], user: str | None) -> list[Problem]:
    """Return a problem for each permission that is missing."""
    who = f'"{user}"' if user else "the account"
    return [
        Problem(
            f"{who} lacks the permission {name} in Jenkins",
            hint="agents need Overall/Read, Job/Read, and Agent/Create, Connect, Delete and Disconnect",
            rule="permission",
        )
        for name in names
    ]


def _page(controller: Controller, path: str) -> bytes | int:
    """Return an HTML page, or the status it was refused with."""
    answer = controller.page(path, "look at what this account may do")
    return answer.body if answer.status == 200 else answer.status


def _forbidden(controller: Controller, path: str) -> bool:
    try:
        return _page(controller, path) == 403
    except ControllerError:
        return False


def _lacks(controller: Controller, path: str, word: bytes) -> bool:
    try:
        page = _page(controller, path)
    except ControllerError:
        return False
    return page == 403 or (isinstance(page, bytes) and word not in page)
