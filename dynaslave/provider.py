"""The contract of a cloud: launch, hand over, list, terminate; and its errors by meaning.

Implementations: `ec2.py` (AWS), `local.py` (processes on this host), `simulated.py` (in memory, with
faults). Every method may raise `ProviderError`; none retries for longer than a few seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dynaslave.model import Instance, Market
from dynaslave.pools.pool import AgentPool

__all__ = [
    "Denied",
    "Hand",
    "LaunchRequest",
    "Launched",
    "NoCapacity",
    "Offer",
    "Provider",
    "ProviderError",
    "Throttled",
    "Unavailable",
]


class ProviderError(Exception):
    """The cloud refused. `code` is its own word, for the log.

    own: whether it concerns only the pool of the request: its permissions, its subnets, its settings.
    """

    def __init__(self, message: str, *, code: str = "", own: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.own = own


class NoCapacity(ProviderError):  # noqa: N818 - named by what they mean
    """Not now, not this offer: another type, zone or market may do."""


class Throttled(ProviderError):  # noqa: N818
    """Too many requests: the same call will do later."""


class Denied(ProviderError):  # noqa: N818
    """Never, until a user changes a permission, a quota or a setting."""


class Unavailable(ProviderError):  # noqa: N818
    """The cloud did not answer, or is broken: later."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What capacity is sold by. An empty zone stands for all of them, an empty type for all of a pool's."""

    type: str
    zone: str = ""
    market: Market = "on-demand"


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """A launch of some agents of one pool. The same `intent` twice is the same launch, not a second."""

    pool: AgentPool
    count: int
    intent: str
    """Letters and digits, unique for each launch; the client token."""
    nodes: tuple[str, ...]
    """Names of the nodes that were created for it, one for each."""
    avoid: frozenset[Offer] = frozenset()
    """Offers that had no capacity a moment ago."""


@dataclass(frozen=True, slots=True)
class Launched:
    """What came of a launch: fewer than asked for is no error."""

    instances: tuple[Instance, ...]
    refused: Mapping[Offer, ProviderError] = field(default_factory=dict)
    """Offers that had nothing, and why; they are left out for a while."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What an instance needs to become an agent."""

    node: str
    secret: str = field(repr=False)
    """The node's secret; never logged, never in user data."""
    url: str
    """The controller, as agents reach it."""
    workdir: str = ""
    websocket: bool = True


class Provider(Protocol):
    """A cloud that belongs to one manager: it shows and ends only what this manager launched."""

    name: str

    def launch(self, request: LaunchRequest) -> Launched:
        """Start instances. Raises only when none was started and the whole launch makes no sense now."""
        ...

    def hand_over(self, instance: Instance, hand: Hand) -> None:
        """Give an instance its node and the secret to dial in with. Doing it again changes nothing."""
        ...

    def list(self) -> Sequence[Instance]:
        """All instances of this manager, those that are ending included; in O(1) requests (pages aside)."""
        ...

    def terminate(self, instances: Sequence[Instance]) -> None:
        """End instances, and forget their secrets. Ending one that is gone already is no error."""
        ...

    def note(self, instances: Sequence[Instance], notes: Mapping[str, str]) -> None:
        """Write something on instances: `suspect`, `uses`. It comes back in `list`."""
        ...

    def explain(self, instance: Instance) -> str:
        """Return why the agent of an instance does not come, as far as its log shows; else empty."""
        ...

    def current(self, pools: Sequence[AgentPool]) -> Mapping[str, str]:
        """Return what each pool would be launched from now, as `template` of an instance has it."""
        ...

    def sweep(self, nodes: frozenset[str], pools: frozenset[str]) -> None:
        """Forget secrets of nodes that are none of `nodes`, and what is kept for pools none of `pools`."""
        ...

    def close(self) -> None:
        """Give back what this object holds; instances live on."""
        ...
