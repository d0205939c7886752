"""The whole manager at a simulated controller and a simulated cloud, by a clock that is moved by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manager_site import POOLS, Site

from dynaslave.manager.costs import Costs, MemoryBook
from dynaslave.manager.loop import STANDBY
from dynaslave.manager.status import Status
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.settings import Quota, TotalQuota
from dynaslave.pools.watch import Declared
from dynaslave.provider import Denied, Throttled, Unavailable
from dynaslave.web.page import render
from dynaslave.web.routes import routes
from jobdsl.errors import Problem
from jobdsl.testing import ManualClock, SimulatedJenkins

pytestmark = pytest.mark.slow


@pytest.fixture
def site() -> Iterator[Site]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        yield Site(jenkins, clock)


def test_agents_come_builds_finish_agents_go(site: Site) -> None:
    site.build("linux", 5)
    site.build("big", 3)
    site.run(10)
    assert len(site.agents) == 7
    site.run(600)
    assert site.results() == ["SUCCESS"] * 8
    site.run(600)
    assert site.agents == []
    assert site.cloud.alive == 0
    assert {pool.name: pool.waiting for pool in site.manager.status.pools} == {"linux": 0, "big": 0}


def test_everything_is_told(site: Site) -> None:
    site.build("linux", 3)
    site.build("nowhere")
    site.run(5)
    status = site.manager.status
    assert status.active
    assert [entry.action for entry in status.decisions] == ["launch"]
    assert any("nowhere" in note for note in status.notes)
    assert ("nowhere", "") in [(row.label, row.pool) for row in status.queue]
    site.run(200)
    assert (site.manager.status.dollars or 0) > 0
    assert site.metrics.registry.get_sample_value("dynaslave_launched_total", {"pool": "linux"}) == 3
    pages = routes(site.manager, site.metrics)
    assert b"job-linux-0" in pages["/"]().body
    assert pages["/healthz"]().status == 200
    assert b'"manager": "main"' in pages["/status.json"]().body
    assert b"dynaslave_agents" in pages["/metrics"]().body


def test_a_controller_that_is_down_changes_nothing_and_is_told(site: Site) -> None:
    site.build("linux", 2)
    site.run(200)
    agents = site.agents
    site.jenkins.enter_phase("starting")
    site.run(3600, step=60)
    assert site.manager.status.troubles
    assert {row.name for row in site.manager.status.agents} == set(agents)
    assert site.cloud.alive == len(agents)
    site.jenkins.enter_phase("up")
    site.run(600)
    assert not site.manager.status.troubles
    assert site.agents == []


@pytest.mark.parametrize("error", [Denied("no"), Throttled("slow down"), Unavailable("no answer")])
def test_a_cloud_that_refuses_is_no_storm(site: Site, error: Exception) -> None:
    site.build("linux", 5)
    site.cloud.faults.raises.extend([error] * 4000)  # type: ignore[list-item]
    site.run(1800)
    assert site.cloud.alive == 0
    assert len(site.agents) <= 8
    assert len(site.manager.status.decisions) <= 50
    site.cloud.faults.raises.clear()
    site.run(3000)
    assert site.results() == ["SUCCESS"] * 5


def test_a_tick_that_fails_is_told_and_the_next_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Declared:
        raise RuntimeError("what nobody thought of")

    good = site.declared
    parts = site.manager._parts
    object.__setattr__(parts, "estate", broken)
    site.manager.tick()
    assert list(site.manager.status.troubles) == [
        "the last tick failed: RuntimeError: what nobody thought of"
    ]
    object.__setattr__(parts, "estate", lambda: good)
    site.manager.tick()
    assert not site.manager.status.troubles


def test_an_estate_that_does_not_load_is_told_and_the_old_pools_hold(site: Site) -> None:
    site.declared = Declared(POOLS, ManagerSettings(), problems=(Problem("it is broken"),))
    site.build("linux")
    site.run(10)
    assert "it is broken" in site.manager.status.troubles[0]
    assert len(site.agents) == 1


def test_a_pool_that_is_no_longer_declared_winds_down(site: Site) -> None:
    site.build("linux", 2)
    site.build("big")
    site.run(150)
    site.declared = Declared(POOLS[1:], ManagerSettings())
    site.run(5)
    assert [row.note for row in site.manager.status.pools if row.name == "linux"] != [""]
    site.run(400)
    assert set(site.results()) == {"SUCCESS"}
    assert not [name for name in site.agents if name.startswith("linux")]


def test_unknown_costs_are_neither_zero_nor_within_a_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(month: str) -> None:
        raise OSError(f"this month's costs cannot be read: {month}")

    book = MemoryBook()
    monkeypatch.setattr(book, "read", unreadable)
    object.__setattr__(site.manager._parts, "costs", Costs(book))
    site.build("linux")
    site.build("big")
    site.declared = Declared(POOLS, ManagerSettings(teams={"data": Quota(monthly_cost=50)}))
    site.run(10)
    status = site.manager.status
    assert status.dollars is None
    assert "cannot be read" in status.troubles[0]
    assert len(site.agents) == 1
    notes = {row.name: row.note for row in status.pools}
    assert notes["big"] == "this month's costs cannot be read, and team data may spend $50.00"
    assert Status.from_plain(json.loads(json.dumps(status.plain()))).dollars is None
    assert "$?" in render(status, [])
    assert (
        site.metrics.registry.get_sample_value("dynaslave_month_dollars", {"pool": "linux", "team": ""})
        is None
    )


def test_quotas_hold_while_it_runs(site: Site) -> None:
    site.declared = Declared(
        POOLS, ManagerSettings(account=TotalQuota(agents=3), teams={"data": Quota(agents=1)})
    )
    site.build("linux", 9)
    site.build("big", 9)
    notes: set[str] = set()
    for _ in range(100):
        site.run(5)
        notes.update(row.note for row in site.manager.status.pools)
        assert len(site.agents) <= 3
        assert len([name for name in site.agents if name.startswith("big")]) <= 1
    assert any("the account may have 3" in note or "3 agents" in note for note in notes), notes


def test_who_does_not_hold_the_lease_does_nothing_and_looks_seldom(site: Site) -> None:
    site.lease.ours = False
    site.build("linux")
    before = len(site.jenkins.requests)
    site.run(STANDBY * 2)
    assert site.agents == []
    assert len(site.jenkins.requests) - before <= 3 * 4
    assert not site.manager.status.active
    site.lease.ours = True
    site.run(5)
    assert len(site.agents) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 25))
def test_a_lease_lost_in_the_middle_of_a_tick_ends_it(lost_after: int) -> None:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        site = Site(jenkins, clock)
        site.lease.lost_after = lost_after
        site.build("linux", 4)
        site.build("big", 2)
        site.manager.tick()
        lost = not site.lease.ours
        seen = [entry for entry in jenkins.requests if entry.method == "POST"]
        site.manager.tick()
        after = [entry for entry in jenkins.requests if entry.method == "POST"]
        if lost:
            assert len(after) == len(seen)
        assert site.lease.asked <= lost_after + 20


def test_a_lease_that_is_refused_or_unanswered_is_told_and_red(site: Site) -> None:
    site.build("linux", 4)
    site.lease.refusal = "the lease in table 'x' cannot be written: AccessDeniedException: no"
    site.run(10)
    assert site.agents == []
    assert site.lease.refusal in site.manager.status.troubles[0]
    page = routes(site.manager, site.metrics)["/healthz"]()
    assert (page.status, page.body.decode().strip()) == (503, site.lease.refusal)
    site.lease.refusal, site.lease.ours, site.lease.unanswered = "", False, "no route to host"
    site.run(STANDBY)
    assert site.manager.status.troubles[0] == "the lease got no answer: no route to host"
    assert routes(site.manager, site.metrics)["/healthz"]().status == 503
    site.lease.unanswered, site.lease.ours = "", True
    site.run(5)
    assert routes(site.manager, site.metrics)["/healthz"]().status == 200
    assert site.agents != []


def test_stopping_gives_the_lease_back_and_leaves_the_agents(site: Site) -> None:
    site.build("linux")
    site.run(150)
    site.manager.stop()
    site.manager.run(1)
    assert site.lease.released
    assert site.cloud.alive == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 40), max_size=12))
def test_managers_that_die_anywhere_leave_nothing_and_double_nothing(deaths: list[int]) -> None:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=50) as jenkins:
        site = Site(jenkins, clock)
        site.build("linux", 6)
        site.build("big", 3)
        for requests in deaths:
            jenkins.kill_after(requests)
            site.run(10)
            jenkins.kill_after(None)
            site.start()
            assert site.cloud.alive <= 8 + 2
        site.run(3000, step=20)
        assert site.results() == ["SUCCESS"] * 9
        site.run(1200, step=20)
        assert site.agents == []
        assert site.cloud.alive == 0
