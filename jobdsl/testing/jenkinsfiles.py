"""What a build of a Pipeline writes into its job's document: the properties its Jenkinsfile sets.

A Declarative Pipeline merges: triggers by class, parameters by name, other properties by class, and takes
away what its record lists from the build before. The step `properties([...])` takes away the properties its
record lists and adds its own (workflow-multibranch 841, pipeline-model-definition 2.2289).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from jobdsl.documents.tree import Node, class_name, tag_name
from jobdsl.testing.documents import read

if TYPE_CHECKING:
    from jobdsl.testing.controller import SimulatedJenkins

__all__ = ["Jenkinsfile", "play"]

_ACTIONS = "org.jenkinsci.plugins.pipeline.modeldefinition.actions."
_SCRIPTED = "org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction"
_TRIGGERS = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
_PARAMETERS = "hudson.model.ParametersDefinitionProperty"


@dataclass(frozen=True, slots=True)
class Jenkinsfile:
    """What a Jenkinsfile sets on its own job, each part as the XML that Jenkins stores for it."""

    triggers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    """Other job properties: options such as disableConcurrentBuilds() and buildDiscarder(...)."""
    declarative: bool = True
    """Whether it begins with `pipeline {`; else it calls `properties([...])`."""


def play(jenkins: SimulatedJenkins, full_name: str, jenkinsfile: Jenkinsfile) -> None:
    """Write into a job's document what a build with this Jenkinsfile writes when it starts."""
    with jenkins.changed:
        item = jenkins.item(full_name)
        write = _declarative if jenkinsfile.declarative else _scripted
        settle = partial(jenkins.store.rewriter.settle, new=False)
        document = item.document.edited(lambda root: write(root, jenkinsfile), settle)
        item.assign(document.tree(), document)


def _declarative(root: Node, jenkinsfile: Jenkinsfile) -> None:
    tracker = _action(root, f"{_ACTIONS}DeclarativeJobPropertyTrackerAction")
    properties = _properties(root)
    own = _read(jenkinsfile.properties)
    _merge(
        properties, _TRIGGERS, "triggers", _read(jenkinsfile.triggers), _class, _listed(tracker, "triggers")
    )
    _merge(
        properties,
        _PARAMETERS,
        "parameterDefinitions",
        _read(jenkinsfile.parameters),
        _name,
        _listed(tracker, "parameters"),
    )
    before = _listed(tracker, "jobProperties") | {_class(member) for member in own}
    properties.children = [child for child in properties.children if _class(child) not in before] + own
    record = [
        _list("jobProperties", map(_class, own)),
        _list("triggers", map(_class, _read(jenkinsfile.triggers))),
        _list("parameters", map(_name, _read(jenkinsfile.parameters))),
        Node("options"),
    ]
    _record(root, f"{_ACTIONS}DeclarativeJobAction", [])
    _record(root, f"{_ACTIONS}DeclarativeJobPropertyTrackerAction", record)


def _scripted(root: Node, jenkinsfile: Jenkinsfile) -> None:
    before = _listed(_action(root, _SCRIPTED), "jobPropertyDescriptors")
    own = _read(jenkinsfile.properties)
    if jenkinsfile.triggers:
        own.append(Node(_TRIGGERS, "", [Node("triggers", "", _read(jenkinsfile.triggers))]))
    if jenkinsfile.parameters:
        own.append(Node(_PARAMETERS, "", [Node("parameterDefinitions", "", _read(jenkinsfile.parameters))]))
    properties = _properties(root)
    properties.children = [child for child in properties.children if _class(child) not in before] + own
    _record(root, _SCRIPTED, [_list("jobPropertyDescriptors", map(_class, own))])


def _merge(
    properties: Node,
    java: str,
    tag: str,
    own: list[Node],
    identity: Callable[[Node], str],
    before: set[str],
) -> None:
    """Replace the members of a list that the Jenkinsfile sets now, or set the last time."""
    holder = next((child for child in properties.children if _class(child) == java), None)
    members = holder.find(tag) if holder else None
    gone = before | {identity(member) for member in own}
    others = [child for child in members.children if identity(child) not in gone] if members else []
    properties.children = [child for child in properties.children if child is not holder]
    if others or own:
        properties.children.append(Node(tag_name(java), "", [Node(tag, "", [*others, *own])]))


def _read(texts: Iterable[str]) -> list[Node]:
    return [read(text.encode()) for text in texts]


def _class(node: Node) -> str:
    return class_name(node.tag)


def _name(node: Node) -> str:
    name = node.find("name")
    return name.text if name else ""


def _properties(root: Node) -> Node:
    properties = root.find("properties")
    if properties is None:
        properties = Node("properties")
        root.children.append(properties)
    return properties


def _action(root: Node, java: str) -> Node | None:
    actions = root.find("actions")
    return next((child for child in actions.children if _class(child) == java), None) if actions else None


def _record(root: Node, java: str, fields: list[Node]) -> None:
    """Let the job have one action of this class, with these fields."""
    actions = root.find("actions")
    if actions is None:
        actions = Node("actions")
        root.children.insert(0, actions)
    actions.children = [child for child in actions.children if _class(child) != java]
    actions.children.append(Node(tag_name(java), "", fields))


def _listed(tracker: Node | None, tag: str) -> set[str]:
    child = tracker.find(tag) if tracker else None
    return {child.text for child in child.children} if child else set()


def _list(tag: str, texts: Iterable[str]) -> Node:
    return Node(tag, "", [Node("string", text) for text in texts])
