"""The steps of a rollback before it is done, as names and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.deploy.new_group import facts_of
from delivery.deploy.plan import after, before, steps
from delivery.deploy.preflight import intend
from delivery.deploy.rollback import as_before
from delivery.deploy.rollback import steps as rollback_steps

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.rollback_target import Target
    from delivery.deploy.traffic import Traffic

__all__ = ["planned"]


def planned(site: Site, traffic: Traffic, target: Target) -> list[tuple[str, str]]:
    """Every step of this rollback, read from the cluster as it is now. DeliveryError."""
    leaving = target.leaving
    lock = ("lock", "one deploy at a time in this cluster; a deploy that runs is stopped")
    if target.kind == "anew" and leaving is not None:
        image = leaving.tags.get(tags.PREVIOUS_IMAGE, "")
        as_before(site, leaving)
        intent = intend(site, traffic, image, "red-black", rolled_back=leaving.name)
        facts = facts_of(site, intent)
        gone = ("anew", f"{target.returning} was deleted: its image {image} is deployed again")
        later = [(step.name, step.text) for step in steps(facts)]
        return [lock, gone, *before(facts)[1:], *later, *after(facts)]
    old = site.find(target.returning) if target.returning else None
    back = old is not None and (old.parked or not traffic.takes(old))
    name = leaving.name if leaving else None
    finished = target.kind == "cancel" or leaving is None or leaving.finished
    return [lock, *rollback_steps(target.returning or None, name, finished=finished, back=back)]
