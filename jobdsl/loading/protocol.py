"""The channel from the process that runs DSL files to the one that started it.

A frame is two lengths, a JSON array whose first member names its kind, and bytes. What arrives is
not trusted: a frame of the wrong shape or size is an error, never an action.
"""

from __future__ import annotations

import json
from struct import Struct
from typing import Any, BinaryIO

__all__ = ["LARGEST_BODY", "BadFrame", "Decoder", "Frame", "send"]

_LENGTHS = Struct(">II")
_LARGEST_HEADER = 1 << 17
LARGEST_BODY = 16 << 20
"""Bytes of the largest document; Jenkins itself is of no use with larger ones."""

_SHAPES: dict[str, tuple[type, ...]] = {
    "hello": (),
    "running": (str,),
    "problem": (str, str, str, int, str, str),
    "short": (),
    "ran": (),
    "item": (str, str, int, str, bool, str, int),
    "defined": (str, bool, str, int),
    "extra": (str, str, int),
    "alone": (str,),
    "end": (int,),
}
"""The kinds of frames and the types of their values.

hello    the walls are up; nothing of the estate has run yet
running  file: it begins, or goes on as what it imports has ended
problem  severity, message, file, line, hint, full name
short    the files need more than the process' share of the memory; nothing follows
ran      every file has run
item     full name, file, line, renamed from, queue, file and line of the template that made it;
         the body is the document
defined  full name, whether it is a view, file, line; in place of an item where something was wrong
extra    kind, file, line; the body is a JSON object
alone    file: its items were changed from another group's file, so both belong in one process
end      number of items sent
"""

Frame = tuple[list[Any], bytes]


class BadFrame(Exception):  # noqa: N818  # it is no error of the user's
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
        self._data = bytearray()
        self._at = 0

    @property
    def unfinished(self) -> bool:
        """Whether the last frame has come only in part."""
        return self._at < len(self._data)

    def add(self, data: bytes) -> None:
        """Take what a pipe gave."""
        del self._data[: self._at]
        self._data += data
        self._at = 0

    def next(self) -> Frame | None:
        """Return the next frame, or None until more has come. Raises BadFrame."""
        start = self._at + _LENGTHS.size
        if len(self._data) < start:
            return None
        head, body = _LENGTHS.unpack_from(self._data, self._at)
        if head > _LARGEST_HEADER or body > LARGEST_BODY:
            raise BadFrame("a part of it is too large")
        end = start + head + body
        if len(self._data) < end:
            return None
        self._at = end
        return _header(bytes(self._data[start : start + head])), bytes(self._data[start + head : end])


def _header(data: bytes) -> list[Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        raise BadFrame("a part of it is not JSON") from None
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        raise BadFrame("a part of it has no kind")
    shape = _SHAPES.get(values[0])
    if shape is None or tuple([type(value) for value in values[1:]]) != shape:
        raise BadFrame(f"a part of kind {values[0][:20]!r} has the wrong shape")
    return values
