"""Statistics of two samples: the shift between them with its confidence interval, and effect sizes. Pure.

The interval is the asymptotic one of the Wilcoxon rank-sum test as R computes it (`wilcox.test` with
`conf.int = TRUE, exact = FALSE`): the shifts at which the
standardised statistic crosses the normal quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from delivery.analysis.model import Interval

__all__ = [
    "Sample",
    "common_language_effect",
    "mean_ratio",
    "separated",
    "shift_interval",
    "variance_inflation",
    "without_outliers",
]

Sample = NDArray[np.float64]
_ACCURACY = 1e-6
"""Accuracy of a crossing; a share of the spread where that is below 1."""
_NOISE = 1e-5
"""Deviation of the noise that two constant samples get, as a share of their value."""
_SKETCH = 64
"""Order statistics of each sample that stand for all when a crossing is looked for."""

_FEWEST_PAIRS = 8
"""Pairs of values below which a correlation means nothing."""
_STRONGEST_CORRELATION = 0.95
"""Correlation of neighbours beyond which an estimate of the long-run variance is worthless."""


def shift_interval(
    canary: Sample, baseline: Sample, confidence: float, *, inflation: float = 1.0
) -> Interval:
    """Return the shift from baseline to canary (Hodges-Lehmann) and its confidence interval.

    Args:
        canary: At least one value, finite.
        baseline: At least one value, finite.
        confidence: Probability that the shift is between the bounds, for example 0.98.
        inflation: Variance of the statistic, as a multiple of that of independent values; it counts as
            estimated where it is above 1.
    """
    crossings = _Crossings(canary, baseline)
    quantile = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    if inflation > 1:
        # an estimated variance: Student's quantiles, with as many degrees as there are independent values
        degrees = max(1.0, min(len(canary), len(baseline)) / inflation)
        quantile = float(stdtrit(degrees, 1 - (1 - confidence) / 2)) * math.sqrt(inflation)
    lower, estimate, upper = (crossings.at(place) for place in (quantile, 0.0, -quantile))
    return Interval(lower=lower, estimate=min(max(lower, estimate), upper), upper=upper)


class _Crossings:
    """The standardised rank-sum statistic as a function of the shift: a step function that never rises."""

    def __init__(self, canary: Sample, baseline: Sample) -> None:
        self.canary, self.baseline = np.sort(canary), np.sort(baseline)
        self.pairs = len(canary) * len(baseline)
        self.total = len(canary) + len(baseline)
        self.own_ties = _ties(self.canary) + _ties(self.baseline)
        self.least = float(self.canary[0] - self.baseline[-1])
        self.most = float(self.canary[-1] - self.baseline[0])
        self.accuracy = _ACCURACY * (min(1.0, self.most - self.least) or 1.0)
        self.sketch = self._sketch()

    def at(self, quantile: float) -> float:
        """Return the shift at which the statistic crosses a quantile; an end where it does not cross."""

        def excess(shift: float) -> float:
            return self.statistic(shift) - quantile

        if excess(self.least) <= 0:
            return self.least
        if excess(self.most) >= 0:
            return self.most
        low, high = self._bracket(excess, quantile)
        return float(brentq(excess, low, high, xtol=self.accuracy))

    def statistic(self, shift: float) -> float:
        """Return the standardised statistic of the canary, moved back by `shift`, against the baseline."""
        moved = self.canary - shift
        below = np.searchsorted(self.baseline, moved, "left")
        up_to = np.searchsorted(self.baseline, moved, "right")
        less, not_more = int(below.sum()), int(up_to.sum())
        difference = (less + not_more) / 2 - self.pairs / 2
        ties = self.own_ties if less == not_more else _ties(np.sort(np.concatenate((moved, self.baseline))))
        variance = self.pairs / 12 * (self.total + 1 - ties / (self.total * (self.total - 1)))
        if variance <= 0:  # every value is the same
            return 0.0
        correction = 0.5 * ((difference > 0) - (difference < 0))
        return float((difference - correction) / np.sqrt(variance))

    def _sketch(self) -> Sample:
        """Return shifts between some values of both, in order: a sketch of those of all pairs."""
        if self.pairs <= _SKETCH**2:
            return np.empty(0)
        places = (np.arange(_SKETCH) + 0.5) / _SKETCH
        shifts: Sample = np.sort(
            np.subtract.outer(np.quantile(self.canary, places), np.quantile(self.baseline, places)), axis=None
        )
        return shifts

    def _bracket(self, excess: Callable[[float], float], quantile: float) -> tuple[float, float]:
        """Return two shifts with the crossing between them, close together where there is a sketch."""
        if not len(self.sketch):
            return self.least, self.most
        deviation = np.sqrt((self.total + 1) / 12 / self.pairs)
        guess = int((0.5 - quantile * deviation) * len(self.sketch))
        width = _SKETCH // 2
        while width < len(self.sketch):
            low, high = (self._sketched(guess + offset) for offset in (-width, width))
            if excess(low) > 0 >= excess(high):
                return low, high
            width *= 4
        return self.least, self.most

    def _sketched(self, index: int) -> float:
        if index < 0:
            return self.least
        return float(self.sketch[index]) if index < len(self.sketch) else self.most


def _ties(ordered: Sample) -> float:
    """Return the sum of t^3 - t over groups of t equal values."""
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    sizes = np.diff(starts).astype(np.float64)
    return float((sizes**3 - sizes).sum())


def variance_inflation(canary: Sample, baseline: Sample) -> float:
    """Return by how much serial correlation raises the variance of the rank-sum statistic; at least 1.

    The ranks of both series are subtracted pair by pair, so that load that both see at once cancels, and a
    straight line is taken out: a steady drift apart is a finding, not noise. What is left has a long-run
    variance, estimated twice: as an autoregression of order 1, which suits values that fade, and by
    Bartlett's weights (Newey and West), which see bursts under noise. The larger one counts.

    Args:
        canary: Values in the order of time, NaN where one is missing.
        baseline: Values at the same times.
    """
    length = min(len(canary), len(baseline))
    is_pair = ~(np.isnan(canary[:length]) | np.isnan(baseline[:length]))
    count = int(is_pair.sum())
    if count < _FEWEST_PAIRS:
        return 1.0
    ranks = _ranks(np.concatenate((canary[:length][is_pair], baseline[:length][is_pair])))
    independent = 2 * float(ranks.var())
    differences = _without_line(ranks[:count] - ranks[count:])
    variance = float(differences.var())
    if not independent or not variance:
        return 1.0
    lags = math.isqrt(count)
    correlations = np.array(
        [float(differences[:-lag] @ differences[lag:]) / (variance * count) for lag in range(1, lags + 1)]
    )
    fading = _upper_correlation(float(correlations[0]), count)
    bartlett = 1 + 2 * float((1 - np.arange(1, lags + 1) / (lags + 1)) @ correlations)
    shared = min(1.0, float((ranks[:count] - ranks[count:]).var()) / independent)
    return max(1.0, shared * max((1 + fading) / (1 - fading), bartlett))


def _upper_correlation(estimate: float, count: int) -> float:
    """Return a correlation of neighbours that is hardly exceeded, from its estimate over `count` values.

    The estimate is too small where a mean and a straight line were taken out (Marriott and Pope), and it is
    uncertain: one standard error is added.
    """
    unbiased = estimate + (2 + 4 * estimate) / count
    upper = unbiased + math.sqrt(max(0.0, 1 - unbiased**2) / count)
    return min(max(upper, 0.0), _STRONGEST_CORRELATION)


def _ranks(values: Sample) -> Sample:
    """Return the rank of each value; equal values share the middle one."""
    ordered = np.sort(values)
    ranks: Sample = (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right") + 1) / 2
    return ranks


def _without_line(values: Sample) -> Sample:
    """Return values less the straight line that fits them best."""
    times = np.arange(len(values)) - (len(values) - 1) / 2
    centred = values - values.mean()
    residuals: Sample = centred - times * float(times @ centred) / float(times @ times)
    return residuals


def separated(sample: Sample) -> Sample:
    """Return a constant sample with its values a tiny, fixed amount apart, so that they have ranks.

    The amounts are the quantiles of a normal distribution, so that equal input gives equal results.
    """
    normal, count = NormalDist(), len(sample)
    offsets = np.array([normal.inv_cdf((index + 0.5) / count) for index in range(count)])
    result: Sample = sample + offsets * _NOISE * (abs(float(sample[0])) or 1.0)
    return result


def without_outliers(sample: Sample, factor: float) -> Sample:
    """Return a sample without values more than `factor` interquartile ranges outside its quartiles.

    Where most values are equal that range is zero and everything else would be an outlier; the 5th and the
    95th percentile are the limits then.
    """
    if not len(sample):
        return sample
    p5, first, third, p95 = np.quantile(sample, [0.05, 0.25, 0.75, 0.95])
    distance = factor * (third - first)
    low, high = (first - distance, third + distance) if third > first else (p5, p95)
    within: Sample = sample[(sample >= low) & (sample <= high)]
    return within


def mean_ratio(canary: Sample, baseline: Sample) -> float | None:
    """Return mean(canary) / mean(baseline), or None where the baseline's mean is 0."""
    mean = float(baseline.mean())
    return float(canary.mean()) / mean if mean else None


def common_language_effect(canary: Sample, baseline: Sample) -> float:
    """Return the probability that a value of the canary exceeds one of the baseline; a tie counts half."""
    ordered = np.sort(baseline)
    below = int(np.searchsorted(ordered, canary, "left").sum())
    up_to = int(np.searchsorted(ordered, canary, "right").sum())
    return (below + up_to) / 2 / (len(canary) * len(baseline))
