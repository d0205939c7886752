"""Signs of secrets on the lines of texts. Each line is looked at once: scripts of an estate share most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from jobdsl.secrets.commands import commands_in
from jobdsl.secrets.formats import formed
from jobdsl.secrets.lines import Lines, lines_with
from jobdsl.secrets.names import STEMS, lines_about_secrets, names_secret

__all__ = ["Signs", "has_sign", "signs_of"]

_SIGNS = re.compile(
    "|".join(map(re.escape, (*STEMS, "@", "hook", "pagerduty", "ifttt", "telegram", "sig", "code", "x-amz",
                             "sudo", "stdin", "kinit")))
)  # fmt: skip
"""What rules need, in small letters: names of secrets, logins and hooks in addresses, readers of pipes."""
_KEY = re.compile(r"[\w.:-]{20}")
"""What is long enough for a key of a service."""
_WORDS = re.compile(r"[\w.-]+")
_PRIVATE_KEYS = ("PRIVATE KEY", "PuTTY-User-Key", "Private-MAC")
"""Signs of keys that go over many lines."""
_LAST_PARTS = ("key", "keys", "phrase", "word", "wd")
"""Ends of names that a word before them makes secret: `api key`, `pass phrase`."""
_MOST_LINES = 30_000
_LONGEST = 500
"""Characters of a line that is remembered."""


class Signs(NamedTuple):
    """What a line, or a text, has of what the rules need."""

    is_formed: bool = False
    """Whether something is a secret by its form, or begins a key of many lines."""
    is_named: bool = False
    """Whether a word of it may be the name of a secret."""
    commands: frozenset[str] = frozenset()
    """Commands that take a password as an argument."""


_plain: set[str] = set()
"""Lines without signs; most lines of a script are such."""
_marked: dict[str, Signs] = {}
"""Lines with signs."""


def has_sign(text: str) -> bool:
    """Return whether a text has anything in it that some rule needs: a fast filter for short texts."""
    return _SIGNS.search(text.lower()) is not None or _KEY.search(text) is not None or bool(commands_in(text))


def signs_of(text: str) -> tuple[Signs, Lines]:
    """Return the signs of a text, and those of its lines that may have the name of a secret."""
    lines = text.split("\n")
    distinct = set(lines)
    new = distinct - _plain
    marks = {line: _marked[line] for line in new if line in _marked}
    new.difference_update(marks)
    if new:
        marks |= _examine(new)
    if not marks:
        return Signs(), ()
    signs = Signs(
        any(mark.is_formed for mark in marks.values()),
        any(mark.is_named for mark in marks.values()),
        frozenset().union(*[mark.commands for mark in marks.values()]),
    )
    return signs, list(_named(lines, marks)) if signs.is_named else ()


def _named(lines: list[str], marks: dict[str, Signs]) -> Iterator[tuple[int, int]]:
    start = 0
    for line in lines:
        end = start + len(line)
        if line in marks and marks[line].is_named:
            yield start, end
        start = end + 1


def _examine(lines: set[str]) -> dict[str, Signs]:
    """Examine lines that are not cached, all at once, and cache them."""
    text = "\n".join(lines)
    is_formed = {_line(text, start) for start, *_ in formed(text)}
    is_formed |= {text[start:end] for start, end in lines_with(text, _PRIVATE_KEYS)}
    is_named = {
        line
        for start, end in lines_about_secrets(text)
        for line in text[start:end].split("\n")
        if any(map(_may_name, _WORDS.findall(line)))
    }
    occurring = commands_in(text)
    called = {text[start:end] for start, end in lines_with(text, occurring)}
    commands = {line: own for line in called if (own := commands_in(line))}
    marks = {
        line: Signs(line in is_formed, line in is_named, commands.get(line, frozenset()))
        for line in (*is_formed, *is_named, *commands)
    }
    if len(_plain) + len(_marked) > _MOST_LINES:
        _plain.clear()
        _marked.clear()
    _marked.update((line, signs) for line, signs in marks.items() if len(line) <= _LONGEST)
    _plain.update(line for line in lines.difference(marks) if len(line) <= _LONGEST)
    return marks


def _line(text: str, place: int) -> str:
    end = text.find("\n", place)
    return text[text.rfind("\n", 0, place) + 1 : len(text) if end < 0 else end]


@lru_cache(maxsize=20_000)
def _may_name(word: str) -> bool:
    bare = word[2:] if word[:2] in ("-D", "-P") else word
    return names_secret(bare) or bare.lower().rstrip(".").endswith(_LAST_PARTS)
