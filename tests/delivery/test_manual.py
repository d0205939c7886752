"""Single changes between deploys: a group's size, its traffic, one instance; a group always serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import iam
from delivery import tags
from delivery.deploy.manual import plan_resize, plan_terminate, plan_traffic, run_manual
from delivery.deploy.operations import CommandOutcome
from delivery.errors import REFUSED, USAGE, DeliveryError, LockedError
from deploy_case import NEW, OLD, SIZE, Case, Make, cases, commands
from deploy_requests import group as group_arn
from deploy_strict import READING
from ec2_strict import Fault, KillError
from jobdsl.exit_codes import WRONG_USAGE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def resize(one: Case, name: str, **sizes: int | bool | None) -> CommandOutcome:
    wanted = {"min": None, "desired": None, "max": None, **sizes}
    return one.run(lambda site: run_manual(site, plan_resize(site, name, **wanted)))  # type: ignore[arg-type]


def traffic(one: Case, name: str, on: bool, last: bool = False) -> CommandOutcome:
    return one.run(lambda site: run_manual(site, plan_traffic(site, name, on=on, last=last)))


def terminate(one: Case, instance: str, last: bool = False) -> CommandOutcome:
    return one.run(lambda site: run_manual(site, plan_terminate(site, instance, last=last)))


def size_of(one: Case, name: str) -> tuple[int | None, int | None, int | None]:
    group = one.strict.groups[name]
    return group.min_size, group.desired_capacity, group.max_size


def instance_of(one: Case, name: str) -> str:
    return str(one.strict.groups[name].instance_states[0].instance.id)


def test_a_group_grows_and_is_waited_for(make: Make) -> None:
    one = make()
    ending = resize(one, OLD, desired=3)
    assert ending.outcome == "resized"
    assert str(ending) == f"{OLD} is resized from 0/2/4 to 0/3/4"
    assert size_of(one, OLD) == (0, 3, 4)
    assert one.strict.serving_in(OLD) == 3
    assert any("healthy: 3 of 3" in line for line in one.lines)


def test_a_group_that_does_not_grow_healthy_fails_and_keeps_what_serves(make: Make) -> None:
    one = make()
    one.strict.bad.add(one.old_image)
    with pytest.raises(DeliveryError, match="is not healthy after 5 minutes"):
        resize(one, OLD, desired=3)
    assert size_of(one, OLD) == (0, 3, 4)
    assert one.taking() == [OLD]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"min": 1}, (1, 2, 4)),
        ({"min": 3}, (3, 3, 4)),
        ({"max": 1}, (0, 1, 1)),
        ({"min": 2, "desired": 2, "max": 2}, (2, 2, 2)),
        ({"desired": 1}, (0, 1, 4)),
    ],
)
def test_what_is_not_named_stays_within_its_bounds(
    make: Make, sizes: dict[str, int], expected: tuple[int, int, int]
) -> None:
    one = make()
    resize(one, OLD, **sizes)
    assert size_of(one, OLD) == expected


def test_a_size_that_is_none_changes_nothing(make: Make) -> None:
    one = make()
    before = one.state()
    for sizes in ({"desired": 9}, {"min": 3, "max": 2}, {"min": 5}):
        with pytest.raises(DeliveryError, match="is no size") as caught:
            resize(one, OLD, **sizes)
        assert caught.value.exit_code == USAGE
    assert one.state() == before


def test_the_last_group_in_traffic_keeps_an_instance_and_its_traffic(make: Make) -> None:
    one = make()
    before = one.state()
    acts: tuple[Callable[[], CommandOutcome], ...] = (
        lambda: resize(one, OLD, desired=0),
        lambda: traffic(one, OLD, on=False),
    )
    for act in acts:
        with pytest.raises(DeliveryError, match="is the only group in traffic") as caught:
            act()
        assert caught.value.exit_code == REFUSED
        assert "--last" in caught.value.hint
    assert one.state() == before
    assert resize(one, OLD, desired=0, last=True).outcome == "resized"


def test_traffic_goes_to_the_old_group_and_away_from_the_new_one(make: Make) -> None:
    one = make()
    one.deploy()
    assert one.taking() == [NEW]
    assert str(traffic(one, OLD, on=True)) == f"{OLD} takes traffic"
    assert sorted(one.taking()) == [OLD, NEW]
    assert str(traffic(one, NEW, on=False)) == f"{NEW} takes no traffic, and is kept"
    assert one.taking() == [OLD]
    said = one.state()[NEW]["tags"]
    assert said[tags.STATE] == "disabled"
    assert tags.DELETE_AFTER in said
    assert traffic(one, NEW, on=True).outcome == "in traffic"
    assert tags.DELETE_AFTER not in one.state()[NEW]["tags"]


def test_traffic_by_weights_goes_both_ways(make: Make) -> None:
    one = make('traffic = "weighted"\n')
    one.deploy("ramp")
    traffic(one, OLD, on=True)
    assert sorted(one.taking()) == [OLD, NEW]
    traffic(one, NEW, on=False)
    assert one.taking() == [OLD]


def test_a_group_stays_in_traffic_while_the_other_is_too_small(make: Make) -> None:
    one = make()
    one.deploy()
    traffic(one, OLD, on=True)
    resize(one, OLD, min=1, desired=1)
    before = one.taking()
    with pytest.raises(DeliveryError, match=f"{NEW} stays in traffic"):
        traffic(one, NEW, on=False)
    assert one.taking() == before


def test_a_failed_group_gets_no_traffic(make: Make) -> None:
    one = make()
    one.strict.bad.add(one.image)
    one.deploy()
    with pytest.raises(DeliveryError, match=f"{NEW} never was active"):
        traffic(one, NEW, on=True)


def test_without_load_balancers_there_is_no_traffic_to_take(make: Make) -> None:
    one = make('traffic = "none"\n')
    for on in (True, False):
        with pytest.raises(DeliveryError, match="has no load balancer"):
            traffic(one, OLD, on=on)


def test_an_instance_is_replaced(make: Make) -> None:
    one = make()
    instance = instance_of(one, OLD)
    ending = terminate(one, instance)
    assert str(ending) == f"the instance of {OLD} is replaced"
    assert instance not in [each.instance.id for each in one.strict.groups[OLD].instance_states]
    assert one.strict.serving_in(OLD) == SIZE
    assert size_of(one, OLD)[1] == SIZE


def test_the_only_instance_that_serves_is_not_ended(make: Make) -> None:
    one = make(size=1)
    with pytest.raises(DeliveryError, match="is the only instance of shop that serves") as caught:
        terminate(one, instance_of(one, OLD))
    assert caught.value.exit_code == REFUSED
    assert one.strict.serving_in(OLD) == 1
    assert terminate(one, instance_of(one, OLD), last=True).outcome == "terminated"


@pytest.mark.parametrize("name", ["i-0123456789abcdef0", "shop", ""])
def test_an_instance_of_another_cluster_is_none_of_this(make: Make, name: str) -> None:
    one = make()
    with pytest.raises(DeliveryError, match="is no instance of shop"):
        terminate(one, name)


def test_an_instance_of_a_frozen_group_is_not_ended(make: Make) -> None:
    one = make()
    one.deploy()
    with pytest.raises(DeliveryError, match="would not be replaced: Launch is suspended"):
        terminate(one, instance_of(one, OLD))
    with pytest.raises(DeliveryError, match="cannot change its size: Launch is suspended") as caught:
        resize(one, OLD, desired=3)
    assert f"--group {OLD} on" in caught.value.hint


def test_a_deploy_that_is_not_over_comes_first(make: Make) -> None:
    one = make()
    one.start("canary")
    acts: tuple[Callable[[], CommandOutcome], ...] = (
        lambda: resize(one, OLD, desired=3),
        lambda: traffic(one, OLD, on=False),
        lambda: terminate(one, instance_of(one, OLD)),
    )
    for act in acts:
        with pytest.raises(DeliveryError, match="is not over: waiting"):
            act()


def test_a_misspelled_group_is_an_error_with_a_suggestion(make: Make) -> None:
    one = make()
    with pytest.raises(DeliveryError, match="has no group 'shop-v00'") as caught:
        resize(one, "shop-v00", desired=1)
    assert OLD in caught.value.hint


def test_a_rollback_gives_the_size_of_the_last_change_back(make: Make) -> None:
    one = make()
    one.deploy()
    one.rollback()
    resize(one, OLD, min=1, desired=3)
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0", RootDeviceName="/dev/xvda")["ImageId"]
    one.deploy()
    one.rollback()
    assert size_of(one, OLD) == (1, 3, 4)


ACTS: dict[str, Callable[[Case, str], CommandOutcome]] = {
    "grow": lambda one, _: resize(one, OLD, desired=3),
    "shrink": lambda one, _: resize(one, OLD, desired=1),
    "on": lambda one, _: traffic(one, OLD, on=True),
    "off": lambda one, _: traffic(one, NEW, on=False),
    "terminate": terminate,
}


def begun(make: Make, kind: str) -> Case:
    one = make()
    if kind in ("on", "off"):
        one.deploy()
    if kind == "off":
        traffic(one, OLD, on=True)
    one.strict.calls.clear()
    return one


@pytest.mark.parametrize("kind", ACTS)
def test_killed_anywhere_and_run_again_it_reaches_the_same_end(make: Make, kind: str) -> None:
    one = begun(make, kind)
    ACTS[kind](one, instance_of(one, OLD))
    operations, end = one.strict.operations(), one.state()
    changing = [number for number, name in enumerate(operations) if not name.startswith(READING)]
    assert changing
    for number in changing:
        one = begun(make, kind)
        instance = instance_of(one, OLD)
        one.strict.floor = 1
        one.strict.faults = [Fault(KillError(), "after", number=number)]
        with pytest.raises(KillError):
            ACTS[kind](one, instance)
        one.strict.faults = []
        if kind == "terminate":
            with pytest.raises(DeliveryError, match=f"{instance} is no instance of shop"):  # it has ended
                ACTS[kind](one, instance)
            one.world.clock.sleep(600)
        else:
            ACTS[kind](one, instance)
        assert one.state() == end, f"killed after call {number}, {operations[number]}"
        assert one.taking(), operations[number]


def test_a_lost_lock_ends_a_change(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make()
    site = one.site()
    change = plan_resize(site, OLD, min=None, desired=3, max=None)
    before = one.state()

    def lost() -> None:
        raise LockedError("the lock of shop was lost")

    monkeypatch.setattr(site.lock, "check", lost)
    with pytest.raises(LockedError):
        run_manual(site, change)
    assert one.state() == before


@pytest.fixture
def command(make: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[Case, Callable[..., int]]:
    one = make()
    return one, commands(one, monkeypatch)


def test_the_commands_say_what_they_do_before_they_do_it(
    command: tuple[Case, Callable[..., int]], capsys: pytest.CaptureFixture[str]
) -> None:
    one, run = command
    before = one.state()
    assert run("resize", "--group", OLD, "--desired", "3", "--plan") == 0
    assert "from min/desired/max 0/2/4 to 0/3/4" in capsys.readouterr().out
    assert run("terminate", "--instance", instance_of(one, OLD), "--plan", "--json") == 0
    assert '"before": "2 of 2 in service"' in capsys.readouterr().out
    assert run("traffic", "--group", OLD, "off", "--plan") == REFUSED
    assert "--last" in capsys.readouterr().err
    assert one.state() == before
    assert run("resize", "--group", OLD, "--desired", "3", "--json") == 0
    said = capsys.readouterr()
    assert '"outcome": "resized"' in said.out
    assert run("traffic", "--group", OLD, "on") == 0
    assert run("traffic", "--group", OLD, "up") == WRONG_USAGE


def test_the_policy_has_what_single_changes_ask_for_and_nothing_else(make: Make) -> None:
    policy, called = iam.document("delivery", "manual"), set()
    gates = 'gates = ["target-groups", "elb", "ec2"]\n'
    for toml in (gates, f'{gates}traffic = "weighted"\n'):
        one = make(toml)
        one.deploy("ramp" if "weighted" in toml else "red-black")
        one.strict.groups[OLD].instance_states[0].health_status = "Unhealthy"
        one.world.calls.clear()
        traffic(one, OLD, on=True)
        traffic(one, NEW, on=False)
        resize(one, OLD, desired=3)
        terminate(one, instance_of(one, OLD))
        called |= {f"{call.service}:{call.operation}" for call in one.world.calls}
    kept = {f"dynamodb:{name}" for name in ("GetItem", "UpdateItem", "PutItem", "Query")}  # lock and records
    rare = {
        "autoscaling:DescribeAutoScalingInstances",  # where an instance has ended meanwhile
        "autoscaling:DescribeScalingActivities",  # where a group does not become healthy
        "ec2:DescribeImages",  # where no tag says what a group contains
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "elasticloadbalancing:DescribeRules",  # where a rule has the weights
        "elasticloadbalancing:ModifyRule",
        "autoscaling:AttachLoadBalancers",
        "autoscaling:DetachLoadBalancers",
    }
    assert called - iam.actions(policy) == set()
    assert iam.actions(policy) - called - kept - rare == set()
    for action in iam.actions(policy):
        if action.startswith("autoscaling:") and ":Describe" not in action:
            assert not iam.allowed(policy, action, group_arn("cart-v001"), {}), action
            assert iam.allowed(policy, action, group_arn("shop-v001"), {}), action
