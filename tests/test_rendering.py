"""Documents as files: where they may be written, and what of an earlier run goes."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from jobdsl.cli.workflow import render
from jobdsl.documents.rendering import MANIFEST
from jobdsl.documents.secrets import save
from jobdsl.errors import EstateError, JobdslError

JOBS = 'from jobdsl import freestyle\n\nfreestyle("a")\n'


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "work" / "estate"
    root.mkdir(parents=True)
    (root / "jobs.py").write_text(JOBS)
    (root / "jobdsl.toml").write_text("")
    return root


def refused(estate: Path, out: Path, why: str) -> None:
    before = sorted(estate.parent.rglob("*"))
    with pytest.raises(JobdslError, match=re.escape(why)) as caught:
        render(estate, out, "process")
    assert caught.value.hint
    assert sorted(estate.parent.rglob("*")) == before


def test_the_estate_itself_is_refused(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(estate, estate, "is the estate itself")
    refused(estate, estate / "x" / "..", "is the estate itself")
    (estate.parent / "link").symlink_to("estate")
    refused(estate, estate.parent / "link", "is the estate itself")
    monkeypatch.chdir(estate)
    refused(estate, Path(), "is the estate itself")


def test_what_holds_the_estate_is_refused(estate: Path) -> None:
    refused(estate, estate.parent, "holds the estate")
    refused(estate, estate.parent.parent, "holds the estate")


def test_a_directory_of_other_files_is_refused(estate: Path) -> None:
    (estate / "scripts").mkdir()
    (estate / "scripts" / "build.sh").write_text("make")
    refused(estate, estate / "scripts", "scripts holds files that render did not write: build.sh")
    for number in range(9):
        (estate / "scripts" / f"{number}.sh").write_text("make")
    refused(estate, estate / "scripts", "did not write: 0.sh, 1.sh, 2.sh ...")


def test_a_manifest_in_the_estate_does_not_change_that(estate: Path) -> None:
    (estate / MANIFEST).write_text("jobs.py\n")
    refused(estate, estate, "is the estate itself")
    assert (estate / "jobs.py").read_text() == JOBS


def test_a_directory_in_the_estate_is_welcome(estate: Path) -> None:
    for _ in range(2):
        render(estate, estate / "golden", "process")
    assert sorted(one.name for one in (estate / "golden").iterdir()) == [MANIFEST, "a.xml"]


def test_an_empty_directory_is_welcome_and_one_that_holds_hidden_files_alone(
    estate: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / ".git").mkdir(parents=True)
    render(estate, tmp_path / "out", "process")
    assert (tmp_path / "out" / "a.xml").exists()


def test_notes_beside_what_render_wrote_stay(estate: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    render(estate, out, "process")
    (out / "README.md").write_text("mine")
    (estate / "jobs.py").write_text(JOBS.replace('"a"', '"b"'))
    assert render(estate, out, "process")[2] == ["a.xml"]
    assert sorted(one.name for one in out.iterdir()) == [MANIFEST, "README.md", "b.xml"]


def test_a_run_that_was_cut_short_can_be_run_again(estate: Path, tmp_path: Path) -> None:
    (estate / "jobs.py").write_text(JOBS + 'freestyle("b", description=__import__("jobdsl").secret("x"))\n')
    with pytest.raises(JobdslError, match="no value for the secret"):
        render(estate, tmp_path / "out", "process")
    assert (tmp_path / "out" / "a.xml").exists()
    (estate / "jobs.py").write_text(JOBS)
    render(estate, tmp_path / "out", "process")


def test_an_estate_that_does_not_load_leaves_nothing(estate: Path, tmp_path: Path) -> None:
    (estate / "jobs.py").write_text("nonsense(")
    with pytest.raises(EstateError):
        render(estate, tmp_path / "out", "process")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_written_is_told(estate: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobdslError, match="is a file"):
        render(estate, tmp_path / "file", "process")
    (estate / "jobs.py").write_text("")
    with pytest.raises(JobdslError, match="cannot be written: Not a directory"):
        render(estate, tmp_path / "file" / "out", "process")


def test_documents_with_secrets_are_for_their_owner_alone(estate: Path, tmp_path: Path) -> None:
    (estate / "jobs.py").write_text(
        'from jobdsl import freestyle, secret\nfreestyle("a")\nfreestyle("b", trigger_token=secret("x"))\n'
    )
    (estate / "jobdsl.toml").write_text('secrets = "../s.json"\n')
    save(estate.parent / "s.json", {"x": "hunter2"})
    out = tmp_path / "out"
    out.mkdir()
    (out / MANIFEST).write_text("b.xml\n")
    (out / "b.xml").write_text("old")
    (out / "b.xml").chmod(0o644)
    render(estate, out, "process")
    modes = {name: stat.S_IMODE((out / name).stat().st_mode) & 0o077 for name in ("a.xml", "b.xml")}
    assert "hunter2" in (out / "b.xml").read_text()
    assert modes["b.xml"] == 0
    assert modes["a.xml"] != 0
