"""What a constructor does with wrong arguments: each is reported, and loading goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobdsl import context
from jobdsl.elements.arguments import meant
from jobdsl.elements.kinds import REQUIRED, Field, shown
from jobdsl.elements.layouts import unknown_word
from jobdsl.elements.untyped import Value
from jobdsl.errors import DslError, suggestion

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = ["accept", "accept_layout", "checked", "expand", "known_layout", "refuse"]

_NOT_THOUGHT_OF = (TypeError, ValueError, AttributeError, LookupError)
"""What conversions raise for a value of a kind they do not expect."""


def accept(owner: Record, field: Field, value: Any) -> Any:
    """Return the checked argument; a wrong one is reported with the element's and the field's name."""
    try:
        return checked(field, value)
    except DslError as error:
        problem = DslError(
            f"{owner.dsl_name()}: {field.name} {_as_predicate(error.message)}", hint=error.hint
        )
        context.complain(problem, owner)
        return field.default if field.default is not REQUIRED else _stand_in(field)


def known_layout(cls: type[Record], layout: Any, extra: Mapping[str, Value] | None = None) -> str:
    """Return the layout, where the class can have it. Raises DslError."""
    if not isinstance(layout, str) or not layout.strip():
        raise DslError(f"takes text, not {layout!r}", hint='such as "-description", or leave it out')
    word = unknown_word(cls, layout, frozenset(extra or ()))
    if not word:
        return layout
    sign = word[0] if word[0] in "-+" else ""
    tags = [tag for tag in cls.by_tag if "." not in tag]
    near = suggestion(word.removeprefix(sign), [*(() if sign else cls.forms), *tags])
    forms = ", ".join(f'"{name}"' for name in cls.forms)
    others = f"it has {forms}" if forms else "it has none by name"
    raise DslError(
        f"does not know {word!r}", hint=near.replace('"', f'"{sign}', 1) or f"{others}; {_OTHERWISE}"
    )


_OTHERWISE = "leave layout= out for what plugins write today"


def accept_layout(owner: Record, layout: Any, extra: Any) -> str | None:
    """Return the layout, where the element can have it; another one is reported with the element's name."""
    try:
        return known_layout(type(owner), layout, extra if isinstance(extra, Mapping) else None)
    except DslError as error:
        context.complain(DslError(f"{owner.dsl_name()}: layout {error.message}", hint=error.hint), owner)
        return None


def checked(field: Field, value: Any) -> Any:
    """Return the argument as it is kept. Raises DslError, and nothing else, when it cannot be right."""
    if value is REQUIRED:
        raise DslError("must be given")
    try:
        return field.check(value)
    except _NOT_THOUGHT_OF:
        raise DslError(f"cannot be {shown(value)}") from None


def _as_predicate(message: str) -> str:
    starts = ("takes", "must", "does", "cannot")
    return message if message.startswith(starts) else f"is wrong: {message}"


def expand(owner: Any, arguments: dict[str, Any]) -> Any:
    """Return the fields that arguments stand for. Those of a wrong kind are reported and stay."""
    try:
        return owner._expand(dict(arguments))
    except _NOT_THOUGHT_OF:
        if not any(
            _is_wrong(field, arguments[name]) for name, field in owner._fields.items() if name in arguments
        ):
            named = ", ".join(f"{name}={shown(arguments[name])}" for name in _names_given(owner, arguments))
            context.complain(DslError(f"{owner.dsl_name()} cannot be made with {named}"), owner)
        return arguments


def _is_wrong(field: Field, value: Any) -> bool:
    """Return whether the field's own check refuses its value."""
    if not field.stored or value is field.default:
        return False
    try:
        checked(field, value)
    except DslError:
        return True
    return False


def _names_given(owner: Record, arguments: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, field in owner._fields.items()
        if name in arguments and arguments[name] is not field.default
    ]


def _stand_in(field: Field) -> Any:
    """Return a harmless value for a required field whose argument was refused; the load fails anyway."""
    return {"flag": False, "number": 0, "children": (), "strings": (), "result": "SUCCESS"}.get(
        field.kind, ""
    )


def refuse(
    owner: Record, more: tuple[Any, ...], unknown: Mapping[str, Value], passed: Mapping[str, Any]
) -> None:
    """Report positional arguments that are too many, and unknown names.

    `passed` has the values of the arguments there are, at their defaults unless given.
    """
    arguments = [field for field in owner._fields.values() if field.is_argument]
    free = [field for field in arguments if passed.get(field.name) is field.default]
    if more:
        first = [field.name for field in arguments if field.first]
        takes = f"takes {len(first)} argument{'s' if len(first) != 1 else ''} without a name"
        rule = f"{takes} ({', '.join(first)})" if first else "takes named arguments only"
        names = ", ".join(field.name for field in free)
        problem = DslError(f"{owner.dsl_name()} {rule}", hint=f"name the others: {names}" if names else "")
        context.complain(problem, owner)
    for word, value in unknown.items():
        hint = meant(owner, word, value, free)
        problem = DslError(f"{owner.dsl_name()} has no argument {word!r}", hint=hint)
        context.complain(problem, owner)
