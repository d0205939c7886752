"""The contract of a cloud on AWS: instances as agents, with tags and SSM parameters as all the state.

The parts: `launch` starts, `secrets` hands over secrets, `notices` listens, `tags` is what is written on
instances, `lag` covers what AWS does not show yet, `errors` what its errors mean.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dynaslave import agentlog
from dynaslave.ec2.batches import in_batches
from dynaslave.ec2.check import Check
from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.ec2.eventual_consistency import Lag
from dynaslave.ec2.images import Images
from dynaslave.ec2.interruption_events import InterruptionQueue, Notice
from dynaslave.ec2.launch import Launcher
from dynaslave.ec2.secrets import AgentSecrets
from dynaslave.ec2.spot import SpotPrices
from dynaslave.ec2.subnets import Subnets
from dynaslave.ec2.tags import DOOMED, INTENT, MANAGER, NODE, PRICE, instance_of, note_tags
from dynaslave.ec2.templates import Templates
from dynaslave.ec2.userdata import script
from dynaslave.model import Instance, Market
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Denied, Hand, Launched, LaunchRequest, ProviderError, Unavailable
from jobdsl.aws.tags import written
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

__all__ = ["Ec2Provider"]

log = logging.getLogger(__name__)

_MANAGER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_PATIENCE = (0.5, 1.0, 2.0)
"""Seconds to wait for an instance that was started a moment ago to be known everywhere."""
_MOST_ENDED, _MOST_TAGGED = 100, 500
_UNKNOWN = "InvalidInstanceID.NotFound"


class Ec2Provider:
    """Agents of one manager in one region.

    manager: its name; letters, digits, `.`, `_`, `-`. price: dollars an hour of a type on-demand, None if
    unknown. queue: URL of the queue with EC2's notices, or none. key: KMS key for secrets, or AWS's own.
    """

    name = "ec2"

    def __init__(
        self,
        manager: str,
        clients: Clients,
        *,
        price: Callable[[str], float | None] = lambda _: None,
        queue: str = "",
        key: str = "",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not _MANAGER.fullmatch(manager):
            raise Denied(f"{manager!r} is no name of a manager (up to 40 letters, digits, '.', '_' and '-')")
        self._manager = manager
        self._clients = clients
        self._price = price
        self._clock = clock
        self._sleep = sleep
        self._lag = Lag()
        self._heard = ""
        self._spot = SpotPrices(clients, clock)
        self._templates = Templates(clients, manager)
        self._secrets = AgentSecrets(clients, manager, clients.instance_arn, key)
        self._notices = InterruptionQueue(clients, queue) if queue else None
        images, subnets = Images(clients, clock), Subnets(clients, clock)
        user_data = partial(script, manager=manager)
        self._check = Check(clients=clients, images=images, subnets=subnets, script=user_data)
        self._launcher = Launcher(
            manager=manager,
            clients=clients,
            images=images,
            templates=self._templates,
            subnets=subnets,
            script=user_data,
            started=self._started,
            read=self._read,
            clock=clock,
        )

    def launch(self, request: LaunchRequest) -> Launched:
        """Start instances, spot before on-demand as the pool wants it; fewer than asked for is no error."""
        launched = self._launcher.launch(request)
        if any(instance.market == "spot" for instance in launched.instances):
            self._spot.refresh(request.pool.instance_types)
        priced = tuple(self._priced(instance) for instance in launched.instances)
        self._lag.launched(priced, self._clock())
        return Launched(priced, launched.refused)

    def hand_over(self, instance: Instance, hand: Hand) -> None:
        """Write the secret first: a node on the instance shows that it can dial in."""
        self._secrets.put(instance.id, hand)
        tags = {NODE: hand.node, "Name": hand.node}
        if instance.price:
            tags[PRICE] = f"{instance.price:.6f}"
        for pause in _PATIENCE:
            try:
                return self._write([instance.id], tags)
            except Unavailable as error:
                if error.code != _UNKNOWN:
                    raise
            self._sleep(pause)  # started a moment ago, it is not known everywhere
        return self._write([instance.id], tags)

    def list(self) -> Sequence[Instance]:
        """Every instance of this manager; what the cloud announced meanwhile is on it."""
        instances = self._look({MANAGER: self._manager})
        if self._notices:
            self._hear(self._notices, {instance.id: instance for instance in instances})
        return self._lag.correct(instances, self._clock())

    def terminate(self, instances: Sequence[Instance]) -> None:
        """End instances in batches, then forget their secrets."""
        ids = [instance.id for instance in instances]
        refused = in_batches(ids, _MOST_ENDED, self._end)
        alive = {instance_id: error for instance_id, error in refused.items() if error.code != _UNKNOWN}
        self._secrets.delete([instance_id for instance_id in ids if instance_id not in alive])
        if alive:
            raise next(iter(alive.values()))

    def note(self, instances: Sequence[Instance], notes: Mapping[str, str]) -> None:
        """Write notes as tags; one that is gone already is no error."""
        self._tag([instance.id for instance in instances], note_tags(notes))

    def explain(self, instance: Instance) -> str:
        """Read the end of the instance's console; types without Nitro show it minutes late."""
        for latest in ({"Latest": True}, {}):
            try:
                with asking(f"reading the console of {instance.id}"):
                    answer = self._clients.ec2.get_console_output(InstanceId=instance.id, **latest)
                return agentlog.reason(answer.get("Output", "")[-agentlog.TAIL :])
            except ProviderError as error:
                if error.code not in ("UnsupportedOperation", "InvalidParameterCombination"):
                    raise
        return ""

    def current(self, pools: Sequence[AgentPool]) -> Mapping[str, str]:
        """Return what each pool would be launched from now: its image and settings, as a digest."""
        templates = {}
        for pool in pools:
            with contextlib.suppress(ProviderError):  # what is wrong with it shows when it is launched
                templates[pool.name] = self._launcher.current(pool)
        return templates

    def sweep(self, nodes: frozenset[str], pools: frozenset[str]) -> None:
        """Delete secrets of other nodes and launch templates of other pools, also if one of both fails."""
        try:
            self._secrets.sweep(nodes)
        finally:
            self._templates.sweep(pools)

    def check(self, pool: AgentPool, java: int | None = None) -> Sequence[Problem]:
        """All that would keep a pool from launching, at its line; `java`: the release agents need."""
        return self._check.check(pool, java)

    def check_notices(self) -> Sequence[Problem]:
        """What would keep notices from coming. Changes nothing."""
        try:
            if self._notices:
                self._notices.check()
        except ProviderError as error:
            return [Problem(error.message, rule="ec2")]
        return []

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def _look(self, tags: Mapping[str, str]) -> Sequence[Instance]:
        filters: list[FilterTypeDef] = [
            {"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()
        ]
        with asking("looking at instances"):
            pages = self._clients.ec2.get_paginator("describe_instances").paginate(
                Filters=filters, PaginationConfig={"PageSize": 1000}
            )
            rows = [row for page in pages for group in page["Reservations"] for row in group["Instances"]]
        return self._lag.correct([self._read(row) for row in rows], self._clock())

    def _started(self, intent: str) -> Sequence[Instance]:
        visible = self._look({MANAGER: self._manager, INTENT: intent})
        return [instance for instance in visible if instance.intent == intent]

    def _read(self, described: InstanceTypeDef) -> Instance:
        return instance_of(described, self._price_of)

    def _priced(self, instance: Instance) -> Instance:
        price = self._price_of(instance.type, instance.zone, instance.market)
        return replace(instance, price=price or instance.price)

    def _price_of(self, type: str, zone: str, market: Market) -> float:
        """Of spot instances what we saw last, else no less than what they can cost."""
        seen = self._spot.of(type, zone) if market == "spot" else None
        return seen or self._price(type) or 0.0

    def _end(self, ids: Sequence[str]) -> None:
        with asking(f"terminating {len(ids)} instances"):
            self._clients.ec2.terminate_instances(InstanceIds=ids)
        self._lag.ended(ids, self._clock())

    def _tag(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        refused = in_batches(ids, _MOST_TAGGED, lambda batch: self._write(batch, tags))
        for error in refused.values():
            if error.code != _UNKNOWN:
                raise error

    def _write(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        with asking(f"tagging {', '.join(ids[:3])}{' and others' if len(ids) > 3 else ''}"):
            self._clients.ec2.create_tags(Resources=ids, Tags=written(tags))
        self._lag.wrote(ids, tags, self._clock())

    def _hear(self, notices: InterruptionQueue, known: Mapping[str, Instance]) -> None:
        """Notices are a help: without them a poll still shows what there is."""
        try:
            notices.receive(partial(self._heed, known))
            self._heard = ""
        except ProviderError as error:
            if error.message != self._heard:  # once, not at every look
                log.warning("no notices of spot interruptions: %s", error)
            self._heard = error.message

    def _heed(self, known: Mapping[str, Instance], notices: Sequence[Notice]) -> None:
        ours = [notice for notice in notices if notice.instance in known]
        self._lag.ended([notice.instance for notice in ours if notice.ending], self._clock())
        for notice in ours:
            if notice.doomed and (notice.certain or not known[notice.instance].doomed):
                self._tag([notice.instance], {DOOMED: notice.doomed})
