"""Tables of DynamoDB that the first run with the permission creates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock

__all__ = ["make_table"]

POLL = 5.0
"""Seconds between two polls of a new table."""
_READY_S = 120.0
"""Seconds a new table may take."""


def make_table(
    aws: Aws,
    table: str,
    *,
    create: Callable[[], None],
    purpose: str,
    setting: str,
    clock: HostClock,
    sleep: Callable[[float], None] | None = None,
) -> None:
    """Create a table, and wait until it can be used.

    Args:
        aws: the account and region it is created in.
        table: its name.
        create: creates it; a table that exists already is no error.
        purpose: what it is for, as in `for locks`.
        setting: the table of `delivery.toml` that names it.
        clock: measures how long it takes.
        sleep: waits, in place of the clock.

    Raises:
        DeliveryError: it may not be created, or is not ready in time.
    """
    try:
        with asking(f"creating table {table} for {purpose}"):
            create()
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.Denied:
            raise
        hint = f'run the command for it in docs/delivery.md, or set [{setting}] table = "none" to do without'
        raise DeliveryError(
            f"table {table!r} for {purpose} does not exist, and this caller may not create it", hint
        ) from error
    until = clock.now() + _READY_S
    while clock.now() < until:
        with asking(f"waiting for table {table}"):
            if aws.dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE":
                return
        (sleep or clock.sleep)(POLL)
    raise DeliveryError(f"table {table} is not ready after {_READY_S:.0f} s", "run the same command again")
