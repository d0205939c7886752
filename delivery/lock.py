"""One deploy at a time in a cluster: a lock with a lease in DynamoDB.

The record is `deploy:ACCOUNT:REGION:CLUSTER` in the table of `[lock]`, in the account and region that is
deployed to. It is good for `LEASE` seconds and renewed before every call that changes something. A run
that was killed no longer renews it: the next one sees that, waits until it has expired, and takes it. The
fence grows with every change of owner: once another run has the lock, the old one learns so before it acts.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from delivery.aws import Meaning, asking, meaning
from delivery.errors import DeliveryError, LockedError
from dynaslave.manager.lease import SKEW, DynamoLease, create_table

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import Clock
    from delivery.settings import Settings

__all__ = ["LEASE", "FreeLock", "Holder", "Lock", "TableLock", "holder", "open_lock"]

LEASE = 120.0
"""Seconds a lock is good for without being renewed."""
FRESH = 10.0
"""Seconds after a renewal in which nobody asks again: no other run can have taken it."""
POLL = 5.0
_TABLE_S = 120.0
"""Seconds a new table may take."""
Say = Callable[[str], None]


class Holder(NamedTuple):
    """Who holds a lock, and until when (seconds since the epoch)."""

    owner: str
    expires: float


class Lock(Protocol):
    """The right to change one cluster."""

    @property
    def fence(self) -> int:
        """Number of the turn; 0 where there is no lock."""
        ...

    def check(self) -> None:
        """Before every call that changes something: LockedError if another run has taken over."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait without losing it. LockedError."""
        ...

    def __enter__(self) -> Lock:
        """Take it. LockedError while another run holds it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        ...


class FreeLock:
    """No lock at all: `[lock] table = "none"`."""

    fence = 0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self) -> None:
        """Always good."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep(seconds)

    def __enter__(self) -> FreeLock:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class TableLock:
    """A lock as one item of a table."""

    def __init__(self, aws: Aws, table: str, cluster: str, clock: Clock, owner: str, say: Say) -> None:
        self.cluster = cluster
        self._aws, self._table, self._clock, self._say = aws, table, clock, say
        self._lease = DynamoLease(
            aws.dynamodb, table, _name(aws, cluster), owner, duration=LEASE, clock=clock.now
        )
        self._renewed = float("-inf")

    @property
    def fence(self) -> int:
        """Number of our turn."""
        return self._lease.fence

    def check(self) -> None:
        """Renew it where that is due."""
        now = self._clock.now()
        if self._lease.fence and now < self._renewed + FRESH:
            return
        if not self._lease.may_act():
            raise self._lost()
        self._renewed = now

    def sleep(self, seconds: float) -> None:
        """Wait in portions, and renew it in between."""
        until = self._clock.now() + seconds
        while (left := until - self._clock.now()) > 0:
            self.check()
            self._clock.sleep(min(left, LEASE / 4))
        self.check()

    def __enter__(self) -> TableLock:
        before = self._look()
        told = False
        while not self._lease.acquire():
            now = self._look()
            if now is not None and now != before:  # taken or renewed while we looked: a run is alive
                raise self._held(now)
            if now is not None and not told:
                self._say(_waiting(now, self._clock.now()))
                told = True
            self._clock.sleep(POLL)
        self._renewed = self._clock.now()
        return self

    def __exit__(self, *_: object) -> None:
        self._lease.release()

    def _look(self) -> Holder | None:
        """Who holds it; the table is made if it is not there."""
        try:
            return holder(self._aws, self._table, self.cluster)
        except DeliveryError as error:
            if meaning(error) is not Meaning.NotFound:
                raise
        _create(self._aws, self._table, self._clock)
        return None

    def _held(self, by: Holder) -> LockedError:
        return LockedError(
            f"another deploy of {self.cluster} is under way: {by.owner}",
            "it ends by itself; delivery status tells how far it is",
        )

    def _lost(self) -> LockedError:
        by = self._lease.holder()
        return LockedError(
            f"the lock of {self.cluster} was lost to {by}" if by else f"the lock of {self.cluster} was lost",
            "nothing more was done; delivery status tells how things stand",
        )


def open_lock(
    aws: Aws, settings: Settings, cluster: str, clock: Clock, what: str, say: Say = lambda _: None
) -> Lock:
    """The lock of a cluster, to be used in a `with` statement.

    `what` says for others to read what holds it; `say` is told when a killed run's lock is waited for.
    """
    if settings.lock.table == "none":
        return FreeLock(clock)
    return TableLock(aws, settings.lock.table, cluster, clock, f"{what} ({_here()})", say)


def holder(aws: Aws, table: str, cluster: str) -> Holder | None:
    """Who holds the lock of a cluster, expired or not; None if nobody does. AwsError."""
    with asking(f"reading the lock of {cluster} in table {table}"):
        found = aws.dynamodb.get_item(
            TableName=table, Key={"name": {"S": f"lease:{_name(aws, cluster)}"}}, ConsistentRead=True
        )
    item = found.get("Item")
    expires = float(item["expires_at"]["N"]) if item else 0.0
    return Holder(item["owner"]["S"], expires) if item and expires else None


def _name(aws: Aws, cluster: str) -> str:
    return f"deploy:{aws.account_id}:{aws.region}:{cluster}"


def _here() -> str:
    """This run, for people: a build's URL, or host and process."""
    return os.environ.get("BUILD_URL") or f"{socket.gethostname()}, process {os.getpid()}"


def _waiting(by: Holder, now: float) -> str:
    left = max(0.0, by.expires + SKEW - now)
    return f"locked by {by.owner}; unless it is still at work, that ends within {left:.0f} s: waiting"


def _create(aws: Aws, table: str, clock: Clock) -> None:
    """Make the table, and wait until it may be used. DeliveryError."""
    try:
        with asking(f"creating table {table} for locks"):
            create_table(aws.dynamodb, table)
    except DeliveryError as error:
        if meaning(error) is not Meaning.Denied:
            raise
        hint = 'docs/delivery.md has the command that makes it; [lock] table = "none" does without'
        raise DeliveryError(f"there is no table {table!r} for locks, and it may not be made", hint) from error
    until = clock.now() + _TABLE_S
    while clock.now() < until:
        with asking(f"waiting for table {table}"):
            if aws.dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE":
                return
        clock.sleep(POLL)
    raise DeliveryError(f"table {table} is not ready after {_TABLE_S:.0f} s", "run the same command again")
