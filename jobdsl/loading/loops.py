"""Which turn of which loop an exception came from: the values a reader needs to find the item."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import lru_cache
from reprlib import Repr
from types import TracebackType

__all__ = ["turn"]

_Loop = ast.For | ast.AsyncFor | ast.comprehension
_short = Repr()
_short.maxstring = _short.maxother = 60
_short.maxdict, _short.maxlist, _short.maxtuple, _short.maxlevel = 3, 3, 3, 2


def turn(trace: TracebackType | None, files: Collection[str], read: object) -> str:
    """Describe the turns of all loops an exception passed: `team = 'web'`; empty without a loop.

    Args:
        trace: The exception's traceback.
        files: The estate's files, as code objects name them.
        read: Gives the source of one of these files.
    """
    values: dict[str, str] = {}
    while trace is not None:
        frame = trace.tb_frame
        file = frame.f_code.co_filename
        if file in files:
            for name in _targets(_source(read, file), trace.tb_lineno):
                if name in frame.f_locals and name not in ("_",):
                    values[name] = _short.repr(frame.f_locals[name])
        trace = trace.tb_next
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _source(read: object, file: str) -> bytes:
    assert callable(read)
    try:
        source = read(file)
    except Exception:  # noqa: BLE001  # what ran cannot be read any more: there is nothing to add
        return b""
    return source if isinstance(source, bytes) else b""


@lru_cache(maxsize=64)
def _targets(source: bytes, line: int) -> tuple[str, ...]:
    """Return the names that loops around a line assign, outermost first."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(_around(tree, line)))


def _around(node: ast.AST, line: int) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        first = getattr(child, "lineno", None)
        if first is not None and not first <= line <= (getattr(child, "end_lineno", None) or first):
            continue
        if isinstance(child, ast.For | ast.AsyncFor) and line >= child.body[0].lineno:
            yield from _names(child.target)
        for generator in getattr(child, "generators", ()):
            yield from _names(generator.target)
        yield from _around(child, line)


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
