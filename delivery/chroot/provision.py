"""Installs a package on a disk: prepares files, installs in a namespace, and reads the list of packages."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery.bake import scripts
from delivery.bake.package import Package
from delivery.chroot import pid_namespace
from delivery.chroot.mounts import STAGE
from delivery.chroot.overrides import read_plain
from delivery.chroot.sandboxed import INSTALLED, SCRIPT
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep

__all__ = ["Provisioning", "digest", "provision", "resolv_conf", "script"]

_TAIL = 40
"""Lines shown of an installation that failed."""
_PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What is done with a disk."""

    disk: Path
    """A device, or a file."""
    package: Package
    facts: Mapping[str, str]
    """Facts of the image, kept in /etc/delivery/image."""
    seconds: float
    """How long it may take."""
    grow: bool = False
    """Whether the disk is larger than what is in it."""


def provision(
    job: Provisioning,
    work: Path,
    fetch: Callable[[Path], object],
    step: TimelineStep,
    say: Callable[[str], None],
) -> str:
    """Install the package and return the list of installed packages.

    `work` is a directory of our own; `fetch` puts the package at a path. DeliveryError if anything failed:
    the disk is of no use then. Nothing is mounted, and nothing runs, when this ends.
    """
    stage, root = work / "stage", work / "root"
    for directory in (stage, stage / "package", root):
        directory.mkdir(mode=0o700)
    fetch(stage / "package" / job.package.file)
    (stage / SCRIPT).write_text(script(job.package, job.facts), "utf-8")
    listener = _Listener(step)
    code = pid_namespace.run(_job_of(job, stage, root), listener)
    installed = None if code else read_plain(stage, INSTALLED)
    if installed is None:
        for line in listener.tail:
            say(f"| {line}")
        why = listener.error or f"the installation ended with exit code {code}"
        raise DeliveryError(f"{job.package.file} could not be installed: {why}", "see the lines above")
    return installed.decode("utf-8", "replace")


class _Listener:
    """Output of the namespace: steps are noted, the last lines are kept."""

    def __init__(self, step: TimelineStep) -> None:
        self._step = step
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self.error = ""

    def __call__(self, line: str) -> None:
        kind, _, text = line.partition(": ")
        if kind == "BAKE-STEP":
            self._step.note(text)
        elif kind == "BAKE-ERROR":
            self.error = text
        else:
            self.tail.append(line)


def _job_of(job: Provisioning, stage: Path, root: Path) -> dict[str, object]:
    return {
        "disk": str(job.disk.absolute()),
        "stage": str(stage),
        "root": str(root),
        "seconds": job.seconds,
        "grow": job.grow,
        "resolv_conf": resolv_conf(),
        "environment": _environment(),
    }


def _environment() -> dict[str, str]:
    """Return the environment of packages' scripts: of this one only the proxies."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "SYSTEMD_OFFLINE": "1",
    }


def resolv_conf(host: Path = Path("/etc/resolv.conf")) -> str:
    """Read the resolver configuration of this host; empty if there is none."""
    try:
        return host.read_text("utf-8", "replace")
    except OSError:
        return ""


def script(package: Package, facts: Mapping[str, str]) -> str:
    """Render the script that is run in the root."""
    return scripts.template("chroot.sh.j2").render(
        package=package,
        version=package.full_version,
        stage=f"/{STAGE}",
        facts={key: value.replace("\n", " ") for key, value in facts.items()},
        mark=f"END-{package.sha256[:8]}",
    )


def digest() -> str:
    """Return a digest of the script that installs packages; it is part of an image's key."""
    return scripts.digest("chroot.sh.j2")
