"""What agents have cost this month, per pool: counted poll by poll, kept where it survives the manager.

An instance costs its price for every second from launch to end, at least `BILLING_MINIMUM` seconds. Each
poll adds what passed since the last. The book remembers until when it is complete, so that the next
manager goes on from there; an instance it never saw counts from its launch, or from the month's begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dynaslave.pools.prices import BILLING_MINIMUM

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from dynaslave.model import Instance

__all__ = ["Book", "Costs", "DynamoBook", "MemoryBook", "MonthlyCost", "ReadOnlyBook", "month_of"]

_HOUR = 3600.0
_FORGET = 3600.0
"""Seconds for which an instance that is no longer shown is remembered."""
_UNTIL = "*until"
"""No pool is named so."""


def month_of(now: float) -> str:
    """The month a moment belongs to, as in `2026-11` (UTC, as AWS bills)."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def _month_began(now: float) -> float:
    return datetime.strptime(month_of(now), "%Y-%m").replace(tzinfo=UTC).timestamp()


class MonthlyCost(NamedTuple):
    """The record of a month."""

    dollars: Mapping[str, float]
    """By pool."""
    until: float
    """Everything before this moment is in it; 0 if nothing is."""


class Book(Protocol):
    """Where a month's dollars are kept. Both methods raise OSError where the store does not answer."""

    def read(self, month: str) -> MonthlyCost:
        """Read the record of a month."""
        ...

    def add(self, month: str, dollars: Mapping[str, float], until: float) -> None:
        """Add to the pools' dollars: the book is now complete until then."""
        ...


class MemoryBook:
    """A book that ends with the process."""

    def __init__(self) -> None:
        self._months: dict[str, MonthlyCost] = {}

    def read(self, month: str) -> MonthlyCost:
        """Dollars since the process began."""
        return self._months.get(month, MonthlyCost({}, 0.0))

    def add(self, month: str, dollars: Mapping[str, float], until: float) -> None:
        """Add to the pools' dollars."""
        recorded = self.read(month).dollars
        pools = {*recorded, *dollars}
        both = {pool: recorded.get(pool, 0.0) + dollars.get(pool, 0.0) for pool in pools}
        self._months[month] = MonthlyCost(both, until)


class ReadOnlyBook:
    """Another book, read-only: the manager that acts writes it."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def read(self, month: str) -> MonthlyCost:
        """Read from the other book."""
        return self._book.read(month)

    def add(self, month: str, dollars: Mapping[str, float], until: float) -> None:
        """Add nothing."""


class DynamoBook:
    """A book in the table of the lease: one item a month, one number a pool, named as the pool."""

    def __init__(self, client: DynamoDBClient, table: str, manager: str) -> None:
        self._client = client
        self._table = table
        self._manager = manager

    def _name(self, month: str) -> str:
        return f"costs:{self._manager}:{month}"

    def read(self, month: str) -> MonthlyCost:
        """Read the item of the month."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            response = self._client.get_item(
                TableName=self._table, Key={"name": {"S": self._name(month)}}, ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"this month's costs cannot be read: {error}") from error
        numbers = {name: float(cell["N"]) for name, cell in response.get("Item", {}).items() if "N" in cell}
        return MonthlyCost(numbers, numbers.pop(_UNTIL, 0.0))

    def add(self, month: str, dollars: Mapping[str, float], until: float) -> None:
        """Add to the pools' dollars in one write."""
        from botocore.exceptions import BotoCoreError, ClientError

        pools = sorted(dollars)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"name": {"S": self._name(month)}},
                UpdateExpression="SET #until = :until ADD "
                + ", ".join(f"#p{at} :d{at}" for at in range(len(pools))),
                ExpressionAttributeNames={"#until": _UNTIL}
                | {f"#p{at}": pool for at, pool in enumerate(pools)},
                ExpressionAttributeValues={":until": {"N": repr(until)}}
                | {f":d{at}": {"N": f"{dollars[pool]:.9f}"} for at, pool in enumerate(pools)},
            )
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"this month's costs cannot be written: {error}") from error


@dataclass(slots=True)
class Costs:
    """The running count of one manager; `book` is written every `every` seconds, None keeps no count."""

    book: Book | None
    every: float = 60.0
    written: dict[str, float] = field(default_factory=dict)
    """Dollars of the month that are in the book, by pool."""
    pending: dict[str, float] = field(default_factory=dict)
    """Dollars that are not, by pool."""
    month: str = ""
    unread: str = ""
    """Why the month's costs are unknown: the book cannot be read. Empty if they are known."""
    unwritten: str = ""
    """Why what is pending could not be written last time; empty if it could."""
    _paid: dict[str, float] = field(default_factory=dict)
    """Until when each instance is paid for."""
    _flushed: float = 0.0
    _tried: float = 0.0
    """When the book was last read, or tried to be."""
    _from: float = 0.0
    """What came before it is in the book, or can no longer be known."""
    _polled: float = 0.0
    """When instances were last seen; 0 before the first time."""

    def poll(self, instances: Iterable[Instance], now: float) -> None:
        """Count what the instances of a poll have cost since the last one."""
        if self.book is None:
            return
        if month_of(now) != self.month or (self.unread and not 0 <= now - self._tried < self.every):
            self._begin(now)
        if self.unread:  # once it can be read, it says from when on to count
            return
        live = {
            instance.id: instance
            for instance in instances
            if instance.state in ("pending", "running", "stopping")
        }
        for instance in live.values():
            # The cloud's clock may differ: what the last look did not show was launched after it.
            launched = min(max(instance.launched, self._polled), now)
            since = max(self._paid.get(instance.id, launched), self._from)
            until = now if instance.id in self._paid else max(now, launched + BILLING_MINIMUM)
            if until > since:
                spent = (until - since) / _HOUR * instance.price
                self.pending[instance.pool] = self.pending.get(instance.pool, 0.0) + spent
                self._paid[instance.id] = until
        recent = now - _FORGET  # a listing may leave out what it shows again a moment later
        self._paid = {id: until for id, until in self._paid.items() if id in live or until > recent}
        self._polled = now
        if now - self._flushed >= self.every:
            self.flush(now)

    def clock_set(self, seconds: float) -> None:
        """Go on after the clock was set forward, or back if negative: that time costs nothing."""
        self._paid = {id: until + seconds for id, until in self._paid.items()}
        self._polled += seconds if self._polled else 0.0
        self._from += seconds
        self._flushed += seconds
        self._tried += seconds

    def by_pool(self) -> dict[str, float] | None:
        """Return the dollars of this month, by pool; None while they are unknown."""
        if self.unread or self.book is None:
            return None
        pools = {*self.written, *self.pending}
        return {pool: self.written.get(pool, 0.0) + self.pending.get(pool, 0.0) for pool in sorted(pools)}

    def flush(self, now: float) -> None:
        """Write what is pending; what cannot be written stays pending."""
        self._flushed = now
        due = {pool: amount for pool, amount in self.pending.items() if amount > 0}
        if self.book is None or not due or not self.month:
            return
        try:
            self.book.add(self.month, due, now)
        except OSError as error:
            self.unwritten = str(error)
            return
        self.unwritten = ""
        for pool, amount in due.items():
            self.written[pool] = self.written.get(pool, 0.0) + amount
        self.pending = {}

    def _begin(self, now: float) -> None:
        """Begin a month, or the process: what the book has already is the start."""
        if self.book is None:
            return
        self.flush(now)
        self.month, self.pending, self._tried = month_of(now), {}, now
        try:
            dollars, until = self.book.read(self.month)
        except OSError as error:
            self.unread = str(error)
            return
        self.unread = ""
        self.written, self._from = dict(dollars), max(min(until, now), _month_began(now))
