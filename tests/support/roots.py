"""Roots to install into: a tiny one of programs of this host, and a real one by debootstrap, as disk images."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from delivery.bake.package import Package, digested, parse
from delivery.chroot import pid_namespace

__all__ = ["debian", "disk_image", "left_behind", "needs_rooms", "package", "partitioned", "tiny_root"]

PROGRAMS = (
    "bash", "cat", "chmod", "cp", "env", "grep", "gzip", "id", "ln", "ls", "mkdir", "mv", "rm", "sha256sum", "sleep", "sort",
    "tar", "touch",
)  # fmt: skip
MIB = 1 << 20


def needs_rooms() -> None:
    """Skip where this machine allows no namespaces, mounts or loop devices, with the reason."""
    if found := pid_namespace.problems():
        pytest.skip(f"{found[0].message} ({found[0].hint})")
    tried = subprocess.run(["losetup", "--find"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no loop devices: {tried.stderr.strip()}")


def tiny_root(at: Path) -> Path:
    """A root with a shell and a few programs, copied from this host with their libraries."""
    for place in ("bin", "etc", "usr/sbin", "root", "tmp", "var/local", "var/tmp", "opt", "home", "etc/ssh"):
        (at / place).mkdir(parents=True)
    for program in PROGRAMS:
        found = shutil.which(program)
        assert found, program
        shutil.copy(found, at / "bin" / program)
        _libraries(Path(found), at)
    (at / "bin/sh").symlink_to("bash")
    (at / "etc/os-release").write_text("ID=tiny\n")
    (at / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    (at / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (at / "etc/ssh/ssh_host_ed25519_key").write_text("secret\n")
    (at / "usr/sbin/service").write_text("#!/bin/sh\necho started >/root/started\n")
    (at / "usr/sbin/service").chmod(0o755)
    return at


def _libraries(program: Path, root: Path) -> None:
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    for found in re.findall(r"(/\S+) \(0x", told):
        to = root / found.lstrip("/")
        if not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, to)


def disk_image(root: Path, image: Path, mib: int = 64) -> Path:
    """A file system with that root in it, as a disk without partitions."""
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(root), str(image)], check=True)
    return image


def partitioned(file_system: Path, image: Path) -> Path:
    """A disk with a small empty partition, and a second one that holds a file system (MBR)."""
    size = file_system.stat().st_size // 512
    entries = [(2048, 2048), (4096, size)]
    table = b"".join(struct.pack("<B3xB3xII", 0, 0x83, start, sectors) for start, sectors in entries)
    with image.open("wb") as file:
        file.write(b"\0" * 446 + table.ljust(64, b"\0") + b"\x55\xaa")
        file.seek(4096 * 512)
        file.write(file_system.read_bytes())
    return image


def read_file(image: Path, path: str) -> str | None:
    """A file of an image without partitions, read without mounting it; None if it is not there."""
    done = subprocess.run(
        ["debugfs", "-R", f"cat {path}", str(image)], capture_output=True, text=True, check=True
    )
    return None if "File not found" in done.stderr else done.stdout


def package(at: Path, content: str | bytes) -> Package:
    """A package of this host; a text is a shell script."""
    data = f"#!/bin/sh\nset -e\n{content}\n".encode() if isinstance(content, str) else content
    at.write_bytes(data)
    return digested(parse(str(at)), hashlib.sha256(data).hexdigest(), len(data))


def left_behind(directory: Path, word: str = "") -> list[str]:
    """Mounts and loop devices under a directory, and processes with a word in their arguments."""
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if f"{directory}/" in line]
    told = subprocess.run(
        ["losetup", "--noheadings", "-O", "NAME,BACK-FILE"], capture_output=True, text=True, check=True
    )
    found += [line for line in told.stdout.splitlines() if f"{directory}/" in line]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word and word in arguments:
            found.append(arguments)
    return found


def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal Debian, made once in a run of tests, whichever processes it has; skips where that cannot be."""
    if shutil.which("debootstrap") is None:
        pytest.skip("no debootstrap")
    place = tmp_path_factory.getbasetemp()
    place = place.parent if os.environ.get("PYTEST_XDIST_WORKER") else place
    image, root = place / "debian.img", place / "debian"
    with (place / "debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            done = subprocess.run(
                ["debootstrap", "--variant=minbase", "stable", str(root)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"no mirror of Debian in reach: {(done.stderr or done.stdout).strip()[-200:]}")
            disk_image(root, image.with_suffix(".part"), 700)
            shutil.rmtree(root)
            image.with_suffix(".part").rename(image)
    return image
