"""Puts up the wall around the running process from within, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from jobdsl.isolation.linux import die_with_parent, leave_keyring

__all__ = ["confine"]


def confine(
    layers: Sequence[str], readable: Sequence[str], hidden: Sequence[str], parent: int | None
) -> None:
    """Put up the layers; this process ends with `parent`, where that can be seen from here.

    Raises OSError, KeyError, ImportError or AttributeError where the host does not allow it.
    """
    if parent is not None:
        die_with_parent(parent)
    leave_keyring()
    for layer in layers:
        if layer == "namespaces":
            from jobdsl.isolation import namespaces

            namespaces.enter(readable, hidden)
        elif layer == "landlock":
            from jobdsl.isolation import landlock

            landlock.enter(readable, hidden)
        else:
            from jobdsl.isolation import seccomp

            seccomp.enter(files_are_walled=layer == "seccomp")
