"""From the parts of a path to the object they name, and from an object to what the API exports of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobdsl.testing.api_builds import find_link
from jobdsl.testing.api_computers import Label, LoadStatistics
from jobdsl.testing.builds import Build
from jobdsl.testing.computers import Computer
from jobdsl.testing.pages import missing
from jobdsl.testing.store import StoredItem
from jobdsl.testing.users import Users
from jobdsl.testing.views import StoredView, shown_by

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["AgentLine", "Artifact", "CrumbIssuer", "PluginManager", "WhoAmI", "walk"]


@dataclass(frozen=True, slots=True)
class AgentLine:
    """The line of one node to the process that stands in for its agent."""

    computer: Computer


@dataclass(frozen=True, slots=True)
class CrumbIssuer:
    """The page that gives crumbs."""


@dataclass(frozen=True, slots=True)
class PluginManager:
    """The page of the plugins."""


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """The page that shows the calling user."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file a build kept."""

    build: Build
    path: str


Walked = tuple[Any, tuple[str, ...]]
_STORE = ("store", "system", "domain", "_")


def walk(jenkins: ControllerState, segments: tuple[str, ...]) -> Walked:
    """Return the object at the start of a path, and the rest that names an action of it."""
    target: Any = jenkins
    while segments:
        step = _from_group(jenkins, target, segments) or _from_root(jenkins, target, segments)
        step = step or _from_item(target, segments)
        if step is None:
            return target, segments
        target, segments = step
    return target, segments


def _existing(target: Any, rest: tuple[str, ...]) -> Walked:
    if target is None:
        raise missing()
    return target, rest


def _from_group(jenkins: ControllerState, target: Any, path: tuple[str, ...]) -> Walked | None:
    """job/x of the root, a folder or a view's owner; view/x of them or of a nested view."""
    if len(path) < 2 or path[0] not in ("job", "view"):
        return None
    if path[0] == "view":
        return _existing(_views(jenkins, target).get(path[1]), path[2:])
    owner = target
    while isinstance(owner, StoredView):
        owner = owner.owner
    if owner is not None and owner is not jenkins and not isinstance(owner, StoredItem):
        return None
    group = owner.children if isinstance(owner, StoredItem) else jenkins.root
    return _existing(group.get(path[1]), path[2:])


def _views(jenkins: ControllerState, target: Any) -> dict[str, StoredView]:
    if isinstance(target, StoredItem):
        return shown_by(target)
    return target.views if target is jenkins or isinstance(target, StoredView) else {}


def _from_root(jenkins: ControllerState, target: Any, path: tuple[str, ...]) -> Walked | None:
    if target is not jenkins:
        return None
    opener = _OPENERS.get(path[0])
    return opener(jenkins, path) if opener else None


def _computer(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:
    rest = path[1:]
    if not rest or rest[0] in ("api", "doCreateItem", "createItem", "new"):
        return jenkins.computers, rest
    return _existing(jenkins.computers.find(rest[0]), rest[1:])


def _queue(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:
    queue = jenkins.scheduler.queue
    if len(path) > 2 and path[1] == "item":
        return _existing(queue.find(int(path[2])) if path[2].isdigit() else None, path[3:])
    return queue, path[1:]


def _label(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:  # noqa: ARG001 - one signature
    if len(path) < 2:
        return None
    if path[2:3] == ("loadStatistics",):
        return LoadStatistics("hudson.model.Label$1"), path[3:]
    return Label(path[1]), path[2:]


def _credentials(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:
    if path[1:5] != _STORE:
        return None
    rest = path[5:]
    if rest[:1] == ("credential",) and len(rest) > 1:
        return _existing(jenkins.credentials.by_id.get(rest[1]), rest[2:])
    return jenkins.credentials, rest


def _user(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:
    users: Users = jenkins.users
    return _existing(users.by_name.get(path[1]), path[2:]) if path[1:] else None


def _agent_line(jenkins: ControllerState, path: tuple[str, ...]) -> Walked | None:
    computer = jenkins.computers.agents.get(path[1]) if path[1:] else None
    return _existing(computer and AgentLine(computer), path[2:])


_Opener = Callable[["ControllerState", tuple[str, ...]], Walked | None]
_OPENERS: dict[str, _Opener] = {
    "computer": _computer,
    "queue": _queue,
    "label": _label,
    "credentials": _credentials,
    "pluginManager": lambda _, path: (PluginManager(), path[1:]),
    "crumbIssuer": lambda _, path: (CrumbIssuer(), path[1:]),
    "whoAmI": lambda _, path: (WhoAmI(), path[1:]),
    "overallLoad": lambda _, path: (LoadStatistics("hudson.model.OverallLoadStatistics"), path[1:]),
    "unlabeledLoad": lambda _, path: (LoadStatistics("jenkins.model.UnlabeledLoadStatistics"), path[1:]),
    "simulated-agent": _agent_line,
    "user": _user,
}


def _from_item(target: Any, path: tuple[str, ...]) -> Walked | None:
    """x/lastBuild, x/17 of a job; artifact/some/path of a build."""
    if isinstance(target, Build) and path[0] == "artifact" and len(path) > 1:
        return Artifact(target, "/".join(path[1:])), ()
    if not isinstance(target, StoredItem):
        return None
    if path[0] in target.configurations:
        return target.configurations[path[0]], path[1:]
    if path[0].isdigit() or (path[0].startswith("last") and path[0].endswith("Build")):
        return _existing(find_link(target, path[0]), path[1:])
    return None
