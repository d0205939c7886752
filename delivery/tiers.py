"""One deploy at a time among the services of a tier: a lease next to the lock of the cluster.

The lease is one more lock of the table of `[lock]`, in the account and region that is deployed to. A run that
was killed leaves it behind; it expires as that of a cluster does. While it is held a deploy of the tier is
refused, reported together with all other reasons, and overridden by a change request.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from delivery.errors import LockedError
from delivery.lock import Lock, holder, sleep_renewing
from delivery.settings.model import NONE

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["TierLock", "lease_name", "tier_holder"]


def lease_name(tier: str) -> str:
    """Name the lease of a tier, as locks are named; no cluster has such a name."""
    return f"tier {tier}"


def tier_holder(aws: Aws, settings: DeliverySettings, tier: str, now: float) -> str:
    """Return the run that deploys a service of a tier; empty if there is none. AwsError."""
    if settings.lock.table == NONE:
        return ""
    owner = holder(aws, settings.lock.table, lease_name(tier))
    return owner.owner if owner is not None and owner.expires > now else ""


class TierLock:
    """The lock of a cluster, and the lease of its tier unless another run has it."""

    def __init__(self, cluster: Lock, tier: Lock, clock: HostClock) -> None:
        self._cluster, self._tier, self._clock = cluster, tier, clock
        self._is_held = False
        self.refusal = ""
        """Why the tier does not allow a deploy; empty if it does."""

    @property
    def fence(self) -> int:
        """The fencing token of the lock of the cluster."""
        return self._cluster.fence

    def check(self) -> None:
        """Renew both. LockedError."""
        self._cluster.check()
        if self._is_held:
            self._tier.check()

    def sleep(self, seconds: float) -> None:
        """Wait without losing them. LockedError."""
        sleep_renewing(self._clock, self.check, seconds)

    def __enter__(self) -> TierLock:
        self._cluster.__enter__()
        try:
            self._tier.__enter__()
            self._is_held = True
        except LockedError as error:
            self.refusal = error.message
        except BaseException as error:
            self._cluster.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_held:
            self._tier.__exit__(kind, error, trace)
        self._cluster.__exit__(kind, error, trace)
