"""Gathers what stands against a deploy, so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from delivery.aws import AwsError, ErrorMeaning, meaning
from delivery.errors import REFUSED, USAGE, DeliveryError, LockedError, SeveralError
from jobdsl.errors import Problem

__all__ = ["Refusals"]

T = TypeVar("T")


@dataclass
class Refusals:
    """Everything that was refused so far; nothing was done yet."""

    errors: list[DeliveryError] = field(default_factory=list)

    def of(self, check: Callable[[], T], default: T) -> T:
        """Run a check; what it refuses is kept, and the default is its result.

        Raises:
            AwsError: AWS could not be asked, so nothing is known.
            LockedError: another run has the lock.
        """
        try:
            return check()
        except LockedError:
            raise
        except AwsError as error:
            if meaning(error) is not ErrorMeaning.NotFound:
                raise
            self.errors.append(error)
        except DeliveryError as error:
            self.errors.append(error)
        return default

    def add(self, problems: Iterable[Problem], exit_code: int = USAGE) -> None:
        """Keep problems that a check has yielded."""
        self.errors += [DeliveryError(problem.message, problem.hint, exit_code) for problem in problems]

    def finish(self) -> None:
        """Raise what was kept: one error as it is, several as one."""
        if not self.errors:
            return
        if len(self.errors) == 1:
            raise self.errors[0]
        code = REFUSED if any(error.exit_code == REFUSED for error in self.errors) else USAGE
        raise SeveralError([problem for error in self.errors for problem in error.problems], code)
