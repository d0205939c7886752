"""Commands of the user, run by /bin/sh with a timeout, and killed together with their child processes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Result", "run"]

_MOST_OUTPUT = 1_000_000
"""Bytes of a command's output that are kept, the last ones."""


class Result(NamedTuple):
    """How a command ended."""

    exit_code: int | None
    """None if it took too long."""
    output: str
    errors: str = ""
    """Empty where errors are part of the output."""


def run(text: str, facts: Mapping[str, str], timeout: float, *, is_merged: bool = False) -> Result:
    """Run a command with /bin/sh.

    `facts` are in its environment, and so is the command itself: neither appears in the list of
    processes. Its child processes are killed with it.

    Args:
        text: The command.
        facts: Variables of its environment.
        timeout: Seconds it may take.
        is_merged: Include its errors in its output.
    """
    environment = {**os.environ, **facts, "DELIVERY_COMMAND": text}
    shell = ["/bin/sh", "-c", 'eval "$DELIVERY_COMMAND"']
    with subprocess.Popen(  # noqa: S603  # the command is the user's own
        shell,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if is_merged else subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as late:
            return Result(None, _text(late.stdout), _text(late.stderr))
        finally:
            _end(process)
    return Result(process.returncode, _text(output), _text(errors))


def _text(output: bytes | None) -> str:
    """Decode output, of a long one its last part."""
    return (output or b"")[-_MOST_OUTPUT:].decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and its child processes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
