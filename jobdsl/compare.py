"""What a controller made of a document: a comparison that knows what Jenkins rewrites whenever it stores one.

Jenkins answers 200 and drops what it does not know; adds defaults, plugin attributes and an order of
its own; encrypts secrets anew each time. None of the additions is a difference, a lost value is one.
Measured on 359 real documents a controller of Jenkins 2.568 with 142 plugins took.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from jobdsl.errors import Problem, Severity, Where
from jobdsl.marker import stripped
from jobdsl.model import is_folder_root
from jobdsl.tree import Node, class_name

__all__ = ["HIDDEN", "Comparison", "Difference", "compare", "kept_whole", "masked"]

PluginOf = Callable[[str], "str | None"]
"""Short name of the plugin a class belongs to, if known."""

_EMPTY = frozenset({"", "false", "0", "-1", "0.0"})
"""Values whose loss or addition changes nothing: what an absent field means anyway."""
_HARMLESS = frozenset({("canRoam", "true"), ("primaryView", "All"), ("acceptBeforeLoad", "true")})
_PLACEHOLDER = re.compile(r"\$\{jobdsl:secret:[^{}]+\}")
"""Stands for a secret in a definition; what the controller has for it is none of our business."""
_ENCRYPTED = re.compile(r"\{AQAAABAAAA[A-Za-z0-9+/=]+\}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_UNLIMITED = frozenset({"numToKeep", "daysToKeep", "artifactNumToKeep", "artifactDaysToKeep"})
"""Fields where Jenkins writes -1 for 0."""
_DEFAULT_CLASS = re.compile(
    r"(?:[a-z-]+|java\..*|.*\.(?:Null|Default)[A-Za-z]*|.*\.AllNodeEligibility|.*\.InheritParentStrategy"
    r"|.*\.MultiBranchProjectViewHolder|.*\.StockFolderIcon|.*\.MetadataActionFolderIcon"
    r"|hudson\.model\.View\$PropertyList)"
)
"""Classes Jenkins fills in by itself: collections, and the defaults of its extension points."""
_BORN = frozenset({"actions", "healthMetrics", "folderViews", "icon"})
"""Elements whose content Jenkins itself puts there."""
_FOLDER_OWN = frozenset({"views", "viewsTabBar", "primaryView"})
"""Parts of a folder that stay as they are unless its definition sets them; the others are born with it."""
_UNORDERED = frozenset({"permission"})
_SECRET = re.compile(r"(?i).*(password|passwd|passphrase|secret|privatekey|secretkey|accesskey|apikey|token)")
HIDDEN = "********"
"""What stands in for a secret where people look."""
_PLUGIN = re.compile(r' plugin="[^"]*"')
_HOLLOW = re.compile(r"<([^\s<>/]+)([^<>]*)></\1>")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not on the controller as the definition has it."""

    kind: Literal["dropped", "changed", "added"]
    path: str
    """Elements from the root's child down, with "/" between."""
    element: str
    """The class it is part of, or is."""
    field: str
    """Path of the field in that class; empty when it is the class itself."""
    wanted: str
    stored: str
    severity: Severity
    plugin: str = ""

    def __str__(self) -> str:
        what = f"{self.element} {self.field}".strip()
        if self.kind == "changed":
            return f"{what}: {_short(self.wanted)} became {_short(self.stored)}"
        value = f" = {_short(self.stored or self.wanted)}" if self.stored or self.wanted else ""
        return f"{what}{value} was {self.kind}"

    def problem(self, job: str, where: Where | None) -> Problem:
        """The difference as an error or note about what the controller did to a document."""
        hint = ""
        if not self.field and self.kind == "dropped":
            hint = (
                f"install the plugin {self.plugin}"
                if self.plugin
                else "its plugin is not installed, or is too old"
            )
        elif self.severity == "error":
            plugin = f"plugin {self.plugin}" if self.plugin else "installed plugin"
            hint = f"the {plugin} does not know this field or value"
        return Problem(
            f'"{job}": Jenkins did not keep all of it: {self}', where, hint, self.severity, "kept", job
        )


@dataclass(slots=True)
class Comparison:
    """A document beside what the controller has."""

    root: Node
    """The controller's document in the shape of ours: our order, our spelling of equal values, and
    without what Jenkins adds; so a text difference of the two shows real differences only."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def lost(self) -> list[Difference]:
        """What was sent and is not there."""
        return [one for one in self.differences if one.kind != "added"]

    @property
    def drift(self) -> list[Difference]:
        """What somebody changed on the controller; notes do not count."""
        return [one for one in self.differences if one.severity == "error"]


def kept_whole(document: str, stored: bytes) -> bool:
    """Whether every line sent is in what is stored: a cheap yes; a no means `compare` must look."""
    text = _PLUGIN.sub("", stored.decode("utf-8", "replace")).replace("&quot;", '"').replace("&apos;", "'")
    if "></" in text:
        text = _HOLLOW.sub(r"<\1\2/>", text)
    have = Counter(text.split("\n"))
    wanted = Counter(document.rstrip("\n").split("\n")[1:])
    return all(have[line] >= count for line, count in wanted.items())


def _points_back(node: Node) -> bool:
    """Whether it only says what it lies in: the owner of a view, or of a part of a job."""
    return "reference" in node.attrs or (node.tag == "owner" and node.attrs.get("ignore") == "true")


def compare(desired: Node, stored: Node, plugin_of: PluginOf | None = None) -> Comparison:
    """Compare a document with what the controller stored; markers in either do not count."""
    run = _Run(plugin_of or (lambda _: None), desired.tag)
    root = run.align(stripped(desired), stripped(stored), ())
    return Comparison(root, run.found)


def masked(node: Node) -> Node:
    """The same tree with the values of secret fields hidden, to be shown to people."""
    if not node.children:
        hide = bool(node.text.strip()) and (_ENCRYPTED.fullmatch(node.text) or _SECRET.fullmatch(node.tag))
        return Node(node.tag, HIDDEN if hide else node.text, (), _attributes(node))
    children = [masked(child) for child in node.children]
    if "PasswordParameter" in node.tag or _SECRET.fullmatch(node.tag):
        children = [_hidden(child) for child in children]
    return Node(node.tag, "", children, _attributes(node))


def _attributes(node: Node) -> dict[str, str]:
    return {
        name: HIDDEN if value and _SECRET.fullmatch(name) else value for name, value in node.attrs.items()
    }


def _hidden(node: Node) -> Node:
    if node.tag in ("defaultValue", "value", "string", "text") and node.text:
        return Node(node.tag, HIDDEN, (), _attributes(node))
    return node


class _Run:
    """One comparison; `path` is the nodes from the root's child down."""

    def __init__(self, plugin_of: PluginOf, root: str) -> None:
        self.found: list[Difference] = []
        self.plugin_of = plugin_of
        self.root = root

    def align(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> Node:
        """The stored node in the desired one's shape; differences are collected on the way."""
        wanted_class, has_class = desired.attrs.get("class", ""), stored.attrs.get("class", "")
        if wanted_class and wanted_class != has_class and not _DEFAULT_CLASS.fullmatch(wanted_class):
            self._replaced(path, wanted_class)
            return stored
        if not desired.children and not stored.children:
            return self._align_text(desired, stored, path)
        return Node(desired.tag, "", self._align_children(desired, stored, path), desired.attrs)

    def _align_text(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> Node:
        if _same(desired.tag, desired.text, stored.text):
            return desired
        lost = not stored.text.strip()
        severity: Severity = "note" if lost and desired.text in _EMPTY else "error"
        self._note("dropped" if lost else "changed", path, desired.text, stored.text, severity)
        return Node(desired.tag, stored.text, (), desired.attrs)

    def _align_children(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> list[Node]:
        partners = _pair(desired.children, stored.children)
        aligned: dict[int, Node] = {}
        for child in desired.children:
            partner = partners.get(id(child))
            if partner is None:
                self._lost(child, (*path, child))
            else:
                aligned[id(partner)] = self.align(child, partner, (*path, child))
        tags = {child.tag for child in desired.children}
        for extra in stored.children:
            if id(extra) not in aligned and self._counts(extra, path, tags):
                self._note("added", (*path, extra), "", _value(extra), "error")
                aligned[id(extra)] = extra
        if any(_is_class(child.tag) for child in stored.children):
            return self._in_their_order(desired, stored, partners, aligned, path)
        own = [aligned.pop(id(partners[id(child)])) for child in desired.children if id(child) in partners]
        return own + list(aligned.values())

    def _in_their_order(
        self,
        desired: Node,
        stored: Node,
        partners: dict[int, Node],
        aligned: dict[int, Node],
        path: tuple[Node, ...],
    ) -> list[Node]:
        """A list of steps or the like: here the order is the controller's, and it matters."""
        ours = [id(partners[id(child)]) for child in desired.children if id(child) in partners]
        theirs = [id(child) for child in stored.children if id(child) in aligned]
        if ours != [one for one in theirs if one in set(ours)]:
            order = ", ".join(_simple(child.tag) for child in stored.children)
            self._note("changed", path, "the order defined", order, "error")
        return [aligned[one] for one in theirs]

    def _lost(self, child: Node, path: tuple[Node, ...]) -> None:
        kept_elsewhere = any(node.tag in _BORN | _FOLDER_OWN for node in path[:2])
        severity: Severity = "note" if kept_elsewhere or _is_harmless(child) else "error"
        inner = (
            []
            if kept_elsewhere or _is_class(child.tag)
            else [one for one in child.walk() if _is_class(one.tag)]
        )
        for one in inner:
            self._note("dropped", (*path, one), "", "", "error")
        if not inner:
            self._note("dropped", path, _value(child), "", severity)

    def _counts(self, extra: Node, path: tuple[Node, ...], tags: set[str]) -> bool:
        """Whether something the controller has beyond ours was put there by somebody."""
        parent = path[-1].tag if path else ""
        if parent in _BORN or (not path and extra.tag in _BORN) or _points_back(extra):
            return False
        if is_folder_root(self.root) and (
            (not path and extra.tag in _FOLDER_OWN)
            or "Credentials" in extra.tag
            or "FolderConfig" in extra.tag
        ):
            return False
        if self.root == "flow-definition" and parent == "properties" and len(path) == 1:
            return False  # a Jenkinsfile sets properties of its own job
        if _is_class(extra.tag) or extra.tag in tags:
            return True
        if (java := extra.attrs.get("class", "")) and not _DEFAULT_CLASS.fullmatch(java):
            return True
        if extra.children:
            return any(self._counts(child, (*path, extra), set()) for child in extra.children)
        return not path and extra.text.strip() not in _EMPTY and (extra.tag, extra.text) not in _HARMLESS

    def _note(
        self,
        kind: Literal["dropped", "changed", "added"],
        path: tuple[Node, ...],
        wanted: str,
        stored: str,
        severity: Severity,
    ) -> None:
        element, inside = _place(path, self.root)
        if path and _SECRET.fullmatch(path[-1].tag):
            wanted, stored = wanted and HIDDEN, stored and HIDDEN
        plugin = self.plugin_of(element) or ""
        self.found.append(Difference(kind, _joined(path), element, inside, wanted, stored, severity, plugin))

    def _replaced(self, path: tuple[Node, ...], wanted: str) -> None:
        """An implementation Jenkins does not know: it takes its default, or none."""
        plugin = self.plugin_of(wanted) or ""
        self.found.append(Difference("dropped", _joined(path), wanted, "", "", "", "error", plugin))


def _joined(path: tuple[Node, ...]) -> str:
    return "/".join(node.tag for node in path)


def _pair(desired: list[Node], stored: list[Node]) -> dict[int, Node]:
    """For each desired child (by identity) its partner: the next of its tag, in a set the one of its text."""
    waiting: dict[str, list[Node]] = {}
    for child in stored:
        waiting.setdefault(child.tag, []).append(child)
    partners: dict[int, Node] = {}
    for child in desired:
        candidates = waiting.get(child.tag)
        if not candidates:
            continue
        at = 0
        if child.tag in _UNORDERED:
            at = next((i for i, one in enumerate(candidates) if one.text == child.text), 0)
        partners[id(child)] = candidates.pop(at)
    return partners


def _same(tag: str, wanted: str, stored: str) -> bool:
    """Whether two values mean the same to Jenkins."""
    if wanted == stored or _ENCRYPTED.fullmatch(stored):
        return True
    if "${" in wanted and _PLACEHOLDER.search(wanted):
        return bool(stored)
    one, other = _plain(wanted), _plain(stored)
    if one == other or (one.lower() in ("true", "false") and one.lower() == other):
        return True
    if _NUMBER.fullmatch(one.strip()) and _NUMBER.fullmatch(other.strip()):
        return float(one) == float(other) or (tag in _UNLIMITED and {one.strip(), other} == {"0", "-1"})
    return False


def _plain(text: str) -> str:
    """Text without what storing changes: kinds of line ends, and blanks where there is nothing else."""
    if not text.strip():
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")


def _is_class(tag: str) -> bool:
    """Whether a tag is the name of a class, not of a field."""
    return "." in tag or tag[:1].isupper()


def _is_harmless(node: Node) -> bool:
    """Whether the loss of a node changes nothing."""
    if _is_class(node.tag):
        return False
    if (java := node.attrs.get("class", "")) and not _DEFAULT_CLASS.fullmatch(java):
        return False
    if node.children:
        return all(_is_harmless(child) for child in node.children)
    return node.text.strip().lower() in _EMPTY or (node.tag, node.text) in _HARMLESS


def _place(path: tuple[Node, ...], root: str) -> tuple[str, str]:
    """The class a path leads into, and the path of the field inside it."""
    inside: list[str] = []
    for node in reversed(path):
        java = node.attrs.get("class", "")
        if _is_class(node.tag):
            return class_name(node.tag), "/".join(reversed(inside))
        if java and not _DEFAULT_CLASS.fullmatch(java) and inside:
            return java, "/".join(reversed(inside))
        inside.append(node.tag)
    return class_name(root), "/".join(reversed(inside))


def _value(node: Node) -> str:
    return "" if node.children else node.text


def _simple(tag: str) -> str:
    return class_name(tag).rpartition(".")[2]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:57]}..."' if len(line) > 60 else f'"{line}"'
