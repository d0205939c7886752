"""Properties that a Jenkinsfile set on its own job.

A build of a Pipeline writes the triggers, parameters and options of its Jenkinsfile into the job's
document, and an action that lists what it wrote: `DeclarativeJobPropertyTrackerAction` for the directives
of a Declarative Pipeline, `JobPropertyTrackerAction` for the step `properties([...])`. What the actions
list is the Jenkinsfile's; every other property was set by a definition or by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.conversions import conversions_of
from jobdsl.documents.tree import Node, tag_name

__all__ = [
    "PIPELINE_ROOTS",
    "Owned",
    "converted_properties",
    "keep_jenkinsfile",
    "owned",
    "without_jenkinsfile",
]

PIPELINE_ROOTS = frozenset({"flow-definition", "org.jenkinsci.plugins.workflow.job.WorkflowJob"})
"""Root elements of Pipeline jobs."""

_DECLARATIVE = "org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobPropertyTrackerAction"
_SCRIPTED = "org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction"
_TRACKERS = frozenset({_DECLARATIVE, _SCRIPTED})
TRIGGERS = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
PARAMETERS = "hudson.model.ParametersDefinitionProperty"
_LISTS = {TRIGGERS: "triggers", PARAMETERS: "parameterDefinitions"}
"""Properties that are lists, of which a Jenkinsfile and a definition may each set members."""


@dataclass(frozen=True, slots=True)
class Owned:
    """What the actions of a job list as set by its Jenkinsfile."""

    properties: frozenset[str] = frozenset()
    """Classes of properties."""
    triggers: frozenset[str] = frozenset()
    """Classes of triggers set by `triggers { }`."""
    parameters: frozenset[str] = frozenset()
    """Names of parameters set by `parameters { }`."""

    def has_member(self, java: str, member: Node) -> bool:
        """Return whether a trigger or parameter in a property of class `java` is the Jenkinsfile's."""
        if java in self.properties:
            return True
        return _identity(java, member) in (self.triggers if java == TRIGGERS else self.parameters)


def owned(root: Node) -> Owned:
    """Read from a stored document what its Jenkinsfile set."""
    listed: dict[str, set[str]] = {"properties": set(), "triggers": set(), "parameters": set()}
    fields = {
        "jobProperties": "properties",
        "jobPropertyDescriptors": "properties",
        "triggers": "triggers",
        "parameters": "parameters",
    }
    for tracker in _trackers(root):
        for child in tracker.children:
            if child.tag in fields:
                names = {entry.text.strip() for entry in child.children}
                listed[fields[child.tag]] |= (
                    names if child.tag == "parameters" else set(map(canonical, names))
                )
    return Owned(**{name: frozenset(values) for name, values in listed.items()})


def keep_jenkinsfile(desired: Node, stored: Node) -> None:
    """Add to a document what the Jenkinsfile set in the stored one and the document does not set.

    What both set stays as the document has it: properties and triggers by class, parameters by name. The
    actions come along, because the next build removes only what they list.
    """
    _keep_actions(desired, stored)
    jenkinsfile = owned(stored)
    defined = {tag_class(child.tag) for child in _properties(desired)} | set(converted_properties(desired))
    for live in _properties(stored):
        java = tag_class(live.tag)
        members = _LISTS.get(java)
        if members is not None:
            _keep_members(desired, live, java, jenkinsfile)
        elif java in jenkinsfile.properties and java not in defined:
            _properties_of(desired).children.append(live)


def without_jenkinsfile(root: Node) -> Node:
    """Copy a stored document without what its Jenkinsfile set, and without its actions."""
    jenkinsfile = owned(root)
    own = Node(root.tag, root.text, [child for child in root.children if child.tag != "actions"], root.attrs)
    at = next((at for at, child in enumerate(own.children) if child.tag == "properties"), None)
    if at is not None:
        rest = [
            child for stored in own.children[at].children if (child := _without_owned(stored, jenkinsfile))
        ]
        own.children[at] = Node("properties", "", rest)
    return own


def converted_properties(root: Node) -> Iterator[str]:
    """Yield the classes of the properties that Jenkins makes of old fields of this document."""
    known = conversions_of(tag_class(root.tag))
    for child in root.children:
        conversion = known.get(child.tag)
        if (
            conversion is not None
            and conversion.target[0] == "properties"
            and not conversion.makes_nothing_of(child)
        ):
            yield conversion.target[1]


def _trackers(root: Node) -> list[Node]:
    actions = root.find("actions")
    return [child for child in actions.children if tag_class(child.tag) in _TRACKERS] if actions else []


def _keep_actions(desired: Node, stored: Node) -> None:
    """Let the document have the actions of the stored one: Jenkins itself put them there."""
    live = stored.find("actions")
    if live is None or not live.children:
        return
    own = desired.find("actions")
    tags = {child.tag for child in live.children}
    others = [child for child in own.children if child.tag not in tags] if own else []
    actions = Node("actions", "", [*others, *live.children])
    desired.children = [actions, *(child for child in desired.children if child is not own)]


def _keep_members(desired: Node, live: Node, java: str, jenkinsfile: Owned) -> None:
    from_jenkinsfile = [member for member in _members(live, java) if jenkinsfile.has_member(java, member)]
    all_own = [child for child in _properties(desired) if tag_class(child.tag) == java]
    own = all_own[0] if all_own else None
    defined = {_identity(java, member) for holder in all_own for member in _members(holder, java)}
    if java == TRIGGERS:
        defined |= {tag_class(child.tag) for child in _children(desired.find("triggers"))}
    from_jenkinsfile = [member for member in from_jenkinsfile if _identity(java, member) not in defined]
    if not from_jenkinsfile:
        return
    if own is None:
        own = Node(tag_name(java), "", [Node(_LISTS[java])])
        _properties_of(desired).children.append(own)
    members = own.find(_LISTS[java])
    if members is None:
        members = Node(_LISTS[java])
        own.children.append(members)
    members.children += from_jenkinsfile


def _without_owned(live: Node, jenkinsfile: Owned) -> Node | None:
    """Copy a property without the Jenkinsfile's part; None when nothing is left of it."""
    java = tag_class(live.tag)
    if java not in _LISTS:
        return None if java in jenkinsfile.properties else live
    own = [member for member in _members(live, java) if not jenkinsfile.has_member(java, member)]
    if not own:
        return None
    others = [child for child in live.children if child.tag != _LISTS[java]]
    return Node(live.tag, "", [*others, Node(_LISTS[java], "", own)], live.attrs)


def _identity(java: str, member: Node) -> str:
    """Return what a Jenkinsfile knows a member by: the class of a trigger, the name of a parameter."""
    if java == TRIGGERS:
        return tag_class(member.tag)
    name = member.find("name")
    return name.text.strip() if name else ""


def _members(live: Node, java: str) -> list[Node]:
    return _children(live.find(_LISTS[java]))


def _properties(root: Node) -> list[Node]:
    return _children(root.find("properties"))


def _children(node: Node | None) -> list[Node]:
    return node.children if node else []


def _properties_of(root: Node) -> Node:
    """Return the element that holds the properties, made if there is none."""
    properties = root.find("properties")
    if properties is None:
        properties = Node("properties")
        root.children.append(properties)
    return properties
