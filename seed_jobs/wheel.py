"""The wheel of the jobdsl that runs, put together from its own files.

So the seed job can install jobdsl where no index has it: see `seed`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path

__all__ = ["build_wheel"]

_PACKAGES = ("delivery", "dynaslave", "jobdsl", "jobdsl.console", "jobdsl.seed_jobs", "jobdsl.templates")
"""Packages that have a directory of their own in a checkout; a wheel holds the last three below `jobdsl`."""
_STARTUP = ("jobdsl/startup.pth", "jobdsl-startup.pth")
"""The start-up file as the package has it, and where it takes effect."""
_TAG = "py3-none-any"
_TIME = (1980, 1, 1, 0, 0, 0)
"""The same for every file, so that the same files give the same wheel."""


def build_wheel() -> tuple[str, bytes]:
    """Return the file name and the content of a wheel with what is imported here.

    An installation and a checkout give the same files. Raises ImportError where jobdsl is neither.
    """
    running = distribution("jobdsl")
    files = dict(_package_files()) | dict(_metadata_files(running))
    files[_STARTUP[1]] = files[_STARTUP[0]]
    record = f"{_info(running)}/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in sorted(files.items())]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, _TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return f"jobdsl-{running.version}-{_TAG}.whl", buffer.getvalue()


def _package_files() -> Iterator[tuple[str, bytes]]:
    for package in _PACKAGES:
        spec = find_spec(package)
        for root in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(root).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield (
                        f"{package.replace('.', '/')}/{path.relative_to(root).as_posix()}",
                        path.read_bytes(),
                    )


def _metadata_files(running: Distribution) -> Iterator[tuple[str, bytes]]:
    info = _info(running)
    metadata = running.read_text("METADATA") or running.read_text("PKG-INFO")  # the second in a checkout
    if metadata is None:
        raise ImportError("the metadata of jobdsl is missing: install it with pip")
    yield f"{info}/METADATA", metadata.encode()
    yield (
        f"{info}/WHEEL",
        f"Wheel-Version: 1.0\nGenerator: jobdsl\nRoot-Is-Purelib: true\nTag: {_TAG}\n".encode(),
    )
    yield f"{info}/entry_points.txt", (running.read_text("entry_points.txt") or "").encode()


def _info(running: Distribution) -> str:
    return f"jobdsl-{running.version}.dist-info"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
