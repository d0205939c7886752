"""What a document refers to: labels, credentials, schedules, other jobs, classes; read from it alone.

It reads typed and raw elements alike, so nothing a DSL file writes escapes lint and policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from jobdsl.documents.aliases import canonical
from jobdsl.documents.claims import Claims, may_be_claim
from jobdsl.documents.declared import (
    in_clear,
    is_secret_attribute,
    known_tags,
    may_be_secret,
    secrecy,
    short_names,
)
from jobdsl.documents.mistakes import CHECKS, Check, Mistake
from jobdsl.documents.parts import Parts
from jobdsl.documents.secretfinder import SecretText, find_secrets, holds_properties, is_naming
from jobdsl.documents.tree import as_lxml, class_name, from_lxml, has_control_references
from jobdsl.documents.xstream import attribute_class
from jobdsl.errors import XmlError
from jobdsl.model import Definition
from jobdsl.secrets.names import ends_secret, names_secret
from jobdsl.secrets.texts import secrets_in

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["References", "look", "references"]

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
_FIELDS = frozenset({tag for _, tag in _JOB_FIELDS} | {"cron", "spec", "string", "firstJob"})
_PIPELINE = "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"
_STEP_TEXT = {
    "hudson.tasks.Shell": "command",
    "hudson.tasks.BatchFile": "command",
    "hudson.plugins.powershell.PowerShell": "command",
    _PIPELINE: "script",
}
_SHORT = 20
"""Characters below which a word is no key of any service."""


@dataclass(slots=True)
class References(Claims):
    """What one document refers to."""

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
    secrets: list[SecretText] = field(default_factory=list)
    """Secrets in plain text."""
    shown: list[str] = field(default_factory=list)
    """Names of jobs that a view's pipelines begin with."""
    mistakes: list[Mistake] = field(default_factory=list)
    """Values and places that nobody means."""
    pipelines: list[str] = field(default_factory=list)
    """Scripts of Pipelines."""


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
    names_others: bool
    """Whether its text may be the name of the value next to it."""
    holds_properties: bool
    check: Check | None
    """What looks for mistakes in it."""
    is_claim: bool
    """Whether it may name what policy asks about."""


@lru_cache(maxsize=10_000)
def _meaning(tag: str) -> _Meaning:
    java = class_name(tag)
    return _Meaning(
        java if _is_class(java) else "",
        tag in _FIELDS,
        may_be_secret(tag),
        is_naming(tag) or tag == "string",  # the first of an entry of a map
        holds_properties(tag),
        CHECKS.get(canonical(java)),
        may_be_claim(java),
    )


@lru_cache(maxsize=10_000)
def _is_class(java: str) -> bool:
    return ("." in java or java == "axis" or java in short_names()) and not _NO_CLASS.match(java)


def references(document: str | bytes) -> References:
    """Everything a document refers to. Raises XmlError.

    Each child of the root is looked at once in all documents that have the same one. Secrets are looked for
    in a tree, which takes a while, and only where something may be one.
    """
    from lxml.etree import tostring  # loading and rendering do without it

    root = as_lxml(document)
    found = References()
    found.note_root(document, root)
    secrets = _note(found, [root])
    place = (str(root.tag), *root.items())
    known = _PARTS.at(place)
    for child in root:
        text = tostring(child)
        part = known.get(text)
        if part is None:
            part = _part(child, is_folder=found.is_folder)
            _PARTS.keep(place, text, part)
        secrets = secrets or part.may_hold_secrets
        for name, values in part.references:
            own = getattr(found, name)
            own.update(values) if isinstance(own, dict) else own.extend(values)
    if secrets:
        data = document.encode() if isinstance(document, str) else document
        found.secrets = find_secrets(from_lxml(root, shifted=has_control_references(data)))
    return found


class _Part(NamedTuple):
    """What a child of the root refers to, with all that is in it."""

    references: tuple[tuple[str, list[Any] | dict[Any, Any]], ...]
    """Fields of `References` and their values, without empty ones."""
    may_hold_secrets: bool


_PARTS: Parts[_Part] = Parts(16_000_000, 100_000)
_OF_ALL = ("kinds", "is_folder", "secret_names", "secrets")
"""Fields of `References` that a document has as a whole."""
_COLLECTED = tuple(one.name for one in fields(References) if one.name not in _OF_ALL)
"""Fields that hold what is found in the elements of a document, in their order."""


def _part(element: etree._Element, *, is_folder: bool) -> _Part:
    """Look at a child of the root and all that is in it, with the text behind it.

    Of what is outside it, only the root's tag and attributes may count.
    """
    found = References(is_folder=is_folder)
    secrets = _note(found, list(element.iter("*")))  # their parents and children are found again fast
    collected = [(name, values) for name in _COLLECTED if (values := getattr(found, name))]
    return _Part(tuple(collected), secrets)


def _note(found: References, nodes: Iterable[etree._Element]) -> bool:
    """Note what elements refer to; returns whether one of them may hold a secret."""
    secrets = False
    for element in nodes:
        tag = str(element.tag)
        java, is_field, may_be_secret, names_others, properties, check, is_claim = _meaning(tag)
        if attributes := element.items():
            java, check = _named_class(element, java, check)
            found.note_attributes(element, attributes)
            secrets = secrets or _has_secret_attribute(attributes)
        if check is not None:
            found.mistakes += check(element)
        if java:
            _note_class(found, java, element)
        if is_claim:
            found.note_field(element)
        if is_field:
            _note_field(found, element, (element.text or "").strip())
        if secrets:
            continue
        text, tail = element.text, element.tail
        if (
            (may_be_secret and _is_secret(element, tag))
            or (text and not text.isspace() and _tells_secret(text, names_others, properties))
            or (tail and not tail.isspace())
        ):
            secrets = True
    return secrets


def _named_class(element: etree._Element, java: str, check: Check | None) -> tuple[str, Check | None]:
    """The class that an element's attribute names, and its check; else those of its tag."""
    given = attribute_class(element)
    if given is None:
        return java, check
    return given if _is_class(given) else "", CHECKS.get(canonical(given))


def _is_secret(element: etree._Element, tag: str) -> bool:
    """Return whether an element with a tag of a secret holds one, or has children that may."""
    if len(element):
        return ends_secret(tag)
    parent = element.getparent()
    if parent is None or not in_clear(element.text or ""):
        return False
    return "." in tag or bool(secrecy(parent.get("class") or class_name(str(parent.tag)), tag))


def _tells_secret(text: str, names_others: bool, properties: bool) -> bool:
    """Return whether a text holds a secret, or is the name of one."""
    if names_others:
        return names_secret(text) or bool(secrets_in(text, properties=properties))
    return (len(text) >= _SHORT or not text.isalnum()) and bool(secrets_in(text, properties=properties))


def _has_secret_attribute(attributes: Iterable[tuple[str, str]]) -> bool:
    for name, value in attributes:
        if name == "class":
            if value == "hudson.util.Secret":
                return True
        elif name != "plugin" and (
            is_secret_attribute(name) or (is_naming(name) and names_secret(value)) or secrets_in(value)
        ):
            return True
    return False


@lru_cache(maxsize=10_000)
def _strangers(java: str, tags: tuple[str, ...]) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """The children a typed class does not know, each with the known ones that are not there."""
    known = known_tags(java)
    if known is None or known.issuperset(tags):
        return ()
    return tuple((java, tag, known.difference(tags)) for tag in sorted(set(tags) - known))


def _note_class(found: References, java: str, element: etree._Element) -> None:
    found.classes[java] = None
    found.note_class(java, element)
    if strangers := _strangers(java, tuple([child.tag for child in element])):
        found.strangers += strangers
    java = canonical(java)
    if (wanted := _STEP_TEXT.get(java)) is not None:
        text = element.findtext(wanted) or ""
        if not text.strip():
            found.empty.append(java)
        elif java == _PIPELINE:
            found.pipelines.append(text)


def _note_field(found: References, element: etree._Element, text: str) -> None:
    if not text or len(element):
        return
    tag, parent = str(element.tag), element.getparent()
    if parent is None:
        return
    if tag == "firstJob":
        found.shown.append(text)
        return
    if tag == "string" and parent.tag == "jobNames":
        found.listed.append(text)
        return
    owner = _owner(parent)
    if tag == "spec" or (tag == "cron" and owner.endswith("Trigger")):
        found.crons.append(element.text or "")
    elif (kind := _JOB_FIELDS.get((canonical(owner), tag))) is not None:
        names = [text] if kind == "copied" else [name.strip() for name in text.split(",")]
        found.jobs += [(kind, name) for name in names if name]


def _owner(element: etree._Element | None) -> str:
    """The class of the nearest element around a field."""
    while element is not None:
        java = element.get("class") or class_name(str(element.tag))
        if _is_class(java):
            return java
        element = element.getparent()
    return ""
