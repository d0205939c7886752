"""Doing what was decided, at the controller and the cloud: looked at again right before, any doubt keeps.

Every action can be killed before or after any request: what it leaves, the next poll explains.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from dynaslave.acting.context import Turn, told
from dynaslave.acting.launching import adopt, launch
from dynaslave.acting.retiring import Ending, end_instances, retire
from dynaslave.controller.nodes import KeptError, Nodes
from dynaslave.deciding.decisions import (
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    Report,
    Restore,
    Suspect,
)
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Provider, ProviderError

__all__ = ["Actor"]

_THREADS = 8
_LAUNCHES = 4
"""Pools that launch side by side."""
One = TypeVar("One", bound=Decision)


def _new_intent() -> str:
    """Sixteen digits that were never used: the client token; names of nodes end with the last eight."""
    return f"{int(time.time()):08x}{secrets.token_hex(4)}"


def _remote_fs(pool: AgentPool, node: str) -> str:  # noqa: ARG001 - where a host has one agent only
    return pool.remote_fs


class Actor:
    """Performs decisions. `url`: the controller as agents reach it; `home`: where a node's agent works."""

    def __init__(
        self,
        nodes: Nodes,
        provider: Provider,
        *,
        url: str,
        home: Callable[[AgentPool, str], str] = _remote_fs,
        clock: Callable[[], float] = time.time,
        new_intent: Callable[[], str] = _new_intent,
        threads: int = _THREADS,
    ) -> None:
        self._nodes = nodes
        self._provider = provider
        self._url = url
        self._home = home
        self._clock = clock
        self._new_intent = new_intent
        self._threads = threads

    def perform(
        self, decisions: Sequence[Decision], pools: Mapping[str, AgentPool], may_act: Callable[[], bool]
    ) -> list[Report]:
        """Do all of it; a report for each decision, in their order.

        `may_act` is asked before every single change; once it returns False, nothing more is done.
        """
        if not decisions:
            return []
        with ThreadPoolExecutor(self._threads) as hands, ThreadPoolExecutor(_LAUNCHES) as crew:
            turn = Turn(self._nodes, self._provider, may_act, self._url, self._home, hands)
            turn.nodes = self._nodes.behind(turn.gate)
            reports = {id(report.decision): report for report in self._all(turn, decisions, pools, crew)}
        return [reports[id(decision)] for decision in decisions]

    def _all(
        self,
        turn: Turn,
        decisions: Sequence[Decision],
        pools: Mapping[str, AgentPool],
        crew: ThreadPoolExecutor,
    ) -> Iterator[Report]:
        """What gives capacity first, what takes it away last."""
        nodes = turn.nodes
        yield from _singly(
            turn, _of(decisions, Restore), lambda decision: nodes.unmark(decision.node, decision.reason)
        )
        yield from self._launch(turn, _of(decisions, Launch), pools, crew)
        yield from _singly(
            turn, _of(decisions, Drain), lambda decision: nodes.mark(decision.node, decision.reason)
        )
        known = [decision for decision in decisions if isinstance(decision, Adopt | Suspect | Note | Ending)]
        yield from _listed(turn, known, lambda instances: self._known(turn, known, pools, instances))
        ends = _of(decisions, EndInstance)
        yield from _listed(turn, ends, lambda instances: end_instances(turn, ends, instances))

    def _launch(
        self,
        turn: Turn,
        decisions: Sequence[Launch],
        pools: Mapping[str, AgentPool],
        crew: ThreadPoolExecutor,
    ) -> Iterator[Report]:
        def one(decision: Launch) -> Report:
            return launch(turn, decision, pools, self._new_intent(), self._clock())

        for decision, done in zip(decisions, turn.each(one, decisions, crew), strict=True):
            yield Report(decision, told(done)) if isinstance(done, Exception) else done

    def _known(
        self,
        turn: Turn,
        decisions: Sequence[Decision],
        pools: Mapping[str, AgentPool],
        instances: Sequence[Instance],
    ) -> Iterator[Report]:
        """What is done to instances, as listed a moment ago."""
        now = {"suspect": f"{self._clock():.0f}"}
        yield from _singly(
            turn, _of(decisions, Adopt), lambda decision: adopt(turn, decision, pools, instances)
        )
        yield from _singly(
            turn, _of(decisions, Suspect), lambda decision: _note(turn, decision.instance, now, instances)
        )
        yield from _singly(
            turn,
            _of(decisions, Note),
            lambda decision: _note(turn, decision.instance, decision.notes, instances),
        )
        yield from retire(
            turn, [decision for decision in decisions if isinstance(decision, Ending)], instances
        )


def _of(decisions: Sequence[Decision], kind: type[One]) -> list[One]:
    return [decision for decision in decisions if isinstance(decision, kind)]


def _singly(turn: Turn, decisions: Sequence[One], do: Callable[[One], object]) -> Iterator[Report]:
    """Each by itself, side by side."""
    for decision, done in zip(decisions, turn.each(do, decisions), strict=True):
        yield Report(decision, told(done) if isinstance(done, Exception) else "")


def _listed(
    turn: Turn, decisions: Sequence[Decision], do: Callable[[Sequence[Instance]], Iterable[Report]]
) -> Iterable[Report]:
    """What needs a fresh list of instances; nothing of it is done without one."""
    if not decisions:
        return ()
    try:
        instances = turn.provider.list()
    except ProviderError as error:
        return [Report(decision, told(error)) for decision in decisions]
    return do(instances)


def _note(turn: Turn, id: str, notes: Mapping[str, str], instances: Sequence[Instance]) -> None:
    instance = next((candidate for candidate in instances if candidate.id == id), None)
    if instance is None:
        raise KeptError("the instance does not exist any more")
    turn.gate()
    turn.provider.note([instance], notes)
