"""The token a command uses: from the environment, a file, or (deprecated) the command line."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from jobdsl.errors import JobdslError

__all__ = ["hide_argument", "token_of"]

_LONGEST = 10_000
"""Characters of a token."""
_ARGUMENTS_START, _ARGUMENTS_END = 45, 46
"""Fields of /proc/self/stat behind the command's name: `arg_start` and `arg_end` of proc(5)."""


def token_of(token: str | None, token_file: Path | None, estate: object) -> str | None:
    """Return the token; one on the command line is reported, and taken out of the list of processes.

    Raises JobdslError when it is given twice, when the file holds none, or lies where DSL files read it.
    """
    source = click.get_current_context().get_parameter_source("token")
    if token and source is ParameterSource.COMMANDLINE:
        if token_file is not None:
            raise JobdslError("the token is given twice", hint="leave out --token")
        hide_argument(token)
        click.echo(
            "warning: --token on the command line can be read by other processes of this host, and stays in"
            " the history of the shell (use --token-file FILE or JENKINS_TOKEN)",
            err=True,
        )
    return token if token_file is None else _read(token_file, estate)


def _read(path: Path, estate: object) -> str:
    if isinstance(estate, Path) and path.resolve().is_relative_to(estate.resolve()):
        raise JobdslError(
            f"{path}: the token's file lies in the estate, where DSL files can read it",
            hint="move it out of the estate",
        )
    try:
        text = sys.stdin.read(_LONGEST + 1) if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise JobdslError(f"{path}: the token cannot be read: {reason}") from None
    token = text.strip()
    if not token or len(token.split()) > 1 or len(token) > _LONGEST:
        raise JobdslError(f"{path}: this is not a token", hint="the file holds the token alone, on one line")
    return token


def hide_argument(value: str) -> None:
    """Overwrite an argument of this process where /proc and ps(1) show it. Does nothing where that fails."""
    with contextlib.suppress(OSError, ImportError, ValueError, IndexError):
        import ctypes

        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[_ARGUMENTS_START]), int(fields[_ARGUMENTS_END])
        secret, place = os.fsencode(value), start
        for argument in ctypes.string_at(start, end - start).split(b"\0"):
            if argument in (secret, b"--token=" + secret):
                ctypes.memset(place + len(argument) - len(secret), ord("x"), len(secret))
            place += len(argument) + 1
