"""Hints for names that are not there: what of jobdsl, Python or the file itself was meant."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable
from functools import cache
from types import ModuleType, TracebackType

from jobdsl.errors import suggestion

__all__ = [
    "COMMA",
    "END_OF_FILE",
    "NOTHING_RETURNED",
    "of_attribute",
    "of_call",
    "of_import",
    "of_module",
    "of_name",
    "of_syntax",
    "public",
]

NOTHING_RETURNED = "a function returned None here: does it return its job?"
COMMA = "the comma after its value makes it a tuple: remove the comma"
_WORDS = {"true": "True", "false": "False"} | dict.fromkeys(("null", "none", "nil", "undefined"), "None")
_SLOTS = {
    "steps": "steps=",
    "publish": "publishers=",
    "wrappers": "wrappers=",
    "triggers": "triggers=",
    "params": "parameters=",
    "properties": "properties=",
    "scm": "scm=",
    "axes": "axes=",
    "sources": "sources=",
    "views": "columns= or filters= of a view",
    "misc": "",
}
"""The modules of elements, and the argument each is for."""
_ELSEWHERE = {
    "agent_pool": "dynaslave",
    "library": "jobdsl.templates",
    "webapp": "jobdsl.templates",
    "service": "jobdsl.templates",
}
_SAID = {"sh": "shell", "bash": "shell", "cmd": "batch", "bat": "batch", "copy": "copy_artifacts"}
"""Elements by other words for them."""
_KINDS = frozenset({"job", "project", "Job"})
"""Words for an item whose kind is not named."""
_ALIKE = 0.8
"""Likeness from which a name is one of Python's own, misspelled."""
END_OF_FILE = "remove the call: a DSL file ends where it ends"
_BRACES = "in an f-string, braces of a shell are doubled: ${{NAME}}"


def of_name(name: str, trace: TracebackType | None, read: Callable[[str], bytes]) -> str:
    """Give a hint for a name that is not defined."""
    import jobdsl

    if name in ("exit", "quit"):
        return END_OF_FILE
    if name in _WORDS:
        return f"Python writes it {_WORDS[name]}"
    frame = None
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
    if frame is not None and _is_shell_variable(name, read, frame.f_code.co_filename):
        return f"in an f-string, braces of a shell are doubled: ${{{{{name}}}}}"
    if name in jobdsl.__all__:
        return f"from jobdsl import {name}"
    if name in _KINDS:
        return "name its kind: freestyle(...), pipeline(...), multibranch(...)"
    known = [] if frame is None else [*frame.f_locals, *frame.f_globals]
    if known_name := suggestion(name, [word for word in known if not word.startswith("__")]):
        return known_name
    if element := _element(name):
        return element
    if near := _near(name, jobdsl.__all__):
        return f"from jobdsl import {near}, and write {near}"
    import difflib  # only wanted when something is wrong

    alike = difflib.get_close_matches(name, dir(builtins), 1, _ALIKE)
    return f'did you mean "{alike[0]}"?' if alike else ""


def _is_shell_variable(name: str, read: Callable[[str], bytes], file: str) -> bool:
    try:
        source = read(file).decode("utf-8", "replace")
    except Exception:  # noqa: BLE001  # the file cannot be read any more: no hint then
        return False
    return re.search(r"\$\{" + re.escape(name) + r"\b", source) is not None


def of_attribute(value: object, name: str) -> str:
    """Give a hint for an attribute that a thing does not have."""
    import jobdsl
    from jobdsl.elements.base import Record

    if isinstance(value, ModuleType):
        if value is jobdsl and name in _SLOTS:
            return f"from jobdsl import {name}"
        if value is jobdsl or value.__name__.startswith("jobdsl.elements."):
            if (python_name := _SAID.get(name)) in public(value):
                return f'did you mean "{python_name}"?'
            exact = _element(name, besides=value.__name__.rpartition(".")[2])
            return exact or suggestion(name, public(value)) or _any_element(name)
    if value is None:
        return NOTHING_RETURNED if name in _job_names() else ""
    if isinstance(value, Record) and name in jobdsl.__all__ and hasattr(value, "__enter__"):
        return f"put it into a block: with {value.dsl_name()}(...): and below it {name}(...)"
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Record):
        return COMMA
    return suggestion(name, public(value))


def _job_names() -> list[str]:
    from jobdsl.dsl.jobs import freestyle, pipeline

    return [name for kind in (freestyle, pipeline) for name in (*kind._fields, *public(kind))]


def of_module(module: str) -> str:
    """Give a hint for a module of jobdsl that there is not: its elements are imported as `steps`."""
    import jobdsl

    word = module.split(".")[1] if "." in module else ""
    if word in jobdsl.__all__:
        return f"from jobdsl import {word}"
    near = _near(word, [*jobdsl.__all__, "templates", "testing"])
    if near in ("templates", "testing"):
        return f'did you mean "jobdsl.{near}"?'
    return f"from jobdsl import {near}" if near else "what there is: from jobdsl import steps, scm, ..."


def of_import(name: str) -> str:
    """Give a hint for a name that jobdsl does not have."""
    import jobdsl

    return _element(name) or suggestion(name, jobdsl.__all__)


def of_call(text: str) -> str:
    """Return a hint for a wrong call, derived from Python's message."""
    if "'module' object is not callable" in text:
        return "call one of its elements, as in steps.shell(...)"
    if match := re.search(r"got multiple values for argument '(\w+)'", text):
        return f"it is already passed by position: remove {match[1]}="
    if 'can only concatenate str (not "' in text:
        return 'put it into the text: f"...{value}"'
    if "'NoneType' object" in text:
        return NOTHING_RETURNED
    if "unsupported operand type(s) for +: 'list' and" in text or 'can only concatenate list (not "' in text:
        return "put [ ] around what is added to a list"
    return ""


def of_syntax(error: SyntaxError) -> str:
    """Give a hint for source that Python cannot read."""
    if "f-string" in error.msg:
        return _BRACES
    return ""


def public(value: object) -> list[str]:
    """Return the public names of a value."""
    try:
        names: Iterable[object] = getattr(value, "__all__", None) or dir(value)
        return [name for name in names if isinstance(name, str) and not name.startswith("_")]
    except Exception:  # noqa: BLE001  # an object of the user's
        return []


@cache
def _elements() -> dict[str, list[str]]:
    """Return the modules that have an element, by its name."""
    from importlib import import_module

    modules_of: dict[str, list[str]] = {}
    for module in _SLOTS:
        for name in public(import_module(f"jobdsl.elements.{module}")):
            modules_of.setdefault(name, []).append(module)
    return modules_of


def _element(name: str, besides: str = "") -> str:
    """Return where an element of exactly this name is."""
    if name in _ELSEWHERE:
        return f"from {_ELSEWHERE[name]} import {name}"
    modules = [module for module in _elements().get(name, ()) if module != besides]
    purposes = {module: f" for {slot}" if slot else "" for module, slot in _SLOTS.items()}
    shown = [f"{module}.{name}{purposes[module]}" for module in modules[:3]]
    return f"it is {' or '.join(shown)} (from jobdsl import {modules[0]})" if shown else ""


def _any_element(name: str) -> str:
    near = _near(name, _elements())
    return _element(near) if near else ""


def _near(word: str, candidates: Iterable[str]) -> str:
    hint = suggestion(word, candidates)
    return hint.split('"')[1] if hint else ""
