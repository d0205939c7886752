"""The verdict on polls of a group: healthy, not yet, or failed, and why. Pure.

An instance is healthy if every source of instances agrees. A poll is good if nothing is wrong
with the whole and at least the required number of instances is healthy; the required number is at least
one, so that an empty group is never healthy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

__all__ = [
    "HealthReport",
    "HealthRule",
    "HealthVerdict",
    "InTraffic",
    "Look",
    "State",
    "judge",
    "required",
    "watch",
]

State = Literal["healthy", "waiting", "failed"]
_TOLD = 5
"""Reasons that are listed one by one."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The answer of one source at one moment."""

    source: str
    instances: Mapping[str, str] | None = None
    """What is wrong with each instance, empty if nothing is; None if it has nothing about single ones."""
    wrong: str = ""
    """What is wrong with the group as a whole."""
    balancer: bool = False
    """Whether it is a load balancer's: that needs time to find a new instance healthy."""
    output: str = field(default="", compare=False, repr=False)
    """All that a command has printed."""


@dataclass(frozen=True, slots=True)
class Look:
    """The answers of all sources at one moment."""

    at: float
    """Seconds since the epoch."""
    answers: tuple[HealthReport, ...] = ()
    unknown: str = ""
    """Why polling failed; such a poll is neither good nor bad."""
    deleted: tuple[str, ...] = ()
    """Load balancers the group is attached to that do not exist: they do not count."""

    @property
    def instances(self) -> tuple[str, ...]:
        """Every instance a source spoke of."""
        return tuple(dict.fromkeys(id for report in self.answers for id in report.instances or ()))

    @property
    def healthy(self) -> tuple[str, ...]:
        """The instances every source that speaks of instances finds healthy."""
        return self._healthy(self.answers)

    @property
    def ready(self) -> tuple[str, ...]:
        """The instances every source but load balancers finds healthy."""
        return self._healthy([report for report in self.answers if not report.balancer])

    def _healthy(self, answers: Sequence[HealthReport]) -> tuple[str, ...]:
        speaking = [report.instances for report in answers if report.instances is not None]
        return tuple(
            id for id in self.instances if all(id in answer and not answer[id] for answer in speaking)
        )

    @property
    def alarmed(self) -> bool:
        """Whether an alarm is in alarm, or does not exist."""
        return any(report.source == "alarms" and report.wrong for report in self.answers)

    def good(self, required: int) -> bool:
        """Whether nothing is wrong with the whole, and enough instances are healthy."""
        whole = not self.unknown and not any(report.wrong for report in self.answers)
        return whole and len(self.healthy) >= max(1, required)

    def reasons(self, required: int) -> Iterator[str]:
        """Why it is no good poll."""
        if self.unknown:
            yield self.unknown
            return
        yield from (f"{report.source}: {report.wrong}" for report in self.answers if report.wrong)
        healthy = len(self.healthy)
        if healthy < max(1, required):
            yield f"{healthy} of {max(1, required)} healthy"
            yield from self._instances_reasons()

    def _instances_reasons(self) -> Iterator[str]:
        if not self.instances:
            yield "the group has no instances"
        reasons = [reason for id in self.instances if (reason := self._reason(id))]
        yield from reasons[:_TOLD]
        if len(reasons) > _TOLD:
            yield f"and {len(reasons) - _TOLD} more"

    def _reason(self, id: str) -> str:
        """The first thing wrong with an instance; later sources often fail for the same cause."""
        for report in self.answers:
            if report.instances is not None and (wrong := report.instances.get(id, "not known")):
                return f"{id}: {report.source}: {wrong}"
        return ""


@dataclass(frozen=True, slots=True)
class InTraffic:
    """What a group in traffic has proven before: with fewer healthy instances it has failed."""

    serving: int = 0
    """Instances that every source has called healthy."""
    ready: int = 0
    """Instances that every source but load balancers has called healthy."""


@dataclass(frozen=True, slots=True)
class HealthRule:
    """When a group counts as healthy."""

    required: int
    """Healthy instances; at least one."""
    looks: int = 3
    """Good polls in a row."""
    deadline: float = math.inf
    """When a wait has failed, seconds since the epoch."""
    traffic: InTraffic | None = None
    """What has traffic already; None before the group gets any."""

    def __post_init__(self) -> None:
        if self.required < 1 or self.looks < 1:
            raise ValueError("health needs at least one instance and one look")

    def failing(self, look: Look) -> bool:
        """Report whether a group in traffic has lost health, as against not having gained it yet."""
        if self.traffic is None:
            return False
        if len(look.healthy) < self.traffic.serving or len(look.ready) < self.traffic.ready:
            return True
        wrong = any(report.wrong for report in look.answers if report.instances is None)
        deleted = any(report.wrong for report in look.answers if report.instances is not None)
        return deleted or (wrong and len(look.ready) >= self.required)


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """The verdict on the polls so far."""

    state: State
    healthy: int = 0
    """Instances that were healthy at the last poll."""
    required: int = 1
    streak: int = 0
    """Good polls in a row, up to the last."""
    reasons: tuple[str, ...] = ()
    """Why it is not healthy, or was not at the last poll."""
    look: Look = field(default_factory=lambda: Look(0.0), compare=False, repr=False)
    """The last poll."""

    def __str__(self) -> str:
        numbers = f"{self.healthy} of {self.required} healthy"
        reasons = [reason for reason in self.reasons if reason != numbers]
        return f"{numbers}: {'; '.join(reasons)}" if reasons else numbers


def required(wished: int, percent: float) -> int:
    """How many of the wished instances must be healthy: the share, rounded up, and at least one."""
    return max(1, math.ceil(wished * percent / 100))


def judge(looks: Sequence[Look], rule: HealthRule) -> HealthVerdict:
    """Whether a group has become healthy: enough good polls in a row, begun before the deadline.

    A group in traffic fails before the deadline: after `rule.looks` failing polls in a row, and at once if
    an alarm goes off.
    """
    streak = _streak(looks, rule)
    known = [poll for poll in looks if not poll.unknown]
    failing = sum(1 for _ in takewhile(rule.failing, reversed(known)))
    if failing >= rule.looks or (rule.traffic is not None and known and known[-1].alarmed):
        return _verdict("failed", known, rule, streak)
    if streak >= rule.looks:
        return _verdict("healthy", looks, rule, streak)
    late = bool(looks) and looks[-1].at >= rule.deadline
    finishing = streak > 0 and looks[-streak].at < rule.deadline
    return _verdict("failed" if late and not finishing else "waiting", looks, rule, streak)


def watch(looks: Sequence[Look], rule: HealthRule, until: float) -> HealthVerdict:
    """Whether a group that was healthy stays so `until` a time.

    It fails after `rule.looks` bad polls in a row, and at once if an alarm goes off: alarms have their own
    patience. At the end it must have been good at the last poll, and is waited for until the rule's
    deadline. Polls that failed count as neither.
    """
    known = [poll for poll in looks if not poll.unknown]
    bad = sum(1 for _ in takewhile(lambda poll: not poll.good(rule.required), reversed(known)))
    streak = _streak(looks, rule)
    if bad >= rule.looks or (known and known[-1].alarmed):
        return _verdict("failed", known, rule, streak)
    if looks and not streak and looks[-1].at >= rule.deadline:
        return _verdict("failed", looks, rule, streak)
    over = bool(looks) and looks[-1].at >= until and streak > 0
    return _verdict("healthy" if over else "waiting", looks, rule, streak)


def _streak(looks: Sequence[Look], rule: HealthRule) -> int:
    return sum(1 for _ in takewhile(lambda poll: poll.good(rule.required), reversed(looks)))


def _verdict(state: State, looks: Sequence[Look], rule: HealthRule, streak: int) -> HealthVerdict:
    if not looks:
        return HealthVerdict(state, required=rule.required)
    last = looks[-1]
    reasons = () if streak else tuple(last.reasons(rule.required))
    if state == "failed" and streak:
        reasons = (f"{streak} of {rule.looks} looks in a row",)
    return HealthVerdict(state, len(last.healthy), rule.required, streak, reasons, last)
