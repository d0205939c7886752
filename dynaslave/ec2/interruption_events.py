"""Events of EventBridge about instances: which are to be taken away soon, which are ending. Parsing is pure.

The queue gets the events of every instance in the account and region: a rule cannot filter by tags.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["InterruptionQueue", "Notice", "parse"]

log = logging.getLogger(__name__)

_MOST_RECEIVED = 10
_MOST_CALLS = 20
"""Messages a call gives, and calls of one poll: the rest waits for the next."""
_ENDING = ("shutting-down", "terminated")


@dataclass(frozen=True, slots=True)
class Notice:
    """An event about one instance."""

    instance: str
    """Empty for an event that is about something else."""
    doomed: str = ""
    """Why it will be taken away; empty if it will not."""
    certain: bool = False
    """Interrupted in two minutes, and not only likely to be."""
    ending: bool = False
    """It is being terminated, or has been."""


def parse(body: str) -> Notice:
    """Parse a message. ValueError if it is no event of EventBridge."""
    try:
        event = json.loads(body)
        detail, kind, when = event["detail"], event["detail-type"], str(event["time"])[:40]
        instance = detail.get("instance-id")
    except (AttributeError, KeyError, TypeError, RecursionError):
        raise ValueError("no event of EventBridge") from None
    if not isinstance(instance, str):
        return Notice("")
    if kind == "EC2 Spot Instance Interruption Warning":
        action = str(detail.get("instance-action", "terminate"))[:40]
        return Notice(instance, f"spot interruption ({action}) announced at {when}", certain=True)
    if kind == "EC2 Instance Rebalance Recommendation":
        return Notice(instance, f"spot interruption is likely (rebalance recommendation at {when})")
    if kind == "EC2 Instance State-change Notification" and detail.get("state") in _ENDING:
        return Notice(instance, ending=True)
    return Notice(instance)


class InterruptionQueue:
    """The queue at `url`."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def receive(self, handle: Callable[[list[Notice]], None]) -> None:
        """Hand over what waits in the queue; then, and only then, delete it. Waits for nothing.

        What `handle` could not do comes again: the queue shows messages that were not deleted once more.
        What is no event stays in the queue: it may be meant for another reader.
        """
        for _ in range(_MOST_CALLS):
            with asking("receiving notices"):
                answer = self._clients.sqs.receive_message(
                    QueueUrl=self._url, MaxNumberOfMessages=_MOST_RECEIVED, WaitTimeSeconds=0
                )
            messages = answer.get("Messages", [])
            read = [(message, event) for message in messages if (event := _read(message))]
            handle([event for _, event in read])
            self._delete([message for message, _ in read])
            if not messages:
                return

    def check(self) -> None:
        """Whether the queue is there and may be used; ProviderError if not."""
        with asking(f"looking at the queue of notices {self._url}"):
            self._clients.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])

    def _delete(self, messages: Iterable[MessageTypeDef]) -> None:
        entries: list[Any] = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        if entries:
            with asking("deleting notices"):
                self._clients.sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


def _read(message: MessageTypeDef) -> Notice | None:
    body = message.get("Body", "")
    try:
        return parse(body)
    except (ValueError, RecursionError):
        log.warning("a message in the queue of notices is no event, and is left there: %.200s", body)
        return None
