"""A strategy as named steps, each with what it will do in words. Pure.

The name of the last step that is done stands in the tag `delivery:step` of the new group: any run goes on
behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from delivery.provenance import Release
from delivery.settings import Deploy

__all__ = [
    "DeployStep",
    "Facts",
    "Verb",
    "after",
    "before",
    "borne",
    "canary_size",
    "judged_sizes",
    "left",
    "steps",
    "tidying",
]

Verb = Literal[
    "copy", "pin", "join", "grow", "healthy", "traffic", "serving", "soak", "decide", "off", "shrink",
    "remove", "unpin", "done", "baseline", "compare", "analyse", "retire",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeployStep:
    """One step: may be done again without harm."""

    name: str
    text: str
    verb: Verb
    capacity: int = 0
    """To which the new group has grown by then."""
    share: float = 0.0
    """Percent of the traffic, where shares exist."""
    minutes: float = 0.0
    serving: int = 0
    """The capacity of the new group that has traffic already, before this step."""
    stage: str = ""
    """Name of the stage of a ramp that is judged; empty for a canary, which has one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a deploy is, as far as its steps depend on it."""

    group: str
    release: Release
    strategy: str
    capacity: int
    """The new group's in full use."""
    settings: Deploy
    previous: str | None = None
    old_capacity: int = 0
    places: tuple[str, ...] = ()
    """Names of the load balancers the new group will take traffic from."""
    extras: tuple[str, ...] = ()
    """What hangs on the previous group, in words."""
    source: str = ""
    """What its launch template is made of, in words."""
    size: str = ""
    surplus: tuple[str, ...] = ()
    """Names of the groups that are deleted once it is done."""
    baseline: str = ""
    """Name of the group a canary is compared with; empty if its metrics are not judged."""

    @property
    def switches(self) -> bool:
        """Whether load balancers switch traffic."""
        return self.settings.traffic != "none"


def before(facts: Facts) -> list[tuple[str, str]]:
    """The steps up to the new group itself, as names and words."""
    return [
        ("lock", "one deploy at a time in this cluster"),
        ("check", "policy, image, groups of the cluster"),
        ("template", f"{facts.source}, with {facts.release.full}"),
        ("group", f"{facts.group}, min/desired/max {facts.size}, still without instances"),
    ]


def after(facts: Facts) -> list[tuple[str, str]]:
    """What follows once the new group is active, as names and words."""
    return [tidying(group, facts.settings) for group in facts.surplus]


def tidying(group: str, settings: Deploy) -> tuple[str, str]:
    """The deletion of a group beyond those that are kept, as name and words."""
    stay = "only the active one is kept" if settings.keep == 1 else f"{settings.keep} groups are kept"
    return "tidy", f"{group} is deleted: {stay}"


def steps(facts: Facts) -> list[DeployStep]:
    """The steps from the new group on."""
    return [*_first(facts), *_stages(facts), *_last(facts)]


def left(every: list[DeployStep], done: str) -> list[DeployStep]:
    """The steps behind the one that is done; all of them if it is none of these."""
    names = [step.name for step in every]
    return every[names.index(done) + 1 :] if done in names else every


def _first(facts: Facts) -> Iterator[DeployStep]:
    if facts.previous:
        none = f"{facts.previous} has no policies, actions or hooks"
        extras = f"{', '.join(facts.extras)} of {facts.previous}" if facts.extras else none
        yield DeployStep("copy", extras, "copy")
        instances = _some(facts.old_capacity, "instance")
        yield DeployStep("pin", f"{facts.previous} keeps its {instances} until this is over", "pin")
    elif facts.extras:
        yield DeployStep("copy", f"{', '.join(facts.extras)} as the settings say", "copy")
    if facts.settings.traffic == "weighted":
        yield DeployStep("join", f"{facts.group} into {_places(facts)}, with weight 0", "join")


def _stages(facts: Facts) -> Iterator[DeployStep]:
    full, settings = facts.capacity, facts.settings
    strategy = facts.strategy if facts.previous else "red-black"
    if strategy == "canary":
        small = canary_size(settings, full)
        if facts.baseline:
            yield from _judged(facts, "", small, 0, is_last=True)
        else:
            share = _canary_share(small, full, facts.old_capacity)
            yield from _stage(facts, "canary-", small, share, settings.canary_minutes, 0)
            text = "wait for delivery promote or delivery rollback"
            yield DeployStep("decide", text, "decide", small, serving=small)
        yield from _stage(facts, "", full, 50, settings.soak_minutes, small)
    elif strategy == "ramp":
        before = 0
        for percent in settings.ramp:
            part = _ramp_size(percent, full)
            prefix = "" if percent == 100 else f"ramp-{percent}-"
            if facts.baseline and percent < 100:
                is_last = percent == _judged_percents(settings)[-1]
                yield from _judged(facts, f"ramp-{percent}", part, before, is_last=is_last)
            else:
                yield from _stage(facts, prefix, part, percent, settings.soak_minutes, before)
            before = part
    else:
        share = 50 if facts.previous else 100
        yield from _stage(facts, "", full, share, settings.soak_minutes, 0)


def _judged(facts: Facts, stage: str, size: int, before: int, *, is_last: bool) -> Iterator[DeployStep]:
    """Run a canary, or a stage of a ramp, next to a baseline of its size, and judge it by its metrics.

    The baseline grows from stage to stage, and is deleted after the last one that is judged.
    """
    prefix = f"{stage}-" if stage else ""
    share = _judged_share(size, facts.capacity, facts.old_capacity)
    step = DeployStep("", "", "baseline", size, share, serving=size, stage=stage)
    name, count = facts.baseline, _some(size, "instance")
    yield _as(step, f"{prefix}baseline", f"{name} of the image of {facts.previous}, to {count}", "baseline")
    yield from _stage(facts, prefix or "canary-", size, share, 0, before)
    yield _as(step, f"{prefix}compare", f"{name} takes traffic as {facts.previous} does", "compare")
    text = f"{facts.group} is judged by its metrics against {name}"
    yield _as(step, f"{prefix}analyse", text, "analyse")
    if is_last:
        yield _as(step, f"{prefix}retire", f"{name} out of traffic, and deleted", "retire")
    text = "go on if the metrics are good, else wait for delivery promote or delivery rollback"
    yield _as(step, f"{prefix}decide", text, "decide")


def judged_sizes(strategy: str, settings: Deploy, full: int) -> list[int]:
    """Give the capacities at which a new group can be judged against a baseline; empty if it cannot be."""
    if strategy == "canary":
        return [canary_size(settings, full)]
    if strategy == "ramp":
        return [_ramp_size(percent, full) for percent in _judged_percents(settings)]
    return []


def _judged_percents(settings: Deploy) -> list[int]:
    """Give the stages of a ramp in which the old group still serves as much as a baseline needs."""
    return [percent for percent in settings.ramp if percent < 100]


def _ramp_size(percent: int, full: int) -> int:
    return max(1, -(-full * percent // 100))


def canary_size(settings: Deploy, full: int) -> int:
    """Give the capacity of a canary: at least one, and at most the full size."""
    percent = settings.canary_percent
    instances = settings.canary_instances if percent is None else math.ceil(full * percent / 100)
    return min(max(instances, 1), full)


def borne(share: float, healthy: int, need: int) -> float:
    """Reduce a share, in percent, to what so many healthy instances bear where all the traffic needs `need`.

    Whole percents; tenths below one, which a listener's weights can still express.
    """
    bears = min(share, 100 * healthy / max(need, 1))
    return float(math.floor(bears)) if bears >= 1 else math.floor(bears * 10) / 10


def _canary_share(small: int, full: int, old: int) -> float:
    """Percent of the traffic for a canary: its part of all instances, and no more than it bears."""
    return max(0.1, borne(100 * small / (small + max(old, 1)), small, max(full, old)))


def _judged_share(size: int, full: int, old: int) -> float:
    """Percent of the traffic that loads each instance as one of the baseline, which has its from the rest."""
    return max(0.1, borne(100 * size / (2 * size + max(old, 1)), size, max(full, old)))


def _stage(
    facts: Facts, prefix: str, capacity: int, share: float, soak: float, before: int
) -> Iterator[DeployStep]:
    """Grow, find healthy, give traffic, find healthy in it, watch.

    `before` is the capacity that has traffic already. By weights, a share is given to what is healthy behind
    it; what is attached takes traffic as each instance becomes healthy.
    """
    step = DeployStep(
        name="", text="", verb="grow", capacity=capacity, share=share, minutes=soak, serving=before
    )
    group, settings = facts.group, facts.settings
    enough = (
        f"{capacity} of {capacity} healthy"
        if settings.healthy_percent == 100
        else (f"{settings.healthy_percent:g}% of {capacity} healthy")
    )
    looks = f"{_some(settings.looks, 'look')} in a row, within {settings.timeout_minutes:g} min"
    yield _as(step, prefix + "grow", f"{group} to {_some(capacity, 'instance')}", "grow")
    weighted = settings.traffic == "weighted"
    if not before or weighted or not facts.switches:
        yield _as(step, prefix + "healthy", f"{enough}, {looks}", "healthy")
    if facts.switches and (not before or weighted):
        how = f"{share:g}% of {_short(settings.listener)}" if weighted else _places(facts)
        yield _as(step, prefix + "traffic", f"{group} takes traffic: {how}", "traffic")
    if facts.switches:
        yield _as(step, prefix + "serving", f"{enough} as its load balancers see it, {looks}", "serving")
    if soak:
        watched = f", alarms {', '.join(settings.alarms)}" if settings.alarms else ""
        yield _as(step, prefix + "soak", f"{group} must stay healthy for {soak:g} min{watched}", "soak")


def _as(step: DeployStep, name: str, text: str, verb: Verb) -> DeployStep:
    return replace(step, name=name, text=text, verb=verb)


def _last(facts: Facts) -> Iterator[DeployStep]:
    old, settings = facts.previous, facts.settings
    if old:
        yield DeployStep("off", f"{old} {_out(facts)}", "off", facts.capacity, serving=facts.capacity)
    if old and _shrinks(facts):
        text = f"{old} to no instances: a rollback launches its image again"
        yield DeployStep("shrink", text, "shrink")
    if old and facts.strategy == "highlander":
        yield DeployStep("remove", f"{old} is deleted", "remove")
    both = f"{old} and {facts.group}" if old and facts.strategy != "highlander" else facts.group
    yield DeployStep("unpin", f"{both} may shrink again", "unpin")
    after = (
        f", and {old} kept for {settings.keep_hours:g} h" if old and facts.strategy != "highlander" else ""
    )
    yield DeployStep("done", f"{facts.group} is active{after}", "done")


def _shrinks(facts: Facts) -> bool:
    """Report whether the old group is kept without instances, in a step of its own."""
    return facts.settings.kept_groups == "empty" and facts.switches and facts.strategy != "highlander"


def _out(facts: Facts) -> str:
    if not facts.switches:
        return "to no instances; its size is kept in a tag"
    how = "weight 0" if facts.settings.traffic == "weighted" else "detached"
    return f"out of traffic ({how}), {facts.settings.drain_seconds:g} s to drain, and frozen"


def _places(facts: Facts) -> str:
    return ", ".join(facts.places) or "nothing"


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _short(arn: str | None) -> str:
    """`listener/app/NAME/...` of a listener, or of a rule."""
    return (arn or "").rpartition(":")[2]
