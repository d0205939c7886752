"""Every constant of the decision in one place: its name, unit, meaning, and where the value comes from.

`dynaslave simulate --tune NAME=VALUE` plays a trace with other values; docs/scaling.md has the table. What a
pool or the operator sets (`idle_minutes`, quotas) is not here, nor are facts of others: EC2's billing minimum
is in `pools/prices.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from jobdsl.errors import suggestion

__all__ = ["DEFAULTS", "Tuning", "TuningConstant", "TuningError", "constants", "tuned"]

Number = int | float


def _constant(
    default: Number, unit: str, meaning: str, source: str, *, least: Number = 0, most: Number = math.inf
) -> Any:
    described = {"unit": unit, "meaning": meaning, "source": source, "least": least, "most": most}
    return field(default=default, metadata=described)


_SIMULATED = "found by simulation, see Figures"
_CHOSEN = "chosen, not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The constants by which `decide` and `learn` decide."""

    # How long something may take
    request_deadline: float = _constant(
        120.0, "s", "a node may wait for its instance; a launch under way fits in", _CHOSEN
    )
    reconnect_deadline: float = _constant(
        300.0,
        "s",
        "an agent may be gone while its instance runs",
        "a restart of the controller fits in",
    )
    undeclared_deadline: float = _constant(
        30.0,
        "s",
        "a pool may be missing from the estate before its idle agents leave",
        "a checkout of the estate fits in",
    )
    undeclared_boot_deadline: float = _constant(
        600.0, "s", "an agent of an undeclared pool may take to connect", "the default of boot_minutes"
    )
    resume_deadline: float = _constant(
        600.0,
        "s",
        "an interrupted build may take to go on after a restart or a lost connection",
        "Jenkins 2.568 takes seconds on an idle host, longer on a busy one",
    )
    abandon_deadline: float = _constant(
        1800.0,
        "s",
        "a build may hold an executor of a node whose agent is gone while its instance runs",
        _CHOSEN,
    )
    suspect_deadline: float = _constant(
        120.0,
        "s",
        "an instance that belongs to nothing stays after it was marked",
        _CHOSEN,
    )
    lost_grace: float = _constant(
        60.0,
        "s",
        "a lost agent counts as on its way",
        "after a restart of the controller all agents come back",
    )
    # What waits
    dispatch_patience: float = _constant(
        30.0,
        "s",
        "an item may wait next to a free executor that fits before that is doubted",
        "Jenkins looks at its queue every 5 s",
    )
    # How long agents take to boot
    boot_guess: float = _constant(
        120.0,
        "s",
        "an agent takes to serve, until its pool has shown its own time",
        "the mean of the simulated boots, 60 to 180 s",
    )
    boots_remembered: int = _constant(15, "boots", "are remembered of a pool", _CHOSEN, least=1)
    boots_enough: int = _constant(
        9, "boots", "are needed to say how much they differ, and which agent is late", _CHOSEN, least=1
    )
    boots_differ: float = _constant(
        30.0, "s", "between the fastest and the slowest boot make launching beyond need worth it", _CHOSEN
    )
    late_factor: float = _constant(
        1.5, "times", "the slowest boot, after which an agent is late", _CHOSEN, least=1
    )
    late_share: float = _constant(
        0.25,
        "share",
        "of the agents on their way may be late; where more are, the cloud is slow",
        _CHOSEN,
        most=1,
    )
    # Beyond need
    extra_share: float = _constant(
        0.25, "share", "of the agents needed are launched beyond need where boots differ", _CHOSEN
    )
    closing: float = _constant(
        15.0,
        "s",
        "from the moment an agent is not needed until it is billed no more",
        "three polls: drain, check again, terminate",
    )
    # Beforehand
    slot: float = _constant(120.0, "s", "over which builds that come are counted together", _CHOSEN, least=1)
    slots: int = _constant(5, "slots", "are looked back at", _CHOSEN, least=1)
    slots_unreliable: int = _constant(
        30, "slots", "are looked back at where launches fail: an hour", _CHOSEN, least=1
    )
    builds_enough: int = _constant(20, "builds", "are needed before experience counts", _CHOSEN)
    ahead_share: float = _constant(
        0.68, "share", "of the builds that replace others for which executors are kept free", _SIMULATED
    )
    ahead_spread: float = _constant(0.6, "times", "the spread of builds is kept free in addition", _SIMULATED)
    ahead_most: float = _constant(1.9, "times", "the spread of builds is kept free at most", _SIMULATED)
    sure_spread: float = _constant(
        2.4, "times", "the spread of builds is kept free where launches fail", _SIMULATED
    )
    sure_builds: int = _constant(
        2, "builds", "of the last hour from which one executor is kept free where launches fail", _SIMULATED
    )
    sure_heap: float = _constant(
        4.0, "times", "the spread is widened at most where builds come in heaps", _SIMULATED, least=1
    )
    sure_clip: int = _constant(
        2, "builds", "of one slot count at most: more are a burst, which no pool can wait for", _SIMULATED
    )
    # What is kept
    hold_shortest: float = _constant(
        0.4,
        "share",
        "of its idle time for which a pool keeps capacity at least",
        "where wait and hours meet those of no delay: docs/scaling.md",
        most=1,
    )
    hold_longest: float = _constant(
        1.0, "share", "of its idle time for which a pool keeps capacity at most", "idle_minutes is a promise"
    )
    window_peaks: int = _constant(
        16, "maxima", "of what a pool needed are remembered exactly", "bounds the memory of a pool", least=2
    )
    window_parts: int = _constant(
        12, "parts", "of the idle time, each remembered by its maximum where there are more", _CHOSEN, least=1
    )
    window_gap: float = _constant(60.0, "s", "without a poll start the watch of a pool anew", _CHOSEN)
    window_gap_parts: int = _constant(
        3, "parts", "of the idle time, one of which may pass without a poll if it is longer", _CHOSEN, least=1
    )
    replaced_share: float = _constant(
        0.1, "share", "of a pool's agents is replaced at a time when its image changes", _CHOSEN, most=1
    )
    # When launches fail
    refused_wait: float = _constant(
        15.0, "s", "before the third try of a pool whose launches are refused; doubled each time", _CHOSEN
    )
    never_came_wait: float = _constant(
        60.0,
        "s",
        "the same where instances start and no agent connects",
        "each such instance costs money",
    )
    launch_wait_most: float = _constant(900.0, "s", "between tries of a pool at most", _CHOSEN)
    offer_rest: float = _constant(180.0, "s", "an offer without capacity rests; doubled each time", _CHOSEN)
    denied_rest: float = _constant(
        1800.0, "s", "an offer that is denied rests", "it stays denied until a user changes permissions"
    )
    offer_rest_most: float = _constant(1800.0, "s", "an offer rests at most", _CHOSEN)
    offer_forgotten: float = _constant(
        3600.0, "s", "after its rest in which an offer that is refused again rests twice as long", _CHOSEN
    )
    spot_young: float = _constant(
        600.0,
        "s",
        "in which a spot instance should have served; one interrupted later proves nothing",
        "the default of boot_minutes",
    )
    failure_half_life: float = _constant(
        14_400.0, "s", "in which launches that failed lose half of their weight", _CHOSEN, least=1
    )
    failure_share: float = _constant(
        0.03, "share", "of launches that failed from which launches are not relied on", _CHOSEN, most=1
    )
    failure_weight: float = _constant(
        1.5,
        "launches",
        "that failed, by weight, below which failures are chance or forgotten",
        "one failure is chance; one of four hours ago weighs a half",
        least=0.01,
    )


DEFAULTS = Tuning()
"""The values the manager uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningConstant:
    """One constant, described."""

    name: str
    default: Number
    unit: str
    meaning: str
    source: str
    least: Number
    most: Number


def constants() -> list[TuningConstant]:
    """Describe all constants, in the order of the decision."""
    return [
        TuningConstant(name=each.name, default=getattr(DEFAULTS, each.name), **each.metadata)
        for each in fields(Tuning)
    ]


class TuningError(ValueError):
    """A constant that does not exist, or a value it cannot have."""


def tuned(values: Mapping[str, str]) -> Tuning:
    """Return the defaults with other values.

    Args:
        values: as text, by name of the constant.

    Raises:
        TuningError: a name or a value is wrong; the message names it and what would be right.
    """
    known = {constant.name: constant for constant in constants()}
    for name in values:
        if name not in known:
            hint = suggestion(name, known) or "docs/scaling.md has the table of constants"
            raise TuningError(f"there is no constant {name!r}; {hint}")
    numbers: dict[str, Any] = {name: _parse(known[name], text) for name, text in values.items()}
    return replace(DEFAULTS, **numbers)


def _parse(constant: TuningConstant, text: str) -> Number:
    whole = isinstance(constant.default, int)
    try:
        number: Number = int(text) if whole else float(text)
    except ValueError:
        raise TuningError(
            f"{constant.name} takes {'a whole' if whole else 'a'} number, not {text!r}"
        ) from None
    if not constant.least <= number <= constant.most or math.isinf(number):
        bounds = f"{constant.least:g} or more"
        if constant.most < math.inf:
            bounds = f"{constant.least:g} to {constant.most:g}"
        raise TuningError(f"{constant.name} takes {bounds} ({constant.unit}), not {text}")
    return number
