"""How many instances a deploy runs at once, and what kept groups cost. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.deploy.model import DeployState

if TYPE_CHECKING:
    from delivery.deploy.model import Cluster, Group
    from delivery.settings import Deploy

__all__ = ["Fleet", "fleet_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The instances of a cluster at the peak of a deploy, and once it is done."""

    running: Mapping[str, int] = field(default_factory=dict)
    """Capacity of the groups there are, by name."""
    new: int = 0
    kept_instances: int = 0
    """Capacity that runs out of traffic for a rollback once the deploy is done."""
    hours: float = 0.0
    """How long that is kept, at most."""
    price: float | None = None
    """Of an instance and hour."""

    @property
    def peak(self) -> int:
        """Capacity that runs at once: nothing is deleted before the new group is active."""
        return sum(self.running.values()) + self.new

    @property
    def kept_hours(self) -> float:
        """Instance-hours of what is kept."""
        return self.kept_instances * self.hours

    @property
    def values(self) -> dict[str, Any]:
        """JSON values of the plan."""
        cost = None if self.price is None else round(self.kept_hours * self.price, 2)
        return {
            "peak_instances": self.peak,
            "kept_instances": self.kept_instances,
            "kept_instance_hours": self.kept_hours,
            "kept_cost": cost,
        }

    def __str__(self) -> str:
        groups = [f"{count} of {name}" for name, count in self.running.items() if count]
        parts = f" ({', '.join([*groups, f'{self.new} new'])})" if groups else ""
        text = f"{self.peak} instances run at the peak{parts}"
        if not self.kept_instances:
            return f"{text}; none is kept once it is done"
        hours = f"{self.kept_hours:g} instance-hours"
        text += f"; once it is done {self.kept_instances} are kept for {self.hours:g} h: {hours}"
        if self.price is None:
            return text
        return f"{text}, {self.kept_hours * self.price:.2f} at {self.price:g} an instance and hour"


def fleet_of(
    cluster: Cluster, previous: Group | None, new: int, settings: Deploy, *, strategy: str, deleted: set[str]
) -> Fleet:
    """Count what runs in a cluster while a group of that size takes over.

    Args:
        cluster: its groups as they are.
        previous: the group that is taken out.
        new: capacity of the new group in full use.
        settings: how the cluster is deployed.
        strategy: the strategy of this deploy.
        deleted: names of the groups that are deleted once it is done.
    """
    running = {group.name: max(group.size.desired, len(group.members)) for group in cluster.alive}
    leaves = settings.traffic == "none" or settings.kept_groups == "empty" or strategy == "highlander"
    kept_instances = sum(
        running[group.name]
        for group in cluster.alive
        if group.name not in deleted and group is not previous and group.state is DeployState.disabled
    )
    if previous is not None and not leaves and previous.name not in deleted:
        kept_instances += running[previous.name]
    return Fleet(
        running=running,
        new=new,
        kept_instances=kept_instances,
        hours=settings.keep_hours,
        price=settings.instance_hour_price,
    )
