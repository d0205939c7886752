from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobdsl.loading.dslfiles import LARGEST, find
from jobdsl.loading.groups import grouped
from jobdsl.settings.config import Files, Settings, Team


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_files_are_found_sorted_and_by_the_settings(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "b.py",
        "a/x.py",
        "a/deep/y.py",
        "a/note.txt",
        ".venv/z.py",
        "a/__pycache__/x.py",
        "tests/t.py",
    )
    assert find(tmp_path, Files()) == (["a/deep/y.py", "a/x.py", "b.py"], [])
    assert find(tmp_path, Files(include=("a/*.py",)))[0] == ["a/x.py"]
    assert find(tmp_path, Files(exclude=("a/**",)))[0] == ["b.py", "tests/t.py"]


def test_files_that_cannot_run_are_problems(tmp_path: Path) -> None:
    touch(tmp_path, "a\tb.py", "ok.py")
    (tmp_path / "broken.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "out.py").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.py")
    with (tmp_path / "large.py").open("wb") as large:
        large.truncate(LARGEST + 1)
    (tmp_path / os.fsdecode(b"\xff.py")).touch()
    found, problems = find(tmp_path, Files())
    assert found == ["ok.py"]
    assert sorted(str(one).partition(" (")[0] for one in problems) == [
        "\\xff.py: error: the file's name is not printable text",
        "a\\x09b.py: error: the file's name is not printable text",
        "broken.py: error: the file is a link to nothing",
        "large.py: error: the file has 4 MB; a DSL file has at most 4 MB",
        "out.py: error: the file is a link that leaves the estate",
        "pipe.py: error: this is not a regular file",
    ]


def test_a_directory_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/x.py", "b.py")
    real = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found, problems = find(tmp_path, Files())
    assert found == ["b.py"]
    assert [str(one) for one in problems] == ["a: error: the directory cannot be read: Permission denied"]


FILES = ["a/1.py", "a/2.py", "b/1.py", "c/1.py", "top.py"]


def test_few_files_run_in_one_process(tmp_path: Path) -> None:
    groups = grouped(tmp_path, FILES, Settings(), 0)
    assert groups.parts == (tuple(FILES),)
    assert not groups.fixed


def test_directories_are_shared_out_by_size(tmp_path: Path) -> None:
    touch(tmp_path, *FILES)
    (tmp_path / "b/1.py").write_text("#" * 5000)
    groups = grouped(tmp_path, FILES, Settings(), 2)
    assert groups.parts == (("b/1.py",), ("a/1.py", "a/2.py", "c/1.py", "top.py"))
    assert groups.joined().parts == (tuple(FILES),)


def test_each_team_has_a_process_of_its_own(tmp_path: Path) -> None:
    settings = Settings(teams=(Team("a", folders=("a",)), Team("b", folders=("b",))))
    groups = grouped(tmp_path, FILES, settings, 1)
    assert groups.parts == (("c/1.py", "top.py"), ("a/1.py", "a/2.py"), ("b/1.py",))
    assert (groups.fixed, groups.at_once) == (True, 1)
