"""Calls with wrong arguments, reported in words of the function that was called."""

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
    """A function whose misspelled, missing and misplaced arguments are reported with `did you mean`.

    A call that cannot be gives what `otherwise` makes of the error and the first argument, if it does
    not raise. Signature, help() and completion stay those of the function.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args: P.args, **named: P.kwargs) -> T:
            try:
                signature.bind(*args, **named)
            except TypeError as error:
                first = args[0] if args else named.get(next(iter(signature.parameters)))
                return otherwise(_explained(function.__name__, signature, args, named, error), first)
            return function(*args, **named)

        return call

    return decorate


def _explained(
    name: str,
    signature: inspect.Signature,
    args: tuple[object, ...],
    named: Mapping[str, object],
    error: TypeError,
) -> DslError:
    parameters = signature.parameters
    for word in named:
        if word not in parameters:
            hint = suggestion(word, parameters) or f"it has {', '.join(parameters)}"
            return DslError(f"{name} has no argument {word!r}", hint=hint)
    unnamed = [parameter for parameter in parameters.values() if parameter.kind is not parameter.KEYWORD_ONLY]
    if len(args) > len(unnamed):
        words = ", ".join(
            parameter_name
            for parameter_name in parameters
            if parameter_name not in {first.name for first in unnamed}
        )
        hint = f"everything after {unnamed[-1].name} is given by its name: {words}"
        return DslError(f"{name} does not know what {args[len(unnamed)]!r} is", hint=hint)
    missing = [
        parameter.name
        for parameter in parameters.values()
        if parameter.default is parameter.empty and parameter.name not in named
    ]
    missing = [
        parameter_name
        for parameter_name in missing
        if parameter_name not in {first.name for first in unnamed[: len(args)]}
    ]
    return DslError(f"{name} needs {' and '.join(missing)}" if missing else f"{name}: {error}")
