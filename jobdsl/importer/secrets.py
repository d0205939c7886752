"""Which texts of a document are secrets in clear, and what they are called once they are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobdsl.elements.base import registry
from jobdsl.raw import secret
from jobdsl.tree import Node, class_name

__all__ = ["take_out"]

_TAGS = re.compile(
    r"\w*(?:password|passphrase|passwd|sshkey|(?:private|secret|access|api|client)_?key"
    r"|(?:access|api|auth|bearer|bot|oauth|personal|private|room|secret|team)_?token|(?:client|shared|webhook)secret)"
    r"|pass|pwd|secret|secret_?(?:pass|text|value)|token"
)
"""Leaf tags and attributes that hold a secret wherever they stand, in small letters."""
_IN_CLASS = (("password", "value"), ("password", "defaultvalue"), ("secret", "value"))
"""Leaf tags that are secrets in elements whose class name holds a word: password parameters, entries."""
_HARMLESS = re.compile(
    r"\s*\Z|\{[A-Za-z0-9+/=\s]+\}\Z|\$\w+\Z|\$\{[^{}]*\}\Z|REDACTED\Z|[Tt]rue\Z|[Ff]alse\Z"
)
"""Nothing, encrypted by Jenkins, a reference, taken out by somebody else before, or a choice."""
_UNUSABLE = re.compile(r"[{}<>&\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def take_out(root: Node, name: str, found: dict[str, str]) -> None:
    """Replace every secret in clear by a token that names it; values go into `found` by name."""
    for parent in root.walk():
        for leaf in _secret_leaves(parent):
            key = _free(f"{name}/{leaf.tag}", found)
            found[key] = leaf.text
            leaf.text = secret(key)
        for attribute, value in list(parent.attrs.items()):
            if _TAGS.fullmatch(attribute.lower()) and not _HARMLESS.match(value):
                key = _free(f"{name}/{attribute}", found)
                found[key] = value
                parent.attrs[attribute] = secret(key)


def _secret_leaves(parent: Node) -> Iterator[Node]:
    java = parent.attrs.get("class") or class_name(parent.tag)
    cls = registry.get(java)
    fields = cls.by_tag if cls is not None else {}
    for child in parent.children:
        if child.children or _HARMLESS.match(child.text):
            continue
        declared = fields.get(child.tag)
        if _named(java.lower(), child.tag.lower()) if declared is None else declared.kind == "secret":
            yield child


def _named(kind: str, tag: str) -> bool:
    """Whether a leaf of an element without a typed class has a secret's name."""
    if _TAGS.fullmatch(tag):
        return not (tag == "token" and "condition" in kind)  # there it is the text that is compared
    return any(word in kind and tag == leaf for word, leaf in _IN_CLASS)


def _free(wanted: str, taken: dict[str, str]) -> str:
    """A name not used yet, of characters that survive XML and a token."""
    wanted = _UNUSABLE.sub("_", wanted)
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
