"""What is logged and counted of what happens: troubles, waits of builds, boots, failures, interruptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pytest
import structlog
from manager_site import Site
from structlog.testing import capture_logs

from dynaslave.controller.builds import build_name, waiting_names
from dynaslave.deciding.decisions import Launch, Report
from dynaslave.deciding.ledger import AgentHistory
from dynaslave.manager.announce import Announcer
from dynaslave.manager.events import Events, Waits, compare
from dynaslave.manager.journal import AGAIN, Journal
from dynaslave.manager.loop import HEALTHY
from dynaslave.manager.metrics import Metrics
from dynaslave.model import Agent, AgentState, Instance, JenkinsNode, QueueItem, Running, Snapshot
from dynaslave.provider import Denied, NoCapacity, Offer, Unavailable
from dynaslave.web.routes import routes
from jobdsl.errors import Problem
from jobdsl.testing import ManualClock, SimulatedJenkins

JENKINS = "http://ci/"


@pytest.fixture
def site() -> Iterator[Site]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        yield Site(jenkins, clock)


def logged(entries: Iterable[Mapping[str, object]], event: str) -> list[str]:
    return [str(entry["text"]) for entry in entries if entry["event"] == event]


def health(site: Site) -> tuple[int, str]:
    page = routes(site.manager, site.metrics)["/healthz"]()
    return page.status, page.body.decode()


# the log


@pytest.mark.parametrize("what", ["token", "estate", "cloud", "down", "broken"])
def test_the_log_has_every_trouble_of_the_page(
    site: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def bad_estate() -> None:
        raise RuntimeError("what no code expected")

    site.run(10)
    good = site.declared
    with capture_logs() as logs:
        if what == "token":
            site.jenkins.enter_phase("waking")
        elif what == "estate":
            site.declared = replace(good, problems=(Problem("it is broken"),))
        elif what == "cloud":
            monkeypatch.setattr(site.cloud, "list", lambda: (_ for _ in ()).throw(Denied("not authorized")))
        elif what == "down":
            site.jenkins.kill_after(0)
        else:
            object.__setattr__(site.manager._parts, "estate", bad_estate)
        site.manager.tick()
        site.manager.tick()
        shown = list(site.manager.status.troubles)
        assert shown
        assert logged(logs, "trouble") == shown  # once, not at every tick
        assert all(entry["log_level"] in ("warning", "error") for entry in logs)


def test_the_log_says_when_a_trouble_is_over(site: Site) -> None:
    good = site.declared
    site.declared = replace(good, problems=(Problem("it is broken"),))
    site.manager.tick()
    site.declared = good
    with capture_logs() as logs:
        site.manager.tick()
    assert "it is broken" in logged(logs, "trouble over")[0]


def test_what_goes_on_is_logged_again_after_a_while() -> None:
    with capture_logs() as logs:
        announcer = Announcer(structlog.get_logger, "trouble", "trouble over")
        for now in (0.0, 5.0, AGAIN - 1, AGAIN + 1):
            announcer.show([f"no answer from 0x7f{now:.0f} in {now:.0f} s"], now, warn=True)
        announcer.show([], AGAIN + 2, warn=True)
    assert [entry["event"] for entry in logs] == ["trouble", "trouble", "trouble over"]
    journal = Journal()
    failed = Report(Launch("linux", 1, "1 waits"), error="denied")
    news = [len(journal.add([failed], now)) for now in (0.0, 5.0, AGAIN - 1, AGAIN + 1, AGAIN + 2)]
    assert news == [1, 0, 0, 1, 0]


def test_notes_are_in_the_log(site: Site) -> None:
    site.build("nobody")
    with capture_logs() as logs:
        site.run(30)
    assert len(logged(logs, "note")) == 1
    assert "no pool and no node can serve it" in logged(logs, "note")[0]


# health


def test_health_is_red_when_no_tick_succeeded_for_a_minute(site: Site) -> None:
    site.manager.tick()
    assert health(site)[0] == 200
    site.jenkins.enter_phase("waking")
    site.manager.tick()
    assert health(site)[0] == 200
    site.manager._succeeded -= HEALTHY + 1
    site.manager.tick()
    status, text = health(site)
    assert status == 503
    assert text.startswith("no tick succeeded for 6")
    assert "could not be seen" in text
    assert site.metrics.registry.get_sample_value("dynaslave_ticks_total", {"outcome": "failed"}) == 2


def test_a_tick_that_never_ends_is_red(site: Site) -> None:
    site.manager.tick()
    site.manager._succeeded -= HEALTHY + 1
    assert health(site)[0] == 503
    site.manager.tick()
    assert health(site)[0] == 200


def test_one_that_stands_by_is_healthy_as_long_as_it_sees(site: Site) -> None:
    site.lease.ours = False
    site.manager.tick()
    site.manager._succeeded -= HEALTHY + 1
    site.manager.tick()  # it does not look each time
    assert health(site)[0] == 200


# waits


def look(at: float, waiting: dict[int, tuple[str, float]], running: dict[str, float]) -> Snapshot:
    builds = tuple(Running(f"{JENKINS}{url}/", started) for url, started in running.items())
    node = JenkinsNode("p-1", frozenset({"p-1"}), 9, connected=True, running=builds, pool="p")
    items = tuple(QueueItem(id, name, None, since) for id, (name, since) in waiting.items())
    return Snapshot(at, items, (node,), ())


def test_how_long_builds_waited() -> None:
    waits = Waits()
    assert waits.poll(look(0, {}, {"job/old/1": -50.0})) == []  # what ran before nobody saw wait
    assert waits.poll(look(5, {1: ("a", 2.0), 2: ("f/b", 3.0), 3: ("part of J #7", 4.0)}, {})) == []
    started = look(60, {2: ("f/b", 3.0)}, {"job/a/9": 58.0, "job/new/1": 57.0})
    assert sorted(waits.poll(started)) == [("p", 0.0), ("p", 56.0)]
    more = {"job/a/9": 58.0, "job/new/1": 57.0, "job/f/job/b/4": 99.0, "job/J/7": 1.0}
    assert sorted(waits.poll(look(100, {}, more))) == [("p", 96.0), ("p", 96.0)]
    assert waits.poll(look(105, {}, more)) == []


def test_a_wait_is_counted_once_the_build_is_shown() -> None:
    waits = Waits()
    waits.poll(look(0, {1: ("a", 0.0)}, {}))
    waits.poll(look(30, {}, {}))
    assert waits.poll(look(35, {}, {"job/a/1": 31.0})) == [("p", 31.0)]


def test_what_starts_while_nothing_is_seen_is_not_counted_as_no_wait() -> None:
    waits = Waits()
    waits.poll(look(0, {}, {}))
    waits.poll(replace(look(5, {}, {}), blind=("the controller",)))
    assert waits.poll(look(900, {}, {"job/a/1": 700.0})) == []


def test_the_quiet_period_is_no_wait_for_an_executor() -> None:
    waits = Waits()
    quiet = look(0, {1: ("a", 0.0)}, {})
    waits.poll(replace(quiet, queue=(replace(quiet.queue[0], ready=False),)))
    waits.poll(look(60, {1: ("a", 0.0)}, {}))
    assert waits.poll(look(75, {}, {"job/a/1": 70.0})) == [("p", 10.0)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://ci/job/a/12/", "a #12"),
        ("http://ci/jenkins/job/f/job/b%20c/3/", "f/b c #3"),
        ("http://ci/job/m/AXIS=v/3/", "m/AXIS=v #3"),
        ("http://ci/computer/x/", "http://ci/computer/x/"),
        ("", ""),
    ],
)
def test_names_of_builds(url: str, name: str) -> None:
    assert build_name(url) == name
    assert len(waiting_names(url)) == 3


# agents


def test_what_became_of_agents() -> None:
    def agent(name: str) -> Agent:
        node = JenkinsNode(name, frozenset({name}), 1, connected=True, pool="p", created=900.0)
        return Agent(
            name,
            "p",
            AgentState.IDLE,
            1000.0,
            1,
            frozenset(),
            node,
            Instance(name, "p", "t", "running", 910.0),
        )

    def seen(*, served: bool = False, missed: bool = False, doomed: bool = False) -> AgentHistory:
        return AgentHistory(AgentState.BOOTING, 910.0, 910.0, served=served, missed=missed, doomed=doomed)

    before = {name: seen() for name in ("came", "missed", "doomed")}
    after = {
        "came": seen(served=True),
        "missed": seen(missed=True),
        "doomed": seen(doomed=True),
        "first": seen(served=True, doomed=True),
    }
    events = compare(before, after, [agent(name) for name in after], 1000.0)
    assert events == Events([("p", 90.0)], {"p": 1}, {"p": 1})
    assert compare(after, after, [agent(name) for name in after], 1005.0) == Events([], {}, {})


def test_an_slo_can_be_made_of_the_metrics(site: Site) -> None:
    site.build("linux", 3)
    site.cloud.faults.raises.append(Unavailable("no answer"))
    site.run(400)

    def value(name: str, **labels: str) -> float | None:
        return site.metrics.registry.get_sample_value(name, {"pool": "linux", **labels})

    assert value("dynaslave_build_wait_seconds_count") == 3
    assert 100 < (value("dynaslave_build_wait_seconds_sum") or 0) < 3 * 260
    assert value("dynaslave_build_wait_seconds_bucket", le="15.0") == 0
    assert (value("dynaslave_boot_seconds_count") or 0) >= 3
    assert value("dynaslave_boot_seconds_bucket", le="45.0") == 0
    assert value("dynaslave_interruptions_total") == 0


def test_launch_failures_by_reason(site: Site) -> None:
    site.cloud.faults.no_capacity = 1.0
    site.build("linux", 2)
    site.run(5)
    get = site.metrics.registry.get_sample_value
    assert get("dynaslave_launch_failures_total", {"pool": "linux", "reason": "no_capacity"}) == 2
    metrics = Metrics()
    refused = {Offer("c7i.large"): NoCapacity("none")}
    metrics.acted(
        [
            Report(Launch("p", 5, "x"), "", "no_capacity", 3, refused),
            Report(Launch("p", 2, "x"), "no", "denied"),
        ]
    )
    labels = {"pool": "p", "reason": "no_capacity"}
    assert metrics.registry.get_sample_value("dynaslave_launch_failures_total", labels) == 2
    labels["reason"] = "denied"
    assert metrics.registry.get_sample_value("dynaslave_launch_failures_total", labels) == 2
