"""Texts that differ in words: what they have in common, with gaps for the rest. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeAlias

from jobdsl.secrets.placeholders import SECRET_START

__all__ = ["Pieces", "split"]

_WORD = re.compile(rf"{re.escape(SECRET_START)}[^{{}}<]+\}}|[A-Za-z0-9_.]+|\s+|.", re.DOTALL)
"""Words of a text; the token of a secret is one."""
_LONG = 600
"""Words from which texts are compared line by line first."""
_MOST_WORDS = 6_000
"""Words or lines of all variants of a text, up to which they are compared; above, it differs as a whole."""
_MOST_VARIANTS = 200
_MOST_CHARACTERS = 200_000
_MOST_GAPS, _MOST_SHORT_GAPS = 6, 2
"""Gaps of a text, and of one of a single line."""

Pieces: TypeAlias = "list[str | tuple[str, ...]]"
"""A text in pieces: what all have, and gaps with the words of each."""


def split(texts: Sequence[str]) -> Pieces:
    """Return the texts in pieces; one gap of whole texts where they have little in common.

    Gaps never cut a word, a version, a path's name or the token of a secret.
    """
    variants = tuple(dict.fromkeys(texts))
    places = {text: index for index, text in enumerate(variants)}
    return [
        piece if isinstance(piece, str) else tuple(piece[places[text]] for text in texts)
        for piece in _split(variants)
    ]


@lru_cache(maxsize=4_096)
def _split(texts: tuple[str, ...]) -> Pieces:
    whole: Pieces = [texts]
    if not 2 <= len(texts) <= _MOST_VARIANTS or sum(map(len, texts)) > _MOST_CHARACTERS:
        return whole
    words = [_WORD.findall(text) for text in texts]
    is_long = max(map(len, words)) > _LONG
    if is_long:
        words = [text.splitlines(keepends=True) for text in texts]
    if sum(map(len, words)) > _MOST_WORDS:
        return whole
    gaps = _gaps(words, is_long)
    if gaps is None:
        return whole
    pieces: Pieces = []
    for gap in gaps:
        if isinstance(gap, str):
            _add(pieces, gap)
        elif is_long:
            before, inner, after = _trimmed(gap)
            _add(pieces, before)
            for piece in _split_gap(inner):
                _add(pieces, piece)
            _add(pieces, after)
        else:
            _add(pieces, gap)
    holes = [piece for piece in pieces if isinstance(piece, tuple)]
    fixed = sum(len(piece) for piece in pieces if isinstance(piece, str))
    most = _MOST_GAPS if any("\n" in text for text in texts) else _MOST_SHORT_GAPS
    if len(holes) > most or fixed < 4 or not all(map(_is_clean, holes)):
        return whole
    return pieces


def _split_gap(gap: tuple[str, ...]) -> Pieces:
    """Return lines that differ in pieces."""
    variants = tuple(dict.fromkeys(gap))
    places = {text: index for index, text in enumerate(variants)}
    return [
        piece if isinstance(piece, str) else tuple(piece[places[text]] for text in gap)
        for piece in _split(variants)
    ]


def _trimmed(gap: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
    """Return the blanks that all variants begin with, what is between, and those they end with."""
    before = _common_beginning([text[: len(text) - len(text.lstrip())] for text in gap])
    rest = [text[len(before) :] for text in gap]
    after = _common_beginning([text[len(text.rstrip()) :][::-1] for text in rest])[::-1]
    return before, tuple(text[: len(text) - len(after)] for text in rest), after


def _common_beginning(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    count = next((i for i, c in enumerate(first) if i >= len(last) or c != last[i]), len(first))
    return first[:count]


def _gaps(words: list[list[str]], are_lines: bool) -> Pieces | None:
    """Return common words and what is between them in each text; None where there is nothing in common."""
    counts = Counter(words[0])
    for other in words[1:]:
        counts &= Counter(other)
    if not any(are_lines or _is_anchor(word) for word in counts):
        return None
    common = min(words, key=lambda text: (len(text), text))
    for other in words:
        common = _common(
            [word for word in common if word in counts], [word for word in other if word in counts]
        )
        if not any(are_lines or _is_anchor(word) for word in common):
            return None
    parted = [_parted(text, common) for text in words]
    pieces: Pieces = []
    for index in range(len(common) + 1):
        gap = tuple(gaps[index] for gaps in parted)
        if len(set(gap)) > 1:
            pieces.append(gap)
        else:
            _add(pieces, gap[0])
        if index < len(common):
            _add(pieces, common[index])
    return pieces


def _is_anchor(word: str) -> bool:
    return len(word) > 2 and not word.isspace()


def _is_clean(gap: tuple[str, ...]) -> bool:
    """Return whether a gap reads as a value: no blanks at its ends, and something in each row."""
    return all(value and value == value.strip() for value in gap)


def _add(pieces: Pieces, piece: str | tuple[str, ...]) -> None:
    last = pieces[-1] if pieces else None
    if isinstance(piece, tuple):
        pieces.append(piece)
    elif isinstance(last, str):
        pieces[-1] = last + piece
    elif piece:
        pieces.append(piece)


def _common(left: list[str], right: list[str]) -> list[str]:
    """Return words of both in order."""
    if left == right:
        return left
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [word for block in matcher.get_matching_blocks() for word in left[block.a : block.a + block.size]]


def _parted(words: list[str], common: list[str]) -> list[str]:
    """Return what is between the common words: one more than there are."""
    gaps = [""] * (len(common) + 1)
    done = 0
    for word in words:
        if done < len(common) and word == common[done]:
            done += 1
        else:
            gaps[done] += word
    return gaps
