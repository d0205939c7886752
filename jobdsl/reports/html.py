"""A plan as one HTML page that needs nothing else, readable on a phone and in the dark."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jobdsl.planning.changes import Plan
from jobdsl.reports.plans import Diffs, groups, summary, without_repeats

if TYPE_CHECKING:
    import jinja2

__all__ = ["to_html"]

_LINES = 400


def to_html(plan: Plan, diffs: Diffs | None = None) -> str:
    """The plan as a page."""
    told = without_repeats(plan, diffs)
    return _template().render(
        plan=plan, groups=groups(plan, _LINES), summary=summary(plan), diffs=told, kind=_kind
    )


def _kind(line: str) -> str:
    """CSS class of a line of a difference."""
    return {"+": "add", "-": "del", "@": "at"}.get(line[:1], "")


@cache
def _template() -> jinja2.Template:
    import jinja2

    loader = jinja2.PackageLoader("jobdsl.reports", "")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("plan.html.j2")
