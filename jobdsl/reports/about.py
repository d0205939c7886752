"""Where and when a plan was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobdsl.grammar import names
from jobdsl.planning.inventory import Key

__all__ = ["About"]


@dataclass(frozen=True, slots=True)
class About:
    """Where and when a plan was made."""

    controller: str
    """Address of the controller."""
    time: datetime
    commit: str = ""
    """Commit of the estate; empty where it is in no repository."""

    def link(self, key: Key) -> str:
        """Return the address of an object on the controller."""
        kind, full_name = key
        folder, name = names.parent(full_name), names.leaf(full_name)
        path = names.view_path(folder, name) if kind == "view" else names.url_path(full_name)
        return f"{self.controller.rstrip('/')}/{path}/"
