"""What a document refers to: labels, credentials, schedules, other jobs, classes; read from it alone.

It reads typed and raw elements alike, so nothing a DSL file writes escapes lint and policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from jobdsl.documents.declared import (
    in_clear,
    is_secret_attribute,
    known_tags,
    may_be_secret,
    secrecy,
    short_names,
)
from jobdsl.documents.tree import class_name, elements
from jobdsl.errors import XmlError
from jobdsl.model import Definition

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["References", "look", "references"]

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
    listed: list[str] = field(default_factory=list)
    """Names of jobs that a view lists, as they are written."""
    classes: dict[str, None] = field(default_factory=dict)
    """Java classes of the elements, the root's too, in order of appearance."""
    empty: list[str] = field(default_factory=list)
    """Elements whose command or script is blank."""
    strangers: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """A class, a child its typed class does not know, and the known ones the element lacks."""
    secrets: list[tuple[str, str, bool]] = field(default_factory=list)
    """A class, a child or attribute that holds a secret in clear, and whether that is sure."""


def look(one: Definition) -> References | XmlError:
    """What a definition's document refers to, or why it cannot be read: one look for lint and policy."""
    try:
        return references(one.document)
    except XmlError as error:
        return error


class _Meaning(NamedTuple):
    """What a tag by itself says; the same few tags come in every document."""

    java: str
    """The class it names; empty if it is a field."""
    is_field: bool
    """Whether a rule asks for fields of this name."""
    may_be_secret: bool


@lru_cache(maxsize=10_000)
def _meaning(tag: str) -> _Meaning:
    java = class_name(tag)
    return _Meaning(java if _is_class(java) else "", tag in _FIELDS or "redential" in tag, may_be_secret(tag))


@lru_cache(maxsize=10_000)
def _is_class(java: str) -> bool:
    return ("." in java or java in short_names()) and not _NO_CLASS.match(java)


def references(document: str | bytes) -> References:
    """Everything a document refers to. Raises XmlError."""
    found = References()
    for element in elements(document):
        tag = str(element.tag)
        java, is_field, secret = _meaning(tag)
        if element.attrib:
            _note_attributes(found, element)
            if (given := element.get("class")) is not None:
                java = given if _is_class(given) else ""
        if java:
            _note_class(found, java, element)
        if is_field:
            _note_field(found, element, (element.text or "").strip())
        if secret and not len(element):
            _note_secret(found, element, tag)
    return found


@lru_cache(maxsize=10_000)
def _strangers(java: str, tags: tuple[str, ...]) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """The children a typed class does not know, each with the known ones that are not there."""
    known = known_tags(java)
    if known is None or known.issuperset(tags):
        return ()
    return tuple((java, tag, known.difference(tags)) for tag in sorted(set(tags) - known))


def _note_class(found: References, java: str, element: etree._Element) -> None:
    found.classes[java] = None
    if strangers := _strangers(java, tuple([str(child.tag) for child in element])):
        found.strangers += strangers
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
    if tag == "string" and parent.tag == "jobNames":
        found.listed.append(text)
        return
    owner = _owner(parent)
    if _CREDENTIALS.search(tag) or (tag == "string" and owner.endswith("SSHAgentBuildWrapper")):
        found.credentials.append(text)
    elif tag == "spec" or (tag == "cron" and owner.endswith("Trigger")):
        found.crons.append(element.text or "")
    elif (kind := _JOB_FIELDS.get((owner, tag))) is not None:
        names = [text] if kind == "copied" else [name.strip() for name in text.split(",")]
        found.jobs += [(kind, name) for name in names if name]


def _note_secret(found: References, element: etree._Element, tag: str) -> None:
    parent, text = element.getparent(), element.text or ""
    if parent is None or "${" in text or not in_clear(text):
        return
    java = parent.get("class") or class_name(str(parent.tag))
    if kind := secrecy(java, tag):
        found.secrets.append((java, tag, kind == "declared"))


def _note_attributes(found: References, element: etree._Element) -> None:
    for name, value in element.items():
        if is_secret_attribute(name) and "${" not in value and in_clear(value):
            found.secrets.append((class_name(str(element.tag)), name, False))


def _owner(element: etree._Element | None) -> str:
    """The class of the nearest element around a field."""
    while element is not None:
        java = element.get("class") or class_name(str(element.tag))
        if _is_class(java):
            return java
        element = element.getparent()
    return ""
