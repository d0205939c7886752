"""The order in which changes can be made: what must be done before what. Pure.

An object waits only for the change that makes the nearest folder above it, for a move that frees its
name, and for a move that brings its source into place. Removals come after all else, deepest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobdsl.grammar import names
from jobdsl.planning.changes import Action, Change

__all__ = ["dependencies", "stages"]


def stages(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Return what is made or changed, and after that what goes away."""
    return (
        [change for change in changes if not change.is_removal],
        [change for change in changes if change.is_removal],
    )


def dependencies(changes: Sequence[Change]) -> dict[int, set[int]]:
    """For each change (by position, all of one stage) the positions of those that must be done before."""
    if changes and changes[0].is_removal:
        return _inside_out(changes)
    makers = {change.full_name: at for at, change in enumerate(changes) if change.kind == "item"}
    freed = {names.key(change.source): at for at, change in enumerate(changes) if change.source}
    before: dict[int, set[int]] = {}
    for at, change in enumerate(changes):
        required = {_nearest(makers, change.full_name)}
        if change.kind == "item":
            required.add(freed.get(names.key(change.full_name)))
        if change.action is Action.MOVE:
            required.add(_nearest(makers, change.source))
        before[at] = {other for other in required if other is not None and other != at}
    return before


def _nearest(makers: Mapping[str, int], name: str) -> int | None:
    """Return the change that makes or moves the nearest folder above: those between go along with it."""
    return next((makers[above] for above in reversed(names.ancestors(name)) if above in makers), None)


def _inside_out(changes: Sequence[Change]) -> dict[int, set[int]]:
    """Return the dependencies of removals: a folder waits for everything in it."""
    position = {change.full_name: at for at, change in enumerate(changes) if change.kind == "item"}
    before: dict[int, set[int]] = {at: set() for at in range(len(changes))}
    for at, change in enumerate(changes):
        folder = position.get(names.parent(change.full_name))
        if folder is not None:
            before[folder].add(at)
    return before
