"""State of a running bake: its order, what it has found out, and what every step needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from delivery import tags as words
from delivery.aws import Aws, AwsError, ErrorMeaning
from delivery.bake.base import BaseImage
from delivery.bake.interrupts import Signals
from delivery.bake.request import Order
from delivery.bake.undo import Undo
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.timeline import Timeline, TimelineStep

__all__ = ["BakeContext", "GoneError", "LateError"]

Found = TypeVar("Found")


class LateError(DeliveryError):
    """A wait took too long. What is waited for may still come: nothing is removed."""


class GoneError(DeliveryError):
    """What the bake waited for was deleted, or AWS failed to create it."""


@dataclass
class BakeContext:
    """What is known of a bake so far. The pipeline fills it in before it calls an engine."""

    order: Order
    aws: Aws
    clock: HostClock
    timeline: Timeline
    signals: Signals
    undo: Undo
    bake: str
    """Id of the bake; that of another bake once it was joined."""
    base: BaseImage
    key: str = ""
    name: str = ""
    """The image's name."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the image, its snapshots and its copies."""
    underway: str = ""
    """Id of an instance of this bake that an earlier run, or one running at the same time, has launched."""
    joined: bool = False
    """Whether another bake began it, which may still be at work."""
    continues: bool = False
    """This run continues with an image or instance that another run created."""
    good: bool = False
    """Whether there is an image that is worth going on with."""
    content: bytes | None = None
    """The package, if it is a small file of this host."""

    def join(self, tags: Mapping[str, str]) -> None:
        """Go on with what another run has made, by its tags."""
        self.continues, self.bake = True, tags[words.BAKE]
        self.joined = self.bake != self.order.resume
        self.name = tags.get(words.IMAGE_NAME) or tags.get("Name", self.name)
        same = (words.BAKE, words.CREATED, words.OWNER)
        created = {"creation_time": tags[words.CREATED]} if words.CREATED in tags else {}
        identity = {key: tags[key] for key in same if key in tags}
        self.tags = {**self.tags, **identity, **created, "Name": self.name}

    def temporary_tags(self, purpose: str) -> dict[str, str]:
        """Tags of something that is needed only for the bake."""
        same = (words.BAKE, words.CREATED, words.OWNER, *([words.KEY] if purpose == "bake" else []))
        marks = {key: self.tags[key] for key in same if key in self.tags}
        return {"Name": f"{purpose} {self.name}"[:256], **marks, words.IMAGE_NAME: self.name}

    def specs(self, *kinds: str, purpose: str = "bake") -> list[Any]:
        """`TagSpecifications` of temporary things of these kinds (`instance`, `volume`, `snapshot`)."""
        tags = words.written(self.temporary_tags(purpose))
        return [{"ResourceType": kind, "Tags": tags} for kind in kinds]

    def image_specs(self) -> list[Any]:
        """`TagSpecifications` of the image and its snapshots: `baking` until the whole bake is done."""
        tags = words.written({**self.tags, words.STATE: words.BAKING})
        return [{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")]

    def wait(
        self, step: TimelineStep, awaited: str, poll: Callable[[], Found | None], seconds: float = 0.0
    ) -> Found:
        """Poll until there is an answer. A poll that AWS does not answer counts as no answer yet.

        LateError after `seconds` (the order's timeout unless given); the bake can be resumed.
        """
        limit = seconds or self.order.timeout
        end = self.clock.now() + limit
        while True:
            try:
                answer = poll()
            except AwsError as error:
                if error.meaning not in (ErrorMeaning.Throttled, ErrorMeaning.Unavailable):
                    raise
                step.note(str(error))
                answer = None
            if answer is not None:
                return answer
            if self.clock.now() >= end:
                raise LateError(
                    f"{awaited}: not after {limit / 60:.0f} minutes",
                    f"the same command with --resume {self.bake} goes on waiting",
                )
            self.clock.sleep(min(self.order.poll, max(0.0, end - self.clock.now())))
