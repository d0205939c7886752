"""Canaries that are judged by their metrics: promoted, rolled back or left to a user, and their baselines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canary_case import GOOD, MARGINAL, SLOWER, analysis
from delivery import tags
from delivery.deploy import operations, preflight
from delivery.deploy.new_group import facts_of
from delivery.deploy.plan import steps
from delivery.deploy.traffic import traffic_of
from delivery.errors import DeliveryError
from deploy_case import NEW, OLD, SIZE, Case, Make, active, cases, remove
from ec2_strict import Fault, KillError

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

BASELINE = f"{NEW}-baseline"


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def judged(make: Make, canary: str = GOOD, settings: str = "", more: str = "", **group: Any) -> Case:
    one = make(settings + analysis(canary, more), **group)
    if '"none"' not in settings:
        one.strict.floor = one.strict.need = SIZE
    return one


def gone(one: Case) -> None:
    assert BASELINE not in one.strict.groups
    assert one.cluster().unfinished is None


@pytest.mark.parametrize("settings", ["", 'traffic = "weighted"\n', 'traffic = "none"\n'])
def test_a_good_canary_is_promoted_without_a_user(make: Make, settings: str) -> None:
    one = judged(make, settings=settings)
    assert one.start("canary").outcome == "deployed"
    assert one.taking() == [NEW]
    gone(one)
    assert any("judgement 2 of 2: promote, score 100" in line for line in one.lines)
    state = one.state()
    assert state[NEW]["size"] == state[OLD]["size"] or settings
    assert state[NEW]["suspended"] == []
    assert tags.PIN not in state[NEW]["tags"]


@pytest.mark.parametrize("settings", ["", 'traffic = "weighted"\n', 'traffic = "none"\n'])
def test_a_slower_canary_is_rolled_back_by_its_metrics(make: Make, settings: str) -> None:
    one = judged(make, SLOWER, settings)
    before = one.state()[OLD]
    ending = one.start("canary")
    assert ending.outcome == "rolled back"
    assert ending.exit_code == 3
    assert "worse than its baseline" in ending.reason
    assert one.taking() == [OLD]
    gone(one)
    assert one.state()[OLD]["size"] == before["size"]
    assert one.state()[NEW]["tags"][tags.STATE] == "failed"


def test_a_marginal_canary_waits_for_a_user_without_its_baseline(make: Make) -> None:
    one = judged(make, MARGINAL)
    assert one.start("canary").outcome == "waiting"
    assert BASELINE not in one.strict.groups
    assert one.run(operations.resume).outcome == "waiting"
    assert one.promote().outcome == "deployed"
    active(one, NEW)


def test_the_baseline_has_the_old_image_the_size_of_the_canary_and_its_traffic(make: Make) -> None:
    one = judged(make, settings="canary_instances = 2\n", size=4)
    seen: list[Any] = []

    def watch(operation: str) -> None:
        if BASELINE in one.strict.groups and operation == "DescribeTargetHealth":
            states = one.state()
            seen.append(
                (
                    states[BASELINE],
                    states[NEW],
                    {each: one.strict.serving_in(each) for each in (BASELINE, NEW)},
                )
            )

    one.strict.watching.append(watch)
    assert one.start("canary").outcome == "deployed"
    baseline, canary, serving = next(each for each in reversed(seen) if all(each[2].values()))
    assert (baseline["images"], canary["images"]) == (["old"], ["new"])
    assert baseline["size"][1] == canary["size"][1] == 2
    assert serving == {BASELINE: 2, NEW: 2}
    assert baseline["attached"] == canary["attached"]
    assert baseline["policies"] == baseline["actions"] == []
    assert {"AlarmNotification", "ScheduledActions"} <= set(canary["suspended"])


def test_a_query_names_the_load_balancer_of_each_side(make: Make, tmp_path: Path) -> None:
    command = f"echo $DELIVERY_SIDE $DELIVERY_LOAD_BALANCER >>{tmp_path}/sides; echo []"
    more = f'[analysis.metrics.x]\nsource = "command"\nquery = "{command}"\n'
    one = judged(make, settings='traffic = "weighted"\n', more=more)
    one.start("canary")
    sides = dict(line.split(" ", 1) for line in (tmp_path / "sides").read_text().splitlines())
    assert sides.keys() == {"baseline", "canary"}
    assert all(name.startswith("app/") for name in sides.values()), sides


def test_the_plan_has_the_steps_of_the_analysis(make: Make) -> None:
    one = judged(make)
    site = one.site()
    wanted = preflight.intend(site, traffic_of(site), one.image, "canary")
    names = [step.name for step in steps(facts_of(site, wanted))]
    first = names.index("baseline")
    assert names[first : first + 9] == [
        "baseline", "canary-grow", "canary-healthy", "canary-traffic", "canary-serving", "compare", "analyse", "retire",
        "decide",
    ]  # fmt: skip
    wanted = preflight.intend(site, traffic_of(site), one.image, "red-black")
    assert not facts_of(site, wanted).baseline


STAGES = "[apps.shop]\nramp = [25, 50, 100]\n"


def test_the_plan_of_a_ramp_judges_each_stage_but_the_last(make: Make) -> None:
    one = judged(make, settings=STAGES, size=4)
    site = one.site()
    wanted = preflight.intend(site, traffic_of(site), one.image, "ramp")
    every = steps(facts_of(site, wanted))
    assert [(step.name, step.capacity) for step in every if step.verb in ("baseline", "analyse", "retire", "decide")] == [
        ("ramp-25-baseline", 1), ("ramp-25-analyse", 1), ("ramp-25-decide", 1),
        ("ramp-50-baseline", 2), ("ramp-50-analyse", 2), ("ramp-50-retire", 2), ("ramp-50-decide", 2),
    ]  # fmt: skip
    assert wanted.fleet.new == 4


def test_by_weights_a_judged_stage_loads_its_instances_as_those_of_the_baseline(make: Make) -> None:
    one = judged(make, settings=f'traffic = "weighted"\n{STAGES}', size=4)
    site = one.site()
    every = steps(facts_of(site, preflight.intend(site, traffic_of(site), one.image, "ramp")))
    shares = {step.name: step.share for step in every if step.verb == "traffic"}
    assert shares == {"ramp-25-traffic": 16, "ramp-50-traffic": 25, "traffic": 100}  # 1 of 6, 2 of 8


@pytest.mark.parametrize("settings", ["", 'traffic = "weighted"\n', 'traffic = "none"\n'])
def test_a_good_ramp_is_promoted_through_its_stages(make: Make, settings: str) -> None:
    one = judged(make, settings=settings + STAGES, size=4)
    assert one.start("ramp").outcome == "deployed"
    assert one.taking() == [NEW]
    gone(one)
    assert sum("judgement 2 of 2: promote" in line for line in one.lines) == 2
    assert one.state()[NEW]["suspended"] == []
    sizes = [
        parameters["DesiredCapacity"]
        for name, parameters in one.strict.calls
        if name == "UpdateAutoScalingGroup"
        and parameters["AutoScalingGroupName"] == BASELINE
        and parameters.get("DesiredCapacity")
    ]
    assert sizes == [1, 2]


def test_a_worse_ramp_is_rolled_back_in_its_first_stage(make: Make) -> None:
    one = judged(make, SLOWER, STAGES, size=4)
    ending = one.start("ramp")
    assert (ending.outcome, ending.exit_code) == ("rolled back", 3)
    assert "worse than its baseline" in ending.reason
    assert not any("ramp-50" in line for line in one.lines)
    gone(one)
    assert one.taking() == [OLD]


def test_an_undecided_ramp_waits_in_each_stage_and_is_judged_again_in_the_next(make: Make) -> None:
    one = judged(make, MARGINAL, STAGES, size=4)
    assert one.start("ramp").outcome == "waiting"
    assert BASELINE not in one.strict.groups
    assert one.state()[NEW]["size"][1] == 1
    assert one.run(operations.resume).outcome == "waiting"
    assert one.promote().outcome == "waiting"
    assert one.state()[NEW]["size"][1] == 2
    assert BASELINE not in one.strict.groups
    assert one.promote().outcome == "deployed"
    gone(one)
    assert one.taking() == [NEW]


def test_what_an_earlier_stage_decided_promotes_no_later_one(make: Make) -> None:
    one = judged(make, settings=STAGES, size=4)

    def kill(operation: str) -> None:
        if any("ramp-50-compare" in line for line in one.lines):
            one.strict.watching.clear()
            one.settings = replace(one.settings, analysis=None)
            raise RuntimeError("killed")

    one.strict.watching.append(kill)
    with pytest.raises(RuntimeError):
        one.start("ramp")
    assert one.state()[NEW]["tags"][tags.ANALYSIS] == "promote ramp-25"
    assert one.run(operations.resume).outcome == "waiting"


def test_stages_share_the_error_rate() -> None:
    from delivery.deploy.canary_analysis import _schedule
    from delivery.settings.analysis import AnalysisSettings

    settings = AnalysisSettings(error_rate=0.02)
    assert _schedule(settings, 1).error_rate == 0.02
    assert _schedule(settings, 4).error_rate == 0.005


def test_a_ramp_that_is_not_judged_cannot_be_promoted(make: Make) -> None:
    one = make()
    one.strict.faults = [Fault(KillError(), "after", operation="AttachLoadBalancerTargetGroups")]
    with pytest.raises(KillError):
        one.start("ramp")
    one.strict.faults = []
    with pytest.raises(DeliveryError, match="no canary"):
        one.promote()


def test_a_user_may_promote_before_the_metrics_have_decided(make: Make) -> None:
    one = judged(make, SLOWER)
    one.strict.faults = [Fault(KillError(), "after", operation="AttachLoadBalancerTargetGroups")]
    with pytest.raises(KillError):
        one.start("canary")
    one.strict.faults = []
    assert one.promote().outcome == "deployed"
    gone(one)
    active(one, NEW)


def test_a_rollback_while_it_is_judged_deletes_the_baseline(make: Make) -> None:
    one = judged(make)
    stop = RuntimeError("killed")

    def kill(operation: str) -> None:
        if BASELINE in one.strict.groups and one.strict.serving_in(BASELINE):
            one.strict.watching.clear()
            raise stop

    one.strict.watching.append(kill)
    with pytest.raises(RuntimeError):
        one.start("canary")
    assert BASELINE in one.strict.groups
    assert one.rollback().outcome == "rolled back"
    gone(one)
    active(one, OLD)


def test_an_analysis_that_was_removed_leaves_the_decision_to_a_user(make: Make) -> None:
    one = judged(make)

    def unset() -> None:
        one.settings = replace(one.settings, analysis=None)

    def kill(operation: str) -> None:
        if BASELINE in one.strict.groups and one.strict.serving_in(BASELINE):
            one.strict.watching.clear()
            raise RuntimeError("killed")

    one.strict.watching.append(kill)
    with pytest.raises(RuntimeError):
        one.start("canary")
    unset()
    assert one.run(operations.resume).outcome == "waiting"
    assert BASELINE not in one.strict.groups


def test_a_baseline_deleted_by_hand_rolls_back(make: Make) -> None:
    one = judged(make)

    def delete(operation: str) -> None:
        if (
            BASELINE in one.strict.groups
            and one.strict.serving_in(BASELINE)
            and operation == "DescribeTargetHealth"
        ):
            one.strict.watching.clear()
            remove(one, BASELINE)

    one.strict.watching.append(delete)
    ending = one.start("canary")
    assert ending.outcome == "rolled back"
    active(one, OLD)


def test_reports_of_each_judgement_are_kept(make: Make, tmp_path: Path) -> None:
    one = judged(make, more=f'reports = "{tmp_path}/reports"\n')
    assert one.start("canary").outcome == "deployed"
    written = {path.name for path in (tmp_path / "reports").iterdir()}
    assert written == {f"{NEW}{suffix}" for suffix in (".html", ".md", ".json", ".series.json")}
    from delivery.cli import run

    assert run(["judge", str(tmp_path / "reports" / f"{NEW}.series.json"), "--exit-code"]) == 0
    report = json.loads((tmp_path / "reports" / f"{NEW}.json").read_text())
    assert report["verdict"] == "pass"
    assert [point["score"] for point in report["scores"]] == [100, 100]
    page = (tmp_path / "reports" / f"{NEW}.html").read_text()
    assert page.count('<circle class="score"') == 2


def test_packages_that_are_missing_are_found_before_anything_is_made(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = judged(make)
    import sys

    monkeypatch.setitem(sys.modules, "delivery.analysis.sequential", None)
    with pytest.raises(DeliveryError, match="is not installed"):
        one.start("canary")
    assert [*one.strict.groups] == [OLD]
