"""What an exception of a DSL file is called in a problem, and the way out of it."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable

from jobdsl.errors import DslError, suggestion
from jobdsl.loading.importing import is_reserved

__all__ = ["explained", "way_out"]

_LONGEST = 1000
_PLACE = re.compile(r" \((?:/[^()]*|unknown location)\)$")
"""Where Python found a module: its own business."""


def explained(error: BaseException) -> str:
    """The exception in one message: its type and its text."""
    if isinstance(error, DslError):
        return error.message
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, SystemExit):
        return f"the file calls exit ({_text(error) or 'no status'})"
    if isinstance(error, MemoryError):
        return "the file needs more memory than it may have"
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(explained(one) for one in error.exceptions[:5])
        return f"{_text(error)}: {inner}"[:_LONGEST]
    text = _text(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # an exception of the user's, with a __str__ of the user's
        return "(its text cannot be had)"
    if isinstance(error, ImportError):
        text = _PLACE.sub("", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def way_out(error: BaseException, root: str) -> str:
    """A hint, where one can be given."""
    if isinstance(error, DslError):
        return error.hint
    if isinstance(error, SystemExit):
        return "remove the call: a DSL file ends where it ends"
    if isinstance(error, MemoryError):
        return "the limit is load.memory_mb in jobdsl.toml"
    if isinstance(error, ImportError):
        return _import_hint(error, root)
    if isinstance(error, UnicodeError) or (isinstance(error, SyntaxError) and "unicode error" in error.msg):
        return "save the file as UTF-8"
    if isinstance(error, PermissionError) and error.errno == errno.EPERM:  # the walls refuse a call
        return "a DSL file only reads its estate and gives back jobs"
    if isinstance(error, NameError) and error.name:
        return _name_hint(error.name)
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        return suggestion(error.name, _public(error.obj))
    return ""


def _name_hint(name: str) -> str:
    import jobdsl

    if name in jobdsl.__all__:
        return f"from jobdsl import {name}"
    return suggestion(name, jobdsl.__all__)


def _import_hint(error: ImportError, root: str) -> str:
    module = error.name or ""
    head = module.partition(".")[0]
    if is_reserved(head) and head in _estate_names(root):
        return f"{head} means Python's own module; rename the estate's {head!r} to import from it"
    if "partially initialized module" in str(error):
        return "two files import each other: put what both need into a third"
    if isinstance(error, ModuleNotFoundError):
        inside, _, word = module.rpartition(".")
        near = suggestion(word, _estate_names(os.path.join(root, *inside.split("."))))
        return near or "it is neither in the estate nor installed beside jobdsl"
    wanted = getattr(error, "name_from", None)  # Python 3.12 and later
    if wanted is None and "'" in str(error):
        wanted = str(error).split("'")[1]
    return suggestion(wanted or "", _public(sys.modules.get(module)))


def _public(thing: object) -> Iterable[str]:
    try:
        names = getattr(thing, "__all__", None) or dir(thing)
        return [name for name in names if isinstance(name, str) and not name.startswith("_")]
    except Exception:  # noqa: BLE001  # an object of the user's
        return []


def _estate_names(folder: str) -> list[str]:
    try:
        return [one.removesuffix(".py") for one in os.listdir(folder) if not one.startswith(".")]
    except OSError:
        return []
