"""What listeners send where: the share of each target group, and whether enough healthy instances stand behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.elbv2.models import elbv2_backends

from delivery_world import ME, REGION

__all__ = ["overloaded", "shares"]


def shares() -> dict[str, float]:
    """The greatest share of a listener's or rule's traffic that each target group gets, by its ARN; 0 to 1."""
    found: dict[str, float] = {}
    for weights in _forwards():
        total = sum(weights.values())
        for arn, weight in weights.items():
            found[arn] = max(found.get(arn, 0.0), weight / total if total else 0.0)
    return found


def _forwards() -> Iterator[Mapping[str, int]]:
    for balancer in elbv2_backends[ME][REGION].load_balancers.values():
        for listener in balancer.listeners.values():
            rules = [rule.actions for rule in listener.rules.values()]
            for actions in (listener.default_actions, *rules):
                for action in actions:
                    if weights := _weights(action.data):
                        yield weights


def _weights(action: Mapping[str, Any]) -> dict[str, int]:
    targets = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    if isinstance(targets, Mapping):  # as the query protocol has lists
        targets = targets.values()
    if targets:
        return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in targets}
    return {action["TargetGroupArn"]: 1} if action.get("TargetGroupArn") else {}


def overloaded(need: int, healthy: Callable[[str], int]) -> list[str]:
    """Target groups that get more than their healthy instances bear, where all the traffic needs `need`.

    `healthy` counts the healthy instances of a target group. Traffic on which no listener decides counts not.
    """
    return [
        f"{arn.split('/')[1]} gets {share:.1%} with {healthy(arn)} of {need} healthy"
        for arn, share in shares().items()
        if share * need > healthy(arn) + 1e-6
    ]
