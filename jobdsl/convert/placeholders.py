"""Placeholders for values in documents: made here, and found again in texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

__all__ = [
    "ANY",
    "LIST",
    "MACRO",
    "is_number",
    "list_token",
    "number_token",
    "plain",
    "substituted",
    "text_token",
]

_FIRST_NUMBER = 907_000_000
ANY = re.compile(r"zq[0-9]+zt|(?<![0-9])907[0-9]{6}(?![0-9])")
"""A placeholder of a text or number."""
LIST = re.compile(r"zq[0-9]+zl")
"""A placeholder of a list of components: the name of an element."""
MACRO = re.compile(r"zq[0-9]+zm")
"""A placeholder of what a macro writes: the name of an element."""
_LIST_ELEMENT = re.compile(r"<(zq[0-9]+zl) ?/>")
_EMPTY = re.compile(r"<([^\s<>/]+)([^<>]*)></\1>")
"""An element without text, as it is where an empty value was put in."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


def text_token(number: int) -> str:
    """Return the placeholder of a text: letters and digits, which modules and names take as they are."""
    return f"zq{number}zt"


def number_token(number: int) -> int:
    """Return the placeholder of a number."""
    return _FIRST_NUMBER + number


def list_token(number: int) -> str:
    """Return the placeholder of a list of components."""
    return f"zq{number}zl"


def is_number(value: Any) -> bool:
    """Return whether a value is a whole number, or the text of one."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | str) and _NUMBER.fullmatch(str(value)) is not None


def substituted(text: str, values: Mapping[str, Any], fragments: Mapping[str, str]) -> str:
    """Return a document with the values of placeholders in their place.

    Args:
        text: The document.
        values: Values of texts and numbers, by placeholder as text.
        fragments: Documents of the components of lists, by placeholder.
    """

    def value_of(match: re.Match[str]) -> str:
        return escape(str(values[match[0]])) if match[0] in values else match[0]

    text = _LIST_ELEMENT.sub(lambda match: fragments.get(match[1], match[0]), text)
    return _EMPTY.sub(r"<\1\2 />", ANY.sub(value_of, text))


def plain(value: Any) -> Any:
    """Return a value as JSON can have it."""
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
