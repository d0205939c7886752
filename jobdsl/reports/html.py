"""A plan as one HTML page that needs nothing else, readable on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jobdsl.documents.masking import cut_lines, masked
from jobdsl.documents.tree import parse, to_text
from jobdsl.errors import XmlError
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.inventory import Key
from jobdsl.printable import shown
from jobdsl.reports.about import About
from jobdsl.reports.plans import ChangeGroup, Diffs, groups, summary, without_repeats

if TYPE_CHECKING:
    import jinja2

__all__ = ["to_html"]

_LINES = 400
"""Changes of one kind that are listed in full."""
_DOCUMENTS = 100
"""New documents that the page holds."""
_REMOVING = (Action.DELETE, Action.REPLACE, Action.DISABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What the page shows of one change."""

    change: Change
    anchor: str
    link: str
    """Address on the controller of an object that is there; else empty."""
    diff: Sequence[str]
    same: Change | None
    same_anchor: str
    """Anchor of the change that shows the same difference, if the page lists it."""
    document: Sequence[str]
    """Lines of a new document."""


def to_html(
    plan: Plan,
    diffs: Diffs | None = None,
    *,
    about: About | None = None,
    values: Mapping[str, str] | None = None,
) -> str:
    """Render the plan as a page: removals first and set apart, then all else.

    Args:
        plan: The plan.
        diffs: How documents change, as lines.
        about: Where and when the plan was made; without it objects are no links.
        values: The values of the secrets file by name, which are hidden.
    """
    shown = groups(plan, _LINES)
    removals = [group for group in shown if group.action in _REMOVING]
    return _template().render(
        plan=plan,
        removals=sorted(removals, key=lambda group: _REMOVING.index(group.action)),
        loses_builds=any(group.action is not Action.DISABLE for group in removals),
        others=[group for group in shown if group.action not in _REMOVING],
        rows=_rows(plan, shown, diffs, about, values or {}),
        summary=summary(plan),
        about=about,
        kind=_kind,
    )


def _rows(
    plan: Plan,
    shown: Sequence[ChangeGroup],
    diffs: Diffs | None,
    about: About | None,
    values: Mapping[str, str],
) -> dict[Key, _Row]:
    differences, origins = without_repeats(plan, diffs), plan.origins()
    changes = [change for group in shown for section in group.sections for change in section.shown]
    anchors = {change.key: f"change-{at}" for at, change in enumerate(changes, 1)}
    new = {change.key for change in changes if change.action in (Action.CREATE, Action.REPLACE)}
    with_document = set([key for key in anchors if key in new][:_DOCUMENTS])
    rows = {}
    for change in changes:
        is_there = change.action is not Action.CREATE
        same = differences.same.get(change.key)
        rows[change.key] = _Row(
            change=change,
            anchor=anchors[change.key],
            link=about.link(origins[change.key]) if about and is_there else "",
            diff=differences.lines.get(change.key, ()),
            same=same,
            same_anchor=anchors.get(same.key, "") if same else "",
            document=_document(change, values) if change.key in with_document else (),
        )
    return rows


def _document(change: Change, values: Mapping[str, str]) -> list[str]:
    """Return the lines of a new document, with its secrets hidden."""
    try:
        root = parse(change.document)
    except XmlError:
        return []
    return cut_lines(to_text(masked(root, values)).lstrip("\n").split("\n"))


def _kind(line: str) -> str:
    """CSS class of a line of a difference."""
    return {"+": "add", "-": "del", "@": "at"}.get(line[:1], "")


@cache
def _template() -> jinja2.Template:
    import jinja2

    loader = jinja2.PackageLoader("jobdsl.reports", "")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("plan.html.j2")
