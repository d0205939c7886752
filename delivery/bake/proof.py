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
    """What the tag or the console says of this bake; None if neither says anything.

    That an instance has stopped proves nothing: one that crashes stops too.
    """
    for text in (f"BAKE-RESULT: {tag}" if tag else "", *reversed(console.splitlines())):
        found = _RESULT.search(text)
        if found and found[2] == bake:
            return ProofResult(found[1] == "ok", (found[3] or "").strip())
    return None


def manifest(console: str) -> str:
    """The packages an image holds, one a line; empty if the console does not tell, or only a part.

    Lines of a console may begin with a time and the name of a program.
    """
    lines, packed = console.splitlines(), ""
    ends = [number for number, line in enumerate(lines) if _END in line]
    begins = [number for number, line in enumerate(lines) if _BEGIN in line]
    if not ends or not begins or begins[-1] > ends[-1]:
        return ""
    for line in lines[begins[-1] + 1 : ends[-1]]:
        found = _BASE64.search(line)
        packed += found[1] if found else ""
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
