"""What a document refers to: labels, credentials, schedules, other jobs, classes; read from its tree alone.

It reads typed and raw elements alike, so nothing a DSL file writes escapes lint and policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from jobdsl.tree import Node, class_name

__all__ = ["References", "references"]

_CREDENTIALS = re.compile(r"[cC]redential(?:s)?Id$")
_NO_CLASS = re.compile(r"^(?:java\.|hudson\.util\.|com\.google\.common\.|hudson\.model\.View\$PropertyList)")
_JOB_FIELDS = {
    ("hudson.tasks.BuildTrigger", "childProjects"): "downstream",
    ("hudson.plugins.parameterizedtrigger.BuildTriggerConfig", "projects"): "downstream",
    ("hudson.plugins.parameterizedtrigger.BlockableBuildTriggerConfig", "projects"): "downstream",
    ("com.tikal.jenkins.plugins.multijob.PhaseJobsConfig", "jobName"): "downstream",
    (
        "au.com.centrumsystems.hudson.plugin.buildpipeline.trigger.BuildPipelineTrigger",
        "downstreamProjectNames",
    ): "downstream",
    ("jenkins.triggers.ReverseBuildTrigger", "upstreamProjects"): "upstream",
    ("hudson.plugins.copyartifact.CopyArtifact", "project"): "copied",
    ("hudson.plugins.copyartifact.CopyArtifact", "projectName"): "copied",
}
_STEP_TEXT = {
    "hudson.tasks.Shell": "command",
    "hudson.tasks.BatchFile": "command",
    "hudson.plugins.powershell.PowerShell": "command",
    "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition": "script",
}
_ONE_LABEL_AXES = frozenset({"hudson.matrix.LabelAxis"})
_EXPRESSION_AXES = frozenset({"hudson.matrix.LabelExpAxis"})


@dataclass(slots=True)
class References:
    """What one document refers to."""

    labels: list[str] = field(default_factory=list)
    """Label expressions."""
    credentials: list[str] = field(default_factory=list)
    crons: list[str] = field(default_factory=list)
    jobs: list[tuple[str, str]] = field(default_factory=list)
    """`downstream`, `upstream` or `copied`, and the name as it is written."""
    classes: dict[str, None] = field(default_factory=dict)
    """Java classes of the elements, the root's too, in order of appearance."""
    empty: list[str] = field(default_factory=list)
    """Elements whose command or script is blank."""


def references(root: Node) -> References:
    """Everything a document refers to."""
    found = References()
    found.classes[class_name(root.tag)] = None
    for child in root.children:
        if child.tag == "assignedNode" and child.text:
            found.labels.append(child.text)
    for owner, node in _pairs(root):
        _note(found, owner, node)
    return found


def _pairs(root: Node) -> Iterator[tuple[str, Node]]:
    """Every node below the root, with the class of the nearest element it is a field of."""
    stack: list[tuple[str, Node]] = [(class_name(root.tag), child) for child in reversed(root.children)]
    while stack:
        owner, node = stack.pop()
        yield owner, node
        inner = _class_of(node) or owner
        stack.extend((inner, child) for child in reversed(node.children))


def _class_of(node: Node) -> str:
    java = node.attrs.get("class") or class_name(node.tag)
    if "." not in java:
        return java if java in _aliases() else ""
    return "" if _NO_CLASS.match(java) else java


@cache
def _aliases() -> frozenset[str]:
    """Classes that documents name without a package, such as EnvInjectBuilder."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import registry

    load_all()
    return frozenset(java for java in registry if "." not in java)


def _note(found: References, owner: str, node: Node) -> None:
    if java := _class_of(node):
        found.classes[java] = None
        wanted = _STEP_TEXT.get(java)
        if wanted is not None and ((held := node.find(wanted)) is None or not held.text.strip()):
            found.empty.append(java)
        _note_axis(found, java, node)
    if node.children or not node.text.strip():
        return
    if _CREDENTIALS.search(node.tag) or (node.tag == "string" and owner.endswith("SSHAgentBuildWrapper")):
        found.credentials.append(node.text)
    elif node.tag == "spec" or (node.tag == "cron" and owner.endswith("Trigger")):
        found.crons.append(node.text)
    elif (kind := _JOB_FIELDS.get((owner, node.tag))) is not None:
        names = [node.text.strip()] if kind == "copied" else [name.strip() for name in node.text.split(",")]
        found.jobs += [(kind, name) for name in names if name]


def _note_axis(found: References, java: str, node: Node) -> None:
    values = node.find("values")
    if values is None:
        return
    texts = [child.text for child in values.children if child.text]
    if java in _ONE_LABEL_AXES:
        found.labels += [f'"{text}"' if re.search(r"[^\w.-]", text) else text for text in texts]
    elif java in _EXPRESSION_AXES:
        found.labels += texts
