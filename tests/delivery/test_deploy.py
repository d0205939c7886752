"""Deploys of every strategy: the old capacity serves at every moment, and there is always a way back."""

from __future__ import annotations

import pytest

from delivery import tags
from delivery.deploy.new_group import facts_of
from delivery.deploy.operations import CommandOutcome
from delivery.deploy.plan import after
from delivery.deploy.preflight import intend
from delivery.deploy.traffic import traffic_of
from delivery.errors import ROLLED_BACK, DeliveryError
from deploy_case import NEW, OLD, SIZE, Case, case
from ec2_strict import Fault

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]


def test_red_black_moves_traffic_and_keeps_the_old_group_frozen() -> None:
    with case() as one:
        one.strict.floor = SIZE
        ending = one.deploy()
        assert (ending.outcome, ending.group, ending.previous, ending.exit_code) == ("deployed", NEW, OLD, 0)
        assert one.taking() == [NEW]
        old = one.state()[OLD]
        assert set(old["suspended"]) >= {"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"}
        assert {tags.DELETE_AFTER, tags.DISABLED_AT} <= old["tags"].keys()
        assert tags.PIN not in old["tags"]
        assert one.strict.lowest >= SIZE
        assert one.state()[NEW]["policies"] != []
        assert len(one.strict.operations()) <= 116, "calls of a deploy are bounded"


def test_a_rollback_needs_no_new_instance() -> None:
    with case() as one:
        one.deploy()
        launched = len(one.strict.born)
        one.strict.floor = SIZE
        assert one.rollback().outcome == "rolled back"
        assert one.taking() == [OLD]
        assert len(one.strict.born) == launched
        assert one.state()[OLD]["suspended"] == []


@pytest.mark.parametrize("strategy", ["red-black", "canary", "ramp"])
@pytest.mark.parametrize("way", ["bad", "broken"])
def test_a_bad_version_is_rolled_back_by_its_gate(strategy: str, way: str) -> None:
    with case() as one:
        one.strict.floor = SIZE
        getattr(one.strict, way).add(one.image)
        ending = one.deploy(strategy)
        assert (ending.outcome, ending.exit_code) == ("rolled back", ROLLED_BACK)
        assert ending.reason
        assert one.taking() == [OLD]
        assert one.strict.lowest >= SIZE


def test_a_canary_waits_for_a_decision() -> None:
    with case() as one:
        waiting = one.start("canary")
        assert waiting.outcome == "waiting"
        assert sorted(one.taking()) == [OLD, NEW]
        assert one.promote().outcome == "deployed"
        assert one.taking() == [NEW]


def test_the_highlander_deletes_the_old_group_and_its_image_can_come_back() -> None:
    with case() as one:
        assert one.deploy("highlander").outcome == "deployed"
        one.world.clock.sleep(600)
        assert [name for name in one.strict.groups if name == OLD] == []
        assert one.rollback().outcome == "deployed"
        (active,) = one.taking()
        assert one.state()[active]["images"] == ["old"]


def again(one: Case, number: int) -> CommandOutcome:
    """One more image, deployed an hour later."""
    one.world.clock.sleep(3600)
    one.image = one.world.raw("ec2").register_image(Name=f"shop-{number}.0")["ImageId"]
    return one.deploy()


@pytest.mark.parametrize(
    ("keep", "traffic"), [(1, "attach"), (2, "attach"), (3, "attach"), (2, "weighted"), (2, "none")]
)
def test_any_number_of_deploys_leave_as_many_groups_as_are_kept(keep: int, traffic: str) -> None:
    with case(f'keep = {keep}\nmax_groups = {keep + 1}\ntraffic = "{traffic}"\n') as one:
        for number in range(1, 6):
            assert again(one, number).outcome == "deployed"
            ours = [name for name in one.strict.groups if name != OLD]
            assert ours == [f"shop-v{push:03}" for push in range(1, 6) if 0 <= number - push < keep]
            assert OLD in one.strict.groups  # nobody has asked us to make it: it goes when its time is over
        assert one.rollback().outcome == ("deployed" if keep == 1 else "rolled back")
        assert one.taking() == ["shop-v006" if keep == 1 else "shop-v004"]


def test_what_was_rolled_back_goes_before_what_served() -> None:
    with case() as one:
        again(one, 1)
        again(one, 2)
        one.world.clock.sleep(60)
        one.rollback()
        assert again(one, 3).outcome == "deployed"
        assert {*one.strict.groups} == {OLD, "shop-v001", "shop-v003"}


def test_a_group_that_cannot_be_deleted_is_told_and_the_deploy_is_done() -> None:
    with case() as one:
        again(one, 1)
        again(one, 2)
        one.strict.faults = [Fault("AccessDenied", "before", operation="DeleteAutoScalingGroup", times=9)]
        assert again(one, 3).outcome == "deployed"
        assert "shop-v001 is not deleted" in "\n".join(one.lines)
        with pytest.raises(DeliveryError, match="shop has 3 groups already"):
            again(one, 4)
        one.strict.faults = []
        assert again(one, 4).outcome == "deployed", "it goes with the next deploy"
        assert {*one.strict.groups} == {OLD, "shop-v003", "shop-v004"}


def test_a_deploy_that_is_done_stays_so_where_old_groups_cannot_be_looked_at() -> None:
    with case() as one:
        done = []

        def blind(operation: str) -> None:
            if operation == "CreateOrUpdateTags" and one.state()[NEW]["tags"].get(tags.STATE) == "active":
                done.append(operation)
                one.strict.watching.clear()
                fault = Fault("AccessDenied", "before", operation="DescribeAutoScalingGroups", times=9)
                one.strict.faults = [fault]

        one.strict.watching.append(blind)
        assert one.deploy().outcome == "deployed"
        assert done
        assert "old groups of shop could not be checked" in "\n".join(one.lines)


def test_a_plan_says_which_groups_go() -> None:
    with case() as one:
        again(one, 1)
        again(one, 2)
        site = one.site()
        facts = facts_of(site, intend(site, traffic_of(site), one.image, "red-black"))
        assert after(facts) == [("tidy", "shop-v001 is deleted: 2 groups are kept")]
