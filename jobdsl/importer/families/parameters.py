"""The holes of a pattern as parameters of a function, named, with defaults. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobdsl.importer.families.derived import derived, substituted
from jobdsl.importer.families.expressions import Reference, TextOf, is_closed, shown, text_of, text_value
from jobdsl.importer.families.naming import hint_of, last_word, subject_of, word_of
from jobdsl.importer.families.patterns import Branch, Hole, Part, Pattern, cost
from jobdsl.importer.families.texts import Pieces, split
from jobdsl.importer.literals import literal
from jobdsl.importer.pretty import Brackets, Code, when
from jobdsl.secrets.placeholders import SECRET_START

__all__ = ["Family", "FamilyParameter", "family_of", "part_of"]

_ROW = 4
"""Words a call costs next to its values."""
_SHORTEST = 3
"""Letters from which on two equal texts mean the same and are not equal by chance."""
_RESERVED = frozenset({"name", "self"})

Column = tuple[Code, ...]


@dataclass(slots=True)
class FamilyParameter:
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
    body: Brackets
    parameters: list[FamilyParameter]
    variables: list[tuple[str, Code]] = field(default_factory=list)
    """Local variables, which follow from parameters."""

    @property
    def row_size(self) -> int:
        """Return about how many words a call has."""
        return self._values // len(self.rows)

    @property
    def size(self) -> int:
        """Return about how many words a person reads: the function and a call for each row."""
        variables = sum(cost(code) + 2 for _, code in self.variables)
        return cost(self.body) + variables + self._values + _ROW * len(self.rows)

    @property
    def _values(self) -> int:
        values = 0
        for parameter in self.parameters:
            passed = [code for code in parameter.column if shown(code) != parameter.default]
            named = 2 if parameter.default is not None else 0
            values += sum(cost(code) + named for code in passed) + 3
        return values


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
    maker.contexts["name"] = {frozenset(rows)}
    return maker.family(maker.branch(pattern))


def part_of(pattern: Branch, rows: frozenset[int]) -> Family:
    """Return the pattern of a part of jobs as a function that gives it back."""
    maker = _Maker(sorted(rows))
    return maker.family(maker.branch(pattern))


class _Maker:
    """Turns holes into expressions of parameters, the same column always into the same one."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.columns: dict[tuple[str, ...], tuple[str, Column]] = {}
        """Name and values of each parameter, by how the values are written."""
        self.taken: set[str] = set(_RESERVED)
        self.flags: dict[str, frozenset[int]] = {}
        """The rows that have the optional part of a flag."""
        self.contexts: dict[str, set[frozenset[int]]] = {}
        """Where each parameter is used: the rows that have the optional part around it, or all."""
        self.here = frozenset(rows)

    def family(self, body: Brackets) -> Family:
        """Return the family with this body, and as few parameters as it needs."""
        columns = dict(self.columns.values())
        rest = derived(columns, self.flags, self.contexts, self.rows)
        parameters = [_with_default(FamilyParameter(name, column)) for name, column in rest.columns.items()]
        parameters.sort(key=lambda parameter: parameter.default is not None)
        variables = [(name, substituted(code, rest.conditions)) for name, code in rest.tables.items()]
        call = substituted(body, rest.conditions)
        assert isinstance(call, Brackets)
        return Family(self.rows, call, parameters, variables)

    def branch(self, pattern: Branch, present: frozenset[int] | None = None) -> Brackets:
        """Return brackets with expressions of parameters in them.

        Args:
            pattern: What is in brackets.
            here: The rows that have it; None for all.
        """
        parts: list[tuple[str, Code]] = []
        first = _first_literal(pattern)
        for index, part in enumerate(pattern.parts):
            if part.label == " if ":
                hint = f"with_{word_of(_start(pattern.parts[0].pattern))}"
            else:
                hint = hint_of(pattern.start, part.label, index, first)
            parts.append((part.label, self.part(part, hint, present)))
        return Brackets(pattern.start, parts, pattern.end)

    def part(self, part: Part, hint: str, present: frozenset[int] | None) -> Code:
        """Return a member; one that only some rows have is None for the others."""
        rows = frozenset(self.rows) if present is None else present
        if part.rows >= rows:
            return self.expression(part.pattern, hint, present)
        if not isinstance(part.pattern, Branch):  # an element that differs wholly: None for the others
            codes = {row: _code(part.pattern, row) if row in part.rows else "None" for row in self.rows}
            return self.expression(Hole(codes), hint, None)
        flags = tuple("True" if row in part.rows else "False" for row in self.rows)
        subject = subject_of(_first_literal(part.pattern)) or part.pattern.start
        flag = self.parameter(flags, f"with_{word_of(subject)}")
        self.flags[flag] = part.rows
        outer, self.here = self.here, part.rows
        inner = self.branch(part.pattern, part.rows)
        self.here = outer
        return when(flag, inner)

    def expression(self, pattern: Pattern, hint: str, present: frozenset[int] | None) -> Code:
        """Return any pattern as an expression."""
        if isinstance(pattern, str):
            return pattern
        if isinstance(pattern, Branch):
            return self.branch(pattern, present)
        codes = [pattern.codes.get(row) for row in self.rows]
        filler = _most_common([code for code in codes if code is not None])
        return self.hole(tuple(filler if code is None else code for code in codes), hint)

    def hole(self, column: Column, hint: str) -> Code:
        """Return the expression of a column: a text of pieces, or a parameter."""
        if len(set(map(shown, column))) == 1 and is_closed(column[0]):
            return column[0]
        texts = [text_value(code) for code in column]
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
        return text_of(self.named(pieces, hint))

    def named(self, pieces: Pieces, hint: str) -> list[tuple[bool, str]]:
        """Return pieces with parameters for the gaps."""
        result: list[tuple[bool, str]] = []
        before = ""
        for piece in pieces:
            if isinstance(piece, str):
                result.append((False, piece))
                before = piece
                continue
            known = self.known(list(piece))
            if isinstance(known, TextOf):
                result += known.pieces
            else:
                name = known or self.parameter(tuple(map(literal, piece)), last_word(before) or hint)
                result.append((True, name))
        return result

    def known(self, texts: list[str]) -> str | None:
        """Return an expression of parameters there are: equal texts, or one with the same text around it."""
        column = tuple(map(literal, texts))
        if column in self.columns and (
            len(min(texts, key=len)) >= _SHORTEST or len(set(texts)) * 2 > len(texts)
        ):
            return self.used(self.columns[column][0])
        for name, other in self.columns.values():
            inner = [text_value(code) for code in other]
            if len(set(inner)) < 2 or any(text is None or len(text) < _SHORTEST for text in inner):
                continue
            around = {_around(text, part or "") for text, part in zip(texts, inner, strict=True)}
            pair = around.pop()
            if not around and pair is not None:
                self.used(name)
                pieces = [(False, pair[0]), (True, name), (False, pair[1])]
                return text_of([piece for piece in pieces if piece[1]])
        return None

    def parameter(self, column: Column, hint: str) -> Reference:
        """Return the name of the parameter with this column."""
        key = tuple(map(shown, column))
        if key not in self.columns:
            self.columns[key] = (self.name(hint), column)
        return self.used(self.columns[key][0])

    def used(self, name: str) -> Reference:
        """Note that a parameter is used here."""
        self.contexts.setdefault(name, set()).add(self.here)
        return Reference(name)

    def name(self, hint: str) -> str:
        """Return a name that is not taken."""
        word = word_of(hint) or "value"
        number = 1
        while (name := word if number == 1 else f"{word}_{number}") in self.taken:
            number += 1
        self.taken.add(name)
        return name


def _first_literal(pattern: Branch) -> Code | None:
    """Return the first argument of a call, where it has no label and all rows have the same."""
    first = pattern.parts[0] if pattern.parts else None
    return first.pattern if first is not None and not first.label and isinstance(first.pattern, str) else None


def _start(pattern: Pattern) -> str:
    return pattern.start if isinstance(pattern, Branch) else "part"


def _code(pattern: str | Hole, row: int) -> Code:
    return pattern.codes[row] if isinstance(pattern, Hole) else pattern


def _most_common(codes: Sequence[Code]) -> Code:
    most, _ = Counter(map(shown, codes)).most_common(1)[0]
    return next(code for code in codes if shown(code) == most)


def _with_default(parameter: FamilyParameter) -> FamilyParameter:
    """Give a parameter the value that most rows have as its default, where that saves words."""
    value = _most_common(parameter.column)
    others = [code for code in parameter.column if shown(code) != shown(value)]
    every = sum(map(cost, parameter.column))
    is_cheaper = sum(map(cost, others)) + 2 * len(others) + cost(value) + 2 < every
    if not isinstance(value, str) or not is_closed(value) or SECRET_START in value:
        return parameter
    if len(others) + 1 < len(parameter.column) and is_cheaper:
        parameter.default = value
    return parameter


def _around(text: str, part: str) -> tuple[str, str] | None:
    """Return what is before and after a part of a text, where the part is not inside a word."""
    before, separator, after = text.partition(part)
    is_in_secret = before.rfind(SECRET_START) > before.rfind("}")
    if (
        not separator
        or is_in_secret
        or SECRET_START in part
        or (before and before[-1].isalnum())
        or (after and after[0].isalnum())
    ):
        return None
    return before, after
