"""What is reported of a deploy, and how it reads. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from delivery.clock import iso
from jobdsl.printable import one_line

__all__ = ["DeployEvent", "EventName"]

EventName = Literal["begin", "decision", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployEvent:
    """The begin of a run, a decision in it, or its end."""

    event: EventName
    text: str
    """What happened, in words."""
    application: str
    cluster: str
    account: str
    """Its name in the settings."""
    region: str
    release: str = ""
    outcome: str = ""
    """Of an end: deployed, waiting, rolled back, failed ..."""
    user: str = ""
    change_request: str = ""
    build_url: str = ""
    at: float = 0.0
    """Seconds since the epoch."""
    begun: float = 0.0
    """When the run began."""

    @property
    def title(self) -> str:
        """All of it in a line."""
        parts = [f"{self.cluster} in {self.account}, {self.region}: {self.text}"]
        parts += [f"by {self.user}"] if self.user else []
        parts += [self.change_request] if self.change_request else []
        return one_line(", ".join(parts))

    @property
    def values(self) -> dict[str, str]:
        """JSON values."""
        values = asdict(self) | {"at": iso(self.at), "begun": iso(self.begun), "title": self.title}
        return {key: str(value) for key, value in values.items()}
