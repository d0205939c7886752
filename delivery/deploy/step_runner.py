"""Does the steps of a deploy that are left, one after the other, each written down once it is done."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy import baseline, capacity
from delivery.deploy.attachments import Extras, copy
from delivery.deploy.canary_analysis import analyse, recorded_action
from delivery.deploy.metric_names import renames, target_group_label
from delivery.deploy.model import NEVER_COPIED, DeployState, Group
from delivery.deploy.park import park, shrink
from delivery.deploy.plan import DeployStep, Facts, Verb, borne, left, steps
from delivery.deploy.removal import remove
from delivery.deploy.retry import retried
from delivery.deploy.traffic import recorded
from delivery.errors import DeliveryError, LockedError
from delivery.health import InTraffic

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.traffic import Traffic
    from delivery.timeline import TimelineStep

__all__ = ["DeployRun", "drive", "is_switched", "relax"]


@dataclass
class DeployRun:
    """One deploy, from the moment its group exists."""

    site: Site
    traffic: Traffic
    facts: Facts
    begun: Group
    """The new group as it was when this run began."""
    extras: Extras = field(default_factory=Extras)
    """What hangs on the previous group."""
    boot_seconds: float = 0.0
    """How long instances took at least to become healthy, as far as this run has seen it."""
    promoted: bool = False
    """Whether the next decision, about a canary or a stage of a ramp, is made."""

    @property
    def new(self) -> Group:
        """The new group as it is now. DeliveryError."""
        return self.site.group(self.facts.group)

    @property
    def old(self) -> Group | None:
        """The previous group as it is now; None if there is none any more."""
        return self.site.find(self.facts.previous) if self.facts.previous else None


def drive(run: DeployRun) -> bool:
    """Do the steps that are left; False if a user has to decide first. DeliveryError, LockedError."""
    every = steps(run.facts)
    done = run.new.tags.get(tags.STEP, "")
    todo = left(every, done)
    for step in every:
        if step in todo or (step.verb == "pin" and _both(run)):
            with run.site.timeline.step(step.name, step.text) as entry:
                retried(run.site, lambda: _VERBS[step.verb](run, step, entry), entry.note)  # noqa: B023
            if step.verb == "decide":
                if not run.promoted:
                    return False
                run.promoted = False  # the next stage is judged for itself
            if step in todo and step.verb not in _OWN:
                new_tags = {tags.STEP: step.name}
                if run.boot_seconds >= 1:
                    new_tags[tags.BOOT_SECONDS] = f"{run.boot_seconds:.0f}"
                retried(run.site, lambda: run.site.tag(run.facts.group, new_tags), run.site.timeline.say)  # noqa: B023
        else:
            run.site.timeline.already(step.name, step.text)
    return True


def is_switched(run: DeployRun) -> bool:
    """Report whether the old group is out of traffic and only tidying is left. DeliveryError."""
    every = [step.verb for step in left(steps(run.facts), run.new.tags.get(tags.STEP, ""))]
    return {*every} <= {"shrink", "remove", "unpin", "done"}


def _both(run: DeployRun) -> bool:
    """Whether the previous group still takes traffic: then a run that was stopped has undone its pin."""
    old = run.old
    return old is not None and tags.PIN not in old.tags and (not old.parked or run.traffic.takes(old))


def relax(site: Site, *names: str | None) -> None:
    """Undo the pins of these groups. AwsError."""
    for name in names:
        if name:
            capacity.unpin(site, name)


def _copy(run: DeployRun, _: DeployStep, entry: TimelineStep) -> None:
    site, old = run.site, run.old
    if old is None:
        for lost in copy(site, run.extras, "", run.facts.group, {}):
            entry.note(lost)
        return
    arns, classic = recorded(run.new)
    names = renames(site.aws, old, run.facts.group, arns, classic)
    not_copied = [target_group_label(arn) for arn in old.target_groups if arn not in arns]
    not_copied += [name for name in old.load_balancers if name not in classic]
    for lost in copy(site, run.extras, old.name, run.facts.group, names, not_copied):
        entry.note(lost)
    theirs = sorted(old.own_suspended)
    if copied := [process for process in theirs if process not in NEVER_COPIED]:
        with site.changing(f"suspending {', '.join(copied)} on {run.facts.group}"):
            site.aws.autoscaling.suspend_processes(
                AutoScalingGroupName=run.facts.group, ScalingProcesses=copied
            )
    if not_kept := [process for process in theirs if process in NEVER_COPIED]:
        entry.note(f"{', '.join(not_kept)} suspended on {old.name}, and not on the new group")


def _pin(run: DeployRun, _: DeployStep, __: TimelineStep) -> None:
    for group in (run.old, run.new):
        if group is not None and group.size.desired:  # the new one only if an earlier run has let it go
            capacity.pin(run.site, group)


def _join(run: DeployRun, _: DeployStep, __: TimelineStep) -> None:
    run.traffic.join(run.new, run.site.read())


def _grow(run: DeployRun, step: DeployStep, _: TimelineStep) -> None:
    capacity.grow(run.site, run.new, step.capacity)


def _healthy(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    in_traffic = step.serving > 0 or not run.traffic.switches
    proven = InTraffic(step.serving, step.serving) if in_traffic else None
    _wait(run, step.capacity, entry, balancers=run.traffic.joins, traffic=proven)


def _wait(
    run: DeployRun, wished: int, entry: TimelineStep, *, balancers: bool, traffic: InTraffic | None
) -> None:
    if traffic is not None:
        traffic = InTraffic(_instances(run, traffic.serving), _instances(run, traffic.ready))
    seconds = capacity.healthy(
        run.site, run.facts.group, _instances(run, wished), entry.note, balancers=balancers, traffic=traffic
    )
    run.boot_seconds = max(run.boot_seconds, seconds)


def _instances(run: DeployRun, wished: int) -> int:
    """How many instances make this capacity, as in the previous group."""
    old = run.old if wished else None
    return old.instances(wished) if old else wished


def _traffic(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    """Give traffic; by weights no more than the healthy instances bear, as others have the rest."""
    share = step.share
    if run.traffic.joins and (old := run.old) is not None:
        need = _instances(run, max(run.facts.capacity, old.size.desired))
        healthy, why = _behind(run, math.ceil(share * need / 100))
        share = borne(share, healthy, need)
        if not share:
            raise DeliveryError(
                f"{run.facts.group} has {healthy} of {need} healthy, and gets no traffic: {why}"
            )
        if share < step.share:
            entry.note(f"{healthy} of {need} healthy: {share:g}% of the traffic, not {step.share:g}%")
    run.traffic.on(run.new, share)
    if tags.TRAFFIC_SINCE not in run.new.tags:
        run.site.tag(run.facts.group, {tags.TRAFFIC_SINCE: iso(run.site.clock.now())})


def _behind(run: DeployRun, instances: int) -> tuple[int, str]:
    """How many of the new group are healthy, and what is wrong with others; polls again if too few are."""
    site = run.site
    for number in range(site.deploy.looks):
        if number:
            site.lock.sleep(site.deploy.poll_seconds)
        healthy, why = capacity.serving(site, run.facts.group, balancers=True)
        if healthy >= instances:
            break
    return healthy, why


def _serving(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    """What was found healthy before must stay so; load balancers may need time for what was attached now."""
    proven = step.capacity if run.traffic.joins else step.serving
    ready = proven or step.capacity
    _wait(run, step.capacity, entry, balancers=True, traffic=InTraffic(proven, ready))


def _soak(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    _watch(run, step.capacity, step.minutes, entry)


def _watch(run: DeployRun, wished: int, minutes: float, entry: TimelineStep) -> None:
    count = _instances(run, wished)
    capacity.soak(run.site, run.facts.group, count, minutes, entry.note, balancers=run.traffic.switches)


def _baseline(run: DeployRun, step: DeployStep, _: TimelineStep) -> None:
    old = run.old
    if old is None:
        raise DeliveryError(f"{run.facts.previous} was deleted: there is nothing to compare with")
    baseline.hold(run.site, run.new)
    baseline.make(run.site, run.new, old, step.capacity)


def _compare(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    old = run.old
    if old is None:
        raise DeliveryError(f"{run.facts.previous} was deleted: there is nothing to compare with")
    baseline.compare(run.site, run.traffic, run.new, old, step.capacity, entry.note)


def _analyse(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    """Judge the canary by its metrics; one that a user has promoted is judged no further."""
    settings = run.site.settings.analysis_of(run.site.deploy)
    if run.promoted or settings is None:
        entry.note("promoted" if run.promoted else "no analysis is set up any more: a user decides")
        return
    analyse(
        run.site,
        settings,
        run.new,
        lambda minutes: _watch(run, step.capacity, minutes, entry),
        entry.note,
        stage=step.stage,
        stages=sum(each.verb == "analyse" for each in steps(run.facts)),
    )


def _retire(run: DeployRun, _: DeployStep, entry: TimelineStep) -> None:
    baseline.retire(run.site, run.new, entry.note)
    baseline.release(run.site, run.new, run.old)


def _decide(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    """Check the group first: one that is ill is neither promoted nor waited for.

    One that waits has no baseline: it is compared no more.
    """
    _watch(run, step.capacity, 0, entry)
    if recorded_action(run.new, step.stage) == "promote":
        run.promoted = True
    if run.promoted:
        entry.note("promoted")
        run.site.report_decision(f"{run.facts.group} is promoted")
        run.site.tag(run.facts.group, {tags.STATE: DeployState.deploying, tags.STEP: step.name})
        return
    if tags.BASELINE in run.new.tags:
        _retire(run, step, entry)
    if run.new.state is DeployState.waiting:
        return
    new_tags: dict[str, str] = {tags.STATE: DeployState.waiting}
    if minutes := run.site.deploy.decision_minutes:
        new_tags |= {tags.DECIDE_BY: iso(run.site.clock.now() + minutes * 60)}
    run.site.report_decision(f"{run.facts.group} waits for delivery promote or delivery rollback")
    run.site.tag(run.facts.group, new_tags)


def _off(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    """The old group goes out once the new one is a substitute for what serves in it now."""
    site, old = run.site, run.old
    if old is None:
        entry.note(f"{run.facts.previous} was deleted already")
        return
    balancers = run.traffic.switches
    _check_taking(run)
    needed = capacity.kept(site.gate.required(_instances(run, step.capacity)))
    if not old.parked or run.traffic.takes(old):
        lacking = max(step.capacity, capacity.kept(old.size.desired))
        if run.new.size.desired < lacking:
            entry.note(f"{old.name} has grown to {old.size.desired}: {run.facts.group} to {lacking}")
            capacity.grow(site, run.new, lacking)
            proven = InTraffic(step.serving, step.serving)
            _wait(run, lacking, entry, balancers=balancers, traffic=proven)
        least = _instances(run, step.capacity)
        needed = capacity.guard(site, old.name, run.facts.group, balancers=balancers, least=least)
    park(site, run.traffic, old, keep=True)
    capacity.still(site, run.facts.group, needed, entry.note, balancers=balancers)
    site.tag(old.name, {tags.STATE: DeployState.disabled})


def _check_taking(run: DeployRun) -> None:
    """Refuse to go on with a group whose traffic a user has taken away by hand. CapacityError."""
    new = run.new
    if not run.traffic.takes(new):
        raise capacity.CapacityError(
            f"{new.name} takes no traffic any more: a user detached it, or changed its weight"
        )


def _still(run: DeployRun, entry: TimelineStep) -> None:
    """The old group is out: if too few of the new one serve, it must come back before this is over."""
    _check_taking(run)
    full, old = run.facts.capacity, run.old
    needed = capacity.kept(run.site.gate.required(old.instances(full) if old else full))
    capacity.still(run.site, run.facts.group, needed, entry.note, balancers=run.traffic.switches)


def _shrink(run: DeployRun, _: DeployStep, entry: TimelineStep) -> None:
    """The old group keeps no instances: `delivery:size` has the size it gets back in a rollback."""
    if (old := run.old) is not None:
        _still(run, entry)
        if run.traffic.takes(old):
            raise DeliveryError(f"{old.name} takes traffic again: its instances stay")
        shrink(run.site, old)


def _remove(run: DeployRun, _: DeployStep, entry: TimelineStep) -> None:
    """What serves stays so, whether or not the old group can be deleted now."""
    if (old := run.old) is not None:
        _still(run, entry)
        try:
            patience = run.site.deploy.timeout_minutes * 60
            if waits := remove(run.site, run.traffic, old, patience):
                entry.note(f"{old.name} is not deleted yet: {waits}; delivery clean groups does so later")
        except LockedError:
            raise
        except DeliveryError as error:
            entry.note(f"{old.name} is not deleted: {error.message}; delivery clean groups does so later")


def _unpin(run: DeployRun, _: DeployStep, entry: TimelineStep) -> None:
    _still(run, entry)
    relax(run.site, run.facts.previous, run.facts.group)


def _done(run: DeployRun, step: DeployStep, entry: TimelineStep) -> None:
    _still(run, entry)
    site, group = run.site, run.facts.group
    decide_by = tags.DECIDE_BY in run.new.tags
    site.tag(group, {tags.STATE: DeployState.active, tags.STEP: step.name})
    if decide_by:
        site.untag(group, [tags.DECIDE_BY])


_OWN = ("decide", "done")
"""Verbs that write down themselves that they are done, together with what else changes by that."""
_VERBS: dict[Verb, Callable[[DeployRun, DeployStep, TimelineStep], None]] = {
    "copy": _copy,
    "pin": _pin,
    "join": _join,
    "grow": _grow,
    "healthy": _healthy,
    "traffic": _traffic,
    "serving": _serving,
    "soak": _soak,
    "decide": _decide,
    "off": _off,
    "shrink": _shrink,
    "remove": _remove,
    "unpin": _unpin,
    "done": _done,
    "baseline": _baseline,
    "compare": _compare,
    "analyse": _analyse,
    "retire": _retire,
}
