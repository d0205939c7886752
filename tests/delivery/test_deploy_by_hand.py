"""What a user does by hand while a deploy or rollback runs: traffic taken away, groups deleted, sizes changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from delivery.errors import DeliveryError
from deploy_case import NEW, OLD, Case, Make, active, at, cases, remove

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def detach(one: Case, group: str) -> None:
    client, there = one.world.raw("autoscaling"), one.strict.groups[group]
    if there.target_group_arns:
        client.detach_load_balancer_target_groups(
            AutoScalingGroupName=group, TargetGroupARNs=[*there.target_group_arns]
        )
    if there.load_balancer_names:
        client.detach_load_balancers(
            AutoScalingGroupName=group, LoadBalancerNames=[*there.load_balancer_names]
        )


def detach_classic(one: Case, group: str) -> None:
    one.world.raw("autoscaling").detach_load_balancers(
        AutoScalingGroupName=group, LoadBalancerNames=["front"]
    )


def shrink(one: Case, group: str) -> None:
    there = one.strict.groups[group]
    there.min_size = 0
    one.strict._resize(there, 0)


def all_to(one: Case, place: str) -> None:
    client = one.world.raw("elbv2")
    (balancer,) = client.describe_load_balancers()["LoadBalancers"]
    (listener,) = client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    weights = [
        {"TargetGroupArn": arn, "Weight": 100 if name == place else 0} for name, arn in one.places.items()
    ]
    client.modify_listener(
        ListenerArn=listener["ListenerArn"],
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )


@pytest.mark.parametrize("act", [detach, detach_classic])
@pytest.mark.parametrize(
    "when", ["AttachLoadBalancers", "SuspendProcesses", "DetachLoadBalancers", "DeleteTags"]
)
def test_a_new_group_detached_by_hand_does_not_end_as_deployed(
    make: Make, when: str, act: Callable[[Case, str], None]
) -> None:
    one = make("soak_minutes = 2\n")
    at(one, when, lambda: act(one, NEW))
    ending = one.deploy()
    assert (ending.outcome, ending.exit_code) == ("rolled back", 3)
    active(one, OLD)


@pytest.mark.parametrize("when", ["SuspendProcesses", "UpdateAutoScalingGroup", "DeleteTags"])
def test_weights_given_back_by_hand_do_not_end_as_deployed(make: Make, when: str) -> None:
    one = make('traffic = "weighted"\n')

    def give_back(called: str) -> None:
        if called == when and any("] traffic" in line for line in one.lines):
            one.strict.watching.clear()
            all_to(one, "web")

    one.strict.watching.append(give_back)
    ending = one.deploy()
    if ending.outcome == "rolled back":
        active(one, OLD)
    else:  # what is left of the deploy gives the new group all of the traffic
        active(one, NEW)


@pytest.mark.parametrize(
    "when",
    ["PutScalingPolicy", "AttachLoadBalancers", "SuspendProcesses", "DetachLoadBalancers", "DeleteTags"],
)
def test_the_old_group_deleted_by_hand_does_not_stop_a_deploy(make: Make, when: str) -> None:
    one = make()
    at(one, when, lambda: remove(one, OLD))
    assert one.deploy().outcome == "deployed"
    active(one, NEW)


@pytest.mark.parametrize(
    "when", ["UpdateAutoScalingGroup", "AttachLoadBalancers", "DetachLoadBalancers", "DeleteTags"]
)
@pytest.mark.parametrize("act", [shrink, detach])
def test_no_rollback_ends_while_the_old_group_does_not_serve(
    make: Make, when: str, act: Callable[[Case, str], None]
) -> None:
    one = make()
    one.deploy()
    at(one, when, lambda: act(one, OLD))
    try:
        one.rollback()
    except DeliveryError as error:
        assert error.message.startswith(OLD)  # noqa: PT017
        one.resume()
    active(one, OLD)


@pytest.mark.parametrize(
    "when", ["CreateOrUpdateTags", "AttachLoadBalancers", "DetachLoadBalancers", "DeleteTags"]
)
def test_the_old_group_deleted_during_its_rollback_is_deployed_anew_by_resume(make: Make, when: str) -> None:
    one = make()
    one.deploy()
    at(one, when, lambda: remove(one, OLD))
    with pytest.raises(DeliveryError):
        one.rollback()
    one.world.clock.sleep(300)
    ending = one.resume()
    assert ending.outcome == "deployed"
    active(one, ending.group)
    assert one.state()[ending.group]["images"] == ["old"]


@pytest.mark.parametrize(
    "when", ["CreateOrUpdateTags", "AttachLoadBalancers", "SuspendProcesses", "DetachLoadBalancers"]
)
def test_the_new_group_deleted_during_its_rollback_is_no_obstacle(make: Make, when: str) -> None:
    one = make()
    one.deploy()
    at(one, when, lambda: remove(one, NEW))
    assert one.rollback().outcome == "rolled back"
    active(one, OLD)


def test_a_cluster_whose_active_group_was_detached_is_not_without_a_group(make: Make) -> None:
    one = make()
    one.deploy()
    detach(one, NEW)
    remove(one, OLD)
    with pytest.raises(
        DeliveryError, match=f"no group of shop takes traffic, and {NEW} was active"
    ) as caught:
        one.deploy()
    assert f"--to {NEW}" in caught.value.hint
    assert one.rollback(NEW).outcome == "settled"
    active(one, NEW)


def shrink_to_one(one: Case, group: str) -> None:
    there = one.strict.groups[group]
    there.min_size = 0
    one.strict._resize(there, 1)


@pytest.mark.parametrize("act", [shrink, shrink_to_one])
@pytest.mark.parametrize("settings", ["", 'traffic = "weighted"\n'])
def test_with_the_old_group_deleted_its_image_comes_back_in_full_size(
    make: Make, settings: str, act: Callable[[Case, str], None]
) -> None:
    one = make(settings, size=4)
    at(one, "DeleteTags", lambda: act(one, NEW))
    with pytest.raises(DeliveryError, match=f"{NEW} no longer serves") as caught:
        one.deploy("highlander")
    assert "delivery rollback deploys the image of the deleted group anew" in caught.value.hint
    one.world.clock.sleep(600)
    ending = one.rollback()
    assert ending.outcome == "deployed"
    active(one, ending.group)
    after = one.state()[ending.group]
    assert (after["serving"], after["images"], after["size"]) == (4, ["old"], (0, 4, 8, 4))


def test_with_both_groups_deleted_the_error_names_the_image_before(make: Make) -> None:
    one = make()
    at(one, "DeleteTags", lambda: remove(one, NEW))
    with pytest.raises(DeliveryError) as caught:
        one.deploy("highlander")
    assert caught.value.message == f"{NEW} and {OLD} were deleted: no group of shop is left"
    assert (
        caught.value.hint
        == f"delivery deploy --cluster shop --image {one.old_image} deploys the image of {OLD}"
    )
