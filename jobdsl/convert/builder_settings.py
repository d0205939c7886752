"""Settings of Jenkins Job Builder (`jenkins_jobs.ini`) that decide how YAML is read."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from jobdsl.errors import JobdslError

__all__ = ["BuilderSettings", "read_settings"]

_SECTION = "job_builder"
_MOST = 1 << 20
"""Bytes of a settings file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderSettings:
    """Where files are included from, and whether variables may be missing."""

    include: tuple[Path, ...] = ()
    allow_empty_variables: bool = False
    """Replace a variable that has no value by an empty text."""


def read_settings(path: Path) -> BuilderSettings:
    """Read a settings file. Raises JobdslError where it is no such file.

    Relative directories of `include_path` start at the current directory, as in Jenkins Job Builder.
    """
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST + 1)
        if len(text) > _MOST:
            raise JobdslError(f"{path} is larger than 1 MiB", hint="name the jenkins_jobs.ini of the project")
        parser.read_string(text)
        allow_empty = parser.getboolean(_SECTION, "allow_empty_variables", fallback=False)
    except (OSError, UnicodeDecodeError) as error:
        raise JobdslError(f"{path} cannot be read: {error}") from None
    except (configparser.Error, ValueError) as error:
        message = str(error).replace("'<string>'", str(path))
        raise JobdslError(
            f"{path} has an error: {message}", hint=f"it is an INI file with a section [{_SECTION}]"
        ) from None
    places = re.split(r"[:\n]", parser.get(_SECTION, "include_path", fallback=""))
    directories = [Path(place.strip()) for place in places if place.strip()]
    return BuilderSettings(
        include=tuple(directory for directory in directories if directory.is_dir()),
        allow_empty_variables=allow_empty,
    )
