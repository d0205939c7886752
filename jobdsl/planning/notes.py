"""Notes of a plan beside its changes: objects of other tools, and of other people. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from jobdsl.documents.other_tools import writer_of
from jobdsl.errors import Problem
from jobdsl.grammar import names
from jobdsl.planning.changes import Action, Change
from jobdsl.planning.inventory import Existing, Key
from jobdsl.planning.refusals import listed

__all__ = ["taken_from_others", "unmarked"]


def taken_from_others(changes: Iterable[Change], live: Mapping[Key, Existing]) -> Iterator[Problem]:
    """Yield a note for each tool that wrote objects which are taken over."""
    written: dict[str, list[str]] = {}
    for change in changes:
        existing = live.get(change.key)
        tool = writer_of(existing.description) if existing and change.action is Action.ADOPT else ""
        if tool:
            written.setdefault(tool, []).append(change.full_name)
    for tool, adopted in written.items():
        text = f"{tool} wrote what is adopted: {listed(adopted)}"
        hint = f"take it out of the sources of {tool}, or its next run overwrites jobs and markers"
        yield Problem(text, hint=hint, severity="note", rule="other-tool")


def unmarked(
    live: Mapping[Key, Existing], defined: Collection[Key], folders: Collection[str]
) -> Iterator[Problem]:
    """Yield a note of what lies in the seed's own folders without being its own."""
    others = [
        existing.full_name
        for existing in live.values()
        if existing.marker is None
        and existing.key not in defined
        and not (existing.is_default_view or existing.hidden)
        and names.covers(folders, existing.full_name)
    ]
    if others:
        text = f"in folders of this seed, but neither defined nor marked as its own: {listed(others)}"
        hint = "made by hand, or its marker was deleted: define it, or delete it in Jenkins"
        yield Problem(text, hint=hint, severity="note", rule="unmarked")
