"""Names of parts that stay from import to import. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jobdsl.importer.families.blocks import Block, renamed_family
from jobdsl.importer.families.functions import definition_text
from jobdsl.importer.families.parameters import Family

__all__ = ["stable_names"]


def stable_names(
    blocks: Sequence[Block],
    families: Sequence[Family],
    taken: Iterable[str],
    existing: Mapping[str, str],
    layout_words: set[str],
) -> tuple[list[Block], dict[str, str]]:
    """Give parts that the estate has already the names they have there.

    Returns all parts, and their new names by their old ones.

    Args:
        blocks: The parts, those that others use first.
        families: The functions of jobs, whose parameters no part may be called like.
        taken: Names of these functions.
        existing: Source of the estate's parts by name.
        layout_words: Names that the estate's own layouts have.
    """
    if not existing:
        return list(blocks), {}
    used = {*taken, *(parameter.name for family in families for parameter in family.parameters)}
    used |= {name for family in families for name, _ in family.variables}
    by_text = {_after(text, name): name for name, text in reversed(list(existing.items()))}
    in_files = [name for name, text in existing.items() if "read_file(" in text or "template(" in text]
    names: dict[str, str] = {}
    stable: list[Block] = []
    for block in blocks:
        family = renamed_family(block.family, names)
        text = definition_text(Block(block.name, family, block.is_constant), layout_words)
        name = by_text.get(_after(text, block.name), "")
        if not name and ("read_file(" in text or "template(" in text):
            same = (
                existing_name
                for existing_name in in_files
                if definition_text(Block(existing_name, family, block.is_constant), layout_words)
                == existing[existing_name]
            )
            name = next(same, "")
        if not name or name in used:
            name = _free(block.name, used | set(existing))
        used.add(name)
        names[block.name] = name
        stable.append(Block(name, family, block.is_constant))
    return stable, names


def _after(text: str, name: str) -> str:
    """Return the source of a definition without its name."""
    return text.replace(name, "", 1)


def _free(name: str, used: set[str]) -> str:
    stem = name.rstrip("0123456789").rstrip("_") if name.rpartition("_")[2].isdigit() else name
    number = 1
    while (free := stem if number == 1 else f"{stem}_{number}") in used:
        number += 1
    return free
