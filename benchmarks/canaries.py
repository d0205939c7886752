"""Series of simulated canaries: one canary a day at any hour, beside a baseline that sees the same load.

Both groups have three instances. Each metric is one value a minute of a whole group, as a metrics store gives
it: daily shape, bursts of load and slow minutes of a dependency on both sides, noise that fades slowly, noisy
neighbours of one instance for some minutes, tails of a Pareto distribution, and rare errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Days, minutes, and where there is a third axis, instances."""
INSTANCES = 3
PEAK = 250.0
"""Requests of an instance in a minute, at noon."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a canary; nothing by default."""

    name: str = "none"
    latency: float = 1.0
    error_rate: float = 0.001
    leak: float = 0.0
    """Share of its memory that an instance loses in a minute."""
    instances: int = INSTANCES
    """How many instances have the fault."""


FAULTS = (
    Fault(name="latency +20 %", latency=1.2),
    Fault(name="errors 0.1 % to 1 %", error_rate=0.01),
    Fault(name="memory leak, 0.5 % a minute", leak=0.005),
    Fault(
        name="one bad instance of three: half as fast, 2 % errors", latency=2.0, error_rate=0.02, instances=1
    ),
)
HEALTHY = Fault()


@dataclass(frozen=True, kw_only=True)
class Load:
    """What both sides see at the same time."""

    level: Array
    """Share of the load at noon."""
    slowness: Array
    """Factor of a slow dependency."""
    failing: Array
    """Share of requests that fail because of a dependency."""


def load(days: int, minutes: int, chance: np.random.Generator) -> Load:
    """Draw the hour of each day's canary, and what happens to all instances then."""
    start = chance.integers(0, 1440, size=(days, 1))
    at = (start + np.arange(minutes)) % 1440
    daily = 0.6 - 0.4 * np.cos(2 * np.pi * (at - 180) / 1440)
    level = daily * _episodes(chance, (days, minutes), per_hour=0.7, length=5, low=1.3, high=2.5)
    level *= np.exp(_fading(chance, (days, minutes), 0.06, 0.8))
    slowness = _episodes(chance, (days, minutes), per_hour=0.4, length=6, low=1.2, high=3.0)
    failing = 0.02 * (_episodes(chance, (days, minutes), per_hour=0.15, length=4, low=2, high=3) - 1)
    return Load(level=level, slowness=slowness, failing=failing)


def group(shared: Load, fault: Fault, chance: np.random.Generator) -> dict[str, Array]:
    """Draw the metrics of one group of instances, each `days` times `minutes`."""
    shape = (*shared.level.shape, INSTANCES)
    is_bad = np.arange(INSTANCES) < fault.instances
    level, slowness, failing = (
        values[..., None] for values in (shared.level, shared.slowness, shared.failing)
    )
    neighbour = _episodes(chance, shape, per_hour=0.25, length=6, low=1.1, high=1.6)
    requests = chance.poisson(PEAK * level * np.exp(chance.normal(0, 0.03, shape))).astype(np.float64)
    mean = 60 * level**0.35 * slowness * neighbour * np.where(is_bad, fault.latency, 1.0)
    mean = mean * np.exp(_fading(chance, shape, 0.05, 0.7)) * chance.lognormal(0, 0.04, shape)
    tail = mean * (3 + chance.pareto(2.2, shape))
    rates = np.minimum(np.where(is_bad, fault.error_rate, 0.001) + failing, 1.0)
    errors = chance.poisson(requests * rates).sum(axis=-1).astype(np.float64)
    busy = 12 + 40 * level * neighbour**0.5 * np.exp(_fading(chance, shape, 0.05, 0.7))
    age = np.arange(shape[1])[None, :, None]
    heap = 900 * (1 - 0.5 * np.exp(-age / 8)) * np.exp(_fading(chance, shape, 0.02, 0.9))
    heap = (
        heap * (1 + np.where(is_bad, fault.leak, 0.0) * age)
        + 60 * ((age + chance.integers(0, 9, (shape[0], 1, 3))) % 9) / 9
    )
    weights = requests / np.maximum(requests.sum(axis=-1, keepdims=True), 1)
    errors[chance.random(errors.shape) < 0.01] = np.nan  # values that never arrive
    return {
        "latency mean": (mean * weights).sum(axis=-1),
        "latency p99": np.sort(tail, axis=-1)[..., -2:].mean(axis=-1),
        "errors": np.where(errors == 0, np.nan, errors),  # a store has no value where none happened
        "cpu": busy.mean(axis=-1),
        "memory": heap.mean(axis=-1),
    }


def _fading(chance: np.random.Generator, shape: tuple[int, ...], deviation: float, memory: float) -> Array:
    """Draw noise along axis 1 that depends on the minute before (autoregressive)."""
    steps = chance.normal(0, deviation * np.sqrt(1 - memory**2), shape)
    steps[:, 0] = chance.normal(0, deviation, steps[:, 0].shape)
    for minute in range(1, shape[1]):
        steps[:, minute] += memory * steps[:, minute - 1]
    return steps


def _episodes(
    chance: np.random.Generator,
    shape: tuple[int, ...],
    *,
    per_hour: float,
    length: int,
    low: float,
    high: float,
) -> Array:
    """Draw factors that are 1 but for episodes of some minutes along axis 1."""
    starts = chance.random(shape) < per_hour / 60
    sizes = np.where(starts, chance.uniform(low, high, shape), 1.0)
    lengths = np.where(starts, 1 + chance.geometric(1 / length, shape), 0)
    factors, remaining, size = np.ones(shape), np.zeros_like(lengths[:, 0]), np.ones_like(sizes[:, 0])
    for minute in range(shape[1]):
        size = np.where(lengths[:, minute] > 0, sizes[:, minute], size)
        remaining = np.maximum(remaining - 1, lengths[:, minute])
        factors[:, minute] = np.where(remaining > 0, size, 1.0)
    return factors
