"""Progress of a run: one line per step with the time since it began, recorded for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from delivery.clock import HostClock, elapsed, iso
from jobdsl.cli.console import say
from jobdsl.printable import json_text, one_line

__all__ = ["Outcome", "Timeline", "TimelineStep"]

Outcome = Literal["running", "done", "failed", "already"]
"""`already`: an earlier run did it. A step of a run that was killed stays `running`."""


@dataclass
class TimelineStep:
    """One step, and what was reported during it."""

    name: str
    text: str
    begun: float
    """Seconds since the epoch."""
    ended: float | None = None
    outcome: Outcome = "running"
    notes: list[tuple[float, str]] = field(default_factory=list)
    _say: Callable[[float, str], None] = field(default=lambda _, __: None, repr=False, compare=False)
    _now: Callable[[], float] = field(default=lambda: 0.0, repr=False, compare=False)

    def note(self, text: str) -> None:
        """Return how far the step is; the same words twice in a row are reported once."""
        if self.notes and self.notes[-1][1] == text:
            return
        now = self._now()
        self.notes.append((now, text))
        self._say(now, f"  {text}")


def _to_stderr(line: str) -> None:
    say(line, err=True)


class Timeline:
    """The steps of one run. `out` takes each line; without it they go to stderr."""

    def __init__(self, clock: HostClock, out: Callable[[str], None] | None = None, title: str = "") -> None:
        self.title = title
        self.steps: list[TimelineStep] = []
        self.facts: dict[str, Any] = {}
        """Further facts of the report: application, image, account ..."""
        self.outcome = ""
        """How the run ended, in words."""
        self.begun = clock.now()
        self._lines: list[str] = []
        self._clock = clock
        self._out = out or _to_stderr

    @property
    def current(self) -> str:
        """Name of the step that runs; empty between steps."""
        step = self.steps[-1] if self.steps else None
        return step.name if step is not None and step.ended is None else ""

    def has_said(self, text: str) -> bool:
        """Report whether a line of this run already contains a text."""
        return any(text in line for line in self._lines)

    def within(self, place: str) -> Timeline:
        """Return a timeline whose steps and lines are also those of this one, with the name of a place."""
        return _PlaceTimeline(self, place)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[TimelineStep]:
        """Record a step for as long as the block runs; one that raises has failed."""
        step = self._begin(name, text)
        try:
            yield step
        except BaseException as error:
            self._end(step, "failed")
            step.note(str(error).partition("\n")[0] or type(error).__name__)
            raise
        self._end(step, "done")

    def already(self, name: str, text: str) -> None:
        """Record a step that an earlier run has done."""
        self._end(self._begin(name, text, "done already"), "already")

    def say(self, text: str) -> None:
        """Write a line that belongs to no step."""
        self._line(self._clock.now(), text)

    def finish(self, outcome: str, reason: str = "", **facts: Any) -> None:
        """How the run ended, in words, and what the report has besides the steps.

        A reason that a line already has is part of the report, and is not repeated.
        """
        self.outcome = f"{outcome}: {reason}" if reason else outcome
        self.facts |= facts
        self.say(outcome if reason and self.has_said(reason) else self.outcome)

    def to_json(self) -> dict[str, Any]:
        """Return the timeline as JSON values; times are UTC, durations seconds."""
        now = self._clock.now()
        return {
            "title": self.title,
            "outcome": self.outcome,
            "begun": iso(self.begun),
            "seconds": round(now - self.begun, 3),
            **self.facts,
            "steps": [self._step_json(step, now) for step in self.steps],
        }

    def write(self, folder: Path) -> list[Path]:
        """Write timeline.json, timeline.md and timeline.svg into a folder; return their paths. OSError."""
        from delivery.timeline_report import markdown, svg

        folder.mkdir(parents=True, exist_ok=True)
        document = self.to_json()
        texts: Mapping[str, str] = {
            "timeline.json": json_text(document) + "\n",
            "timeline.md": markdown(document),
            "timeline.svg": svg(document),
        }
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        return [folder / name for name in texts]

    def _step_json(self, step: TimelineStep, now: float) -> dict[str, Any]:
        ended = now if step.ended is None else step.ended
        return {
            "name": step.name,
            "text": step.text,
            "outcome": step.outcome,
            "after": round(step.begun - self.begun, 3),
            "seconds": round(ended - step.begun, 3),
            "notes": [{"after": round(at - self.begun, 3), "text": text} for at, text in step.notes],
        }

    def _begin(self, name: str, text: str, *more: str) -> TimelineStep:
        step = TimelineStep(name, text, self._clock.now(), _say=self._line, _now=self._clock.now)
        self.steps.append(step)
        self._line(step.begun, ": ".join((name, text, *more)))
        return step

    def _end(self, step: TimelineStep, outcome: Outcome) -> None:
        step.ended, step.outcome = self._clock.now(), outcome

    def _line(self, at: float, text: str) -> None:
        self._lines.append(text)
        self._out(f"[{elapsed(at - self.begun):>7}] {one_line(text)}")


class _PlaceTimeline(Timeline):
    """The part of a timeline that is about one place of several."""

    def __init__(self, whole: Timeline, place: str) -> None:
        super().__init__(whole._clock, lambda _: None, whole.title)
        self._whole, self._place = whole, place

    @property
    def current(self) -> str:
        """Name of the step that runs, without the place."""
        return super().current.removeprefix(f"{self._place} ")

    def _begin(self, name: str, text: str, *more: str) -> TimelineStep:
        step = self._whole._begin(f"{self._place} {name}", text, *more)
        self.steps.append(step)
        return step

    def _line(self, at: float, text: str) -> None:
        self._lines.append(text)
        self._whole._line(at, f"{self._place}: {text}")
