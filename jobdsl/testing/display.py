"""Display names of items, as Jenkins makes them."""

from __future__ import annotations

from jobdsl.testing.kinds import CONFIGURATION
from jobdsl.testing.matrix import axis_values
from jobdsl.testing.store import StoredItem

__all__ = ["display_name", "full_display_name"]


def display_name(item: StoredItem) -> str:
    """Return the name to show."""
    if item.kind is CONFIGURATION:
        return ",".join(axis_values(item).values())
    return item.fields.get("displayName") or item.name


def full_display_name(item: StoredItem) -> str:
    """Return the display names from the root down."""
    owner = item.parent.owner
    own = display_name(item)
    return f"{full_display_name(owner)} » {own}" if owner else own
