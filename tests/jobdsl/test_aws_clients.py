"""Clients of AWS that agents and delivery share: made once, in threads, with the settings of their program."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoRegionError

from jobdsl.aws.errors import AwsFailure, ErrorMeaning, translated
from jobdsl.aws.sessions import AwsClients, environment_region, open_session

if TYPE_CHECKING:
    from boto3.session import Session


class _Error(Exception):
    def __init__(self, doing: str, failure: AwsFailure) -> None:
        super().__init__(doing)
        self.failure = failure


@contextmanager
def asking(doing: str) -> Iterator[None]:
    with translated(lambda failure: _Error(doing, failure)):
        yield


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def clients(region: str | None = "eu-west-1") -> tuple[AwsClients, list[Session]]:
    sessions: list[Session] = []

    def session() -> Session:
        sessions.append(open_session(region=region))
        return sessions[-1]

    return AwsClients(session, program="tests", attempts=3, read_seconds=7.0, asking=asking), sessions


def test_a_client_is_made_once_whatever_threads_ask_for_it() -> None:
    pool, sessions = clients()
    assert sessions == []
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: pool.client("sts"), range(32)))
    assert len({id(client) for client in made}) == len(sessions) == 1
    config = made[0].meta.config
    assert (config.read_timeout, config.retries) == (7.0, {"mode": "adaptive", "total_max_attempts": 3})
    assert "tests" in config.user_agent
    pool.forget()
    assert pool.client("sts") is not made[0]
    assert len(sessions) == 1
    pool.close()


def test_a_client_that_cannot_be_made_is_an_error_of_the_caller() -> None:
    pool, _ = clients(region=None)
    with pytest.raises(_Error, match=r"connecting to AWS \(ec2\)") as caught:
        pool.client("ec2")
    assert isinstance(caught.value.__cause__, NoRegionError)
    assert (caught.value.failure.kind, caught.value.failure.meaning) == ("settings", ErrorMeaning.Denied)


def test_other_exceptions_pass() -> None:
    with pytest.raises(ValueError, match="mine"), asking("something"):
        raise ValueError("mine")


def test_the_region_of_other_tools_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_region() is None
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert environment_region() == "eu-west-3"
