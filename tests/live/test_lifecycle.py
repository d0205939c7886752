"""The life of an estate: applied, changed, moved, removed, edited by hand, shared with another seed."""

from __future__ import annotations

import re

import pytest
from live_site import Site

from jobdsl.cli.main import run
from jobdsl.controller.jenkins import NotFoundError

pytestmark = pytest.mark.slow

JOBS = """
with folder(FOLDER, description="Made by a test, and deleted by it"):
    freestyle(
        "build & test".replace("&", "and"),
        description="Ünïcode, <b>markup</b> & 'quotes'\\nand a second line",
        keep=5,
        parameters=[params.string("BRANCH", "main"), params.choice("ENV", ["test", "prod"])],
        scm=scm.git("https://git.example.com/app.git", branch="${BRANCH}"),
        triggers=[triggers.poll_scm("H/15 * * * *")],
        steps=[steps.shell("#!/bin/sh\\necho '<&>'  \\n\\texit 0\\n")],
        publishers=[publish.archive("dist/**", allow_empty=True)],
        disabled=True,
    )
    pipeline("release", script="node { echo 'hello' }", keep=3, concurrent=False, disabled=True)
    matrix("cells", axes=[axes.text("PY", ["3.11", "3.12"])], steps=[steps.shell("echo $PY")], disabled=True)
    with folder("inner"):
        freestyle("leaf", steps=[steps.shell("true")], disabled=True)
    list_view("Everything", regex=".*")
"""


def test_an_estate_is_applied_changed_moved_and_removed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write(JOBS)
    site.apply("--verify-all")
    site.expect_settled(capsys)

    site.edit("echo $PY", "echo python$PY")
    assert site.plan(capsys) == [("update", site / "cells")]
    site.apply()
    assert "python$PY" in site.config("cells")

    site.edit('freestyle("leaf", ', f'freestyle("renamed", renamed_from="{site.folder}/inner/leaf", ')
    assert ("move", site / "inner/renamed") in site.plan(capsys)
    site.apply()
    site.expect_settled(capsys)

    source = (site.root / "jobs.py").read_text("utf-8")
    (site.root / "jobs.py").write_text(re.sub(r"    pipeline\(.*\n", "", source), "utf-8")
    assert site.plan(capsys) == [("delete", site / "release")]
    site.apply()
    site.expect_settled(capsys)
    with pytest.raises(NotFoundError):
        site.config("release")


def test_an_edit_made_in_jenkins_is_found_and_undone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.write(JOBS)
    site.apply()
    name = "inner/leaf"
    edited = site.config(name).replace("<command>true</command>", "<command>false</command>")
    site.controller.update("item", site / name, edited)
    assert site.plan(capsys) == []
    assert site.plan(capsys, "--refresh") == [("update", site / name)]
    site.apply("--refresh")
    assert "<command>true</command>" in site.config(name)


def test_what_others_made_is_left_alone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.controller.create("item", site.folder, "<com.cloudbees.hudson.plugins.folder.Folder/>")
    site.write(JOBS)
    assert run(["apply", str(site.root), "--yes"]) != 0
    assert f"--adopt '{site.folder}'" in "".join(capsys.readouterr())
    site.apply("--adopt", site.folder)
    site.expect_settled(capsys)


@pytest.mark.parametrize("policy", ["delete", "disable"])
def test_every_kind_is_removed(site: Site, capsys: pytest.CaptureFixture[str], policy: str) -> None:
    """Folders with the view Jenkins gave them, and multibranch projects, too."""
    site.write(
        """
with folder(FOLDER):
    freestyle("job")
    matrix("matrix", axes=[axes.text("A", ["x"])])
    pipeline("pipeline", script="node {}")
    multibranch("branches")
    organization_folder("organization")
    with folder("empty"):
        pass
    with folder("full"):
        freestyle("leaf")
        list_view("List", regex=".*")
    list_view("View", regex=".*")
"""
    )
    settings = (site.root / "jobdsl.toml").read_text("utf-8")
    (site.root / "jobdsl.toml").write_text(settings.replace('jobs = "delete"', f'jobs = "{policy}"'), "utf-8")
    site.apply()
    site.expect_settled(capsys)
    site.write("with folder(FOLDER):\n    pass\n")
    site.apply()
    site.expect_settled(capsys)
    if policy == "delete":
        assert site.names() == set()
    else:
        assert site.names() >= {"job", "matrix", "pipeline", "branches", "organization", "full/leaf"}
        assert "<disabled>true</disabled>" in site.config("job")
        assert "<disabled>true</disabled>" in site.config("branches")
        site.write('with folder(FOLDER):\n    freestyle("job")\n    multibranch("branches")\n')
        site.apply()
        site.expect_settled(capsys)
        assert "<disabled>false</disabled>" in site.config("job")
        assert "<disabled>false</disabled>" in site.config("branches")


def test_two_seeds_share_a_folder(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither touches what the other made, or what was made by hand, also when it has nothing left to do."""
    site.write('with folder(FOLDER):\n    freestyle("one", steps=[steps.shell("1")])\n')
    site.apply()
    other = Site(site.controller, site.folder, site.root.parent / "other", f"{site.folder}-other")
    other.write(
        'with inside(FOLDER):\n    freestyle("two", steps=[steps.shell("2")])\n    list_view("Two", regex="t.*")\n'
    )
    other.apply()
    site.controller.create("item", site / "hand", "<project/>")
    site.expect_settled(capsys)
    other.expect_settled(capsys)
    site.write("with folder(FOLDER):\n    pass\n")
    site.apply()
    assert site.names() == {"two", "Two", "hand"}
    other.write("with inside(FOLDER):\n    pass\n")
    other.apply()
    assert site.names() == {"hand"}
