"""Times when a pool keeps more agents: a cron expression for the minutes, and what holds then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from dynaslave.pools.calls import spoken
from jobdsl.errors import DslError, suggestion
from jobdsl.grammar.cron import Crontab

__all__ = ["Floor", "Period", "during", "floor_at", "periods"]

_HINT = 'schedule=[during("* 8-17 * * 1-5", zone="Europe/Berlin", spares=2)]'
_KEYS = ("when", "zone", "min_agents", "spares")


@dataclass(frozen=True, slots=True)
class Period:
    """What a pool keeps in every minute that `when` matches. None leaves a number as it was."""

    when: str
    """A cron expression as Jenkins writes it: `* 8-17 * * 1-5` is every minute of office hours."""
    zone: str = "UTC"
    min_agents: int | None = None
    spares: int | None = None

    def holds(self, now: float) -> bool:
        """Whether this minute belongs to it; `now` in seconds since the epoch."""
        return _crontab(self.when, self.zone).matches(datetime.fromtimestamp(now, UTC))

    def plain(self) -> dict[str, Any]:
        """The period as JSON values."""
        return {key: value for key in _KEYS if (value := getattr(self, key)) is not None}


@dataclass(frozen=True, slots=True)
class Floor:
    """What a pool keeps at one moment."""

    min_agents: int
    spares: int
    ahead: int = 0
    """Executors kept free because builds are likely to come."""

    def free(self, executors: int) -> int:
        """Executors kept free, where an agent has so many."""
        return max(self.spares * executors, self.ahead)


def _raised(error: DslError, _: object) -> Period:
    raise error


@spoken(_raised)
def during(
    when: str, *, zone: str = "UTC", min_agents: int | None = None, spares: int | None = None
) -> Period:
    """A period of `agent_pool(schedule=[...])`; DslError for a cron expression or time zone that is none."""
    if not isinstance(when, str) or not isinstance(zone, str):
        raise DslError(f"a period is a cron expression and a time zone, not {when!r} and {zone!r}")
    _crontab(when, zone)
    for name, value in (("min_agents", min_agents), ("spares", spares)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise DslError(f"{name} of a period is a number of agents, 0 or more, not {value!r}")
    if min_agents is None and spares is None:
        raise DslError("a period says min_agents, spares or both")
    return Period(when, zone, min_agents, spares)


def periods(values: Any) -> tuple[Period, ...]:
    """Periods as `during` makes them, or as tables with its arguments. DslError for anything else."""
    if isinstance(values, Period | Mapping):
        values = (values,)
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DslError(f"a schedule is a list of during(...), not {values!r}", hint=_HINT)
    return tuple(value if isinstance(value, Period) else _from_table(value) for value in values)


def floor_at(schedule: Iterable[Period], min_agents: int, spares: int, now: float) -> Floor:
    """What holds at `now`: the pool's own numbers, or those of the last period that has others."""
    for period in schedule:
        if period.holds(now):
            min_agents = min_agents if period.min_agents is None else period.min_agents
            spares = spares if period.spares is None else period.spares
    return Floor(min_agents, spares)


def _from_table(value: Mapping[str, Any]) -> Period:
    if not isinstance(value, Mapping):
        raise DslError(f"a period is during(...), not {value!r}", hint=_HINT)
    for key in value:
        if key not in _KEYS:
            raise DslError(
                f"a period has no {key!r}",
                hint=suggestion(str(key), _KEYS) or f"it has {', '.join(_KEYS)}",
            )
    if "when" not in value:
        raise DslError("a period needs when, a cron expression", hint='when = "* 8-17 * * 1-5"')
    return during(**value)


@lru_cache(maxsize=1024)
def _crontab(when: str, zone: str) -> Crontab:
    return Crontab.parse(when, zone=zone)
