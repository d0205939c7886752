"""What lint knows next to an estate: from a saved list, from jobdsl.toml, and from the controller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.errors import XmlError

if TYPE_CHECKING:
    from jobdsl.checks.lint import Known
    from jobdsl.checks.plugins import PluginList
    from jobdsl.controller.jenkins import Controller
    from jobdsl.documents.references import References
    from jobdsl.model import Definition, Estate
    from jobdsl.planning.inventory import Inventory
    from jobdsl.settings.config import Settings

__all__ = ["known_for"]


def known_for(
    root: Path,
    estate: Estate,
    settings: Settings,
    controller: Controller | None,
    inventory: Inventory | None,
    plugins: Path | None,
) -> Known:
    """Return what lint knows next to an estate's definitions. `plugins` is a saved list."""
    from jobdsl.checks.lint import Known

    def stored(definition: Definition) -> References | None:
        if controller is None or inventory is None:
            return None
        return _stored_references(definition, controller, inventory)

    return Known(
        plugins=_plugins(root, settings, controller, plugins),
        items=None
        if inventory is None
        else {existing.full_name for existing in inventory if existing.kind == "item"},
        secrets=_secret_names(root, settings),
        partial=estate.partial,
        views=None
        if inventory is None
        else {existing.full_name for existing in inventory if existing.kind == "view"},
        labels=_labels(estate, settings, controller),
        stored=stored,
    )


def _stored_references(
    definition: Definition, controller: Controller, inventory: Inventory
) -> References | None:
    """Return what the controller's document for a definition refers to; None where none can be read."""
    from jobdsl.controller.errors import allowed
    from jobdsl.documents.references import references

    kind, name = definition.key
    stored_names = [
        candidate
        for candidate in (name, definition.renamed_from)
        if candidate and inventory.get(kind, candidate)
    ]
    document = allowed(lambda: controller.config(kind, stored_names[0])) if stored_names else None
    try:
        return None if document is None else references(document)
    except XmlError:
        return None


def _secret_names(root: Path, settings: Settings) -> frozenset[str] | None:
    """Return the names of the secrets that have a value; None without a file of them."""
    from jobdsl.documents.secrets import secrets_of

    secrets = secrets_of(root, settings)
    is_there = bool(secrets.source) and Path(secrets.source).exists()
    return frozenset(secrets.values) if is_there else None


def _plugins(
    root: Path, settings: Settings, controller: Controller | None, saved: Path | None
) -> PluginList | None:
    from jobdsl.checks.plugins import PluginList, read_plugins
    from jobdsl.controller.errors import allowed

    if saved is None and settings.controller.plugins:
        saved = root / settings.controller.plugins
    if saved is not None:
        return read_plugins(saved)
    versions = None if controller is None else allowed(controller.plugins)
    return None if versions is None else PluginList(versions)


def _labels(estate: Estate, settings: Settings, controller: Controller | None) -> frozenset[str] | None:
    from jobdsl.controller.errors import allowed
    from jobdsl.grammar.labels import split

    labels = frozenset(settings.controller.labels)
    pools = [split(str(pool.get("label", ""))) for pool in estate.extra.get("pool", ())]
    if controller is None:
        return labels.union(*pools) if labels or pools else None
    provided = allowed(controller.labels)
    return None if provided is None else labels.union(provided, *pools)
