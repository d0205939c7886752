"""What the commands do: a deploy, promote, rollback, resume, each from the tags, and how it ended.

Whatever goes wrong once the new group is there leads back to the old one. Only a run that lost its lock
does nothing more: another one is at work then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from delivery import tags
from delivery.deploy import preflight
from delivery.deploy.admission import check_tier
from delivery.deploy.attachments import Extras, extras_of
from delivery.deploy.baseline import retire
from delivery.deploy.capacity import CapacityError
from delivery.deploy.model import DeployState, Group
from delivery.deploy.new_group import make
from delivery.deploy.outage import without_traffic
from delivery.deploy.recorded import recorded_facts
from delivery.deploy.removal import check_room, tidy
from delivery.deploy.rollback import as_before, cancel, in_full_use, itself, roll_back, settle_serving
from delivery.deploy.rollback_target import Target, choose, leftover
from delivery.deploy.scaling_policy import with_policy
from delivery.deploy.step_runner import DeployRun, drive, is_switched, relax
from delivery.deploy.traffic import traffic_of
from delivery.errors import FAILED, ROLLED_BACK, USAGE, WAITING, DeliveryError, LockedError
from delivery.provenance import Release, recorded_release

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Cluster
    from delivery.deploy.traffic import Traffic

__all__ = ["CommandOutcome", "Permission", "deploy", "promote", "resume", "rollback", "rollback_target"]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """How a command ended."""

    outcome: str
    """deployed, waiting, rolled back, cancelled, settled, nothing to do; resized, in traffic, out of traffic,
    terminated."""
    group: str = ""
    """The group the command was about."""
    previous: str = ""
    release: Release = field(default_factory=Release)
    """What the image of the group contains; where there is no group, that of the previous one."""
    reason: str = ""
    exit_code: int = 0
    detail: str = ""
    """What a single change has changed, in words."""
    summary: str = ""
    """All of it in words, where there is more than one group."""
    places: tuple[Mapping[str, Any], ...] = ()
    """How each place of the waves ended, as JSON values."""

    @property
    def image(self) -> str:
        """Id of the image."""
        return self.release.image

    def __str__(self) -> str:
        if self.summary:
            return self.summary
        group = f"{self.group} ({self.release})" if str(self.release) else self.group
        words = {
            "deployed": f"{group} is active",
            "waiting": f"{group} waits: delivery promote or delivery rollback",
            "rolled back": f"{group} is rolled back; {self.previous or 'nothing'} is active",
            "cancelled": f"the rollback of {group} is cancelled: {self.group} is active",
            "settled": f"{self.previous} is active",
            "nothing to do": "no deploy is under way",
            "resized": f"{self.group} is resized from {self.detail}",
            "in traffic": f"{self.group} takes traffic",
            "out of traffic": f"{self.group} takes no traffic, and is kept",
            "terminated": f"the instance of {self.group} is replaced",
        }
        return words[self.outcome]


class Permission(Protocol):
    """Whether a deploy is allowed."""

    def check(self) -> None:
        """Raise what policy has against it. PolicyError."""

    def share(self) -> None:
        """Share the image with the account it is to run in. DeliveryError."""


def deploy(
    site: Site,
    image: str,
    strategy: str,
    *,
    permission: Permission | None = None,
    rolled_back: str = "",
) -> CommandOutcome:
    """Deploy an image; goes on with a deploy of the same image that was stopped. DeliveryError.

    `permission` is asked before anything is done. `rolled_back` names the group that is rolled back by it, if
    it is a rollback to a deleted group.
    """
    cluster, traffic = site.read(), traffic_of(site)
    open_one = cluster.unfinished
    if open_one is None:
        with site.timeline.step("check", "policy, image, network, groups of the cluster") as entry:
            intent = preflight.intend(
                site,
                traffic,
                image,
                strategy,
                permit=None if permission is None else permission.check,
                rolled_back=rolled_back,
            )
            for note in (*map(str, intent.differences), *intent.notes, str(intent.fleet)):
                entry.note(note)
            if permission is not None:
                permission.share()
        site.release = intent.release
        site.report_begin("deploy")
        if (group := _leftover(cluster, traffic)) is not None:
            settle_serving(site, traffic, group)
            intent = replace(intent, previous=site.group(group.name))
            cluster = site.read()
        check_room(site, cluster, tidy(site, traffic, cluster))  # what an earlier run has left
        new = make(site, intent)
        return _finish(_run(site, new, intent.extras))
    if permission is not None:
        permission.check()
        permission.share()
    same = open_one.tags.get(tags.IMAGE) == image and open_one.tags.get(tags.STRATEGY) == strategy
    if same and open_one.state is DeployState.deploying:
        site.timeline.say(
            f"a deploy of {recorded_release(open_one.tags)} was stopped: going on with {open_one.name}"
        )
        return _continue(site, open_one)
    way = {
        DeployState.waiting: "delivery promote, or delivery rollback, first",
        DeployState.rolling_back: (
            "delivery resume goes on with its rollback; delivery rollback --cancel keeps it"
        ),
    }
    raise DeliveryError(
        f"the deploy of {recorded_release(open_one.tags)} as {open_one.name} is not over: {open_one.state}",
        way.get(open_one.state, "delivery resume, or delivery rollback, first"),
        USAGE,
    )


def _leftover(cluster: Cluster, traffic: Traffic) -> Group | None:
    return leftover(cluster, [group for group in cluster.alive if traffic.takes(group)])


def promote(site: Site) -> CommandOutcome:
    """Go on with the canary, or the stage of a ramp, that waits. DeliveryError if none does."""
    unfinished = site.read().unfinished
    if unfinished is None or not unfinished.is_decided_on or unfinished.state is DeployState.rolling_back:
        raise DeliveryError(
            f"no canary of {site.cluster} waits", "run delivery status for the current state", USAGE
        )
    return _continue(site, unfinished, promoted=True)


def resume(site: Site) -> CommandOutcome:
    """Go on where a run was stopped. DeliveryError."""
    cluster = site.read()
    unfinished = cluster.unfinished
    if unfinished is None:
        traffic = traffic_of(site)
        group = _leftover(cluster, traffic)
        if group is not None:
            return _settled(site, traffic, group)
        return CommandOutcome("nothing to do", reason=without_traffic(cluster, traffic))
    if unfinished.state is DeployState.rolling_back:
        previous = unfinished.tags.get(tags.PREVIOUS)
        if previous and cluster.get(previous) is None:
            return _anew(site, unfinished)
        return _back(site, unfinished, unfinished.tags.get(tags.REASON, ""), asked=False)
    if unfinished.state is DeployState.waiting:
        return _undecided(site, unfinished)
    return _continue(site, unfinished)


def rollback(
    site: Site, to: str | None = None, reason: str = "", *, cancelling: bool = False
) -> CommandOutcome:
    """Traffic back to the group before, or to one that is named; if it is gone, its image is deployed again.

    `cancelling` gives a rollback under way up: its group stays active. DeliveryError.
    """
    target, traffic = rollback_target(site, to, cancelling=cancelling), traffic_of(site)
    site.report_begin("rollback")
    if target.kind == "settle" or target.leaving is None:
        return _settled(site, traffic, site.group(target.returning))
    if target.kind == "cancel":
        return _cancel(site, target.leaving, target.returning)
    new = target.leaving
    if target.returning != new.tags.get(tags.PREVIOUS, ""):
        site.tag(new.name, {tags.PREVIOUS: target.returning})
        new = site.group(new.name)
    if target.kind == "anew":
        return _anew(site, new)
    if site.trigger.who:
        reason = f"{reason or 'asked for'} (by {site.trigger.who})"
    return _back(site, new, reason, asked=True)


def rollback_target(site: Site, to: str | None = None, *, cancelling: bool = False) -> Target:
    """What a rollback would do now. DeliveryError."""
    cluster, traffic = site.read(), traffic_of(site)
    taking = [group for group in cluster.alive if traffic.takes(group)]
    return choose(cluster, taking, to, cancel=cancelling)


def _settled(site: Site, traffic: Traffic, group: Group) -> CommandOutcome:
    settle_serving(site, traffic, group)
    return CommandOutcome("settled", previous=group.name, release=recorded_release(group.tags))


def _cancel(site: Site, old: Group, new: str) -> CommandOutcome:
    release = recorded_release(site.group(new).tags)
    retire(site, site.group(new), site.timeline.say)
    leaving = cancel(site, site.group(new), old)
    roll_back(site, traffic_of(site), leaving, leaving.tags.get(tags.REASON, ""))
    return CommandOutcome("cancelled", new, old.name, release)


def _run(site: Site, new: Group, extras: Extras | None = None) -> DeployRun:
    """A deploy as its group's tags have it."""
    new_tags = new.tags
    site.about(new)
    if new_tags.get(tags.PREVIOUS) == new.name:
        raise itself(new.name)
    site.ignore_alarms(new_tags.get(tags.IGNORED_ALARMS, "").splitlines())
    old = site.find(new_tags[tags.PREVIOUS]) if new_tags.get(tags.PREVIOUS) else None
    if extras is None:
        extras = with_policy(extras_of(site.aws, old) if old else Extras(), site.deploy)
    facts = recorded_facts(new, old, site.deploy, extras.reported())
    return DeployRun(site, traffic_of(site), facts, new, extras)


def _continue(site: Site, new: Group, *, promoted: bool = False) -> CommandOutcome:
    """Go on with a deploy that an earlier run has begun. PolicyError while another one of its tier runs."""
    run = _run(site, new)
    check_tier(site)
    site.report_begin("promote" if promoted else "resume of a deploy")
    run.promoted = promoted
    return _finish(run)


def _finish(run: DeployRun) -> CommandOutcome:
    """Do what is left; what goes wrong leads back to the old group, and pins are undone. DeliveryError."""
    facts = run.facts
    try:
        decided = drive(run)
    except LockedError:
        raise
    except CapacityError as error:  # the old group must come back, however far this was
        return _failed(run, error)
    except DeliveryError as error:
        if _is_switched(run):
            raise _unfinished(run, error) from error
        return _failed(run, error)
    except BaseException:
        _relax(run)
        raise
    if decided:
        _tidy(run)
        return CommandOutcome("deployed", facts.group, facts.previous or "", facts.release)
    return CommandOutcome("waiting", facts.group, facts.previous or "", facts.release, exit_code=WAITING)


def _tidy(run: DeployRun) -> None:
    """The deploy is done, whatever becomes of old groups: the next one checks them again."""
    try:
        tidy(run.site, run.traffic, run.site.read())
    except DeliveryError as error:
        run.site.timeline.say(f"old groups of {run.site.cluster} could not be checked: {error.message}")


def _is_switched(run: DeployRun) -> bool:
    """Report whether only tidying was left: the old group is out, and the new one serves. Reads its tags."""
    try:
        return is_switched(run)
    except DeliveryError:
        return False


def _unfinished(run: DeployRun, error: DeliveryError) -> DeliveryError:
    """Report a failed tidying: nothing is wrong with what serves, so nothing goes back."""
    return DeliveryError(
        f"{run.facts.group} serves, but its deploy could not be finished: {error.message}",
        f"{error.hint + '; ' if error.hint else ''}delivery resume finishes it",
        FAILED,
    )


def _failed(run: DeployRun, error: DeliveryError) -> CommandOutcome:
    site, facts = run.site, run.facts
    site.evidence.complete = True
    if facts.previous and site.find(facts.group) is None and run.old is None:
        raise _none_left(run) from error
    site.timeline.say(f"going back to {facts.previous or 'no group'}")
    site.report_decision(f"{facts.group} goes back to {facts.previous or 'no group'}: {error.message}")
    try:
        return _back(site, site.find(facts.group) or run.begun, error.message, asked=False)
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


def _none_left(run: DeployRun) -> DeliveryError:
    site, facts = run.site, run.facts
    image = run.begun.tags.get(tags.PREVIOUS_IMAGE)
    return DeliveryError(
        f"{facts.group} and {facts.previous} were deleted: no group of {site.cluster} is left",
        f"delivery deploy --cluster {site.cluster} --image {image or 'AMI'} "
        f"deploys the image of {facts.previous}",
        FAILED,
    )


def _relax(run: DeployRun) -> None:
    """Pins must not outlive a run that ends half-way; what cannot be undone now stands in a tag."""
    try:
        relax(run.site, run.facts.previous, run.facts.group)
    except DeliveryError as error:
        run.site.timeline.say(f"the minimum sizes could not be given back: {error.message}")


def _back(site: Site, new: Group, reason: str, *, asked: bool) -> CommandOutcome:
    site.about(new)
    roll_back(site, traffic_of(site), new, reason)
    return CommandOutcome(
        "rolled back",
        new.name,
        new.tags.get(tags.PREVIOUS, ""),
        recorded_release(new.tags),
        reason,
        0 if asked else ROLLED_BACK,
    )


def _undecided(site: Site, unfinished: Group) -> CommandOutcome:
    from datetime import datetime

    until = unfinished.tags.get(tags.DECIDE_BY)
    if until and datetime.fromisoformat(until).timestamp() <= site.clock.now():
        return _back(site, unfinished, f"no decision was made until {until}", asked=False)
    return _continue(site, unfinished)  # which looks at it, and waits on


def _anew(site: Site, new: Group) -> CommandOutcome:
    """The group before was deleted: its image becomes the next push, and takes over from this one."""
    image = new.tags.get(tags.PREVIOUS_IMAGE, "")
    if not image:
        raise DeliveryError(
            f"{new.tags[tags.PREVIOUS]} was deleted, and no tag of {new.name} says its image",
            f"delivery rollback --cancel keeps {new.name}; delivery deploy --image AMI replaces it",
            FAILED,
        )
    site.timeline.say(f"{new.tags[tags.PREVIOUS]} was deleted: deploying its image {image} anew")
    site.ignore_alarms(site.deploy.alarms)  # what rings is no reason against going back
    as_before(site, new)
    in_full_use(site, new)
    if new.parked:  # it was taken out already, and what took over was deleted: nothing else serves
        settle_serving(site, traffic_of(site), new)
    elif new.open:
        # it is all there is: whatever it was on the way to, it is what is replaced now
        relax(site, new.name)
        retire(site, new, site.timeline.say)
        site.tag(new.name, {tags.STATE: DeployState.active, tags.STEP: "done"})
    site.about(new)
    return deploy(site, image, "red-black", rolled_back=new.name)
