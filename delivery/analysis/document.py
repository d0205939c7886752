"""Read saved series from JSON, with every problem of the file at once. Pure.

    {"metrics": [{"name": "latency", "baseline": [...], "canary": [...], "direction": "increase"}],
     "weights": {"default": 100}}

docs/canary-analysis.md lists all keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, get_args

from delivery.analysis.model import (
    Autocorrelation,
    Direction,
    Effect,
    Measure,
    Metric,
    NanStrategy,
    OutlierStrategy,
)
from delivery.errors import FAILED, SeveralError
from jobdsl.errors import Problem, suggestion

__all__ = ["MAXIMUM_BYTES", "SavedSeries", "as_document", "read"]

MAXIMUM_BYTES = 64 * 1024 * 1024
"""Size of a file, far beyond thousands of metrics of a day."""
_NEUTRAL = {"meanRatio": (1.0, 1.0), "cles": (0.5, 0.5)}
"""The limits of an effect that any change is beyond."""
_FAR = {"meanRatio": (0.5, 2.0), "cles": (0.02, 0.98)}
"""The limits of an effect beyond which a sequence of judgements ends at once."""


class SavedSeries(NamedTuple):
    """What a file holds."""

    metrics: tuple[Metric, ...]
    weights: Mapping[str, float]


def read(text: str, name: str) -> SavedSeries:
    """Parse a file. Raises SeveralError with all problems.

    Args:
        text: The content.
        name: The file's name, for messages.
    """
    reader = _Reader(name)
    series = reader.series(_parsed(reader, text))
    if reader.problems:
        raise SeveralError(reader.problems, FAILED)
    return series


def as_document(metrics: Iterable[Metric], weights: Mapping[str, float]) -> dict[str, Any]:
    """Return metrics as `read` takes them."""
    return {"metrics": [_as_json(metric) for metric in metrics], "weights": dict(weights)}


def _as_json(metric: Metric) -> dict[str, Any]:
    return {key: getattr(metric, check.argument) for key, check in _KEYS.items() if key != "effect"} | {
        "effect": asdict(metric.effect)
    }


def _parsed(reader: _Reader, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reader.refuse("", f"line {error.lineno}: not JSON: {error.msg}", "see docs/canary-analysis.md")
    except (RecursionError, ValueError):
        reader.refuse("", "not JSON that can be read: nested too deep, or a number too long", "")
    return {}


@dataclass
class _Reader:
    """Checks values and collects what is wrong with them."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, place: str, message: str, hint: str) -> None:
        """Remember a problem at a place such as `metrics[2].effect`."""
        where = f"{self.file}: {place}: " if place else f"{self.file}: "
        self.problems.append(Problem(f"{where}{message}", hint=hint))

    def series(self, document: Any) -> SavedSeries:
        """Read the whole document."""
        members = self._members("", document, ("metrics", "weights"))
        listed = members.get("metrics")
        if not self.problems and (not isinstance(listed, list) or not listed):
            self.refuse(
                "metrics", "takes a list of at least one metric", '"metrics": [{"name": "latency", ...}]'
            )
        metrics = [
            self._metric(f"metrics[{index}]", member)
            for index, member in enumerate(listed if isinstance(listed, list) else [])
        ]
        groups = [metric.group for metric in metrics]
        return SavedSeries(tuple(metrics), self._weights(members.get("weights", {}), groups))

    def _weights(self, weights: Any, groups: list[str]) -> dict[str, float]:
        if not isinstance(weights, dict):
            self.refuse(
                "weights", "takes an object of a group's name and its percent", '"weights": {"errors": 60}'
            )
            return {}
        for group, weight in weights.items():
            if not _is_number(weight) or not 0 <= weight <= 100:
                self.refuse(f"weights.{group}", f"takes a number from 0 to 100, not {_shown(weight)}", "")
            if group not in groups:
                hint = suggestion(group, groups) or f"groups: {', '.join(dict.fromkeys(groups))}"
                self.refuse(f"weights.{group}", "no metric is in this group", hint)
        valid = {group: float(weight) for group, weight in weights.items() if _is_number(weight)}
        if sum(valid.values()) > 100:
            self.refuse("weights", f"add up to {sum(valid.values()):g}, more than 100 percent", "")
        return valid

    def _metric(self, place: str, member: Any) -> Metric:
        values = self._members(place, member, _KEYS)
        for key in ("name", "baseline", "canary"):
            if isinstance(member, dict) and key not in values:
                self.refuse(place, f"has no {key}", "")
        options: dict[str, Any] = {}
        for key, value in values.items():
            check = _KEYS[key]
            if (expected := check.problem(value)) is None:
                options[check.argument] = check.convert(value)
            elif key in ("baseline", "canary") and isinstance(value, list):
                index, item = next((at, item) for at, item in enumerate(value) if not _is_item(item))
                self.refuse(f"{place}.{key}[{index}]", f"takes a number or null, not {_shown(item)}", "")
            elif key != "effect":
                self.refuse(f"{place}.{key}", f"takes {expected}, not {_shown(value)}", _near(value, check))
        if "effect" in values:
            options["effect"] = self._effect(f"{place}.effect", values["effect"])
        return Metric(**{"name": "", "baseline": (), "canary": (), **options})

    def _effect(self, place: str, value: Any) -> Effect:
        members = self._members(place, value, ("allowed", "critical", "far", "measure"))
        measure = members.get("measure", "meanRatio")
        if measure not in get_args(Measure):
            hint = suggestion(str(measure), get_args(Measure))
            self.refuse(f"{place}.measure", f"takes {_words(get_args(Measure))}, not {_shown(measure)}", hint)
            measure = "meanRatio"
        limits = {}
        defaults = {"allowed": _NEUTRAL, "critical": _NEUTRAL, "far": _FAR}
        for key, default in defaults.items():
            pair = members.get(key, list(default[measure]))
            if not isinstance(pair, list) or len(pair) != 2 or not all(map(_is_number, pair)):
                self.refuse(f"{place}.{key}", f"takes [low, high], not {_shown(pair)}", "")
                pair = default[measure]
            limits[key] = (float(pair[0]), float(pair[1]))
        return Effect(measure=measure, **limits)

    def _members(self, place: str, value: Any, known: Any) -> dict[str, Any]:
        """Return the members of an object that are known; the others are problems."""
        if not isinstance(value, dict):
            self.refuse(place, f"takes an object, not {_shown(value)}", "")
            return {}
        for key in value:
            if key not in known:
                hint = suggestion(key, known) or f"known: {', '.join(sorted(known))}"
                self.refuse(place, f"unknown key {key!r}", hint)
        return {key: member for key, member in value.items() if key in known}


class _Key(NamedTuple):
    """How a key of a metric is checked and which argument it becomes."""

    argument: str
    problem: Callable[[Any], str | None]
    convert: Callable[[Any], Any]
    words: tuple[str, ...] = ()


def _one_of(argument: str, words: tuple[str, ...]) -> _Key:
    def problem(value: Any) -> str | None:
        return None if isinstance(value, str) and value in words else _words(words)

    return _Key(argument, problem, str, words)


def _between(argument: str, low: float, high: float) -> _Key:
    def problem(value: Any) -> str | None:
        return None if _is_number(value) and low < value < high else f"a number between {low:g} and {high:g}"

    return _Key(argument, problem, float)


def _at_least_zero(argument: str) -> _Key:
    def problem(value: Any) -> str | None:
        return None if _is_number(value) and value >= 0 else "a number of 0 or more"

    return _Key(argument, problem, float)


def _flag(argument: str) -> _Key:
    return _Key(argument, lambda value: None if isinstance(value, bool) else "true or false", bool)


def _text(argument: str) -> _Key:
    return _Key(argument, lambda value: None if isinstance(value, str) and value else "text", str)


def _values(argument: str) -> _Key:
    def problem(value: Any) -> str | None:
        is_list = isinstance(value, list) and all(map(_is_item, value))
        return None if is_list else "a list of numbers and nulls"

    def convert(value: list[Any]) -> tuple[float | None, ...]:
        return tuple(None if item is None or math.isnan(item) else float(item) for item in value)

    return _Key(argument, problem, convert)


_KEYS: Mapping[str, _Key] = {
    "name": _text("name"),
    "baseline": _values("baseline"),
    "canary": _values("canary"),
    "direction": _one_of("direction", get_args(Direction)),
    "nan": _one_of("nan", get_args(NanStrategy)),
    "outliers": _one_of("outliers", get_args(OutlierStrategy)),
    "outlier_factor": _at_least_zero("outlier_factor"),
    "critical": _flag("critical"),
    "must_have_data": _flag("must_have_data"),
    "tolerance": _at_least_zero("tolerance"),
    "confidence": _between("confidence", 0, 1),
    "autocorrelation": _one_of("autocorrelation", get_args(Autocorrelation)),
    "effect": _Key("effect", lambda value: "", str),  # noqa: ARG005  # read by a method of its own
    "group": _text("group"),
}


def _is_value(value: Any) -> bool:
    """Return whether a value is a number that fits a float; infinite ones are the judge's to report."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and float(value) is not None
    except OverflowError:
        return False


def _is_item(value: Any) -> bool:
    return value is None or _is_value(value)


def _is_number(value: Any) -> bool:
    return _is_value(value) and math.isfinite(value)


def _words(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _near(value: Any, key: _Key) -> str:
    return suggestion(value, key.words) if isinstance(value, str) and key.words else ""


def _shown(value: Any) -> str:
    text = (
        json.dumps(value)
        if isinstance(value, str | int | float | bool | None)
        else f"a {type(value).__name__}"
    )
    return text if len(text) <= 60 else f"{text[:56]}..."
