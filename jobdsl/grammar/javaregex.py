"""Whether Java takes a text as a regular expression, by the grammar of java.util.regex.Pattern.

Python's own grammar differs (`\\p{Alpha}`, `[a&&[^b]]`, `(?<name>x)`, `\\Q...\\E`, `{` alone), so it is no
judge. What is found here Java refuses; the contents of classes and of `(?...)` are read loosely.
"""

from __future__ import annotations

import re

__all__ = ["problem"]

_LETTERS = frozenset("AbBGZzRdDhHsSvVwWXtnrfae")
"""Letters that mean something after a backslash by themselves."""
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_FLAGS = re.compile(r"[idmsuxU]*(?:-[idmsuxU]*)?[:)]")
_GROUP_STARTS = ("?:", "?=", "?!", "?>", "?<=", "?<!")
_NAME = re.compile(r"\?<[a-zA-Z][a-zA-Z0-9]*>")
_ESCAPED = {
    "p": re.compile(r"\{\^?[A-Za-z0-9_= ]+\}|[A-Za-z]"),
    "P": re.compile(r"\{\^?[A-Za-z0-9_= ]+\}|[A-Za-z]"),
    "x": re.compile(r"[0-9a-fA-F]{2}|\{[0-9a-fA-F]+\}"),
    "u": re.compile(r"[0-9a-fA-F]{4}"),
    "0": re.compile(r"[0-7]{1,3}"),
    "c": re.compile(r"[\s\S]"),
    "k": re.compile(r"<[a-zA-Z][a-zA-Z0-9]*>"),
    "N": re.compile(r"\{[^}]+\}"),
}


def problem(pattern: str) -> str:
    """Return why Java refuses a pattern, in words; empty if it does not."""
    return _Reader(pattern).read()


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.open: list[int] = []
        """Where the groups that are open began."""
        self.repeatable = False
        """Whether something stands before that `*` may repeat."""

    def read(self) -> str:
        pattern = self.pattern
        while self.at < len(pattern):
            char = pattern[self.at]
            self.at += 1
            if wrong := self._char(char):
                return wrong
        return f'"(" at {self.open[-1]} is never closed' if self.open else ""

    def _char(self, char: str) -> str:
        if char == "\\":
            return self._escape()
        if char == "[":
            self.repeatable = True
            return self._set()
        if char == "(":
            return self._group()
        if char == ")":
            if not self.open:
                return f'")" at {self.at} closes nothing'
            self.open.pop()
            self.repeatable = True
        elif char == "|":
            self.repeatable = False
        elif char in "*+?":
            return self._repeated(char)
        elif char == "{":
            return self._counted()
        else:
            self.repeatable = True
        return ""

    def _repeated(self, sign: str) -> str:
        if not self.repeatable:
            return f'"{sign}" at {self.at} repeats nothing'
        return self._after_repeat()

    def _counted(self) -> str:
        counts = _REPEAT.match(self.pattern, self.at - 1)
        if counts is None:  # Java takes a count also where there is nothing to repeat
            return f'"{{" at {self.at} begins no {{count}}'
        if counts[3] and int(counts[3]) < int(counts[1]):
            return f"{counts[0]} ends before it begins"
        self.at = counts.end()
        return self._after_repeat()

    def _after_repeat(self) -> str:
        """`a*?` and `a*+` are read; a further sign repeats nothing."""
        if self.pattern[self.at : self.at + 1] in ("?", "+"):
            self.at += 1
        self.repeatable = False
        return ""

    def _escape(self) -> str:
        if self.at >= len(self.pattern):
            return "it ends with a backslash"
        char = self.pattern[self.at]
        self.at += 1
        self.repeatable = True
        if char == "Q":
            end = self.pattern.find("\\E", self.at)
            self.at = len(self.pattern) if end < 0 else end + 2
        elif char in _ESCAPED:
            rest = _ESCAPED[char].match(self.pattern, self.at)
            if rest is None:
                return f'"\\{char}" at {self.at - 1} is not complete'
            self.at = rest.end()
        elif char.isascii() and char.isalpha() and char not in _LETTERS:
            return f'"\\{char}" at {self.at - 1} means nothing'
        return ""

    def _set(self) -> str:
        """Return a class in brackets, with those inside it; the first `]` may be a member."""
        start, depth = self.at, 1
        self._set_begins()
        while depth and self.at < len(self.pattern):
            char = self.pattern[self.at]
            self.at += 1
            if char == "\\":
                if wrong := self._escape():
                    return wrong
            elif char == "[":
                depth += 1
                self._set_begins()
            elif char == "]":
                depth -= 1
        self.repeatable = True
        return f'"[" at {start} is never closed' if depth else ""

    def _set_begins(self) -> None:
        if self.pattern[self.at : self.at + 1] == "^":
            self.at += 1
        if self.pattern[self.at : self.at + 1] == "]":
            self.at += 1

    def _group(self) -> str:
        start = self.at
        self.repeatable = False
        if self.pattern[start : start + 1] != "?":
            self.open.append(start)
            return ""
        rest = self.pattern[start:]
        named = _NAME.match(rest)
        flags = _FLAGS.match(rest, 1)
        if named is not None:
            self.at += named.end()
        elif any(rest.startswith(word) for word in _GROUP_STARTS):
            self.at += max(len(word) for word in _GROUP_STARTS if rest.startswith(word))
        elif flags is not None:
            self.at += flags.end()
            if flags[0].endswith(")"):
                return ""
        else:
            return f'"(?" at {start} begins no kind of group'
        self.open.append(start)
        return ""
