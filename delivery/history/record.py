"""The record of one run, and the events it is written as. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

from delivery.provenance import RunOrigin

__all__ = [
    "INTERRUPTED",
    "RUNNING",
    "GroupVersion",
    "RunEvent",
    "RunRecord",
    "dumps",
    "loads",
    "merged",
    "whole_name",
]

RUNNING = "running"
"""Outcome of a run that has begun, and of which no more is known."""
INTERRUPTED = "interrupted"
"""Outcome of a run that was killed or stopped by a signal."""
_LARGEST = 200_000
"""Characters of a stored record; an item of DynamoDB has at most 400 KB."""
_LONGEST_TEXT = 2_000
"""Characters of a message, and of each text of a timeline that is cut."""
_MOST_STEPS = 200
"""Steps of a timeline that is cut."""
_WHOLE = "/waves"
"""What follows the name of a cluster in the name of its rollouts; no cluster has it."""
EventKind = Literal["begin", "close", "end"]
"""`close`: a later run, or a reader of the records, has found that the run was killed."""
_RANK = {"begin": 0, "close": 1, "end": 2}
"""What a later event knows goes before what an earlier one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVersion:
    """A group, its image, and the version in it; all of it may be unknown."""

    group: str = ""
    image: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.group} ({self.version or self.image})" if self.version or self.image else self.group

    @property
    def values(self) -> dict[str, str | None]:
        """JSON values."""
        return {"group": self.group or None, "image": self.image or None, "version": self.version or None}

    @classmethod
    def read(cls, values: Any) -> GroupVersion:
        """Read what `values` has written; what is no text counts as unknown."""
        return cls(**_texts(values, ("group", "image", "version")))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run: a deploy, promote, rollback or resume."""

    id: str
    kind: str
    application: str
    cluster: str
    account: str
    """Its name in the settings."""
    region: str
    begun: str
    """UTC, ISO."""
    ended: str = ""
    trigger: RunOrigin = field(default_factory=RunOrigin)
    source: GroupVersion = field(default_factory=GroupVersion)
    """What took traffic, or was to give it up."""
    target: GroupVersion = field(default_factory=GroupVersion)
    """What was to take traffic."""
    outcome: str = RUNNING
    """running, failed, refused, interrupted, or the command's own: deployed, waiting ..."""
    message: str = ""
    """How it ended, in words."""
    reason: str = ""
    """Why it was rolled back."""
    overridden: tuple[str, ...] = ()
    """What stood against the run, and its change request has overridden."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """The output of the gate command and the consoles of a group that failed."""
    timeline: tuple[Mapping[str, Any], ...] = ()
    """Its steps, as in the report."""

    @property
    def is_open(self) -> bool:
        """Report whether no end of it is known."""
        return self.outcome == RUNNING

    @property
    def is_of_waves(self) -> bool:
        """Report whether it is the record of a rollout, and of no single cluster."""
        return self.cluster.endswith(_WHOLE)

    @property
    def values(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.id,
            "kind": self.kind,
            "application": self.application,
            "cluster": self.cluster,
            "account": self.account,
            "region": self.region,
            "begun": self.begun,
            "ended": self.ended or None,
            "outcome": self.outcome,
            "message": self.message or None,
            "reason": self.reason or None,
            "from": self.source.values,
            "to": self.target.values,
            **self.trigger.values,
            "build": self.trigger.build or None,
            "overridden": list(self.overridden),
            "evidence": dict(self.evidence),
            "timeline": [dict(step) for step in self.timeline],
        }

    @classmethod
    def read(cls, values: Any) -> RunRecord:
        """Read what `values` has written, also by another version of this program. ValueError."""
        own = ("id", "kind", "application", "cluster", "account", "region", "begun")
        texts = _texts(values, (*own, "ended", "outcome", "message", "reason"))
        if missing := [name for name in own if name not in texts]:
            raise ValueError(f"no record of a run: it has no {', '.join(missing)}")
        names = ("deployer", "jenkins_user", "job", "build", "build_url", "change_request")
        evidence, timeline, overridden = (values.get(key) for key in ("evidence", "timeline", "overridden"))
        return cls(
            **texts,
            trigger=RunOrigin(**_texts(values, names)),
            source=GroupVersion.read(values.get("from")),
            target=GroupVersion.read(values.get("to")),
            overridden=tuple(text for text in overridden if isinstance(text, str))
            if isinstance(overridden, list)
            else (),
            evidence=evidence if isinstance(evidence, dict) else {},
            timeline=tuple(step for step in timeline if isinstance(step, dict))
            if isinstance(timeline, list)
            else (),
        )


class RunEvent(NamedTuple):
    """What is appended: a record as it is known at that moment."""

    kind: EventKind
    record: RunRecord

    @property
    def at(self) -> str:
        """Key within a cluster: events of a run are next to each other, and runs in the order they began."""
        return f"{self.record.begun}#{self.record.id}#{_RANK[self.kind]}{self.kind}"


def whole_name(cluster: str) -> str:
    """Name the rollouts of a cluster, as records and locks have them."""
    return f"{cluster}{_WHOLE}"


def merged(events: Iterable[RunEvent]) -> Iterator[RunRecord]:
    """Give one record for each run; events of a run are next to each other, in any order."""
    for _, together in groupby(events, key=lambda event: event.record.id):
        yield max(together, key=lambda event: _RANK[event.kind]).record


def dumps(record: RunRecord) -> str:
    """Write a record as JSON; what is too long loses notes, then steps, then evidence."""
    for smaller in (_whole, _without_notes, _without_details):
        text = json.dumps(smaller(record).values, ensure_ascii=True, separators=(",", ":"))
        if len(text) <= _LARGEST:
            break
    return text


def loads(kind: str, text: str) -> RunEvent:
    """Read an event as it is stored. ValueError."""
    if kind not in _RANK:
        raise ValueError(f"no event of a run: {kind!r}")
    return RunEvent(kind, RunRecord.read(json.loads(text)))  # type: ignore[arg-type]


def _whole(record: RunRecord) -> RunRecord:
    return record


def _without_notes(record: RunRecord) -> RunRecord:
    steps = [{key: _cut(value) for key, value in step.items() if key != "notes"} for step in record.timeline]
    return replace(record, timeline=tuple(steps[-_MOST_STEPS:]))


def _without_details(record: RunRecord) -> RunRecord:
    return replace(
        record,
        timeline=(),
        evidence={},
        message=_cut(record.message),
        reason=_cut(record.reason),
    )


def _cut(value: Any) -> Any:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else value


def _texts(values: Any, names: Iterable[str]) -> dict[str, str]:
    if not isinstance(values, dict):
        return {}
    return {name: text for name in names if isinstance(text := values.get(name), str) and text}
