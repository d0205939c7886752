"""Auto Scaling and load balancers as a deploy meets them: moto, and in front of it what moto leaves out.

Names that are taken, sizes that cannot be, suspended processes, instances and targets that take their time,
targets that drain, groups that are being deleted, versions made on top of others, policies and actions by
group, notifications, launches that fail. After every call it says how many instances serve, and a test may
have it insist on a number. Faults are those of `ec2_strict`.
"""

from __future__ import annotations

import base64
import copy
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError
from deploy_weights import overloaded, shares
from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.types import Base64EncodedString
from moto.ec2.models import ec2_backends
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

import aws_shared
from aws_shared import SERVICES
from delivery.clock import FakeClock
from delivery_world import ME, REGION, World, empty_world
from ec2_strict import Fault, KillError

Parsed = dict[str, Any]
Answer = tuple[Any, Parsed]
PROCESSES = frozenset(
    [
        "Launch",
        "Terminate",
        "AddToLoadBalancer",
        "AlarmNotification",
        "AZRebalance",
        "HealthCheck",
        "InstanceRefresh",
        "ReplaceUnhealthy",
        "ScheduledActions",
    ]
)
SPOT_QUOTA = "L-34B43A08"
"""Of vCPUs of spot instance requests of the families A, C, D, H, I, M, R, T and Z."""
READING = ("Describe", "Get", "List")


@dataclass
class Strict:
    """What stands between a deploy's clients and moto."""

    clock: FakeClock
    boot: float = 30.0
    """Seconds until an instance is in service."""
    warm: float = 20.0
    """Seconds until a target is healthy."""
    drain: float = 60.0
    deleting: float = 45.0
    capacity: float = math.inf
    """Instances that may yet be launched."""
    bad: set[str] = field(default_factory=set)
    """Images whose instances no load balancer ever calls healthy."""
    broken: set[str] = field(default_factory=set)
    """Images whose instances never come into service."""
    floor: int = 0
    """So many must serve after every call."""
    lowest: float = math.inf
    need: int = 0
    """So many healthy instances all the traffic of a listener needs; no target group may get more than its
    healthy ones bear."""
    overloads: list[str] = field(default_factory=list)
    """When one did."""
    calls: list[tuple[str, Parsed]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    vcpus: float = 10_000.0
    """The quota of vCPUs of running on-demand instances."""
    spot_vcpus: float = 10_000.0
    """The quota of vCPUs of spot instance requests."""
    unreadable_quotas: bool = False
    most_groups: int = 500
    ending: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """By group: instances whose termination hooks run, and until when."""
    protections: dict[str, str] = field(default_factory=dict)
    """DeletionProtection by group; moto has none."""
    skipped_hooks: list[str] = field(default_factory=list)
    """Groups that were deleted by force while instances had termination hooks to run."""
    killed: KillError | None = None
    """Of which the process has died; every later call of it fails as well."""
    watching: list[Callable[[str], None]] = field(default_factory=list)
    """Called after each call, with its operation."""
    born: dict[str, float] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    registered: dict[tuple[str, str], float] = field(default_factory=dict)
    """When an instance was registered with a target group (ARN) or load balancer (name)."""
    draining: dict[tuple[str, str], float] = field(default_factory=dict)
    unregistered: set[tuple[str, str]] = field(default_factory=set)
    """Launched or attached while AddToLoadBalancer was suspended: never registered by itself."""
    gone: dict[str, tuple[float, Parsed]] = field(default_factory=dict)
    created: dict[str, float] = field(default_factory=dict)
    policies: dict[tuple[str, str], Parsed] = field(default_factory=dict)
    actions: dict[tuple[str, str], Parsed] = field(default_factory=dict)
    topics: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    metrics: dict[str, list[Parsed]] = field(default_factory=dict)
    failures: dict[str, list[Parsed]] = field(default_factory=dict)

    def watch(self, world: World) -> None:
        """Stand in front of its clients."""
        for service in SERVICES:
            world.listen(service, "before-parameter-build", self._before_parameter_build)
            world.listen(service, "before-call", self._before_call)
            world.listen(service, "after-call", self._after_call)

    @property
    def groups(self) -> Mapping[str, FakeAutoScalingGroup]:
        """moto's groups."""
        return autoscaling_backends[ME][REGION].autoscaling_groups

    def adopt(self) -> None:
        """What is there now has been there for long."""
        self._sync(-1e9)

    def operations(self) -> list[str]:
        """Names of the calls so far."""
        return [name for name, _ in self.calls]

    # Who serves.

    def serving(self) -> int:
        """Instances that serve: in service, and healthy wherever their group is attached with a weight."""
        return sum(self.serving_in(name) for name in self.groups)

    def serving_in(self, name: str) -> int:
        """Those of one group."""
        group = self.groups[name]
        sent = shares()
        places = [one for one in _places(group) if sent.get(one, 1.0) > 0]
        ids = [one.instance.id for one in group.instance_states]
        return sum(bool(places) and all(self._health(p, id) == "healthy" for p in places) for id in ids)

    def healthy_in(self, place: str) -> int:
        """Instances a target group or load balancer calls healthy."""
        return sum(self._health(at, id) == "healthy" for at, id in self.registered if at == place)

    def _up(self, id: str) -> bool:
        return self.images.get(id) not in self.broken and self.clock.now() >= self.born[id] + self.boot

    def _health(self, place: str, id: str) -> str:
        at = self.registered.get((place, id))
        if at is None:
            return "draining" if self.clock.now() < self.draining.get((place, id), -1e9) + self.drain else ""
        if not self._up(id) or self.clock.now() < max(at, self.born[id] + self.boot) + self.warm:
            return "initial"
        return "unhealthy" if self.images.get(id) in self.bad else "healthy"

    def _sync(self, now: float) -> None:
        """Find out what moto has launched, ended, registered."""
        alive: set[tuple[str, str]] = set()
        for group in self.groups.values():
            self.created.setdefault(group.name, now)
            for state in group.instance_states:
                id = state.instance.id
                if id not in self.born:
                    self.born[id], self.images[id] = now, str(group.image_id)
                for place in _places(group):
                    alive.add((place, id))
                    if (place, id) not in self.registered | dict.fromkeys(self.unregistered):
                        if "AddToLoadBalancer" in group._suspended_processes:
                            self.unregistered.add((place, id))
                        else:
                            self.registered[place, id] = now
        for key in set(self.registered) - alive:
            del self.registered[key]
            self.draining[key] = now
        self.unregistered &= alive

    # What happens around a call.

    def _before_parameter_build(self, params: Any, model: Any, context: Any, **_: Any) -> None:
        context["said"] = copy.deepcopy(params)
        if model.name == "CreateLaunchTemplateVersion" and "SourceVersion" in params:
            params["LaunchTemplateData"] = {**_version(params), **params["LaunchTemplateData"]}

    def revive(self) -> None:
        """Another process begins: what killed the last one is over."""
        self.killed = None

    def _before_call(self, model: Any, context: Any, **_: Any) -> Answer | None:
        if self.killed is not None:  # a dead process calls nobody, however its handlers try to tidy
            raise self.killed
        said = context.get("said", {})
        context["number"] = len(self.calls)
        self.calls.append((model.name, said))
        fault = self._fault("before", model.name, context["number"])
        if isinstance(fault, str):
            return _refused(fault, f"{fault} was asked for by the test")
        if fault is not None:
            raise fault
        if model.service_model.service_name == "autoscaling" and (
            name := self._unknown_group(model.name, said)
        ):
            return _refused("ValidationError", f"AutoScalingGroup name not found - {name} not found")
        own = getattr(self, f"_do_{model.name}", None)
        return own(said) if own else None

    def _unknown_group(self, operation: str, said: Parsed) -> str:
        """The group a call changes that does not exist, where moto fails or creates one; empty if none."""
        if operation.startswith((*READING, "CreateAuto")):
            return ""
        named = [said.get("AutoScalingGroupName"), *(one["ResourceId"] for one in said.get("Tags", ()))]
        return next((name for name in named if name and name not in self.groups), "")

    def _after_call(self, http_response: Any, parsed: Parsed, model: Any, context: Any, **_: Any) -> None:
        if http_response.status_code < 300 and (fix := getattr(self, f"_correct_{model.name}", None)):
            fix(parsed, context.get("said", {}))
        if not model.name.startswith(READING):
            self._sync(self.clock.now())
        if self.floor:
            self.lowest = min(self.lowest, serving := self.serving())
            assert serving >= self.floor, f"{serving} of {self.floor} serve after {model.name}"
        if self.need and (over := overloaded(self.need, self.healthy_in)):
            self.overloads += [f"after {model.name}: {one}" for one in over]
            raise AssertionError(self.overloads[-1])
        for watch in self.watching:
            watch(model.name)
        fault = self._fault("after", model.name, context["number"])
        if isinstance(fault, str):
            raise ReadTimeoutError(endpoint_url="https://aws.test")
        if fault is not None:
            raise fault

    def _fault(self, when: str, operation: str, number: int) -> BaseException | str | None:
        for fault in self.faults:
            meant = fault.number == number if fault.number >= 0 else fault.operation == operation
            if fault.when == when and meant and fault.times:
                fault.times -= 1
                if isinstance(fault.error, KillError):
                    self.killed = fault.error
                return fault.error
        return None

    # Groups.

    def _do_CreateAutoScalingGroup(self, said: Parsed) -> Answer | None:
        name = said["AutoScalingGroupName"]
        keys = [one["Key"] for one in said.get("Tags", ())]
        if name in self.groups or self._being_deleted(name):
            return _refused("AlreadyExists", f"AutoScalingGroup by this name already exists - {name}")
        if said["MinSize"] > said["MaxSize"] or len(name) > 255 or len(keys) != len(set(keys)):
            return _refused("ValidationError", "the request is not valid")
        if wrong := _bad_tags(said.get("Tags", ()), keys):
            return wrong
        self.created[name] = self.clock.now()
        return None

    def _do_UpdateAutoScalingGroup(self, said: Parsed) -> Answer:
        group = self.groups.get(said["AutoScalingGroupName"])
        if group is None:
            return _refused("ValidationError", "AutoScalingGroup name not found - null")
        low = int(said.get("MinSize", group.min_size or 0))
        high = int(said.get("MaxSize", group.max_size or 0))
        wished = said.get("DesiredCapacity", min(max(group.desired_capacity or 0, low), high))
        if not low <= wished <= high:
            return _refused("ValidationError", f"{low}, {wished}, {high}: not between minimum and maximum")
        group.min_size, group.max_size = low, high
        self._resize(group, wished)
        return _fine({})

    def _resize(self, group: FakeAutoScalingGroup, wished: int) -> None:
        have = len(group.instance_states)
        can = wished
        if wished > have:
            suspended = "Launch" in group._suspended_processes
            can = have if suspended else int(min(wished, have + self.capacity))
            self.capacity -= can - have
            if can < wished and not suspended:
                self.failures.setdefault(group.name, []).append(_failed(group.name))
        elif "Terminate" in group._suspended_processes:
            can = have
        attached = group.target_group_arns
        group.target_group_arns = [arn for arn in attached if _exists(arn)]  # moto would look for all
        before = {one.instance.id for one in group.instance_states}
        group.set_desired_capacity(can)
        hook = self._hook_seconds(group.name)
        went = sorted(before - {one.instance.id for one in group.instance_states}) if hook else []
        self.ending.setdefault(group.name, []).extend((id, self.clock.now() + hook) for id in went)
        group.target_group_arns = attached
        group.desired_capacity = wished

    def _do_DeleteAutoScalingGroup(self, said: Parsed) -> Answer | None:
        group = self.groups.get(said["AutoScalingGroupName"])
        if group is None:
            return _refused("ValidationError", "AutoScalingGroup name not found")
        if self.protections.get(group.name) == "prevent-all-deletion":
            return _refused("ResourceInUse", "Deletion protection is prevent-all-deletion")
        has_instances = bool(group.instance_states or self._terminating(group.name))
        if has_instances and self.protections.get(group.name) == "prevent-force-deletion":
            return _refused("ResourceInUse", "Deletion protection is prevent-force-deletion")
        if has_instances and not said.get("ForceDelete"):
            return _refused("ResourceInUse", "the group has instances")
        if has_instances and self._hook_seconds(group.name):
            self.skipped_hooks.append(group.name)
        raw = {"AutoScalingGroupName": group.name, "MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
        made = datetime.fromtimestamp(self.created[group.name], UTC)
        tags = [dict(one) for one in group.tags]
        self.gone[group.name] = (
            self.clock.now(),
            {**raw, "CreatedTime": made, "Tags": tags, "Status": "Delete in progress", "Instances": []},
        )
        for store in (self.policies, self.actions, self.topics):
            for key in [one for one in store if one[0] == group.name]:
                del store[key]
        return None

    def _hook_seconds(self, name: str) -> float:
        """How long the termination hooks of a group take; 0 if it has none."""
        hooks = _hooks(name)
        return float(sum(one.get("HeartbeatTimeout", 3600) for one in hooks))

    def _terminating(self, name: str) -> list[str]:
        """Instances of a group that wait for their termination hooks."""
        return [id for id, until in self.ending.get(name, ()) if self.clock.now() < until]

    def _being_deleted(self, name: str) -> bool:
        return name in self.gone and self.clock.now() < self.gone[name][0] + self.deleting

    def _correct_DescribeAutoScalingGroups(self, parsed: Parsed, said: Parsed) -> None:
        for raw in parsed["AutoScalingGroups"]:
            raw["CreatedTime"] = datetime.fromtimestamp(
                max(self.created[raw["AutoScalingGroupName"]], 0), UTC
            )
            raw["EnabledMetrics"] = self.metrics.get(raw["AutoScalingGroupName"], [])
            raw["DeletionProtection"] = self.protections.get(raw["AutoScalingGroupName"], "none")
            raw["Instances"] += [
                {"InstanceId": id, "LifecycleState": "Terminating:Wait", "HealthStatus": "Healthy",
                 "AvailabilityZone": f"{REGION}a", "ProtectedFromScaleIn": False}
                for id in self._terminating(raw["AutoScalingGroupName"])
            ]  # fmt: skip
            for one in raw["Instances"]:
                if one["LifecycleState"] == "InService" and not self._up(one["InstanceId"]):
                    one["LifecycleState"] = "Pending"
        wanted = said.get("AutoScalingGroupNames")
        parsed["AutoScalingGroups"] += [
            raw
            for name, (_, raw) in self.gone.items()
            if self._being_deleted(name) and (not wanted or name in wanted)
        ]

    def _do_SuspendProcesses(self, said: Parsed) -> Answer | None:
        if set(said["ScalingProcesses"]) <= PROCESSES:
            return None
        return _refused("ValidationError", "1 validation error detected: no such process")

    def _correct_ResumeProcesses(self, _: Parsed, said: Parsed) -> None:
        """What was held back happens now: launches, and the replacement of what was marked."""
        group = self.groups[said["AutoScalingGroupName"]]
        if not {"ReplaceUnhealthy", "Terminate", "HealthCheck"} & set(group._suspended_processes):
            for one in [s for s in group.instance_states if s.health_status != "Healthy"]:
                group.instance_states.remove(one)
        self._resize(group, group.desired_capacity or 0)

    def _correct_CreateLaunchTemplateVersion(self, parsed: Parsed, _: Parsed) -> None:
        """moto launches nothing with user data of a version that is not a template's first: it stores a plain text."""
        template = parsed["LaunchTemplateVersion"]["LaunchTemplateId"]
        data = ec2_backends[ME][REGION].launch_templates[template].latest_version().data
        if isinstance(data.get("UserData"), str):
            data["UserData"] = Base64EncodedString(data["UserData"])

    def _correct_DescribeImages(self, parsed: Parsed, _: Parsed) -> None:
        for image in parsed["Images"]:
            image.setdefault("Architecture", "x86_64")

    def _do_CreateOrUpdateTags(self, said: Parsed) -> Answer | None:
        for name in {one["ResourceId"] for one in said["Tags"]}:
            mine = [one for one in said["Tags"] if one["ResourceId"] == name]
            group = self.groups.get(name)
            keys = {one["Key"] for one in [*(group.tags if group else ()), *mine]}
            if wrong := _bad_tags(mine, keys):
                return wrong
        return None

    def _do_GetConsoleOutput(self, said: Parsed) -> Answer:
        text = f"booting {said['InstanceId']}\nshop[1]: cannot read its configuration\n"
        return _fine({"InstanceId": said["InstanceId"], "Output": base64.b64encode(text.encode()).decode()})

    def _do_DescribeAccountLimits(self, _: Parsed) -> Answer:
        counts = {
            "MaxNumberOfAutoScalingGroups": self.most_groups,
            "NumberOfAutoScalingGroups": len(self.groups),
        }
        return _fine(counts)

    def _do_GetServiceQuota(self, said: Parsed) -> Answer:
        if self.unreadable_quotas:
            return _refused(
                "AccessDeniedException", "not authorized to perform servicequotas:GetServiceQuota"
            )
        most = self.spot_vcpus if said["QuotaCode"] == SPOT_QUOTA else self.vcpus
        return _fine({"Quota": {**said, "Value": most}})

    def _do_DescribeScalingActivities(self, said: Parsed) -> Answer:
        return _fine({"Activities": self.failures.get(said["AutoScalingGroupName"], [])})

    # What hangs on a group.

    def _do_PutScalingPolicy(self, said: Parsed) -> Answer:
        group, name = said["AutoScalingGroupName"], said["PolicyName"]
        arn = f"arn:aws:autoscaling:{REGION}:{ME}:scalingPolicy:1:autoScalingGroupName/{group}:policyName/{name}"
        self.policies[group, name] = {**said, "PolicyARN": arn}
        return _fine({"PolicyARN": arn, "Alarms": []})

    def _do_DescribePolicies(self, said: Parsed) -> Answer:
        alarms = cloudwatch_backends[ME][REGION].alarms.values()
        found = []
        for (group, _), one in self.policies.items():
            if group == said["AutoScalingGroupName"]:
                names = [alarm.name for alarm in alarms if one["PolicyARN"] in alarm.alarm_actions]
                if one["PolicyType"] == "TargetTrackingScaling":
                    names = [f"TargetTracking-{group}-AlarmHigh"]
                found.append({**one, "Alarms": [{"AlarmName": name, "AlarmARN": name} for name in names]})
        return _fine({"ScalingPolicies": found})

    def _do_PutScheduledUpdateGroupAction(self, said: Parsed) -> Answer:
        if "StartTime" in said and said["StartTime"].timestamp() <= self.clock.now():
            return _refused("ValidationError", "Given start time is in the past")
        self.actions[said["AutoScalingGroupName"], said["ScheduledActionName"]] = said
        return _fine({})

    def _do_DescribeScheduledActions(self, said: Parsed) -> Answer:
        wanted = said["AutoScalingGroupName"]
        return _fine(
            {
                "ScheduledUpdateGroupActions": [
                    one for (group, _), one in self.actions.items() if group == wanted
                ]
            }
        )

    def _do_PutNotificationConfiguration(self, said: Parsed) -> Answer:
        self.topics[said["AutoScalingGroupName"], said["TopicARN"]] = said["NotificationTypes"]
        return _fine({})

    def _do_DescribeNotificationConfigurations(self, said: Parsed) -> Answer:
        found = [
            {"AutoScalingGroupName": group, "TopicARN": topic, "NotificationType": one}
            for (group, topic), types in self.topics.items()
            if group in said["AutoScalingGroupNames"]
            for one in types
        ]
        return _fine({"NotificationConfigurations": found})

    def _do_EnableMetricsCollection(self, said: Parsed) -> Answer:
        self.metrics[said["AutoScalingGroupName"]] = [
            {"Metric": one, "Granularity": said["Granularity"]} for one in said["Metrics"]
        ]
        return _fine({})

    # Load balancers.

    def _do_AttachLoadBalancerTargetGroups(self, said: Parsed) -> Answer | None:
        if all(map(_exists, said["TargetGroupARNs"])):
            return None
        text = "Provided Target Groups may not be valid. Please ensure they exist and try again."
        return _refused("ValidationError", text)

    def _do_AttachLoadBalancers(self, said: Parsed) -> Answer | None:
        if all(map(_exists, said["LoadBalancerNames"])):
            return None
        text = "Provided Load Balancers may not be valid. Please ensure they exist and try again."
        return _refused("ValidationError", text)

    def _do_DetachLoadBalancerTargetGroups(self, said: Parsed) -> Answer | None:
        """One that was deleted is only struck out; moto would look for its targets."""
        gone = [arn for arn in said["TargetGroupARNs"] if not _exists(arn)]
        if not gone:
            return None
        group = self.groups[said["AutoScalingGroupName"]]
        left = [arn for arn in said["TargetGroupARNs"] if arn not in gone]
        if left:
            aws_shared.raw("autoscaling", REGION).detach_load_balancer_target_groups(
                AutoScalingGroupName=group.name, TargetGroupARNs=left
            )
        group.target_group_arns = [arn for arn in group.target_group_arns if arn not in gone]
        return _fine({})

    def _do_DetachLoadBalancers(self, said: Parsed) -> Answer | None:
        gone = [name for name in said["LoadBalancerNames"] if not _exists(name)]
        if not gone:
            return None
        group = self.groups[said["AutoScalingGroupName"]]
        group.load_balancer_names = [one for one in group.load_balancer_names if one not in gone]
        return _fine({})

    def _do_DescribeTargetHealth(self, said: Parsed) -> Answer:
        arn = said["TargetGroupArn"]
        if not _exists(arn):
            return _refused("TargetGroupNotFound", f"Target groups '{arn}' not found")
        ids = {id for place, id in (*self.registered, *self.draining) if place == arn}
        states = {id: state for id in sorted(ids) if (state := self._health(arn, id))}
        described = [{"Target": {"Id": id}, "TargetHealth": {"State": one}} for id, one in states.items()]
        return _fine({"TargetHealthDescriptions": described})

    def _do_DescribeInstanceHealth(self, said: Parsed) -> Answer:
        name = said["LoadBalancerName"]
        if not _exists(name):
            return _refused("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{name}'")
        ids = sorted(id for place, id in self.registered if place == name)
        said_of = {True: "InService", False: "OutOfService"}
        return _fine(
            {
                "InstanceStates": [
                    {"InstanceId": id, "State": said_of[self._health(name, id) == "healthy"]} for id in ids
                ]
            }
        )

    def _do_ModifyListener(self, said: Parsed) -> Answer | None:
        for action in said.get("DefaultActions", ()):
            for target in action.get("ForwardConfig", {}).get("TargetGroups", ()):
                if not 0 <= target["Weight"] <= 999:
                    return _refused("ValidationError", "a weight is between 0 and 999")
        return None


def _places(group: FakeAutoScalingGroup) -> list[str]:
    return [one for one in [*group.target_group_arns, *group.load_balancer_names] if _exists(one)]


def _exists(place: str) -> bool:
    """Whether a target group (ARN) or a classic load balancer (name) was not deleted."""
    backends: Any = elbv2_backends[ME][REGION].target_groups if place.startswith("arn:") else None
    return place in (elb_backends[ME][REGION].load_balancers if backends is None else backends)


def _version(params: Parsed) -> Parsed:
    """What the source version says, as a request says it."""
    (found,) = aws_shared.raw("ec2", REGION).describe_launch_template_versions(
        LaunchTemplateId=params["LaunchTemplateId"], Versions=[params["SourceVersion"]]
    )["LaunchTemplateVersions"]
    data: Parsed = dict(found["LaunchTemplateData"])
    if "MetadataOptions" in data:
        data["MetadataOptions"] = {k: v for k, v in data["MetadataOptions"].items() if k != "State"}
    return data


def _failed(group: str) -> Parsed:
    text = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested"
    return {"AutoScalingGroupName": group, "StatusCode": "Failed", "StatusMessage": text}


def _hooks(group: str) -> list[Parsed]:
    """The termination hooks of a group."""
    raw = aws_shared.raw("autoscaling", REGION)
    found = raw.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    return [one for one in found if one["LifecycleTransition"].endswith("TERMINATING")]


def _bad_tags(tags: Iterable[Mapping[str, str]], keys: Collection[str]) -> Answer | None:
    """What AWS has against tags; `keys` are all the group would have."""
    if len(keys) > 50:
        return _refused("LimitExceeded", "The maximum number of tags per resource is 50")
    good = re.compile("[\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]*")  # of ResourceTagValue
    for one in tags:
        if not good.fullmatch(one["Value"]) or len(one["Value"]) > 256 or len(one["Key"]) > 128:
            return _refused("ValidationError", f"1 validation error detected: value of {one['Key']}")
    return None


def _fine(answer: Parsed) -> Answer:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(code: str, message: str) -> Answer:
    error = {"Code": code, "Message": message}
    return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


@contextmanager
def strict_world() -> Iterator[tuple[World, Callable[[], Strict]]]:
    """An account on moto, and what makes it as if it were new, with a strict layer in front of it."""
    with empty_world() as made:

        def anew() -> Strict:
            made.begin_anew()
            made.furnish()
            strict = Strict(made.clock)
            strict.watch(made)
            return strict

        yield made, anew
