"""A poll that shows what the last one showed: decided without looking at every agent again. Pure.

Where only time has passed, the memory goes on, and mostly nothing is to be done. `decide` would give the
same outcome, at many times the cost; a simulation of a week has thousands of such polls.
"""

from __future__ import annotations

from dataclasses import replace

from dynaslave.deciding.capacity_cooldown import still_cooling
from dynaslave.deciding.ledger import AgentHistory
from dynaslave.deciding.outcome import Outcome
from dynaslave.deciding.tuning import DEFAULTS, Tuning
from dynaslave.model import Agent, AgentState

__all__ = ["decide_unchanged"]

_STEADY = (
    AgentState.REQUESTED,
    AgentState.PENDING,
    AgentState.BOOTING,
    AgentState.IDLE,
    AgentState.BUSY,
    AgentState.DRAINING,
)
"""States in which an agent is judged the same until its deadline."""


def decide_unchanged(before: Outcome, now: float, tuning: Tuning = DEFAULTS) -> Outcome | None:
    """Decide at a later moment about a poll that shows the same, with the same pools and limits.

    Args:
        before: the outcome of the last poll.
        now: when the poll was.
        tuning: the constants, those of the last poll.

    Returns:
        What `decide` would return; None where only `decide` can determine it.
    """
    if (
        before.decisions
        or now >= before.settled_until
        or any(not _is_steady(agent) for agent in before.agents)
    ):
        return None
    standings = {}
    for name, standing in before.standings.items():
        later = standing.later(now)
        if later is None:
            return None
        standings[name] = later
    memory = before.memory._replace(
        seen=_seen(before, now),
        windows={name: entry.window for name, entry in standings.items()},
        traffic={name: entry.traffic for name, entry in standings.items()},
        cooling=still_cooling(before.memory.cooling, now, tuning),
    )
    until = min([before.settled_until, *(entry.until() for entry in standings.values())])
    return replace(before, memory=memory, standings=standings, until=until)


def _is_steady(agent: Agent) -> bool:
    return agent.state in _STEADY and agent.given_up is None


def _seen(before: Outcome, now: float) -> dict[str, AgentHistory]:
    """Agents on which something runs are useful until now."""
    seen = dict(before.memory.seen)
    for agent in before.agents:
        if agent.node.busy:
            seen[agent.name] = seen[agent.name]._replace(useful=now)
    return seen
