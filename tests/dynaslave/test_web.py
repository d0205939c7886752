"""The status page, its charts, its JSON, the metrics, and the server that answers them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from dynaslave.deciding.decisions import Drain, Launch, Report
from dynaslave.manager.journal import JournalEntry
from dynaslave.manager.metrics import Metrics
from dynaslave.manager.series import Sample, Series
from dynaslave.manager.status import AgentRow, PoolRow, QueueRow, Status
from dynaslave.manager.times import ago
from dynaslave.web.charts import area_chart
from dynaslave.web.page import render
from dynaslave.web.server import Page, WebServer, address

NOW = 1_795_500_000.0
EVIL = "<script>alert('&')</script>"


def status(**more: object) -> Status:
    values: dict[str, object] = {
        "manager": "main",
        "at": NOW,
        "url": "https://jenkins.example.com/",
        "provider": "ec2",
        "active": True,
        "look_seconds": 0.2,
        "pools": [
            PoolRow("linux", "linux", "core", 2, {"busy": 1, "booting": 1}, 0, 9, 1, 1.5, "1 on its way"),
            PoolRow("gpu", "gpu", "ml", 0, {}, 0, 4, 0, 0.25),
        ],
        "queue": [
            QueueRow(1, "shop/cart", "linux", NOW - 42, "linux"),
            QueueRow(2, EVIL, "windows", NOW - 4000, "", "no nodes"),
        ],
        "agents": [
            AgentRow("linux-a", "linux", "busy", NOW - 9, ["https://j.example.com/job/shop/job/cart/7/"]),
            AgentRow("linux-b", "linux", "booting", NOW - 60, [], "i-1", "c7i.large", "eu-1a", "spot"),
        ],
        "decisions": [JournalEntry(NOW - 5, "launch", "1 x linux", "1 waits", "denied", 3, NOW - 50)],
        "month": "2026-11",
    }
    return Status(**{**values, **more})  # type: ignore[arg-type]


class _Text(HTMLParser):
    """What a person reads, and whether every element is closed."""

    void = ("meta", "br", "link", "line", "path")

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def seen(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return " ".join(" ".join(parser.text).split())


def test_the_page_shows_what_there_is() -> None:
    text = seen(render(status(), []))
    for part in (
        "acting",
        "$1.75",
        "1 busy",
        "shop/cart #7",
        "42 s",
        "1 h 6 min",
        "1 waits denied",
        "3 times since",
    ):
        assert part in text
    assert EVIL in text  # as text, not as an element


def test_a_manager_that_stands_by_says_so_and_troubles_stand_on_top() -> None:
    text = seen(render(status(active=False, holder="host-b", troubles=["the cloud did not answer"]), []))
    assert "standing by: host-b holds the lease" in text
    assert text.index("did not answer") < text.index("Pools")


def test_an_empty_manager_says_how_to_begin() -> None:
    text = seen(render(status(pools=[], queue=[], agents=[], decisions=[]), []))
    assert "agent_pool(...)" in text
    assert "nothing waits" in text


def test_a_long_queue_is_cut() -> None:
    queue = [QueueRow(at, f"job-{at}", "linux", NOW, "linux") for at in range(5000)]
    page = render(status(queue=queue), [])
    assert "and 4950 more" in seen(page)
    assert len(page) < 100_000


@given(
    st.lists(st.tuples(st.floats(1, 1e5), st.integers(0, 5000), st.integers(0, 1000)), max_size=60),
)
def test_charts_are_well_formed_and_inside_their_frame(steps: list[tuple[float, int, int]]) -> None:
    times, now = [], NOW
    for step, _, _ in steps:
        times.append(now)
        now += step
    values = {"a": [a for _, a, _ in steps], "b": [b for _, _, b in steps]}
    chart = area_chart("Agents & more", times, [("a", "#000"), ("b", "#fff")], values)
    if chart.startswith("<p"):
        return
    root = etree.fromstring(chart)
    for path in root.iter("path"):
        for point in path.get("d", "").strip("MZ").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 720
            assert 0 <= y <= 200


def test_series_keep_peaks_and_stay_small() -> None:
    series = Series(bucket=30, most=10)
    for second in range(3000):
        series.add(Sample(float(second), 9 if second == 2990 else 1, {"busy": 1}))
    assert len(series.samples()) == 10
    assert series.samples()[-1].waiting == 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_spans_of_time_in_words(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def test_status_survives_json() -> None:
    plain = json.loads(json.dumps(status().plain()))
    assert json.loads(json.dumps(Status.from_plain(plain).plain())) == plain
    with pytest.raises((TypeError, KeyError)):
        Status.from_plain({"pools": [], "queue": [], "agents": [], "decisions": [], "colour": 1})


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_metrics_follow_the_looks() -> None:
    metrics = Metrics()
    metrics.polled(status())
    metrics.acted([Report(Launch("linux", 3, "x"), launched=2), Report(Drain("n", "x"), error="no answer")])
    metrics.ticked(0.3)
    assert sample(metrics, "dynaslave_queue_items", pool="linux") == 2
    assert sample(metrics, "dynaslave_unserved_items") == 1
    assert sample(metrics, "dynaslave_queue_longest_seconds", pool="linux") == 42
    assert sample(metrics, "dynaslave_agents", pool="linux", state="busy") == 1
    assert sample(metrics, "dynaslave_launched_total", pool="linux") == 2
    assert sample(metrics, "dynaslave_decisions_total", action="drain", outcome="failed") == 1
    metrics.polled(status(pools=[], queue=[]))
    assert sample(metrics, "dynaslave_queue_items", pool="linux") is None
    assert b"# TYPE dynaslave_tick_seconds histogram" in metrics.text()


@pytest.fixture
def server() -> Iterator[WebServer]:
    def broken() -> Page:
        raise ValueError("no")

    routes = {
        "/": lambda: Page(b"<p>hello"),
        "/status.json": lambda: Page.of_json({"a": 1}),
        "/broken": broken,
    }
    server = WebServer("127.0.0.1", 0, routes)
    server.start()
    yield server
    server.close()


def ask(server: WebServer, path: str, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(method, path)
    response = connection.getresponse()
    answer = response.status, response.read(), dict(response.getheaders())
    connection.close()
    return answer


def test_the_server_answers_and_changes_nothing(server: WebServer) -> None:
    code, body, headers = ask(server, "/?x=1")
    assert (code, body) == (200, b"<p>hello")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert ask(server, "/status.json")[:2] == (200, b'{"a": 1}')
    assert ask(server, "/", "HEAD")[:2] == (200, b"")
    assert ask(server, "/no")[0] == 404
    assert ask(server, "/broken")[:2] == (500, b"this page is broken: ValueError\n")
    assert ask(server, "/", "POST")[0] == 501


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (":8080", ("127.0.0.1", 8080)),
        ("8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_addresses(text: str, where: tuple[str, int]) -> None:
    assert address(text) == where


@pytest.mark.parametrize("text", ["", "host", "host:", ":http", ":70000"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        address(text)
