"""The holes of a pattern as parameters of a function, named, with defaults. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jobdsl.importer.families.patterns import Branch, Hole, Part, Pattern, cost
from jobdsl.importer.families.texts import Pieces, split
from jobdsl.importer.families.vocabulary import free_name, name_of
from jobdsl.importer.layout import Code, Group, show
from jobdsl.importer.literals import literal
from jobdsl.secrets.placeholders import SECRET_START

__all__ = ["Family", "Parameter", "TextOf", "family_of", "shown"]

_ROW = 4
"""Words a call costs next to its values."""
_UNSAFE = re.compile(r"[^a-z0-9]+")
_CLOSING = re.compile('"{3,}|"+\\Z')
"""Quotes that would end a text too early."""
_SHORTEST = 3
"""Letters from which on two equal texts mean the same and not just look the same."""
_RESERVED = frozenset({"name", "self"})

Column = tuple[Code, ...]


class TextOf(str):
    """The source of a text with parameters in it; its pieces, for those that are written as files."""

    __slots__ = ("pieces",)
    pieces: list[tuple[bool, str]]
    """Whether each is the name of a parameter, and the text or name."""


@dataclass(slots=True)
class Parameter:
    """A parameter: its values by row, and the default that most rows have, if it pays."""

    name: str
    column: Column
    default: str | None = None

    @property
    def is_flag(self) -> bool:
        """Return whether it is true or false."""
        return all(code in ("True", "False") for code in self.column)


@dataclass(slots=True)
class Family:
    """A function and its calls."""

    rows: list[int]
    body: Group
    parameters: list[Parameter]

    @property
    def size(self) -> int:
        """Return about how many words a person reads: the function and a call for each row."""
        values = 0
        for parameter in self.parameters:
            given = [code for code in parameter.column if shown(code) != parameter.default]
            named = 2 if parameter.default is not None else 0
            values += sum(cost(code) + named for code in given) + 3
        return cost(self.body) + values + _ROW * len(self.rows)


def family_of(pattern: Pattern, rows: frozenset[int]) -> Family | None:
    """Return the pattern as a function with one call for each row; None where the pattern is a mere hole."""
    if not isinstance(pattern, Branch) or not pattern.parts or pattern.parts[0].label:
        return None
    maker = _Maker(sorted(rows))
    name = pattern.parts[0].pattern
    names = (
        tuple(name.codes[row] for row in maker.rows) if isinstance(name, Hole) else (str(name),) * len(rows)
    )
    maker.columns[tuple(map(shown, names))] = ("name", names)
    return Family(maker.rows, maker.branch(pattern), maker.parameters())


class _Maker:
    """Turns holes into expressions of parameters, the same column always into the same one."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.columns: dict[tuple[str, ...], tuple[str, Column]] = {}
        """Name and values of each parameter, by how the values are written."""
        self.taken: set[str] = set(_RESERVED)

    def parameters(self) -> list[Parameter]:
        """Return the parameters: the name, those that differ everywhere, then those with a default."""
        found = [_with_default(Parameter(name, column)) for name, column in self.columns.values()]
        return sorted(found, key=lambda parameter: parameter.default is not None)

    def branch(self, pattern: Branch, here: frozenset[int] | None = None) -> Group:
        """Return brackets with expressions of parameters in them.

        Args:
            pattern: What is in brackets.
            here: The rows that have it; None for all.
        """
        parts: list[tuple[str, Code]] = []
        for index, part in enumerate(pattern.parts):
            hint = part.label.rstrip("=: ").strip('"') or name_of(pattern.start, index) or pattern.start
            parts.append((part.label, self.part(part, hint, here)))
        return Group(pattern.start, parts, pattern.end)

    def part(self, part: Part, hint: str, here: frozenset[int] | None) -> Code:
        """Return a member; one that only some rows have is None for the others."""
        rows = frozenset(self.rows) if here is None else here
        if part.rows >= rows:
            return self.expression(part.pattern, hint, here)
        if not isinstance(part.pattern, Branch):  # an element that differs wholly: None for the others
            codes = {row: _code(part.pattern, row) if row in part.rows else "None" for row in self.rows}
            return self.expression(Hole(codes), hint, None)
        flags = tuple("True" if row in part.rows else "False" for row in self.rows)
        flag = self.parameter(flags, f"with_{_word(part.pattern.start)}")
        inner = self.branch(part.pattern, part.rows)
        return Group(inner.start, inner.parts, f"{inner.end} if {flag} else None")

    def expression(self, pattern: Pattern, hint: str, here: frozenset[int] | None) -> Code:
        """Return any pattern as an expression."""
        if isinstance(pattern, str):
            return pattern
        if isinstance(pattern, Branch):
            return self.branch(pattern, here)
        codes = [pattern.codes.get(row) for row in self.rows]
        filler = _most_common([code for code in codes if code is not None])
        return self.hole(tuple(filler if code is None else code for code in codes), hint)

    def hole(self, column: Column, hint: str) -> Code:
        """Return the expression of a column: a text of pieces, or a parameter."""
        if len(set(map(shown, column))) == 1:
            return column[0]
        texts = [_text(code) for code in column]
        if all(text is not None for text in texts):
            return self.text([text or "" for text in texts], hint)
        return self.parameter(column, hint)

    def text(self, texts: list[str], hint: str) -> str:
        """Return texts as one with parameters in it."""
        if (known := self.known(texts)) is not None:
            return known
        pieces = split(texts)
        if len(pieces) == 1:
            return self.parameter(tuple(map(literal, texts)), hint)
        return _text_of(self.named(pieces, hint))

    def named(self, pieces: Pieces, hint: str) -> list[tuple[bool, str]]:
        """Return pieces with parameters for the gaps."""
        found: list[tuple[bool, str]] = []
        before = ""
        for piece in pieces:
            if isinstance(piece, str):
                found.append((False, piece))
                before = piece
                continue
            known = self.known(list(piece))
            if isinstance(known, TextOf):
                found += known.pieces
            else:
                name = known or self.parameter(tuple(map(literal, piece)), _last_word(before) or hint)
                found.append((True, name))
        return found

    def known(self, texts: list[str]) -> str | None:
        """Return an expression of parameters there are: equal texts, or one with the same text around it."""
        column = tuple(map(literal, texts))
        if column in self.columns and (
            len(min(texts, key=len)) >= _SHORTEST or len(set(texts)) * 2 > len(texts)
        ):
            return self.columns[column][0]
        for name, other in self.columns.values():
            inner = [_text(code) for code in other]
            if len(set(inner)) < 2 or any(text is None or len(text) < _SHORTEST for text in inner):
                continue
            around = {_around(text, part or "") for text, part in zip(texts, inner, strict=True)}
            pair = around.pop()
            if not around and pair is not None:
                pieces = [(False, pair[0]), (True, name), (False, pair[1])]
                return _text_of([piece for piece in pieces if piece[1]])
        return None

    def parameter(self, column: Column, hint: str) -> str:
        """Return the name of the parameter with this column."""
        key = tuple(map(shown, column))
        if key not in self.columns:
            self.columns[key] = (self.name(hint), column)
        return self.columns[key][0]

    def name(self, hint: str) -> str:
        """Return a name that is not taken."""
        word = _word(hint) or "value"
        number = 1
        while (name := word if number == 1 else f"{word}_{number}") in self.taken:
            number += 1
        self.taken.add(name)
        return name


def _code(pattern: str | Hole, row: int) -> Code:
    return pattern.codes[row] if isinstance(pattern, Hole) else pattern


def shown(code: Code) -> str:
    """Return an expression on its lines."""
    return code if isinstance(code, str) else show(code, "", 0)


def _most_common(codes: Sequence[Code]) -> Code:
    most, _ = Counter(map(shown, codes)).most_common(1)[0]
    return next(code for code in codes if shown(code) == most)


def _with_default(parameter: Parameter) -> Parameter:
    """Give a parameter the value that most rows have as its default, where that saves words."""
    value = _most_common(parameter.column)
    others = [code for code in parameter.column if shown(code) != shown(value)]
    every = sum(map(cost, parameter.column))
    is_cheaper = sum(map(cost, others)) + 2 * len(others) + cost(value) + 2 < every
    if parameter.name == "name" or not isinstance(value, str) or SECRET_START in value:
        return parameter
    if len(others) + 1 < len(parameter.column) and is_cheaper:
        parameter.default = value
    return parameter


def _text(code: Code) -> str | None:
    """Return the text of a literal."""
    return _text_of_literal(code) if isinstance(code, str) else None


@lru_cache(maxsize=20_000)
def _text_of_literal(code: str) -> str | None:
    if code[:1] not in "\"'r" or code[-1:] not in "\"'":
        return None
    value = ast.literal_eval(code)
    return value if isinstance(value, str) else None


def _text_of(pieces: list[tuple[bool, str]]) -> TextOf:
    """Return an f-string."""
    made = TextOf(_f_string(pieces))
    made.pieces = pieces
    return made


def _f_string(pieces: list[tuple[bool, str]]) -> str:
    texts = [text.replace("{", "{{").replace("}", "}}") for is_name, text in pieces if not is_name]
    is_long = any("\n" in text for text in texts)
    quote = '"""' if is_long else '"'
    is_raw = any("\\" in text for text in texts) and not any(
        quote in text or _odd(text, is_long) for text in texts
    )
    is_raw = is_raw and (pieces[-1][0] or texts[-1][-1] not in '"\\')
    bodies = iter(texts if is_raw else [_escaped(text, is_long) for text in texts])
    body = "".join(f"{{{text}}}" if is_name else next(bodies) for is_name, text in pieces)
    if is_long and not is_raw:
        body = _CLOSING.sub(lambda found: '\\"' * len(found[0]), body)
    return f"{'r' if is_raw else ''}f{quote}{body}{quote}"


def _escaped(text: str, is_long: bool) -> str:
    """Return text as between the quotes of an f-string."""
    text = text.replace("\\", "\\\\")
    if not is_long:
        text = text.replace('"', '\\"')
    keep = "\n\t" if is_long else ""
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def _odd(text: str, is_long: bool) -> bool:
    """Return whether a character needs an escape."""
    return not all(c.isprintable() or (is_long and c in "\n\t") for c in text)


def _around(text: str, part: str) -> tuple[str, str] | None:
    """Return what is before and after a part of a text, where the part is not inside a word."""
    before, found, after = text.partition(part)
    is_in_secret = before.rfind(SECRET_START) > before.rfind("}")
    if (
        not found
        or is_in_secret
        or SECRET_START in part
        or (before and before[-1].isalnum())
        or (after and after[0].isalnum())
    ):
        return None
    return before, after


def _last_word(before: str) -> str:
    """Return the word that a gap follows, as in `--service ` or `VERSION=`."""
    words = [word for word in _UNSAFE.split(before.lower()[-40:]) if word]
    is_near = before.rstrip(" \t\"'=:/-").lower().endswith(words[-1]) if words else False
    return words[-1] if is_near and words[-1].isalpha() and len(words[-1]) > 2 else ""


def _word(hint: str) -> str:
    """Return a name from what a value is for: a label, a call, a word before it."""
    words = [word for word in _UNSAFE.split(hint.lower().rpartition(".")[2].removesuffix("(")) if word]
    name = "_".join(words)[:40].strip("_")
    if not name:
        return ""
    return free_name(name if name[0].isalpha() else f"value_{name}", "value")
