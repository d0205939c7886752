"""What a document uses of the controller, for policy: credentials, agents, secrets, classes and their groups.

The vocabulary declares which fields name credentials and agents; fields of other classes count by their
names. Everything is read as Jenkins reads it (see `xstream.py`), however the document was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html import unescape
from typing import TYPE_CHECKING

from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.conversions import conversions_of, old_fields
from jobdsl.documents.declared import Refers, class_of_child, referring_tags, refers
from jobdsl.documents.elementgroups import (
    field_group,
    groups_of,
    is_folder,
    is_folder_setting,
    is_known,
    may_be_grouped,
)
from jobdsl.documents.tree import class_name
from jobdsl.documents.xstream import CLASS_ATTRIBUTES, attribute_class, texts
from jobdsl.secrets.placeholders import SECRET_START, TOKEN

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["Claims", "may_be_claim", "secret_names"]

_NAMED: tuple[tuple[Refers, re.Pattern[str]], ...] = (
    ("credentials", re.compile(r"(?i).*credentials?(?:_?ids?)?")),
    (
        "label",
        re.compile(r"(?i)(?:.*(?:assigned|agent|node|slave)_?)labels?(?:name|expr\w*|string)?|assignedNode"),
    ),
)
"""Names of fields that name credentials or agents, in elements without a typed class."""
_WORD = re.compile(r"[\w.-]+")
_HIDING = (re.compile(rb"&#"), re.compile(rb"<!"), re.compile(rb"<\?"))
"""References, comments and instructions, behind the declaration; patterns are searched faster than texts."""
_NO_NAMES = frozenset({"true", "false", "ALL (no restriction)"})
"""Texts of such fields that name nothing: flags, and every node of a parameter."""
_TIED = frozenset(
    {
        "hudson.model.FreeStyleProject",
        "hudson.maven.MavenModuleSet",
        "hudson.matrix.MatrixProject",
        "com.tikal.jenkins.plugins.multijob.MultiJobProject",
    }
)
"""Kinds of jobs that run on the built-in node unless they may roam, or are assigned to a label."""
_PLAIN_AXIS = "hudson.matrix.Axis"
_LABEL_AXIS = "hudson.matrix.LabelAxis"


@dataclass(slots=True, kw_only=True)
class Claims:
    """What one document uses of the controller."""

    labels: list[str] = field(default_factory=list)
    """Label expressions."""
    credentials: list[str] = field(default_factory=list)
    secret_names: list[str] = field(default_factory=list)
    """Names of the values kept outside that are put into it."""
    kinds: list[str] = field(default_factory=list)
    """Classes of the item: that of the root's tag, and the one an attribute names, which Jenkins takes."""
    is_folder: bool = False
    """Whether the item holds others."""
    unknown: dict[str, None] = field(default_factory=dict)
    """Classes that attributes name and the vocabulary has not."""
    is_on_controller: bool = False
    """Whether the built-in node runs the job: it may not roam, and is assigned to no label."""
    groups: dict[tuple[str, str], str] = field(default_factory=dict)
    """Groups of elements that are there, each with a class and, where one puts it there, a field."""

    def note_root(self, document: str | bytes, root: etree._Element) -> None:
        """Note what kind of item it is, and the secrets in the whole document."""
        named = attribute_class(root)
        classes = [tag_class(str(root.tag)), *([] if named is None else [canonical(named)])]
        self.kinds = list(dict.fromkeys(classes))
        self.is_folder = any(map(is_folder, self.kinds))
        self.is_on_controller = not _TIED.isdisjoint(map(canonical, self.kinds)) and _is_tied(root)
        self.secret_names = secret_names(document, root)

    def note_class(self, java: str, element: etree._Element) -> None:
        """Note the groups of an element's class."""
        for group in groups_of(java):
            self.groups[group, java] = ""
        if self.is_folder and is_folder_setting(java) and _is_property(element):
            self.groups["folder-settings", java] = ""

    def note_attributes(self, element: etree._Element, attributes: Iterable[tuple[str, str]]) -> None:
        """Note the classes that attributes name, and attributes that are fields."""
        for name, value in attributes:
            if name in CLASS_ATTRIBUTES:
                if not is_known(value):
                    self.unknown[value] = None
            elif name != "plugin" and may_be_claim(class_name(name)):
                self._note(_kind(element, class_name(name)), [value.strip()])

    def note_field(self, element: etree._Element) -> None:
        """Note what a field names, and the group into which it puts its element."""
        parent = element.getparent()
        if parent is None:
            return
        tag = class_name(str(element.tag))
        if may_be_grouped(tag) and (group := field_group(element)):
            self.groups[group, class_of(parent)] = tag
        kind = _kind(parent, tag)
        if kind:
            self._note(kind, texts(element))
        if "defined-in" in element.attrib and (named := _named(tag)) != kind:
            self._note(named, texts(element))

    def _note(self, kind: Refers | None, texts: list[str]) -> None:
        texts = [text for text in texts if text not in _NO_NAMES]
        if kind == "credentials":
            self.credentials += texts
        elif kind == "label":
            self.labels += texts
        elif kind == "node":
            self.labels += [text if _WORD.fullmatch(text) else '"' + text.strip('"') + '"' for text in texts]


def _is_tied(root: etree._Element) -> bool:
    """Return whether nothing of a project lets it run on an agent (hudson.model.AbstractProject)."""
    fields = {class_name(str(child.tag)): (child.text or "").strip() for child in root.iterchildren("*")}
    return "assignedNode" not in fields and fields.get("canRoam", "").lower() != "true"


def _is_property(element: etree._Element) -> bool:
    """Return whether an element is a property of the item itself."""
    parent = element.getparent()
    root = None if parent is None or parent.tag != "properties" else parent.getparent()
    return root is not None and root.getparent() is None


@lru_cache(maxsize=10_000)
def may_be_claim(tag: str) -> bool:
    """Return whether a field of this name may name credentials or agents, or hold a script (quick filter)."""
    return tag in _referring_tags() or bool(_named(tag)) or may_be_grouped(tag)


@cache
def _referring_tags() -> frozenset[str]:
    return referring_tags() | old_fields(referring_tags())


@lru_cache(maxsize=10_000)
def _named(tag: str) -> Refers:
    return next((kind for kind, pattern in _NAMED if pattern.fullmatch(tag)), "")


def _kind(owner: etree._Element, tag: str) -> Refers:
    """Return what a field of an element names: as it is declared, else by its name."""
    java = class_of(owner)
    if canonical(java) == _PLAIN_AXIS and _is_named_label(owner):
        java = _LABEL_AXIS  # which Jenkins makes of it
    declared = refers(java, tag)
    if declared is None and (old := conversions_of(java).get(tag)) is not None and old.becomes:
        declared = refers(java, old.target[0])  # which Jenkins makes of it
    return _named(tag) if declared is None else declared


def _is_named_label(axis: etree._Element) -> bool:
    """Return whether an axis has the name `label`; the root of a document is no axis."""
    return axis.getparent() is not None and (axis.findtext("name") or "").strip() == "label"


def class_of(element: etree._Element) -> str:
    """Return the class Jenkins makes of an element; the name of its tag where it is not known."""
    named = attribute_class(element)
    if named is not None:
        return named
    tag, parent = class_name(str(element.tag)), element.getparent()
    if parent is None or "." in tag:
        return tag
    return class_of_child(class_of(parent), tag) or tag


def secret_names(document: str | bytes, root: etree._Element) -> list[str]:
    """Return the names of the secrets a document uses, also where references and comments hide them."""
    names: dict[str, None] = {}
    data = document.encode("utf-8", "replace") if isinstance(document, str) else document
    if SECRET_START.encode() in data:
        text = data.decode("utf-8", "replace")
        names |= dict.fromkeys(unescape(name) for name in TOKEN.findall(text))
    if any(sign.search(data, 1) is not None for sign in _HIDING):
        values = root.xpath("//@*")
        read = "\n".join([*root.itertext(), *(map(str, values) if isinstance(values, list) else ())])
        names |= dict.fromkeys(TOKEN.findall(read))
    return list(names)
