"""Views that exist but are not listed for a user without the permission to see them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from jobdsl.controller.jenkins import Controller
from jobdsl.errors import ControllerError
from jobdsl.model import Definition
from jobdsl.planning.inventory import Existing, Inventory, Key

__all__ = ["with_hidden_views"]


def with_hidden_views(
    definitions: Iterable[Definition], inventory: Inventory, controller: Controller, workers: int = 8
) -> Inventory:
    """Complete an inventory by the defined views that exist without being listed; one request for each.

    Jenkins leaves views out of its lists for users without View/Read, and answers for a view that is asked
    for by name.
    """
    missing = [
        definition.key
        for definition in definitions
        if definition.is_view and inventory.get(*definition.key) is None and _has_owner(definition, inventory)
    ]

    def look(key: Key) -> Existing | None:
        try:
            view = controller.look(*key)
        except ControllerError as error:
            if error.status != 403:
                raise
            view = Existing("view", key[1], "")
        return replace(view, hidden=True) if view else None

    if not missing:
        return inventory
    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="views") as pool:
        hidden = [view for view in pool.map(look, missing) if view is not None]
    return Inventory.of([*inventory, *hidden]) if hidden else inventory


def _has_owner(definition: Definition, inventory: Inventory) -> bool:
    parent = definition.parent
    return not parent or inventory.get("item", parent) is not None
