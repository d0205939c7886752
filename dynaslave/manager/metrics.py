"""The manager's numbers for Prometheus, in a registry of its own."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dynaslave.deciding.decisions import Launch, Report
from dynaslave.manager.events import Events
from dynaslave.manager.status import Status
from dynaslave.model import AgentState
from jobdsl.printable import one_line

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_WAITS = (1, 5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)
_BOOTS = (15, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Gauges of the last poll, counters of what was done."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._waiting = Gauge(
            "dynaslave_queue_items", "Queue items that wait for a pool.", ["pool"], registry=registry
        )
        self._unserved = Gauge(
            "dynaslave_unserved_items", "Queue items that no pool can serve.", registry=registry
        )
        self._longest = Gauge(
            "dynaslave_queue_longest_seconds", "How long the oldest item waits.", ["pool"], registry=registry
        )
        self._agents = Gauge("dynaslave_agents", "Agents by state.", ["pool", "state"], registry=registry)
        self._most = Gauge(
            "dynaslave_agents_max", "The most agents a pool may have.", ["pool"], registry=registry
        )
        self._dollars = Gauge(
            "dynaslave_month_dollars", "What a pool has cost this month.", ["pool", "team"], registry=registry
        )
        self._active = Gauge("dynaslave_active", "1 while this manager holds the lease.", registry=registry)
        self._seen = Gauge(
            "dynaslave_last_look_timestamp_seconds", "When the last look was complete.", registry=registry
        )
        self._troubles = Gauge("dynaslave_troubles", "What could not be seen or done.", registry=registry)
        self._look = Histogram(
            "dynaslave_look_seconds", "Time of one look.", buckets=_SECONDS, registry=registry
        )
        self._tick = Histogram(
            "dynaslave_tick_seconds", "Time of one tick.", buckets=_SECONDS, registry=registry
        )
        self._decisions = Counter(
            "dynaslave_decisions", "Decisions by what came of them.", ["action", "outcome"], registry=registry
        )
        self._launched = Counter("dynaslave_launched", "Agents launched.", ["pool"], registry=registry)

        self._waits = Histogram(
            "dynaslave_build_wait_seconds",
            "How long builds waited for an executor.",
            ["pool"],
            buckets=_WAITS,
            registry=registry,
        )
        self._boots = Histogram(
            "dynaslave_boot_seconds",
            "From the launch of an agent until it serves.",
            ["pool"],
            buckets=_BOOTS,
            registry=registry,
        )
        self._failures = Counter(
            "dynaslave_launch_failures",
            "Agents that were not launched, or never came, by reason.",
            ["pool", "reason"],
            registry=registry,
        )
        self._interruptions = Counter(
            "dynaslave_interruptions", "Agents the cloud took away.", ["pool"], registry=registry
        )
        self._ticks = Counter(
            "dynaslave_ticks", "Ticks by what came of them.", ["outcome"], registry=registry
        )

    def declared(self, pools: Iterable[str]) -> None:
        """Begin the counters of these pools at 0, so that the first failure of a pool is an increase."""
        for name in map(one_line, pools):
            self._interruptions.labels(name)
            self._launched.labels(name)
            self._waits.labels(name)
            self._boots.labels(name)
            for reason in ("no_capacity", "denied", "never_came"):
                self._failures.labels(name, reason)

    def happened(self, events: Events, waits: Iterable[tuple[str, float]]) -> None:
        """Count what happened since the last poll."""
        for pool, seconds in waits:
            self._waits.labels(one_line(pool)).observe(seconds)
        for pool, seconds in events.boots:
            self._boots.labels(one_line(pool)).observe(seconds)
        for pool, count in events.never_came.items():
            self._failures.labels(one_line(pool), "never_came").inc(count)
        for pool, count in events.interrupted.items():
            self._interruptions.labels(one_line(pool)).inc(count)

    def polled(self, status: Status) -> None:
        """Take over what a poll has shown."""
        for gauge in (self._waiting, self._longest, self._agents, self._most, self._dollars):
            gauge.clear()
        for pool in status.pools:
            name = one_line(pool.name)
            self._waiting.labels(name).set(pool.waiting)
            self._most.labels(name).set(pool.max_agents)
            if pool.dollars is not None:
                self._dollars.labels(name, one_line(pool.team)).set(pool.dollars)
            self._longest.labels(name).set(0)
            for state in AgentState:
                self._agents.labels(name, state.value).set(pool.agents.get(state.value, 0))
        oldest: dict[str, float] = {}
        for row in status.queue:
            oldest[row.pool] = max(oldest.get(row.pool, 0.0), status.at - row.since)
        self._unserved.set(sum(not row.pool and not row.elsewhere for row in status.queue))
        for name, seconds in oldest.items():
            if name:
                self._longest.labels(one_line(name)).set(seconds)
        self._active.set(status.active)
        self._troubles.set(len(status.troubles))
        self._look.observe(status.look_seconds)
        if not status.troubles:
            self._seen.set(status.at)

    def acted(self, reports: Iterable[Report]) -> None:
        """Count decisions."""
        for report in reports:
            action = type(report.decision).__name__.lower()
            self._decisions.labels(action, "failed" if report.error else "done").inc()
            if isinstance(report.decision, Launch):
                pool, missing = one_line(report.decision.pool), report.decision.count - report.launched
                self._launched.labels(pool).inc(report.launched)
                if missing > 0:
                    self._failures.labels(pool, report.failure or "other").inc(missing)

    def ticked(self, seconds: float, *, succeeded: bool = True) -> None:
        """Note how long a whole tick took, and what came of it."""
        self._tick.observe(seconds)
        self._ticks.labels("succeeded" if succeeded else "failed").inc()

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
