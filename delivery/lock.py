"""One deploy at a time in a cluster: a lock with a lease in DynamoDB.

The record is `deploy:ACCOUNT:REGION:CLUSTER` in the table of `[lock]`, in the account and region that is
deployed to. It is renewed before every call that changes something. A run that was killed no longer renews
it: the next one takes it once it was unchanged for `LEASE` seconds by that run's own clock. A rollback
does not wait and takes it over. The fence grows with every change of owner: once another run has the
lock, the old one learns so before its next change.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.dynamodb import make_table
from delivery.errors import DeliveryError, LockedError
from jobdsl.aws.lease import DynamoLease, LeaseError
from jobdsl.aws.tables import create_table

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["LEASE", "FreeLock", "Lock", "LockHolder", "TableLock", "holder", "open_lock", "sleep_renewing"]

LEASE = 120.0
"""Seconds a lock is good for without being renewed."""
POLL = 5.0
UNDER_WAY = 5.0
"""Seconds a call may take that another run began right before its lock was taken over."""
_UNANSWERED = 3
"""Requests in a row without an answer, before that is an error."""
Say = Callable[[str], None]


class LockHolder(NamedTuple):
    """The holder of a lock, and until when (seconds since the epoch)."""

    owner: str
    expires: float


class Lock(Protocol):
    """The right to change one cluster."""

    @property
    def fence(self) -> int:
        """The fencing token; 0 where there is no lock."""
        ...

    def check(self) -> None:
        """Renew it before every call that changes something. LockedError if another run has taken over."""
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

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock

    def check(self) -> None:
        """Do nothing: there is no lock to lose."""

    def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        self._clock.sleep(seconds)

    def __enter__(self) -> FreeLock:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class TableLock:
    """A lock as one item of a table."""

    def __init__(
        self,
        aws: Aws,
        table: str,
        cluster: str,
        clock: HostClock,
        owner: str,
        say: Say,
        *,
        takes_over: bool = False,
    ) -> None:
        self.cluster = cluster
        self._aws, self._table, self._clock, self._say = aws, table, clock, say
        self._takes_over = takes_over
        self._lease = DynamoLease(
            aws.dynamodb,
            table,
            _name(aws, cluster),
            owner,
            duration=LEASE,
            clock=clock.now,
            monotonic=clock.monotonic,
        )

    @property
    def fence(self) -> int:
        """The fencing token of this run."""
        return self._lease.fence

    def check(self) -> None:
        """Renew it: another run may have taken it over at any moment."""
        with self._translated_errors():
            ours = self._lease.may_act()
        if not ours:
            raise self._lost_error()

    def sleep(self, seconds: float) -> None:
        """Wait in portions, and renew it in between."""
        sleep_renewing(self._clock, self.check, seconds)

    def __enter__(self) -> TableLock:
        before = self._read_holder()
        if self._takes_over and before is not None:
            self._seize(before)
            return self
        is_reported, unanswered = False, 0
        while not self._acquire():
            now = self._read_holder()
            if now is not None and now != before:  # taken or renewed between two reads: a run is alive
                raise self._held_error(now)
            if now is not None and not is_reported:
                self._say(_waiting(now, self._lease.waits()))
                is_reported = True
            unanswered = unanswered + 1 if self._lease.unanswered else 0
            if unanswered == _UNANSWERED:
                raise self._write_error()
            self._clock.sleep(POLL)
        return self

    def __exit__(self, *_: object) -> None:
        self._lease.release()

    def _acquire(self) -> bool:
        with self._translated_errors():
            return self._lease.acquire()

    def _seize(self, before: LockHolder) -> None:
        """Take it over from a run that may be alive, and wait for the call that run may have begun."""
        self._say(f"taking the lock over from {before.owner}: it stops before its next change")
        for _ in range(_UNANSWERED):
            with self._translated_errors():
                if self._lease.seize():
                    self._clock.sleep(UNDER_WAY)
                    return
            self._clock.sleep(POLL)
        raise self._write_error()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Turn an error of the table into one of this lock."""
        try:
            yield
        except LeaseError as error:
            raise DeliveryError(f"the lock of {self.cluster}: {error.message}", error.hint) from error

    def _write_error(self) -> DeliveryError:
        return DeliveryError(
            f"the lock of {self.cluster} in table {self._table} cannot be written: {self._lease.unanswered}",
            "run the same command again to continue where this one stopped",
        )

    def _read_holder(self) -> LockHolder | None:
        """Return the holder; the table is made if it is not there."""
        try:
            return holder(self._aws, self._table, self.cluster)
        except DeliveryError as error:
            if meaning(error) is not ErrorMeaning.NotFound:
                raise
        _create(self._aws, self._table, self._clock)
        return None

    def _held_error(self, by: LockHolder) -> LockedError:
        return LockedError(
            f"another command is at work in {self.cluster}: {by.owner}",
            "it ends by itself; delivery status shows its progress; delivery rollback stops it",
        )

    def _lost_error(self) -> LockedError:
        by = self._lease.holder()
        return LockedError(
            f"the lock of {self.cluster} was lost to {by}" if by else f"the lock of {self.cluster} was lost",
            "nothing more was done; run delivery status for the current state",
        )


def sleep_renewing(clock: HostClock, check: Callable[[], None], seconds: float) -> None:
    """Wait in portions, and renew a lock before each and at the end. LockedError."""
    until = clock.monotonic() + seconds
    while (left_seconds := until - clock.monotonic()) > 0:
        check()
        clock.sleep(min(left_seconds, LEASE / 4))
    check()


def open_lock(
    aws: Aws,
    settings: DeliverySettings,
    cluster: str,
    clock: HostClock,
    purpose: str,
    say: Say = lambda _: None,
    *,
    takes_over: bool = False,
) -> Lock:
    """Return the lock of a cluster, to be used in a `with` statement.

    `purpose` describes this run to users; `say` gets a line when this run waits for the lock of a killed
    run, or takes over that of another run, as `takes_over` allows.
    """
    if settings.lock.table == "none":
        return FreeLock(clock)
    owner = f"{purpose} ({_describe_run()})"
    return TableLock(aws, settings.lock.table, cluster, clock, owner, say, takes_over=takes_over)


def holder(aws: Aws, table: str, cluster: str) -> LockHolder | None:
    """Return the holder of a cluster's lock, expired or not, or None. AwsError."""
    with asking(f"reading the lock of {cluster} in table {table}"):
        answer = aws.dynamodb.get_item(
            TableName=table, Key={"name": {"S": f"lease:{_name(aws, cluster)}"}}, ConsistentRead=True
        )
    item = answer.get("Item")
    expires = float(item["expires_at"]["N"]) if item else 0.0
    return LockHolder(item["owner"]["S"], expires) if item and expires else None


def _name(aws: Aws, cluster: str) -> str:
    return f"deploy:{aws.account_id}:{aws.region}:{cluster}"


def _describe_run() -> str:
    """Describe this run to users: the URL of the build, or host and process."""
    return os.environ.get("BUILD_URL") or f"{socket.gethostname()}, process {os.getpid()}"


def _waiting(by: LockHolder, seconds: float) -> str:
    return f"locked by {by.owner}; waiting: the lock of a killed run expires within {seconds:.0f} s"


def _create(aws: Aws, table: str, clock: HostClock) -> None:
    """Create the table, and wait until it can be used. DeliveryError."""
    make_table(
        aws,
        table,
        create=lambda: create_table(aws.dynamodb, table),
        purpose="locks",
        setting="lock",
        clock=clock,
    )
