"""Sources of metrics: what they are asked, what becomes of gaps, restarts and late data, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import boto3
import pytest
import requests
import requests_mock
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from delivery.aws import Aws, AwsError
from delivery.errors import DeliveryError
from delivery.metrics.cloudwatch import CloudWatch
from delivery.metrics.collect import collect
from delivery.metrics.command import Command
from delivery.metrics.model import CloudWatchInput, Query, Reading, SampleWindow, Subject
from delivery.metrics.prometheus import Prometheus
from delivery.metrics.series import describe_gaps, increments, placed

START = 1_800_000_000
WINDOW = SampleWindow(start=START, end=START + 300)
CANARY = Subject(
    group="shop-v002", side="canary", target_group="targetgroup/green/1", instances=("i-1", "i-2")
)
BASELINE = Subject(group="shop-v001", side="baseline")
URL = "http://prometheus.test/api/v1/query_range"


def test_a_window_has_whole_steps() -> None:
    window = SampleWindow.between(START + 1, START + 299)
    assert (window.start, window.end, window.steps) == (START + 60, START + 240, 3)
    assert SampleWindow.between(START + 1, START + 2).steps == 0
    assert [window.index(time) for time in (START, START + 60, START + 119.9, START + 240)] == [
        None,
        0,
        0,
        None,
    ]


def test_points_are_placed_on_steps_and_the_latest_of_one_step_counts() -> None:
    points = [
        (START + 61, 2.0),
        (START + 60, 1.0),
        (START + 180, float("nan")),
        (START + 999, 9.0),
        (START - 1, 9.0),
    ]
    assert placed(points, WINDOW) == ((None, 2.0, None, None, None), [])
    values, notes = placed([(START, float("inf"))], WINDOW)
    assert values == (None,) * 5
    assert notes == ["1 infinite values left out (a division by zero?)"]


@pytest.mark.parametrize(
    ("values", "expected", "restarts"),
    [
        ([10, 12, 15], (None, 2, 3), 0),
        ([10, 12, 3, 5], (None, 2, 3, 2), 1),
        ([10, None, 16], (None, 3, 3), 0),
        ([None, 10, None, None, 4], (None, None, 4 / 3, 4 / 3, 4 / 3), 1),
        ([], (), 0),
        ([5, 0, 0], (None, 0, 0), 1),
    ],
)
def test_a_counter_becomes_increments(values: Any, expected: Any, restarts: int) -> None:
    assert increments(values) == (expected, restarts)


@given(st.lists(st.none() | st.integers(0, 50), max_size=40))
def test_increments_are_never_negative_and_add_up(values: list[int | None]) -> None:
    result, _ = increments(values)
    assert len(result) == len(values)
    assert all(each is None or each >= 0 for each in result)
    known = [each for each in values if each is not None]
    total = sum(after - before if after >= before else after for before, after in pairwise(known))
    assert sum(each or 0 for each in result) == pytest.approx(total)


def test_gaps_are_described() -> None:
    assert describe_gaps([1.0] * 20 + [None]) == []
    assert describe_gaps([None, None]) == ["no values"]
    assert describe_gaps([1, None, None, None, 1, None, None]) == [
        "5 of 7 values are missing, at most 3 in a row, the last 2 among them: they may come late"
    ]


def matrix(*series: list[tuple[float, str]]) -> dict[str, Any]:
    result = [{"metric": {"pod": str(number)}, "values": values} for number, values in enumerate(series)]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocked:
        yield mocked


def asked(server: requests_mock.Mocker, text: str = 'rate(x{group="{group}"}[1m])') -> Reading:
    return Prometheus("http://prometheus.test/").read(
        [Query(name="m", source="prometheus", query=text)], CANARY, WINDOW
    )["m"]


def test_prometheus_is_asked_for_the_group_and_answers_with_steps(server: requests_mock.Mocker) -> None:
    server.post(
        URL,
        json={**matrix([(START, "1.5"), (START + 120, "NaN"), (START + 180, "+Inf")]), "warnings": ["slow"]},
    )
    reading = asked(server)
    assert reading.values == (1.5, None, None, None, None)
    assert reading.notes == ("Prometheus: slow", "1 infinite values left out (a division by zero?)")
    assert server.last_request is not None
    assert "shop-v002" in server.last_request.text
    assert f"end={START + 240}" in server.last_request.text


def test_a_long_window_is_asked_in_parts(server: requests_mock.Mocker) -> None:
    server.post(URL, json=matrix([(START, "1")]))
    window = SampleWindow(start=START, end=START + 25_000 * 60)
    Prometheus("http://prometheus.test").read(
        [Query(name="m", source="prometheus", query="x")], CANARY, window
    )
    assert server.call_count == 3


def test_prometheus_that_recovers_is_asked_again(server: requests_mock.Mocker) -> None:
    server.post(
        URL, [{"exc": requests.ConnectionError}, {"status_code": 503, "text": "x"}, {"json": matrix()}]
    )
    assert asked(server).values == (None,) * 5


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {
                "status_code": 400,
                "json": {"status": "error", "errorType": "bad_data", "error": "parse error"},
            },
            "parse error",
        ),
        ({"text": "<html>login</html>"}, "HTTP 200, and no JSON"),
        ({"json": ["x"]}, "no answer of Prometheus"),
        ({"json": {"status": "success", "data": {"resultType": "vector", "result": []}}}, "with a vector"),
        ({"json": matrix([(1, "1")], [(1, "2")])}, "2 series, the first with pod=0"),
        ({"exc": requests.ConnectTimeout}, "no answer (ConnectTimeout)"),
    ],
)
def test_what_prometheus_refuses_is_an_error(server: requests_mock.Mocker, answer: Any, message: str) -> None:
    server.post(URL, **answer)
    with pytest.raises(DeliveryError) as raised:
        asked(server)
    assert message in raised.value.message
    assert raised.value.message.startswith("metric m: ")


def test_a_token_comes_from_the_environment(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.post(URL, json=matrix())
    source = Prometheus("http://prometheus.test", "PROMETHEUS_TOKEN")
    with pytest.raises(DeliveryError, match="PROMETHEUS_TOKEN is not set"):
        source.read([Query(name="m", source="prometheus", query="x")], CANARY, WINDOW)
    monkeypatch.setenv("PROMETHEUS_TOKEN", "abc")
    source.read([Query(name="m", source="prometheus", query="x")], CANARY, WINDOW)
    assert server.last_request is not None
    assert server.last_request.headers["Authorization"] == "Bearer abc"


REQUESTS = CloudWatchInput(
    namespace="AWS/ApplicationELB",
    metric="RequestCount",
    statistic="Sum",
    dimensions={"TargetGroup": "{target_group}"},
)
ERRORS = CloudWatchInput(
    namespace="AWS/ApplicationELB", metric="HTTPCode_Target_5XX_Count", statistic="Sum",
    dimensions={"TargetGroup": "{target_group}"},
)  # fmt: skip
SHARE = Query(
    name="share",
    source="cloudwatch",
    query="100 * FILL(errors, 0) / requests",
    inputs={"errors": ERRORS, "requests": REQUESTS},
)
PLAIN = Query(name="requests", source="cloudwatch", inputs={"only": REQUESTS})


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[CloudWatch, Stubber]]:
    session = boto3.Session("id", "secret", region_name="eu-west-1")
    aws = Aws("test", "eu-west-1", session)
    with Stubber(aws.cloudwatch) as stubber:
        yield CloudWatch(aws), stubber


def result(id: str, *points: tuple[int, float], status: str = "Complete", **more: Any) -> dict[str, Any]:
    times = [datetime.fromtimestamp(START + second, UTC) for second, _ in points]
    return {
        "Id": id,
        "Timestamps": times,
        "Values": [value for _, value in points],
        "StatusCode": status,
        **more,
    }


def test_cloudwatch_is_asked_with_metric_math_and_pages_are_put_together(
    cloudwatch: tuple[CloudWatch, Stubber],
) -> None:
    source, stubber = cloudwatch
    partial = [result("m0", (120, 3.0), status="PartialData"), result("m1", (0, 10.0))]
    stubber.add_response("get_metric_data", {"MetricDataResults": partial, "NextToken": "more"})
    stubber.add_response("get_metric_data", {"MetricDataResults": [result("m0", (60, 2.0))]})
    sent: list[Any] = []
    client = source._aws.cloudwatch
    client.meta.events.register(
        "before-parameter-build.cloudwatch.GetMetricData", lambda params, **_: sent.append(params)
    )
    readings = source.read([SHARE, PLAIN], CANARY, WINDOW)
    assert readings["share"] == Reading(values=(None, 2.0, 3.0, None, None))
    assert readings["requests"].values[0] == 10.0
    asked = {each["Id"]: each for each in sent[0]["MetricDataQueries"]}
    assert asked["m0"]["Expression"] == "100 * FILL(m0_errors, 0) / m0_requests"
    assert [asked[id]["ReturnData"] for id in ("m0", "m0_errors", "m0_requests", "m1")] == [
        True,
        False,
        False,
        True,
    ]
    assert asked["m1"]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "TargetGroup", "Value": "targetgroup/green/1"}
    ]


def test_a_part_that_stays_a_part_is_reported(cloudwatch: tuple[CloudWatch, Stubber]) -> None:
    source, stubber = cloudwatch
    messages = [{"Code": "MaxMetricsExceeded", "Value": "too many"}]
    results = [result("m0", (0, 1.0), status="PartialData", Messages=messages)]
    stubber.add_response("get_metric_data", {"MetricDataResults": results})
    reading = source.read([PLAIN], CANARY, WINDOW)["requests"]
    assert reading.notes == ("CloudWatch had only a part of it", "MaxMetricsExceeded: too many")


def test_what_cloudwatch_refuses_is_an_error(cloudwatch: tuple[CloudWatch, Stubber]) -> None:
    source, stubber = cloudwatch
    stubber.add_response("get_metric_data", {"MetricDataResults": [result("m0", status="Forbidden")]})
    with pytest.raises(DeliveryError, match="metric requests: CloudWatch refuses the query: Forbidden"):
        source.read([PLAIN], CANARY, WINDOW)
    stubber.add_client_error("get_metric_data", "AccessDenied")
    with pytest.raises(AwsError):
        source.read([PLAIN], CANARY, WINDOW)
    with pytest.raises(DeliveryError, match="dimension TargetGroup is empty: shop-v001 has none"):
        source.read([PLAIN], BASELINE, WINDOW)


def test_more_queries_than_a_call_takes_are_several_calls(cloudwatch: tuple[CloudWatch, Stubber]) -> None:
    source, stubber = cloudwatch
    many = [Query(name=f"q{number}", source="cloudwatch", inputs={"only": REQUESTS}) for number in range(600)]
    for count in (500, 100):
        results = [result(f"m{number}", (0, float(number))) for number in range(count)]
        stubber.add_response("get_metric_data", {"MetricDataResults": results})
    readings = source.read(many, CANARY, WINDOW)
    assert readings["q599"].values[0] == 99.0
    stubber.assert_no_pending_responses()


def command(text: str, timeout: float = 10) -> Reading:
    return Command(timeout).read([Query(name="m", source="command", query=text)], CANARY, WINDOW)["m"]


def test_a_command_prints_points_of_the_group_it_is_asked_for() -> None:
    printed = command(
        'echo warning >&2; echo "[[$DELIVERY_START_SECONDS, 7], [$((DELIVERY_END_SECONDS - 60)), null]]"'
    )
    assert printed.values == (7.0, None, None, None, None)
    named = command("""test "$DELIVERY_GROUP $DELIVERY_SIDE" = "shop-v002 canary" && echo '{"values": []}'""")
    assert named.values == (None,) * 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo oops >&2; exit 3", "exit code 3 of its command: oops"),
        ("exit 3", "exit code 3 of its command: no output"),
        ("echo hello", "prints no JSON: hello"),
        ("echo '[[1]]'", "prints [1] where a point is expected"),
        ("echo '[[1, true]]'", "prints [1, true]"),
        ("echo 3", "prints 3 where"),
        ("echo null", "prints null where"),
        ("sleep 60", "took longer than 1 s"),
    ],
)
def test_a_command_that_fails_is_an_error(text: str, message: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        command(text, timeout=1 if "sleep" in text else 10)
    assert message in raised.value.message


class Fixed:
    """A source with the values it was given, by side."""

    def __init__(self, **values: Sequence[float | None]) -> None:
        self.values = values

    def read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        values = self.values.get(subject.side)
        if values is None:
            raise DeliveryError("no answer", "start it")
        return {query.name: Reading(values=tuple(values)) for query in queries}


def test_a_source_that_does_not_answer_gives_no_values_and_a_note() -> None:
    query = Query(name="m", source="prometheus", query="x", critical=True)
    collected = collect([query], {"prometheus": Fixed(baseline=[1, 2, 3, 4, 5])}, BASELINE, CANARY, WINDOW)
    (metric,) = collected.metrics
    assert (metric.baseline, metric.canary, metric.critical) == ((1, 2, 3, 4, 5), (), True)
    assert collected.notes == ("canary: no answer (start it)",)


def test_counters_and_gaps_are_reported_by_metric_and_side() -> None:
    query = Query(name="m", source="command", query="x", counter=True)
    source = Fixed(baseline=[1, 2, 3, 4, 5], canary=[9, 1, None, None, None])
    collected = collect([query], {"command": source}, BASELINE, CANARY, WINDOW)
    (metric,) = collected.metrics
    assert (metric.baseline, metric.canary) == ((1, 1, 1, 1), (1, None, None, None))
    assert collected.notes == (
        "m, canary: the counter began again 1 times",
        "m, canary: 3 of 4 values are missing, at most 3 in a row, the last 3 among them: they may come late",
    )


def test_an_empty_window_asks_nothing() -> None:
    empty = SampleWindow(start=START, end=START)
    collected = collect([Query(name="m", source="command", query="exit 1")], {}, BASELINE, CANARY, empty)
    assert (collected.metrics[0].baseline, collected.notes) == ((), ())


def test_json_that_no_float_holds_is_refused() -> None:
    with pytest.raises(DeliveryError):
        command(f"echo '{json.dumps([[1, 10**400]])}'")


def test_a_query_mentions_a_placeholder_wherever_it_is_filled_in() -> None:
    dimensions = {"LoadBalancer": "{load_balancer}"}
    inputs = {"requests": CloudWatchInput(namespace="n", metric="m", dimensions=dimensions)}
    queries = (
        Query(name="a", source="cloudwatch", inputs=inputs),
        Query(name="b", source="prometheus", query='up{lb="{load_balancer}"}'),
        Query(name="c", source="command", query="echo $DELIVERY_LOAD_BALANCER"),
    )
    assert [query.mentions("load_balancer") for query in queries] == [True] * 3
    assert not any(query.mentions("target_group") for query in queries)
