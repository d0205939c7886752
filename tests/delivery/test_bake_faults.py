"""Whatever goes wrong at any call of a bake: nothing is left that its tags do not tell, and the next run succeeds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from bake_world import FRIEND, OTHER, Fault, KillError, World, own_key, world

from delivery import tags as words
from delivery.bake.context import LateError
from delivery.bake.interrupts import Interrupted
from delivery.bake.request import Order, Smoke
from delivery.errors import DeliveryError

pytestmark = pytest.mark.slow


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        made.images.console_lag = 0.0
        own_key(made)
        own_key(made, region=OTHER)
        yield made


def wanted(aws: World, number: int) -> Order:
    """A bake with all there is: bucket aside, as it takes the same way as everything temporary."""
    return aws.order(
        content=b"#!/bin/sh\n# " + str(number).encode(),
        kms_key="alias/images",
        regions=(OTHER,),
        share=(FRIEND,),
        smoke=Smoke(),
        poll=60.0,
    )


def calls_of_a_bake(aws: World) -> list[str]:
    aws.bake(wanted(aws, -1), "clean")
    names = aws.operations()
    assert {"RunInstances", "CreateImage", "CopyImage", "ModifySnapshotAttribute"} <= set(names)
    return names


STEP = 1 if os.environ.get("DELIVERY_FAULTS") == "all" else 5
"""Each mode meets every so many calls, beginning with another: together they meet all."""
MODES: dict[str, tuple[Literal["before", "after"], Callable[[], BaseException | str]]] = {
    "denied": ("before", lambda: "UnauthorizedOperation"),
    "lost": ("after", lambda: "lost"),
    "killed": ("after", KillError),
    "terminated": ("before", lambda: Interrupted(15)),
    "terminated after": ("after", lambda: Interrupted(15)),
}
"""`lost`: the call did what it should, and its answer never came. Killed before one is killed after the last."""


@pytest.mark.parametrize("mode", MODES)
def test_a_fault_at_any_call(aws: World, mode: str) -> None:
    total = len(calls_of_a_bake(aws))
    when, error = MODES[mode]
    survived = 0
    for number in [*range(total)][[*MODES].index(mode) % STEP :: STEP]:
        aws.calls.clear()
        aws.fault = Fault(number, error(), when)
        order = wanted(aws, number)
        failed = _failure(aws, order, f"bake-{number}")
        survived += failed is None
        left = aws.leftovers()
        assert all(words.BAKE in tags and words.CREATED in tags for tags in left.values()), (
            f"call {number}: {left}"
        )
        if failed is not None and not isinstance(failed, KillError):
            _given_up(aws, failed, number)
        _next_run(aws, order, number)
    assert survived < total


def _failure(aws: World, order: Order, id: str) -> BaseException | None:
    try:
        aws.bake(order, id)
    except (DeliveryError, KillError, Interrupted) as told:
        return told
    finally:
        assert aws.fault is None, "every call is met"
    return None


def _given_up(aws: World, failed: BaseException, number: int) -> None:
    """A run that could still act leaves no instance, unless its answer was lost or removing was what failed."""
    operation = aws.operations()[number]
    if isinstance(failed, LateError) or operation in ("TerminateInstances", "RunInstances"):
        return
    assert not aws.alive(), f"{operation}: {failed}"
    left = aws.leftovers()
    if isinstance(failed, Interrupted):
        lost = operation in ("CreateImage", "CopyImage")
        assert lost or not left, f"{operation}: {left}"


def _next_run(aws: World, order: Order, number: int) -> None:
    """The same command again reaches the end, whatever it finds; and one image is what there is."""
    made = aws.bake(order, f"bake-{number}-again")
    assert aws.tags(made.image)[words.STATE] == words.READY
    assert set(made.images) == {"eu-west-1", OTHER}
    keyed = aws.raw().describe_images(Filters=[{"Name": f"tag:{words.KEY}", "Values": [made.bake_key]}])[
        "Images"
    ]
    assert len(keyed) == 1, f"call {number} made two images"
    aws.reap()
    assert not aws.leftovers()
    aws.begin_anew()


def test_a_second_kill_at_any_call_of_the_run_that_goes_on(aws: World) -> None:
    calls = calls_of_a_bake(aws)
    first = calls.index("CreateImage")
    aws.calls.clear()
    aws.fault = Fault(first, KillError(), "after")
    with pytest.raises(KillError):
        aws.bake(wanted(aws, 0), "bake-0")
    for number in range(4, 40):
        aws.calls.clear()
        aws.fault = Fault(number, KillError(), "after")
        try:
            made = aws.bake(wanted(aws, 0), f"bake-0-{number}")
        except KillError:
            left = aws.leftovers()
            assert all(words.BAKE in tags and words.CREATED in tags for tags in left.values())
        else:
            assert made.bake_id == "bake-0"
            break
    assert aws.fault is not None, "the last run had no call left to be killed at"
