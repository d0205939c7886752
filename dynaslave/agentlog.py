"""What the end of an agent's log, or of its instance's console, shows of why it did not come. Pure."""

from __future__ import annotations

import re

from dynaslave.controller.java import release_of
from jobdsl.printable import one_line

__all__ = ["TAIL", "reason"]

TAIL = 64_000
"""Bytes of a log's end that are looked at."""
_LONGEST = 200
_CLASS_FILE = re.compile(r"class file version (\d+)(?:\.\d+)?")
_UP_TO = re.compile(r"class file versions? up to (\d+)")
_SIGNS = (
    (
        re.compile(
            r"No such file or directory: '?java|java: (?:command )?not found|exec: .*java.*not found", re.I
        ),
        "there is no java on it: install it in the image",
    ),
    (re.compile(r"UnknownHostException: ?(\S+)|Could not resolve host: ?(\S+)"), "it cannot resolve {0}"),
    (
        re.compile(r"Name or service not known|Temporary failure in name resolution"),
        "it cannot resolve the controller's name",
    ),
    (re.compile(r"Connection refused"), "the controller refuses connections from it: check --agents-url"),
    (
        re.compile(r"connect timed out|Connection timed out|timed out", re.I),
        "it does not reach the controller: check routes, security groups and --agents-url",
    ),
    (
        re.compile(r"PKIX path building failed|CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
        "it does not trust the controller's certificate",
    ),
    (re.compile(r"AccessDeniedException"), "its role may not read its parameter in SSM: see docs/ec2.md"),
    (re.compile(r"ParameterNotFound"), "its parameter in SSM does not exist (yet)"),
    (
        re.compile(r"reconnect rejected|incorrect secret|Unauthorized|Invalid response.*40[13]", re.I),
        "the controller rejects its secret",
    ),
    (re.compile(r"No space left on device"), "its disk is full"),
    (re.compile(r"OutOfMemoryError|Cannot allocate memory|oom-kill", re.I), "it has too little memory"),
)
"""What a line holds, and what it means; the last line that holds one counts."""


def reason(log: str) -> str:
    """Return in words why an agent with such a log did not come; empty where the log shows no reason."""
    if java := _java(log):
        return java
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        for sign, meaning in _SIGNS:
            if match := sign.search(line):
                return meaning.format(next((group for group in match.groups() if group), "")).strip()
    own = [line for line in lines if "dynaslave:" in line]
    last = (own or lines)[-1] if lines else ""
    return f"its log ends with: {one_line(last[:_LONGEST])}" if last else ""


def _java(log: str) -> str:
    needed = _CLASS_FILE.search(log)
    if needed is None:
        return ""
    has = _UP_TO.search(log)
    own = f"Java {release_of(float(has[1]))}" if has else "an older Java"
    release = release_of(float(needed[1]))
    return f"it has {own}, and the controller's agents need Java {release} (class file version)"
