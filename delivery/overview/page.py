"""The groups of all accounts and regions as one HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import jinja2

from delivery.overview.groups import HEAD, row
from jobdsl.printable import shown

__all__ = ["to_html"]


def to_html(groups: Iterable[Mapping[str, Any]], unread: Sequence[Mapping[str, Any]], at: str) -> str:
    """Render the list of groups, in the order given.

    Args:
        groups: as `delivery list --json` has them.
        unread: accounts and regions that could not be read.
        at: when they were read (UTC, ISO).
    """
    environment = jinja2.Environment(
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = (files("delivery.overview") / "page.html.j2").read_text("utf-8")
    rows = [(values["state"], values["takes_traffic"], row(dict(values))) for values in groups]
    return environment.from_string(text).render(head=HEAD, rows=rows, unread=unread, at=at)
