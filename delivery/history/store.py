"""Where events of runs are kept: a table of DynamoDB, or a file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.database import connected
from delivery.dynamodb import make_table
from delivery.history.record import RunEvent, dumps, loads
from delivery.settings.model import NONE

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["APPLICATION_INDEX", "DynamoStore", "HistoryStore", "SqliteStore", "create_table", "open_store"]

APPLICATION_INDEX = "by-application"
"""Index of the table: runs of all clusters of an application."""
_PAGE = 50
"""Events of one answer."""
_SCHEMA = """
create table if not exists events (
    cluster text not null, at text not null, application text not null, kind text not null,
    record text not null, primary key (cluster, at)
);
create index if not exists by_application on events (application, at);
"""


class HistoryStore(Protocol):
    """The records of one account and region. DeliveryError where it cannot be read or written."""

    def append(self, event: RunEvent) -> None:
        """Add an event; one that is there already is left as it is."""
        ...

    def of_cluster(self, cluster: str) -> Iterator[RunEvent]:
        """Yield the events of a cluster, the newest first."""
        ...

    def of_application(self, application: str) -> Iterator[RunEvent]:
        """Yield the events of all clusters of an application, the newest first."""
        ...


def open_store(
    aws: Aws, settings: DeliverySettings, clock: HostClock, sleep: Callable[[float], None] | None = None
) -> HistoryStore | None:
    """Open what `[history]` names; None where records are switched off."""
    if settings.history.file is not None:
        return SqliteStore(Path(settings.history.file), _prefix(aws))
    if settings.history.table == NONE:
        return None
    return DynamoStore(aws, settings.history.table, clock, sleep)


def _prefix(aws: Aws) -> str:
    """Begin of all keys: one file, or a table replicated to other regions, may hold several places."""
    return f"{aws.account_id}:{aws.region}:"


def create_table(client: Any, table: str) -> None:
    """Create the table of records; one that exists already is left as it is."""
    names = ("cluster", "application", "at")
    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=_key("cluster"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": APPLICATION_INDEX,
                    "KeySchema": _key("application"),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
    except client.exceptions.ResourceInUseException:
        return


def _key(name: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]


class DynamoStore:
    """Events as items of a table. The first that is appended makes the table, if it may."""

    def __init__(
        self, aws: Aws, table: str, clock: HostClock, sleep: Callable[[float], None] | None = None
    ) -> None:
        self._aws, self._table, self._clock, self._sleep = aws, table, clock, sleep

    def append(self, event: RunEvent) -> None:
        """Put an item under a key that has none."""
        try:
            self._put(event)
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NotFound:
                raise
            self._create()
            self._put(event)

    def of_cluster(self, cluster: str) -> Iterator[RunEvent]:
        """Query by the key of the table."""
        return self._query("cluster", cluster, {"ConsistentRead": True})

    def of_application(self, application: str) -> Iterator[RunEvent]:
        """Query by the index; what was written less than a second ago may be missing."""
        return self._query("application", application, {"IndexName": APPLICATION_INDEX})

    def _put(self, event: RunEvent) -> None:
        prefix, record = _prefix(self._aws), event.record
        try:
            with asking(f"writing to table {self._table}"):
                self._aws.dynamodb.put_item(
                    TableName=self._table,
                    Item={
                        "cluster": {"S": prefix + record.cluster},
                        "at": {"S": event.at},
                        "application": {"S": prefix + record.application},
                        "kind": {"S": event.kind},
                        "record": {"S": dumps(record)},
                    },
                    ConditionExpression="attribute_not_exists(#at)",
                    ExpressionAttributeNames={"#at": "at"},
                )
        except AwsError as error:
            if error.code != "ConditionalCheckFailedException":
                raise

    def _query(self, name: str, value: str, more: dict[str, Any]) -> Iterator[RunEvent]:
        paginator: Any = self._aws.dynamodb.get_paginator("query")
        try:
            with asking(f"reading table {self._table}"):
                pages = paginator.paginate(
                    TableName=self._table,
                    KeyConditionExpression="#name = :value",
                    ExpressionAttributeNames={"#name": name},
                    ExpressionAttributeValues={":value": {"S": _prefix(self._aws) + value}},
                    ScanIndexForward=False,
                    PaginationConfig={"PageSize": _PAGE},
                    **more,
                )
                for page in pages:
                    for item in page["Items"]:
                        yield from _read(item["kind"]["S"], item["record"]["S"])
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NotFound:
                raise  # without a table there was no run yet

    def _create(self) -> None:
        make_table(
            self._aws,
            self._table,
            create=lambda: create_table(self._aws.dynamodb, self._table),
            purpose="records of runs",
            setting="history",
            clock=self._clock,
            sleep=self._sleep,
        )


class SqliteStore:
    """Events as rows of a file."""

    def __init__(self, file: Path, prefix: str) -> None:
        self._file, self._prefix = file, prefix

    def append(self, event: RunEvent) -> None:
        """Insert a row, unless its key is there."""
        record = event.record
        row = (
            self._prefix + record.cluster,
            event.at,
            self._prefix + record.application,
            event.kind,
            dumps(record),
        )
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
            connection.execute("insert or ignore into events values (?, ?, ?, ?, ?)", row)

    def of_cluster(self, cluster: str) -> Iterator[RunEvent]:
        """Select by cluster."""
        return self._select("cluster", cluster)

    def of_application(self, application: str) -> Iterator[RunEvent]:
        """Select by application."""
        return self._select("application", application)

    def _select(self, name: str, value: str) -> Iterator[RunEvent]:
        if not self._file.exists():
            return
        query = f"select kind, record from events where {name} = ? order by at desc"  # noqa: S608  # two names
        with self._connection() as connection:
            for kind, text in connection.execute(query, (self._prefix + value,)):
                yield from _read(kind, text)

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return connected(self._file, "[history] file")


def _read(kind: str, text: str) -> Iterator[RunEvent]:
    """Give an event; one that cannot be read, as another program has written it, is left out."""
    try:
        yield loads(kind, text)
    except ValueError:
        return
