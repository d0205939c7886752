"""The groups of an account and region: what they contain, how large they are, what takes traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.deploy.context import read_groups
from delivery.deploy.status import described, group_values, short_name, traffic_words
from delivery.deploy.traffic import has_traffic
from delivery.deploy.weights import weights_in
from delivery.names import parse_group
from delivery.provenance import Release, recorded_release, release_of
from delivery.table import age

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.model import Group
    from delivery.settings import DeliverySettings, Deploy

__all__ = ["HEAD", "group_rows", "instances_of", "order", "row", "rows_of"]

_BATCH = 100
"""Instances or listeners of one call."""
HEAD = (
    "CLUSTER", "ACCOUNT", "REGION", "GROUP", "STATE", "TRAFFIC", "HEALTHY", "MIN/DESIRED/MAX", "VERSION",
    "AGE", "BY",
)  # fmt: skip
Values = dict[str, Any]


def group_rows(aws: Aws, settings: DeliverySettings, now: float) -> list[Values]:
    """Read all groups of an account and region. AwsError."""
    return rows_of(aws, settings, read_groups(aws), now)


def rows_of(aws: Aws, settings: DeliverySettings, groups: Sequence[Group], now: float) -> list[Values]:
    """Return groups as JSON values; what tags do not have is read for all of them at once. AwsError."""
    contents = _contents(aws, groups)
    ways = {group.name: _settings_of(settings, aws.account, group.name) for group in groups}
    weights = _weights(aws, ways.values())
    return [
        _values(aws, group, contents[group.name], _takes(group, ways[group.name], weights), now)
        for group in groups
    ]


def _values(aws: Aws, group: Group, release: Release, takes: bool | None, now: float) -> Values:
    parsed = parse_group(group.name)
    seconds = max(0.0, now - group.created.timestamp())
    values = group_values(group, release, takes=bool(takes))
    return {
        **values,
        "takes_traffic": takes if not group.deleting else False,
        "cluster": str(parsed.cluster) if parsed else group.name,
        "application": parsed.cluster.app if parsed else None,
        "account": aws.account,
        "region": aws.region,
        "instances": len(group.members),
        "healthy": group.in_service,
        "age_seconds": round(seconds),
    }


def _settings_of(settings: DeliverySettings, account: str, name: str) -> Deploy:
    parsed = parse_group(name)
    if parsed is None:
        return settings.deploy(account)
    return settings.deploy(account, parsed.cluster.app, str(parsed.cluster))


def _takes(group: Group, deploy: Deploy, weights: Mapping[str, Mapping[str, int]]) -> bool | None:
    """Report whether a group takes traffic; None where its listener cannot be read."""
    if deploy.traffic == "weighted" and deploy.listener not in weights:
        return None
    return has_traffic(group, deploy.traffic, weights.get(deploy.listener or "", {}))


def _weights(aws: Aws, ways: Iterable[Deploy]) -> dict[str, Mapping[str, int]]:
    """Read the weights of all listeners and rules that settings of this region name, by their ARN."""
    arns = {way.listener for way in ways if way.traffic == "weighted" and way.listener}
    own_arns = sorted(arn for arn in arns if f":{aws.region}:" in arn)
    rules = [arn for arn in own_arns if ":listener-rule/" in arn]
    client: Any = aws.elbv2
    rows = _request(
        [arn for arn in own_arns if arn not in rules],
        lambda some: [
            (each["ListenerArn"], each["DefaultActions"])
            for each in client.describe_listeners(ListenerArns=some)["Listeners"]
        ],
    )
    rows += _request(
        rules,
        lambda some: [
            (each["RuleArn"], each["Actions"]) for each in client.describe_rules(RuleArns=some)["Rules"]
        ],
    )
    return {arn: weights_in(actions) or {} for arn, actions in rows}


def _request(arns: Sequence[str], ask: Any) -> list[tuple[str, Any]]:
    """Request a hundred per call; AWS refuses all if one does not exist, so each half is requested then."""
    if len(arns) > _BATCH:
        return [
            each
            for begin in range(0, len(arns), _BATCH)
            for each in _request(arns[begin : begin + _BATCH], ask)
        ]
    if not arns:
        return []
    try:
        with asking("reading the weights of listeners"):
            return list(ask(list(arns)))
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    half = len(arns) // 2
    return [] if half == 0 else [*_request(arns[:half], ask), *_request(arns[half:], ask)]


def _contents(aws: Aws, groups: Sequence[Group]) -> dict[str, Release]:
    """Find what groups contain: by their tags, else by their image, else by the image of an instance."""
    contents = {group.name: recorded_release(group.tags) for group in groups}
    unversioned = [
        group for group in groups if not (contents[group.name].version or contents[group.name].name)
    ]
    bare = {
        group.members[0].id: group.name
        for group in unversioned
        if not contents[group.name].image and group.members
    }
    for instance in instances_of(aws, bare):
        contents[bare[instance["InstanceId"]]] = Release(image=instance["ImageId"])
    images = described(aws, (contents[group.name].image for group in unversioned))
    for group in unversioned:
        if (image := images.get(contents[group.name].image)) is not None:
            contents[group.name] = release_of(image)
    return contents


def instances_of(aws: Aws, ids: Iterable[str]) -> list[Any]:
    """Describe instances that exist, a hundred per call. AwsError."""
    requested, instances = sorted({*ids}), []
    for begin in range(0, len(requested), _BATCH):
        query: Any = [{"Name": "instance-id", "Values": requested[begin : begin + _BATCH]}]
        with asking(f"listing instances in {aws.region}"):
            for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=query):
                instances += [each for answer in page["Reservations"] for each in answer["Instances"]]
    return instances


def row(values: Values) -> tuple[str, ...]:
    """Render a group as a row of the table."""
    unknown = values["takes_traffic"] is None
    return (
        values["cluster"],
        values["account"],
        values["region"],
        values["name"],
        values["state"],
        "?" if unknown else traffic_words(values),
        f"{values['healthy']} of {values['instances']}",
        f"{values['min']}/{values['desired']}/{values['max']}",
        values["version"] or values["image_name"] or values["image"] or "?",
        age(values["age_seconds"]),
        short_name(values["jenkins_user"] or values["deployer"]),
    )


def order(values: Values) -> tuple[Any, ...]:
    """Sort by cluster, account and region, the newest group first."""
    created = datetime.strptime(values["created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    return values["cluster"], values["account"], values["region"], -created, values["name"]
