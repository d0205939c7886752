"""A CloudFormation template as YAML to own by hand: long forms of functions, no tags, no anchors. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["dumps"]

_PLAIN = re.compile(r"[A-Za-z_/$][A-Za-z0-9_/.$-]*(?:::?[A-Za-z0-9_/.$*-]+)*")
"""Texts that YAML reads as texts without quotes, if they are no word of its own."""
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def dumps(template: Mapping[str, Any], *, head: str = "") -> str:
    """Write a template; `head` is a comment of several lines above it."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    return comment + "\n".join(_lines(template, 0)) + "\n"


def _lines(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = "  " * indent
    for key, entry in value.items():
        if isinstance(entry, Mapping) and entry:
            yield f"{space}{_scalar(key)}:"
            yield from _lines(entry, indent + 1)
        elif isinstance(entry, list | tuple) and entry:
            yield f"{space}{_scalar(key)}:"
            yield from _items(entry, indent + 1)
        elif isinstance(entry, str) and _is_block(entry):
            yield f"{space}{_scalar(key)}: |{'' if entry.endswith(chr(10)) else '-'}"
            yield from (f"{space}  {line}".rstrip() for line in entry.removesuffix("\n").split("\n"))
        else:
            yield f"{space}{_scalar(key)}: {_scalar(entry)}"


def _items(entries: list[Any] | tuple[Any, ...], indent: int) -> Iterator[str]:
    space = "  " * indent
    for entry in entries:
        if isinstance(entry, Mapping) and entry:
            first, *rest = _lines(entry, indent + 1)
            yield f"{space}- {first.lstrip()}"
            yield from rest
        elif isinstance(entry, list | tuple) and entry:
            yield f"{space}-"
            yield from _items(entry, indent + 1)
        else:
            yield f"{space}- {_scalar(entry)}"


def _is_block(text: str) -> bool:
    """Return whether a text of several lines can be written as they are."""
    body = text.removesuffix("\n")
    return (
        "\n" in body
        and not text.endswith("\n\n")
        and all(line == line.rstrip() for line in body.split("\n"))
        and body[0] not in " \n"
        and all(letter == "\n" or letter.isprintable() for letter in text)
    )


def _scalar(value: Any) -> str:
    """Write a text, number or truth value; anything YAML might read otherwise is quoted."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """Quote a text as JSON does, with letters beyond its four hex digits as YAML has them."""
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(letter: str) -> str:
    if letter.isascii() and letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"
