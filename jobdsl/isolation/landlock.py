"""Takes files away from the running process: it may only read the ones named, and write none (Landlock).

Needs Linux 5.13 or later, and no rights at all. Source: landlock(7), linux/landlock.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable, Iterator

from jobdsl.isolation.linux import no_new_privileges, syscall

__all__ = ["enter"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; the same on every architecture."""
_VERSION, _PATH_BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 2, 4, 8
_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""What a version of Landlock rules over beyond the one before it."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


def enter(readable: Iterable[str], hidden: Iterable[str]) -> None:
    """Wall this process in. Raises OSError where the host does not allow it."""
    version = syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    handled = sum(rights for since, rights in _RIGHTS.items() if since <= version)
    attributes = ctypes.c_uint64(handled)
    rules = syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(8), ctypes.c_uint32(0))
    covered = {os.path.realpath(path) for path in hidden}
    for place in readable:
        for path, rights in _around(os.path.realpath(place), covered):
            _allow(rules, path, rights)
    for path in _DEVICES:
        _allow(rules, path, _READ_FILE | _WRITE_FILE)
    no_new_privileges()
    syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0))
    os.close(rules)


def _around(path: str, hidden: set[str]) -> Iterator[tuple[str, int]]:
    """What to allow so that all of `path` can be read but what is hidden: a rule goes for all below it."""
    if path in hidden:
        return
    if not any(hidden_path.startswith(path.rstrip("/") + "/") for hidden_path in hidden):
        yield path, _READ_FILE | _READ_DIR
        return
    yield path, _READ_DIR
    for name in os.listdir(path):
        yield from _around(os.path.join(path, name), hidden)


def _allow(rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        place = os.open(path, os.O_PATH)
        if not os.path.isdir(path):
            rights &= ~_READ_DIR
        # struct landlock_path_beneath_attr is packed: 64 bits, then 32
        attributes = rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder, signed=True)
        syscall(_ADD_RULE, rules, _PATH_BENEATH, attributes, ctypes.c_uint32(0))
        os.close(place)
