"""Former names: which values a `renamed_from` may have, judged by the estate alone."""

from __future__ import annotations

from collections.abc import Iterable

from jobdsl.grammar import names
from jobdsl.model import Definition

__all__ = ["FormerNames"]


class FormerNames:
    """The items of an estate by name and by former name."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._defined: dict[str, Definition] = {}
        self._claimed: dict[str, Definition] = {}
        """The first item that claims each former name."""
        for definition in definitions:
            if definition.is_view:
                continue
            self._defined.setdefault(names.key(definition.full_name), definition)
            if definition.renamed_from:
                self._claimed.setdefault(names.key(definition.renamed_from), definition)

    def refusal(self, definition: Definition) -> tuple[str, str] | None:
        """Return why an item cannot have its former name, and a hint; None where it can."""
        former = definition.renamed_from
        if not former or definition.is_view:
            return None
        if former == definition.full_name:
            return f'renamed_from "{former}" is its own name', "give the name it had before, or remove it"
        first = self._claimed[names.key(former)]
        if first is not definition:
            text = f'renamed_from "{former}" is said of "{first.full_name}" as well ({first.where})'
            return text, "only one of them can have its builds: remove renamed_from from the other"
        other = self._defined.get(names.key(former))
        if other is None or other is definition or self._comes_from_elsewhere(other):
            return None
        return (
            f'renamed_from "{former}" is still defined ({other.where}): its builds would move here, '
            "and it would start empty",
            f'remove that definition; or remove renamed_from, if "{other.full_name}" is new or this one has '
            "its builds already",
        )

    def _comes_from_elsewhere(self, definition: Definition) -> bool:
        """Return whether an item, or a folder around it, has a former name itself."""
        around = (*names.ancestors(definition.full_name), definition.full_name)
        definitions = (self._defined.get(names.key(name)) for name in around)
        return any(
            holder is not None and holder.renamed_from not in ("", holder.full_name) for holder in definitions
        )
