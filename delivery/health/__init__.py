"""Whether a group is healthy: polls from several sides, judged by one rule.

`judge` (pure) makes a verdict of the polls so far; `watch` does so while a group soaks. `Gate` takes the
polls, from Auto Scaling, EC2, target groups, classic load balancers, a command, a URL and alarms:

    gate = Gate.of(aws, settings.deploy(account, app, cluster), clock)
    verdict = gate.wait("shop-v003", required=gate.required(4), each=progress)
    verdict = gate.soak("shop-v003", required=4, minutes=10, each=progress)

`each` is called with the verdict after every poll: that is where a deploy keeps its lock and reports how far
it is; what it raises ends the wait. A verdict's `state` is healthy, waiting or failed; `reasons` are why it
is not healthy. Zero instances are never healthy.
"""

from __future__ import annotations

from delivery.health.gate import Gate
from delivery.health.judge import HealthReport, HealthRule, HealthVerdict, InTraffic, Look, judge, watch

__all__ = ["Gate", "HealthReport", "HealthRule", "HealthVerdict", "InTraffic", "Look", "judge", "watch"]
