"""Lines that may hold a secret and that only a person can judge: they stay as they are, and are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from jobdsl.documents.tree import Node
from jobdsl.secrets.names import harmless
from jobdsl.secrets.placeholders import TOKEN

__all__ = ["doubts"]

_SPEAKS = re.compile(
    r"(?i)passw|passphrase|\bpwd\b|\bpass\b|secret|token(?!iz|s\b)|bearer|api[_ -]?key"
    r"|access[_ -]?key|private[_ -]?key"
)
_ABOUT_IDS = re.compile(
    r"(?i)credentials?_?ids?|credential|[A-Za-z]*Variable|secretName|sha\d+|digest|checksum"
)
_WORD = re.compile(r"(?<![\w$%{./@:\\-])[A-Za-z0-9+_!#^*~]{8,}(?![\w/.:(\[{=-]|@)")
_CHANGES = 3
"""Changes between small letters, capitals and digits from which on a word counts as random."""
_SAYS = re.compile(r"(?i)\bpass(?:word|wd|phrase)?\b\W{1,3}(?:is\W{1,3})?(?P<password>[^\s\"'<>/$%{]{4,})")
"""`password is hunter2`, in a comment or a description."""
_NEAR = 40
"""Characters from what speaks of a secret to what may be one."""
_LOGIN = re.compile(r"(?<!\S)-(?:u|-user)[ =]?[\"']?(?P<user>[A-Za-z][\w.-]*):(?P<password>[^\s\"':$]{4,})")


def doubts(root: Node) -> list[str]:
    """Where a document may hold secrets: the element, and the line in its text. Never the text itself."""
    places: dict[str, None] = {}
    for path, text in _texts(root, ""):
        for line in _lines(text):
            places[f"{path or root.tag}, line {line}" if "\n" in text else path or root.tag] = None
    return list(places)


def _texts(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text below a node, with the tags that lead to it; `x[2]` is the second of its tag."""
    yield path, node.text
    for name, value in node.attrs.items():
        yield f"{path}/@{name}".lstrip("/"), value
    count: dict[str, int] = {}
    for child in node.children:
        count[child.tag] = number = count.get(child.tag, 0) + 1
        yield from _texts(child, f"{path}/{child.tag}".lstrip("/") + (f"[{number}]" if number > 1 else ""))


@lru_cache(maxsize=2048)
def _lines(text: str) -> tuple[int, ...]:
    if _SPEAKS.search(text) is None and " -u" not in text:
        return ()
    lines = enumerate(TOKEN.sub("", text).split("\n"), 1)
    return tuple(number for number, line in lines if _doubtful(line))


def _doubtful(line: str) -> bool:
    if any(_may_be_login(login) for login in _LOGIN.finditer(line)):
        return True
    if any(_has_digit_and_letter(match["password"]) for match in _SAYS.finditer(line)):
        return True
    if _SPEAKS.search(line) is None or _ABOUT_IDS.search(line):
        return False
    words = (word for word in _WORD.finditer(line) if _looks_random(word[0]))
    return any(_SPEAKS.search(line, max(0, word.start() - _NEAR), word.end() + _NEAR // 2) for word in words)


def _may_be_login(login: re.Match[str]) -> bool:
    user, password = login["user"], login["password"]
    return user != password and not harmless(password)


def _has_digit_and_letter(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def _looks_random(word: str) -> bool:
    kinds = [c.isdigit() + 2 * c.isupper() for c in word if c.isalnum()]
    return 1 in kinds and sum(a != b for a, b in pairwise(kinds)) >= _CHANGES and not word.isupper()
