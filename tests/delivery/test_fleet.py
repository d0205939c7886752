"""How many instances a deploy runs at once, what is kept of them, and the scaling policy of a first group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from delivery import tags
from delivery.deploy import operations
from delivery.deploy.context import Site
from delivery.deploy.fleet import Fleet
from delivery.deploy.intent import Intent
from delivery.deploy.new_group import facts_of
from delivery.deploy.plan import steps
from delivery.deploy.preflight import intend
from delivery.deploy.traffic import traffic_of
from delivery.settings import LockSettings, loads
from delivery_world import group_tags
from deploy_case import NEW, OLD, SIZE, TOML, Case, Make, cases
from ec2_strict import Fault, KillError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def intent_of(one: Case, strategy: str = "red-black") -> Intent:
    site = one.site()
    return intend(site, traffic_of(site), one.image, strategy)


def next_image(one: Case) -> None:
    one.world.clock.sleep(3600)
    name = f"shop-{one.world.clock.now():.0f}"
    one.image = one.world.raw("ec2").register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]


def running(one: Case) -> int:
    return sum(len(group.instance_states) for group in one.strict.groups.values())


def test_the_peak_is_what_really_runs_at_once(make: Make) -> None:
    """Two fleets for the first deploy, three from then on: the surplus goes once the new group is active."""
    one = make()
    defaults = {**one.settings.layers["defaults", ""], "keep_hours": 48.0}
    one.settings = replace(one.settings, layers={("defaults", ""): defaults})

    one.world.raw("autoscaling").create_or_update_tags(Tags=group_tags(OLD, {tags.DEPLOY: "d-1"}))
    for peak, kept in ((2 * SIZE, SIZE), (3 * SIZE, SIZE), (3 * SIZE, SIZE)):
        fleet = intent_of(one).fleet
        assert (fleet.peak, fleet.kept_instances) == (peak, kept)
        most: list[int] = []
        one.strict.watching = [lambda _, most=most: most.append(running(one))]  # type: ignore[misc]
        assert one.deploy().outcome == "deployed"
        one.strict.watching = []
        assert max(most) == peak
        assert running(one) == SIZE + kept
        next_image(one)
    assert f"once it is done {SIZE} are kept for 48 h: {48 * SIZE} instance-hours" in str(fleet)


@pytest.mark.parametrize(
    ("toml", "strategy", "kept"),
    [
        ("", "highlander", 0),
        ("keep = 1\n", "red-black", SIZE),  # the group before is none of a deploy, which deploys never delete
        ('kept_groups = "empty"\n', "red-black", 0),
        ('traffic = "none"\n', "red-black", 0),
        ("", "canary", SIZE),
    ],
)
def test_what_is_kept_depends_on_the_settings(make: Make, toml: str, strategy: str, kept: int) -> None:
    one = make(toml)
    fleet = intent_of(one, strategy).fleet
    assert (fleet.peak, fleet.kept_instances) == (2 * SIZE, kept)
    one.deploy(strategy)
    one.world.clock.sleep(600)
    assert running(one) == SIZE + kept


def test_a_price_makes_a_cost() -> None:
    fleet = Fleet(running={"a-v001": 2, "a-v000": 2}, new=2, kept_instances=2, hours=48, price=0.1)
    expected = (
        "6 instances run at the peak (2 of a-v001, 2 of a-v000, 2 new); once it is done 2 are kept for 48 h"
    )
    assert str(fleet) == f"{expected}: 96 instance-hours, 9.60 at 0.1 an instance and hour"
    assert fleet.values["kept_cost"] == 9.6


@pytest.mark.parametrize("way", ["attach", "weighted"])
def test_a_kept_group_may_shrink_and_a_rollback_launches_its_image_again(make: Make, way: str) -> None:
    one = make(f'kept_groups = "empty"\ntraffic = "{way}"\n')
    one.strict.floor = one.strict.need = SIZE
    assert one.deploy().outcome == "deployed"
    one.world.clock.sleep(600)
    old = one.state()[OLD]
    assert old["size"][0::2] == (0, 2 * SIZE)
    assert old["size"][3] == 0
    assert old["tags"][tags.STATE] == "disabled"
    assert one.rollback().outcome == "rolled back"
    state = one.state()
    assert one.taking() == [OLD]
    assert state[OLD]["size"][3] == SIZE
    assert state[OLD]["images"] == ["old"]
    assert state[OLD]["size"][0] == 0  # the minimum it had


def test_killed_at_any_change_a_deploy_with_shrinking_ends_alike(make: Make) -> None:
    def begin() -> Case:
        one = make('kept_groups = "empty"\n', extras=False)
        one.strict.floor = SIZE
        return one

    one = begin()
    one.deploy()
    expected, calls = one.state(), one.strict.operations()
    start = max(n for n, name in enumerate(calls) if name == "DetachLoadBalancers")
    numbers = [n for n, name in enumerate(calls) if n >= start and not name.startswith(("Describe", "Get"))]
    assert "UpdateAutoScalingGroup" in [calls[n] for n in numbers]
    for number in numbers:
        one = begin()
        one.strict.faults = [Fault(KillError(), "after", number=number)]
        with pytest.raises(KillError):
            one.deploy()
        one.resume()
        assert one.state() == expected, calls[number]


def test_a_group_that_fails_after_the_old_one_shrank_brings_the_old_one_back(make: Make) -> None:
    one = make('kept_groups = "empty"\n', extras=False)

    def ill(operation: str) -> None:
        group = one.strict.groups[OLD]
        if operation == "UpdateAutoScalingGroup" and not group.instance_states:
            one.strict.watching = []
            one.strict.bad.add(one.image)

    one.strict.watching = [ill]
    assert one.deploy().outcome == "rolled back"
    assert one.taking() == [OLD]
    assert one.state()[OLD]["size"][3] == SIZE


# The first group of a cluster.


def first(make: Make, more: str = "") -> Case:
    one = make()
    where = (
        f'[clusters.shop-eu]\ninstance_type = "m5.large"\ntarget_groups = ["web"]\n'
        f'subnets = ["{one.world.subnet}"]\nmin = 1\ndesired = 1\nmax = 4\n{more}'
    )
    one.settings = replace(loads(TOML + where), lock=LockSettings(table="none"))
    return one


def site_of_first(one: Case) -> Site:
    from delivery import names

    site = one.site()
    site.cluster = names.cluster("shop", "eu")
    site.deploy = one.settings.deploy("default", "shop", "shop-eu")
    return site


def test_the_first_group_gets_the_scaling_policy_of_the_settings(make: Make) -> None:
    one = first(make, "scaling_cpu_percent = 50\n")
    site = site_of_first(one)
    intent = intend(site, traffic_of(site), one.image, "red-black")
    texts = {step.name: step.text for step in steps(facts_of(site, intent))}
    assert texts["copy"] == "1 scaling policy as the settings say"
    assert not [note for note in intent.notes if "scaling policy" in note]
    assert operations.deploy(site, one.image, "red-black").outcome == "deployed"
    (policy,) = [value for key, value in one.strict.policies.items() if key[0] == "shop-eu-v000"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 50
    assert operations.deploy(site_of_first(one), one.old_image, "red-black").outcome == "deployed"
    copied = [value for key, value in one.strict.policies.items() if key[0] == "shop-eu-v001"]
    assert [each["PolicyName"] for each in copied] == [policy["PolicyName"]]


def test_killed_before_its_policy_was_written_a_first_group_still_gets_it(make: Make) -> None:
    one = first(make, "scaling_cpu_percent = 50\n")
    one.strict.faults = [Fault(KillError(), "before", operation="PutScalingPolicy")]
    with pytest.raises(KillError):
        operations.deploy(site_of_first(one), one.image, "red-black")
    one.strict.revive()
    assert operations.resume(site_of_first(one)).outcome == "deployed"
    assert [key for key in one.strict.policies if key[0] == "shop-eu-v000"]


def test_no_first_group_is_left_without_a_policy_in_silence(make: Make) -> None:
    one = first(make)
    site = site_of_first(one)
    notes = intend(site, traffic_of(site), one.image, "red-black").notes
    assert [note for note in notes if "shop-eu-v000 gets no scaling policy" in note]
    operations.deploy(site, one.image, "red-black")
    assert [line for line in one.lines if "shop-eu-v000 gets no scaling policy" in line]
    one = first(make, 'scaling = "none"\n')
    site = site_of_first(one)
    notes = intend(site, traffic_of(site), one.image, "red-black").notes
    assert not [note for note in notes if "scaling policy" in note]


def test_a_policy_of_the_settings_replaces_none_that_is_there(make: Make) -> None:
    one = make("scaling_cpu_percent = 70\n")
    one.deploy()
    assert one.state()[NEW]["policies"] == ["cpu", "up"]
    assert one.strict.policies[NEW, "cpu"]["TargetTrackingConfiguration"]["TargetValue"] == 50.0
