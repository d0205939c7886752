"""Where a document holds secrets in plain text: whole texts and attributes, and parts of them.

The one list that import, lint and reports use. The rules for texts are in `jobdsl.secrets`; here are those
for the structure of a document: the field of a text, and the name next to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jobdsl.documents.declared import in_clear, is_secret_attribute, secrecy
from jobdsl.documents.storing import is_class
from jobdsl.documents.tree import Node, class_name
from jobdsl.secrets.names import ends_secret, names_about, names_secret
from jobdsl.secrets.placeholders import starts
from jobdsl.secrets.texts import joined, secrets_in

__all__ = ["Kind", "SecretText", "find_secrets", "holds_properties", "is_naming"]

_NAMES = frozenset(
    {
        "environmentvariable", "envvar", "header", "headername", "key", "name", "param", "parametername",
        "paramname", "property", "propertyname", "var", "variable", "variablename",
    }
)  # fmt: skip
"""Tags and attributes that name the value next to them, in lower case."""
_VALUES = frozenset(
    {
        "choicelist", "choices", "content", "default", "defaultval", "defaultvalue", "parametervalue",
        "propertyvalue", "stringvalue", "text", "val", "value", "values",
    }
)  # fmt: skip
"""Tags and attributes of values that have their name next to them."""
_PROPERTIES = re.compile(r"(?i)propert|params|parameters|envvars|environment|variables|(?:^|\.)env$")
"""Tags of texts that are lines of a name and a value."""


Kind = Literal["declared", "named", "text"]
"""How it is known: by a field that a class declares as secret, by a name, or by the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText:
    """A secret in plain text, as a part of a text or attribute of a node, or all of it."""

    node: Node
    attribute: str = ""
    """The attribute it stands in; empty for the node's text."""
    start: int
    end: int
    label: str
    """The name it is given there, or that of its format."""
    kind: Kind
    owner: str
    """Class of the element it is part of."""

    @property
    def field(self) -> str:
        """The field or attribute it stands in."""
        return self.attribute or class_name(self.node.tag)

    @property
    def line(self) -> int:
        """Line of its text; 0 where that is one line."""
        return self.text.count("\n", 0, self.start) + 1 if "\n" in self.text else 0

    @property
    def text(self) -> str:
        """The whole text or attribute it stands in."""
        return self.node.attrs[self.attribute] if self.attribute else self.node.text

    @property
    def value(self) -> str:
        """The secret."""
        return self.text[self.start : self.end]

    @property
    def is_whole(self) -> bool:
        """Return whether it is known by the structure: then it is all of its text."""
        return self.kind != "text"


def find_secrets(root: Node, *, placeholders: bool = False) -> list[SecretText]:
    """List the secrets of a document: those that are whole texts first, then those in the middle of texts.

    Spans of one text come in order and do not overlap. With `placeholders`, what begins like a placeholder
    counts as a secret: in a document of Jenkins it is none, and has to come back as it was.
    """
    whole = list(_whole_texts(root))
    known = {(id(secret.node), secret.attribute) for secret in whole}
    return [*whole, *_parts(root, known, placeholders)]


def holds_properties(tag: str) -> bool:
    """Return whether the text of a tag is lines of a name and a value."""
    return _PROPERTIES.search(tag) is not None


def is_naming(tag: str) -> bool:
    """Return whether a tag or attribute names the value next to it."""
    return tag.lower() in _NAMES


def _whole_texts(root: Node) -> Iterator[SecretText]:
    seen: set[int] = set()
    for node in root.walk():
        if not node.children and not node.attrs:
            continue
        java = node.attrs.get("class") or class_name(node.tag)
        for leaf, kind in _secret_leaves(node, java):
            if id(leaf) not in seen and in_clear(leaf.text):
                seen.add(id(leaf))
                label = class_name(leaf.tag).rpartition(".")[2]
                yield SecretText(node=leaf, start=0, end=len(leaf.text), label=label, kind=kind, owner=java)
        for name in _secret_attributes(node) if node.attrs else ():
            if in_clear(node.attrs[name]):
                end = len(node.attrs[name])
                yield SecretText(
                    node=node, attribute=name, start=0, end=end, label=name, kind="named", owner=java
                )


def _parts(root: Node, known: set[tuple[int, str]], placeholders: bool) -> Iterator[SecretText]:
    for node, owner in _owned(root, class_name(root.tag)):
        texts = {"": node.text, **node.attrs} if node.attrs else {"": node.text}
        for attribute, text in texts.items():
            if not text or attribute == "class" or (id(node), attribute) in known:
                continue
            spans = secrets_in(text, properties=not attribute and holds_properties(node.tag))
            if placeholders:
                spans = joined([*spans, *((*span, "text") for span in starts(text))])
            for start, end, label in spans:
                yield SecretText(
                    node=node,
                    attribute=attribute,
                    start=start,
                    end=end,
                    label=label,
                    kind="text",
                    owner=owner,
                )


def _owned(root: Node, owner: str) -> Iterator[tuple[Node, str]]:
    """Yield every node in document order, with the class of the element it is part of."""
    stack = [(root, owner)]
    while stack:
        node, owner = stack.pop()
        yield node, owner
        inside = node.attrs.get("class") or (class_name(node.tag) if is_class(node.tag) else owner)
        stack.extend((child, inside) for child in reversed(node.children))


def _secret_leaves(node: Node, java: str) -> Iterator[tuple[Node, Kind]]:
    """The leaves of a node that are secrets by their names, their class, or what is named next to them."""
    for child in node.children:
        if kind := _secrecy(java, child):
            for leaf in _leaves(child):
                yield leaf, kind
    for leaf in _named_beside(node, java):
        yield leaf, "named"


def _secrecy(java: str, child: Node) -> Literal["", "declared", "named"]:
    """Return how a child of an element is a secret, or holds one: by its field, its name, or its class."""
    if child.attrs.get("class") == "hudson.util.Secret":
        return "declared"
    tag = class_name(child.tag)
    if "." not in tag:
        return secrecy(java, child.tag)
    return "named" if not child.children and ends_secret(tag.rpartition(".")[2]) else ""


def _leaves(node: Node) -> Iterator[Node]:
    """Yield a leaf, or those of a node that are not about something else: ids, names, paths."""
    if not node.children:
        yield node
    for child in node.children:
        if not names_about(class_name(child.tag)):
            yield from _leaves(child)


def _named_beside(node: Node, java: str) -> Iterator[Node]:
    """Yield values whose name stands next to them: of parameters, properties, headers, entries of maps."""
    if node.tag == "entry" and len(node.children) == 2:
        key, value = node.children
        if not key.children and names_secret(key.text):
            yield from _leaves(value)
        return
    names = [child for child in node.children if is_naming(child.tag) and not child.children]
    if any(names_secret(child.text) for child in names) and "Credentials" not in java:
        for child in node.children:
            if child.tag.lower() in _VALUES:
                yield from _leaves(child)


def _secret_attributes(node: Node) -> Iterator[str]:
    named = any(is_naming(name) and names_secret(value) for name, value in node.attrs.items())
    for name in node.attrs:
        if is_secret_attribute(name) or (named and name.lower() in _VALUES):
            yield name
