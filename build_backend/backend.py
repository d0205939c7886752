"""The build backend: that of setuptools, and a start-up file in each wheel (see `jobdsl/startup.pth`).

setuptools has no setting for a file next to the packages, neither in a wheel nor in an editable one.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

_SOURCE = Path(__file__).parents[1] / "jobdsl/startup.pth"
_NAME = "jobdsl-startup.pth"
_Settings = Mapping[str, str | list[str] | None]


def build_wheel(directory: str, settings: _Settings | None = None, metadata: str | None = None) -> str:
    """Build a wheel and return its file name."""
    return _with_startup_file(directory, build_meta.build_wheel(directory, settings, metadata))


def build_editable(directory: str, settings: _Settings | None = None, metadata: str | None = None) -> str:
    """Build an editable wheel and return its file name."""
    return _with_startup_file(directory, build_meta.build_editable(directory, settings, metadata))


def _with_startup_file(directory: str, name: str) -> str:
    """Write a wheel again, with the start-up file in it and in its record."""
    wheel = Path(directory, name)
    content = _SOURCE.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    written = wheel.with_suffix(".new")
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        after.writestr(_NAME, content)
        for member in before.infolist():
            data = before.read(member)
            if member.filename.endswith(".dist-info/RECORD"):
                data = f"{_NAME},sha256={digest},{len(content)}\n".encode() + data
            after.writestr(member, data)
    shutil.move(written, wheel)
    return name
