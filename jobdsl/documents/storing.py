"""What Jenkins does to a document it stores: what means the same, what goes without harm, what it fills in.

Measured on 362 real documents that a controller of Jenkins 2.568 with 142 plugins took and gave back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobdsl.documents.tree import Node
from jobdsl.secrets.placeholders import TOKEN, fits

__all__ = [
    "BORN",
    "ENCRYPTED",
    "FOLDER_OWN",
    "UNORDERED",
    "fills_in",
    "is_class",
    "is_default_class",
    "is_harmless",
    "is_value",
    "means_nothing",
    "own_attributes",
    "points_back",
    "same",
]

BORN = frozenset({"actions", "healthMetrics", "folderViews", "icon"})
"""Elements whose content Jenkins itself puts there."""
FOLDER_OWN = frozenset({"views", "viewsTabBar", "primaryView"})
"""Parts of a folder that stay as they are unless its definition sets them; the others are born with it."""
UNORDERED = frozenset({"permission"})
"""Elements whose order has no meaning."""
ENCRYPTED = re.compile(r"\{AQAAABAAAA[A-Za-z0-9+/=]+\}")

_EMPTY = frozenset({"", "false", "0", "-1", "0.0"})
"""Values whose loss or addition changes nothing: what an absent field means anyway."""
_HARMLESS = frozenset({("canRoam", "true"), ("primaryView", "All"), ("acceptBeforeLoad", "true")})
_LINE_END = re.compile("\r\n|\r\x85|[\r\x85\u2028]")
"""What readers of XML 1.1 and browsers make one line feed."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_UNLIMITED = frozenset({"numToKeep", "daysToKeep", "artifactNumToKeep", "artifactDaysToKeep"})
"""Fields where Jenkins writes -1 for 0."""
_DEFAULT_CLASS = re.compile(
    r"(?:[a-z-]+|java\..*|.*\.(?:Null|Default)[A-Za-z]*|.*\.AllNodeEligibility|.*\.InheritParentStrategy"
    r"|.*\.MultiBranchProjectViewHolder|.*\.StockFolderIcon|.*\.MetadataActionFolderIcon"
    r"|hudson\.model\.View\$PropertyList|hudson\.util\.CaseInsensitiveComparator)"
)
"""Classes Jenkins fills in by itself: collections, and the defaults of its extension points."""
_OF_THE_WRITER = frozenset(
    {"class", "plugin", "reference", "id", "ignore", "resolves-to", "defined-in", "serialization"}
)
"""Attributes the writer of XML adds by itself: they describe how objects are stored, not what they are."""
_VALUES = frozenset({"string", "int", "long", "boolean", "entry"})
"""Names of plain values in a list, a set or a map: no field is called so."""


_ALIASES = frozenset({"axis", "listView", "xunit"})
"""Short names of classes that begin like the name of a field, and are none."""


def own_attributes(node: Node) -> dict[str, str]:
    """Return the attributes that belong to the object itself, such as the name and value of a pair."""
    return {name: value for name, value in node.attrs.items() if name not in _OF_THE_WRITER}


def is_class(tag: str) -> bool:
    """Return whether a tag is the name of a class, not of a field."""
    return "." in tag or tag[:1].isupper() or tag in _ALIASES


def is_value(tag: str) -> bool:
    """Return whether a tag is that of a plain value in a list, a set or a map."""
    return tag in _VALUES


def is_default_class(java: str) -> bool:
    """Return whether Jenkins fills in this class by itself, or it means no more than none would."""
    return not java or _DEFAULT_CLASS.fullmatch(java) is not None


def points_back(node: Node) -> bool:
    """Return whether it only names what it lies in: the owner of a view, or of a part of a job."""
    return "reference" in node.attrs or (node.tag == "owner" and node.attrs.get("ignore") == "true")


def means_nothing(value: str) -> bool:
    """Return whether a value is what an absent field means anyway."""
    return value.strip().lower() in _EMPTY


def fills_in(tag: str, text: str) -> bool:
    """Return whether Jenkins writes this field of an item by itself."""
    return means_nothing(text) or (tag, text) in _HARMLESS


def is_harmless(node: Node) -> bool:
    """Return whether the loss of a node changes nothing."""
    if is_class(node.tag) or not is_default_class(node.attrs.get("class", "")):
        return False
    if node.attrs and not _all_mean_nothing(own_attributes(node)):
        return False
    if node.children:
        return all(is_harmless(child) for child in node.children)
    return fills_in(node.tag, node.text)


def _all_mean_nothing(values: Mapping[str, str]) -> bool:
    return all(map(means_nothing, values.values()))


def same(name: str, desired: str, stored: str) -> bool:
    """Return whether two values of a field or attribute mean the same to Jenkins."""
    if desired == stored or ENCRYPTED.fullmatch(stored):
        return True
    if "${" in desired and TOKEN.search(desired):  # what the controller has for it is none of our business
        return fits(_plain(desired), _plain(stored))
    ours, theirs = _plain(desired), _plain(stored)
    if name == "description":  # a marker and browsers change the line ends around it
        ours, theirs = ours.strip("\n"), theirs.strip("\n")
    if ours == theirs or (ours.lower() in ("true", "false") and ours.lower() == theirs):
        return True
    if _NUMBER.fullmatch(ours.strip()) and _NUMBER.fullmatch(theirs.strip()):
        return float(ours) == float(theirs) or (name in _UNLIMITED and {ours.strip(), theirs} == {"0", "-1"})
    return False


def _plain(text: str) -> str:
    """Text without what storing changes: kinds of line ends, and blanks where there is nothing else."""
    if not text.strip():
        return ""
    return _LINE_END.sub("\n", text)
