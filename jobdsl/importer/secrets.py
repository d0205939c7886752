"""Which texts of a document are secrets in clear, and what they are called once they are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jobdsl.documents.declared import in_clear, is_secret_attribute, secrecy
from jobdsl.documents.tree import Node, class_name
from jobdsl.dsl.raw import secret
from jobdsl.secrets.names import ends_secret, names_about, names_secret
from jobdsl.secrets.placeholders import TOKEN
from jobdsl.secrets.texts import secrets_in

__all__ = ["Taken", "take_out"]

_NAMES = frozenset(
    {
        "environmentvariable", "envvar", "header", "headername", "key", "name", "param", "parametername",
        "paramname", "property", "propertyname", "var", "variable", "variablename",
    }
)  # fmt: skip
"""Tags and attributes that name a value beside them, in small letters."""
_VALUES = frozenset(
    {
        "choicelist", "choices", "content", "default", "defaultval", "defaultvalue", "parametervalue",
        "propertyvalue", "stringvalue", "text", "val", "value", "values",
    }
)  # fmt: skip
"""Tags and attributes of values that are named beside them."""
_PROPERTIES = re.compile(r"(?i)propert|params|parameters|envvars|environment|variables|(?:^|\.)env$")
"""Tags of texts that are lines of a name and a value."""
_UNUSABLE = re.compile(r"[{}<>&\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LONGEST_LABEL = 60
_TELLING = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}", re.DOTALL)
"""A value that would hardly stand anywhere else by chance."""


class Taken:
    """The secrets taken out of the documents of an estate."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        """By name."""
        self._shared: dict[tuple[str, str], str] = {}
        """Names of those in the middle of texts, by label and value."""

    def add(self, job: str, label: str, value: str) -> str:
        """The token of a secret that is a text of its own."""
        return secret(self._put(job, label, value))

    def share(self, job: str, label: str, value: str) -> str:
        """The token of a secret in a text; equal ones have one name, so that jobs go on sharing scripts."""
        name = self._shared.get((label, value), "")
        if name not in self.values:
            name = self._shared[label, value] = self._put(job, label, value)
        return secret(name)

    def forget(self, names: Iterable[str]) -> None:
        """Drop the secrets of a document that is read again."""
        for name in names:
            del self.values[name]

    def _put(self, job: str, label: str, value: str) -> str:
        """Keep a value under a name not used yet, of characters that survive XML and a token."""
        wanted = _UNUSABLE.sub("_", f"{job}/{label.lstrip('#')[:_LONGEST_LABEL]}")
        name, number = wanted, 1
        while name in self.values:
            number += 1
            name = f"{wanted}-{number}"
        self.values[name] = value
        return name


def take_out(root: Node, job: str, taken: Taken) -> None:
    """Replace every secret in clear by a token that names it.

    A secret is a whole text or attribute, or a part of one, such as a value in a script: then the
    token stands in the middle of the text.
    """
    before = len(taken.values)
    whole: set[int] = set()
    for node in root.walk():
        for leaf in _secret_leaves(node):
            if id(leaf) not in whole and in_clear(leaf.text):
                leaf.text = taken.add(job, class_name(leaf.tag).rpartition(".")[2], leaf.text)
                whole.add(id(leaf))
        for name in _secret_attributes(node):
            if in_clear(node.attrs[name]):
                node.attrs[name] = taken.add(job, name, node.attrs[name])
    for node in root.walk():
        if id(node) not in whole:
            _take_parts(node, job, taken)
    _take_echoes(root, job, list(taken.values.items())[before:])


def _take_parts(node: Node, job: str, taken: Taken) -> None:
    node.text = _without(node.text, job, taken, properties=_PROPERTIES.search(node.tag) is not None)
    for name, value in node.attrs.items():
        if name != "class" and TOKEN.fullmatch(value) is None:
            node.attrs[name] = _without(value, job, taken)


def _without(text: str, job: str, taken: Taken, *, properties: bool = False) -> str:
    pieces, end = [], 0
    for start, stop, label in secrets_in(text, properties=properties) if text else ():
        pieces += [text[end:start], taken.share(job, label, text[start:stop])]
        end = stop
    return "".join([*pieces, text[end:]]) if pieces else text


def _take_echoes(root: Node, job: str, own: list[tuple[str, str]]) -> None:
    """Replace a document's secrets where they stand again in its other texts: `build?token=...`."""
    tokens = {value: secret(name) for name, value in own if _TELLING.fullmatch(value) and value not in job}
    if not tokens:
        return
    known = re.compile(f"{TOKEN.pattern}|{'|'.join(map(re.escape, sorted(tokens, key=len, reverse=True)))}")

    def replaced(text: str) -> str:
        return known.sub(lambda found: tokens.get(found[0], found[0]), text)

    for node in root.walk():
        node.text = replaced(node.text)
        for name, value in node.attrs.items():
            node.attrs[name] = replaced(value)


def _secret_leaves(node: Node) -> Iterator[Node]:
    """The leaves of a node that are secrets by their names, their class, or what is said beside them."""
    java = node.attrs.get("class") or class_name(node.tag)
    for child in node.children:
        if _is_secret(java, child):
            yield from _leaves(child)
    yield from _named_beside(node, java)


def _is_secret(java: str, child: Node) -> bool:
    """Whether a child of an element is a secret, or holds one: by its field, its name, or its class."""
    if child.attrs.get("class") == "hudson.util.Secret":
        return True
    tag = class_name(child.tag)
    if "." not in tag:
        return bool(secrecy(java, child.tag))
    return not child.children and ends_secret(tag.rpartition(".")[2])


def _leaves(node: Node) -> Iterator[Node]:
    """A leaf, or those of a node that are not about something else: ids, names, paths."""
    if not node.children:
        yield node
    for child in node.children:
        if not names_about(class_name(child.tag)):
            yield from _leaves(child)


def _named_beside(node: Node, java: str) -> Iterator[Node]:
    """Values whose name stands beside them: of parameters, properties, headers, entries of maps."""
    if node.tag == "entry" and len(node.children) == 2:
        key, value = node.children
        if not key.children and names_secret(key.text):
            yield from _leaves(value)
        return
    names = [one for one in node.children if one.tag.lower() in _NAMES and not one.children]
    if any(names_secret(one.text) for one in names) and "Credentials" not in java:
        for child in node.children:
            if child.tag.lower() in _VALUES:
                yield from _leaves(child)


def _secret_attributes(node: Node) -> Iterator[str]:
    named = any(name.lower() in _NAMES and names_secret(value) for name, value in node.attrs.items())
    for name in node.attrs:
        if is_secret_attribute(name) or (named and name.lower() in _VALUES):
            yield name
