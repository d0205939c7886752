"""Which device of this host an attached volume is. What it names is written on: only a sure answer counts."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

__all__ = ["NAMES", "Devices"]

NAMES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")
"""Names EC2 recommends for volumes that are attached to a Linux instance."""


class Devices:
    """The devices of a host, as the kernel lists them."""

    def __init__(self, dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> None:
        self._dev = dev
        self._sys = sys

    def seen(self) -> set[str]:
        """Names of the disks there are: `nvme1n1`, `xvda` ..."""
        block = self._sys / "block"
        return {device.name for device in block.iterdir()} if block.is_dir() else set()

    def find(self, volume: str, name: str, before: Collection[str]) -> Path | None:
        """The device of a volume that was attached by that name; None if it is not there yet.

        An NVMe disk has the volume's id for a serial number. A Xen disk has the name that was asked for, sdf
        as xvdf; it must be new: `before` are those seen before.
        """
        serial = volume.replace("-", "")
        for disk in sorted(self.seen()):
            if disk.startswith("nvme") and self._serial(disk) == serial:
                return self._node(disk)
        letter = name.removeprefix("/dev/sd")
        for disk in (f"xvd{letter}", f"sd{letter}"):
            if disk in self.seen() and disk not in before:
                return self._node(disk)
        return None

    def _serial(self, disk: str) -> str:
        try:
            return (self._sys / "block" / disk / "device/serial").read_text("utf-8").strip()
        except OSError:
            return ""

    def _node(self, disk: str) -> Path | None:
        node = self._dev / disk
        return node if node.exists() else None
