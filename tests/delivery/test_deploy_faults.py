"""Whatever goes wrong at any call of a deploy or a rollback: the old capacity serves, and there is a way on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest

from canary_case import analysis
from delivery import tags
from delivery.deploy.model import OPEN
from delivery.errors import DeliveryError
from deploy_case import NEW, OLD, SIZE, Case, cases
from deploy_strict import READING
from ec2_strict import Fault, KillError

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

EVERY = os.environ.get("DELIVERY_FAULTS") == "all"
"""Every call of every strategy takes minutes; else a few calls of each, more of red/black's."""
KINDS = {
    "red-black": ("red-black", ""),
    "canary": ("canary", ""),
    "ramp": ("ramp", ""),
    "highlander": ("highlander", ""),
    "judged": ("canary", analysis()),
    "judged ramp": ("ramp", f"[apps.shop]\nramp = [30, 60, 100]\n{analysis()}"),
    "weighted": ("ramp", 'traffic = "weighted"\n'),
}


SOME_KINDS = [
    pytest.param(kind, marks=pytest.mark.thorough) if kind in ("ramp", "judged ramp") else kind
    for kind in KINDS
]
"""A ramp is a weighted one with other traffic, and a judged one looks at its stages as a canary does."""
Act = Callable[[Case, str], None]
Made = Callable[..., Case]


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes a case of a kind, in which a fault waits."""
    with cases() as make:

        def one(kind: str, fault: Fault | None = None) -> Case:
            case = make(KINDS[kind][1])
            case.strict.floor = case.strict.need = SIZE
            case.strict.faults = [fault] if fault else []
            return case

        yield one


def deploy(one: Case, kind: str) -> None:
    assert one.deploy(KINDS[kind][0]).outcome == "deployed"


def back(one: Case, kind: str) -> None:
    assert one.rollback().outcome in ("rolled back", "deployed")


def begun(one: Case, kind: str, act: Act) -> None:
    """What is there before the faults begin: for a rollback, a deploy that is done."""
    if act is back:
        faults, one.strict.faults = one.strict.faults, []
        deploy(one, kind)
        one.strict.faults = faults
        one.strict.calls.clear()


def clean(made: Made, kind: str, act: Act) -> tuple[list[str], object]:
    """The calls of a run without faults, and how it ends."""
    one = made(kind)
    begun(one, kind, act)
    act(one, kind)
    return one.strict.operations(), one.state()


def changing(operations: list[str]) -> list[int]:
    """Numbers of the calls that change something: being killed anywhere else is being killed after one."""
    return [number for number, name in enumerate(operations) if not name.startswith(READING)]


def some(numbers: Iterable[int], kind: str, each: int) -> list[int]:
    """A share of the calls, beginning with another for each strategy; four times as many of red/black's."""
    step = 1 if EVERY else max(1, each // 4) if kind == "red-black" else each
    return [*numbers][[*KINDS].index(kind) % step :: step]


def settled(one: Case) -> None:
    """Nothing is half-done: one group takes traffic with all it should have, and nothing is pinned."""
    (active,) = one.taking()
    assert one.strict.serving_in(active) >= SIZE
    for name, said in one.state().items():
        assert tags.PIN not in said["tags"], f"{name} stays pinned"
        assert said["tags"].get(tags.STATE) not in OPEN, f"{name} is half-done"
        assert tags.BASELINE_OF not in said["tags"], f"{name} is left behind"


@pytest.mark.parametrize("act", [deploy, back])
@pytest.mark.parametrize("kind", SOME_KINDS)
def test_killed_anywhere_and_resumed_it_reaches_the_same_end(made: Made, kind: str, act: Act) -> None:
    operations, end = clean(made, kind, act)
    for number in some(changing(operations), kind, 112):
        one = made(kind, Fault(KillError(), "after", number=number))
        begun(one, kind, act)
        with pytest.raises(KillError):
            act(one, kind)
        if one.resume().outcome == "nothing to do" and one.state() != end:
            act(one, kind)  # killed before anything was there
        assert one.state() == end, f"killed after call {number}, {operations[number]}"


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_killed_anywhere_and_rolled_back_traffic_is_where_it_was(made: Made, kind: str) -> None:
    operations, _ = clean(made, kind, deploy)
    for number in some(changing(operations), kind, 112):
        one = made(kind, Fault(KillError(), "after", number=number))
        before = one.state()[OLD]
        with pytest.raises(KillError):
            deploy(one, kind)
        if NEW in one.strict.groups:  # else nothing was done that a rollback could undo
            rolled_back(one, before, f"killed after call {number}, {operations[number]}")


def rolled_back(one: Case, before: dict[str, object], where: str) -> None:
    if OLD not in one.strict.groups:  # a highlander's: its image serves again
        assert one.rollback().outcome == "deployed", where
        (active,) = one.taking()
        assert one.state()[active]["images"] == ["old"], where
    else:
        assert one.rollback().outcome == "rolled back", where
        assert one.taking() == [OLD], where
        after = one.state()[OLD]
        same = ("size", "suspended", "attached", "serving", "images", "policies", "actions")
        assert [after[key] for key in same] == [before[key] for key in same], where
    settled(one)


@pytest.mark.parametrize("act", [deploy, back])
@pytest.mark.parametrize("mode", ["refused", "lost"])
@pytest.mark.parametrize("kind", SOME_KINDS)
def test_an_error_at_any_call_leaves_a_way_on(made: Made, kind: str, mode: str, act: Act) -> None:
    operations, _ = clean(made, kind, act)
    refused = mode == "refused"
    numbers = range(len(operations)) if refused else changing(operations)
    for number in some(numbers, kind, 192 if refused else 96):
        one = made(kind, Fault("AccessDenied", "before" if refused else "after", number=number))
        begun(one, kind, act)
        with suppress(*([DeliveryError, AssertionError] if act is deploy else [DeliveryError])):
            act(one, kind)
        one.strict.faults = []
        one.resume()
        assert one.strict.lowest >= SIZE, f"{mode} at call {number}, {operations[number]}"
        settled(one)
