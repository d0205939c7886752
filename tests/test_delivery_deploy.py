"""Deploys of every strategy: the old capacity serves at every moment, and there is always a way back."""

from __future__ import annotations

import pytest

from delivery import tags
from delivery.deploy import runs
from delivery.deploy.runs import Ending
from delivery.deploy.site import Site
from delivery.errors import ROLLED_BACK
from deploy_case import NEW, OLD, SIZE, Case, case


def test_red_black_moves_traffic_and_keeps_the_old_group_frozen() -> None:
    with case() as one:
        one.strict.floor = SIZE
        ending = one.deploy()
        assert (ending.outcome, ending.group, ending.previous, ending.exit_code) == ("deployed", NEW, OLD, 0)
        assert one.taking() == [NEW]
        old = one.state()[OLD]
        assert set(old["suspended"]) >= {"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"}
        assert {tags.DELETE_AFTER, tags.DISABLED_AT} <= old["tags"].keys()
        assert tags.PIN not in old["tags"]
        assert one.strict.lowest >= SIZE
        assert one.state()[NEW]["policies"] != []
        assert len(one.strict.operations()) <= 90, "calls of a deploy are bounded"


def test_a_rollback_needs_no_new_instance() -> None:
    with case() as one:
        one.deploy()
        launched = len(one.strict.born)
        one.strict.floor = SIZE
        assert one.rollback().outcome == "rolled back"
        assert one.taking() == [OLD]
        assert len(one.strict.born) == launched
        assert one.state()[OLD]["suspended"] == []


@pytest.mark.parametrize("strategy", ["red-black", "canary", "ramp"])
@pytest.mark.parametrize("way", ["bad", "broken"])
def test_a_bad_version_is_rolled_back_by_its_gate(strategy: str, way: str) -> None:
    with case() as one:
        one.strict.floor = SIZE
        getattr(one.strict, way).add(one.image)
        ending = one.deploy(strategy)
        assert (ending.outcome, ending.exit_code) == ("rolled back", ROLLED_BACK)
        assert ending.reason
        assert one.taking() == [OLD]
        assert one.strict.lowest >= SIZE


def test_a_canary_waits_for_a_decision() -> None:
    with case() as one:
        waiting = one.run(lambda site: _deploy(site, one, "canary"))
        assert waiting.outcome == "waiting"
        assert sorted(one.taking()) == [OLD, NEW]
        assert one.promote().outcome == "deployed"
        assert one.taking() == [NEW]


def test_the_highlander_deletes_the_old_group_and_its_image_can_come_back() -> None:
    with case() as one:
        assert one.deploy("highlander").outcome == "deployed"
        one.world.clock.sleep(600)
        assert [name for name in one.strict.groups if name == OLD] == []
        assert one.rollback().outcome == "deployed"
        (active,) = one.taking()
        assert one.state()[active]["images"] == ["old"]


def _deploy(site: Site, one: Case, strategy: str) -> Ending:
    return runs.deploy(site, one.image, strategy)
