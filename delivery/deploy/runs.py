"""What the commands do: a deploy, promote, rollback, resume, each from what the tags say, and how it ended.

Whatever goes wrong once the new group is there leads back to the old one. Only a run that lost its lock
does nothing more: another one is at work then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.deploy import begin
from delivery.deploy.extras import Extras, extras_of
from delivery.deploy.machine import Run, drive, is_switched, relax
from delivery.deploy.model import Group, State
from delivery.deploy.plan import Facts
from delivery.deploy.removal import check_room, tidy
from delivery.deploy.retreat import retreat
from delivery.deploy.traffic import traffic_of
from delivery.errors import FAILED, ROLLED_BACK, USAGE, WAITING, DeliveryError, LockedError

if TYPE_CHECKING:
    from delivery.deploy.site import Site

__all__ = ["Ending", "deploy", "promote", "resume", "rollback"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    outcome: str
    """deployed, waiting, rolled back, nothing to do."""
    group: str = ""
    """The group the command was about."""
    previous: str = ""
    image: str = ""
    reason: str = ""
    exit_code: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        words = {
            "deployed": f"{self.group} is active",
            "waiting": f"{self.group} waits: delivery promote or delivery rollback",
            "rolled back": f"{self.group} is rolled back; {self.previous or 'nothing'} is active",
            "nothing to do": "no deploy is under way",
        }
        return words[self.outcome] + (f": {self.reason}" if self.reason else "")


def deploy(site: Site, image: str, strategy: str, change_request: str = "") -> Ending:
    """Deploy an image; goes on with a deploy of the same image that was stopped. DeliveryError."""
    cluster = site.read()
    open_one = cluster.unfinished
    if open_one is None:
        traffic = traffic_of(site)
        intent = begin.intend(site, traffic, image, strategy, change_request)
        check_room(site, cluster, tidy(site, traffic, cluster))  # what an earlier run has left
        return _finish(_run(site, begin.make(site, intent), intent.extras))
    same = open_one.tags.get(tags.IMAGE) == image and open_one.tags.get(tags.STRATEGY) == strategy
    if same and open_one.state is State.deploying:
        site.timeline.say(f"a deploy of {image} was stopped: going on with {open_one.name}")
        return _finish(_run(site, open_one))
    raise DeliveryError(
        f"the deploy of {open_one.tags.get(tags.IMAGE)} as {open_one.name} is not over: {open_one.state}",
        f"delivery {'promote' if open_one.state is State.waiting else 'resume'}, or delivery rollback, first",
        USAGE,
    )


def promote(site: Site) -> Ending:
    """Go on with the canary that waits. DeliveryError if none does."""
    found = site.read().unfinished
    if found is None or found.tags.get(tags.STRATEGY) != "canary" or found.state is State.rolling_back:
        raise DeliveryError(
            f"no canary of {site.cluster} waits", "delivery status tells how things stand", USAGE
        )
    run = _run(site, found)
    run.promoted = True
    return _finish(run)


def resume(site: Site) -> Ending:
    """Go on where a run was stopped. DeliveryError."""
    found = site.read().unfinished
    if found is None:
        return Ending("nothing to do")
    if found.state is State.rolling_back:
        return _back(site, found, found.tags.get(tags.REASON, ""), asked=False)
    if found.state is State.waiting:
        return _undecided(site, found)
    return _finish(_run(site, found))


def rollback(site: Site, to: str | None = None, reason: str = "") -> Ending:
    """Traffic back to the group before, or to one that is named; if it is gone, its image is deployed anew.

    DeliveryError.
    """
    cluster, traffic = site.read(), traffic_of(site)
    taking = [one for one in cluster.alive if traffic.takes(one)]
    new = cluster.unfinished or next(iter(reversed([one for one in taking if one.name != to])), None)
    if to is not None and cluster.get(to) is None:
        raise DeliveryError(f"there is no group {to}", f"delivery status --cluster {site.cluster}", USAGE)
    if new is None and to is not None:  # nothing takes traffic at all
        new = next(one for one in reversed(cluster.alive) if one.name != to)
    if new is None:
        raise DeliveryError(f"no group of {site.cluster} takes traffic", "delivery deploy makes one", USAGE)
    if to is not None and to != new.tags.get(tags.PREVIOUS):
        site.tag(new.name, {tags.PREVIOUS: to})
    new = site.group(new.name)
    previous = new.tags.get(tags.PREVIOUS, "")
    if new.finished and not previous:
        raise DeliveryError(
            f"{new.name} does not say what was before it", "--to GROUP names the group to go back to", USAGE
        )
    if previous and cluster.get(previous) is None:
        return _anew(site, new)
    return _back(site, new, reason, asked=True)


def _run(site: Site, new: Group, extras: Extras | None = None) -> Run:
    """A deploy as its group's tags have it."""
    said = new.tags
    old = site.find(said[tags.PREVIOUS]) if said.get(tags.PREVIOUS) else None
    if extras is None:
        extras = extras_of(site.aws, old) if old else Extras()
    places = [key for key in said if key.startswith((tags.TARGET_GROUP, tags.LOAD_BALANCER))]
    facts = Facts(
        new.name,
        said.get(tags.IMAGE, ""),
        said.get(tags.STRATEGY, "red-black"),
        new.wished.desired,
        site.deploy,
        said.get(tags.PREVIOUS) or None,
        old.size.desired if old else 0,
        tuple(sorted(key.rpartition("/")[2] for key in places)),
        tuple(extras.told()),
    )
    return Run(site, traffic_of(site), facts, extras)


def _finish(run: Run) -> Ending:
    """Do what is left; what goes wrong leads back to the old group, and pins are undone. DeliveryError."""
    facts = run.facts
    try:
        decided = drive(run)
    except LockedError:
        raise
    except DeliveryError as error:
        if _is_switched(run):
            raise _unfinished(run, error) from error
        return _failed(run, error)
    except BaseException:
        _relax(run)
        raise
    if decided:
        _tidy(run)
        return Ending("deployed", facts.group, facts.previous or "", facts.image)
    return Ending("waiting", facts.group, facts.previous or "", facts.image, exit_code=WAITING)


def _tidy(run: Run) -> None:
    """The deploy is done, whatever becomes of old groups: the next one looks at them again."""
    try:
        tidy(run.site, run.traffic, run.site.read())
    except DeliveryError as error:
        run.site.timeline.say(f"old groups of {run.site.cluster} could not be looked at: {error.message}")


def _is_switched(run: Run) -> bool:
    """Tell whether only tidying was left: the old group is out, and the new one serves. Reads its tags."""
    try:
        return is_switched(run)
    except DeliveryError:
        return False


def _unfinished(run: Run, error: DeliveryError) -> DeliveryError:
    """What a failed tidying says: nothing is wrong with what serves, so nothing goes back."""
    return DeliveryError(
        f"{run.facts.group} serves, but its deploy could not be finished: {error.message}",
        f"{error.hint + '; ' if error.hint else ''}delivery resume finishes it",
        FAILED,
    )


def _failed(run: Run, error: DeliveryError) -> Ending:
    site, facts = run.site, run.facts
    site.timeline.say(f"going back: {error.message}")
    try:
        return _back(site, run.new, error.message, asked=False)
    except LockedError:
        raise
    except DeliveryError as second:
        _relax(run)
        raise DeliveryError(
            f"{error.message}; and {facts.group} could not be rolled back: {second.message}",
            f"{second.hint + '; ' if second.hint else ''}delivery resume or delivery rollback goes on",
            FAILED,
        ) from error
    except BaseException:
        _relax(run)
        raise


def _relax(run: Run) -> None:
    """Pins must not outlive a run that ends half-way; what cannot be undone now stands in a tag."""
    try:
        relax(run.site, run.facts.previous, run.facts.group)
    except DeliveryError as error:
        run.site.timeline.say(f"the minimum sizes could not be given back: {error.message}")


def _back(site: Site, new: Group, reason: str, *, asked: bool) -> Ending:
    retreat(site, traffic_of(site), new, reason)
    return Ending(
        "rolled back",
        new.name,
        new.tags.get(tags.PREVIOUS, ""),
        new.tags.get(tags.IMAGE, ""),
        reason,
        0 if asked else ROLLED_BACK,
    )


def _undecided(site: Site, found: Group) -> Ending:
    from datetime import datetime

    until = found.tags.get(tags.DECIDE_BY)
    if until and datetime.fromisoformat(until).timestamp() <= site.clock.now():
        return _back(site, found, f"nobody has decided until {until}", asked=False)
    return _finish(_run(site, found))  # which looks at it, and waits on


def _anew(site: Site, new: Group) -> Ending:
    """The group before is gone: its image becomes the next push, and takes over from this one."""
    image = new.tags.get(tags.PREVIOUS_IMAGE, "")
    if not image:
        raise DeliveryError(
            f"{new.tags[tags.PREVIOUS]} is gone, and nobody knows its image",
            "delivery deploy --image AMI",
            FAILED,
        )
    site.timeline.say(f"{new.tags[tags.PREVIOUS]} is gone: deploying its image {image} anew")
    if new.open:  # it is all there is: whatever it was on the way to, it is what is replaced now
        relax(site, new.name)
        site.tag(new.name, {tags.STATE: State.active, tags.STEP: "done"})
    return deploy(site, image, "red-black", new.tags.get(tags.CHANGE_REQUEST, ""))
