"""One active manager: a lease in DynamoDB that is renewed before every act, or none at all.

The record holds owner, expiry and a fence: a number that grows with every change of owner. A
manager acts only while a conditional write on owner and fence succeeds; once another has taken
over, no write of the old one does. No two hosts' clocks are compared: an owner that gets no answer
stops `SKEW` seconds before the lease's duration is over since it asked to renew it, and another
takes over only once it has seen the record unchanged for a whole duration, each by its own
monotonic clock. The expiry in the record is for people.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from jobdsl.aws.errors import AwsFailure, ErrorMeaning, failure_of
from jobdsl.errors import JobdslError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["SKEW", "DynamoLease", "Lease", "LeaseError", "NoLease"]

DURATION = 60.0
"""Seconds a lease is good for without being renewed."""
SKEW = 5.0
"""Seconds before its end an owner no longer acts without an answer: a call may take as long."""
_LATER = ("LimitExceeded", "TransactionConflict")
"""Beginnings of codes of DynamoDB that mean: try again, next to throttling and outages. All others are
refusals, which time does not change."""


class LeaseError(JobdslError):
    """The table refuses: asking again is of no use."""


class Lease(Protocol):
    """The right to act as the manager of one name."""

    @property
    def unanswered(self) -> str:
        """Why the last request got no answer; empty if it got one."""
        ...

    def acquire(self) -> bool:
        """Take or renew it; False while another holds it, or where there is no answer. LeaseError."""
        ...

    def may_act(self) -> bool:
        """Return whether it is still ours, asked anew right before an act. LeaseError."""
        ...

    def holder(self) -> str:
        """Return the owner, as far as this process has seen; empty without one."""
        ...

    def release(self) -> None:
        """Give it back, so that another need not wait."""
        ...


class NoLease:
    """Every manager may act: for one that is never started twice."""

    unanswered = ""

    def acquire(self) -> bool:
        """Always."""
        return True

    def may_act(self) -> bool:
        """Always."""
        return True

    def holder(self) -> str:
        """No owner."""
        return ""

    def release(self) -> None:
        """Nothing to give back."""


@dataclass(slots=True)
class _Held:
    fence: int
    until: float
    """By our monotonic clock."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record of another owner, and since when it has stood unchanged, by our monotonic clock."""

    record: dict[str, Any]
    since: float


class DynamoLease:
    """A lease as one item of a DynamoDB table whose key is `name` (a string).

    `owner` names this process for people and must be unique, e.g. host and process id. No answer
    counts as "not ours" once the time we know we have is over; until then no other process can act.
    What AWS refuses is a `LeaseError` at once.
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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._table = table
        self._key: dict[str, Any] = {"name": {"S": f"lease:{name}"}}
        self._owner = owner
        self._duration = duration
        self._clock = clock
        self._monotonic = monotonic
        self._held: _Held | None = None
        self._seen: _Seen | None = None
        self._holder = ""
        self._unanswered = ""

    @property
    def fence(self) -> int:
        """The number of our turn; 0 while the lease is not ours."""
        return self._held.fence if self._held else 0

    @property
    def unanswered(self) -> str:
        """Why the last request got no answer; empty if it got one."""
        return self._unanswered

    def holder(self) -> str:
        """Return the owner, as far as this process has seen."""
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
        return self._monotonic() < held.until - SKEW  # no answer: it is ours until it expires

    def seize(self) -> bool:
        """Take it from any owner, which finds that out at its next renewal. LeaseError."""
        return self._change_owner("", {})

    def release(self) -> None:
        """Let it expire now; an error does no harm, it expires by itself."""
        held, self._held = self._held, None
        if held is None:
            return
        try:
            self._write(
                "SET expires_at = :zero",
                "#owner = :me AND fence = :fence",
                {":zero": _number(0), ":me": {"S": self._owner}, ":fence": _number(held.fence)},
            )
        except LeaseError:
            return

    def waits(self) -> float:
        """Seconds until it may be taken if its owner does not renew it, as far as this process has seen."""
        if self._seen is None:
            return self._duration
        return max(0.0, self._seen.since + self._duration - self._monotonic())

    def _take(self) -> bool:
        """Take one that was given back, or that stood unchanged for a whole duration."""
        seen = self._seen
        if seen is not None and self._monotonic() >= seen.since + self._duration:
            values = {f":{key}": seen.record[key] for key in ("owner", "fence", "expires_at")}
            same = "#owner = :owner AND fence = :fence AND expires_at = :expires_at"
            return self._change_owner(f"({same}) OR expires_at = :zero", values)
        return self._change_owner("attribute_not_exists(expires_at) OR expires_at = :zero", {})

    def _change_owner(self, condition: str, values: dict[str, Any]) -> bool:
        requested_at = self._monotonic()
        answer = self._write(
            "SET #owner = :me, expires_at = :expires, fence = if_not_exists(fence, :zero) + :one",
            condition,
            {
                ":me": {"S": self._owner},
                ":expires": _number(self._clock() + self._duration),
                ":zero": _number(0),
                ":one": _number(1),
                **values,
            },
        )
        if answer:
            self._held, self._seen = _Held(int(answer["fence"]["N"]), requested_at + self._duration), None
        return bool(answer)

    def _renew(self, held: _Held) -> bool:
        requested_at = self._monotonic()
        answer = self._write(
            "SET expires_at = :expires",
            "#owner = :me AND fence = :fence",
            {
                ":me": {"S": self._owner},
                ":fence": _number(held.fence),
                ":expires": _number(self._clock() + self._duration),
            },
        )
        if answer is None:
            return False
        if not answer:
            self._held = None
            return False
        held.until = requested_at + self._duration
        return True

    def _write(self, change: str, condition: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """Return the item after the change; empty if the condition did not hold, None without an answer."""
        more: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        self._unanswered = ""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=change,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **more,
            )
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            if failure.code == "ConditionalCheckFailedException":
                self._note(getattr(error, "response", {}).get("Item", {}))
                return {}
            self._unanswered = self._refused(failure, error)
            return None
        self._holder = self._owner
        return dict(answer["Attributes"])

    def _note(self, record: dict[str, Any]) -> None:
        """Remember the record of another owner, and since when it has been as it is."""
        self._holder = record.get("owner", {}).get("S", "another manager")
        if self._seen is None or self._seen.record != record:
            self._seen = _Seen(record, self._monotonic()) if record else None

    def _refused(self, failure: AwsFailure, error: Exception) -> str:
        """Return why there is no answer. LeaseError for what no later request changes."""
        if failure.kind != "refused":
            return failure.text
        text = f"{failure.code}: {failure.text}"
        later = failure.meaning in (ErrorMeaning.Throttled, ErrorMeaning.Unavailable)
        if later or failure.status >= 500 or failure.code.startswith(_LATER):
            return text
        raise LeaseError(
            f"the lease in table {self._table!r} cannot be written: {text}",
            hint=_hint(failure.code, self._table),
        ) from error


def _hint(code: str, table: str) -> str:
    if code == "ResourceNotFoundException":
        return f"the table {table!r} does not exist; a start with permission to create it does so"
    if "Signature" in code or "Expired" in code:
        return "the clock of this host may be wrong (date -u), or the credentials have expired"
    return "dynamodb:UpdateItem on the table, and the use of its KMS key, must be allowed"


def _number(value: float) -> dict[str, str]:
    return {"N": repr(value)}
