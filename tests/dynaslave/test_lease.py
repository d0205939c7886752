"""One manager acts at a time, and none that has lost its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from mypy_boto3_dynamodb.client import DynamoDBClient

from jobdsl.aws.lease import SKEW, DynamoLease, LeaseError, NoLease
from jobdsl.aws.tables import create_table

DURATION = 60.0


class Hand:
    """A clock moved by hand."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(client, "dynaslave")
        yield client


def lease(client: DynamoDBClient, owner: str, clock: Callable[[], float], name: str = "main") -> DynamoLease:
    return DynamoLease(client, "dynaslave", name, owner, duration=DURATION, clock=clock, monotonic=clock)


def refused(client: DynamoDBClient, code: str) -> None:
    def fail(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateItem")

    client.meta.events.register("before-call.dynamodb.UpdateItem", fail)


def test_only_one_of_two_acts(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first, second = lease(dynamo, "host-a:1", clock), lease(dynamo, "host-b:2", clock)
    assert first.acquire()
    assert not second.acquire()
    assert (first.may_act(), second.may_act()) == (True, False)
    assert second.holder() == "host-a:1"
    assert lease(dynamo, "host-b:2", clock, "other").acquire()


def test_a_renewed_lease_lives_on(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first, second = lease(dynamo, "a", clock), lease(dynamo, "b", clock)
    assert first.acquire()
    for _ in range(5):
        clock.now += DURATION - 1
        assert first.acquire()
        assert not second.acquire()
    assert first.fence == 1


def test_another_takes_over_a_dead_ones_turn_and_the_old_one_never_acts_again(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first, second = lease(dynamo, "a", clock), lease(dynamo, "b", clock)
    assert first.acquire()
    clock.now += 1000.0
    assert not second.acquire()  # however old its record is: nobody has seen it stand
    clock.now += DURATION - 0.5
    assert not second.acquire()
    clock.now += 0.5
    assert second.acquire()
    assert second.fence == 2
    assert not first.may_act()
    assert not first.may_act()
    assert first.fence == 0
    assert first.holder() == "b"


def test_lost_in_the_middle_of_a_tick(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first = lease(dynamo, "a", clock)
    assert first.acquire()
    assert first.may_act()
    dynamo.update_item(
        TableName="dynaslave",
        Key={"name": {"S": "lease:main"}},
        UpdateExpression="SET #o = :b, fence = fence + :one",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":b": {"S": "b"}, ":one": {"N": "1"}},
    )
    assert not first.may_act()


def test_given_back_it_is_free_at_once(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first, second = lease(dynamo, "a", clock), lease(dynamo, "b", clock)
    assert first.acquire()
    first.release()
    assert not first.may_act()
    assert second.acquire()
    first.release()
    assert second.may_act()


def test_a_restart_of_the_same_owner_waits_its_turn(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    assert lease(dynamo, "a", clock).acquire()
    assert not lease(dynamo, "a", clock).acquire()


def test_without_an_answer_it_is_ours_until_it_would_expire(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first = lease(dynamo, "a", clock)
    assert first.acquire()

    def silent(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example.com")

    dynamo.meta.events.register("before-call.dynamodb.UpdateItem", silent)
    clock.now += DURATION - SKEW - 1
    assert first.may_act()
    clock.now += 1
    assert not first.may_act()
    assert not lease(dynamo, "b", clock).acquire()
    dynamo.meta.events.unregister("before-call.dynamodb.UpdateItem", silent)
    assert first.acquire()


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "KMSAccessDeniedException"]
)
def test_what_is_refused_is_an_error_at_once(dynamo: DynamoDBClient, code: str) -> None:
    clock = Hand()
    first, second = lease(dynamo, "a", clock), lease(dynamo, "b", clock)
    assert first.acquire()
    refused(dynamo, code)
    for act in (first.acquire, first.may_act, second.acquire, second.seize):
        with pytest.raises(LeaseError, match=f"the lease in table 'dynaslave' cannot be written: {code}"):
            act()
    first.release()


def test_no_table_is_an_error_and_no_lease(dynamo: DynamoDBClient) -> None:
    with pytest.raises(LeaseError, match="ResourceNotFoundException"):
        DynamoLease(dynamo, "nowhere", "main", "a").acquire()


def test_one_that_is_renewed_is_never_taken_by_whoever_has_another_time(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first = lease(dynamo, "a", clock)
    ahead = DynamoLease(
        dynamo, "dynaslave", "main", "b", duration=DURATION, clock=lambda: clock.now + 1e6, monotonic=clock
    )
    assert first.acquire()
    for _ in range(50):
        clock.now += DURATION / 4
        assert first.may_act()
        assert not ahead.acquire()


def test_whoever_seizes_it_has_it(dynamo: DynamoDBClient) -> None:
    clock = Hand()
    first, second = lease(dynamo, "a", clock), lease(dynamo, "b", clock)
    assert first.acquire()
    assert second.seize()
    assert not first.may_act()
    assert second.may_act()
    assert second.fence == 2


def test_none_at_all_is_always_ours() -> None:
    none = NoLease()
    assert none.acquire()
    assert none.may_act()
    none.release()
    assert none.holder() == ""


step = st.tuples(st.sampled_from(["acquire", "act", "release", "pause"]), st.integers(0, 2), st.floats(0, 90))


names = (f"lease-{number}" for number in count())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=40), st.lists(st.floats(-1e5, 1e5), min_size=3, max_size=3))
def test_never_two_at_once_whatever_happens(
    dynamo: DynamoDBClient, steps: list[tuple[str, int, float]], skews: list[float]
) -> None:
    clock, name = Hand(), next(names)  # a lease of its own for each example, in one table
    managers = [
        lease(dynamo, f"m{at}", lambda skew=skew: clock.now + skew, name)  # type: ignore[misc]  # its own clock
        for at, skew in enumerate(skews)
    ]
    for action, who, seconds in steps:
        if action == "acquire":
            managers[who].acquire()
        elif action == "release":
            managers[who].release()
        elif action == "pause":
            clock.now += seconds
        acting = [one for one in managers if one.may_act()]
        assert len(acting) <= 1
