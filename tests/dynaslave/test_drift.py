"""Agents of an older image or template are replaced when idle, at a bounded pace, and shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from manager_site import Site

from dynaslave.ec2.provider import Ec2Provider
from dynaslave.manager.status_text import lines
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from dynaslave.provider import LaunchRequest
from ec2_strict import account
from jobdsl.testing import ManualClock, SimulatedJenkins

POOL = make({"name": "linux", "max_agents": 8, "min_agents": 6, "instance_types": ["c7i.large"]})


@pytest.fixture
def site() -> Iterator[Site]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        site = Site(jenkins, clock)
        site.declared = Declared((POOL,), ManagerSettings())
        site.cloud.images["linux"] = "one"
        site.run(200)
        yield site


def images(site: Site) -> list[str]:
    return sorted(one.template for one in site.cloud.list() if one.state in ("pending", "running"))


def old(site: Site) -> list[str]:
    return [row.name for row in site.manager.status.agents if row.old]


def test_agents_of_an_older_image_are_replaced_one_after_the_other(site: Site) -> None:
    assert images(site) == ["one"] * 6
    assert old(site) == []
    site.cloud.images["linux"] = "two"
    idle = []
    for _ in range(400):
        site.run(5)
        idle.append(len([row for row in site.manager.status.agents if row.state == "idle"]))
    assert images(site) == ["two"] * 6
    assert old(site) == []
    assert min(idle) >= 5
    reasons = {entry.reason for entry in site.manager.status.decisions if entry.action == "drain"}
    assert reasons == {"outdated: linux has a newer image or template"}


def test_status_shows_which_are_old_and_a_busy_one_finishes(site: Site) -> None:
    site.build("linux", 6)
    site.run(5)
    site.cloud.images["linux"] = "two"
    site.run(65)
    assert len(old(site)) == 6
    assert " old" in "\n".join(lines(site.manager.status))
    assert images(site) == ["one"] * 6
    site.run(1500)
    assert images(site) == ["two"] * 6
    assert set(site.results()) == {"SUCCESS"}


def test_an_image_that_does_not_boot_replaces_one_agent_and_no_more(site: Site) -> None:
    site.cloud.images["linux"] = "broken"
    site.cloud.faults.never_connects = 1.0
    site.run(3000)
    assert len([row for row in site.manager.status.agents if row.state == "idle"]) >= 5


def test_what_an_instance_was_launched_from_is_on_it() -> None:
    with account() as aws:
        provider = Ec2Provider("main", aws.clients, clock=aws.clock, sleep=aws.clock.sleep)
        settings = {
            "name": "p",
            "max_agents": 1,
            "instance_types": ["m5.large"],
            "image": aws.image,
            "instance_profile": aws.profile,
            "subnets": aws.subnets[:1],
        }
        pool = make(settings)
        provider.launch(LaunchRequest(pool, 1, "i1", ("n1",)))
        aws.clock.sleep(100)
        (one,) = provider.list()
        assert provider.current([pool]) == {"p": one.template}
        changed = make({**settings, "user_data": "echo hello"})
        assert provider.current([changed])["p"] != one.template
        assert provider.current([make({**settings, "image": None})]) == {}
