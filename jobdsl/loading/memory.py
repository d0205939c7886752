"""Counts the memory that the processes of a load use together, and how much of it the host has.

Each process has a limit of its own; together they may not take what the host needs to go on. No file a
process maps is counted, as all of them share Python's. Source: proc(5), cgroups(7).
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["INTERVAL_SECONDS", "budget_mb", "used_mb"]

INTERVAL_SECONDS = 0.2
"""Time between two counts."""
_SHARE = 0.75
"""Share of the available memory that DSL files may have; the rest is for the command and the host."""
_OWN = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB", re.MULTILINE)
_CGROUP = re.compile(r"^0::(/.*)$", re.MULTILINE)
_CGROUPS = Path("/sys/fs/cgroup")


def budget_mb(memory_mb: int) -> float:
    """Return what all processes may use together, at least what one may; infinity where it is not known."""
    known = [size for size in (_host_mb(), _cgroup_mb()) if size is not None]
    return max(memory_mb, _SHARE * min(known)) if known else float("inf")


def used_mb(process: int) -> float:
    """Return the memory that a process and all below it hold; 0 where it has ended, or nothing is known."""
    own = sum(int(size) for size in _OWN.findall(_text(Path(f"/proc/{process}/status")))) / 1024
    children = _text(Path(f"/proc/{process}/task/{process}/children")).split()
    return own + sum(used_mb(int(child)) for child in children)


def _host_mb() -> float | None:
    found = _AVAILABLE.search(_text(Path("/proc/meminfo")))
    return int(found[1]) / 1024 if found else None


def _cgroup_mb() -> float | None:
    """The memory that is left in the control group of this process and those around it (version 2)."""
    found = _CGROUP.search(_text(Path("/proc/self/cgroup")))
    if not found:
        return None
    place = _CGROUPS / found[1].lstrip("/")
    left = [_left_mb(group) for group in (place, *place.parents) if group.is_relative_to(_CGROUPS)]
    return min((size for size in left if size is not None), default=None)


def _left_mb(group: Path) -> float | None:
    numbers = _numbers(_text(group / "memory.max"), _text(group / "memory.current"))
    return max(0, numbers[0] - numbers[1]) / (1 << 20) if len(numbers) == 2 else None


def _numbers(*texts: str) -> list[int]:
    """The numbers among texts; the limit of a group without one is `max`."""
    return [int(text) for text in texts if text.strip().isdecimal()]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
