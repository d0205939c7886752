"""Calls with wrong arguments, told in words of the function that was called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

from jobdsl.errors import DslError, suggestion

__all__ = ["spoken"]

P = ParamSpec("P")
T = TypeVar("T")


def spoken(otherwise: Callable[[DslError, object], T]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function whose misspelled, missing and misplaced arguments are told with `did you mean`.

    A call that cannot be gives what `otherwise` makes of the error and the first argument, if it does
    not raise. Signature, help() and completion stay those of the function.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args: P.args, **given: P.kwargs) -> T:
            try:
                signature.bind(*args, **given)
            except TypeError as error:
                first = args[0] if args else given.get(next(iter(signature.parameters)))
                return otherwise(_explained(function.__name__, signature, args, given, error), first)
            return function(*args, **given)

        return call

    return decorate


def _explained(
    name: str,
    signature: inspect.Signature,
    args: tuple[object, ...],
    given: Mapping[str, object],
    error: TypeError,
) -> DslError:
    parameters = signature.parameters
    for word in given:
        if word not in parameters:
            hint = suggestion(word, parameters) or f"it has {', '.join(parameters)}"
            return DslError(f"{name} has no argument {word!r}", hint=hint)
    unnamed = [one for one in parameters.values() if one.kind is not one.KEYWORD_ONLY]
    if len(args) > len(unnamed):
        words = ", ".join(one for one in parameters if one not in {first.name for first in unnamed})
        hint = f"everything after {unnamed[-1].name} is given by its name: {words}"
        return DslError(f"{name} does not know what {args[len(unnamed)]!r} is", hint=hint)
    missing = [one.name for one in parameters.values() if one.default is one.empty and one.name not in given]
    missing = [one for one in missing if one not in {first.name for first in unnamed[: len(args)]}]
    return DslError(f"{name} needs {' and '.join(missing)}" if missing else f"{name}: {error}")
