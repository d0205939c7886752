"""The weights of a listener, or of one of its rules: how much traffic each of its target groups gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from delivery.aws import asking
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = ["Weights", "weights_in"]


def weights_in(actions: Sequence[Any]) -> dict[str, int] | None:
    """Read weights by the ARN of the target group from actions; None if these forward nothing."""
    forward = next((action for action in actions if action["Type"] == "forward"), None)
    if forward is None:
        return None
    groups = forward.get("ForwardConfig", {}).get("TargetGroups")
    groups = groups or [{"TargetGroupArn": forward["TargetGroupArn"]}]
    return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}


class Weights:
    """Reads and writes the forward action of the listener or rule that the settings name."""

    def __init__(self, site: Site) -> None:
        listener = site.deploy.listener
        if listener is None:
            raise DeliveryError(
                'traffic = "weighted" needs a listener', 'listener = "arn:..." names it or its rule', USAGE
            )
        self._site, self._arn = site, listener
        self._rule = ":listener-rule/" in listener

    def read(self) -> dict[str, int]:
        """Weights by the ARN of the target group. AwsError; DeliveryError if it forwards nothing."""
        return weights_in(self._forward()[0]) or {}

    def write(self, weights: Mapping[str, int]) -> None:
        """Set the weights; everything else of the action, and other actions, stay as they are. AwsError."""
        actions, forward = self._forward()
        if weights_in(actions) == dict(weights):
            return
        config = dict(forward.get("ForwardConfig", {}))
        config["TargetGroups"] = [
            {"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()
        ]
        changed = {key: value for key, value in forward.items() if key != "TargetGroupArn"}
        changed["ForwardConfig"] = config
        self._set([changed if action is forward else action for action in actions])

    def _forward(self) -> tuple[list[Any], Any]:
        actions = self._actions()
        forward = next((action for action in actions if action["Type"] == "forward"), None)
        if forward is None:
            raise DeliveryError(f"{self._arn} forwards to no target group", "name another listener", USAGE)
        return actions, forward

    def _actions(self) -> list[Any]:
        client: Any = self._site.aws.elbv2
        with asking("reading the weights of the listener"):
            if self._rule:
                return list(client.describe_rules(RuleArns=[self._arn])["Rules"][0]["Actions"])
            return list(client.describe_listeners(ListenerArns=[self._arn])["Listeners"][0]["DefaultActions"])

    def _set(self, actions: list[Any]) -> None:
        client: Any = self._site.aws.elbv2
        with self._site.changing("changing the weights of the listener"):
            if self._rule:
                client.modify_rule(RuleArn=self._arn, Actions=actions)
            else:
                client.modify_listener(ListenerArn=self._arn, DefaultActions=actions)
