"""The channel from the process that runs DSL files to the one that started it.

A frame is two lengths, a JSON array whose first member names its kind, and bytes. What arrives is
not trusted: a frame of the wrong shape or size is an error, never an action.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from struct import Struct
from typing import Any, BinaryIO

__all__ = ["LARGEST_BODY", "BadFrame", "Decoder", "Frame", "send"]

_LENGTHS = Struct(">II")
_LARGEST_HEADER = 1 << 16
LARGEST_BODY = 16 << 20
"""Bytes of the largest document; Jenkins itself is of no use with larger ones."""

_SHAPES: dict[str, tuple[type, ...]] = {
    "hello": (),
    "running": (str,),
    "problem": (str, str, str, int, str, str),
    "ran": (),
    "item": (str, str, int, str, bool),
    "extra": (str, str, int),
    "alone": (str,),
    "end": (int,),
}
"""The kinds of frames and the types of their values.

hello    the walls are up; nothing of the estate has run yet
running  file
problem  severity, message, file, line, hint, full name
ran      every file has run
item     full name, file, line, renamed from, queue; the body is the document
extra    kind, file, line; the body is a JSON object
alone    file: its items were changed from another group's file, so both belong in one process
end      number of items sent
"""

Frame = tuple[list[Any], bytes]


class BadFrame(Exception):
    """What arrived is no frame of ours."""


def send(out: BinaryIO, *values: str | int | bool, body: bytes = b"") -> None:
    """Write one frame."""
    header = json.dumps(values).encode()
    out.write(_LENGTHS.pack(len(header), len(body)))
    out.write(header)
    out.write(body)


class Decoder:
    """Frames out of the chunks of bytes a pipe gives."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def unfinished(self) -> bool:
        """Whether the last frame has come only in part."""
        return bool(self._rest)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises BadFrame."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        try:
            while end - at >= _LENGTHS.size:
                head, body = _LENGTHS.unpack_from(data, at)
                if head > _LARGEST_HEADER or body > LARGEST_BODY:
                    raise BadFrame("a frame is too large")
                start = at + _LENGTHS.size
                if end - start < head + body:
                    break
                at = start + head + body
                yield _header(data[start : start + head]), data[start + head : at]
        finally:
            self._rest = data[at:]


def _header(data: bytes) -> list[Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        raise BadFrame("a frame is no JSON") from None
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        raise BadFrame("a frame has no kind")
    shape = _SHAPES.get(values[0])
    if shape is None or tuple([type(value) for value in values[1:]]) != shape:
        raise BadFrame(f"a frame of kind {values[0][:20]!r} has the wrong shape")
    return values
