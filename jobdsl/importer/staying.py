"""DSL files of an estate that an import leaves in place, and those that it replaces. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from jobdsl.errors import JobdslError

__all__ = ["Staying", "staying"]

_FEW_NAMES = 3
"""Names that a message shows."""


@dataclass(frozen=True, slots=True)
class Staying:
    """What becomes of the files of an estate that is imported into once more."""

    replaced: tuple[str, ...]
    """Files of an earlier import whose definitions are in other files by now."""
    names: frozenset[str]
    """Full names that files define which stay."""
    files: tuple[str, ...]
    """These files."""


def staying(
    files: Mapping[str, frozenset[str]],
    imported: Collection[str],
    written: Collection[str],
    is_made_by_import: Callable[[str], bool],
    *,
    is_part: bool,
) -> Staying:
    """Return which files stay, and which are replaced.

    Args:
        files: The full names that each file defines now.
        imported: Full names that are read.
        written: Paths of the files that are written.
        is_made_by_import: Whether an import wrote the file at a path.
        is_part: Whether only a part of the source is read: what the estate has of the rest must stay.

    Raises JobdslError where a definition would be lost or be there twice.
    """
    imported, written = set(imported), set(written)
    replaced: list[str] = []
    kept: list[str] = []
    for path, defined in sorted(files.items()):
        both, others = defined & imported, defined - imported
        if path not in written and not both:
            kept.append(path)
            continue
        if path not in written and not is_made_by_import(path):
            raise JobdslError(
                f"{path} defines {_listed(both)} already, and no import wrote that file",
                hint="remove the definition there, or import into another directory",
            )
        if is_part and others:
            raise JobdslError(
                f"{path} is written anew and defines {_listed(others)}, which this import does not read",
                hint="import all of it in one run, with --only for each part, or into another directory",
            )
        if path not in written:
            replaced.append(path)
    names = frozenset(name for path in kept for name in files[path])
    return Staying(tuple(replaced), names, tuple(kept))


def _listed(names: Collection[str]) -> str:
    more = f" and {len(names) - _FEW_NAMES} more" if len(names) > _FEW_NAMES else ""
    return ", ".join(sorted(names)[:_FEW_NAMES]) + more
