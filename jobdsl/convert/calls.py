"""Calls of templates for the jobs of a project: one call, nested loops, or a loop over a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jobdsl.convert.exchange import JobRow
from jobdsl.importer.families.expressions import Reference, shown
from jobdsl.importer.pretty import Brackets, Code, show

__all__ = ["Call", "GroupFunction", "GroupMember", "group_function", "points", "statement"]

_STEP = "    "
_NAMED_FROM = 3
"""Arguments a call has at most without a name each."""


@dataclass(slots=True)
class Call:
    """A call that makes jobs: the function, its arguments by name, and what they are by default."""

    function: str
    arguments: dict[str, Code]
    defaults: Mapping[str, Code]
    order: Sequence[str]
    rows: list[JobRow] = field(default_factory=list)
    axes: tuple[str, ...] = ()
    """Names of the arguments whose values were lists that are multiplied."""
    fixed: frozenset[str] = frozenset()
    """Names of the arguments that a group sets."""


@dataclass(slots=True)
class GroupMember:
    """A template of a group: the function, and its calls with parameters or values of the group."""

    function: str
    calls: list[Call]


@dataclass(slots=True)
class GroupFunction:
    """A function that calls the templates of a group."""

    name: str
    title: str
    members: list[GroupMember]
    parameters: list[str]
    defaults: dict[str, Code]

    def text(self) -> str:
        """Return its source."""
        parts: list[tuple[str, Code]] = [
            (f"{name}=", self.defaults[name]) if name in self.defaults else ("", name)
            for name in self.parameters
        ]
        lines = [show(Brackets(f"def {self.name}(", parts, "):"), "", 0)]
        for member in self.members:
            lines += [_STEP + line for line in _lines(statement(member.calls))]
        return "\n".join(lines)


def _lines(text: str) -> list[str]:
    """Return the lines of a statement that has no text of several lines."""
    return text.split("\n")


def statement(calls: Sequence[Call]) -> str:
    """Return the source of calls of one function, in their order."""
    first = calls[0]
    if len(calls) == 1:
        return show(_call(first.function, first.arguments, first.order), "", 0)
    columns = _columns(calls)
    if columns is None:
        return "\n".join(statement([call]) for call in calls)
    fixed = {name: column[0] for name, column in columns.items() if len(set(map(shown, column))) == 1}
    varying = {name: column for name, column in columns.items() if name not in fixed}
    if not varying:
        return "\n".join(statement([call]) for call in calls)
    loops = _product(varying, first.axes) or [_table(varying)]
    lines = []
    indent = ""
    for names, values in loops:
        start = f"{indent}for {', '.join(names)} in "
        lines.append(
            start + show(Brackets("[", [("", value) for value in values], "]"), indent, len(start), 1) + ":"
        )
        indent += _STEP
    arguments = {name: Reference(name) if name in varying else fixed[name] for name in columns}
    lines.append(indent + show(_call(first.function, arguments, first.order), indent, len(indent)))
    return "\n".join(lines)


def _call(function: str, arguments: Mapping[str, Code], order: Sequence[str]) -> Brackets:
    names = [name for name in order if name in arguments]
    leading = 0
    while leading < min(len(names), _NAMED_FROM) and names[leading] == order[leading]:
        leading += 1
    if len(names) > _NAMED_FROM:
        leading = min(leading, 1)
    parts = [("" if index < leading else f"{name}=", arguments[name]) for index, name in enumerate(names)]
    return Brackets(f"{function}(", parts)


def _columns(calls: Sequence[Call]) -> dict[str, list[Code]] | None:
    """Return the arguments of all calls by name; None where one has neither a value nor a default."""
    names = [name for name in calls[0].order if any(name in call.arguments for call in calls)]
    columns: dict[str, list[Code]] = {}
    for name in names:
        column = [call.arguments.get(name, call.defaults.get(name)) for call in calls]
        if any(code is None or "\n" in shown(code) for code in column) and len(set(map(str, column))) > 1:
            return None
        columns[name] = [code for code in column if code is not None]
    return columns


def _table(varying: Mapping[str, Sequence[Code]]) -> tuple[list[str], list[Code]]:
    names = list(varying)
    return names, _tuples(list(zip(*varying.values(), strict=True)))


def _tuples(rows: Sequence[Sequence[Code]]) -> list[Code]:
    return [row[0] if len(row) == 1 else Brackets("(", [("", code) for code in row]) for row in rows]


def _product(
    varying: Mapping[str, Sequence[Code]], axes: Sequence[str]
) -> list[tuple[list[str], list[Code]]]:
    """Return loops inside one another, one for each axis; nothing where that gives other calls."""
    present = [axis for axis in axes if axis in varying]
    if len(present) < 2:
        return []
    count = len(next(iter(varying.values())))
    texts = {name: [shown(code) for code in column] for name, column in varying.items()}
    owner: dict[str, str] = {}
    for name in varying:
        of = next(
            (
                axis
                for axis in ([name] if name in present else present)
                if len(set(zip(texts[axis], texts[name], strict=True))) == len(set(texts[axis]))
            ),
            None,
        )
        if of is None:
            return []
        owner[name] = of
    loops = []
    expected: list[tuple[str, ...]] = [()]
    for axis in present:
        names = [axis, *(name for name in varying if owner[name] == axis and name != axis)]
        indexes = list({texts[axis][index]: index for index in reversed(range(count))}.values())
        indexes.sort()
        loops.append((names, _tuples([[varying[name][index] for name in names] for index in indexes])))
        expected = [(*values, texts[axis][index]) for values in expected for index in indexes]
    if expected != list(zip(*(texts[axis] for axis in present), strict=True)):
        return []
    return loops


def points(calls: Sequence[Call]) -> list[list[Call]]:
    """Return the calls by what they are given from outside of their group, in order."""
    groups: dict[tuple[tuple[str, str], ...], list[Call]] = {}
    for call in calls:
        outer = tuple((name, shown(code)) for name, code in call.arguments.items() if name not in call.fixed)
        groups.setdefault(outer, []).append(call)
    return list(groups.values())


def group_function(
    name: str, title: str, members: Sequence[str], uses: Sequence[Sequence[Sequence[Sequence[Call]]]]
) -> GroupFunction | None:
    """Return the function of a group; None where its templates are given different values for one name.

    Args:
        name: Of the function.
        title: Of the group.
        members: The functions of its templates, in order.
        uses: For each use of the group by a project, and each template, the calls by equal values.
    """
    order: dict[str, None] = {}
    defaults: dict[str, Code] = {}
    group_members: list[GroupMember] = []
    every = [[calls for use in uses for calls in use[index]] for index in range(len(members))]
    arguments = {
        parameter
        for groups in every
        for calls in groups
        for call in calls
        for parameter in call.arguments
        if parameter not in call.fixed
    }
    for function, groups in zip(members, every, strict=True):
        if not groups or len({_inner(calls) for calls in groups}) != 1:
            return None
        first = groups[0][0]
        outer: dict[str, Code] = {}
        for parameter in first.order:
            if parameter in first.fixed or parameter not in arguments:
                continue
            own = first.defaults.get(parameter)
            if parameter in order and shown(defaults.get(parameter, "")) != shown(own or ""):
                return None
            order.setdefault(parameter)
            if own is not None:
                defaults[parameter] = own
            outer[parameter] = Reference(parameter)
        inner = []
        for call in groups[0]:
            fixed = {name: code for name, code in call.arguments.items() if name in call.fixed}
            if any("\n" in shown(code) for code in fixed.values()):
                return None
            inner.append(Call(function, outer | fixed, call.defaults, call.order, axes=call.axes))
        group_members.append(GroupMember(function, inner))
    in_order = sorted(order, key=lambda parameter: parameter in defaults)
    return GroupFunction(name, title, group_members, in_order, defaults)


def _inner(calls: Sequence[Call]) -> str:
    """Return what a group gives to the calls of one template, to compare."""
    return repr(
        [sorted((name, shown(call.arguments.get(name, ""))) for name in call.fixed) for call in calls]
    )
