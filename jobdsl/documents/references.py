"""What a document refers to: labels, credentials, schedules, other jobs, classes; read from it alone.

It reads typed and raw elements alike, so nothing a DSL file writes escapes lint and policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from jobdsl.documents import secretsigns
from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.claims import Claims, may_be_claim, secret_names
from jobdsl.documents.declared import known_tags, may_be_secret, short_names
from jobdsl.documents.elementgroups import groups_of
from jobdsl.documents.mistakes import CHECKS, Check, Mistake
from jobdsl.documents.parts import PartMemory, Pieces, alone, split
from jobdsl.documents.roots import is_job_root, is_view_root
from jobdsl.documents.secretfinder import SecretText, find_secrets, holds_properties, is_naming
from jobdsl.documents.tree import as_lxml, class_name, from_lxml, has_control_references
from jobdsl.documents.xstream import attribute_class
from jobdsl.errors import XmlError
from jobdsl.model import Definition
from jobdsl.secrets.names import names_secret
from jobdsl.secrets.placeholders import SECRET_START
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
    ("hudson.model.RunParameterDefinition", "projectName"): "run",
}
_FIELDS = frozenset({tag for _, tag in _JOB_FIELDS} | {"cron", "spec", "string", "firstJob"})
_PIPELINE = "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"
_STEP_TEXT = {
    "hudson.tasks.Shell": "command",
    "hudson.tasks.BatchFile": "command",
    "hudson.plugins.powershell.PowerShell": "command",
    _PIPELINE: "script",
}


@dataclass(slots=True, kw_only=True)
class References(Claims):
    """What one document refers to."""

    crons: list[str] = field(default_factory=list)
    jobs: list[tuple[str, str]] = field(default_factory=list)
    """`downstream`, `upstream`, `copied` or `run` (a full name), and the name as it is written."""
    listed: list[str] = field(default_factory=list)
    """Names of jobs that a view lists, as they are written."""
    flat: list[str] = field(default_factory=list)
    """Those of them in a folder below the view's, where the view does not include folders."""
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
    """Values and places that are mistakes."""
    pipelines: list[str] = field(default_factory=list)
    """Scripts of Pipelines."""


def look(definition: Definition) -> References | XmlError:
    """Return what a definition's document refers to, or why it cannot be read; once for lint and policy."""
    try:
        return references(definition.document)
    except XmlError as error:
        return error


class _Meaning(NamedTuple):
    """What a tag means by itself; the same few tags come in every document."""

    java: str
    """The class it names; empty if it is a field."""
    is_field: bool
    """Whether a rule uses fields of this name."""
    may_be_secret: bool
    names_others: bool
    """Whether its text may be the name of the value next to it."""
    holds_properties: bool
    check: Check | None
    """The check for mistakes in it."""
    is_claim: bool
    """Whether it may name what policy is about."""


@lru_cache(maxsize=10_000)
def _meaning(tag: str) -> _Meaning | None:
    """Return what a tag means; None where only the text of its element counts."""
    java = class_name(tag)
    meaning = _Meaning(
        java=java if _is_class(java) else "",
        is_field=tag in _FIELDS,
        may_be_secret=may_be_secret(tag),
        names_others=is_naming(tag) or tag == "string",  # the first of an entry of a map
        holds_properties=holds_properties(tag),
        check=CHECKS.get(canonical(java)),
        is_claim=may_be_claim(java),
    )
    return meaning if any(meaning) else None


_NOTHING = _Meaning(
    java="",
    is_field=False,
    may_be_secret=False,
    names_others=False,
    holds_properties=False,
    check=None,
    is_claim=False,
)


@lru_cache(maxsize=10_000)
def _is_class(java: str) -> bool:
    return ("." in java or java == "axis" or java in short_names()) and not _NO_CLASS.match(java)


def references(document: str | bytes) -> References:
    """Return everything a document refers to. Raises XmlError.

    Each child of a job's root is looked at once in all documents that have the same one.
    """
    shared = _from_parts(document) if isinstance(document, str) else None
    if shared is not None:
        return shared
    root = as_lxml(document)
    collected = References()
    collected.note_root(document, root)
    if _note(collected, list(root.iter("*"))):
        collected.secrets = _secrets(document, root)
    return collected


def _secrets(document: str | bytes, root: etree._Element) -> list[SecretText]:
    """Find secrets in a tree of nodes, which takes a while."""
    data = document.encode() if isinstance(document, str) else document
    return find_secrets(from_lxml(root, shifted=has_control_references(data)))


class _Part(NamedTuple):
    """What a child of the root refers to, with all that is in it; or the root without them."""

    tag: str
    references: tuple[tuple[str, list[Any] | dict[Any, Any]], ...]
    """Fields of `References` and their values, without empty ones."""
    may_hold_secrets: bool

    def add_to(self, references: References) -> bool:
        """Add them to what a document refers to; returns whether the part may hold secrets."""
        for name, values in self.references:
            own = getattr(references, name)
            own.update(values) if type(own) is dict else own.extend(values)
        return self.may_hold_secrets


_PARTS: PartMemory[_Part] = PartMemory(16_000_000, 100_000)
_OF_ALL = ("kinds", "is_folder", "secrets")
"""Fields of `References` that a document has as a whole."""
_COLLECTED = tuple(field.name for field in fields(References) if field.name not in _OF_ALL)
"""Fields that hold what is found in the elements of a document, in their order."""
_collected = attrgetter(*_COLLECTED)


def _from_parts(document: str) -> References | None:
    """Put together what the parts of a document refer to; None where it has to be read as a whole.

    The root has to be that of a job, which only lists its children.
    """
    pieces = split(document)
    if pieces is None or not is_job_root(pieces.tag):
        return None
    found_parts = _PARTS.known(pieces)
    if found_parts is None:
        return None
    known, repeated = found_parts
    new = [child for child in dict.fromkeys(pieces.children) if child not in known]
    alones = alone(pieces, new) if new else []
    if alones is None:
        return None
    elements = dict(zip(new, alones, strict=True))
    parts = {child: known[child] for child in pieces.children if child in known}
    parts |= {child: _part(pieces, child, elements[child]) for child in new if child in repeated}
    tags = [parts[child].tag if child in parts else str(elements[child].tag) for child in pieces.children]
    empty = "/><".join(tags) + "/>"
    root = known.get(empty) or _part(pieces, empty, as_lxml(pieces.document([empty])), is_root=True)
    collected = References(kinds=[tag_class(pieces.tag)])
    secrets = root.add_to(collected)
    for child in pieces.children:
        part = parts.get(child)
        in_child = _note_part(collected, child, elements[child]) if part is None else part.add_to(collected)
        secrets = secrets or in_child
    if collected.secret_names:
        collected.secret_names = list(dict.fromkeys(collected.secret_names))
    if secrets:
        collected.secrets = _secrets(document, as_lxml(document))
    return collected


def _part(pieces: Pieces, text: str, element: etree._Element, *, is_root: bool = False) -> _Part:
    """Examine a child of the root with its contents, or the root alone, and cache the result.

    Of what is outside it, only the root's tag and attributes count.
    """
    part_references = References()
    may_hold_secrets = (
        _note(part_references, [element]) if is_root else _note_part(part_references, text, element)
    )
    collected = [
        (name, values) for name, values in zip(_COLLECTED, _collected(part_references), strict=True) if values
    ]
    part = _Part(str(element.tag), tuple(collected), may_hold_secrets)
    _PARTS.keep(pieces, text, part)
    return part


def _note_part(references: References, text: str, element: etree._Element) -> bool:
    """Note what a child of the root refers to, with all in it; returns whether it may hold secrets."""
    if SECRET_START in text:
        references.secret_names += secret_names(text, element)
    return _note(references, list(element.iter("*")))


def _note(references: References, nodes: Iterable[etree._Element]) -> bool:
    """Note what elements refer to; returns whether one of them may hold a secret."""
    secrets = False
    for element in nodes:
        meaning = _meaning(element.tag)  # type: ignore[arg-type]  # of elements it is a text
        text, tail, attributes = element.text, element.tail, element.items()
        if not secrets:
            secrets = secretsigns.in_text(text, tail)
        if meaning is None:
            if not attributes:
                continue
            meaning = _NOTHING
        java, is_field, may_be_secret, names_others, properties, check, is_claim = meaning
        if attributes:
            java, check = _named_class(element, java, check)
            references.note_attributes(element, attributes)
            secrets = secrets or secretsigns.in_attributes(attributes)
        if check is not None:
            references.mistakes += check(element)
        if java:
            _note_class(references, java, element)
        if is_claim:
            references.note_field(element)
        if is_field:
            _note_field(references, element, (text or "").strip())
        secrets = secrets or (
            (may_be_secret and secretsigns.in_field(element, str(element.tag)))
            or (names_others and names_secret(text or ""))
            or (properties and bool(secrets_in(text or "", properties=True)))
        )
    return secrets


def _named_class(element: etree._Element, java: str, check: Check | None) -> tuple[str, Check | None]:
    """Return the class that an element's attribute names, and its check; else those of its tag."""
    named = attribute_class(element)
    if named is None:
        return java, check
    return named if _is_class(named) else "", CHECKS.get(canonical(named))


class _Class(NamedTuple):
    """What a class means by itself."""

    tags: frozenset[str] | None
    """Tags of the children its typed class knows; None without one."""
    has_groups: bool
    step_text: str
    """The child that holds the text of a step; empty for other classes."""


@lru_cache(maxsize=10_000)
def _class(java: str) -> _Class:
    return _Class(known_tags(java), bool(groups_of(java)), _STEP_TEXT.get(canonical(java), ""))


def _note_class(references: References, java: str, element: etree._Element) -> None:
    known, has_groups, step_text = _class(java)
    references.classes[java] = None
    if has_groups or references.is_folder:
        references.note_class(java, element)
    tags = [child.tag for child in element]
    if known is not None and not known.issuperset(tags):
        strange = sorted(str(tag) for tag in set(tags) - known)
        references.strangers += [(java, tag, known.difference(tags)) for tag in strange]
    if step_text:
        text = (element[tags.index(step_text)].text or "") if step_text in tags else ""
        if not text or text.isspace():
            references.empty.append(canonical(java))
        elif canonical(java) == _PIPELINE:
            references.pipelines.append(text)


def _note_field(references: References, element: etree._Element, text: str) -> None:
    if not text or len(element):
        return
    tag, parent = str(element.tag), element.getparent()
    if parent is None:
        return
    if tag == "firstJob":
        references.shown.append(text)
        return
    if tag == "string" and parent.tag == "jobNames":
        references.listed.append(text)
        if "/" in text and not _looks_into_folders(parent.getparent()):
            references.flat.append(text)
        return
    owner = _owner(parent)
    if tag == "spec" or (tag == "cron" and owner.endswith("Trigger")):
        references.crons.append(element.text or "")
    elif (kind := _JOB_FIELDS.get((canonical(owner), tag))) is not None:
        names = [text] if kind == "copied" else [name.strip() for name in text.split(",")]
        references.jobs += [(kind, name) for name in names if name]


def _looks_into_folders(view: etree._Element | None) -> bool:
    """Return whether a view includes jobs in folders; True where its class has no such field."""
    if view is None or not is_view_root(str(view.tag)):
        return True
    recurse = view.find("recurse")
    return recurse is not None and (recurse.text or "").strip() == "true"


def _owner(element: etree._Element | None) -> str:
    """Return the class of the nearest element around a field."""
    while element is not None:
        java = element.get("class") or class_name(str(element.tag))
        if _is_class(java):
            return java
        element = element.getparent()
    return ""
