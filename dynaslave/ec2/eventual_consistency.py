"""What we did a moment ago and DescribeInstances may not show yet: AWS is consistent only in the end.

Nothing here is state that must survive: a manager that starts anew sees a little later what it missed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynaslave.ec2.tags import tagged
from dynaslave.model import Instance

__all__ = ["LAG", "Lag"]

LAG = 60.0
"""Seconds after which AWS shows everything; usually it takes one or two."""


class Lag:
    """Launches, terminations and tags of the last minute; safe in threads. Times are the manager's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._launched: dict[str, tuple[float, Instance]] = {}
        self._ended: dict[str, float] = {}
        self._tags: dict[str, tuple[float, dict[str, str]]] = {}

    def launched(self, instances: Iterable[Instance], now: float) -> None:
        """These were started."""
        with self._lock:
            self._launched |= {instance.id: (now, instance) for instance in instances}

    def ended(self, ids: Iterable[str], now: float) -> None:
        """These were terminated, or are about to be."""
        with self._lock:
            self._ended |= dict.fromkeys(ids, now)

    def wrote(self, ids: Iterable[str], tags: Mapping[str, str], now: float) -> None:
        """These were given tags."""
        with self._lock:
            for instance_id in ids:
                before = self._tags[instance_id][1] if instance_id in self._tags else {}
                self._tags[instance_id] = (now, {**before, **tags})

    def correct(self, shown: Iterable[Instance], now: float) -> list[Instance]:
        """What AWS would show if it were up to date, by what it shows."""
        with self._lock:
            self._forget(now)
            visible = {instance_id: instance for instance_id, (_, instance) in self._launched.items()}
            visible |= {instance.id: instance for instance in shown}
            return [self._corrected(instance) for instance in visible.values()]

    def _corrected(self, instance: Instance) -> Instance:
        written = self._tags.get(instance.id)
        corrected = tagged(instance, written[1]) if written else instance
        if instance.id in self._ended and instance.state != "terminated":
            return replace(corrected, state="stopping")
        return corrected

    def _forget(self, now: float) -> None:
        self._launched = {key: value for key, value in self._launched.items() if _is_recent(value[0], now)}
        self._tags = {key: value for key, value in self._tags.items() if _is_recent(value[0], now)}
        self._ended = {key: at for key, at in self._ended.items() if _is_recent(at, now)}


def _is_recent(at: float, now: float) -> bool:
    """Report whether something happened in the last minute, by a clock that may have been set back since."""
    return abs(now - at) < LAG
