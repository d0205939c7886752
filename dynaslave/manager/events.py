"""What happened between two polls, as numbers: how long builds waited, agents booted, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dynaslave.controller.builds import waiting_names
from dynaslave.deciding.ledger import AgentHistory, launch_time
from dynaslave.model import Agent, Running, Snapshot

__all__ = ["Events", "Waits", "compare"]

_SHOWN = 60.0
"""Seconds in which a build is shown on its agent after its item left the queue."""


@dataclass(frozen=True, slots=True)
class Events:
    """Agents, from one poll to the next."""

    boots: Sequence[tuple[str, float]] = ()
    """Pool and seconds from launch to serving, of each agent that came."""
    never_came: Mapping[str, int] = field(default_factory=dict)
    """By pool: agents whose boot deadline passed, or whose instance ended before they came."""
    interrupted: Mapping[str, int] = field(default_factory=dict)
    """By pool: agents whose machine the cloud began to take away."""


def compare(
    before: Mapping[str, AgentHistory], after: Mapping[str, AgentHistory], agents: Sequence[Agent], now: float
) -> Events:
    """Compare what is known of agents before and after a poll. One seen for the first time is no news."""
    boots: list[tuple[str, float]] = []
    never_came: Counter[str] = Counter()
    interrupted: Counter[str] = Counter()
    for agent in agents:
        old, new = before.get(agent.name), after.get(agent.name)
        if old is None or new is None:
            continue
        if new.served and not old.served and agent.instance is not None:
            boots.append((agent.pool, now - launch_time(agent.node, agent.instance, old, now)))
        never_came[agent.pool] += new.missed and not old.missed
        interrupted[agent.pool] += new.doomed and not old.doomed
    return Events(boots, +never_came, +interrupted)


@dataclass(slots=True)
class _Waiting:
    """An item of the queue that lacks only an executor."""

    name: str
    since: float
    """When it began to lack only that; by the controller's clock if the item came so into the queue."""


class Waits:
    """How long builds waited for an executor of a pool, poll by poll.

    A build that started between two polls is found by its address; what waited is the item of the same
    name that came first. A build of which no poll has shown an item waited for no time worth counting.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._unready: set[int] = set()
        self._gone: list[tuple[float, _Waiting]] = []
        self._running: frozenset[str] | None = None

    def poll(self, snapshot: Snapshot) -> list[tuple[str, float]]:
        """Return pool and seconds of each build that started since the last poll; blind polls show none."""
        if snapshot.blind:  # what starts meanwhile cannot be told from what did not wait
            self._running = None
            return []
        running = {build.url: (pool, build) for pool, build in _builds(snapshot)}
        before, self._running = self._running, frozenset(running)
        self._follow(snapshot)
        if before is None:
            return []
        started = sorted((running[url] for url in running.keys() - before), key=lambda item: item[1].started)
        return [(pool, self._waited(build, snapshot.at)) for pool, build in started]

    def _follow(self, snapshot: Snapshot) -> None:
        """Take over the queue, and remember what left it, the oldest first."""
        waiting: dict[int, _Waiting] = {}
        for item in snapshot.queue:
            known = self._waiting.get(item.id)
            if known is not None:  # also one that is about to start, and so lacks nothing any more
                waiting[item.id] = known
            elif item.ready:
                since = snapshot.at if item.id in self._unready else item.since
                waiting[item.id] = _Waiting(item.name, since)
        started = [entry for id, entry in sorted(self._waiting.items()) if id not in waiting]
        self._gone = [(at, entry) for at, entry in self._gone if snapshot.at - at < _SHOWN]
        self._gone += [(snapshot.at, entry) for entry in started]
        self._waiting = waiting
        self._unready = {item.id for item in snapshot.queue if not item.ready}

    def _waited(self, build: Running, now: float) -> float:
        names = waiting_names(build.url)
        place = next((at for at, (_, entry) in enumerate(self._gone) if entry.name in names), None)
        if place is None:
            return 0.0
        entry = self._gone.pop(place)[1]
        # A Pipeline's build has started long before the part that waited.
        started = build.started if build.started >= entry.since else now
        return max(started - entry.since, 0.0)


def _builds(snapshot: Snapshot) -> Iterator[tuple[str, Running]]:
    for node in snapshot.nodes:
        if node.pool:
            yield from ((node.pool, build) for build in node.running if build.url)
