from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from delivery.aws import AwsError
from delivery.clock import FakeClock, HostClock
from delivery.errors import LOCKED, DeliveryError, LockedError
from delivery.lock import LEASE, Lock, holder, open_lock
from delivery.settings import DeliverySettings, loads
from delivery_world import World, world

CLUSTER = "shop-test"
TABLE = "delivery-locks"


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("BUILD_URL", "https://jenkins.example.com/job/deploy/7/")
    with world() as made:
        yield made


def lock(one: World, what: str, cluster: str = CLUSTER, said: list[str] | None = None) -> Lock:
    say = said.append if said is not None else lambda _: None
    return open_lock(one.aws, DeliverySettings(), cluster, one.clock, what, say)


def refuse(one: World, operation: str, code: str) -> None:
    def fail(**_: Any) -> None:
        answer: Any = {"Error": {"Code": code, "Message": "no"}}
        raise ClientError(answer, operation)

    one.aws.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", fail)


def test_two_clusters_have_two_locks_and_one_has_one(one: World) -> None:
    with lock(one, "d-1") as first, lock(one, "d-2", "cart"):
        first.check()
        with pytest.raises(LockedError) as caught:
            one.clock.woken.append(lambda _: first.check())  # the other run is alive: it renews
            lock(one, "d-3").__enter__()
    assert caught.value.exit_code == LOCKED
    assert "another command is at work in shop-test: d-1 (https://jenkins" in caught.value.message


def test_the_lock_is_free_once_it_is_given_back(one: World) -> None:
    with lock(one, "d-1") as first:
        found = holder(one.aws, TABLE, CLUSTER)
        assert found is not None
        assert found.expires == one.clock.now() + LEASE
    assert holder(one.aws, TABLE, CLUSTER) is None
    with lock(one, "d-2") as second:
        assert second.fence == 2
        assert first.fence == 0
    assert one.clock.slept == []


def test_the_lock_of_a_killed_run_is_waited_for_and_taken(one: World) -> None:
    dead = lock(one, "d-1").__enter__()
    said: list[str] = []
    one.clock.sleep(30.0)
    with lock(one, "d-2", said=said):
        assert sum(one.clock.slept) - 30.0 == LEASE
        assert said == [
            "locked by d-1 (https://jenkins.example.com/job/deploy/7/); waiting: "
            "the lock of a killed run expires within 120 s"
        ]
        with pytest.raises(LockedError, match=r"the lock of shop-test was lost to d-2"):
            dead.check()


class Ahead(HostClock):
    """The clock of another host, which is wrong."""

    def __init__(self, right: FakeClock, by: float) -> None:
        self._right, self._by = right, by

    def now(self) -> float:
        return self._right.now() + self._by

    def monotonic(self) -> float:
        return self._right.monotonic()

    def sleep(self, seconds: float) -> None:
        self._right.sleep(seconds)


@pytest.mark.parametrize("by", [-7200.0, -130.0, 130.0, 86400.0])
def test_a_host_whose_clock_is_wrong_takes_no_lock_of_a_live_run(one: World, by: float) -> None:
    with lock(one, "d-1") as live:
        one.clock.woken.append(lambda _: live.check() if one.clock.monotonic() % 30 == 0 else None)
        with pytest.raises(LockedError, match="another command is at work in shop-test: d-1"):
            open_lock(one.aws, DeliverySettings(), CLUSTER, Ahead(one.clock, by), "d-2").__enter__()
        one.clock.woken.clear()
        live.check()


@pytest.mark.parametrize("by", [-7200.0, 130.0])
def test_a_host_whose_clock_is_wrong_waits_a_whole_lease_for_a_dead_run(one: World, by: float) -> None:
    dead = lock(one, "d-1").__enter__()
    one.clock.sleep(LEASE * 3)  # however old its record is: nobody has seen it stand
    one.clock.slept.clear()
    with open_lock(one.aws, DeliverySettings(), CLUSTER, Ahead(one.clock, by), "d-2"):
        assert sum(one.clock.slept) == LEASE
        with pytest.raises(LockedError):
            dead.check()


def test_a_clock_that_jumps_loses_no_lock(one: World) -> None:
    with lock(one, "d-1") as held:
        one.clock.time += 72_000.0
        held.check()
        one.clock.time -= 144_000.0
        held.sleep(60.0)


def test_a_rollback_takes_the_lock_of_a_live_run_over(one: World) -> None:
    said: list[str] = []
    with lock(one, "d-1") as running:
        running.check()
        with open_lock(
            one.aws, DeliverySettings(), CLUSTER, one.clock, "rollback", said.append, takes_over=True
        ) as new:
            assert said == [
                "taking the lock over from d-1 (https://jenkins.example.com/job/deploy/7/): "
                "it stops before its next change"
            ]
            assert sum(one.clock.slept) <= 5.0
            with pytest.raises(LockedError, match="was lost to rollback"):
                running.check()
            new.check()
    assert holder(one.aws, TABLE, CLUSTER) is None


REFUSALS = [
    ("AccessDeniedException", "dynamodb:UpdateItem"),
    ("ResourceNotFoundException", "does not exist"),
    ("KMSAccessDeniedException", "KMS key"),
    ("ValidationException", "must be allowed"),
    ("InvalidSignatureException", "clock of this host"),
]


@pytest.mark.parametrize(("code", "hint"), REFUSALS)
@pytest.mark.parametrize("takes_over", [False, True])
def test_a_lock_that_is_refused_is_told_at_once(one: World, code: str, hint: str, takes_over: bool) -> None:
    with lock(one, "d-1"):
        refuse(one, "UpdateItem", code)
        with pytest.raises(DeliveryError) as caught:
            open_lock(
                one.aws, DeliverySettings(), CLUSTER, one.clock, "d-2", takes_over=takes_over
            ).__enter__()
    assert f"cannot be written: {code}" in caught.value.message
    assert hint in caught.value.hint
    assert sum(one.clock.slept) == 0


def test_a_lock_that_is_refused_later_is_told_at_the_next_change(one: World) -> None:
    with lock(one, "d-1") as held:
        refuse(one, "UpdateItem", "AccessDeniedException")
        with pytest.raises(DeliveryError, match="cannot be written: AccessDenied"):
            held.check()


@pytest.mark.parametrize("takes_over", [False, True])
def test_no_answer_at_all_is_no_wait_without_end(one: World, takes_over: bool) -> None:
    lock(one, "d-1").__enter__()
    refuse(one, "UpdateItem", "InternalServerError")
    with pytest.raises(DeliveryError, match="cannot be written: InternalServerError"):
        open_lock(one.aws, DeliverySettings(), CLUSTER, one.clock, "d-2", takes_over=takes_over).__enter__()
    assert sum(one.clock.slept) <= 15.0


def test_it_is_renewed_where_that_is_due_and_while_somebody_sleeps(one: World) -> None:
    with lock(one, "d-1") as held:
        one.calls.clear()
        held.check()
        assert one.operations() == ["UpdateItem"]  # a rollback may have taken it at any moment
        held.sleep(600.0)
        found = holder(one.aws, TABLE, CLUSTER)
        assert found is not None
        assert found.expires == one.clock.now() + LEASE
        assert max(one.clock.slept) <= LEASE / 2


def test_a_run_that_comes_late_keeps_what_nobody_has_taken(one: World) -> None:
    with lock(one, "d-1") as held:
        one.clock.sleep(LEASE * 3)
        held.check()


def test_without_an_answer_it_is_ours_until_it_expires(one: World) -> None:
    with lock(one, "d-1") as held:
        refuse(one, "UpdateItem", "InternalServerError")
        one.clock.sleep(LEASE / 2)
        held.check()
        one.clock.sleep(LEASE)
        with pytest.raises(LockedError):
            held.check()


def test_the_table_is_made_when_it_is_needed(one: World) -> None:
    with lock(one, "d-1"):
        assert "CreateTable" in one.operations()
    one.calls.clear()
    with lock(one, "d-2"):
        assert one.operations() == ["GetItem", "UpdateItem"]


def test_a_table_that_may_not_be_made_is_told_with_the_way_out(one: World) -> None:
    refuse(one, "CreateTable", "AccessDeniedException")
    with pytest.raises(DeliveryError) as caught:
        lock(one, "d-1").__enter__()
    assert (
        caught.value.message
        == "table 'delivery-locks' for locks does not exist, and this caller may not create it"
    )
    assert "docs/delivery.md" in caught.value.hint


def test_who_may_not_read_the_table_is_told_so(one: World) -> None:
    refuse(one, "GetItem", "AccessDeniedException")
    with pytest.raises(AwsError, match="reading the lock of shop-test in table delivery-locks: AccessDenied"):
        lock(one, "d-1").__enter__()


def test_none_is_no_lock_at_all(one: World) -> None:
    settings = loads('[lock]\ntable = "none"')
    with open_lock(one.aws, settings, CLUSTER, one.clock, "d-1") as first:
        with open_lock(one.aws, settings, CLUSTER, one.clock, "d-2") as second:
            second.check()
            second.sleep(7.0)
        first.check()
    assert (one.operations(), one.clock.slept, first.fence) == ([], [7.0], 0)
