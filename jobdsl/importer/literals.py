"""Python literals for texts: the shortest form that reads well and gives back the very same characters."""

from __future__ import annotations

import ast
import re

__all__ = ["literal", "quoted"]

_ONE_LINE = 60
"""Characters up to which a text of two lines stays on one."""
_SHOWN = re.compile(r"[^\n\t -~]")
"""Characters that may need an escape between triple quotes."""
_CLOSING = re.compile('"{3,}|"+\\Z')
"""Quotes that would end the literal too early."""


def quoted(text: str) -> str:
    """Return one line, in double quotes unless single ones save escapes (as black and ruff write it)."""
    if "\\" in text and '"' not in text and text[-1] != "\\" and text.isprintable():
        return f'r"{text}"'
    body = repr('"' + text)[2:-1]  # as between single quotes, whatever it holds
    if text.count('"') > text.count("'"):
        return f"'{body}'"
    return '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """Return a text as Python source; over several lines where it has several."""
    inner = text.strip("\n").count("\n")
    if inner == 0 or (inner == 1 and len(text) <= _ONE_LINE):
        return quoted(text)
    for shown in (_raw(text), _escaped(text)):
        if shown and ast.literal_eval(shown) == text:
            return shown
    return quoted(text)


def _raw(text: str) -> str:
    """Between r\"\"\"...\"\"\", where backslashes stand for themselves; empty if that cannot be."""
    if "\\" not in text or '"""' in text or text[-1] in '"\\' or _odd(text):
        return ""
    return f'r"""{text}"""'


def _escaped(text: str) -> str:
    body = _SHOWN.sub(_one, text.replace("\\", "\\\\"))
    return '"""' + _CLOSING.sub(lambda quotes: '\\"' * len(quotes[0]), body) + '"""'


def _odd(text: str) -> bool:
    """Return whether a character needs an escape: it cannot be seen, or a file cannot hold it."""
    return any(not character[0].isprintable() for character in _SHOWN.finditer(text))


def _one(character: re.Match[str]) -> str:
    return character[0] if character[0].isprintable() else repr(character[0])[1:-1]
