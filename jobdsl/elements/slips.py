"""Hints for values of the wrong kind, where the value shows the slip: `yes` for True, a missing call."""

from __future__ import annotations

import re
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

__all__ = ["place_of", "slip"]

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_CALLABLE = FunctionType | BuiltinFunctionType | MethodType | type
_MADE_FROM_TEXT = {
    "a build step": "steps.shell({})",
    "a source repository": "scm.git({})",
    "a source ": "sources.git({})",
    "a parameter": "params.string({})",
    "a publisher": "publish.archive({})",
    "an axis": 'axes.text({}, ["..."])',
}
"""What a text in the place of an element most likely is, where it is not an element's name."""


def slip(value: object, expected: str) -> str:
    """Return a hint on the likely slip behind a value that is not `expected`; empty where there is none."""
    if isinstance(value, str):
        return _of_text(value, expected)
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return _of_number(value, expected)
    if isinstance(value, tuple) and len(value) == 1 and "list" not in expected:
        return "the comma after it makes it a tuple: remove the comma"
    if isinstance(value, list | tuple) and len(value) > 1 and expected.startswith("text"):
        return r'put them into one text: "\n".join([...])'
    if isinstance(value, list | tuple) and "list" not in expected:
        return "it is in a list already: remove these brackets, or a comma after the list"
    if isinstance(value, _CALLABLE):
        return "call it, with parentheses"
    if isinstance(value, ModuleType):
        name = value.__name__.rpartition(".")[2]
        return f"it is a module: name one of its elements, as in {name}.NAME(...)"
    return ""


_PLACES = {
    "Step": "steps=",
    "Publisher": "publishers=",
    "Wrapper": "wrappers=",
    "Trigger": "triggers=",
    "Parameter": "parameters=",
    "Property": "properties=",
    "Scm": "scm=",
    "Axis": "axes= of a matrix",
    "Source": "sources= of a multibranch or an organization_folder",
    "Trait": "traits= of a source",
}
"""The arguments that take a slot's elements, by the slot's class."""


def place_of(element: object, accepts: type, expected: str) -> str:
    """Give a hint where an element belongs that Jenkins would drop here, or which of its name is meant."""
    word = type(element).__name__
    module = re.search(r"\((\w+)\.\*\)", expected)
    if module is not None:
        namesake = getattr(import_module(f"jobdsl.elements.{module[1]}"), word, None)
        if isinstance(namesake, type) and issubclass(namesake, accepts):
            return f"write {module[1]}.{word}(...)"
    places = [_PLACES[cls.__name__] for cls in type(element).__mro__ if cls.__name__ in _PLACES]
    if places:
        return f"it belongs into {' or '.join(places)}"
    return "it is a part of another element; Jenkins would drop it here"


def _of_text(value: str, expected: str) -> str:
    if "True" in expected and value.lower() in _WORDS:
        return f"write {_WORDS[value.lower()]}, without quotes"
    if "number" in expected and re.fullmatch(r"-?[0-9]+", value):
        return f"write {value}, without quotes"
    if named := _named(value, expected):
        return f"write {named}"
    if expected.startswith("a trigger"):
        schedule = value if _is_schedule(value) else f"@{value}"
        return f"write triggers.cron({schedule!r})" if _is_schedule(schedule) else ""
    call = next((call for slot, call in _MADE_FROM_TEXT.items() if expected.startswith(slot)), "")
    return f"write {call.format(repr(value))}" if call else ""


def _named(value: str, expected: str) -> str:
    """Return the call of the element that a text is the name of: `timestamps` among the wrappers."""
    module = re.search(r"\((\w+)\.\*\)", expected)
    cls = getattr(import_module(f"jobdsl.elements.{module[1]}"), value, None) if module is not None else None
    if module is None or not isinstance(cls, type) or not hasattr(cls, "_fields"):
        return ""
    first = any(field.first for field in cls._fields.values())
    return f"{module[1]}.{value}({'...' if first else ''})"


def _is_schedule(text: str) -> bool:
    from jobdsl.grammar.cron import check

    return bool(text.strip()) and not any(finding.severity == "error" for finding in check(text))


def _of_number(value: float, expected: str) -> str:
    if "True" in expected and value in (0, 1):
        return f"write {bool(value)}"
    if expected.startswith("text"):
        return f'put quotes around it: "{value}"'
    if "whole number" in expected and value == int(value):
        return f"write {int(value)}, without a point"
    return ""
