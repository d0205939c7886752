"""A deploy before anything is done, as a value: `preflight.py` makes it, `new_group.py` carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery.deploy.attachments import Extras
from delivery.deploy.fleet import Fleet
from delivery.deploy.launch_changes import LaunchDifference
from delivery.deploy.model import Cluster, Group, Size
from delivery.deploy.template import LaunchSource
from delivery.provenance import Release

__all__ = ["Intent"]


@dataclass(frozen=True, slots=True)
class Intent:
    """A deploy that nothing was done for yet."""

    cluster: Cluster
    group: str
    image: str
    strategy: str
    size: Size
    launch: LaunchSource
    previous: Group | None
    places: Mapping[str, str]
    """Tags of what the group will take traffic from."""
    settings: Mapping[str, Any]
    """Arguments of CreateAutoScalingGroup beside those."""
    extras: Extras = field(default_factory=Extras)
    release: Release = field(default_factory=Release)
    """What the image contains."""
    notes: tuple[str, ...] = ()
    """What is lost or other than in the settings, in words."""
    differences: tuple[LaunchDifference, ...] = ()
    """What the settings change of the previous group."""
    before: LaunchSource | None = None
    """What the previous group launches."""
    rolled_back: str = ""
    """The group that is rolled back by it, if it is a rollback to a deleted group."""
    fleet: Fleet = field(default_factory=Fleet)
    """The instances that run at the peak, and those that are kept."""
    is_judged: bool = False
    """Whether it is a canary or a ramp whose metrics are compared with those of a baseline."""
