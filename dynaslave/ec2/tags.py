"""What we write on instances, and how it is read back: tags are all the state there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynaslave.model import Instance, InstanceState, Market
from dynaslave.pools.pool import AgentPool
from jobdsl.aws import tags as aws_tags

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

__all__ = [
    "DOOMED",
    "INTENT",
    "MANAGER",
    "NODE",
    "POOL",
    "PREFIX",
    "PRICE",
    "TEMPLATE",
    "at_launch",
    "instance_of",
    "note_tags",
    "tagged",
]

PREFIX = "dynaslave:"
MANAGER, POOL, TEAM, INTENT = f"{PREFIX}manager", f"{PREFIX}pool", f"{PREFIX}team", f"{PREFIX}intent"
NODE, PRICE, DOOMED, SUSPECT = f"{PREFIX}node", f"{PREFIX}price", f"{PREFIX}doomed", f"{PREFIX}suspect"
TEMPLATE = f"{PREFIX}template"
_OURS = frozenset({MANAGER, POOL, TEAM, INTENT, NODE, PRICE, DOOMED, TEMPLATE})

_STATES: Mapping[str, InstanceState] = {
    "pending": "pending",
    "running": "running",
    # Somebody stopped it: its agent is gone and it still costs, so it must look like one to end.
    "stopping": "running",
    "stopped": "running",
    "shutting-down": "stopping",
    "terminated": "terminated",
}

PriceOf = Callable[[str, str, Market], float]
"""Return dollars an hour of a type in a zone and market; 0 if unknown."""


def at_launch(manager: str, pool: AgentPool, intent: str, template: str = "") -> dict[str, str]:
    """Tags an instance, its volumes and its network interface are born with.

    `team` and `pool` are for cost allocation, and a pool's own tags may replace them. The same launch
    has the same tags, whenever it is sent: so nothing here depends on the time.
    """
    tags = {"pool": pool.name, **({"team": pool.team} if pool.team else {}), **dict(pool.tags)}
    tags |= {"Name": pool.name, MANAGER: manager, POOL: pool.name, INTENT: intent}
    tags |= {TEMPLATE: template} if template else {}
    return tags | ({TEAM: pool.team} if pool.team else {})


def note_tags(notes: Mapping[str, str]) -> dict[str, str]:
    """Notes as tags. ValueError for a note that would overwrite what we know an instance by."""
    tags = {f"{PREFIX}{key}": value[: aws_tags.LONGEST_VALUE] for key, value in notes.items()}
    taken = sorted(_OURS & tags.keys())
    if taken:
        raise ValueError(f"{', '.join(taken)} cannot be a note")
    return tags


def instance_of(described: InstanceTypeDef, price_of: PriceOf) -> Instance:
    """An instance as DescribeInstances shows it."""
    tags = aws_tags.read(described.get("Tags"))
    kind = described.get("InstanceType", "")
    zone = described.get("Placement", {}).get("AvailabilityZone", "")
    market: Market = "spot" if described.get("InstanceLifecycle") == "spot" else "on-demand"
    bare = Instance(
        id=described["InstanceId"],
        pool=tags.get(POOL, ""),
        intent=tags.get(INTENT, ""),
        state=_STATES.get(described["State"]["Name"], "running"),
        launched=described["LaunchTime"].timestamp(),
        type=kind,
        zone=zone,
        market=market,
        price=price_of(kind, zone, market),
    )
    return tagged(replace(bare, notes=_ended(described)), tags)


def _ended(described: InstanceTypeDef) -> dict[str, str]:
    """Why an instance ends or has ended, in AWS's words: a shutdown from within, no room for its volume..."""
    code = described.get("StateReason", {}).get("Code", "")
    return {"ended": code} if described["State"]["Name"] in ("shutting-down", "terminated") and code else {}


def tagged(instance: Instance, tags: Mapping[str, str]) -> Instance:
    """Parse an instance, its tags included."""
    notes = {key.removeprefix(PREFIX): tags[key] for key in tags if key.startswith(PREFIX)}
    ours = {key.removeprefix(PREFIX) for key in (*_OURS, SUSPECT)}
    return replace(
        instance,
        node=tags.get(NODE, instance.node),
        doomed=tags.get(DOOMED, instance.doomed),
        template=tags.get(TEMPLATE, instance.template),
        price=_number(tags.get(PRICE, "")) or instance.price,
        suspect=_number(tags[SUSPECT]) if SUSPECT in tags else instance.suspect,
        notes={**instance.notes, **{key: text for key, text in notes.items() if key not in ours}},
    )


def _number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
