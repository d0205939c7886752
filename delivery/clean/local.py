"""Leftovers of bakes in a change root on this host: directories, mounts and loop devices."""

from __future__ import annotations

from pathlib import Path

from delivery.chroot import workdir
from delivery.chroot.filesystem import DiskError, command
from delivery.clean.verdict import CleanVerdict
from delivery.errors import DeliveryError

__all__ = ["PLACE", "plan", "remove"]

PLACE = "this host"


def plan(mounts: Path = Path("/proc/mounts")) -> list[CleanVerdict]:
    """Find directories of bakes that ended. A running bake holds a lock, which ends with it."""
    verdicts = []
    for directory in workdir.abandoned():
        held = len(_mounts(directory, mounts)) + len(_loops(directory))
        reason = f"its bake has ended; {held} mounts and loop devices" if held else "its bake has ended"
        verdicts.append(CleanVerdict("directory", str(directory), PLACE, "remove", reason))
    return verdicts


def remove(verdict: CleanVerdict) -> str:
    """Unmount, detach and remove one directory. DeliveryError."""
    directory = Path(verdict.id)
    try:
        for place in reversed(_mounts(directory)):
            command("umount", place)
        for device in _loops(directory):
            command("losetup", "--detach", device)
        workdir.remove(directory)
    except (DiskError, OSError) as error:
        raise DeliveryError(f"{directory}: {error}", "list the processes that use it: fuser -vm") from error
    return ""


def _mounts(directory: Path, listing: Path = Path("/proc/mounts")) -> list[str]:
    """Return the mount points under a directory, in the order of mounting."""
    mount_points = [line.split()[1] for line in listing.read_text("utf-8", "replace").splitlines()]
    return [place for place in mount_points if place.startswith(f"{directory}/")]


def _loops(directory: Path) -> list[str]:
    """Return the loop devices of files under a directory."""
    output = command("losetup", "--noheadings", "--raw", "--output", "NAME,BACK-FILE")
    lines = [line.split(maxsplit=1) for line in output.splitlines()]
    return [line[0] for line in lines if len(line) == 2 and line[1].startswith(f"{directory}/")]
