"""Elements as documents of another age have them, under their usual names: `in_layout`.

    steps = in_layout(jobdsl.steps, shell="-configuredLocalRules")
    freestyle = in_layout(jobdsl.freestyle, "+actions")

What a file calls by these names then has that `layout=`, unless it gives another, or None.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any, TypeVar

from jobdsl import context
from jobdsl.elements.base import Record
from jobdsl.elements.refusing import known_layout
from jobdsl.errors import DslError, suggestion

__all__ = ["in_layout"]

Words = TypeVar("Words")


def in_layout(words: Words, layout: str | None = None, /, **layouts: str) -> Words:
    """Return a module of elements with a layout for some of its words, or one kind of item with a layout.

    A word the module does not have, or a layout that is no text, is an error at the calling line.
    """
    try:
        copy: Any = _module(words, layouts) if isinstance(words, ModuleType) else _kind(words, layout)
    except DslError as error:
        context.complain(DslError(f"in_layout: {error.message}", hint=error.hint))
        return words
    return copy  # type: ignore[no-any-return]  # it has what the given one has


def _kind(kind: Any, layout: str | None) -> Any:
    if not callable(kind):
        raise DslError(f"takes a module of elements or a kind of item, not {kind!r}")
    return partial(kind, layout=_known(kind, layout))


def _module(module: ModuleType, layouts: dict[str, str]) -> ModuleType:
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(vars(module))
    for word, layout in layouts.items():
        element = getattr(module, word, None)
        if element is None:
            name = module.__name__.rpartition(".")[2]
            raise DslError(f"{name} has no {word!r}", hint=suggestion(word, getattr(module, "__all__", ())))
        setattr(copy, word, partial(element, layout=_known(element, layout)))
    return copy


def _known(kind: Any, layout: object) -> str:
    """Return the layout, where the class can have it; a function of the estate passes it on to one."""
    if not isinstance(layout, str) or not layout:
        raise DslError(f"a layout is text, not {layout!r}", hint='such as "-configuredLocalRules"')
    if not isinstance(kind, type) or not issubclass(kind, Record):
        return layout
    try:
        return known_layout(kind, layout)
    except DslError as error:
        raise DslError(f"the layout of {kind.dsl_name()} {error.message}", hint=error.hint) from None
