"""The actions of objects by the rest of a path, as Stapler routes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobdsl.testing.http import HttpRequest, HttpResponse
from jobdsl.testing.pages import missing, wrong_method
from jobdsl.testing.users import Caller

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["Handler", "RoutedRequest", "Router"]


@dataclass(slots=True)
class RoutedRequest:
    """One request in progress: its caller, the operation and the object."""

    jenkins: ControllerState
    request: HttpRequest
    caller: Caller
    target: Any = None


Run = Callable[[RoutedRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Handler:
    """What a path does on a class of objects."""

    run: Run
    permission: str
    """Permission the caller needs; empty for none."""
    post_only: bool


class Router:
    """The actions of each class of objects, by the rest of the path and the method."""

    def __init__(self) -> None:
        self._actions: dict[tuple[type, tuple[str, ...], str], Handler] = {}

    def on(
        self, target: type, path: str, *, permission: str = "", post: bool = False, method: str = ""
    ) -> Callable[[Run], Run]:
        """Register a function for a path below objects of a class.

        `post`: it changes something, so a GET answers 405. `method`: only for that one.
        """

        def register(run: Run) -> Run:
            key = (target, tuple(part for part in path.split("/") if part), method)
            self._actions[key] = Handler(run, permission, post)
            return run

        return register

    def find(self, target: object, rest: tuple[str, ...], method: str) -> Handler:
        """Return the action, or 404 or 405."""
        for java in type(target).__mro__:
            action = self._actions.get((java, rest, method)) or self._actions.get((java, rest, ""))
            if action is not None:
                if action.post_only and method != "POST":
                    raise wrong_method()
                return action
        raise missing()
