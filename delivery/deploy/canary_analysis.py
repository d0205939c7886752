"""A canary, or a stage of a ramp, judged by its metrics while it serves: when, and on which values.

The time at which it began is a tag of the group: a run that goes on later judges what is due by then. The
stages of a ramp share the error rate: each is judged with an equal part of it, so that the probability that a
good version is stopped in any of them is at most the whole (Bonferroni's inequality).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy.metric_names import load_balancer_label, target_group_label
from delivery.errors import DeliveryError
from delivery.metrics.collect import Collected, collect
from delivery.metrics.declared import queries_of, sources_of, thresholds_of
from delivery.metrics.model import SampleWindow, Side, Subject

if TYPE_CHECKING:
    from delivery.analysis.sequential import LookDecision, Schedule
    from delivery.deploy.capacity import Note
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.settings import AnalysisSettings

__all__ = ["AnalysisError", "analyse", "check_installed", "recorded_action"]

_SHORT = 3
"""Reasons of a judgement that are printed."""
Watch = Callable[[float], None]
"""Watches the health of the canary for so many minutes. DeliveryError once it is not healthy."""


class AnalysisError(DeliveryError):
    """The metrics of a canary are worse than those of its baseline."""


def check_installed() -> None:
    """Refuse an analysis for which packages are missing. DeliveryError."""
    try:
        import_module("delivery.analysis.sequential")
    except ImportError as error:
        raise DeliveryError(
            f"the analysis needs {error.name}, which is not installed", "install jobdsl[analysis]"
        ) from None


def recorded_action(canary: Group, stage: str) -> str:
    """Return what the metrics of a stage decided, by its tag; empty if they have not."""
    action, _, of = canary.tags.get(tags.ANALYSIS, "").partition(" ")
    return action if of == stage else ""


def analyse(
    site: Site,
    settings: AnalysisSettings,
    canary: Group,
    watch: Watch,
    note: Note,
    *,
    stage: str = "",
    stages: int = 1,
) -> str:
    """Judge a canary until the last judgement, or until one ends it, and tag it with what was decided.

    Args:
        site: Where it is deployed.
        settings: How it is judged.
        canary: As it is now; its baseline takes traffic.
        watch: Watches its health between two judgements.
        note: Reports what was decided.
        stage: Name of the stage of a ramp; empty for a canary.
        stages: Number of stages that are judged.

    Returns:
        `promote`, or `ask` where a user is to decide.

    Raises:
        AnalysisError: it is worse than its baseline.
    """
    check_installed()
    from delivery.analysis.sequential import judge_interim

    schedule = _schedule(settings, stages)
    since = _since(site, canary, stage)
    number = 0
    while number < schedule.judgements:
        number += 1
        due_at = since + 60 * (schedule.minutes_of(number) + settings.delay_minutes)
        watch(max(0.0, (due_at - site.clock.now()) / 60))
        elapsed = (site.clock.now() - since) / 60 - settings.delay_minutes
        number = max(number, schedule.due(elapsed))  # a run that was stopped leaves out what it missed
        collected = _collected(site, settings, schedule, canary, since)
        decision = judge_interim(
            collected.metrics, settings.weights, thresholds_of(settings), schedule, number
        )
        _report(
            site=site,
            settings=settings,
            schedule=schedule,
            canary=canary,
            collected=collected,
            decision=decision,
            note=note,
        )
        if decision.action == "roll back":
            raise AnalysisError(
                f"{canary.name} is worse than its baseline after {round(elapsed, 1):g} min "
                f"(judgement {number} of {schedule.judgements}): {'; '.join(decision.reasons[:_SHORT])}"
            )
    site.tag(canary.name, {tags.ANALYSIS: f"{decision.action} {stage}".strip()})
    return decision.action


def _schedule(settings: AnalysisSettings, stages: int) -> Schedule:
    from delivery.analysis.sequential import Schedule

    return Schedule(
        minutes=settings.minutes,
        interval_minutes=settings.interval_minutes,
        warm_up_minutes=settings.warm_up_minutes,
        error_rate=settings.error_rate / stages,
        minimum_points=settings.minimum_points,
    )


def _since(site: Site, canary: Group, stage: str) -> float:
    """Return since when both take traffic in this stage; writes it down the first time."""
    recorded, _, of = canary.tags.get(tags.ANALYSIS_SINCE, "").partition(" ")
    if recorded and of == stage:
        return datetime.fromisoformat(recorded).timestamp()
    now = site.clock.now()
    site.tag(canary.name, {tags.ANALYSIS_SINCE: f"{iso(now)} {stage}".strip()})
    return now


def _collected(
    site: Site, settings: AnalysisSettings, schedule: Schedule, canary: Group, since: float
) -> Collected:
    last = since + 60 * (schedule.warm_up_minutes + schedule.minutes)
    complete = site.clock.now() - 60 * settings.delay_minutes
    window = SampleWindow.between(
        since + 60 * schedule.warm_up_minutes, min(complete, last), settings.step_seconds
    )
    present, baseline = site.group(canary.name), site.find(canary.tags[tags.BASELINE])
    if baseline is None:
        raise DeliveryError(f"{canary.tags[tags.BASELINE]} was deleted: {canary.name} cannot be compared")
    queries = queries_of(settings)
    names_balancer = any(query.mentions("load_balancer") for query in queries)
    return collect(
        queries,
        sources_of(settings, site.aws),
        _subject(site, baseline, "baseline", names_balancer=names_balancer),
        _subject(site, present, "canary", names_balancer=names_balancer),
        window,
    )


def _subject(site: Site, group: Group, side: Side, *, names_balancer: bool) -> Subject:
    """Describe a side; a target group that it shares with other groups is not its own.

    By weights the canary has one of its own, and the baseline shares that of the old group. The load balancer
    is that of its only target group, or its only classic one.
    """
    is_own = side == "canary" and bool(site.deploy.listener)
    return Subject(
        group=group.name,
        side=side,
        target_group=target_group_label(group.target_groups[0]) if is_own and group.target_groups else "",
        load_balancer=_load_balancer(site, group) if names_balancer else "",
        instances=tuple(member.id for member in group.members if member.in_service),
    )


def _load_balancer(site: Site, group: Group) -> str:
    """Return the name that metrics have of a group's load balancer; empty without exactly one."""
    if len(group.target_groups) + len(group.load_balancers) != 1:
        return ""
    if group.load_balancers:
        return group.load_balancers[0]
    return load_balancer_label(site.aws, group.target_groups[0])


def _report(
    site: Site,
    settings: AnalysisSettings,
    schedule: Schedule,
    canary: Group,
    collected: Collected,
    decision: LookDecision,
    note: Note,
) -> None:
    judgement = decision.judgement
    score = f", score {judgement.score:g}" if judgement is not None else ""
    reasons = _some([*decision.reasons, *collected.notes])
    note(f"judgement {decision.number} of {schedule.judgements}: {decision.action}{score}{reasons}")
    for directory in (settings.reports, site.report_directory):
        if directory is not None:
            try:
                _write(Path(directory), settings, schedule, canary.name, collected, decision)
            except OSError as error:
                site.say_once(f"{directory}: the report cannot be written: {error.strerror}")


def _some(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _SHORT} more" if len(texts) > _SHORT else ""
    return f": {'; '.join(texts[:_SHORT])}{more}" if texts else ""


def _write(
    directory: Path,
    settings: AnalysisSettings,
    schedule: Schedule,
    name: str,
    collected: Collected,
    decision: LookDecision,
) -> None:
    """Write the reports of a judgement, and the series, for `delivery judge`."""
    from delivery.analysis.document import as_document
    from delivery.analysis.reports import Texts
    from delivery.analysis.score_history import score_history

    directory.mkdir(parents=True, exist_ok=True)
    series = as_document(collected.metrics, settings.weights)
    (directory / f"{name}.series.json").write_text(json.dumps(series), "utf-8")
    if decision.judgement is None:
        return
    judged = {result.name for result in decision.judgement.metrics}
    metrics = [metric for metric in collected.metrics if metric.name in judged]
    thresholds = thresholds_of(settings)
    scores = score_history(
        collected.metrics, settings.weights, thresholds, schedule, decision, settings.step_seconds
    )
    texts = Texts(decision.judgement, metrics, thresholds, scores)
    for suffix, kind in (("html", "html"), ("md", "markdown"), ("json", "json")):
        (directory / f"{name}.{suffix}").write_text(texts.of(kind), "utf-8")
