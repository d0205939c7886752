"""Which calls make the jobs of projects: of templates, and of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobdsl.convert.calls import Call, GroupFunction, group_function, points
from jobdsl.convert.exchange import JobGroup, JobRow
from jobdsl.convert.expressions import Unplaceable, value_code
from jobdsl.convert.files import ConvertedRow
from jobdsl.convert.functions import ConvertedFunction, FunctionMaker, split_document, used_lists
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError
from jobdsl.importer.codegen import Writer
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.functions import with_files
from jobdsl.importer.pretty import Code
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.secrets import Taken, take_out

__all__ = ["RowCalls"]


class RowCalls:
    """Makes calls of the functions of definitions."""

    def __init__(self, maker: FunctionMaker, functions: Mapping[str, ConvertedFunction]) -> None:
        self.maker = maker
        self.functions = functions
        self._tokens: dict[str, str] = {}
        """Tokens of secrets by their value."""
        self._row_secrets: dict[str, list[str]] = {}

    def call(self, function: ConvertedFunction, row: JobRow, scripts: Scripts | None = None) -> Call | None:
        """Return the call that makes a row; None where a value cannot be written."""
        try:
            lists = dict(used_lists(row, self.maker, function.parameters))
            arguments: dict[str, Code] = {}
            for parameter, name in function.parameters:
                if parameter.name not in row.values:
                    if not parameter.has_default:
                        return None
                    continue
                value = row.values[parameter.name]
                if parameter.has_default and _is_same(value, parameter.default):
                    continue
                code = lists.get(parameter.name) or self._value(value, parameter.kind, row)
                if scripts is not None:
                    code = with_files(code, name, scripts.files_of(row.name))
                arguments[name] = code
        except (Unplaceable, JobdslError, ValueError):
            return None
        own = {parameter.name: name for parameter, name in function.parameters}
        defaults = {
            name: value_code(parameter.default, parameter.kind)
            for parameter, name in function.parameters
            if parameter.has_default
        }
        return Call(
            function.name,
            arguments,
            defaults,
            order=[name for _, name in function.parameters],
            rows=[row],
            axes=tuple(own[axis] for axis in row.axes if axis in own),
            fixed=frozenset(own[name] for name in row.fixed if name in own),
        )

    def _value(self, value: Any, kind: str, row: JobRow) -> Code:
        """Return the expression of a value; what is a secret in its document is kept outside."""
        if kind != "text":
            return value_code(value, kind)
        text = str(value)
        for secret_value in sorted(self._secrets_of(row), key=len, reverse=True):
            if secret_value not in text:
                continue
            if secret_value not in self._tokens:
                label = "value" if secret_value == text else "part"
                self._tokens[secret_value] = self.maker.secrets.add(
                    row.project or row.name, label, secret_value
                )
            text = text.replace(secret_value, self._tokens[secret_value])
        return Writer(self.maker.layouts).code(text)

    def _secrets_of(self, row: JobRow) -> Sequence[str]:
        """Return the secrets in plain text in a job's document."""
        if row.name not in self._row_secrets:
            taken = Taken()
            take_out(parse(split_document(row.document)[1]), row.name, taken)
            self._row_secrets[row.name] = list(taken.values.values())
        return self._row_secrets[row.name]

    def group(
        self, group: JobGroup, name: str, uses: Sequence[Sequence[ConvertedRow]]
    ) -> GroupFunction | None:
        """Return the function of a group; None where it can be none."""
        members = [self.functions.get(member) for member in group.members]
        functions = [function for function in members if function is not None]
        if len(functions) != len(members) or len(members) < 2:
            return None
        calls = [
            by_member for rows in uses if (by_member := self._by_member(group.members, rows)) is not None
        ]
        return (
            group_function(name, group.name, [function.name for function in functions], calls)
            if calls
            else None
        )

    def _by_member(
        self, members: Sequence[str], rows: Sequence[ConvertedRow]
    ) -> list[list[list[Call]]] | None:
        """Return the calls of each template by the group's arguments; None where these differ."""
        if any(row.is_plain or row.is_hopeless for row in rows):
            return None
        result: list[list[list[Call]]] = []
        for member in members:
            calls = [
                self.call(self.functions[member], row.row) for row in rows if row.row.definition == member
            ]
            if not calls or any(call is None for call in calls):
                return None
            result.append(points([call for call in calls if call is not None]))
        if len({len(calls) for calls in result}) != 1:
            return None
        for point in zip(*result, strict=True):
            values: dict[str, str] = {}
            for call in (call for calls in point for call in calls):
                for name, code in call.arguments.items():
                    if name not in call.fixed and values.setdefault(name, shown(code)) != shown(code):
                        return None
        return result

    def group_calls(
        self, group: JobGroup, function: GroupFunction, rows: Sequence[ConvertedRow]
    ) -> list[Call] | None:
        """Return the calls of a group's function; None where a project gives something else."""
        by_member = self._by_member(group.members, rows)
        if by_member is None:
            return None
        code = []
        for point in zip(*by_member, strict=True):
            arguments: dict[str, Code] = {}
            axes: dict[str, None] = {}
            for call in (calls[0] for calls in point):
                arguments |= {name: code for name, code in call.arguments.items() if name not in call.fixed}
                axes |= dict.fromkeys(call.axes)
            if any(name not in arguments and name not in function.defaults for name in function.parameters):
                return None
            code.append(
                Call(function.name, arguments, function.defaults, function.parameters, [], tuple(axes))
            )
        return code


def _is_same(value: Any, default: Any) -> bool:
    return bool(value == default) and type(value) is type(default)
