"""Importing from a controller: every item and view but branch jobs and born views, fetched in parallel."""

from __future__ import annotations

from pathlib import Path

import pytest

import jobdsl
from jobdsl import steps
from jobdsl.cli.main import run
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.errors import ControllerError, JobdslError
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.testing import SimulatedJenkins


def fill(controller: Controller) -> None:
    controller.create("item", "team a", jobdsl.folder("x", description="Ours").xml)
    controller.create("item", "team a/build + test", jobdsl.freestyle("x", steps=[steps.shell("make")]).xml)
    controller.create("item", "pipe", jobdsl.pipeline("x", script="node {}").xml)
    controller.create("view", "team a/Mine", jobdsl.list_view("Mine", jobs=["build + test"]).xml)


def test_items_and_views_of_a_controller(tmp_path: Path) -> None:
    said: list[str] = []
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        fill(controller)
        before = controller.requests
        result = import_estate(controller, tmp_path / "estate", echo=said.append)
        assert controller.requests - before == 1 + 4  # the inventory, and a document each
    assert [one.name for one in result.documents] == ["pipe", "team a", "team a/Mine", "team a/build + test"]
    assert (result.equal, result.broken, result.fallbacks) == (4, [], [])
    found = load(tmp_path / "estate", isolation="process").definitions
    assert [(one.full_name, one.is_view) for one in found] == [
        ("pipe", False),
        ("team a", False),
        ("team a/Mine", True),
        ("team a/build + test", False),
    ]
    text = (tmp_path / "estate" / "team a" / "jobs.py").read_text("utf-8")
    assert 'with folder("team a", description="Ours"):\n    list_view("Mine", jobs=["build + test"])' in text


def test_a_part_of_a_controller_with_the_folders_it_is_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        fill(controller)
        command = ["import", "--url", jenkins.url, "--user", jenkins.user, "--token", jenkins.token]
        assert run([*command, "--out", str(tmp_path / "estate"), "--only", "team a/build*"]) == 0
        access = ["--url", jenkins.url, "--user", jenkins.user, "--token", jenkins.token]
        capsys.readouterr()
        assert run(["plan", str(tmp_path / "estate"), *access, "--adopt", "**"]) == 2
        assert "3 to adopt" in capsys.readouterr().out
        before = controller.requests
        result = import_estate(controller, tmp_path / "again", only=["team a/build*"], echo=lambda _: None)
        assert controller.requests - before == 1 + 2
        with pytest.raises(JobdslError, match="no items or views that nothing fits"):
            import_estate(controller, tmp_path / "none", only=["nothing"], echo=lambda _: None)
    names = ["team a", "team a/Mine", "team a/build + test"]  # a folder's document has its views
    assert [one.name for one in result.documents] == names
    found = load(tmp_path / "estate", isolation="process").definitions
    assert [one.full_name for one in found] == names


def test_only_is_for_a_controller(tmp_path: Path) -> None:
    assert run(["import", str(tmp_path), "--out", str(tmp_path / "x"), "--only", "a"]) != 0


def test_what_the_controller_does_not_give_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        fill(controller)
        config = controller.config

        def refuse(kind: str, name: str) -> bytes:
            if name == "pipe":
                raise ControllerError("GET job/pipe/config.xml: 403 Forbidden", status=403)
            return config(kind, name)

        monkeypatch.setattr(controller, "config", refuse)
        result = import_estate(controller, tmp_path / "estate", echo=lambda _: None)
        place = f"{controller.url}job/pipe/config.xml"
    assert [(one.name, one.error) for one in result.broken] == [
        ("pipe", f"{place}: GET job/pipe/config.xml: 403 Forbidden")
    ]
    assert result.equal == 3


def test_an_item_and_a_view_of_one_name(tmp_path: Path) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        controller.create("item", "x", jobdsl.freestyle("x").xml)
        controller.create("view", "x", jobdsl.list_view("x").xml)
        result = import_estate(controller, tmp_path / "estate", echo=lambda _: None)
    assert (len(result.documents), result.equal) == (2, 2)


def test_an_empty_controller_and_one_that_is_not_there(tmp_path: Path) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        with pytest.raises(JobdslError, match="holds no documents"):
            import_estate(controller, tmp_path / "estate")
        url = jenkins.url
    with pytest.raises(ControllerError):
        import_estate(connect(url, "u", "t", patience=0), tmp_path / "estate")
    assert not (tmp_path / "estate").exists()
