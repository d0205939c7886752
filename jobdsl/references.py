"""What a document refers to: labels, credentials, schedules, other jobs, classes; read from it alone.

It reads typed and raw elements alike, so nothing a DSL file writes escapes lint and policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from jobdsl.tree import class_name, elements

if TYPE_CHECKING:
    from lxml import etree

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
_FIELDS = frozenset({tag for _, tag in _JOB_FIELDS} | {"assignedNode", "cron", "spec", "string"})
_WORD = re.compile(r"[\w.-]+")
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


def references(document: str) -> References:
    """Everything a document refers to. Raises XmlError."""
    found = References()
    aliases = _aliases()
    for element in elements(document):
        tag = str(element.tag)
        java = element.get("class") or (class_name(tag) if "." in tag or tag in aliases else "")
        if java and ("." in java or java in aliases) and not _NO_CLASS.match(java):
            _note_class(found, java, element)
        if tag in _FIELDS or "redential" in tag:
            _note_field(found, element, (element.text or "").strip())
    return found


def _note_class(found: References, java: str, element: etree._Element) -> None:
    found.classes[java] = None
    if (wanted := _STEP_TEXT.get(java)) is not None and not (element.findtext(wanted) or "").strip():
        found.empty.append(java)
    if java in _ONE_LABEL_AXES or java in _EXPRESSION_AXES:
        texts = [value.text for value in element.iterfind("values/*") if value.text]
        plain = java in _EXPRESSION_AXES
        found.labels += [text if plain or _WORD.fullmatch(text) else f'"{text}"' for text in texts]


def _note_field(found: References, element: etree._Element, text: str) -> None:
    if not text or len(element):
        return
    tag, parent = str(element.tag), element.getparent()
    if parent is None:
        return
    if tag == "assignedNode":
        found.labels += [text] if parent.getparent() is None else []
        return
    owner = _owner(parent)
    if _CREDENTIALS.search(tag) or (tag == "string" and owner.endswith("SSHAgentBuildWrapper")):
        found.credentials.append(text)
    elif tag == "spec" or (tag == "cron" and owner.endswith("Trigger")):
        found.crons.append(element.text or "")
    elif (kind := _JOB_FIELDS.get((owner, tag))) is not None:
        names = [text] if kind == "copied" else [name.strip() for name in text.split(",")]
        found.jobs += [(kind, name) for name in names if name]


def _owner(element: etree._Element | None) -> str:
    """The class of the nearest element around a field."""
    while element is not None:
        java = element.get("class") or class_name(str(element.tag))
        if ("." in java or java in _aliases()) and not _NO_CLASS.match(java):
            return java
        element = element.getparent()
    return ""


@cache
def _aliases() -> frozenset[str]:
    """Classes that documents name without a package, such as EnvInjectBuilder."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import registry

    load_all()
    return frozenset(java for java in registry if "." not in java)
