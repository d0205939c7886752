"""Whether an instance installed what it should: by the tag it wrote on itself, or by its console."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
from typing import NamedTuple

__all__ = ["ProofResult", "console_tail", "manifest", "verdict"]

_RESULT = re.compile(r"BAKE-RESULT: (ok|failed) (\S+)(?: (.*))?")
_BEGIN, _END = "BAKE-MANIFEST-BEGIN", "BAKE-MANIFEST-END"
_BASE64 = re.compile(r"(?:^|\s)([A-Za-z0-9+/=]+)\s*$")
_TAIL = 60


class ProofResult(NamedTuple):
    """How it went, in the instance's own words."""

    ok: bool
    why: str = ""


def verdict(bake: str, tag: str, console: str) -> ProofResult | None:
    """Return the result of this bake from the tag or the console; None if neither has one.

    That an instance has stopped proves nothing: one that crashes stops too.
    """
    for text in (f"BAKE-RESULT: {tag}" if tag else "", *reversed(console.splitlines())):
        match = _RESULT.search(text)
        if match and match[2] == bake:
            return ProofResult(match[1] == "ok", (match[3] or "").strip())
    return None


def manifest(console: str) -> str:
    """Return the packages of an image, one a line; "" if the console lists none, or only a part.

    Lines of a console may begin with a time and the name of a program.
    """
    lines, packed = console.splitlines(), ""
    ends = [number for number, line in enumerate(lines) if _END in line]
    begins = [number for number, line in enumerate(lines) if _BEGIN in line]
    if not ends or not begins or begins[-1] > ends[-1]:
        return ""
    for line in lines[begins[-1] + 1 : ends[-1]]:
        match = _BASE64.search(line)
        packed += match[1] if match else ""
    try:
        return gzip.decompress(base64.b64decode(packed, validate=True)).decode()
    except (ValueError, binascii.Error, EOFError, OSError):
        return ""


def console_tail(console: str, count: int = _TAIL) -> list[str]:
    """The last lines of a console, without the packed manifest."""
    lines = console.replace("\r", "").splitlines()
    begins = [number for number, line in enumerate(lines) if _BEGIN in line]
    ends = [number for number, line in enumerate(lines) if _END in line]
    if begins and ends and begins[-1] < ends[-1]:
        del lines[begins[-1] : ends[-1] + 1]
    return [line.rstrip() for line in lines[-count:]]
