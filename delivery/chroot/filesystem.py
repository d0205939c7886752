"""The root file system in a disk: all of it, or the largest partition with a Linux. Mounted, and grown."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "DiskError",
    "FileSystem",
    "Partition",
    "command",
    "find_root",
    "grow",
    "grow_partition",
    "mount",
    "mount_options",
    "parse_partitions",
]

SECTOR = 512
"""Bytes; partx counts so whatever the disk's own sectors are."""
KINDS = ("ext4", "ext3", "ext2", "xfs", "btrfs")
_ALIGNED = 1 << 20


class DiskError(Exception):
    """A disk, or a program that works on one, is not as it should be; the text is the reason."""


class Partition(NamedTuple):
    """A part of a disk, in bytes; number 0 is the whole of it."""

    number: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system in a disk."""

    disk: Path
    part: Partition
    kind: str


def command(*words: str | Path, good: int = 0) -> str:
    """Run a program of this host and return its output. DiskError with its errors.

    Exit codes up to `good` count as success.
    """
    done = subprocess.run(  # noqa: S603 - programs of the system, on paths of ours
        [str(word) for word in words], capture_output=True, text=True, check=False
    )
    if not 0 <= done.returncode <= good:
        output = "; ".join((done.stderr or done.stdout).split("\n")).strip("; ")
        raise DiskError(f"{words[0]}: {output or f'exit code {done.returncode}'}")
    return done.stdout


def mount(kind: str, options: str, at: Path, *, source: str | Path = "") -> None:
    """Mount a file system of a kind, by default one without a device. DiskError."""
    command("mount", *("-t", kind), *("-o", options), source or kind, at)


def parse_partitions(listing: str) -> list[Partition]:
    """Parse the output of `partx --raw --output NR,START,SECTORS`."""
    partitions = []
    for line in listing.splitlines():
        number, start, sectors = (int(number_text) for number_text in line.split())
        partitions.append(Partition(number, start * SECTOR, sectors * SECTOR))
    return partitions


def mount_options(file_system: FileSystem) -> str:
    """Return options of mount(8). The loop device it creates is removed with the mount.

    An XFS has the UUID of the base it is a copy of, which may be mounted as this host's own root.
    """
    place = f"loop,offset={file_system.part.start},sizelimit={file_system.part.size}"
    return f"{place},nouuid" if file_system.kind == "xfs" else place


def find_root(disk: Path, at: Path) -> FileSystem:
    """Mount the root file system of a device or a file at a directory. DiskError if there is none."""
    tried = []
    for candidate in sorted(_file_systems(disk), key=lambda possible: -possible.part.size):
        _mount(candidate, at)
        if any((at / place).exists() for place in ("etc/os-release", "usr/lib/os-release")):
            return candidate
        command("umount", at)
        tried.append(f"{candidate.kind} in partition {candidate.part.number}")
    seen = f"; it has {', '.join(tried)}, without an os-release" if tried else ""
    raise DiskError(f"{disk} has no root file system of a Linux{seen}")


def _mount(file_system: FileSystem, at: Path) -> None:
    mount(file_system.kind, mount_options(file_system), at, source=file_system.disk)


def _file_systems(disk: Path) -> Iterable[FileSystem]:
    parts = _partitions(disk) or [Partition(0, 0, _size(disk))]
    for part in parts:
        kind = _kind(disk, part)
        if kind in KINDS:
            yield FileSystem(disk, part, kind)


def _partitions(disk: Path) -> list[Partition]:
    columns = ("--output", "NR,START,SECTORS")
    try:
        return parse_partitions(command("partx", "--raw", "--noheadings", *columns, disk))
    except DiskError:
        return []  # no table of partitions; a whole disk may be a file system


def _size(disk: Path) -> int:
    if disk.is_block_device():
        return int(command("blockdev", "--getsize64", disk))
    return disk.stat().st_size


def _kind(disk: Path, part: Partition) -> str:
    """Return the type blkid finds; empty if it finds none."""
    place = ("--offset", str(part.start), "--size", str(part.size))
    try:
        output = command("blkid", "--probe", *place, "--output", "export", disk)
    except DiskError:
        return ""
    return _values(output).get("TYPE", "")


def _values(export: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in export.splitlines() if "=" in line)


def grow(file_system: FileSystem, at: Path) -> None:
    """Grow a mounted file system to the size of its partition. DiskError."""
    if file_system.kind == "xfs":
        command("xfs_growfs", at)
    elif file_system.kind == "btrfs":
        command("btrfs", "filesystem", "resize", "max", at)
    else:  # the kernel wants a capability for it that containers often lack; unmounted it does not
        command("umount", at)
        with _looped(file_system) as device:
            command("e2fsck", "-f", "-p", device, good=1)  # 1: it has put something right
            command("resize2fs", device)
        _mount(file_system, at)


@contextmanager
def _looped(file_system: FileSystem) -> Iterator[str]:
    """Attach a file system as a loop device, which is removed when the block or this process ends."""
    place = ("--offset", str(file_system.part.start), "--sizelimit", str(file_system.part.size))
    device = command("losetup", "--find", "--show", *place, file_system.disk).strip()
    with open(device, "rb"):  # a device in use is detached once it is not
        command("losetup", "--detach", device)
        yield device


def grow_partition(disk: Path) -> str:
    """Grow the last partition to the end of its disk; return a note. DiskError."""
    parts = _partitions(disk)
    if not parts:
        return ""
    last = max(parts, key=lambda part: part.start)
    if _size(disk) - last.start - last.size < 2 * _ALIGNED:
        return ""
    if shutil.which("growpart") is None:
        return "this host has no growpart: the partition grows when the image first boots"
    command("growpart", disk, str(last.number))
    return ""
