"""What a controller made of a document: a comparison that knows what Jenkins rewrites whenever it stores one.

Jenkins answers 200 and drops what it does not know; adds defaults, plugin attributes and an order of
its own; encrypts secrets anew each time. None of the additions is a difference, a lost value is one,
be it an element's or an attribute's. `storing.py` has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from jobdsl.documents.aliases import equivalent, tag_class
from jobdsl.documents.conversions import (
    Conversion,
    additions_of,
    conversions_of,
    holds,
    holds_value,
    widened_branches,
)
from jobdsl.documents.differences import Difference, Kind
from jobdsl.documents.marker import stripped
from jobdsl.documents.masking import HIDDEN, Spans, masked_pair, secret_spans
from jobdsl.documents.pairing import pair
from jobdsl.documents.roots import is_folder_root
from jobdsl.documents.stored_forms import with_description, with_log_rotator
from jobdsl.documents.storing import (
    BORN,
    FOLDER_OWN,
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
from jobdsl.secrets.placeholders import TOKEN, restored
from jobdsl.secrets.texts import secrets_in

__all__ = ["Comparison", "PluginOf", "compare"]

_FIELD = Node("field")
"""Stands for any field of a node."""
_GIT = "hudson.plugins.git.GitSCM"

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
        """What was sent and is not there, in no form."""
        return [
            difference for difference in self.differences if difference.kind not in ("added", "converted")
        ]

    @property
    def drift(self) -> list[Difference]:
        """Return what was changed on the controller; notes do not count."""
        return [difference for difference in self.differences if difference.severity == "error"]


def compare(desired: Node, stored: Node, plugin_of: PluginOf | None = None) -> Comparison:
    """Compare a document with what the controller stored; markers in either do not count."""
    run = _Run(plugin_of or (lambda _: None), desired.tag)
    own = stripped(desired)
    run.trees = own, with_description(own, with_log_rotator(own, stripped(stored)))
    root = run.align(*run.trees, ())
    return Comparison(root, run.differences)


class _Run:
    """One comparison; `path` is the nodes from the root's child down."""

    def __init__(self, plugin_of: PluginOf, root: str) -> None:
        self.differences: list[Difference] = []
        self.plugin_of = plugin_of
        self.root = root
        self.added_by_jenkins: set[tuple[str, ...]] = set()
        """Paths of what Jenkins made of old fields, or adds by itself."""
        self.trees: tuple[Node, ...] = ()
        """Both documents."""

    def align(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> Node:
        """Return the stored node in the desired one's shape; differences are collected on the way."""
        if desired == stored:
            return desired
        if self._is_another(desired, stored, path):
            return stored
        attrs = self._align_attributes(desired, stored, path) if desired.attrs else desired.attrs
        if not desired.children and not stored.children:
            return self._align_text(desired, stored, attrs, path)
        if desired.text.strip():  # there are elements in its place
            self._gone(path, desired.text)
        return Node(desired.tag, "", self._align_children(desired, stored, path), attrs)

    def _is_another(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> bool:
        """Return whether the controller has an object of another class there, which is noted."""
        if not desired.attrs and not stored.attrs:
            return False
        ours, theirs = desired.attrs.get("class", ""), stored.attrs.get("class", "")
        if equivalent(ours, theirs) or (is_default_class(ours) and is_default_class(theirs)):
            return False
        if not is_default_class(ours):
            self._replaced(path, ours)
        elif ours:
            self._note("changed", path, ours, theirs, "error", "class")
        else:  # the desired one has no class: its content is compared by itself
            self._note("added", path, "", theirs, "error", "class")
        return bool(ours)

    def _align_attributes(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> dict[str, str]:
        """The stored values of the attributes we set. Others are defaults, which the controller fills in."""
        own = own_attributes(desired)
        attrs = dict(desired.attrs) if own else desired.attrs
        for name, ours in own.items():
            theirs = stored.attrs.get(name)
            if theirs is None:
                self._gone(path, ours, name)
                del attrs[name]
            elif not same(name, ours, theirs):
                self._note("changed", path, ours, theirs, "error", name, stored_node=stored)
                attrs[name] = restored(ours, theirs)
        return attrs

    def _align_text(self, desired: Node, stored: Node, attrs: dict[str, str], path: tuple[Node, ...]) -> Node:
        if same(desired.tag, desired.text, stored.text) or _only_widened(desired, stored, path):
            return desired if attrs is desired.attrs else Node(desired.tag, desired.text, (), attrs)
        if stored.text.strip():
            self._note("changed", path, desired.text, stored.text, "error", stored_node=stored)
        else:
            self._gone(path, desired.text)
        return Node(desired.tag, restored(desired.text, stored.text), (), attrs)

    def _align_children(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> list[Node]:
        partners = pair(desired.children, stored.children)
        conversions = self._conversions(desired, stored, path)
        aligned: dict[int, Node] = {}
        elsewhere: set[int] = set()
        for child in desired.children:
            partner = partners.get(id(child))
            conversion = conversions.get(child.tag)
            if partner is None:
                if self._lost(child, stored, (*path, child), conversion):
                    elsewhere.add(id(child))
            elif conversion is not None and _was_reset(child, partner, stored, conversion):
                self._note("converted", (*path, child), child.text, "/".join(conversion.target), "note")
                aligned[id(partner)] = child
            else:
                aligned[id(partner)] = self.align(child, partner, (*path, child))
        tags = {_name(child) for child in desired.children}
        for extra in stored.children:
            if id(extra) not in aligned and self._counts(extra, path, tags):
                self._note("added", (*path, extra), "", _value(extra), "error")
                aligned[id(extra)] = extra
        if any(is_class(child.tag) for child in stored.children):
            return self._in_their_order(desired, stored, partners, aligned, path)
        own = [
            child if id(child) in elsewhere else aligned.pop(id(partners[id(child)]))
            for child in desired.children
            if id(child) in elsewhere or id(child) in partners
        ]
        return own + list(aligned.values())

    def _in_their_order(
        self,
        desired: Node,
        stored: Node,
        partners: dict[int, Node],
        aligned: dict[int, Node],
        path: tuple[Node, ...],
    ) -> list[Node]:
        """Return the children of a list such as steps, in the controller's order, which matters here."""
        ours = [id(partners[id(child)]) for child in desired.children if id(child) in partners]
        theirs = [id(child) for child in stored.children if id(child) in aligned]
        if ours != [identity for identity in theirs if identity in set(ours)]:
            order = ", ".join(_simple(child.tag) for child in stored.children)
            self._note("changed", path, "the order defined", order, "error")
        return [aligned[identity] for identity in theirs]

    def _conversions(self, desired: Node, stored: Node, path: tuple[Node, ...]) -> dict[str, Conversion]:
        """Return the old fields among the children, by tag; remember what Jenkins makes by itself."""
        element, inside = _place((*path, _FIELD), self.root)
        inside = inside.removesuffix(_FIELD.tag)
        known = conversions_of(element)
        tags, place = {child.tag for child in desired.children}, tuple(map(_name, path))
        if not inside:
            additions = (
                addition for addition in additions_of(element) if len(addition) > 1 or addition[0] not in tags
            )
            self.added_by_jenkins.update((*place, *addition) for addition in additions)
        conversions: dict[str, Conversion] = {}
        for child in desired.children if known else ():
            conversion = known.get(inside + child.tag)
            if conversion is not None:
                conversions[child.tag] = conversion
                if (
                    conversion.becomes
                    and not conversion.makes_nothing_of(child)
                    and holds(stored, conversion)
                ):
                    self.added_by_jenkins.add((*place, *conversion.target))
        return conversions

    def _lost(self, child: Node, stored: Node, path: tuple[Node, ...], conversion: Conversion | None) -> bool:
        """Note a child that the stored node lacks; return whether that changes nothing.

        Jenkins keeps the child's value in another form, or ignores it.
        """
        if conversion is not None and conversion.becomes and holds(stored, conversion):
            self._note("converted", path, _value(child), "/".join(conversion.target), "note")
            return holds_value(stored, conversion, child)
        if conversion is not None and _is_idle(conversion, child):
            self._note("dropped", path, _value(child), "", "note")
            return True
        kept_elsewhere = any(node.tag in BORN | FOLDER_OWN for node in path[:2])
        severity: Severity = "note" if kept_elsewhere or is_harmless(child) else "error"
        inner = (
            []
            if kept_elsewhere or is_class(child.tag)
            else [descendant for descendant in child.walk() if is_class(descendant.tag)]
        )
        for part in inner:
            self._note("dropped", (*path, part), "", "", "error")
        if not inner:
            instead = conversion.into if conversion is not None and conversion.how == "lost" else ""
            self._note("dropped", path, _value(child), "", severity, instead=instead)
        return False

    def _counts(self, extra: Node, path: tuple[Node, ...], tags: set[str]) -> bool:
        """Return whether an addition on the controller was made by a user."""
        if self._is_born(extra, path) or (*map(_name, path), _name(extra)) in self.added_by_jenkins:
            return False
        if is_class(extra.tag) or is_value(extra.tag) or _name(extra) in tags:
            return True
        if not is_default_class(extra.attrs.get("class", "")):
            return True
        if any(value and not means_nothing(value) for value in own_attributes(extra).values()):
            return True
        if extra.children:
            return any(self._counts(child, (*path, extra), set()) for child in extra.children)
        return not path and not fills_in(extra.tag, extra.text)

    def _is_born(self, extra: Node, path: tuple[Node, ...]) -> bool:
        """Return whether it is there by itself, is kept by a folder, or was made of an old field of ours."""
        parent = path[-1].tag if path else ""
        if parent in BORN or (not path and extra.tag in BORN) or points_back(extra):
            return True
        if is_folder_root(self.root):
            own = (not path and extra.tag in FOLDER_OWN) or "FolderConfig" in extra.tag
            return own or "Credentials" in extra.tag
        return False

    def _gone(self, path: tuple[Node, ...], desired: str, attribute: str = "") -> None:
        """Note a value that is missing; only a note where an absent one means the same."""
        self._note("dropped", path, desired, "", "note" if means_nothing(desired) else "error", attribute)

    def _note(
        self,
        kind: Kind,
        path: tuple[Node, ...],
        desired: str,
        stored: str,
        severity: Severity,
        attribute: str = "",
        *,
        stored_node: Node | None = None,
        instead: str = "",
    ) -> None:
        element, inside = _place(path, self.root, attribute)
        node = path[-1] if path else self.trees[0]
        desired, stored = self._masked((node, desired), (stored_node or node, stored), attribute)
        plugin = self.plugin_of(element) or ""
        self.differences.append(
            Difference(
                kind=kind,
                path=_joined(path),
                element=element,
                field=inside,
                desired=desired,
                stored=stored,
                severity=severity,
                plugin=plugin,
                instead=instead,
            )
        )

    def _masked(self, desired: tuple[Node, str], stored: tuple[Node, str], attribute: str) -> tuple[str, str]:
        """Return both values as people may see them; each with the node it stands in."""
        (ours, text), (theirs, stored_text) = desired, stored
        hidden = self._spans.get((id(theirs), attribute), ())
        if placeholders := TOKEN.findall(text):
            stored_text = restored(text, stored_text)
            if TOKEN.findall(stored_text) != placeholders:  # a line with the value of one is another now
                return text and HIDDEN, stored_text and HIDDEN
            hidden = [(start, end) for start, end, _ in secrets_in(stored_text)]
        return masked_pair(text, stored_text, (self._spans.get((id(ours), attribute), ()), hidden))

    @cached_property
    def _spans(self) -> dict[tuple[int, str], Spans]:
        """Return where both documents hold secrets; searched once there is a difference to report."""
        return {key: spans for tree in self.trees for key, spans in secret_spans(tree).items()}

    def _replaced(self, path: tuple[Node, ...], desired: str) -> None:
        """An implementation Jenkins does not know: it takes its default, or none."""
        plugin = self.plugin_of(desired) or ""
        self.differences.append(
            Difference(
                kind="dropped",
                path=_joined(path),
                element=desired,
                field="",
                desired="",
                stored="",
                severity="error",
                plugin=plugin,
            )
        )


def _joined(path: tuple[Node, ...]) -> str:
    return "/".join(node.tag for node in path)


def _name(node: Node) -> str:
    """Return the class or field that a tag stands for, by whichever of its names."""
    return tag_class(node.tag)


def _was_reset(child: Node, partner: Node, stored: Node, conversion: Conversion) -> bool:
    """Return whether a field that the class still has was emptied when Jenkins made something else of it."""
    idle = conversion.how == "converted" and means_nothing(partner.text) and not means_nothing(child.text)
    return idle and not partner.children and holds(stored, conversion)


def _is_idle(conversion: Conversion, child: Node) -> bool:
    """Whether a field that is not kept changes nothing: it has no effect any more, or not with this value."""
    if conversion.becomes:
        return conversion.makes_nothing_of(child)
    return conversion.how == "ignored"


def _only_widened(desired: Node, stored: Node, path: tuple[Node, ...]) -> bool:
    """Return whether the name of a branch has only got more `*` than it had, as the Git plugin adds them."""
    git = next((node for node in path if node.attrs.get("class") == _GIT or node.tag == _GIT), None)
    return (
        git is not None
        and desired.text in widened_branches(git)
        and re.sub(r"\*+", "*", desired.text) == re.sub(r"\*+", "*", stored.text)
    )


def _place(path: tuple[Node, ...], root: str, attribute: str = "") -> tuple[str, str]:
    """Return the class a path leads into, and the path of the field inside it; of an attribute as `@name`."""
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
