"""What an account may not do in Jenkins is named before it is tried, and promised by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from dynaslave.cli.main import run
from dynaslave.controller import computers
from dynaslave.controller.nodes import Nodes
from dynaslave.controller.permissions import lacking
from dynaslave.pools.pool import make
from jobdsl.controller.jenkins import connect
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.users import READER

ALL = ("Create", "Connect", "Disconnect", "Delete")
POOL = make({"name": "linux", "max_agents": 3})
ESTATE = """
from dynaslave import agent_pool
from jobdsl import freestyle

linux = agent_pool("linux", max_agents=2, min_agents=1)
"""


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """The command configures how this process logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as running:
        yield running


def user(jenkins: SimulatedJenkins, *actions: str) -> tuple[str, str]:
    name = "-".join(("agents", *actions)).lower()
    rights = {*READER, *(f"hudson.model.Computer.{action}" for action in actions)}
    return name, jenkins.add_user(name, permissions=rights).token


@pytest.mark.parametrize("missing", [(), *((one,) for one in ALL), ALL])
def test_what_an_account_lacks_is_named(jenkins: SimulatedJenkins, missing: tuple[str, ...]) -> None:
    admin = connect(jenkins.url, jenkins.user, jenkins.token, patience=0)
    Nodes(admin, "main").create(POOL, "linux-1", "t", 1.0, "/x")
    name, token = user(jenkins, *(action for action in ALL if action not in missing))
    controller = connect(jenkins.url, name, token, patience=0)
    nodes = computers.nodes(controller.json("computer/api/json", computers.TREE, "look"), "main")
    jenkins.requests.clear()
    assert set(lacking(controller, nodes)) == {f"Agent/{action}" for action in missing}
    assert {request.method for request in jenkins.requests} == {"GET"}


def test_the_documented_permissions_are_enough_and_all_needed(jenkins: SimulatedJenkins) -> None:
    text = (Path(__file__).parents[2] / "docs" / "agents.md").read_text("utf-8")
    sentence = text[text.index("**The account in Jenkins**") :].split("`dynaslave once")[0]
    assert "Configure" not in sentence
    assert all(action in sentence for action in ALL)
    name, token = user(jenkins, *ALL)
    nodes = Nodes(connect(jenkins.url, name, token, patience=0), "main")
    nodes.create(POOL, "linux-1", "t", 1.0, "/x")
    assert nodes.secret("linux-1")
    nodes.mark("linux-1", "surplus: x")
    nodes.unmark("linux-1", "needed")
    nodes.delete("linux-1")


def dry_run(tmp_path: Path, jenkins: SimulatedJenkins, name: str, token: str) -> int:
    (tmp_path / "pools.py").write_text(ESTATE)
    login = ("--url", jenkins.url, "--user", name, "--token", token)
    return run(["once", str(tmp_path), "--dry-run", "--provider", "simulated", *login])


def test_a_dry_run_promises_nothing_the_account_may_not_do(
    tmp_path: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dry_run(tmp_path, jenkins, *user(jenkins, "Connect", "Disconnect")) == 1
    said = capsys.readouterr()
    assert "lacks the permission Agent/Create in Jenkins" in said.err
    assert "would:" not in said.out
    assert "could not:" in said.out
    assert "(the account lacks Agent/Create)" in said.out
    assert dry_run(tmp_path, jenkins, *user(jenkins, *ALL)) == 2
    said = capsys.readouterr()
    assert "would:" in said.out
    assert "lacks" not in said.err


def test_a_refusal_names_the_permission(
    tmp_path: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pools.py").write_text(ESTATE)
    name, token = user(jenkins, "Connect")
    login = ("--url", jenkins.url, "--user", name, "--token", token)
    assert run(["once", str(tmp_path), "--provider", "simulated", *login]) == 1
    assert "the permission Agent/Create" in capsys.readouterr().out
