"""How a cluster stands, for people and programs: its groups, what takes traffic, what is under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import asking
from delivery.deploy.model import Cluster, DeployState, Group
from delivery.deploy.outage import without_traffic
from delivery.deploy.template import image_of
from delivery.deploy.traffic import Traffic, recorded
from delivery.health import Gate
from delivery.provenance import Release, recorded_release, recorded_trigger, release_of
from delivery.table import columns

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.lock import LockHolder

__all__ = [
    "described",
    "group_values",
    "illness_of",
    "is_serving",
    "releases",
    "report",
    "short_name",
    "table",
    "traffic_words",
    "way",
]

Document = dict[str, Any]
_BATCH = 100
"""Images asked for in one call; a filter takes up to 200 values."""


def report(
    aws: Aws, cluster: Cluster, traffic: Traffic, holder: LockHolder | None, now: float, *, illness: str = ""
) -> Document:
    """The state of a cluster as JSON values; `illness` is that of a canary that waits. AwsError."""
    contents = releases(aws, cluster.groups)
    return {
        "cluster": str(cluster.name),
        "account": aws.account,
        "region": aws.region,
        "locked_by": holder.owner if holder and holder.expires > now else None,
        "under_way": cluster.unfinished.name if cluster.unfinished else None,
        "serves": is_serving(cluster, traffic),
        "way": _way(cluster, traffic, now, illness),
        "groups": [
            group_values(group, contents[group.name], takes=not group.deleting and traffic.takes(group))
            for group in reversed(cluster.groups)
        ],
    }


def is_serving(cluster: Cluster, traffic: Traffic) -> bool:
    """Report whether a group takes traffic and has instances in service, if it is to have any. AwsError."""
    return any(
        traffic.takes(group) and (group.in_service or not group.size.desired) for group in cluster.alive
    )


def _way(cluster: Cluster, traffic: Traffic, now: float, illness: str) -> str | None:
    if cluster.unfinished:
        return way(cluster.unfinished, now, illness=illness)
    if not cluster.alive or is_serving(cluster, traffic):
        return None
    return without_traffic(cluster, traffic) or "the group that takes traffic has no instance in service"


def releases(aws: Aws, groups: Sequence[Group]) -> dict[str, Release]:
    """Find what the image of each group contains; images are read where no tag of the group has it.

    AwsError.
    """
    contents = {group.name: recorded_release(group.tags) for group in groups}
    unknown = {
        name: release.image or image_of(aws, group)
        for group in groups
        if not ((release := contents[name := group.name]).version or release.name)
    }
    images = {id: release_of(image) for id, image in described(aws, unknown.values()).items()}
    return contents | {name: images.get(image, Release(image=image)) for name, image in unknown.items()}


def described(aws: Aws, images: Iterable[str]) -> dict[str, Any]:
    """Describe images that still exist, a hundred by a call; a filter refuses no id. AwsError."""
    ids, contents = sorted({*images} - {""}), {}
    for begin in range(0, len(ids), _BATCH):
        filters: Any = [{"Name": "image-id", "Values": ids[begin : begin + _BATCH]}]
        with asking(f"looking at the images of groups in {aws.region}"):
            answer = aws.ec2.describe_images(Filters=filters)["Images"]
        contents.update({image["ImageId"]: image for image in answer})
    return contents


def group_values(group: Group, release: Release, *, takes: bool) -> Document:
    """Return a group as JSON values; `takes`: whether it takes traffic."""
    takes = takes and not group.deleting
    arns, names = recorded(group)
    live = (group.target_groups, group.load_balancers) if group.attached else (arns, names)
    tag = group.tags.get
    return {
        "name": group.name,
        "state": _state(group, takes),
        "takes_traffic": takes,
        "traffic": [*(arn.split("/")[1] for arn in live[0]), *live[1]],
        "release": str(release) or None,
        **release.values,
        "min": group.size.min,
        "desired": group.size.desired,
        "max": group.size.max,
        "in_service": group.in_service,
        "created": group.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "strategy": tag(tags.STRATEGY),
        "step": tag(tags.STEP),
        "previous": tag(tags.PREVIOUS),
        **recorded_trigger(group.tags).values,
        "pinned_from": tag(tags.PIN),
        "reason": tag(tags.REASON)
        if group.state in (DeployState.failed, DeployState.rolling_back, DeployState.disabled)
        else None,
        "rollback_error": tag(tags.ROLLBACK_ERROR) if group.state is DeployState.rolling_back else None,
        "decide_by": tag(tags.DECIDE_BY),
        "disabled_at": tag(tags.DISABLED_AT),
        "delete_after": tag(tags.DELETE_AFTER),
    }


def illness_of(site: Site, group: Group, traffic: Traffic, *, own_checks: bool = False) -> str:
    """Poll a serving group once; return what is wrong with it, empty if nothing. AwsError.

    `own_checks`: the gate command and URL are asked too, and not AWS alone.
    """
    asked_of_aws = site.deploy if own_checks else replace(site.deploy, gate_command=None, gate_url=None)
    gate = Gate.of(site.aws, asked_of_aws, site.clock, site.timeline.current)
    gate = gate if traffic.switches else gate.without("target-groups", "elb")
    desired = min(group.size.desired, group.wished.desired)  # what scaling adds may still be starting
    required = gate.required(group.instances(desired))
    look = gate.look(group.name)
    return "" if look.unknown or look.good(required) else "; ".join(look.reasons(required))


def way(unfinished: Group, now: float, *, illness: str = "") -> str:
    """Return what is not over, why, and the commands that end it."""
    name, tag = unfinished.name, unfinished.tags.get
    if unfinished.state is DeployState.waiting:
        return _way_of_canary(unfinished, illness, now)
    if unfinished.state is not DeployState.rolling_back:
        return f"the deploy of {name} is not over: delivery resume or delivery rollback"
    reason = f" ({tag(tags.REASON)})" if tag(tags.REASON) else ""
    error = f", and did not succeed: {tag(tags.ROLLBACK_ERROR)}" if tag(tags.ROLLBACK_ERROR) else ""
    return (
        f"{name} is being rolled back{reason}{error}; delivery resume goes on, "
        f"delivery rollback --cancel keeps {name} and takes {tag(tags.PREVIOUS) or 'nothing'} out again"
    )


def _way_of_canary(canary: Group, illness: str, now: float) -> str:
    until = canary.tags.get(tags.DECIDE_BY)
    noun = "a ramp" if canary.tags.get(tags.STRATEGY) == "ramp" else "a canary"
    if illness:
        return (
            f"{canary.name} is {noun} that waits, and is ill: {illness}. delivery rollback takes it out, "
            "and so does delivery resume; delivery promote refuses it"
        )
    if until and datetime.fromisoformat(until).timestamp() <= now:
        return (
            f"{canary.name} is {noun} whose time to decide ended at {until}: delivery resume rolls it "
            "back, delivery promote still goes on with it"
        )
    limit = f", until {until}" if until else ""
    return (
        f"{canary.name} is {noun} that waits, and is healthy{limit}: delivery promote goes on with it, "
        "delivery rollback takes it out"
    )


def _state(group: Group, takes: bool) -> str:
    if group.deleting:
        return "being deleted"
    if group.open or group.state is DeployState.failed:
        return str(group.state)
    return "active" if takes else "disabled"


def table(document: Document) -> str:
    """The same as a table, and a line on what is under way."""
    head = ("GROUP", "STATE", "TRAFFIC", "SERVE", "MIN/DESIRED/MAX", "VERSION", "BY", "CREATED", "NOTE")
    rows = [head, *(_row(group) for group in document["groups"])]
    return "\n".join([*_above(document), columns(rows)])


def _above(document: Document) -> list[str]:
    lines = [f"{document['cluster']} in {document['account']}, {document['region']}"]
    if not document["groups"]:
        lines.append("no groups yet")
    if document["locked_by"]:
        lines.append(f"locked by {document['locked_by']}")
    elif document["way"]:
        lines.append(document["way"])
    return [*lines, ""]


def _row(group: Document) -> tuple[str, ...]:
    size = f"{group['min']}/{group['desired']}/{group['max']}"
    return (
        group["name"],
        group["state"],
        traffic_words(group),
        str(group["in_service"]),
        size,
        group["release"] or "?",
        short_name(group["jenkins_user"] or group["deployer"]),
        group["created"],
        _note(group),
    )


def traffic_words(values: Document) -> str:
    """Return where a group takes traffic from; `-` for nowhere, `yes` where no load balancer sends it."""
    return (", ".join(values["traffic"]) or "yes") if values["takes_traffic"] else "-"


def short_name(who: str | None) -> str:
    """Give a Jenkins user, or the last part of an ARN."""
    return (who or "-").rpartition("/")[2]


def _note(group: Document) -> str:
    """What matters most of a group in its state."""
    if group["state"] in ("deploying", "waiting", "rolling-back"):
        until = f", decide by {group['decide_by']}" if group["decide_by"] else ""
        return f"{group['strategy']}, {group['step']} done{until}"
    if group["state"] == "failed":
        return str(group["reason"] or "")
    if group["state"] == "disabled" and group["delete_after"]:
        return f"kept until {group['delete_after']}"
    return f"pinned, minimum was {group['pinned_from']}" if group["pinned_from"] else ""
