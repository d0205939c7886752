"""Files of a root that are replaced for a while, and restored unless a package has installed its own."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Aside", "block_services", "read_plain", "resolve_as", "write_new"]

_SUFFIX = ".delivery-aside"
_POLICY = """#!/bin/sh
# Nothing starts while an image is made.
echo "policy-rc.d: no service starts while the image is made" >&2
exit 101
"""
_SERVICE = """#!/bin/sh
echo "service $*: no service starts while the image is made" >&2
exit 0
"""


@dataclass
class Aside:
    """What was put aside, and what stands there instead."""

    ours: dict[Path, str] = field(default_factory=dict)

    def put(self, path: Path, content: str, mode: int = 0o755) -> None:
        """Replace a file by one with this content. A link is put aside as a link. OSError."""
        if os.path.lexists(path):
            path.rename(_saved(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        path.chmod(mode)
        self.ours[path] = content

    def restore(self) -> None:
        """Restore all files, except where a package has installed its own. OSError."""
        for path, content in self.ours.items():
            saved = _saved(path)
            if _is(path, content):
                path.unlink()
            if os.path.lexists(path):
                saved.unlink(missing_ok=True)
            elif os.path.lexists(saved):
                saved.rename(path)


def _saved(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _is(path: Path, content: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return path.read_text("utf-8", "replace") == content


def read_plain(folder: Path, *parts: str) -> bytes | None:
    """Read a file below a folder that a package has written to: no part of its path may be a link.

    Returns:
        Its content; None where there is no such file.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            below = os.open(part, flags, dir_fd=handle)
            os.close(handle)
            handle = below
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read()
    except OSError:
        return None
    finally:
        os.close(handle)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that takes the place of whatever a package has put there. Raises OSError."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def block_services(aside: Aside, root: Path = Path("/")) -> None:
    """No service starts: invoke-rc.d calls policy-rc.d (101 is "no"), and `service` does nothing.

    systemctl needs nothing: in a change root it starts nothing by itself.
    """
    aside.put(root / "usr/sbin/policy-rc.d", _POLICY)
    scripts = [place for place in (root / "usr/sbin/service", root / "sbin/service") if place.is_file()]
    for place in {script.resolve() for script in scripts}:
        aside.put(place, _SERVICE)


def resolve_as(aside: Aside, content: str, root: Path = Path("/")) -> None:
    """Resolve names by that resolv.conf."""
    aside.put(root / "etc/resolv.conf", content, 0o644)
