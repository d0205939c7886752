"""Matrix jobs: the configurations their axes span, each a job of its own below the matrix."""

from __future__ import annotations

from itertools import product

from jobdsl.documents.tree import Node
from jobdsl.testing.kinds import CONFIGURATION
from jobdsl.testing.store import AXIS_LABEL, ItemGroup, StoredItem

__all__ = ["axis_values", "configurations"]

_LABEL_AXES = ("hudson.matrix.LabelAxis", "hudson.matrix.LabelExpAxis")


def configurations(item: StoredItem) -> list[StoredItem]:
    """Return the configurations of a matrix job; a Groovy combination filter is not judged."""
    axes = item.document.tree().find("axes")
    spans = [_span(axis) for axis in axes.children] if axes else []
    cells = [_configuration(item, dict(chosen)) for chosen in product(*spans)] if spans else []
    item.configurations = {cell.name: cell for cell in cells}
    return cells


def axis_values(configuration: StoredItem) -> dict[str, str]:
    """Return the value of each axis, by its name."""
    pairs = (part.partition("=") for part in configuration.name.split(","))
    return {name: value for name, _, value in pairs}


_Value = tuple[str, tuple[str, bool]]


def _span(axis: Node) -> list[_Value]:
    """Return the values of one axis with its name, and whether they are labels."""
    name = axis.find("name")
    values = axis.find("values")
    is_label = axis.tag in _LABEL_AXES
    listed = [child.text for child in values.children if child.tag == "string"] if values else []
    return [(name.text if name else "", (value, is_label)) for value in listed]


def _configuration(item: StoredItem, chosen: dict[str, tuple[str, bool]]) -> StoredItem:
    name = ",".join(f"{axis}={value}" for axis, (value, _) in sorted(chosen.items()))
    cell = item.configurations.get(name) or StoredItem(ItemGroup(item), name, CONFIGURATION)
    labels = [value for value, is_label in chosen.values() if is_label]
    label = "&&".join(f"({atom})" if " " in atom or "|" in atom else atom for atom in labels)
    cell.document = item.document
    cell.fields = {AXIS_LABEL: label or item.tied_to or ""}
    return cell
