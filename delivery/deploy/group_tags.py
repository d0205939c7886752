"""The tags of a group that a deploy makes: what any later run reads of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy.model import State

if TYPE_CHECKING:
    from delivery.deploy.intent import Intent
    from delivery.deploy.site import Site

__all__ = ["recorded_in", "tags_of"]


def tags_of(site: Site, intent: Intent, deploy: str) -> dict[str, str]:
    """Give the tags a group is created with; `deploy` is the id of the deploy. Empty ones are left out."""
    said = {
        tags.DEPLOY: deploy,
        tags.STATE: str(State.deploying),
        tags.STEP: "group",
        tags.STRATEGY: intent.strategy,
        tags.SIZE: str(intent.size),
        tags.PIN: str(intent.size.min),
        tags.IMAGE: intent.image,
        tags.CHANGE_REQUEST: intent.change_request,
        tags.BEGUN: iso(site.clock.now()),
        tags.IGNORED_ALARMS: "\n".join(site.ignored_alarms),
        **intent.places,
    }
    if intent.previous:
        said |= {tags.PREVIOUS: intent.previous.name, tags.PREVIOUS_IMAGE: intent.previous_image}
    return {key: value for key, value in said.items() if value}


def recorded_in(tagged: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """ARNs of the target groups, and names of the classic load balancers, in these tags."""
    arns = [value for key, value in tagged.items() if key.startswith(tags.TARGET_GROUP)]
    names = [key for key in tagged if key.startswith(tags.LOAD_BALANCER)]
    return sorted(arns), sorted(one.removeprefix(tags.LOAD_BALANCER) for one in names)
