"""Documents as files: where they may be written, and what of an earlier run goes."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobdsl.cli.workflow import render, write_text
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
    assert render(estate, out, "process").removed == ["a.xml"]
    assert sorted(one.name for one in out.iterdir()) == [MANIFEST, "README.md", "b.xml"]


@pytest.mark.parametrize("fault", ["a secret", "a full disk"])
def test_a_run_that_fails_leaves_everything_as_it_was(
    estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    out = tmp_path / "out"
    render(estate, out, "process")
    before = {path: path.read_bytes() for path in sorted(out.rglob("*"))}
    text = JOBS.replace('"a"', '"a", description="changed"') + 'freestyle("b")\n'
    if fault == "a secret":
        text += 'freestyle("c", description=__import__("jobdsl").secret("x"))\n'
    else:
        monkeypatch.setattr("jobdsl.documents.outdir.os.replace", full_disk)
    (estate / "jobs.py").write_text(text)
    with pytest.raises(JobdslError, match=r"no value for the secret|cannot be written: No space left"):
        render(estate, out, "process")
    assert {path: path.read_bytes() for path in sorted(out.rglob("*"))} == before


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_secret_without_a_value_is_told_at_its_line(estate: Path, tmp_path: Path) -> None:
    (estate / "jobs.py").write_text(JOBS + 'freestyle("b", description=__import__("jobdsl").secret("x"))\n')
    with pytest.raises(JobdslError) as caught:
        render(estate, tmp_path / "out", "process")
    assert str(caught.value.problems[0]).startswith("jobs.py:4: error: no value for the secret x")
    assert not (tmp_path / "out" / "a.xml").exists()


def test_policy_is_looked_at_before_anything_is_written(estate: Path, tmp_path: Path) -> None:
    (estate / "jobdsl.toml").write_text('[teams.x]\nfiles = ["**"]\nfolders = ["x"]\n')
    with pytest.raises(EstateError) as caught:
        render(estate, tmp_path / "out", "process")
    assert "team x may not define" in str(caught.value.problems[0])
    assert not (tmp_path / "out").exists()


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A directory that no run may change."""
    directory = tmp_path / "victim"
    directory.mkdir()
    (directory / "important.cfg").write_text("important")
    (directory / "important.xml").write_text("important")
    yield directory
    assert {path.name: path.read_text() for path in directory.iterdir()} == {
        "important.cfg": "important",
        "important.xml": "important",
    }


@pytest.mark.parametrize("name", ["important.cfg", "important.xml"])
def test_no_link_is_followed_to_remove_a_file(estate: Path, victim: Path, name: str) -> None:
    out = estate / "golden"
    out.mkdir()
    (out / "l").symlink_to(victim)
    (out / "f.xml").symlink_to(victim / name)
    (out / MANIFEST).write_text(
        f"l/{name}\nf.xml\n../../victim/{name}\n{victim}/{name}\nl//{name}\n./l/{name}\n"
    )
    assert render(estate, out, "process").removed == []


def test_no_link_is_followed_to_write_a_document(estate: Path, victim: Path) -> None:
    out = estate / "golden"
    out.mkdir()
    (out / MANIFEST).write_text("")
    (out / "a.xml").symlink_to(victim / "important.xml")
    render(estate, out, "process")
    assert not (out / "a.xml").is_symlink()
    assert "<project>" in (out / "a.xml").read_text()


def test_no_link_is_followed_to_a_folder_or_to_the_directory_itself(
    estate: Path, victim: Path, tmp_path: Path
) -> None:
    (estate / "jobs.py").write_text(
        'from jobdsl import folder, freestyle\nfreestyle("a")\nfreestyle("l/x/b")\n'
    )
    (estate / "golden").mkdir()
    (estate / "golden" / "l").symlink_to(victim)
    (estate / "golden" / MANIFEST).write_text("")
    (estate / "there").symlink_to(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    (estate / "up").symlink_to(tmp_path)
    for out, link in (("golden", "golden/l"), ("there", "there"), ("up/empty", "up")):
        with pytest.raises(JobdslError) as caught:
            render(estate, estate / out, "process")
        assert caught.value.message == f"{estate / link} is a link"
        assert caught.value.hint
    assert list((tmp_path / "empty").iterdir()) == []
    assert sorted(path.name for path in (estate / "golden").iterdir()) == [MANIFEST, "l"]


def test_no_link_is_followed_in_the_place_of_our_own_files(estate: Path, victim: Path) -> None:
    out = estate / "golden"
    out.mkdir()
    (out / MANIFEST).symlink_to(victim / "important.cfg")
    render(estate, out, "process")
    assert (out / MANIFEST).read_text() == "a.xml\n"
    (out / ".jobdsl-new").symlink_to(victim)
    with pytest.raises(JobdslError, match="is a link"):
        render(estate, out, "process")


def test_what_a_killed_run_left_is_removed(estate: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".jobdsl-new").mkdir(parents=True)
    (out / ".jobdsl-new" / "0").write_text("half")
    render(estate, out, "process")
    assert sorted(path.name for path in out.iterdir()) == [MANIFEST, "a.xml"]


def test_a_report_takes_the_place_of_a_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "plan.json").symlink_to(victim / "important.cfg")
    write_text(tmp_path / "plan.json", "{}")
    assert (tmp_path / "plan.json").read_text() == "{}"
    assert not (tmp_path / "plan.json").is_symlink()
    read, write = os.pipe()
    write_text(Path(f"/dev/fd/{write}"), "to a pipe")
    assert os.read(read, 99) == b"to a pipe"
    os.close(read)
    os.close(write)


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
