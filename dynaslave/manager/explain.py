"""Why agents do not come: their logs, fetched when they are late, and noted on their instances.

A decision is pure, so what is found out is handed to it with the instance, as the note `why`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dynaslave.deciding.ledger import is_coming
from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.model import Agent, AgentState, Instance, Snapshot
from dynaslave.provider import Provider, ProviderError

__all__ = ["WHY", "Explainer"]

WHY = "why"
"""The note of an instance with the reason why its agent does not come."""
_AGAIN = 60.0
_MOST = 3
"""Logs that are fetched in one poll: each may be a request."""
_SHARE = 0.5
"""The share of its boot deadline after which an agent's log is looked at."""


class Explainer:
    """Remembers the reasons in logs, of the instances of the last poll."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._whys: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    def annotate(self, snapshot: Snapshot, agents: Iterable[Agent]) -> Snapshot:
        """Fetch the logs that are due, and note the reasons on the instances. `agents`: those of the poll."""
        known = {instance.id: instance for instance in snapshot.instances}
        due = [agent.instance for agent in agents if agent.instance and _is_due(agent, known, snapshot.at)]
        instances = [
            instance
            for instance in due
            if not 0 <= snapshot.at - self._asked.get(instance.id, -_AGAIN) < _AGAIN
        ]
        for instance in instances[:_MOST]:
            self._ask(known[instance.id], snapshot.at)
        self._whys = {id: why for id, why in self._whys.items() if id in known}
        self._asked = {id: at for id, at in self._asked.items() if id in known}
        if not self._whys:
            return snapshot
        return replace(snapshot, instances=tuple(map(self._noted, snapshot.instances)))

    def _ask(self, instance: Instance, now: float) -> None:
        self._asked[instance.id] = now
        try:
            why = self._provider.explain(instance)
        except ProviderError:  # a help; without it the deadline says what there is to say
            return
        if why:
            self._whys[instance.id] = why

    def _noted(self, instance: Instance) -> Instance:
        why = self._whys.get(instance.id)
        return replace(instance, notes={**instance.notes, WHY: why}) if why else instance


def _is_due(agent: Agent, known: dict[str, Instance], now: float) -> bool:
    """Report whether an agent is late, or was there and is gone, or its instance has ended."""
    instance = known.get(agent.instance.id) if agent.instance else None
    if instance is None or agent.node.connected:
        return False
    if agent.state in (AgentState.LOST, AgentState.GONE):
        return True
    if agent.state is not AgentState.BOOTING or agent.deadline is None:
        return False
    return not is_coming(agent, now, DEFAULTS) or now - agent.since >= _SHARE * (agent.deadline - agent.since)
