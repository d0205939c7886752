"""What a deploy is, read from the tags of its group. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.deploy.plan import Facts
from delivery.provenance import recorded_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from delivery.deploy.model import Group
    from delivery.settings import Deploy

__all__ = ["recorded_facts"]


def recorded_facts(new: Group, old: Group | None, settings: Deploy, extras: Iterable[str] = ()) -> Facts:
    """Give the facts of a deploy that has begun, as `plan.steps` takes them.

    Args:
        new: the group that is deployed.
        old: the group before it; None if there is none any more.
        settings: how the cluster is deployed.
        extras: what hangs on the previous group, in words.
    """
    prefixes = (tags.TARGET_GROUP, tags.LOAD_BALANCER)
    return Facts(
        group=new.name,
        release=recorded_release(new.tags),
        strategy=new.tags.get(tags.STRATEGY, "red-black"),
        capacity=new.wished.desired,
        settings=settings,
        previous=new.tags.get(tags.PREVIOUS) or None,
        old_capacity=old.size.desired if old else 0,
        places=tuple(sorted(key.rpartition("/")[2] for key in new.tags if key.startswith(prefixes))),
        extras=tuple(extras),
        baseline=new.tags.get(tags.BASELINE, ""),
    )
