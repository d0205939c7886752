"""Steps that are tried again where AWS did not answer: each may be done again without harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from delivery.aws import AwsError, ErrorMeaning

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = ["retried"]

T = TypeVar("T")
_TRIES = 3
_PASSING = (ErrorMeaning.Throttled, ErrorMeaning.Unavailable, ErrorMeaning.NotFound)
"""Errors that do not forbid doing the same again; where a user has just deleted something, each step
finds that out and goes on without it."""


def retried(site: Site, act: Callable[[], T], note: Callable[[str], None]) -> T:
    """Do something, and again where AWS did not answer or was asked too much. DeliveryError, LockedError."""
    for number in range(1, _TRIES):
        try:
            return act()
        except AwsError as error:
            if error.meaning not in _PASSING:
                raise
            note(f"{error.message}: trying again")
            site.lock.sleep(site.deploy.poll_seconds * number)
    return act()
