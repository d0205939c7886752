"""What can go wrong in a bake or a deploy, how it is reported, and the exit code it ends with.

Every error is a `DeliveryError`: printed as `error: message` and `  hint`, never with a traceback. The exit
codes are part of the interface; docs/exit-codes.md explains them.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobdsl.errors import JobdslError, Problem

__all__ = [
    "FAILED",
    "LOCKED",
    "REFUSED",
    "ROLLED_BACK",
    "USAGE",
    "WAITING",
    "DeliveryError",
    "LockedError",
    "PolicyError",
    "SettingsError",
    "SeveralError",
    "UnknownNameError",
]

FAILED = 1
"""An error; what was begun stands, and the message has the way on."""
USAGE = 2
"""The request cannot be fulfilled; nothing was done.

Wrong settings and files end with FAILED, wrong options with WRONG_USAGE, as in all three commands.
"""
ROLLED_BACK = 3
"""The deploy was rolled back: traffic is where it was."""
WAITING = 4
"""The deploy waits for a decision: promote or rollback."""
REFUSED = 5
"""The policy refuses the request; nothing was done."""
LOCKED = 6
"""Another deploy of the cluster is under way; nothing was done."""


class DeliveryError(JobdslError):
    """What went wrong, the hint, and the exit code."""

    def __init__(self, message: str, hint: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class UnknownNameError(DeliveryError):
    """Nothing has the name that the user gave; FAILED, as in all three commands."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)


class SeveralError(DeliveryError):
    """All problems of one kind at once."""

    def __init__(self, problems: Iterable[Problem], exit_code: int) -> None:
        self._problems = list(problems)
        super().__init__("; ".join(problem.message for problem in self._problems), exit_code=exit_code)

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order they were found."""
        return self._problems


class SettingsError(SeveralError):
    """Everything that is wrong in the settings, with file and line."""

    def __init__(self, problems: Iterable[Problem], exit_code: int = FAILED) -> None:
        super().__init__(problems, exit_code)


class PolicyError(SeveralError):
    """Everything the policy refuses, each with a hint."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(problems, REFUSED)


class LockedError(DeliveryError):
    """Another run holds the lock, or has taken it over from this one."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, LOCKED)
