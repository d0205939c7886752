"""Rollbacks: to which group, given up, with groups deleted meanwhile; somebody always serves, and it always ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from delivery import tags
from delivery.deploy import operations
from delivery.deploy.capacity import guard
from delivery.deploy.rollback_plan import planned
from delivery.deploy.status import report, table
from delivery.deploy.traffic import traffic_of
from delivery.errors import USAGE, DeliveryError, LockedError
from delivery.lock import open_lock
from delivery.settings import LockSettings
from deploy_case import NEW, OLD, SIZE, Case, Make, active, at, cases, remove
from ec2_strict import Fault, KillError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def killed(one: Case, operation: str, act: Callable[[], object]) -> None:
    """A process that dies after the call of an operation."""
    one.strict.faults = [Fault(KillError(), "after", operation=operation)]
    with pytest.raises(KillError):
        act()
    one.strict.faults = []
    one.strict.revive()


def ill(one: Case, image: str) -> None:
    one.strict.bad.add(image)


# To which group.


def old_left(one: Case) -> None:
    killed(one, "DetachLoadBalancers", one.deploy)


def stuck(one: Case) -> None:
    old_left(one)
    ill(one, one.old_image)
    with pytest.raises(DeliveryError):
        one.rollback()


def canary_waits(one: Case) -> None:
    one.start("canary")


@pytest.mark.parametrize("given", [old_left, stuck, canary_waits])
def test_the_group_of_an_unfinished_deploy_is_no_target_of_its_own_rollback(
    make: Make, given: Callable[[Case], None]
) -> None:
    one = make()
    given(one)
    before = one.state()
    with pytest.raises(DeliveryError) as caught:
        one.rollback(NEW)
    assert caught.value.exit_code == USAGE
    assert f"the deploy of {NEW} itself is not over" in caught.value.message
    assert f"delivery rollback goes back to {OLD}" in caught.value.hint
    assert one.state() == before


def test_a_failed_group_and_the_only_group_are_no_targets(make: Make) -> None:
    one = make()
    with pytest.raises(DeliveryError, match=f"{OLD} is active: it takes the traffic already") as caught:
        one.rollback(OLD)
    assert caught.value.exit_code == USAGE
    ill(one, one.image)
    assert one.deploy().outcome == "rolled back"
    with pytest.raises(DeliveryError, match=f"{NEW} never was active: its deploy failed") as caught:
        one.rollback(NEW)
    assert caught.value.exit_code == USAGE
    active(one, OLD)


def test_a_group_that_names_itself_as_the_one_before_is_not_taken_out_in_favour_of_itself(make: Make) -> None:
    one = make()
    killed(one, "DetachLoadBalancers", one.deploy)
    one.site().tag(NEW, {tags.PREVIOUS: NEW})
    for act in (one.resume, one.rollback):
        with pytest.raises(DeliveryError) as caught:
            act()
        assert "--to GROUP" in caught.value.hint
        assert one.taking() == [NEW]
    assert one.rollback(OLD).outcome == "rolled back"
    active(one, OLD)
    with pytest.raises(DeliveryError, match="in favour of itself"):
        guard(one.site(), OLD, OLD, balancers=True)


def test_a_second_rollback_goes_no_further_back(make: Make) -> None:
    one = make()
    one.deploy()
    third = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    one.image = third
    one.world.clock.sleep(60)
    one.deploy()
    assert one.rollback().previous == NEW
    with pytest.raises(DeliveryError) as caught:
        one.rollback()
    assert caught.value.message == f"shop-v002 is rolled back already, and {NEW} is active"
    assert caught.value.exit_code == USAGE
    assert caught.value.hint == f"--to {OLD} goes back further"
    active(one, NEW)
    assert one.rollback(OLD).outcome == "rolled back"
    active(one, OLD)


@pytest.mark.parametrize("dies", [False, True])
def test_a_second_rollback_after_the_image_was_deployed_anew_goes_no_further_back(
    make: Make, dies: bool
) -> None:
    one = make()
    one.deploy("highlander")
    one.world.clock.sleep(600)
    if dies:
        killed(one, "CreateAutoScalingGroup", one.rollback)
        assert one.resume().outcome == "deployed"
    else:
        assert one.rollback().outcome == "deployed"
    with pytest.raises(DeliveryError, match=f"{NEW} is rolled back already, and shop-v002 is active"):
        one.rollback()
    active(one, "shop-v002")


# Given up.


@pytest.mark.parametrize("finished", [True, False])
def test_a_rollback_that_cannot_succeed_is_cancelled(make: Make, finished: bool) -> None:
    one = make()
    if finished:
        one.deploy()
        one.world.clock.sleep(60)
    else:
        killed(one, "DetachLoadBalancers", one.deploy)
    ill(one, one.old_image)
    one.strict.floor = SIZE
    with pytest.raises(DeliveryError):
        one.rollback()
    assert "0 of 2 healthy" in one.state()[NEW]["tags"][tags.ROLLBACK_ERROR]
    site = one.site()
    text = table(report(site.aws, site.read(), traffic_of(site), None, site.clock.now()))
    assert f"{NEW} is being rolled back (asked for), and did not succeed: {OLD}" in text
    assert f"delivery rollback --cancel keeps {NEW} and takes {OLD} out again" in text
    ending = one.cancel()
    assert (ending.outcome, ending.group, ending.exit_code) == ("cancelled", NEW, 0)
    active(one, NEW)
    assert tags.ROLLBACK_ERROR not in one.state()[NEW]["tags"]
    old = one.state()[OLD]
    assert (old["tags"][tags.STATE], old["attached"]) == ("disabled", [])
    assert {tags.DELETE_AFTER, tags.DISABLED_AT} <= old["tags"].keys()


def test_to_the_group_that_was_active_is_a_rollback_given_up(make: Make) -> None:
    one = make()
    one.deploy()
    ill(one, one.old_image)
    with pytest.raises(DeliveryError):
        one.rollback()
    assert one.rollback(NEW).outcome == "cancelled"
    active(one, NEW)


@pytest.mark.thorough
def test_killed_anywhere_a_cancelled_rollback_can_be_cancelled_again(make: Make) -> None:
    def begin() -> Case:
        one = make()
        one.deploy()
        ill(one, one.old_image)
        with pytest.raises(DeliveryError):
            one.rollback()
        one.strict.floor = SIZE
        one.strict.calls.clear()
        return one

    first = begin()
    first.cancel()
    operations = first.strict.operations()
    numbers = [n for n, name in enumerate(operations) if not name.startswith(("Describe", "Get", "List"))]
    for number in numbers:
        one = begin()
        one.strict.faults = [Fault(KillError(), "after", number=number)]
        with pytest.raises(KillError):
            one.cancel()
        group = one.cluster().unfinished
        if group is not None and group.name == NEW:
            assert one.cancel().outcome == "cancelled", f"killed after call {number}, {operations[number]}"
        else:
            one.resume()
        active(one, NEW)


def test_no_rollback_is_no_rollback_to_cancel(make: Make) -> None:
    one = make()
    with pytest.raises(DeliveryError, match="no rollback of shop is under way"):
        one.cancel()


# Deleted meanwhile.


def test_the_new_group_deleted_during_a_rollback_leaves_the_old_one_active(make: Make) -> None:
    one = make()
    one.deploy()
    at(one, "AttachLoadBalancers", lambda: remove(one, NEW))
    assert one.rollback().outcome == "rolled back"
    active(one, OLD)


@pytest.mark.parametrize("act", ["resume", "rollback", "deploy"])
def test_the_new_group_deleted_after_a_rollback_died_leaves_no_marks(make: Make, act: str) -> None:
    one = make()
    one.deploy()
    killed(one, "AttachLoadBalancers", one.rollback)
    remove(one, NEW)
    one.world.clock.sleep(600)
    ending = getattr(one, act)()
    if act == "deploy":
        active(one, ending.group)
    else:
        assert ending.outcome == "settled"
        active(one, OLD)


def test_marks_of_a_group_in_traffic_are_renewed_when_it_goes_out(make: Make) -> None:
    one = make()
    one.site().tag(OLD, {tags.DISABLED_AT: "2020-01-01T00:00:00Z", tags.DELETE_AFTER: "2020-01-02T00:00:00Z"})
    one.strict.floor = SIZE
    one.deploy()
    group = one.cluster().get(OLD)
    assert group is not None
    assert group.tags[tags.DELETE_AFTER] > "2027"


def test_the_new_group_deleted_after_the_old_one_left_gives_it_back(make: Make) -> None:
    one = make()
    at(one, "DetachLoadBalancers", lambda: remove(one, NEW))
    ending = one.deploy()
    assert (ending.outcome, ending.previous) == ("rolled back", OLD)
    active(one, OLD)


def test_the_new_group_set_to_nothing_after_the_old_one_left_gives_it_back(make: Make) -> None:
    one = make()

    def shrink() -> None:
        group = one.strict.groups[NEW]
        group.min_size = 0
        one.strict._resize(group, 0)

    at(one, "DetachLoadBalancers", shrink)
    ending = one.deploy()
    assert (ending.outcome, ending.previous) == ("rolled back", OLD)
    assert f"{NEW} no longer serves" in ending.reason
    active(one, OLD)


def test_only_a_parked_group_is_left_and_comes_back(make: Make) -> None:
    one = make()
    one.deploy()
    remove(one, NEW)
    one.world.clock.sleep(600)
    assert one.rollback().outcome == "settled"
    active(one, OLD)


# The lock.


@pytest.mark.parametrize(
    "when", ["CreateAutoScalingGroup", "AttachLoadBalancers", "SuspendProcesses", "DetachLoadBalancers"]
)
def test_a_rollback_overtakes_a_deploy_that_runs(make: Make, when: str) -> None:
    one = make("soak_minutes = 10\n")
    one.settings = replace(one.settings, lock=LockSettings())
    one.strict.floor = SIZE
    before = one.state()[OLD]
    overtaken: list[int] = []

    def overtake() -> None:
        lock = open_lock(one.world.aws, one.settings, "shop", one.world.clock, "rollback", takes_over=True)
        site = replace(one.site("rollback"), lock=lock)
        with lock:
            assert operations.rollback(site).outcome == "rolled back"
        overtaken.append(len(one.strict.operations()))

    at(one, when, overtake)
    with pytest.raises(LockedError, match="was lost"):
        one.deploy()
    later = one.strict.operations()[overtaken[0] :]
    assert [name for name in later if not name.startswith(("Describe", "Get"))] in (["UpdateItem"], [])
    active(one, OLD)
    after = one.state()[OLD]
    assert [after[key] for key in ("size", "attached", "images")] == [
        before[key] for key in ("size", "attached", "images")
    ]


def test_a_plan_of_a_rollback_tells_every_step_and_does_none(make: Make) -> None:
    one = make()
    one.deploy()
    site = one.site()
    before = one.state()
    one.strict.calls.clear()
    told = planned(site, traffic_of(site), operations.rollback_target(site))
    assert [name for name, _ in told] == ["lock", "mark", "back", "out", "unpin", "settle"]
    assert told[2][1] == f"{OLD} takes its traffic again, and serves"
    assert all(name.startswith("Describe") for name in one.strict.operations())
    assert one.state() == before
    remove(one, OLD)
    one.world.clock.sleep(600)
    told = planned(site, traffic_of(site), operations.rollback_target(site))
    assert told[1] == ("anew", f"{OLD} was deleted: its image {one.old_image} is deployed again")
    assert told[-1][0] == "done"


# Load balancers deleted by hand.


def without(one: Case, place: str) -> None:
    if place == "web":
        one.world.raw("elbv2").delete_target_group(TargetGroupArn=one.places["web"])
    else:
        one.world.raw("elb").delete_load_balancer(LoadBalancerName=place)


@pytest.mark.parametrize("place", ["web", "front"])
@pytest.mark.parametrize("when", ["before", "while", "rollback"])
def test_a_load_balancer_that_was_deleted_blocks_nothing(make: Make, place: str, when: str) -> None:
    one = make()
    if when == "while":
        killed(one, "AttachLoadBalancers", one.deploy)
    elif when == "rollback":
        one.deploy()
    without(one, place)
    act = {"before": one.deploy, "while": one.resume, "rollback": one.rollback}[when]
    ending = act()
    assert ending.outcome == ("rolled back" if when == "rollback" else "deployed")
    active(one, OLD if when == "rollback" else NEW)
    assert any(f"{place} was deleted: it counts as not there" in line for line in one.lines)


def test_with_all_load_balancers_deleted_nothing_is_deployed_and_the_hint_helps(make: Make) -> None:
    one = make()
    without(one, "web")
    without(one, "front")
    with pytest.raises(DeliveryError, match="no load balancer to take traffic from") as caught:
        one.deploy()
    assert caught.value.exit_code == USAGE
    assert "target_groups" in caught.value.hint


# What only tidies.


def test_a_throttled_last_call_rolls_nothing_back(make: Make) -> None:
    one = make()
    one.strict.faults = [Fault("Throttling", "before", operation="DeleteTags", times=2)]
    assert one.deploy().outcome == "deployed"
    active(one, NEW)


def test_what_cannot_be_tidied_is_finished_by_resume(make: Make) -> None:
    one = make()
    one.strict.faults = [Fault("AccessDenied", "before", operation="DeleteTags", times=99)]
    with pytest.raises(DeliveryError, match=f"{NEW} serves, but its deploy could not be finished") as caught:
        one.deploy()
    assert caught.value.hint.endswith("delivery resume finishes it")
    assert one.taking() == [NEW]
    one.strict.faults = []
    assert one.resume().outcome == "deployed"
    active(one, NEW)


def test_a_death_fails_every_later_call_of_the_process(make: Make) -> None:
    one = make()
    one.strict.faults = [Fault(KillError(), "after", operation="AttachLoadBalancers")]
    with pytest.raises(KillError):
        one.deploy()
    assert one.strict.operations()[-1] == "AttachLoadBalancers"
