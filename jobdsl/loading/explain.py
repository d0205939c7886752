"""What an exception of a DSL file is called in a problem, and the way out of it."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable

from jobdsl.errors import DslError, suggestion
from jobdsl.loading import names
from jobdsl.loading.importing import is_reserved

__all__ = ["explained", "way_out"]

_LONGEST = 1000
_PLACE = re.compile(r" \((?:/[^()]*|unknown location)\)$")
"""Where Python found a module: its own business."""


def explained(error: BaseException) -> str:
    """Return the exception in one message: its type and its text."""
    if isinstance(error, DslError):
        return error.message
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, SystemExit):
        return f"the file calls exit ({_text(error) or 'no status'})"
    if isinstance(error, MemoryError):
        return "the file needs more memory than it may have"
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(explained(error) for error in error.exceptions[:5])
        return f"{_text(error)}: {inner}"[:_LONGEST]
    text = _text(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # an exception of the user's, with a __str__ of the user's
        return "(its text cannot be shown)"
    if isinstance(error, ImportError):
        text = _PLACE.sub("", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def way_out(error: BaseException, root: str, read: Callable[[str], bytes] = lambda _: b"") -> str:
    """Return a hint, where one can be given; `read` gives the source of a file of the estate."""
    if isinstance(error, DslError):
        return error.hint
    if isinstance(error, SystemExit):
        return names.END_OF_FILE
    if isinstance(error, MemoryError):
        return "the limit is load.memory_mb in jobdsl.toml"
    if isinstance(error, ImportError):
        return _import_hint(error, root)
    if isinstance(error, UnicodeError) or (isinstance(error, SyntaxError) and "unicode error" in error.msg):
        return "save the file as UTF-8"
    if isinstance(error, PermissionError) and error.errno == errno.EPERM:  # the walls refuse a call
        return "a DSL file only reads its estate and gives back jobs"
    return _hint_of_python(error, read)


def _hint_of_python(error: BaseException, read: Callable[[str], bytes]) -> str:
    """Give a hint for what Python itself raises for a mistake in the source."""
    if isinstance(error, NameError) and error.name:
        return names.of_name(error.name, error.__traceback__, read)
    if isinstance(error, AttributeError) and error.obj is None and "'tuple' object" in _text(error):
        return names.COMMA
    if isinstance(error, AttributeError) and error.name:
        return names.of_attribute(error.obj, error.name)
    if isinstance(error, SyntaxError):
        return names.of_syntax(error)
    return names.of_call(_text(error)) if isinstance(error, TypeError) else ""


def _import_hint(error: ImportError, root: str) -> str:
    module = error.name or ""
    head = module.partition(".")[0]
    if is_reserved(head) and head in _estate_names(root):
        return f"{head} means Python's own module; rename the estate's {head!r} to import from it"
    if "partially initialized module" in str(error):
        return "two files import each other: put what both need into a third"
    if "relative import" in str(error):
        return "name the file from the estate's root: from folder.file import name"
    if isinstance(error, ModuleNotFoundError):
        if head == "jobdsl":
            return names.of_module(module)
        inside, _, word = module.rpartition(".")
        own = os.path.basename(_importing(error, root)).removesuffix(".py")
        near = [name for name in _estate_names(os.path.join(root, *inside.split("."))) if name != own]
        hint = suggestion(word, near if inside else [*near, "jobdsl", "dynaslave"])
        return hint or "it is neither in the estate nor installed next to jobdsl"
    name = getattr(error, "name_from", None)  # Python 3.12 and later
    if name is None and "'" in str(error):
        name = str(error).split("'")[1]
    if module == "jobdsl":
        return names.of_import(name or "")
    return suggestion(name or "", names.public(sys.modules.get(module)))


def _importing(error: ImportError, root: str) -> str:
    """Return the innermost file of the estate that was being run."""
    trace, file = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        file = name if os.path.isfile(os.path.join(root, name)) and not os.path.isabs(name) else file
        trace = trace.tb_next
    return file


def _estate_names(folder: str) -> list[str]:
    try:
        return [entry.removesuffix(".py") for entry in os.listdir(folder) if not entry.startswith(".")]
    except OSError:
        return []
