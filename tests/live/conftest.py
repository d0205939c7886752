"""Scenarios on every controller there is: the simulated one, and a real one where JENKINS_URL names it.

Each has one folder and one seed of its own, and leaves nothing. docs/testing.md says how to run them on a
controller of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from live_site import NAMES, REAL, Site

from jobdsl.controller.jenkins import Controller, connect
from jobdsl.testing import SimulatedJenkins


@pytest.fixture(params=["simulated", "real"])
def jenkins(request: pytest.FixtureRequest) -> Iterator[SimulatedJenkins | None]:
    """A simulated controller; None where a real one is meant."""
    if request.param == "real":
        if not all(REAL.values()):
            pytest.skip("no real controller: JENKINS_URL, JENKINS_USER and JENKINS_TOKEN name one")
        yield None
        return
    with SimulatedJenkins() as simulated:
        yield simulated


@pytest.fixture
def controller(jenkins: SimulatedJenkins | None, monkeypatch: pytest.MonkeyPatch) -> Controller:
    login = tuple(REAL.values()) if jenkins is None else (jenkins.url, jenkins.user, jenkins.token)
    for name, value in zip(NAMES, login, strict=True):
        monkeypatch.setenv(name, value)
    return connect(*login)


@pytest.fixture
def site(controller: Controller, jenkins: SimulatedJenkins | None, tmp_path: Path) -> Iterator[Site]:
    folder = f"jobdsl-test-{uuid4().hex[:8]}"
    yield Site(controller, folder, tmp_path / "estate", jenkins=jenkins)
    controller.delete("item", folder)
