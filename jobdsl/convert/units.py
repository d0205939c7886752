"""A template or macro as documents with placeholders, checked against those that are really made of it.

Runs in the child process alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jobdsl.convert.exchange import ChoiceVariant, YamlParameter
from jobdsl.convert.placeholders import (
    ANY,
    LIST,
    is_number,
    list_token,
    number_token,
    plain,
    substituted,
    text_token,
)

__all__ = ["RenderedSample", "Unit"]

_MOST_CHOICES = 12
"""Values of one variable that decide what is in a document; more are no template any more."""
_MOST_SAMPLES = 300
_ROUNDS = 4

Render = Callable[[Mapping[str, Any], "Mapping[str, Any] | None"], tuple[str, Any]]
"""Makes the document for values; with macros that are left as elements, also what was called."""


@dataclass(frozen=True, slots=True)
class RenderedSample:
    """Values that are really used, and the document they make."""

    values: Mapping[str, Any]
    document: str


@dataclass(slots=True)
class Unit:
    """Finds which variables are texts that are put in, and which decide what is there."""

    render: Render
    fragment: Callable[[str, Any], str]
    """Makes the elements of a list of components of a type."""
    samples: list[RenderedSample]
    defaults: Mapping[str, Any]
    unknown: Iterable[str] = ()
    """Variables it needs, of which no value is known."""
    numbers: Iterable[int] = ()
    parameters: dict[str, YamlParameter] = field(default_factory=dict)
    base: str = ""
    variants: list[ChoiceVariant] = field(default_factory=list)
    failure: str = ""
    """Why some samples do not come out of it; empty if all do."""
    _texts: dict[str, str] = field(default_factory=dict)

    def analyse(self) -> None:
        """Find parameters, the document with placeholders, variants. Raises what rendering raises."""
        self._classify()
        for _ in range(_ROUNDS):
            self._texts.clear()
            failing = self._failing()
            if not failing:
                break
            culprits = {name for sample in failing[:4] for name in self._culprits(sample)}
            if not culprits:
                self.failure = "its document depends on values in a way that cannot be followed"
                break
            for name in culprits:
                self._choose(name)
        self.base = self._text(self._own_values({}))
        self._drop_unused()

    def with_calls(self, functions: Mapping[str, Any]) -> list[Any]:
        """Render with macros left as elements; returns the documents and the calls, base first."""
        return [
            self.render(self._own_values({variant.parameter: variant.value} if variant else {}), functions)
            for variant in (None, *self.variants)
        ]

    def _classify(self) -> None:
        names = dict.fromkeys(name for sample in self.samples for name in sample.values)
        names |= dict.fromkeys([*self.defaults, *self.unknown])
        for number, name in zip(self.numbers, names, strict=False):
            values = [sample.values[name] for sample in self.samples if name in sample.values]
            values += [self.defaults[name]] if name in self.defaults else []
            kind, token = _kind(values, number)
            parameter = YamlParameter(name=name, kind=kind, token=token)
            if name in self.defaults:
                parameter.has_default, parameter.default = True, plain(self.defaults[name])
            self.parameters[name] = parameter
            if kind == "choice":
                self._choose(name)

    def _choose(self, name: str) -> None:
        """Let a variable decide what is there: its token is its most frequent value."""
        parameter = self.parameters[name]
        values = self._values_of(name)
        counts = Counter(map(_key, values))
        first = max(counts, key=lambda key: counts[key]) if counts else ""
        parameter.kind = "choice"
        parameter.token = next((value for value in values if _key(value) == first), None)

    def _values_of(self, name: str) -> list[Any]:
        default = [self.defaults[name]] if self.parameters[name].has_default else []
        return default + [sample.values[name] for sample in self.samples if name in sample.values]

    def _own_values(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of each variable for a rendering."""
        values = {}
        for name, parameter in self.parameters.items():
            if name in chosen:
                values[name] = chosen[name]
            elif parameter.kind != "choice" or self._values_of(name):
                values[name] = [parameter.token] if parameter.kind == "list" else parameter.token
        return values

    def _choices(self, sample: RenderedSample) -> dict[str, Any]:
        return {
            name: sample.values.get(name, self.defaults.get(name))
            for name, parameter in self.parameters.items()
            if parameter.kind == "choice" and (name in sample.values or name in self.defaults)
        }

    def _text(self, values: Mapping[str, Any]) -> str:
        key = _key(values)
        if key not in self._texts:
            text, trace = self.render(values, None)
            for token, component in trace.list_types.items():
                for parameter in self.parameters.values():
                    if parameter.token == token:
                        parameter.component = component
            self._texts[key] = text
        return self._texts[key]

    def _failing(self) -> list[RenderedSample]:
        if not self.samples:
            self._render_without_samples()
            return []
        failing = []
        for sample in self.samples[:: -(-len(self.samples) // _MOST_SAMPLES)]:
            try:
                text = self._text(self._own_values(self._choices(sample)))
                is_same = self._filled(text, sample) == sample.document
            except Exception:  # noqa: BLE001  # a placeholder is no value a module takes
                is_same = False
            if not is_same:
                failing.append(sample)
        return failing

    def _render_without_samples(self) -> None:
        """Find a rendering for a definition that nothing uses: defaults where placeholders are refused."""
        try:
            self._text(self._own_values({}))
        except Exception:  # noqa: BLE001
            for name in self.defaults:
                self._choose(name)
                with suppress(Exception):
                    self._text(self._own_values({}))
                    return
            self._text(self._own_values({}))

    def _filled(self, text: str, sample: RenderedSample) -> str:
        values, fragments = {}, {}
        for name, parameter in self.parameters.items():
            if parameter.kind == "choice":
                continue
            if name in sample.values or name in self.defaults:
                value = sample.values.get(name, self.defaults.get(name))
                if parameter.kind != "list":
                    values[str(parameter.token)] = value
                elif parameter.component:
                    fragments[parameter.token] = self.fragment(parameter.component, value)
        return substituted(text, values, fragments)

    def _culprits(self, sample: RenderedSample) -> list[str]:
        """Return the variables whose placeholders do not come out as their values do."""
        current = {**self.defaults, **sample.values}
        culprits = []
        for name, parameter in self.parameters.items():
            if parameter.kind == "choice" or name not in current:
                continue
            trial = {**current, name: [parameter.token] if parameter.kind == "list" else parameter.token}
            try:
                is_same = self._filled(self._text(trial), sample) == sample.document
            except Exception:  # noqa: BLE001
                is_same = False
            if is_same:
                current = trial
            else:
                culprits.append(name)
        return culprits

    def _drop_unused(self) -> None:
        """Keep the parameters that the document has, and make a variant for each other value of a choice."""
        texts = [self.base]
        used: set[str] = set()
        choices = [parameter for parameter in self.parameters.items() if parameter[1].kind == "choice"]
        for name, parameter in choices:
            others = self._other_values(name, parameter)
            for value in others.values():
                try:
                    text = self._text(self._own_values({name: value}))
                except Exception:  # noqa: BLE001, S112  # a value that is not used
                    continue
                if text == self.base:
                    continue
                used.add(name)
                texts.append(text)
                self.variants.append(ChoiceVariant(parameter=name, value=plain(value), inline=text, calls=""))
        if len(self.variants) > 4 * _MOST_CHOICES:
            self.failure = "its variables decide what is there in too many ways"
            self.variants, used = [], set()
        tokens = {token for text in texts for token in (*ANY.findall(text), *LIST.findall(text))}
        for name, parameter in list(self.parameters.items()):
            if name in used or (parameter.kind != "choice" and str(parameter.token) in tokens):
                parameter.token = plain(parameter.token)
            else:
                del self.parameters[name]

    def _other_values(self, name: str, parameter: YamlParameter) -> dict[str, Any]:
        """Return the values of a choice that are not that of the base; none where they make no difference."""
        others = {_key(value): value for value in self._values_of(name)}
        if any(isinstance(value, bool) for value in others.values()):
            others |= {_key(value): value for value in (True, False)}
        others.pop(_key(parameter.token), None)
        return {} if len(others) >= _MOST_CHOICES and self._is_unused(name, others) else others

    def _is_unused(self, name: str, others: Mapping[str, Any]) -> bool:
        value = next(iter(others.values()))
        try:
            return self._text(self._own_values({name: value})) == self.base
        except Exception:  # noqa: BLE001
            return False


def _kind(values: list[Any], number: int) -> tuple[str, Any]:
    """Return what kind of variable has these values, and its placeholder."""
    if values and all(is_number(value) for value in values):
        return "number", number_token(number)
    texts = [
        value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    if len(texts) == len(values):
        is_flag = bool(values) and all(str(value).lower() in ("true", "false") for value in values)
        return ("choice", None) if is_flag else ("text", text_token(number))
    is_list = all(
        isinstance(value, list) and all(isinstance(element, str | dict) for element in value)
        for value in values
    )
    return ("list", list_token(number)) if is_list else ("choice", None)


def _key(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True)
