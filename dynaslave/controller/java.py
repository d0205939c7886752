"""Which Java a controller's agents need: the version its own agent.jar was compiled for."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from jobdsl.errors import ControllerError

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["class_version", "needed_java", "release_of", "version_of"]

_OFFSET = 44
"""Class files of Java 21 have version 65."""
_LAUNCHER = "hudson/remoting/Launcher.class"


def release_of(class_file_version: float) -> int:
    """Return the Java release of a class file version: 21 for 65."""
    return int(class_file_version) - _OFFSET


def class_version(jar: bytes) -> int | None:
    """Return the class file version of an agent.jar; None if it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(jar)) as archive, archive.open(_LAUNCHER) as file:
            head = file.read(8)
    except (zipfile.BadZipFile, KeyError, OSError, NotImplementedError):
        return None
    return int.from_bytes(head[6:8], "big") if head[:4] == b"\xca\xfe\xba\xbe" and len(head) == 8 else None


def needed_java(controller: Controller) -> int | None:
    """Return the Java version a controller's agents need; None where it is unknown."""
    try:
        answer = controller.ask("GET", "jnlpJars/agent.jar", "fetch agent.jar")
    except ControllerError:
        return None
    version = class_version(answer.body)
    return None if version is None else release_of(version)


def version_of(output: str) -> int | None:
    """Return the release in what `java -version` prints: 21 for `version "21.0.5"`, 8 for `"1.8.0_402"`."""
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match[1]) if match else None
