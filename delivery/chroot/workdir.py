"""Directories of bakes on this host: one a bake, locked while it is at work; one that is not is abandoned."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from delivery.errors import DeliveryError

__all__ = ["abandoned", "base", "remove", "work_directory"]

_LOCK = "lock"
_PREFIX = "bake-"


def base() -> Path:
    """Return where the directories are: `DELIVERY_CHROOT_DIR`, or /var/tmp/delivery."""
    return Path(os.environ.get("DELIVERY_CHROOT_DIR") or "/var/tmp/delivery")  # noqa: S108 - made for root alone


@contextmanager
def work_directory() -> Iterator[Path]:
    """Create a directory of this process, removed with its content when the block ends. DeliveryError."""
    place = base()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.stat().st_uid != os.geteuid() or place.stat().st_mode & 0o022:
            raise DeliveryError(f"{place} can be written by others", "remove it, or set DELIVERY_CHROOT_DIR")
        with _alone(place):
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            lock = (path / _LOCK).open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel gives it back however we end
    except OSError as error:
        raise DeliveryError(
            f"{place}: {error.strerror}", "set DELIVERY_CHROOT_DIR to another directory"
        ) from error
    with lock:
        try:
            yield path
        finally:
            remove(path)


def abandoned() -> list[Path]:
    """Find directories whose bake has ended."""
    if not base().is_dir() or not os.access(base(), os.W_OK | os.X_OK):
        return []  # another's, who alone can remove them
    with _alone(base()):
        return [
            directory
            for directory in sorted(base().glob(f"{_PREFIX}*"))
            if directory.is_dir() and not _at_work(directory)
        ]


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """No other process makes a directory meanwhile: one without a lock would count as abandoned."""
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _at_work(directory: Path) -> bool:
    try:
        with (directory / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False  # killed before it had one, or half removed
    return False


def remove(directory: Path) -> None:
    """Remove one with everything in it. OSError if something is still mounted there."""
    shutil.rmtree(directory)
