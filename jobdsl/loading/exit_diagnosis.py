"""Why a process that ran DSL files ended before its time, and where it was: from what is left of it."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from jobdsl.errors import Problem, Where
from jobdsl.loading.senders import Sender
from jobdsl.printable import one_line
from jobdsl.settings.config import LoadSettings

__all__ = ["Death", "places_in"]

_AT_LINE = re.compile(r'File "([^"\n]+)", line (\d+)')
_CRASH = re.compile(r"Fatal Python error: ([^\n]+)")
_SHELL = 128
"""What is added to the number of a signal where a status stands for it."""


def places_in(stderr: str) -> list[Where]:
    """Return the lines a stack names, innermost first, as faulthandler writes it."""
    return [Where(_unescaped(file), int(line)) for file, line in _AT_LINE.findall(stderr)]


def _unescaped(name: str) -> str:
    """Return a file's name as faulthandler writes it, in ASCII."""
    return name.encode("ascii", "replace").decode("unicode_escape") if "\\" in name else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What is known of it."""

    sender: Sender
    """The process, and the file that ran."""
    was_running: bool
    """Whether a file ran."""
    stderr: str
    """The last it wrote to its error output."""
    code: int | None
    """Its exit status, negative for a signal."""
    limits: LoadSettings
    late: bool = False
    """Whether it was ended as its time was up."""
    behind: bool = False
    """Whether its status comes from a wall around it, which encodes a signal as a number."""
    short: bool = False
    """Whether the kernel has ended a process of the load meanwhile, as all used more memory than they may."""
    bad: str = ""
    """Why what it sent cannot be, if that is what ended it."""

    def problem(self) -> Problem:
        """In words, at the innermost line of the estate that is known."""
        return self.sender.placed(self._problem())

    def _problem(self) -> Problem:
        file = self.sender.place if self.was_running else None
        estate = {*self.sender.own, *self.sender.imported}
        line = next((place for place in places_in(self.stderr) if place.file in estate), file)
        if self.bad:
            return Problem(f"the DSL files returned invalid data: {self.bad}", file)
        if self.late:
            return self._lateness(line)
        if crash := _CRASH.search(self.stderr):
            return Problem(f"Python itself crashed here: {one_line(crash[1][:200])}", line)
        if self.short and self._signal == signal.SIGKILL:
            hint = "the limit is load.memory_mb in jobdsl.toml"
            message = f"the DSL files used more than the {self.limits.memory_mb} MB of memory they may have"
            return Problem(f"{message}; this was running" if self.was_running else message, file, hint)
        hint = "more memory than the host has, or a call that ends the process?"
        running = "; this was running" if self.was_running else " before one of them ran"
        return Problem(f"the process that ran the DSL files ended {self._how()}{running}", file, hint)

    def _lateness(self, line: Where | None) -> Problem:
        whole, per_file = self.limits.timeout_seconds, self.limits.file_timeout_seconds
        if self.was_running and per_file < whole:
            hint = "an endless loop? the limit is load.file_timeout_seconds in jobdsl.toml"
            return Problem(f"the file runs longer than {per_file:g} seconds; this was running", line, hint)
        hint = "an endless loop? the limit is load.timeout_seconds in jobdsl.toml"
        return Problem(f"the DSL files ran longer than {whole:g} seconds; this was running", line, hint)

    def _how(self) -> str:
        if self.code is None:
            return "what it sends, and went on"
        return f"by {self._signal.name}" if self._signal else f"with status {self.code}"

    @property
    def _signal(self) -> signal.Signals | None:
        """The signal that ended it."""
        code = self.code or 0
        number = -code if code < 0 else code - _SHELL if self.behind else 0
        return next((known for known in signal.Signals if known.value == number), None)
