"""What a controller made of a document: a comparison that knows what Jenkins rewrites whenever it stores one.

Jenkins answers 200 and drops what it does not know; adds defaults, plugin attributes and an order of
its own; encrypts secrets anew each time. None of the additions is a difference, a lost value is one,
be it an element's or an attribute's. `storing.py` has the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from jobdsl.documents.differences import Difference, Kind
from jobdsl.documents.jenkinsfile import PIPELINE_ROOTS, converted_properties
from jobdsl.documents.masking import HIDDEN, Spans, masked_pair, secret_spans
from jobdsl.documents.storing import (
    BORN,
    FOLDER_OWN,
    UNORDERED,
    fills_in,
    is_class,
    is_default_class,
    is_harmless,
    is_value,
    means_nothing,
    own_attributes,
    points_back,
    same,
)
from jobdsl.documents.tree import Node, class_name
from jobdsl.errors import Severity
from jobdsl.model import is_folder_root
from jobdsl.planning.marker import stripped
from jobdsl.secrets.placeholders import TOKEN, restored
from jobdsl.secrets.texts import secrets_in

__all__ = ["Comparison", "PluginOf", "compare"]

PluginOf = Callable[[str], "str | None"]
"""Short name of the plugin a class belongs to, if known."""


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


def compare(desired: Node, stored: Node, plugin_of: PluginOf | None = None) -> Comparison:
    """Compare a document with what the controller stored; markers in either do not count."""
    run = _Run(plugin_of or (lambda _: None), desired)
    run.trees = stripped(desired), stripped(stored)
    root = run.align(*run.trees, ())
    return Comparison(root, run.found)


class _Run:
    """One comparison; `path` is the nodes from the root's child down."""

    def __init__(self, plugin_of: PluginOf, desired: Node) -> None:
        self.found: list[Difference] = []
        self.plugin_of = plugin_of
        self.root = desired.tag
        self.converted = set(converted_properties(desired)) if desired.tag in PIPELINE_ROOTS else set()
        self.trees: tuple[Node, ...] = ()
        """Both documents."""

    def align(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> Node:
        """The stored node in the desired one's shape; differences are collected on the way."""
        if self._is_another(desired, stored, path):
            return stored
        attrs = self._align_attributes(desired, stored, path) if desired.attrs else desired.attrs
        if not desired.children and not stored.children:
            return self._align_text(desired, stored, attrs, path)
        if desired.text.strip():  # there are elements in its place
            self._gone(path, desired.text)
        return Node(desired.tag, "", self._align_children(desired, stored, path), attrs)

    def _is_another(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> bool:
        """Whether the controller has an object of another class there, which is noted."""
        if not desired.attrs and not stored.attrs:
            return False
        wanted, has = desired.attrs.get("class", ""), stored.attrs.get("class", "")
        if wanted == has or (is_default_class(wanted) and is_default_class(has)):
            return False
        if not is_default_class(wanted):
            self._replaced(path, wanted)
        elif wanted:
            self._note("changed", path, wanted, has, "error", "class")
        else:  # ours says nothing of a class: what it says of the content is kept, or not
            self._note("added", path, "", has, "error", "class")
        return bool(wanted)

    def _align_attributes(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> dict[str, str]:
        """The stored values of the attributes we set. Others are defaults, which the controller fills in."""
        own = own_attributes(desired)
        attrs = dict(desired.attrs) if own else desired.attrs
        for name, wanted in own.items():
            has = stored.attrs.get(name)
            if has is None:
                self._gone(path, wanted, name)
                del attrs[name]
            elif not same(name, wanted, has):
                self._note("changed", path, wanted, has, "error", name, stored)
                attrs[name] = restored(wanted, has)
        return attrs

    def _align_text(self, desired: Node, stored: Node, attrs: dict[str, str], path: tuple[Node, ...]) -> Node:
        if same(desired.tag, desired.text, stored.text):
            return desired if attrs is desired.attrs else Node(desired.tag, desired.text, (), attrs)
        if stored.text.strip():
            self._note("changed", path, desired.text, stored.text, "error", "", stored)
        else:
            self._gone(path, desired.text)
        return Node(desired.tag, restored(desired.text, stored.text), (), attrs)

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
        if any(is_class(child.tag) for child in stored.children):
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
        kept_elsewhere = any(node.tag in BORN | FOLDER_OWN for node in path[:2])
        severity: Severity = "note" if kept_elsewhere or is_harmless(child) else "error"
        inner = (
            []
            if kept_elsewhere or is_class(child.tag)
            else [one for one in child.walk() if is_class(one.tag)]
        )
        for one in inner:
            self._note("dropped", (*path, one), "", "", "error")
        if not inner:
            self._note("dropped", path, _value(child), "", severity)

    def _counts(self, extra: Node, path: tuple[Node, ...], tags: set[str]) -> bool:
        """Whether something the controller has beyond ours was put there by somebody."""
        if self._is_born(extra, path):
            return False
        if is_class(extra.tag) or is_value(extra.tag) or extra.tag in tags:
            return True
        if not is_default_class(extra.attrs.get("class", "")):
            return True
        if any(value and not means_nothing(value) for value in own_attributes(extra).values()):
            return True
        if extra.children:
            return any(self._counts(child, (*path, extra), set()) for child in extra.children)
        return not path and not fills_in(extra.tag, extra.text)

    def _is_born(self, extra: Node, path: tuple[Node, ...]) -> bool:
        """Whether it is there by itself, is kept by a folder, or was made of an old field of ours."""
        parent = path[-1].tag if path else ""
        if parent in BORN or (not path and extra.tag in BORN) or points_back(extra):
            return True
        if is_folder_root(self.root):
            own = (not path and extra.tag in FOLDER_OWN) or "FolderConfig" in extra.tag
            return own or "Credentials" in extra.tag
        return parent == "properties" and len(path) == 1 and class_name(extra.tag) in self.converted

    def _gone(self, path: tuple[Node, ...], wanted: str, attribute: str = "") -> None:
        """A value that is not there: the loss of what an absent one means anyway harms nobody."""
        self._note("dropped", path, wanted, "", "note" if means_nothing(wanted) else "error", attribute)

    def _note(
        self,
        kind: Kind,
        path: tuple[Node, ...],
        wanted: str,
        stored: str,
        severity: Severity,
        attribute: str = "",
        stored_node: Node | None = None,
    ) -> None:
        element, inside = _place(path, self.root, attribute)
        node = path[-1] if path else self.trees[0]
        wanted, stored = self._masked((node, wanted), (stored_node or node, stored), attribute)
        plugin = self.plugin_of(element) or ""
        self.found.append(Difference(kind, _joined(path), element, inside, wanted, stored, severity, plugin))

    def _masked(self, wanted: tuple[Node, str], stored: tuple[Node, str], attribute: str) -> tuple[str, str]:
        """Both values as people may see them; each with the node it stands in."""
        (ours, text), (theirs, stored_text) = wanted, stored
        hidden = self._spans.get((id(theirs), attribute), ())
        if placeholders := TOKEN.findall(text):
            stored_text = restored(text, stored_text)
            if TOKEN.findall(stored_text) != placeholders:  # a line with the value of one is another now
                return text and HIDDEN, stored_text and HIDDEN
            hidden = [(start, end) for start, end, _ in secrets_in(stored_text)]
        return masked_pair(text, stored_text, (self._spans.get((id(ours), attribute), ()), hidden))

    @cached_property
    def _spans(self) -> dict[tuple[int, str], Spans]:
        """Where both documents hold secrets; looked for once there is a difference to tell."""
        return {key: spans for tree in self.trees for key, spans in secret_spans(tree).items()}

    def _replaced(self, path: tuple[Node, ...], wanted: str) -> None:
        """An implementation Jenkins does not know: it takes its default, or none."""
        plugin = self.plugin_of(wanted) or ""
        self.found.append(Difference("dropped", _joined(path), wanted, "", "", "", "error", plugin))


def _joined(path: tuple[Node, ...]) -> str:
    return "/".join(node.tag for node in path)


def _pair(desired: list[Node], stored: list[Node]) -> dict[int, Node]:
    """For each desired child (by identity) its partner: the next of its tag, or of its key."""
    waiting: dict[tuple[str, str], list[Node]] = {}
    for child in stored:
        waiting.setdefault(_key(child), []).append(child)
    partners: dict[int, Node] = {}
    for child in desired:
        if candidates := waiting.get(_key(child)):
            partners[id(child)] = candidates.pop(0)
    left = [child for child in desired if child.tag in UNORDERED and id(child) not in partners]
    others = {id(one) for rest in waiting.values() for one in rest}
    spare = [child for child in stored if child.tag in UNORDERED and id(child) in others]
    return partners | {id(child): other for child, other in zip(left, spare, strict=False)}


def _key(node: Node) -> tuple[str, str]:
    """Return what tells a child from others of its tag: the text in a set, the name of a parameter."""
    if node.tag in UNORDERED:
        return node.tag, node.text
    name = node.find("name") if node.tag.endswith("ParameterDefinition") else None
    return node.tag, name.text if name else ""


def _place(path: tuple[Node, ...], root: str, attribute: str = "") -> tuple[str, str]:
    """The class a path leads into, and the path of the field inside it; of an attribute as `@name`."""
    inside = [f"@{attribute}"] if attribute else []
    for node in reversed(path):
        java = node.attrs.get("class", "")
        if is_class(node.tag):
            return class_name(node.tag), "/".join(reversed(inside))
        if inside and not is_default_class(java):
            return java, "/".join(reversed(inside))
        inside.append(node.tag)
    return class_name(root), "/".join(reversed(inside))


def _value(node: Node) -> str:
    return "" if node.children else node.text


def _simple(tag: str) -> str:
    return class_name(tag).rpartition(".")[2]
