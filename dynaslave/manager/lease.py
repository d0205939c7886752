"""One active manager: a lease in DynamoDB that is renewed before every act, or none at all.

The record holds owner, expiry and a fence: a number that grows with every change of owner. A
manager acts only while a conditional write on owner and fence succeeds; once another has taken
over, no write of the old one does. Clocks of two hosts may differ by `SKEW` seconds: the owner
stops that much before the expiry, another begins that much after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["SKEW", "DynamoLease", "Lease", "NoLease", "create_table", "ensure_table"]

DURATION = 60.0
"""Seconds a lease is good for without being renewed."""
SKEW = 5.0
"""Seconds two hosts' clocks may differ."""


class Lease(Protocol):
    """The right to act as the manager of one name."""

    def acquire(self) -> bool:
        """Take or renew it; False while another holds it, or where nobody can tell."""
        ...

    def may_act(self) -> bool:
        """Whether it is still ours, asked anew right before an act."""
        ...

    def holder(self) -> str:
        """Who holds it, as far as this process has seen; empty if nobody."""
        ...

    def release(self) -> None:
        """Give it back, so that another need not wait."""
        ...


class NoLease:
    """Every manager may act: for one that nobody starts twice."""

    def acquire(self) -> bool:
        """Always."""
        return True

    def may_act(self) -> bool:
        """Always."""
        return True

    def holder(self) -> str:
        """Nobody in particular."""
        return ""

    def release(self) -> None:
        """Nothing to give back."""


@dataclass(slots=True)
class _Held:
    fence: int
    expires: float


class DynamoLease:
    """A lease as one item of a DynamoDB table whose key is `name` (a string).

    `owner` names this process for people and must be unique, e.g. host and process id. AWS errors
    count as "not ours" once the time we know we have is over; until then nobody else can act.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        name: str,
        owner: str,
        *,
        duration: float = DURATION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = table
        self._key: dict[str, Any] = {"name": {"S": f"lease:{name}"}}
        self._owner = owner
        self._duration = duration
        self._clock = clock
        self._held: _Held | None = None
        self._holder = ""

    @property
    def fence(self) -> int:
        """The number of our turn; 0 while the lease is not ours."""
        return self._held.fence if self._held else 0

    def holder(self) -> str:
        """Who holds it, as far as this process has seen."""
        return self._holder

    def acquire(self) -> bool:
        """Take or renew it."""
        return self.may_act() if self._held else self._take()

    def may_act(self) -> bool:
        """Renew it: one conditional write, which fails for good once another has taken over."""
        held = self._held
        if held is None:
            return False
        if self._renew(held):
            return True
        if self._held is None:
            return False
        return self._clock() < held.expires - SKEW  # nobody answered: it is ours until it expires

    def release(self) -> None:
        """Let it expire now; an error does no harm, it expires by itself."""
        if self._held is not None:
            self._write(
                "SET expires_at = :zero",
                "#owner = :me AND fence = :fence",
                {":zero": _number(0), ":me": {"S": self._owner}, ":fence": _number(self._held.fence)},
            )
            self._held = None

    def _take(self) -> bool:
        now = self._clock()
        found = self._write(
            "SET #owner = :me, expires_at = :expires, fence = if_not_exists(fence, :zero) + :one",
            "attribute_not_exists(expires_at) OR expires_at < :over",
            {
                ":me": {"S": self._owner},
                ":expires": _number(now + self._duration),
                ":over": _number(now - SKEW),
                ":zero": _number(0),
                ":one": _number(1),
            },
        )
        if found:
            self._held = _Held(int(found["fence"]["N"]), now + self._duration)
        return found is not None and bool(found)

    def _renew(self, held: _Held) -> bool:
        now = self._clock()
        found = self._write(
            "SET expires_at = :expires",
            "#owner = :me AND fence = :fence",
            {
                ":me": {"S": self._owner},
                ":fence": _number(held.fence),
                ":expires": _number(now + self._duration),
            },
        )
        if found is None:
            return False
        if not found:
            self._held = None
            return False
        held.expires = now + self._duration
        return True

    def _write(self, change: str, condition: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """The item after the change; empty if the condition did not hold, None if nobody answered."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                return None
            item: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
            self._holder = item.get("owner", {}).get("S", "another manager")
            return {}
        except BotoCoreError:
            return None
        self._holder = self._owner
        return dict(answer["Attributes"])


def _number(value: float) -> dict[str, str]:
    return {"N": repr(value)}


def create_table(client: DynamoDBClient, table: str) -> None:
    """Create the table leases (and the month's costs) live in; one that is there already will do."""
    try:
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        return


def ensure_table(client: DynamoDBClient, table: str) -> None:
    """Create the table if it is not there. JobdslError if it cannot be had."""
    from botocore.exceptions import BotoCoreError, ClientError

    from jobdsl.errors import JobdslError

    try:
        try:
            client.describe_table(TableName=table)
        except client.exceptions.ResourceNotFoundException:
            create_table(client, table)
            client.get_waiter("table_exists").wait(TableName=table)
    except (BotoCoreError, ClientError) as error:
        raise JobdslError(
            f"the table {table!r} for the lease cannot be had: {error}",
            hint="it has one key: name, a string; the manager reads and updates its items",
        ) from error
