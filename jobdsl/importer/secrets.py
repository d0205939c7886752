"""Takes the secrets that stand in clear out of a document, and says what they are called from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobdsl.declared import in_clear, is_secret_attribute, secrecy
from jobdsl.raw import secret
from jobdsl.tree import Node, class_name

__all__ = ["take_out"]

_UNUSABLE = re.compile(r"[{}<>&\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def take_out(root: Node, name: str, found: dict[str, str]) -> None:
    """Replace every secret in clear by a token that names it; values go into `found` by name."""
    for parent in root.walk():
        for leaf in _secret_leaves(parent):
            key = _free(f"{name}/{leaf.tag}", found)
            found[key] = leaf.text
            leaf.text = secret(key)
        for attribute, value in list(parent.attrs.items()):
            if is_secret_attribute(attribute) and in_clear(value):
                key = _free(f"{name}/{attribute}", found)
                found[key] = value
                parent.attrs[attribute] = secret(key)


def _secret_leaves(parent: Node) -> Iterator[Node]:
    java = parent.attrs.get("class") or class_name(parent.tag)
    for child in parent.children:
        if not child.children and in_clear(child.text) and secrecy(java, child.tag):
            yield child


def _free(wanted: str, taken: dict[str, str]) -> str:
    """A name not used yet, of characters that survive XML and a token."""
    wanted = _UNUSABLE.sub("_", wanted)
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
