"""What of an estate is left out, or does nothing, is reported; so are settings under another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.errors import EstateError
from jobdsl.loading.load import load
from jobdsl.settings import config
from jobdsl.settings.config import LoadSettings, Settings

QUICK = Settings(load=LoadSettings(isolation="process", timeout_seconds=20))
JOB = 'from jobdsl import freestyle\nfreestyle("{}")\n'


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def warned(root: Path, files: dict[str, str], settings: Settings = QUICK) -> list[str]:
    write(root, {"a.py": JOB.format("a"), **files})
    return [str(one).partition(" (")[0] for one in load(root, settings).warnings]


LEFT_OUT = "warning: the file uses jobdsl and is left out: the pattern"
IDLE = "the file defines nothing, and no other file imports it"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"test_web.py": JOB}, [f"test_web.py: {LEFT_OUT} '**/test_*.py' of files.exclude"]),
        ({"x/tests/web.py": JOB}, [f"x/tests/web.py: {LEFT_OUT} '**/tests/**' of files.exclude"]),
        ({"test_it.py": "from jobdsl import freestyle\n\ndef test_x(): pass\n"}, []),
        ({"test_it.py": "import jobdsl.testing\n"}, []),
        ({"jobs.PY": JOB}, ["jobs.PY: warning: the file is left out: its name does not end with .py"]),
        (
            {"jobs.py.txt": JOB},
            ["jobs.py.txt: warning: the file is left out: its name does not end with .py"],
        ),
        ({"notes.txt": "x", "script.pyc": "x", ".hidden.py": JOB}, []),
        ({"b.py": ""}, [f"b.py: warning: {IDLE}"]),
        ({"b.py": "# freestyle('x')\n"}, [f"b.py: warning: {IDLE}"]),
        ({"b.py": "def jobs():\n    pass\n"}, [f"b.py: warning: {IDLE}"]),
        ({"b.py": "from jobdsl import freestyle\nfor n in []:\n    freestyle(n)\n"}, [f"b.py: note: {IDLE}"]),
        ({"b.py": "X = 1\n", "c.py": "from b import X\n" + JOB.format("c")}, []),
        ({"b.py": "import a\n"}, []),
        ({"b/__init__.py": ""}, []),
        (
            {
                "b.py": "from c import job\njob.description = 'x'\n",
                "c.py": JOB.format("c").replace("freestyle(", "job = freestyle("),
            },
            [],
        ),
        (
            {"sub/jobdsl.toml": ""},
            ["sub/jobdsl.toml: warning: this jobdsl.toml is not read: an estate has one, in its root"],
        ),
    ],
)
def test_a_file_that_does_nothing_is_reported(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    assert warned(tmp_path / "estate", files) == expected


def test_patterns_that_fit_nothing_and_files_that_none_names(tmp_path: Path) -> None:
    text = '[load]\nisolation = "process"\n[files]\ninclude = ["a.py", "jbos/**/*.py"]\n'
    root = tmp_path / "estate"
    found = warned(root, {"jobs/b.py": JOB.format("b"), "jobdsl.toml": text}, config.loads(text))
    assert found == [
        "jobdsl.toml:4: warning: files.include: no file fits 'jbos/**/*.py'",
        "jobs/b.py: warning: the file uses jobdsl and is left out: no pattern of files.include names it",
    ]


def test_links_that_lead_round_in_circles_are_reported(tmp_path: Path) -> None:
    root = tmp_path / "estate"
    write(root, {"a.py": JOB.format("a")})
    (root / "loop.py").symlink_to("loop.py")
    (root / "ping.py").symlink_to("pong.py")
    (root / "pong.py").symlink_to("ping.py")
    (root / "again").symlink_to(".")
    (root / "endless").symlink_to("endless")
    with pytest.raises(EstateError) as caught:
        load(root, QUICK)
    told = [str(one) for one in caught.value.problems]
    assert told == [
        "again: warning: the directory is a link: the files in it are left out (put the directory itself here)",
        *(
            f"{name}.py: error: the file is a link that leads back to itself (put the file itself here)"
            for name in ("loop", "ping", "pong")
        ),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Jobdsl.toml",
        "JOBDSL.TOML",
        "jobsdsl.toml",
        "job-dsl.toml",
        "jobdsl.tml",
        "jobdsl.toml.txt",
        ".jobdsl.toml",
    ],
)
def test_settings_under_another_name_are_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"a.py": JOB.format("a"), name: '[teams.a]\nfolders = ["a"]\n'})
    with pytest.raises(EstateError) as caught:
        config.load(tmp_path)
    assert [str(one) for one in caught.value.problems] == [
        f"{name}: error: the file is not read: settings belong in jobdsl.toml (rename it to jobdsl.toml)"
    ]


@pytest.mark.parametrize(
    "name", ["jobdsl.toml.example", "jobdsl.toml.bak", "delivery.toml", "pyproject.toml", "jobs.toml"]
)
def test_other_files_are_no_settings(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "x"})
    assert config.load(tmp_path) == Settings()


def test_settings_that_cannot_be_read_are_no_default_settings(tmp_path: Path) -> None:
    (tmp_path / "jobdsl.toml").symlink_to("jobdsl.toml")
    with pytest.raises(EstateError) as caught:
        config.load(tmp_path)
    assert "this file cannot be read" in str(caught.value.problems[0])


def test_settings_one_directory_above_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"jobdsl.toml": ""})
    (only,) = warned(tmp_path / "jobs", {})
    assert only.startswith("../jobdsl.toml: warning: jobdsl.toml of the directory above is not read")


def test_two_files_that_import_each_other(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "from b import y\nx = 1\n", "b.py": "from a import x\ny = 2\n"})
    with pytest.raises(EstateError) as caught:
        load(tmp_path, QUICK)
    assert "two files import each other" in "".join(one.hint for one in caught.value.problems)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    tmp_path.joinpath("a.py").write_bytes(b"x = '\xe9'\n")
    with pytest.raises(EstateError) as caught:
        load(tmp_path, QUICK)
    assert [one.hint for one in caught.value.problems] == ["save the file as UTF-8"]


@pytest.mark.parametrize("call", ['read_file("x.sh")', 'template("x.sh")'])
def test_a_script_with_a_byte_order_mark_is_read_without_it(tmp_path: Path, call: str) -> None:
    write(tmp_path, {"a.py": f'from jobdsl import *\nfreestyle("a", steps=[steps.shell({call})])\n'})
    (tmp_path / "x.sh").write_bytes(b"\xef\xbb\xbf#!/bin/sh\nmake\n")
    (only,) = load(tmp_path, QUICK).definitions
    assert "<command>#!/bin/sh\nmake\n</command>" in only.document
