"""The manager: poll, decide, act, report; every few seconds until it is stopped. It keeps no state it needs.

A tick that fails is reported and tried again: nothing that a controller, a cloud or an estate does ends
the loop.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from dynaslave.deciding.decide import decide, learn
from dynaslave.deciding.decisions import Decision, Report
from dynaslave.deciding.drift import outdated
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.manager.announce import Announcer
from dynaslave.manager.clocks import ClockWatch
from dynaslave.manager.costs import Costs
from dynaslave.manager.events import Waits, compare
from dynaslave.manager.explain import Explainer
from dynaslave.manager.journal import Journal
from dynaslave.manager.overview import agent_rows, pool_rows, queue_rows, troubles_of
from dynaslave.manager.series import Sample, Series
from dynaslave.manager.status import Status
from dynaslave.model import Snapshot
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.quotas import limits
from dynaslave.pools.watch import Declared
from dynaslave.provider import Provider, ProviderError
from jobdsl.aws.lease import Lease, LeaseError, NoLease

if TYPE_CHECKING:
    from dynaslave.manager.metrics import Metrics

__all__ = ["HEALTHY", "STANDBY", "Dependencies", "Doer", "Manager"]

SWEEP = 300.0
"""Seconds between two sweeps of what is not needed any more."""
TEMPLATES = 60.0
"""Seconds until it is looked up again what pools would be launched from."""
HEALTHY = 60.0
"""Seconds without a tick that succeeded until a manager is not healthy; three intervals if that is more."""
STANDBY = 30.0
"""Seconds between two polls of a manager that another keeps from acting."""


class Doer(Protocol):
    """What performs decisions (`act.Actor`)."""

    def perform(
        self, decisions: Sequence[Decision], pools: Mapping[str, AgentPool], may_act: Callable[[], bool]
    ) -> Sequence[Report]:
        """Do all of it; a report for each."""
        ...


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a manager is made of; each of it can be a fake."""

    name: str
    url: str
    """The controller."""
    provider: Provider
    estate: Callable[[], Declared]
    poll: Callable[[], Snapshot]
    doer: Doer
    costs: Costs
    lease: Lease = field(default_factory=NoLease)
    metrics: Metrics | None = None
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    timer: Callable[[], float] | None = None
    """Seconds that never jump; None if `clock` does not either."""


class Manager:
    """One loop. `status` and `series` may be read from other threads at any time."""

    def __init__(self, parts: Dependencies) -> None:
        self._parts = parts
        self._memory = Memory()
        self._journal = Journal()
        self._stop = threading.Event()
        self._active = False
        self._clock = ClockWatch(parts.clock, parts.timer or parts.clock)
        self._polled = -STANDBY
        self._swept = -SWEEP
        self._interval = 5.0
        self._succeeded = time.monotonic()
        self._unseen = False
        """Whether the last look was blind."""
        self._templates: Mapping[str, str] = {}
        self._templates_at = -TEMPLATES
        self._waits = Waits()
        self._explainer = Explainer(parts.provider)
        self._refused = ""
        self._log = structlog.get_logger().bind(manager=parts.name)
        self._troubles = Announcer(lambda: self._log, "trouble", "trouble over")
        self._notes = Announcer(lambda: self._log, "note")
        self.series = Series()
        self.status = Status(
            parts.name,
            parts.clock(),
            parts.url,
            parts.provider.name,
            active=False,
            since=parts.clock(),
            troubles=("nothing seen yet",),
        )
        """What the last tick has seen."""

    def run(self, interval: float) -> None:
        """Tick every `interval` seconds until `stop` is called; then give the lease back."""
        parts, self._interval = self._parts, interval
        self._log.info("started", controller=parts.url, provider=parts.provider.name, interval=interval)
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                self.tick()
                self._stop.wait(max(interval - (time.monotonic() - began), 0.05))
        finally:
            self.close()

    def stop(self) -> None:
        """End the loop: the request under way is finished, nothing else begins. Fit for a signal handler."""
        self._stop.set()

    def close(self) -> None:
        """Write what is pending and give the lease back. Agents live on."""
        self._parts.costs.flush(self._parts.clock())
        self._parts.lease.release()
        self._parts.provider.close()
        self._log.info("stopped")

    def tick(self) -> None:
        """One round. Raises nothing."""
        began = time.monotonic()
        succeeded = False
        try:
            succeeded = self._round(self._now())
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever it meets
            trouble = f"the last tick failed: {type(error).__name__}: {error}"
            if trouble not in self.status.troubles:
                self._log.exception("tick failed")
            self.status = replace(self.status, troubles=(trouble,))
        ended = time.monotonic()
        if succeeded:
            self._succeeded = ended
        self._troubles.show(self.status.troubles, ended, warn=True)
        self._notes.show(self.status.notes, ended, warn=False)
        if self._parts.metrics is not None:
            self._parts.metrics.ticked(ended - began, succeeded=succeeded)

    @property
    def trouble(self) -> str:
        """Why this manager can neither act nor stand by; empty if it can."""
        if self._refused:
            return self._refused
        if self.age() <= max(HEALTHY, 3 * self._interval):
            return ""
        reason = self.status.troubles[0] if self.status.troubles else "the tick under way has not ended"
        return f"no tick succeeded for {self.age():.0f} s: {reason}"

    def age(self) -> float:
        """Seconds since a tick succeeded: everything could be seen, and what was decided was tried."""
        return time.monotonic() - self._succeeded

    def preview(self) -> Outcome:
        """Poll and decide, and do nothing; `status` shows what was seen."""
        return self._consider(self._parts.estate(), self._now())[1]

    def _now(self) -> float:
        """Return the time. After the clock was set, nothing that depends on time is remembered."""
        now, step = self._clock.read()
        if step:
            self._log.warning("the clock of this host was set", seconds=round(step))
            self._memory = Memory()
            self._parts.costs.clock_set(step)
            self._polled, self._swept = -STANDBY, -SWEEP
        return now

    def _round(self, now: float) -> bool:
        """Poll and act, if it is our turn; returns whether everything could be seen."""
        try:
            self._take_turn(self._parts.lease.acquire())
        except LeaseError as error:
            self._lease_refused(error)
            return False
        silent = "" if self._active else self._parts.lease.unanswered
        self._refused = f"the lease got no answer: {silent}" if silent else ""
        if not self._active and now - self._polled < STANDBY:
            return not (silent or self._unseen)
        declared = self._parts.estate()
        snapshot, outcome = self._consider(declared, now)
        if not self._active:
            return not (silent or snapshot.blind)
        pools = {pool.name: pool for pool in declared.pools}
        self._sweep(snapshot, pools, now)  # before anything is launched that the look does not show
        reports = self._parts.doer.perform(outcome.decisions, pools, self._may_act)
        self._memory = learn(outcome.memory, reports, now)
        self._tell(reports, now)
        return not snapshot.blind

    def _consider(self, declared: Declared, now: float) -> tuple[Snapshot, Outcome]:
        parts, self._polled = self._parts, now
        began = time.monotonic()
        snapshot = replace(parts.poll(), current=self._current(declared, now))
        seconds = time.monotonic() - began
        if snapshot.instances or not snapshot.blind:
            parts.costs.poll(snapshot.instances, now)
        dollars = parts.costs.by_pool()
        bounds = limits(declared.manager, declared.pools, None if parts.costs.unread else dollars or {})
        outcome = decide(snapshot, declared.pools, self._memory, bounds)
        explained = self._explainer.annotate(snapshot, outcome.agents)
        if explained is not snapshot:
            snapshot = explained
            outcome = decide(snapshot, declared.pools, self._memory, bounds)
        self._unseen = bool(snapshot.blind)
        self._measure(snapshot, declared, outcome)
        self._publish(snapshot, declared, outcome, seconds)
        return snapshot, outcome

    def _current(self, declared: Declared, now: float) -> Mapping[str, str]:
        """What pools would be launched from; asked once a minute, as it may take requests."""
        if not 0 <= now - self._templates_at < TEMPLATES:
            try:
                self._templates = self._parts.provider.current(declared.pools)
            except ProviderError as error:
                self._log.warning("images of pools cannot be looked up", error=error.message)
            self._templates_at = now
        return self._templates

    def _measure(self, snapshot: Snapshot, declared: Declared, outcome: Outcome) -> None:
        """Count what happened since the last poll; a manager that stands by leaves that to the other."""
        metrics = self._parts.metrics
        waits = self._waits.poll(snapshot)
        if metrics is not None and self._active:
            metrics.declared(pool.name for pool in declared.pools)
            events = compare(self._memory.seen, outcome.memory.seen, outcome.agents, snapshot.at)
            metrics.happened(events, waits)

    def _lease_refused(self, error: LeaseError) -> None:
        """It is unknown whose turn it is, and waiting does not help: act no more, and report it."""
        self._refused = error.message
        self._take_turn(active=False)
        self.status = replace(self.status, active=False, troubles=(f"{error.message}: {error.hint}",))

    def _may_act(self) -> bool:
        if self._stop.is_set():
            return False
        try:
            return self._parts.lease.may_act()
        except LeaseError as error:
            self._lease_refused(error)
            return False

    def _take_turn(self, active: bool) -> None:
        """Begin or end acting. What another did meanwhile is not in our memory, which begins anew."""
        if active != self._active:
            self._active, self._memory = active, Memory()
            if active:
                self._log.info("acting")
            else:
                self._log.info("standing by", holder=self._parts.lease.holder())

    def _tell(self, reports: Sequence[Report], now: float) -> None:
        for entry in self._journal.add(reports, now):
            log = self._log.warning if entry.error else self._log.info
            more = {"error": entry.error} if entry.error else {}
            log(entry.action, target=entry.target, reason=entry.reason, **more)
        self.status = replace(self.status, decisions=tuple(self._journal.last(50)))
        if self._parts.metrics is not None:
            self._parts.metrics.acted(reports)

    def _sweep(self, snapshot: Snapshot, pools: Mapping[str, AgentPool], now: float) -> None:
        if snapshot.blind or now - self._swept < SWEEP or not self._may_act():
            return
        self._swept = now
        try:
            self._parts.provider.sweep(frozenset(node.name for node in snapshot.nodes), frozenset(pools))
        except ProviderError as error:
            self._log.warning("sweep failed", error=error.message)

    def _publish(self, snapshot: Snapshot, declared: Declared, outcome: Outcome, seconds: float) -> None:
        """Show people, the page and the metrics what was seen; what was not seen stays as it was shown."""
        status = replace(
            self.status,
            active=self._active,
            holder=self._parts.lease.holder(),
            look_seconds=seconds,
            decisions=tuple(self._journal.last(50)),
            troubles=(
                *filter(None, [self._refused, self._parts.costs.unread, self._parts.costs.unwritten]),
                *troubles_of(snapshot, declared.problems),
            ),
            notes=() if snapshot.blind else outcome.notes,
        )
        if not snapshot.blind:
            status = self._seen(status, snapshot, declared, outcome)
        self.status = status
        if self._parts.metrics is not None:
            self._parts.metrics.polled(status)

    def _seen(self, status: Status, snapshot: Snapshot, declared: Declared, outcome: Outcome) -> Status:
        costs = self._parts.costs
        status = replace(
            status,
            at=snapshot.at,
            pools=pool_rows(declared.pools, outcome, costs.by_pool(), snapshot.at),
            queue=queue_rows(snapshot.queue, outcome.counted, outcome.elsewhere),
            agents=agent_rows(outcome.agents, outdated(outcome.agents, snapshot.current)),
            month=costs.month,
        )
        states = dict(Counter(agent.state for agent in status.agents))
        self.series.add(Sample(status.at, sum(pool.waiting for pool in status.pools), states))
        return status
