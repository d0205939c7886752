"""What a root needs beside its own files: processes, devices, a place for what runs, the bake's files."""

from __future__ import annotations

from pathlib import Path

from delivery.chroot.filesystem import DiskError, command, mount

__all__ = ["STAGE", "furnish", "leave"]

STAGE = "run/delivery"
"""Where the files of the bake are seen in the root."""
_NODES = ("null", "zero", "full", "random", "urandom", "tty")
"""Devices packages need. Disks are none of them: a boot loader's script must not find this host's."""
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
          "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}  # fmt: skip
_TRIES = 5


def furnish(root: Path, stage: Path) -> None:
    """Mount what packages expect to find. DiskError; OSError."""
    for place in ("proc", "sys", "dev", "run"):
        (root / place).mkdir(exist_ok=True)
    mount("proc", "nosuid,nodev,noexec", root / "proc")
    mount("sysfs", "ro,nosuid,nodev,noexec", root / "sys")
    _devices(root / "dev")
    mount("tmpfs", "mode=755,nosuid,nodev", root / "run")
    (root / "run/lock").mkdir()
    (root / "run/lock").chmod(0o1777)
    (root / STAGE).mkdir(mode=0o700)
    command("mount", "--bind", stage, root / STAGE)


def _devices(dev: Path) -> None:
    mount("tmpfs", "mode=755,nosuid", dev)
    for name in _NODES:
        (dev / name).touch()
        command("mount", "--bind", Path("/dev") / name, dev / name)
    for name, target in _LINKS.items():
        (dev / name).symlink_to(target)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    mount("devpts", "newinstance,ptmxmode=0666,mode=620,gid=5", dev / "pts")
    mount("tmpfs", "mode=1777,nosuid,nodev", dev / "shm")


def leave(root: Path) -> None:
    """Undo all mounts of a root; what it holds is on its disk then. DiskError if one is still in use."""
    command("sync", "--file-system", root)
    for tries_left in reversed(range(_TRIES)):
        try:
            command("umount", "--recursive", root)
        except DiskError:
            if not tries_left:
                raise
        else:
            return
