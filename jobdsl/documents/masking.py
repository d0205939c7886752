"""Documents, differences and values for display: secrets are hidden.

What is hidden on one side of a difference is hidden on the other: a value that is visible on one side
would reveal the hidden one. Differences are made of the plain texts and hidden afterwards, so a hidden value
neither makes a difference nor covers one up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from jobdsl.documents.edits import BoundedMatcher
from jobdsl.documents.secretfinder import find_secrets
from jobdsl.documents.storing import ENCRYPTED
from jobdsl.documents.tree import Node, escape, to_text
from jobdsl.errors import DslError
from jobdsl.secrets.names import harmless
from jobdsl.secrets.placeholders import TOKEN

__all__ = [
    "HIDDEN",
    "Spans",
    "cut_lines",
    "masked",
    "masked_diff",
    "masked_pair",
    "masked_text",
    "secret_spans",
]

HIDDEN = "********"
"""What is shown in place of a secret."""
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Marks around a hidden value while a document is written as text: code points that are no characters."""
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_TELLING = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}")
"""A value that would hardly stand anywhere else by chance: it is hidden wherever it stands."""
_SHORTEST = 6
"""Characters from which a value of the secrets file is hidden wherever it stands."""
_SHORTEST_INSIDE = 3
"""Characters from which a value is hidden also in the middle of a word, where its placeholder stands."""
_CONTEXT = 3
"""Unchanged lines shown around a change."""
_MOST_WORK = 50_000_000
"""Product of the values that are looked for and the characters of the text they are looked for in."""
_FAST = 20
"""How much faster a value is looked for by itself than as one of a pattern."""
_MOST_LINES = 2000
"""Lines of a difference, or of a document, that are shown."""
_LONGEST_LINE = 2000
"""Characters of a line that are shown."""
_TOO_LONG = "(too many values to hide in too long a text: it is not shown)"

Spans = Sequence[tuple[int, int]]
"""Starts and ends of hidden values in a text."""


class _TooMuchWork(Exception):  # noqa: N818  # caught where a text is to be shown
    """There are more values to hide in a text than can be looked for in bounded time."""


@dataclass(slots=True)
class _Line:
    """A line of text, and what is hidden of it."""

    text: str
    spans: list[tuple[int, int]] = field(default_factory=list)

    def values(self) -> Iterator[str]:
        return (self.text[start:end] for start, end in self.spans)

    def hide(self, pattern: re.Pattern[str] | None) -> None:
        """Hide what a pattern matches as well."""
        if pattern is not None:
            self.spans += [match.span() for match in pattern.finditer(self.text)]

    def __str__(self) -> str:
        pieces, end = [], 0
        for start, stop in sorted(self.spans):
            if start >= end:
                pieces += [self.text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*pieces, self.text[end:]])


def secret_spans(root: Node) -> dict[tuple[int, str], Spans]:
    """Find what has to be hidden in a document, by identity of the node and attribute ("": its text)."""
    spans: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for secret in find_secrets(root):
        spans.setdefault((id(secret.node), secret.attribute), []).append((secret.start, secret.end))
    for node in root.walk():
        if ENCRYPTED.fullmatch(node.text):
            spans[id(node), ""] = [(0, len(node.text))]
    return dict(spans)


def masked(root: Node, values: Mapping[str, str] | None = None) -> Node:
    """Copy a tree with its secrets hidden; `values` are those of the secrets file, by name."""
    tree = _marked(root, values or {})
    text = "\n".join(text for node in tree.walk() for text in (node.text, *node.attrs.values()))
    try:
        everywhere = _everywhere(text, _values_in(text), values or {})
    except _TooMuchWork:
        return Node(root.tag, _TOO_LONG)
    return _mapped(tree, lambda text: str(_line(text, everywhere)))


def masked_text(text: str, spans: Spans) -> str:
    """Return a text with its secrets hidden."""
    return str(_Line(text, list(spans)))


def masked_pair(before: str, after: str, hidden: tuple[Spans, Spans]) -> tuple[str, str]:
    """Return two versions of a text with their secrets hidden, on both sides or on none."""
    old, new = _Line(before, list(hidden[0])), _Line(after, list(hidden[1]))
    try:
        everywhere = _everywhere(f"{before}\n{after}", [*old.values(), *new.values()], {})
        for line in (old, new):
            line.hide(everywhere)
        _hide_on_both_sides([old], [new], {})
    except _TooMuchWork:
        return before and HIDDEN, after and HIDDEN
    return str(old), str(new)


def cut_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines that are shown of a long text, and how many are not."""
    shown = [
        line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}... ({len(line)} characters)"
        for line in lines[:_MOST_LINES]
    ]
    return shown if len(lines) <= _MOST_LINES else [*shown, f"(and {len(lines) - _MOST_LINES} more lines)"]


def masked_diff(before: Node, after: Node, name: str, values: Mapping[str, str] | None = None) -> list[str]:
    """Return the unified difference of two documents, as lines without line ends, with secrets hidden.

    Args:
        before: The document as it is now.
        after: The document as it would be.
        name: What it is called in the head of the difference.
        values: The values of the secrets file, by name.
    """
    try:
        return cut_lines(_unified(before, after, name, values or {}))
    except _TooMuchWork:
        return [f"--- {name} (now)", f"+++ {name} (planned)", _TOO_LONG]


def _unified(before: Node, after: Node, name: str, values: Mapping[str, str]) -> list[str]:
    old, new = _lines_of(before, after, values)
    matcher = BoundedMatcher([line.text for line in old], [line.text for line in new])
    groups = list(matcher.get_grouped_opcodes(_CONTEXT))
    lines = [f"--- {name} (now)", f"+++ {name} (planned)"] if groups else []
    for group in groups:
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for kind, old_start, old_end, new_start, new_end in group:
            sides = old[old_start:old_end], new[new_start:new_end]
            lines += _unchanged(*sides) if kind == "equal" else _changed(*sides, values)
    return lines


def _unchanged(old: list[_Line], new: list[_Line]) -> list[str]:
    return [
        f" {_Line(before.text, before.spans + after.spans)}" for before, after in zip(old, new, strict=True)
    ]


def _changed(old: list[_Line], new: list[_Line], values: Mapping[str, str]) -> list[str]:
    _hide_on_both_sides(old, new, values)
    removed, added = [str(line) for line in old], [str(line) for line in new]
    note = [f"(the values shown as {HIDDEN} differ)"] if removed == added else []
    return [*(f"-{line}" for line in removed), *(f"+{line}" for line in added), *note]


def _range(start: int, end: int) -> str:
    """Lines as the head of a hunk names them; an empty range by the line before it."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _hide_on_both_sides(old: list[_Line], new: list[_Line], values: Mapping[str, str]) -> None:
    """Hide in changed lines what is hidden on one side of them only, and the values of their placeholders."""
    sides = [{value for line in lines for value in line.values()} for lines in (old, new)]
    words = _written(value for value in sides[0] ^ sides[1] if not harmless(value))
    names = {match[1] for line in (*old, *new) for match in TOKEN.finditer(line.text)}
    secret_lines = {line for name in names for line in values.get(name, "").splitlines()}
    _check_work(len(words) + len(secret_lines), sum(len(line.text) for line in (*old, *new)))
    for word in words | _written(line for line in secret_lines if not harmless(line)):
        inside = word not in words and len(word) >= _SHORTEST_INSIDE
        pattern = re.compile(re.escape(word) if inside else rf"(?<!\w){re.escape(word)}(?!\w)")
        for line in (*old, *new):
            line.hide(pattern)


def _lines_of(before: Node, after: Node, values: Mapping[str, str]) -> tuple[list[_Line], list[_Line]]:
    texts = [to_text(_marked(tree, values)).lstrip("\n") for tree in (before, after)]
    both = "\n".join(texts)
    everywhere = _everywhere(both, _values_in(both), values)
    old, new = ([_line(line, everywhere) for line in text.splitlines()] for text in texts)
    return old, new


def _line(marked: str, everywhere: re.Pattern[str] | None) -> _Line:
    """Return a line without marks, and the spans they enclosed."""
    line, start = _Line(_MARKS.sub("", marked)), 0
    for count, mark in enumerate(_MARKS.finditer(marked)):
        place = mark.start() - count
        if mark[0] == _OPEN:
            start = place
        else:
            line.spans.append((start, place))
    line.hide(everywhere)
    return line


def _marked(root: Node, values: Mapping[str, str]) -> Node:
    """Copy a tree with marks around what is hidden; values that span lines are marked on each."""
    clean = _mapped(root, lambda text: _MARKS.sub("", text))
    spans = secret_spans(clean)
    whole = {value for value in values.values() if not harmless(value)}

    def marked(text: str, hidden: Spans) -> str:
        if text in whole:
            hidden = [(0, len(text))]
        pieces, end = [], 0
        for start, stop in hidden:
            pieces.append(text[end:start])
            pieces += [_around(line) for line in text[start:stop].splitlines(keepends=True)]
            end = stop
        return "".join([*pieces, text[end:]])

    def copy(node: Node) -> Node:
        attrs = {
            name: value if name == "class" else marked(value, spans.get((id(node), name), ()))
            for name, value in node.attrs.items()
        }
        text = marked(node.text, spans.get((id(node), ""), ()))
        return Node(node.tag, text, [copy(child) for child in node.children], attrs)

    return copy(clean)


def _around(line: str) -> str:
    text = line.rstrip("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
    return f"{_OPEN}{text}{_CLOSE}{line[len(text) :]}" if text else line


def _mapped(node: Node, change: Callable[[str], str]) -> Node:
    attrs = {name: change(value) for name, value in node.attrs.items()}
    return Node(node.tag, change(node.text), [_mapped(child, change) for child in node.children], attrs)


def _values_in(marked: str) -> list[str]:
    """Return the marked values of a text."""
    return re.findall(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}", marked)


def _everywhere(text: str, marked: Iterable[str], values: Mapping[str, str]) -> re.Pattern[str] | None:
    """Return a pattern of the values that are hidden wherever they stand in a text, marked or not."""
    revealing = {
        value for value in marked if _TELLING.fullmatch(value) and ENCRYPTED.fullmatch(value) is None
    }
    secret_lines = (
        line for value in values.values() for line in value.splitlines() if len(line) >= _SHORTEST
    )
    plain = _MARKS.sub("", text)
    candidates = revealing | _written(secret_lines)
    _check_work(len(candidates), len(plain) // _FAST)
    words = sorted((word for word in candidates if word in plain), key=len, reverse=True)
    _check_work(len(words), len(plain))
    return re.compile("|".join(map(re.escape, words))) if words else None


def _check_work(words: int, size: int) -> None:
    if words * size > _MOST_WORK:
        raise _TooMuchWork


def _written(values: Iterable[str]) -> set[str]:
    """Return values as they stand in plain texts, in texts of XML and in its attributes."""
    written: set[str] = set()
    for value in values:
        written.add(value)
        with suppress(DslError):  # what cannot be part of XML stands in no document
            written |= {escape(value), escape(value).replace('"', "&quot;")}
    return written
