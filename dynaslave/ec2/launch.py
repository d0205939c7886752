"""A launch: which calls are made for it, in which order, and what is made of their answers.

Spot first if the pool wants it, then on-demand; in each market once more without the offers that refused.
So at most four calls start instances, and one for each type where a call was refused for which one of its
types may be to blame. Each has the intent and its number as client token, and each
instance is born with the intent as a tag: sent again, by a retry, this process or another, a launch finds
what it has started and starts no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.ec2.fleet import (
    Ask,
    fleet_parameters,
    offers,
    reached,
    read_errors,
    read_fleet,
    run_parameters,
)
from dynaslave.ec2.images import Images
from dynaslave.ec2.subnets import Subnets
from dynaslave.ec2.tags import at_launch
from dynaslave.ec2.templates import Templates, Version, digest_of, template_data
from dynaslave.model import Instance, Market
from dynaslave.pools.defaults import missing
from dynaslave.pools.pool import AgentPool, Spot
from dynaslave.provider import (
    Denied,
    Launched,
    LaunchRequest,
    NoCapacity,
    Offer,
    ProviderError,
    Throttled,
    Unavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, RequestLaunchTemplateDataTypeDef

__all__ = ["Launcher"]

_MARKETS: dict[Spot, tuple[Market, ...]] = {
    "no": ("on-demand",),
    "prefer": ("spot", "on-demand"),
    "only": ("spot",),
}
_OF_ONE_TYPE = frozenset(
    {
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
        "InvalidParameterValue",
        "InvalidParameterCombination",
    }
)
"""Refusals of a whole call for which one type may be to blame: each is asked for by itself then."""
_ROUNDS = 2
"""Calls in one market: the second leaves out what the first was refused."""


@dataclass(slots=True)
class _Progress:
    """What a launch has come to."""

    request: LaunchRequest
    template: Version
    digest: str
    """Of the template's version."""
    calls: int = 0
    apart: bool = False
    """Whether each type is asked for by itself, as a call was refused that named several."""
    instances: list[Instance] = field(default_factory=list)
    refused: dict[Offer, ProviderError] = field(default_factory=dict)

    @property
    def lacking(self) -> int:
        return self.request.count - len(self.instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """Launches of one manager. `started` finds what an intent has started; `read` reads a description."""

    manager: str
    clients: Clients
    images: Images
    templates: Templates
    subnets: Subnets
    script: Callable[[AgentPool], str]
    started: Callable[[str], Sequence[Instance]]
    read: Callable[[InstanceTypeDef], Instance]
    clock: Callable[[], float]

    def launch(self, request: LaunchRequest) -> Launched:
        """Start up to `count` instances. See `provider.Provider.launch`."""
        before = self.started(request.intent)
        if before:
            return Launched(tuple(before))
        data = self._prepare(request.pool)
        progress = _Progress(request, self.templates.ensure(request.pool, data), digest_of(data))
        try:
            for market in _MARKETS[request.pool.spot]:
                for _ in range(_ROUNDS):
                    self._call(progress, market, request.pool.instance_types)
                for kind in request.pool.instance_types if progress.apart else ():
                    self._call(progress, market, (kind,))
        except (Throttled, Unavailable) as error:
            return self._cut_short(progress, error)
        return _outcome(progress)

    def current(self, pool: AgentPool) -> str:
        """Return the digest of what a launch of a pool would be made from now. ProviderError."""
        return digest_of(self._prepare(pool))

    def _prepare(self, pool: AgentPool) -> RequestLaunchTemplateDataTypeDef:
        lacks = missing(pool)
        if lacks or pool.image is None:
            needs = f"pool {pool.name}: EC2 needs {', '.join(lacks)}"
            raise Denied(f"{needs} (set it in the pool, or in [pools.defaults] of jobdsl.toml)")
        image = self.images.find(pool.image)
        return template_data(pool, image, self.script(pool))

    def _call(self, progress: _Progress, market: Market, types: Sequence[str]) -> None:
        """Make one call that starts instances, if any are lacking and an offer is left."""
        pool = progress.request.pool
        subnets = self.subnets.by_zone(pool)
        avoid = {*progress.request.avoid, *progress.refused}
        offers_left = offers(types, subnets, market, avoid)
        if not offers_left or progress.lacking <= 0 or (progress.apart and len(types) > 1):
            return
        progress.calls += 1
        intent = progress.request.intent
        tags = at_launch(self.manager, pool, intent, progress.digest)
        ask = Ask(
            progress.template, offers_left, subnets, progress.lacking, f"{intent}-{progress.calls}", tags
        )
        # What is asked for must not depend on what is avoided, or the same launch could be sent both ways.
        single = len(pool.instance_types) * len(subnets) == 1
        try:
            (self._run if single else self._fleet)(progress, ask)
        except (NoCapacity, Denied) as error:
            self._refused(progress, ask, error)

    def _fleet(self, progress: _Progress, ask: Ask) -> None:
        doing = _doing(progress.request)
        with asking(doing):
            answer = self.clients.ec2.create_fleet(**fleet_parameters(ask))
        progress.instances += read_fleet(answer, ask, self.clock())
        progress.refused |= read_errors(answer, ask, doing)

    def _run(self, progress: _Progress, ask: Ask) -> None:
        with asking(_doing(progress.request)):
            answer = self.clients.ec2.run_instances(**run_parameters(ask))
        progress.instances += [self.read(row) for row in answer["Instances"]]

    def _refused(self, progress: _Progress, ask: Ask, error: ProviderError) -> None:
        """A call was refused as a whole."""
        if error.code.startswith("InvalidAMIID"):
            self.images.forget()
        if error.code in _OF_ONE_TYPE and len({offer.type for offer in ask.offers}) > 1:
            progress.apart = True
            return
        only = ask.offers[0] if len(ask.offers) == 1 else Offer("", "", ask.market)
        progress.refused |= dict.fromkeys(reached(error, only, ask.offers), error)

    def _cut_short(self, progress: _Progress, error: ProviderError) -> Launched:
        """It is unknown what the last call did, so no other is made: what shows itself counts."""
        if error.code.startswith("InvalidLaunchTemplate"):
            self.templates.forget(progress.request.pool)
        instances = {instance.id: instance for instance in progress.instances}
        if isinstance(error, Unavailable):
            instances |= {instance.id: instance for instance in self._visible(progress.request.intent)}
        if not instances:
            raise error
        return Launched(tuple(instances.values()), progress.refused)

    def _visible(self, intent: str) -> Iterable[Instance]:
        try:
            return self.started(intent)
        except ProviderError:
            return ()


def _outcome(progress: _Progress) -> Launched:
    refused = progress.refused
    if not progress.instances:
        if not progress.calls:
            raise NoCapacity(f"{_doing(progress.request)}: every offer had no capacity a moment ago")
        others = [error for error in refused.values() if not isinstance(error, NoCapacity)]
        if others and len(others) == len(refused):  # no offer was to blame
            raise others[0]
    return Launched(tuple(progress.instances), refused)


def _doing(request: LaunchRequest) -> str:
    many = f"{request.count} agents" if request.count != 1 else "an agent"
    return f"launching {many} of pool {request.pool.name}"
