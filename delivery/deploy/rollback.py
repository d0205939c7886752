"""Give a group its traffic back: first that it serves, only then the other one goes.

A deploy that was not done leaves its group without instances, for people to read why; one that was done once
is disabled and kept as it is, for the way forward again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from delivery import tags
from delivery.aws import ErrorMeaning, meaning
from delivery.clock import iso
from delivery.deploy import baseline, capacity
from delivery.deploy.consoles import collect_consoles
from delivery.deploy.model import DeployState, Group
from delivery.deploy.park import empty, park, settle, take_back
from delivery.deploy.retry import retried
from delivery.deploy.step_runner import relax
from delivery.deploy.template import named
from delivery.errors import USAGE, DeliveryError, LockedError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.traffic import Traffic

T = TypeVar("T")
__all__ = ["as_before", "cancel", "in_full_use", "roll_back", "settle_serving", "steps"]


def steps(
    old: str | None, new: str | None, *, finished: bool, back: bool, kept_hours: float = 0.0
) -> list[tuple[str, str]]:
    """The steps of a rollback as names and texts; `back`: the old group must first be given traffic."""
    lines = []
    if new:
        lines.append(("mark", f"{new} is rolled back"))
    if old and back:
        lines.append(("back", f"{old} takes its traffic again, and serves"))
    if new:
        failed = f"kept with its instances for {kept_hours:g} h" if kept_hours else "left without instances"
        fate = "disabled and kept" if finished else failed
        stays = f"{old} serves; " if old else ""
        lines.append(("out", f"{stays}{new} out of traffic, {fate}"))
    both = " and ".join(name for name in (old, new) if name)
    lines.append(("unpin", f"{both} may shrink again"))
    lines.append(("settle", f"{old or 'nothing'} is active"))
    return lines


def roll_back(site: Site, traffic: Traffic, new: Group, reason: str) -> None:
    """Roll a group back to the one its tags name, or continue where an earlier run stopped.

    Idempotent. A new group that was deleted meanwhile is no obstacle: the old one is settled.

    Raises:
        DeliveryError: the old group does not come back, or is too small: then both stay in traffic, and a
            tag of the new group has the reason.
    """
    name = new.tags.get(tags.PREVIOUS) or None
    if name == new.name:
        raise itself(new.name)
    try:
        _roll_back(site, traffic, name, new, reason)
    except LockedError:
        raise
    except DeliveryError as error:
        _note_failure(site, new.name, error)
        raise


def _roll_back(site: Site, traffic: Traffic, name: str | None, new: Group, reason: str) -> None:
    old = site.find(name) if name else None
    if name and old is None:
        raise DeliveryError(
            f"{name} was deleted, so there is nothing to roll {new.name} back to",
            "delivery rollback deploys the image of the deleted group anew",
        )
    back = old is not None and (
        old.parked or not traffic.takes(old) or (new.finished and old.size.desired < _needed(old, new))
    )
    hours = _kept_hours(site, new) if traffic.switches else 0.0
    texts = dict(steps(name, new.name, finished=new.finished, back=back, kept_hours=hours))
    is_reported = not reason or site.timeline.has_said(reason)
    begin = texts["mark"] if is_reported else f"{texts['mark']}: {reason}"
    _step(site, "mark", begin, lambda _: _mark(site, new, reason))
    if old is not None and back:

        def give_back(note: capacity.Note) -> None:
            present = site.find(new.name)
            if present is not None and present.size.desired:
                capacity.pin(site, present)  # it keeps its size while the old one comes back
            take_back(site, traffic, site.group(old.name), _needed(old, new), note)

        _step(site, "back", texts["back"], give_back)
    serves = _step(site, "out", texts["out"], lambda note: _leave(site, traffic, old, new.name, note))
    if old is not None and back:
        serves = max(serves, capacity.kept(site.gate.required(old.instances(_needed(old, new)))))

    def unpin(note: capacity.Note) -> None:
        _check_serving(site, traffic, old, new, serves, note)
        relax(site, name, new.name)

    def finish(note: capacity.Note) -> None:
        _check_serving(site, traffic, old, new, serves, note)
        _settle(site, old, new, note)

    _step(site, "unpin", texts["unpin"], unpin)
    _step(site, "settle", texts["settle"], finish)


def _step(site: Site, name: str, text: str, act: Callable[[capacity.Note], T]) -> T:
    """Do one step, and again where AWS did not answer: each may be done again without harm."""
    with site.timeline.step(name, text) as step:
        return retried(site, lambda: act(step.note), step.note)


def _mark(site: Site, new: Group, reason: str) -> None:
    present = site.find(new.name)
    if present is not None and present.state is not DeployState.rolling_back:
        site.tag(new.name, {tags.STATE: DeployState.rolling_back, tags.REASON: reason or "asked for"})


def _leave(site: Site, traffic: Traffic, old: Group | None, name: str, note: capacity.Note) -> int:
    """Take the new group out; gives how many of the old one must still serve, 0 if no traffic was moved."""
    present = site.find(name)
    if present is None:
        note(f"{name} was deleted already")
        return 0
    return _out(site, traffic, old, present, note)


def _check_serving(
    site: Site, traffic: Traffic, old: Group | None, new: Group, needed: int, note: capacity.Note
) -> None:
    """Check the old group again; give the new one its traffic back if too few serve and it still runs.

    Raises:
        DeliveryError: too few serve; the rollback is not over, and any run continues it.
    """
    if old is None or not needed:
        return
    try:
        if not traffic.takes(site.group(old.name)):
            raise capacity.CapacityError(
                f"{old.name} takes no traffic any more: a user detached it, or changed its weight"
            )
        capacity.still(site, old.name, needed, note, balancers=traffic.switches)
    except LockedError:
        raise
    except DeliveryError:
        present = site.find(new.name)
        if traffic.switches and present is not None and present.size.desired:
            take_back(site, traffic, present, present.wished.desired, note)
        raise


def settle_serving(site: Site, traffic: Traffic, group: Group) -> None:
    """Make a group that takes traffic, or is to, an active one: no pin, no mark of a disabled group.

    Its rollback or deploy was cut short, and the other group was deleted. DeliveryError.
    """
    texts, name = dict(steps(group.name, None, finished=True, back=True)), group.name
    if group.parked or not traffic.takes(group):
        needed = max(group.wished.desired, 1)
        _step(
            site, "back", texts["back"], lambda note: take_back(site, traffic, site.group(name), needed, note)
        )
    _step(site, "unpin", texts["unpin"], lambda _: relax(site, name))
    _step(site, "settle", texts["settle"], lambda _: _activate(site, name))


def _activate(site: Site, name: str) -> None:
    settle(site, name)
    baseline.retire(site, site.group(name), site.timeline.say)
    site.tag(name, {tags.STATE: DeployState.active, tags.STEP: "done"})


def cancel(site: Site, new: Group, old: Group) -> Group:
    """Turn a rollback around: from now on the old group is rolled back to the new one.

    Gives the old group as it is then; `roll_back` does the rest. The tag of the old group is written first:
    until the second is written the rollback under way is still what any run continues.
    """
    reason = f"the rollback of {new.name} was cancelled"
    site.tag(
        old.name,
        {
            tags.STATE: DeployState.rolling_back,
            tags.STEP: "done",
            tags.PREVIOUS: new.name,
            tags.REASON: reason,
        },
    )
    site.tag(new.name, {tags.STATE: DeployState.active, tags.STEP: "done"})
    return site.group(old.name)


def as_before(site: Site, leaving: Group) -> None:
    """Have the image of a deleted group launched as that group launched it, whatever the settings have now.

    Where its version of the launch template is gone, the settings decide.
    """
    template = leaving.tags.get(tags.PREVIOUS_TEMPLATE, "")
    if not template:
        return
    try:
        named(site.aws, template)
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        site.timeline.say(
            f"launch template {template} was deleted: the settings say how the image is launched"
        )
        return
    site.deploy = replace(
        site.deploy,
        launch_template=template,
        security_groups=None,
        instance_profile=None,
        user_data=None,
        instance_type=None,
        instance_types=None,
    )


def in_full_use(site: Site, leaving: Group) -> None:
    """Have the image of a deleted group deployed in full size, where the group that leaves has shrunk.

    An active group with instances has the size that it needs now.
    """
    size = leaving.wished
    if size.desired > leaving.size.desired and (leaving.open or not leaving.size.desired):
        site.deploy = replace(site.deploy, min=size.min, desired=size.desired, max=size.max)


def itself(name: str) -> DeliveryError:
    """A group is never what it is itself replaced by."""
    return DeliveryError(
        f"{name} names itself as the group before it", "--to GROUP names the group to go back to", USAGE
    )


def _needed(old: Group, new: Group) -> int:
    """The old group must be as large as it was, and as the new one has become if that is in full use."""
    return max(old.wished.desired, new.size.desired if new.finished else 0, 1)


def _out(site: Site, traffic: Traffic, old: Group | None, new: Group, note: capacity.Note) -> int:
    """Take the new group out, and check the old one once more before anything of the new one is ended.

    Gives how many of the old one must still serve.
    """
    serves = 0
    if old is not None and traffic.takes(new):
        serves = capacity.guard(site, new.name, old.name, balancers=traffic.switches)
    hours = 0.0 if new.finished or not traffic.switches else _kept_hours(site, new)
    if not new.finished and not traffic.switches:
        collect_consoles(site, new)  # without a load balancer its instances end now
    park(site, traffic, new, keep=new.finished or bool(hours))
    _check_serving(site, traffic, old, new, serves, note)
    if new.finished:
        return serves
    if traffic.switches:
        collect_consoles(site, new)
    if hours:
        until = iso(site.clock.now() + hours * 3600)
        site.tag(new.name, {tags.DELETE_AFTER: until})
        note(f"{new.name} keeps its instances until {until}: delivery clean groups deletes it then")
    else:
        empty(site, new.name, whole=True)
    return serves


def _kept_hours(site: Site, new: Group) -> float:
    """How long a group keeps its instances if its deploy fails: by its tag, else the settings."""
    try:
        return float(new.tags[tags.KEEP_FAILED])
    except (KeyError, ValueError):
        return site.deploy.keep_failed_hours


def _settle(site: Site, old: Group | None, new: Group, note: capacity.Note) -> None:
    """The new group's state is written last: until then any run goes on with the rollback.

    Its baseline is deleted after the old group is as it was: nothing of it keeps traffic from coming back.
    """
    if old is not None:
        settle(site, old.name)
        site.tag(old.name, {tags.STATE: DeployState.active, tags.ROLLED_BACK: new.name})
    baseline.retire(site, new, note)
    if site.find(new.name) is not None:
        site.untag(new.name, [tags.DECIDE_BY, tags.ROLLBACK_ERROR])
        site.tag(new.name, {tags.STATE: DeployState.disabled if new.finished else DeployState.failed})


def _note_failure(site: Site, name: str, error: DeliveryError) -> None:
    """Keep why a rollback does not succeed where `status` finds it; never the cause of another error."""
    try:
        if site.find(name) is not None:
            site.tag(name, {tags.ROLLBACK_ERROR: error.message})
    except DeliveryError:
        site.timeline.say(f"the reason could not be written on {name}")
