"""Checks of an application: what its next group launches with, where, and how requests reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.deploy import first_group
from delivery.deploy.checks import Network, check_alarms, check_network
from delivery.deploy.instance_types import check_quotas, check_types, counts_of, types_of
from delivery.deploy.launch_changes import security_groups_of
from delivery.deploy.refusals import Refusals
from delivery.deploy.template import data_of, launch_of
from delivery.deploy.traffic import traffic_of
from delivery.doctor.account_checks import dry_run, profile_of
from delivery.doctor.checkup import DoctorCheck
from delivery.doctor.judge import (
    judge_access_path,
    judge_attributes,
    judge_health_checks,
    judge_target_group,
    judge_template,
    judge_zones,
)
from delivery.health.places import recorded_in
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.deploy.template import LaunchSource

__all__ = ["app_checks"]

_GRACE_SECONDS = 300
"""Of a first group, where the settings have none."""


@dataclass
class AppFacts:
    """What a deploy of an application would meet, read once."""

    site: Site
    old: Group | None = None
    running: int = 0
    """Instances of all its groups."""
    launch: LaunchSource | None = None
    image: str = ""
    """The newest image of the application that can be seen here; empty if there is none."""
    architecture: str = ""
    target_groups: list[Any] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """What instances launch with; empty if that is not known."""
        return data_of(self.site, self.launch, self.image or "ami-0") if self.launch else {}

    @property
    def subnets(self) -> tuple[str, ...]:
        """Those of the settings, else those of the group there is."""
        named = self.site.deploy.subnets
        if named is not None:
            return named
        return tuple(filter(None, (self.old.raw.get("VPCZoneIdentifier", "") if self.old else "").split(",")))

    @property
    def desired(self) -> int:
        """Instances of the next group."""
        deploy, old = self.site.deploy, self.old
        before = old.size.desired if old else 1
        return max(1, before, deploy.min or 0) if deploy.desired is None else deploy.desired

    @property
    def grace_seconds(self) -> int:
        """How long Auto Scaling leaves a new instance alone."""
        named = self.site.deploy.health_check_grace_seconds
        if named is not None:
            return named
        return int(self.old.raw.get("HealthCheckGracePeriod", _GRACE_SECONDS)) if self.old else _GRACE_SECONDS

    @property
    def added(self) -> int:
        """Instances that run at the peak of a deploy, besides those that run now."""
        deploy = self.site.deploy
        fleets = 2 if deploy.traffic == "none" or deploy.keep == 1 else deploy.keep + 1
        return max(self.desired, fleets * self.desired - self.running)


def app_checks(site: Site) -> list[DoctorCheck]:
    """Return the checks of a cluster."""
    facts = AppFacts(site)
    return [
        DoctorCheck("launch", "what instances launch with", lambda: _launch(facts)),
        DoctorCheck("image", "an image to deploy", lambda: _image(facts)),
        DoctorCheck("subnets", "subnets with free addresses, one VPC", lambda: _subnets(facts)),
        DoctorCheck("zones", "types sold in the zones", lambda: _zones(facts)),
        DoctorCheck("types", "types that run the image", lambda: _types(facts)),
        DoctorCheck("template", "launch template", lambda: _template(facts)),
        DoctorCheck("profile", "instance profile and its role", lambda: _profile(facts)),
        DoctorCheck("pass-role", "the role may be handed to instances", lambda: _pass_role(facts)),
        DoctorCheck("launch-trial", "an instance may be launched", lambda: _trial(facts)),
        DoctorCheck("target-group", "target groups", lambda: _target_groups(facts)),
        DoctorCheck("health-checks", "time until a target is healthy", lambda: _health_checks(facts)),
        DoctorCheck("drain", "connections end before groups do", lambda: _drain(facts)),
        DoctorCheck("access-path", "the load balancer reaches the port", lambda: _access_path(facts)),
        DoctorCheck("alarms", "alarms that deploys watch", lambda: check_alarms(facts.site)),
        DoctorCheck("scaling", "scaling policy", lambda: _scaling(facts)),
        DoctorCheck("quotas", "room for the fleets of a deploy", lambda: _quotas(facts)),
    ]


def _launch(facts: AppFacts) -> Iterator[Problem]:
    """Read what the next group is made of: the group there is, else the settings. DeliveryError."""
    site = facts.site
    groups = site.read().alive
    facts.running = sum(len(group.members) for group in groups)
    facts.old = groups[-1] if groups else None
    facts.launch = launch_of(site.aws, facts.old) if facts.old else first_group.launch(site, "ami-0")
    yield from ()


def _image(facts: AppFacts) -> Iterator[Problem]:
    site = facts.site
    app = site.cluster.app
    filters: Any = [
        {"Name": "tag:application", "Values": [app]},
        {"Name": "state", "Values": ["available"]},
    ]
    with asking(f"looking for images of {app}"):
        images: Any = site.aws.ec2.describe_images(Filters=filters)["Images"]
    owner = site.settings.bake.account
    if not images and owner and owner != site.aws.account:
        yield Problem(
            f"no image of {app} was shared with {site.aws.account} yet",
            hint="a deploy shares the image it is given",
            severity="note",
        )
        return
    if not images:
        yield Problem(f"there is no image of {app} yet", hint=f"delivery bake --app {app}", severity="note")
        return
    newest = max(images, key=lambda image: (image.get("CreationDate", ""), image["ImageId"]))
    facts.image, facts.architecture = newest["ImageId"], newest.get("Architecture", "")


def _subnets(facts: AppFacts) -> Iterator[Problem]:
    if not facts.subnets:
        app = facts.site.cluster.app
        yield Problem(
            f"{facts.site.cluster} has no group yet: in which subnets is its first one to be?",
            hint=f'subnets = ["subnet-..."] in [apps.{app}]',
        )
        return
    network = Network(
        subnets=facts.subnets,
        security_groups=security_groups_of(facts.data),
        load_balancers=facts.site.deploy.load_balancers or (),
        addresses=facts.added,
    )
    yield from check_network(facts.site.aws, network)


def _zones(facts: AppFacts) -> Iterator[Problem]:
    if not facts.subnets or not facts.launch:
        return
    aws, kinds = facts.site.aws, types_of(facts.launch, facts.data)
    with asking("looking at subnets"):
        subnets: Any = aws.ec2.describe_subnets(SubnetIds=[*facts.subnets])["Subnets"]
    offered: set[str] = set()
    if kinds:
        filters: Any = [{"Name": "instance-type", "Values": [*kinds]}]
        with asking(f"looking where {', '.join(kinds)} are sold"):
            for page in aws.ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone", Filters=filters
            ):
                offered.update(offer["Location"] for offer in page["InstanceTypeOfferings"])
    yield from judge_zones(subnets, offered, kinds)


def _types(facts: AppFacts) -> Iterator[Problem]:
    if facts.launch:
        yield from check_types(facts.site, types_of(facts.launch, facts.data), facts.architecture)


def _template(facts: AppFacts) -> Iterator[Problem]:
    if facts.launch:
        yield from judge_template(facts.data, facts.launch.template.name)


def _profile_name(facts: AppFacts) -> str:
    profile = facts.data.get("IamInstanceProfile", {})
    return str(profile.get("Name") or profile.get("Arn", ""))


def _profile(facts: AppFacts) -> Iterator[Problem]:
    if name := _profile_name(facts):
        yield from profile_of(facts.site.aws, name, "instance_profile in the settings, or delivery setup app")


def _pass_role(facts: AppFacts) -> Iterator[Problem]:
    """Check by IAM that the caller may hand the role on: without that, a deploy fails at its group."""
    name = _profile_name(facts).rpartition("/")[2]
    caller = facts.site.aws.role_arn
    if not name or not caller:
        return
    iam = facts.site.aws.iam
    try:
        with asking(f"looking at instance profile {name}"):
            roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        return  # check `profile` reports it
    arns = [role["Arn"] for role in roles]
    if not arns:
        return
    with asking("asking IAM about iam:PassRole"):
        answer = iam.simulate_principal_policy(
            PolicySourceArn=caller, ActionNames=["iam:PassRole"], ResourceArns=arns
        )
    for result in answer["EvaluationResults"]:
        if result["EvalDecision"] != "allowed":
            yield Problem(
                f"{caller} may not hand role {name} to instances (iam:PassRole is {result['EvalDecision']})",
                hint="statement HandRolesOn of docs/delivery/deploy.json",
            )


def _trial(facts: AppFacts) -> Iterator[Problem]:
    if not facts.launch or not facts.launch.template.id or not facts.image or not facts.subnets:
        return
    parameters: dict[str, Any] = {
        "LaunchTemplate": {
            "LaunchTemplateId": facts.launch.template.id,
            "Version": str(facts.launch.template.version),
        },
        "ImageId": facts.image,
        "SubnetId": facts.subnets[0],
        "MinCount": 1,
        "MaxCount": 1,
    }
    if kinds := types_of(facts.launch, facts.data):
        parameters["InstanceType"] = kinds[0]
    yield from dry_run(facts.site.aws, parameters, "deploy.json")


def _target_groups(facts: AppFacts) -> Iterator[Problem]:
    site = facts.site
    if site.deploy.traffic == "none":
        return
    arns, _ = recorded_in(traffic_of(site).wanted(facts.old))
    if not arns:
        return
    with asking("looking at target groups"):
        facts.target_groups = list(
            site.aws.elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]
        )
    vpcs: set[str] = set()
    if facts.subnets:
        with asking("looking at subnets"):
            subnets = site.aws.ec2.describe_subnets(SubnetIds=[*facts.subnets])["Subnets"]
        vpcs = {subnet["VpcId"] for subnet in subnets}
    app = site.settings.apps.get(site.cluster.app)
    has_port = app is not None and app.port is not None
    for group in facts.target_groups:
        yield from judge_target_group(
            group,
            vpcs=vpcs,
            port=app.port if app else None,
            health_path=app.health_path if app and has_port else None,
        )


def _health_checks(facts: AppFacts) -> Iterator[Problem]:
    for group in facts.target_groups:
        yield from judge_health_checks(
            group, grace_seconds=facts.grace_seconds, timeout_minutes=facts.site.deploy.timeout_minutes
        )


def _drain(facts: AppFacts) -> Iterator[Problem]:
    for group in facts.target_groups:
        name = group["TargetGroupName"]
        with asking(f"looking at the attributes of target group {name}"):
            answer = facts.site.aws.elbv2.describe_target_group_attributes(
                TargetGroupArn=group["TargetGroupArn"]
            )
        attributes = {each["Key"]: each["Value"] for each in answer["Attributes"]}
        yield from judge_attributes(name, attributes, facts.site.deploy.drain_seconds)


def _access_path(facts: AppFacts) -> Iterator[Problem]:
    aws, ids = facts.site.aws, security_groups_of(facts.data)
    if not ids:
        return
    with asking("looking at security groups"):
        own: Any = aws.ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]
    for group in facts.target_groups:
        if arns := group.get("LoadBalancerArns"):
            with asking("looking at load balancers"):
                balancers = aws.elbv2.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]
            sources = [id for balancer in balancers for id in balancer.get("SecurityGroups", ())]
            yield from judge_access_path(own, sources, group["Port"])


def _scaling(facts: AppFacts) -> Iterator[Problem]:
    deploy = facts.site.deploy
    if facts.old is None and deploy.scaling == "policy" and deploy.scaling_cpu_percent is None:
        yield Problem(
            "the first group will have no scaling policy",
            hint='scaling_cpu_percent = 50, or scaling = "none", in the settings',
            severity="warning",
        )


def _quotas(facts: AppFacts) -> Iterator[Problem]:
    """Room for all fleets of a deploy, not only for the next group."""
    if not facts.launch:
        return
    refusals = Refusals()
    kinds, data = types_of(facts.launch, facts.data), facts.data
    unread = check_quotas(facts.site, kinds, counts_of(facts.launch, data, facts.added), refusals)
    yield from (problem for error in refusals.errors for problem in error.problems)
    yield from (Problem(text, hint="allow servicequotas:GetServiceQuota", severity="note") for text in unread)
