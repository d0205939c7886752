"""One expression of several: what is there for certain values of a parameter becomes a condition. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

from jobdsl.importer.families.expressions import Reference, shown
from jobdsl.importer.families.vocabulary import default_of
from jobdsl.importer.pretty import Brackets, Code, choose, when

__all__ = ["Alternative", "ParameterCondition", "merged"]


class ParameterCondition(Reference):
    """A condition on one parameter, as source."""

    __slots__ = ()

    @property
    def opposite(self) -> ParameterCondition:
        """Return the condition that holds where this one does not."""
        if self.startswith("not "):
            return ParameterCondition(self[4:])
        if " == " in self:
            return ParameterCondition(self.replace(" == ", " != ", 1))
        if " is None" in self:
            return ParameterCondition(self.replace(" is None", " is not None"))
        return ParameterCondition(f"not {self}")


Alternative: TypeAlias = "tuple[ParameterCondition, Code | None]"
"""What is there where a condition holds; None where nothing is."""
LayoutOf: TypeAlias = "Callable[[str], Code | None]"


def merged(base: Code, alternatives: Sequence[Alternative], layout_of: LayoutOf = lambda _: None) -> Code:
    """Return an expression that is an alternative where its condition holds, else the base.

    Args:
        base: What is there where no condition holds.
        alternatives: What is there instead.
        layout_of: The layout that calls with this start have where they say none, as source.
    """
    others = [
        (condition, code) for condition, code in alternatives if code is None or shown(code) != shown(base)
    ]
    if not others:
        return base
    codes = [code for _, code in others]
    if isinstance(base, Brackets) and all(
        isinstance(code, Brackets) and (code.start, code.end) == (base.start, base.end) for code in codes
    ):
        groups = [(condition, code) for condition, code in others if isinstance(code, Brackets)]
        inner = _list(base, groups, layout_of) if base.start == "[" else _call(base, groups, layout_of)
        if inner is not None:
            return inner
    return _chain(base, others)


def _chain(base: Code, others: Sequence[Alternative]) -> Code:
    """Return a conditional expression."""
    flags = {shown(code) for _, code in others if code is not None}
    if len(others) == 1 and flags | {shown(base)} == {"True", "False"}:
        condition = others[0][0] if shown(base) == "False" else others[0][0].opposite
        if " " not in condition.removeprefix("not "):
            return Reference(condition)
    code = base
    for condition, other in reversed(others):
        code = choose(condition, "None" if other is None else other, code)
    return code


def _call(
    base: Brackets, groups: Sequence[tuple[ParameterCondition, Brackets]], layout_of: LayoutOf
) -> Code | None:
    """Merge calls of one class argument by argument; None where that cannot be."""
    positional = [[part for label, part in group.parts if not label] for _, group in groups]
    own = [part for label, part in base.parts if not label]
    conditions = [condition for condition, _ in groups]
    if any(len(parts) != len(own) for parts in positional):
        return None
    parts: list[tuple[str, Code]] = [
        ("", merged(part, list(zip(conditions, (row[index] for row in positional), strict=True)), layout_of))
        for index, part in enumerate(own)
    ]
    labels = dict.fromkeys(label for label, _ in base.parts if label)
    for _, group in groups:
        labels |= dict.fromkeys(label for label, _ in group.parts if label)
    if "**" in labels or base.start == "element(":
        return None
    by_label = dict(base.parts)
    for label in labels:
        absent = layout_of(base.start) if label == "layout=" else default_of(base.start, label)
        alternatives: list[Alternative] = [
            (condition, dict(group.parts).get(label, absent)) for condition, group in groups
        ]
        first = by_label.get(label, absent)
        if first is not None and all(code is not None for _, code in alternatives):
            parts.append((label, merged(first, alternatives, layout_of)))
        else:
            parts += _only_there(label, by_label.get(label), groups)
    return Brackets(base.start, parts, base.end)


def _only_there(
    label: str, base: Code | None, groups: Sequence[tuple[ParameterCondition, Brackets]]
) -> list[tuple[str, Code]]:
    """Return an argument that only some calls have, and that has no known value where it is not given."""
    key = label if label.endswith(": ") else f'"{label.removesuffix("=")}": '

    def given(code: Code | None) -> Code:
        return "{}" if code is None else Brackets("{", [(key, code)], "}")

    values = [(condition, given(dict(group.parts).get(label))) for condition, group in groups]
    return [("**", Brackets("(", [("", _chain(given(base), values))]))]


def _list(
    base: Brackets, groups: Sequence[tuple[ParameterCondition, Brackets]], layout_of: LayoutOf
) -> Code | None:
    """Merge lists part by part: what only some have depends on the condition."""
    own = [label + shown(part) for label, part in base.parts]
    others: list[list[Alternative]] = [[] for _ in own]
    inserted: list[list[tuple[str, ParameterCondition, Code]]] = [[] for _ in range(len(own) + 1)]
    for condition, group in groups:
        theirs = [label + shown(part) for label, part in group.parts]
        for kind, low, high, first, last in SequenceMatcher(None, own, theirs, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            pairs = min(high - low, last - first) if kind == "replace" else 0
            for offset in range(pairs):
                label, part = group.parts[first + offset]
                if label != base.parts[low + offset][0]:
                    return None
                others[low + offset].append((condition, part))
            for index in range(low + pairs, high):
                others[index].append((condition, None))
            for index in range(first + pairs, last):
                label, part = group.parts[index]
                inserted[high].append((label, condition, part))
    return Brackets("[", _list_parts(base, others, inserted, layout_of), "]")


def _list_parts(
    base: Brackets,
    others: Sequence[Sequence[Alternative]],
    inserted: Sequence[Sequence[tuple[str, ParameterCondition, Code]]],
    layout_of: LayoutOf,
) -> list[tuple[str, Code]]:
    """Return the parts of a list with what some have instead or in addition."""
    parts: list[tuple[str, Code]] = []
    for index, (label, part) in enumerate([*base.parts, ("", "")]):
        parts += [(mark, _optional(mark, condition, code)) for mark, condition, code in inserted[index]]
        if index == len(base.parts):
            break
        missing = [condition for condition, code in others[index] if code is None]
        present = [(condition, code) for condition, code in others[index] if code is not None]
        inner = merged(part, present, layout_of)
        if missing:
            condition = ParameterCondition(" and ".join(other.opposite for other in missing))
            inner = _optional(label, condition, inner)
        parts.append((label, inner))
    return parts


def _optional(label: str, condition: ParameterCondition, code: Code) -> Code:
    """Return a part of a list that is there where a condition holds."""
    if label != "*":
        return when(condition, code)
    return Brackets("(", [("", choose(condition, code, "[]"))])
