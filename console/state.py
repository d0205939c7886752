"""What all requests share: settings, store, security and steering, behind one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request  # FastAPI reads this annotation

from .links import Links

if TYPE_CHECKING:
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

    from .security.database import Database
    from .store import Store

__all__ = ["Console", "console_of"]


@dataclass(frozen=True)
class Console:
    """What all requests share."""

    settings: DeliverySettings
    store: Store
    clock: HostClock
    links: Links
    database: Database

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.now()

    def freshness(self) -> dict[str, Any]:
        """Give the age of what is shown."""
        from .views import freshness

        return freshness(self.store.snapshot, self.now, self.settings.console.refresh_seconds)


def console_of(request: Request) -> Console:
    """Give what all requests share."""
    console: Console = request.app.state.console
    return console
