"""A template, a macro or a job as the source of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from jobdsl.convert.exchange import JobRow, MacroCall, YamlDefinition, YamlParameter
from jobdsl.convert.expressions import Placeholders, Unplaceable, value_code
from jobdsl.convert.merging import ParameterCondition, merged
from jobdsl.convert.naming import parameter_name
from jobdsl.errors import JobdslError
from jobdsl.importer.codegen import Layouts, Writer
from jobdsl.importer.convert import DocumentSource, convert
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.importer.secrets import Taken

__all__ = ["MACRO_TYPES", "ConvertedFunction", "FunctionMaker", "split_document", "used_lists"]

_SLOTS = {
    "parameter": "parameters=",
    "property": "properties=",
    "builder": "steps=",
    "wrapper": "wrappers=",
    "trigger": "triggers=",
    "publisher": "publishers=",
    "scm": "scm=",
}
"""The argument of a job that has the components of a type."""
MACRO_TYPES = frozenset(_SLOTS)
"""Types of macros that become functions."""


@dataclass(slots=True)
class ConvertedFunction:
    """A function: its parameters with their names there, and what it returns."""

    definition: YamlDefinition
    name: str
    body: Code
    parameters: list[tuple[YamlParameter, str]]
    is_list: bool = False
    """Whether it returns a list of components and not a single one."""
    has_calls: bool = False
    """Whether macros are calls in it."""
    macros: set[str] = field(default_factory=set)
    """Keys of the macros it calls."""


def split_document(text: str) -> tuple[str, bytes]:
    """Return the name and the document of a text whose first line is the name."""
    name, _, document = text.partition("\n")
    return name, document.encode("utf-8", "surrogatepass")


class FunctionMaker:
    """Makes functions of definitions; those of macros first, which others call."""

    def __init__(self, layouts: Layouts, secrets: Taken, definitions: Mapping[str, YamlDefinition]) -> None:
        self.layouts = layouts
        self.secrets = secrets
        self.definitions = definitions
        self.macros: dict[str, ConvertedFunction | None] = {}
        """Functions of macros by key; None for one that can be none."""
        self._open: set[str] = set()
        self.name_of: Callable[[str], str] = lambda key: key

    def macro(self, key: str) -> ConvertedFunction | None:
        """Return the function of a macro; None where its calls have to be written out."""
        if key in self.macros:
            return self.macros[key]
        definition = self.definitions.get(key)
        if definition is None or key in self._open:
            return None
        self._open.add(key)
        function: ConvertedFunction | None = None
        for is_calls in (True, False):
            with suppress(Unplaceable, JobdslError, ValueError):
                function = self._component(definition, key.partition(":")[0], is_calls)
                break
        self._open.discard(key)
        self.macros[key] = function
        return function

    def template(self, definition: YamlDefinition, *, has_calls: bool) -> ConvertedFunction | None:
        """Return the function of a template or the call of a single job; None where it can be none."""
        if not definition.inline:
            return None
        try:
            return self._made(definition, has_calls, lambda code: code)
        except (Unplaceable, JobdslError, ValueError):
            return None

    def components(self, kind: str, document: str) -> Code:
        """Return the components of a document that has nothing else. Raises Unplaceable, JobdslError."""
        return _slot(self._code(document, is_view=False), kind)

    def _component(self, definition: YamlDefinition, kind: str, is_calls: bool) -> ConvertedFunction:
        function = self._made(definition, is_calls, lambda code: _slot(code, kind))
        body = function.body
        if kind == "scm":
            return function
        if isinstance(body, Brackets) and body.start == "[" and len(body.parts) == 1 and not body.parts[0][0]:
            only = body.parts[0][1]
            if isinstance(only, str) or not only.is_conditional:
                function.body = only
                return function
        function.is_list = True
        return function

    def _made(
        self, definition: YamlDefinition, is_calls: bool, part_of: Callable[[Code], Code]
    ) -> ConvertedFunction:
        names: dict[str, str] = {}
        parameters: list[tuple[YamlParameter, str]] = []
        for parameter in _in_order(definition.parameters):
            name = parameter_name(parameter.name, [name for _, name in parameters])
            parameters.append((parameter, name))
            if parameter.kind != "choice":
                names[str(parameter.token)] = name
        macros: set[str] = set()
        calls = (
            {call.token: self._call(call, names, macros) for call in definition.macro_calls}
            if is_calls
            else {}
        )
        placeholders = Placeholders(names, calls, self.secrets.values)

        def code_of(document: str) -> Code:
            return placeholders.expression(part_of(self._code(document, is_view=definition.is_view)))

        base = code_of(definition.calls if is_calls else definition.inline)
        own = {parameter.name: name for parameter, name in parameters}
        alternatives = [
            (
                _condition(own[variant.parameter], variant.value),
                code_of(variant.calls if is_calls else variant.inline),
            )
            for variant in definition.variants
        ]
        body = merged(base, alternatives, self._usual_layout)
        return ConvertedFunction(
            definition, self.name_of(definition.key), body, parameters, has_calls=bool(macros), macros=macros
        )

    def _usual_layout(self, start: str) -> Code | None:
        layout = self.layouts.usual.get(start.removesuffix("("))
        return None if layout is None else quoted(layout)

    def _call(
        self, call: MacroCall, names: Mapping[str, str], macros: set[str]
    ) -> Callable[[], tuple[Code, bool]]:
        def made() -> tuple[Code, bool]:
            function = self.macro(call.macro)
            if function is None:
                raise Unplaceable(call.macro)
            macros.add(call.macro)
            texts = Placeholders(names, {}, self.secrets.values)
            parts: list[tuple[str, Code]] = []
            for parameter, name in function.parameters:
                if parameter.name not in call.arguments:
                    continue
                value = call.arguments[parameter.name]
                if parameter.has_default and str(value) == str(parameter.default):
                    continue
                code = value_code(value, parameter.kind)
                if isinstance(code, str):
                    code = texts.expression(code)
                parts.append(
                    (f"{name}=" if parameter.has_default or len(function.parameters) > 2 else "", code)
                )
            return Brackets(f"{function.name}(", parts), function.is_list

        return made

    def _code(self, document: str, *, is_view: bool) -> Code:
        name, data = split_document(document)
        code = convert(DocumentSource(name, data, name, is_view), name, Writer(self.layouts), self.secrets)
        assert code.code is not None
        return code.code


def _in_order(parameters: Sequence[YamlParameter]) -> list[YamlParameter]:
    """Return the parameters: first the name, then those a call has to give, then those with a default."""
    return sorted(parameters, key=lambda parameter: (parameter.has_default, parameter.name != "name"))


def _condition(name: str, value: object) -> ParameterCondition:
    """Return the condition that a parameter has this value and not that of the base."""
    if isinstance(value, bool):
        return ParameterCondition(name if value else f"not {name}")
    if value is None:
        return ParameterCondition(f"{name} is None")
    return ParameterCondition(f"{name} == {shown(value_code(value, 'choice'))}")


def _slot(code: Code, kind: str) -> Code:
    """Return the components of a job that has nothing else. Raises Unplaceable for any other."""
    assert isinstance(code, Brackets)
    parts = {label: part for label, part in code.parts[1:] if label != "layout="}
    if set(parts) == {_SLOTS[kind]}:
        return parts[_SLOTS[kind]]
    if not parts and kind != "scm":
        return Brackets("[", [], "]")
    raise Unplaceable(", ".join(parts))


def used_lists(
    row: JobRow, maker: FunctionMaker, parameters: Sequence[tuple[YamlParameter, str]]
) -> Iterator[tuple[str, Code]]:
    """Yield the lists of components that a row gives, by variable. Raises Unplaceable, JobdslError."""
    for parameter, _ in parameters:
        if parameter.kind == "list" and parameter.name in row.values:
            if parameter.name not in row.lists:
                raise Unplaceable(parameter.name)
            yield parameter.name, maker.components(parameter.component, row.lists[parameter.name])
