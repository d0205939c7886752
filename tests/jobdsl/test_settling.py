"""Every kind of item and view settles: applied, planned again, refreshed, removed; by an administrator and a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.documents.marker import Marker
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.users import READER, User

pytestmark = [pytest.mark.slow, pytest.mark.sampled(5)]

SEED = READER | {
    f"hudson.model.{permission}"
    for permission in (
        "Item.Build",
        "Item.Configure",
        "Item.Create",
        "Item.Delete",
        "Item.Move",
        "View.Configure",
        "View.Create",
        "View.Delete",
    )
}
"""What docs/permissions say a seed needs: it is no administrator."""
KINDS = {
    "folder": 'folder("f", description="Payments")',
    "folder without a description": 'folder("f")',
    "nested folders": 'with folder("f"):\n    with folder("g", description="inner"):\n        folder("h")',
    "folder with a job": 'with folder("f"):\n    freestyle("x")',
    "multibranch": 'multibranch("f", sources=[sources.git("https://git.example.com/a.git")])',
    "multibranch without sources": 'multibranch("f", description="nothing yet")',
    "multibranch in a folder": 'with folder("f"):\n    multibranch("m", description="d")',
    "disabled multibranch": 'multibranch("f", disabled=True)',
    "organization folder": 'organization_folder("f", navigators=[sources.github_organization("acme")])',
    "organization folder with triggers": (
        'organization_folder("f", navigators=[sources.github_organization("acme")],\n'
        "    triggers=[triggers.periodic_folder()], properties=[sources.child_triggers(), sources.child_orphans()])"
    ),
    "my view in a folder": 'with folder("f"):\n    my_view("mine", description="what I may change")',
    "views in a folder": 'with folder("f"):\n    list_view("v", regex=".*")\n    all_view("everything")',
    "views in nested folders": 'with folder("f"):\n    with folder("g"):\n        list_view("v", regex=".*")',
    "status filter": 'list_view("f", regex=".*", status_filter=True)',
    "status filter in a folder": 'with folder("f"):\n    list_view("v", regex=".*", status_filter=False)',
    "views at the top": 'list_view("f", regex=".*", description="d")\nmy_view("g")\nall_view("h")',
}


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=ManualClock()) as running:
        yield running


@pytest.fixture(params=["administrator", "seed"])
def user(request: pytest.FixtureRequest, jenkins: SimulatedJenkins, monkeypatch: pytest.MonkeyPatch) -> User:
    """Who applies."""
    permissions = {"administrator": jenkins.users.by_name["admin"].permissions, "seed": SEED}
    account = jenkins.add_user("main", permissions=permissions[request.param])
    monkeypatch.setenv("JENKINS_URL", jenkins.url)
    monkeypatch.setenv("JENKINS_USER", account.name)
    monkeypatch.setenv("JENKINS_TOKEN", account.token)
    return account


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(source: str, removed: str = "disable") -> Path:
        policy = (
            f'[seed]\nname = "main"\n[removed]\njobs = "{removed}"\nviews = "delete"\nmax_percent = 100\n'
        )
        (tmp_path / "jobdsl.toml").write_text(policy)
        (tmp_path / "jobs.py").write_text(f"from jobdsl import *\n{source}\n")
        return tmp_path

    return write


def planned(estate: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, str, str]]:
    """The actions of a plan, the names and the reasons."""
    capsys.readouterr()
    assert run(["plan", str(estate), "--json", *options]) in (0, 2)
    changes = json.loads(capsys.readouterr().out)["changes"]
    return [(change["action"], change["name"], change["reason"]) for change in changes]


def settles(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["apply", str(estate), "--yes", "--verify-all"])
    assert status == 0, "".join(capsys.readouterr())
    assert planned(estate, capsys) == []
    assert planned(estate, capsys, "--refresh") == []


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_settles(write: Write, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    settles(write(KINDS[kind]), capsys)


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_deleted(
    jenkins: SimulatedJenkins, write: Write, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settles(write(KINDS[kind], "delete"), capsys)
    settles(write('freestyle("other")', "delete"), capsys)
    assert list(jenkins.items) == ["other"]
    assert list(jenkins.views) == ["all"]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "multibranch" in kind or "organization" in kind])
def test_a_removed_multibranch_is_disabled_and_enabled_again(
    jenkins: SimulatedJenkins, write: Write, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settles(write(KINDS[kind]), capsys)
    name = next(name for name, item in jenkins.items.items() if item.kind.shape == "multibranch")
    folder = 'folder("f")' if "/" in name else 'freestyle("other")'
    settles(write(folder), capsys)
    assert "<disabled>true</disabled>" in jenkins.config(name)
    marker = Marker.find(jenkins.item(name).description)
    assert marker is not None
    assert marker.removed
    settles(write(KINDS[kind]), capsys)
    assert ("<disabled>true</disabled>" in jenkins.config(name)) == ("disabled" in kind)


@pytest.mark.usefixtures("user")
def test_a_multibranch_with_branches_settles_and_is_disabled(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    source = 'multibranch("m", description="{}", sources=[sources.git("https://git.example.com/a.git")])'
    settles(write(source.format("one")), capsys)
    jenkins.create_item("m/main", "<flow-definition/>")
    settles(write(source.format("two")), capsys)
    settles(write('freestyle("other")'), capsys)
    assert "<disabled>true</disabled>" in jenkins.config("m")
    assert "Disabled by jobdsl" in jenkins.config("m")
    assert "m/main" in jenkins.items


@pytest.mark.usefixtures("user")
def test_all_views_are_left_alone(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    settles(write(KINDS["nested folders"]), capsys)
    for name in ("f", "f/g", "f/g/h"):
        assert jenkins.item(name).views["All"].description is None
        assert Marker.find(jenkins.item(name).description) is not None


@pytest.mark.usefixtures("user")
def test_what_an_earlier_version_wrote_into_views_is_cleaned(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """It put the folders' own descriptions, marker and all, into their primary views."""
    source = 'with folder("f", description="{}"):\n    with folder("g"):\n        list_view("v", regex=".*")'
    settles(write(source.format("one")), capsys)
    for name in ("f", "f/g"):
        view = jenkins.item(name).views["All"]
        jenkins.store.describe_view(view, jenkins.item(name).description or "")
    assert planned(write(source.format("one")), capsys, "--refresh") == []
    settles(write(source.format("two")), capsys)
    assert jenkins.item("f").views["All"].description is None
    settles(write('freestyle("other")', "delete"), capsys)
    assert list(jenkins.items) == ["other"]


@pytest.mark.usefixtures("user")
def test_a_folder_goes_with_its_last_view(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    settles(write(KINDS["views in a folder"], "delete"), capsys)
    jenkins.store.delete_view(jenkins.item("f").views["All"])
    settles(write('freestyle("other")', "delete"), capsys)
    assert list(jenkins.items) == ["other"]


@pytest.mark.usefixtures("user")
def test_a_primary_view_is_removed_and_only_the_last_one_stays(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    settles(write(KINDS["views in a folder"]), capsys)
    jenkins.store.delete_view(jenkins.item("f").views["All"])
    settles(write('with folder("f"):\n    all_view("everything")'), capsys)
    assert list(jenkins.item("f").views) == ["everything"]
    assert run(["apply", str(write('folder("f")')), "--yes"]) == 1
    told = "".join(capsys.readouterr())
    assert "it is the only view there" in told
    assert "define another view" in told


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("target", ["g/x", "f/y", "g/y"])
def test_a_job_that_is_built_is_moved_or_renamed_once_that_is_over(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    """Jenkins moves a job that is built, and does not rename it (400)."""
    clock = jenkins.clock
    assert isinstance(clock, ManualClock)
    jenkins.scheduler.build_seconds = 100.0
    job = 'with folder("{}"):\n    freestyle("{}"{})\nfolder("{}")'
    settles(write(job.format("f", "x", "", "g")), capsys)
    jenkins.build("f/x")
    assert jenkins.builds("f/x")[0].building
    folder, _, name = target.partition("/")
    other = "f" if folder == "g" else "g"
    estate = write(job.format(folder, name, ', renamed_from="f/x"', other))
    status = run(["apply", str(estate), "--yes"])
    told = "".join(capsys.readouterr())
    if name == "x":
        assert status == 0, told
    else:
        assert status == 1
        assert "Unable to rename a job while it is building" in told
        assert "run again when its build is over" in told
        clock.advance(200)
        assert not jenkins.builds("f/x")[0].building
    settles(estate, capsys)
    assert len(jenkins.builds(target)) == 1


@pytest.mark.usefixtures("user")
def test_a_folder_is_renamed_once_no_job_in_it_is_built(
    jenkins: SimulatedJenkins, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = jenkins.clock
    assert isinstance(clock, ManualClock)
    jenkins.scheduler.build_seconds = 100.0
    estate = 'with folder("{}"{}):\n    freestyle("x")'
    settles(write(estate.format("f", "")), capsys)
    jenkins.build("f/x")
    assert run(["apply", str(write(estate.format("g", ', renamed_from="f"'))), "--yes"]) == 1
    assert "run again when its build is over" in "".join(capsys.readouterr())
    clock.advance(200)
    assert not jenkins.builds("f/x")[0].building
    settles(write(estate.format("g", ', renamed_from="f"')), capsys)
    assert list(jenkins.items) == ["g", "g/x"]
