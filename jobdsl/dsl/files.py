"""Files of the estate as text: `read_file`, and `template` with Jinja2.

A name is relative to the estate's root; one that begins with "./" or "../" to the directory of the
file that names it. No name leads out of the estate. Outside a load the root is the nearest directory
above the calling file that holds a `jobdsl.toml`, or the current one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from jobdsl import context
from jobdsl.dsl.resolver import FileResolver
from jobdsl.errors import DslError

if TYPE_CHECKING:
    from jobdsl.dsl.jinja import Renderer

__all__ = ["read_file", "template"]

_CONFIG_FILE = "jobdsl.toml"


def read_file(name: str) -> str:
    """Return the text of a file of the estate (UTF-8).

    A file that is not there, is no text, or lies outside the estate is an error at the calling line.
    """
    try:
        resolver = _resolver(sys._getframe(1))
        return resolver.text(resolver.find(name))
    except DslError as error:
        context.complain(DslError(f"read_file: {error.message}", hint=error.hint))
        return ""


def template(name: str, /, **values: Any) -> str:
    """Return a file of the estate with Jinja2's marks filled in from `values`.

    A name the template uses and `values` lacks is an error, at the template's line and at the calling
    one. Made for shell: lines that hold only a `{% tag %}` leave nothing behind, `${#name}` begins no
    comment, nothing is escaped; `{{ value | quote }}` makes one shell word of a value, and
    `{{ value | groovy }}` a literal of Groovy.
    """
    try:
        resolver = _resolver(sys._getframe(1))
        return _renderer(resolver).render(resolver.find(name), values)
    except DslError as error:
        context.complain(DslError(f"template: {error.message}", hint=error.hint))
        return ""


def _resolver(frame: FrameType | None) -> FileResolver:
    assert frame is not None
    file = frame.f_code.co_filename
    load = context.current
    root = load.root if load is not None else _root_above(file)
    return FileResolver(root, os.path.dirname(os.path.realpath(os.path.join(root, file))))


def _root_above(file: str) -> str:
    path = Path(file).resolve()
    root = next((parent for parent in path.parents if (parent / _CONFIG_FILE).is_file()), None)
    return str(root or Path.cwd())


_renderers: WeakKeyDictionary[context.LoadContext, Renderer] = WeakKeyDictionary()
"""The renderer of each load."""


def _renderer(resolver: FileResolver) -> Renderer:
    """Return the renderer of this load: it keeps what it has read. Outside a load, a new one each time."""
    from jobdsl.dsl.jinja import Renderer  # Jinja2 takes longer to import than all else together

    load = context.current
    if load is None:
        return Renderer(resolver.root)
    if load not in _renderers:
        _renderers[load] = Renderer(resolver.root)
    return _renderers[load]
