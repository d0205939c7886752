"""Secrets where people look: which fields and attributes hold one, and documents without their values."""

from __future__ import annotations

import re

from jobdsl.documents.storing import ENCRYPTED
from jobdsl.documents.tree import Node

__all__ = ["HIDDEN", "holds_secret", "masked"]

HIDDEN = "********"
"""What stands in for a secret where people look."""
_SECRET = re.compile(r"(?i).*(password|passwd|passphrase|secret|privatekey|secretkey|accesskey|apikey|token)")


def holds_secret(name: str) -> bool:
    """Whether a field or attribute of that name holds a secret."""
    return _SECRET.fullmatch(name) is not None


def masked(node: Node) -> Node:
    """The same tree with the values of secret fields hidden, to be shown to people."""
    if not node.children:
        hide = bool(node.text.strip()) and (ENCRYPTED.fullmatch(node.text) or holds_secret(node.tag))
        return Node(node.tag, HIDDEN if hide else node.text, (), _attributes(node))
    children = [masked(child) for child in node.children]
    if "PasswordParameter" in node.tag or holds_secret(node.tag):
        children = [_hidden(child) for child in children]
    return Node(node.tag, "", children, _attributes(node))


def _attributes(node: Node) -> dict[str, str]:
    return {name: HIDDEN if value and holds_secret(name) else value for name, value in node.attrs.items()}


def _hidden(node: Node) -> Node:
    if node.tag in ("defaultValue", "value", "string", "text") and node.text:
        return Node(node.tag, HIDDEN, (), _attributes(node))
    return node
