"""Signs that an element may hold a secret: a quick check before `secretfinder` reads the whole document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobdsl.documents.declared import in_clear, is_secret_attribute, secrecy
from jobdsl.documents.secretfinder import is_naming
from jobdsl.documents.tree import class_name
from jobdsl.secrets.names import ends_secret, names_secret
from jobdsl.secrets.texts import secrets_in

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["in_attributes", "in_field", "in_text"]

_SHORT = 20
"""Characters below which a word is no key of any service."""
_LONGEST_HARMLESS = 200
"""Characters of a text that is remembered as one that holds no secret."""
_MOST_HARMLESS = 20_000
_harmless: set[str | None] = {None}
"""Short texts that hold no secret; most texts of a document are such, and the same ones."""


def in_text(text: str | None, tail: str | None) -> bool:
    """Return whether an element's text may hold a secret, or anything is written behind the element."""
    return (text not in _harmless and _is_suspect(text or "")) or (bool(tail) and not str(tail).isspace())


def _is_suspect(text: str) -> bool:
    """Return whether a text holds a secret; remembers a short one that does not."""
    if text and not text.isspace() and (len(text) >= _SHORT or not text.isalnum()) and secrets_in(text):
        return True
    if len(text) <= _LONGEST_HARMLESS:
        if len(_harmless) >= _MOST_HARMLESS:
            _harmless.clear()
        _harmless.add(text)
    return False


def in_field(element: etree._Element, tag: str) -> bool:
    """Return whether an element with a tag of a secret holds one, or has children that may."""
    if len(element):
        return ends_secret(tag)
    parent = element.getparent()
    if parent is None:
        return False
    named = "." in tag or secrecy(parent.get("class") or class_name(str(parent.tag)), tag)
    return bool(named) and in_clear(element.text or "")


def in_attributes(attributes: Iterable[tuple[str, str]]) -> bool:
    """Return whether an attribute holds a secret, or marks the element as one."""
    for name, value in attributes:
        if name == "class":
            if value == "hudson.util.Secret":
                return True
        elif name != "plugin" and (
            is_secret_attribute(name) or (is_naming(name) and names_secret(value)) or secrets_in(value)
        ):
            return True
    return False
