"""bootstrap: the seed job on a simulated controller, as its own small estate."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from jobdsl.applying.apply import apply
from jobdsl.cli import bootstrap
from jobdsl.cli import controller_commands as cli_controller
from jobdsl.cli.main import run as run_command
from jobdsl.controller import jenkins
from jobdsl.documents.marker import Marker
from jobdsl.model import Estate
from jobdsl.planning.plan import Action, Plan, plan
from jobdsl.seed_jobs import seed
from jobdsl.seed_jobs.options import SeedOptions, SeedSettings
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

WHEEL = "https://files.example.com/jobdsl-1.2.3-py3-none-any.whl"
OPTIONS: dict[str, Any] = {"repo": "https://git.example.com/jobs.git", "install": WHEEL}


@pytest.fixture
def controller() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as running:
        running.add_credentials("jobdsl-seed", username="seed", password="token")
        yield running


def connected(controller: SimulatedJenkins) -> jenkins.Controller:
    return jenkins.connect(controller.url, controller.user, controller.token)


def run(controller: SimulatedJenkins, **options: Any) -> Plan:
    connection = connected(controller)
    made = bootstrap.prepare(connection, **{**OPTIONS, **options})
    assert made.errors == []
    result = apply(made, connection)
    assert result.problems == []
    return made


def warnings(controller: SimulatedJenkins, **options: Any) -> list[str]:
    made = bootstrap.prepare(connected(controller), **{**OPTIONS, **options})
    return [str(one) for one in made.problems if one.severity == "warning"]


def errors(controller: SimulatedJenkins, **options: Any) -> list[str]:
    return [str(one) for one in bootstrap.prepare(connected(controller), **{**OPTIONS, **options}).errors]


def test_it_creates_the_seed_job_and_queues_a_build(controller: SimulatedJenkins) -> None:
    made = run(controller)
    assert [(one.action, one.full_name) for one in made.changes] == [(Action.CREATE, "jobdsl-seed")]
    assert "bootstrap --yes" in controller.config("jobdsl-seed")
    assert [entry.item.full_name for entry in controller.scheduler.queue.items.values() if entry.item] == [
        "jobdsl-seed"
    ]


def test_a_second_run_has_nothing_to_do(controller: SimulatedJenkins) -> None:
    run(controller)
    assert run(controller).changes == ()


def test_other_options_update_it(controller: SimulatedJenkins) -> None:
    run(controller)
    made = run(controller, install="jobdsl-1.3-py3-none-any.whl")
    assert [one.action for one in made.changes] == [Action.UPDATE]
    assert "jobdsl-1.3-py3-none-any.whl" in controller.config("jobdsl-seed")


def test_a_newer_jobdsl_that_writes_the_job_differently_updates_it(controller: SimulatedJenkins) -> None:
    now = bootstrap.definition(**OPTIONS)
    older = replace(now, document=now.document.replace("<numToKeep>50<", "<numToKeep>20<"))
    connection = connected(controller)
    assert apply(plan(Estate((older,)), connection.inventory(), "main bootstrap"), connection).ok
    made = run(controller)
    assert [(one.action, one.queue) for one in made.changes] == [(Action.UPDATE, True)]
    assert "<numToKeep>50<" in controller.config("jobdsl-seed")


def test_no_run_of_the_estate_takes_it_for_one_that_is_gone(controller: SimulatedJenkins) -> None:
    run(controller)
    inventory = connected(controller).inventory()
    found = inventory.get("item", "jobdsl-seed")
    assert found is not None
    assert found.marker == Marker(
        seed="main bootstrap",
        name="jobdsl-seed",
        where=bootstrap.WHERE,
        digest=bootstrap.definition(**OPTIONS).digest,
    )
    assert plan(Estate(()), inventory, "main").changes == ()


def test_a_job_made_by_hand_is_left_alone_until_it_is_adopted(controller: SimulatedJenkins) -> None:
    controller.create_item("jobdsl-seed", "<project/>")
    assert any("--adopt 'jobdsl-seed'" in one for one in errors(controller))
    made = run(controller, adopt=["jobdsl-seed"])
    assert [one.action for one in made.changes] == [Action.ADOPT]


def test_it_may_live_in_a_folder_that_exists(controller: SimulatedJenkins) -> None:
    assert any('folder "admin"' in one for one in errors(controller, name="admin/jobs"))
    controller.create_item("admin", "<com.cloudbees.hudson.plugins.folder.Folder/>")
    assert [one.full_name for one in run(controller, name="admin/jobs").changes] == ["admin/jobs"]


def test_missing_credentials_are_told_with_the_page_to_create_them_on(controller: SimulatedJenkins) -> None:
    (told,) = warnings(controller, credentials="jobdsl-sed")
    assert "no credentials 'jobdsl-sed'" in told
    assert 'did you mean "jobdsl-seed"?' in told
    assert f"{controller.url}/credentials/store/system/domain/_/newCredentials" in told
    (told,) = warnings(controller, git_credentials="deploy-key")
    assert "what the repository is read with" in told
    assert warnings(controller, git_credentials="deploy-key", check=False) == []


def test_a_name_that_any_account_could_publish_is_a_warning(controller: SimulatedJenkins) -> None:
    (warning,) = warnings(controller, install="jobdsl==1.2")
    assert "on no public index" in warning
    assert "jobdsl @ https://" in warning


def test_without_its_credentials_the_job_is_made_but_not_built(controller: SimulatedJenkins) -> None:
    made = run(controller, git_credentials="deploy-key")
    assert [(one.action, one.queue) for one in made.changes] == [(Action.CREATE, False)]
    assert not controller.scheduler.queue.items


def test_each_problem_is_told_once(controller: SimulatedJenkins, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bootstrap", "--url", controller.url, "--user", controller.user, "--token", controller.token]
    command += ["--repo", "r", "--install", "./jobdsl-1-py3-none-any.whl", "--credentials", "none", "--yes"]
    for code, plugins in ((0, ()), (0, ()), (1, ("build-timeout",))):  # made, there already, refused
        controller.remove_plugins(*plugins)
        assert run_command(command) == code
        told = capsys.readouterr()
        assert (told.out + told.err).count("no credentials 'none'") == 1
    missing = [line for line in told.err.splitlines() if "needs the plugin build-timeout" in line]
    assert len(missing) == len(set(missing)) > 0


def test_it_asks_as_apply_does(controller: SimulatedJenkins, capsys: pytest.CaptureFixture[str]) -> None:
    access = ["--url", controller.url, "--user", controller.user, "--token", controller.token]
    assert run_command(["bootstrap", *access, "--repo", "r"]) == 1
    assert "a confirmation is needed, and standard input is not a terminal" in capsys.readouterr().err
    assert not controller.items
    assert run_command(["bootstrap", *access, "--repo", "r", "--yes"]) == 0
    assert "END_OF_WHEEL" in controller.config("jobdsl-seed"), "no index needs to have jobdsl"
    assert run_command(["bootstrap", *access, "--repo", "r"]) == 0, "nothing to ask: it is up to date"


def test_missing_plugins_are_told(controller: SimulatedJenkins) -> None:
    controller.remove_plugins("build-timeout")
    found = errors(controller)
    assert found
    assert all("needs the plugin build-timeout" in one for one in found)


def test_what_its_user_may_not_see_is_not_complained_of(controller: SimulatedJenkins) -> None:
    seed_user = controller.add_user("seed", permissions=PERMISSIONS)
    connection = jenkins.connect(controller.url, "seed", seed_user.token)
    made = bootstrap.prepare(connection, **OPTIONS, credentials="somewhere-else")
    assert made.errors == []
    assert [one.severity for one in made.problems] == ["note"]
    assert (
        "may not see whether the controller has the credentials 'somewhere-else'" in made.problems[0].message
    )
    assert apply(made, connection).ok


PERMISSIONS = {
    "hudson.model.Hudson.Read",
    *(f"hudson.model.Item.{word}" for word in ("Read", "Create", "Configure", "Build")),
}
"""What docs/seed.md says a seed's user needs for this."""


@pytest.mark.parametrize(
    "given",
    [
        OPTIONS,
        {"repo": "r", "tool": "/opt/jobdsl", "controller_url": "http://jenkins/", "seed_name": "two"},
        {
            "repo": "r",
            "name": "admin/seed",
            "credentials": "c",
            "branch": "b",
            "path": "p",
            "git_credentials": "g",
            "agent": "a && b",
            "poll": "",
            "github_push": True,
            "timeout_minutes": 5,
            "builds": 7,
            "html_page": True,
        },
    ],
)
def test_the_command_in_the_job_makes_the_same_job(given: dict[str, Any]) -> None:
    command = cli_controller.bootstrap
    parsed = command.make_context(
        "bootstrap", ["--yes", "--no-check", *shlex.split(SeedSettings(**given).command_line())]
    ).params
    names = {field.name for field in fields(SeedSettings)} - {"self_update"}
    assert names <= parsed.keys()
    assert seed(**{name: parsed[name] for name in names}).xml == seed(**given).xml


def test_the_command_and_the_seed_job_have_the_same_defaults() -> None:
    parsed = cli_controller.bootstrap.make_context("bootstrap", ["--repo", "r"]).params
    for field in fields(SeedSettings):
        if field.name not in ("repo", "self_update"):
            assert parsed[field.name] == field.default, field.name


def test_types_and_defaults_name_the_same_options() -> None:
    assert [field.name for field in fields(SeedSettings)][2:] == list(SeedOptions.__annotations__)


def test_the_plugins_are_saved_for_a_seed_that_may_not_list_them(
    controller: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    access = ["--url", controller.url, "--user", controller.user, "--token", controller.token]
    saved = tmp_path / "plugins.json"
    assert run_command(["bootstrap", *access, "--repo", "r", "--yes", "--save-plugins", str(saved)]) == 0
    (tmp_path / "jobs.py").write_text(
        'from jobdsl import freestyle, publish\nfreestyle("a", publishers=[publish.junit("*.xml")])\n'
    )
    controller.remove_plugins("junit")
    seed_user = controller.add_user("seed", permissions=PERMISSIONS)
    as_seed = ["--url", controller.url, "--user", "seed", "--token", seed_user.token]
    capsys.readouterr()
    assert run_command(["lint", str(tmp_path), *as_seed]) == 0
    assert "the rules missing-plugin and missing-step were left out" in capsys.readouterr().err
    assert run_command(["plan", str(tmp_path), *as_seed]) == 2
    assert "the rules missing-plugin and missing-step were left out" in capsys.readouterr().err
    (tmp_path / "jobdsl.toml").write_text('controller.plugins = "plugins.json"\n')
    assert run_command(["lint", str(tmp_path), *as_seed]) == 0
    assert "missing-plugin" not in capsys.readouterr().err
    saved.write_text(saved.read_text().replace('"junit"', '"no-junit"'))
    assert run_command(["lint", str(tmp_path), *as_seed]) == 1
    assert "needs the plugin junit" in capsys.readouterr().err
    (tmp_path / "jobdsl.toml").write_text('controller.plugins = "plugins.txt"\n')
    (tmp_path / "plugins.txt").write_text("git:5\n")
    assert run_command(["lint", str(tmp_path), *as_seed]) == 0
    assert "needs the plugin junit, which plugins.txt does not name" in capsys.readouterr().err
