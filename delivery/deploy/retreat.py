"""Traffic back to the old group, whatever has happened: first that one serves, only then the new one goes.

A deploy that was not done leaves its group without instances, for people to read why; one that was done once
is kept as it is, frozen, for the way forward again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.deploy import capacity
from delivery.deploy.machine import relax
from delivery.deploy.model import Group, State
from delivery.deploy.park import park, settle, take_back

if TYPE_CHECKING:
    from delivery.deploy.site import Site
    from delivery.deploy.traffic import Traffic

__all__ = ["retreat", "steps"]


def steps(old: str | None, new: str, *, finished: bool, back: bool) -> list[tuple[str, str]]:
    """What a rollback does, as names and words. `back`: whether the old group must first be given traffic."""
    said = [("mark", f"{new} is rolled back")]
    if old and back:
        said.append(("back", f"{old} takes its traffic again, and serves"))
    fate = "kept, frozen" if finished else "left without instances"
    stays = f"{old} serves; " if old else ""
    said.append(("out", f"{stays}{new} out of traffic, {fate}"))
    said.append(("unpin", f"{f'{old} and ' if old else ''}{new} may shrink again"))
    said.append(("settle", f"{old or 'nothing'} is active"))
    return said


def retreat(site: Site, traffic: Traffic, new: Group, reason: str) -> None:
    """Roll a group back, or go on with it where an earlier run has begun. May be done again.

    DeliveryError if the old group does not come back, or is too small: then both stay in traffic.
    """
    name = new.tags.get(tags.PREVIOUS) or None
    old = site.group(name) if name else None
    back = old is not None and (old.parked or not traffic.takes(old))
    texts = dict(steps(name, new.name, finished=new.finished, back=back))
    with site.timeline.step("mark", texts["mark"] + (f": {reason}" if reason else "")):
        if new.state is not State.rolling_back:
            site.tag(new.name, {tags.STATE: State.rolling_back, tags.REASON: reason or "asked for"})
    if old is not None and back:
        with site.timeline.step("back", texts["back"]) as told:
            _pin(site, new)
            take_back(site, traffic, old, _needed(old, new), told.note)
    with site.timeline.step("out", texts["out"]):
        _out(site, traffic, old, site.group(new.name))
    with site.timeline.step("unpin", texts["unpin"]):
        relax(site, name, new.name)
    with site.timeline.step("settle", texts["settle"]):
        _settle(site, old, new)


def _pin(site: Site, new: Group) -> None:
    """The new group keeps its size while the old one takes its traffic again."""
    if new.size.desired:
        capacity.pin(site, new)


def _needed(old: Group, new: Group) -> int:
    """The old group must be as large as it was, and as the new one has become if that is in full use."""
    return max(old.wished.desired, new.size.desired if new.finished else 0, 1)


def _out(site: Site, traffic: Traffic, old: Group | None, new: Group) -> None:
    if old is not None and traffic.takes(new):
        capacity.guard(site, new.name, old.name, balancers=traffic.switches)
    park(site, traffic, new, keep=new.finished)


def _settle(site: Site, old: Group | None, new: Group) -> None:
    """The new group's state is written last: until then any run goes on with the rollback."""
    if old is not None:
        settle(site, old.name)
        site.tag(old.name, {tags.STATE: State.active})
    site.untag(new.name, [tags.DECIDE_BY])
    site.tag(new.name, {tags.STATE: State.disabled if new.finished else State.failed})
