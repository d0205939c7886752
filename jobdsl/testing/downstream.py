"""What a finished build starts: the jobs of its triggers, with the parameters they hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from jobdsl.documents.tree import Node, class_name
from jobdsl.grammar.names import resolve
from jobdsl.testing.builds import Build, Result
from jobdsl.testing.parameters import definitions, values_for
from jobdsl.testing.store import StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["downstream_of", "files_of", "start", "upstream_of"]

_PLAIN = "hudson.tasks.BuildTrigger"
_PLUGIN = "hudson.plugins.parameterizedtrigger."
_RANK = {"SUCCESS": 0, "UNSTABLE": 1, "FAILURE": 2, "NOT_BUILT": 3, "ABORTED": 4}
_HOLDS: dict[str, Callable[[Result], bool]] = {
    "SUCCESS": lambda result: result == "SUCCESS",
    "UNSTABLE": lambda result: result == "UNSTABLE",
    "FAILED": lambda result: result == "FAILURE",
    "ABORTED": lambda result: result == "ABORTED",
    "UNSTABLE_OR_BETTER": lambda result: _RANK[result] <= 1,
    "UNSTABLE_OR_WORSE": lambda result: _RANK[result] >= 1,
    "FAILED_OR_BETTER": lambda result: _RANK[result] <= 2,
    "ALWAYS": lambda result: True,  # noqa: ARG005 - one signature
}


class _MissingError(Exception):
    """A file of parameters that was not there, where it must be."""


def files_of(root: Node) -> list[str]:
    """Files of the workspace that hold parameters to hand on."""
    return [
        _text(node, "propertiesFile")
        for config in _configs(root)
        for node in config.walk()
        if class_name(node.tag) == f"{_PLUGIN}FileBuildParameters"
    ]


def start(
    jenkins: ControllerState,
    build: Build,
    result: Result,
    environment: Mapping[str, str],
    files: Mapping[str, str],
) -> Iterator[str]:
    """Queue what this build starts now that it is over. Yields the lines of its log about it."""
    root = build.item.document.tree()
    for node in _publishers(root, _PLAIN):
        threshold = node.find("threshold")
        worst = _text(threshold, "name", "SUCCESS") if threshold else "SUCCESS"
        if _RANK[result] <= _RANK.get(worst, 0):
            yield from _queue(jenkins, build, _text(node, "childProjects"), {})
    for config in _configs(root):
        if not _HOLDS.get(_text(config, "condition"), _HOLDS["SUCCESS"])(result):
            continue
        try:
            parameters = _handed_on(config, build, environment, files)
        except _MissingError as missing:
            yield f"[parameterized-trigger] Could not trigger downstream project, {missing}\n"
            continue
        if parameters or _text(config, "triggerWithNoParameters") == "true":
            yield from _queue(jenkins, build, _expanded(_text(config, "projects"), environment), parameters)


def upstream_of(jenkins: ControllerState, item: StoredItem) -> list[StoredItem]:
    """List the jobs that start one in the graph of triggers."""
    return [
        other
        for other in jenkins.root.walk()
        if item in _started(jenkins, other) or other in _followed(jenkins, item)
    ]


def downstream_of(jenkins: ControllerState, item: StoredItem) -> list[StoredItem]:
    """List the jobs that one starts in the graph of triggers."""
    started = _started(jenkins, item)
    return [other for other in jenkins.root.walk() if other in started or item in _followed(jenkins, other)]


def _started(jenkins: ControllerState, item: StoredItem) -> list[StoredItem]:
    root = item.document.tree()
    texts = [_text(node, "childProjects") for node in _publishers(root, _PLAIN)]
    texts += [_text(config, "projects") for config in _configs(root)]
    return _items(jenkins, item, texts)


def _followed(jenkins: ControllerState, item: StoredItem) -> list[StoredItem]:
    triggers = item.document.tree().find("triggers")  # those of a Pipeline are elsewhere, and in no graph
    nodes = triggers.children if triggers else ()
    return _items(jenkins, item, [_text(node, "upstreamProjects") for node in nodes])


def _items(jenkins: ControllerState, near: StoredItem, texts: list[str]) -> list[StoredItem]:
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    items = (_item(jenkins, near, name) or jenkins.root.find(name) for name in names)
    return [item for item in items if item is not None]


def _publishers(root: Node, java: str) -> Iterator[Node]:
    publishers = root.find("publishers")
    yield from (node for node in (publishers.children if publishers else ()) if class_name(node.tag) == java)


def _configs(root: Node) -> Iterator[Node]:
    """Yield the groups of jobs that the plugin's trigger names."""
    for node in _publishers(root, f"{_PLUGIN}BuildTrigger"):
        held = node.find("configs")
        yield from held.children if held else ()


def _handed_on(
    config: Node, build: Build, environment: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, str]:
    """Return the parameters a group hands on; the later ones of a name win."""
    parameters: dict[str, str] = {}
    held = config.find("configs")
    for node in held.children if held else ():
        kind = class_name(node.tag).removeprefix(_PLUGIN)
        if kind == "CurrentBuildParameters":
            parameters |= {parameter.name: str(parameter.value) for parameter in build.parameters}
        elif kind == "PredefinedBuildParameters":
            parameters |= _properties(_expanded(_text(node, "properties"), environment))
        elif kind == "FileBuildParameters":
            name = _text(node, "propertiesFile")
            if name not in files and _text(node, "failTriggerOnMissing") == "true":
                raise _MissingError(f"the properties file {name} did not exist")
            parameters |= _properties(files.get(name, ""))
    return parameters


def _properties(text: str) -> dict[str, str]:
    """`NAME=value` lines, without Java's finer points."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.partition("=") for line in lines if "=" in line and line[0] not in "#!"]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _queue(
    jenkins: ControllerState, build: Build, projects: str, arguments: Mapping[str, str]
) -> Iterator[str]:
    for name in filter(None, (word.strip() for word in projects.split(","))):
        item = _item(jenkins, build.item, name)
        if item is None or item.disabled:
            yield f"{name} is not there, or disabled: not triggered\n"
            continue
        parameters = values_for(definitions(item), arguments, jenkins.store.rewriter.plain)
        jenkins.scheduler.schedule(item, user="", quiet=0.0, parameters=parameters, started_by=build)
        yield f"Triggering a new build of {item.full_name}\n"


def _item(jenkins: ControllerState, near: StoredItem, name: str) -> StoredItem | None:
    full_name = resolve(name, near.full_name.rpartition("/")[0])
    return jenkins.root.find(full_name) if full_name else None


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    for name in sorted(environment, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", environment[name]).replace(f"${name}", environment[name])
    return text


def _text(node: Node, tag: str, default: str = "") -> str:
    child = node.find(tag)
    return child.text if child else default
