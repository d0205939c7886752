"""A file of one team is never blamed for what a file of another does, and whose files ran is always said."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from walls import WALLS, required

from jobdsl.errors import EstateError
from jobdsl.loading.imports import imported
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings, Team

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

TEAMS = Settings(
    load=LoadSettings(timeout_seconds=20, file_timeout_seconds=3),
    teams=(Team("a", folders=("a",)), Team("b", folders=("b",)), Team("lib", files=("lib/**",))),
)
GOOD = "from jobdsl import freestyle\n\nfreestyle('b/x')\n"
CLIMB = """
    import gc, os, struct, json, sys
    from jobdsl.loading.child import _Child
    child = next(one for one in gc.get_objects() if isinstance(one, _Child))
    from jobdsl.loading.protocol import send
"""
Told = Callable[[Mapping[str, str]], list[str]]


@pytest.fixture(params=WALLS)
def wall(request: pytest.FixtureRequest) -> str:
    return required(request.param)


@pytest.fixture
def told(tmp_path: Path, wall: str) -> Told:
    def run(files: Mapping[str, str]) -> list[str]:
        for name, text in {"b/good.py": GOOD, **files}.items():
            path = tmp_path / "estate" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        try:
            estate = load(tmp_path / "estate", TEAMS, isolation=wall)
        except EstateError as caught:
            return [str(one) for one in caught.problems]
        return [str(one) for one in estate.warnings]

    return run


GROUP = "reported by the process that ran a/evil.py of team a"


def test_a_loop_that_writes_stacks_of_another_file(told: Told) -> None:
    source = (
        "import io\nout = io.FileIO(2, 'w')\nwhile True:\n    out.write(b'  File \"b/good.py\", line 3\\n')\n"
    )
    [problem] = told({"a/evil.py": source})
    assert problem.startswith("a/evil.py")
    assert "b/good.py" not in problem


def test_a_crash_that_names_another_file(told: Told) -> None:
    source = """
        import io, os, signal
        io.FileIO(2, "w").write(b'Fatal Python error: Segmentation fault\\n  File "b/good.py", line 2\\n')
        import ctypes
        """
    problems = told(
        {
            "a/evil.py": CLIMB
            + textwrap.dedent(source)
            + "child.out.flush()\nos.close(child.out.fileno())\nos.abort()\n"
        }
    )
    assert problems
    assert not [one for one in problems if one.startswith("b/")]
    assert [one for one in problems if "a/evil.py" in one]


def test_a_problem_at_another_file(told: Told) -> None:
    source = (
        CLIMB + '    send(child.out, "problem", "error", "b deletes production", "b/good.py", 3, "", "")\n'
    )
    assert told({"a/evil.py": source}) == [
        f"a/evil.py: error: b deletes production ({GROUP}, which named b/good.py:3)"
    ]


@pytest.mark.parametrize("place", ["/etc/shadow", "../other/jobs.py", "x/../b/good.py"])
def test_a_problem_at_what_is_no_file_of_the_estate(told: Told, place: str) -> None:
    source = CLIMB + f'    send(child.out, "problem", "error", "look", {place!r}, 1, "", "")\n'
    assert told({"a/evil.py": source}) == [f"a/evil.py: error: look ({GROUP}, which named {place}:1)"]


def test_a_problem_at_a_file_that_is_imported_says_who_ran(told: Told) -> None:
    source = (
        "import b.good\n"
        + textwrap.dedent(CLIMB)
        + 'send(child.out, "problem", "error", "odd", "b/good.py", 3, "", "")\n'
    )
    assert told({"a/evil.py": source}) == [f"b/good.py:3: error: odd ({GROUP})"]


def test_another_file_that_is_said_to_run(told: Told) -> None:
    source = (
        CLIMB + '    send(child.out, "running", "b/good.py")\n    child.out.flush()\n    while True: pass\n'
    )
    [problem] = told({"a/evil.py": source})
    assert problem.startswith("a/evil.py")


def test_a_process_that_ends_again_and_again_is_given_up(told: Told) -> None:
    source = (
        CLIMB
        + '    send(child.out, "running", "b/good.py")\n    child.out.flush()\n    os.kill(os.getpid(), 9)\n'
    )
    source = source.replace(
        "os.kill(os.getpid(), 9)",
        "child.out.write(b'x' * 100); child.out.flush(); from jobdsl.loading import child as c; c._end_process(3)",
    )
    problems = told({"a/evil.py": source})
    assert len(problems) < 5
    assert not [one for one in problems if one.startswith("b/")]


def test_items_that_are_said_to_be_changed(told: Told) -> None:
    source = CLIMB + '    send(child.out, "alone", "b/good.py")\n'
    [problem] = told({"a/evil.py": source})
    assert problem.startswith("a/evil.py: error: a file changes what a file of another team defines")
    assert GROUP in problem


def test_items_of_an_imported_file_that_are_changed(told: Told) -> None:
    [problem] = told(
        {
            "a/evil.py": "from b import jobs\njobs.job.description = 'x'\n",
            "b/jobs.py": GOOD.replace("freestyle('b/x')", "job = freestyle('b/y')"),
        }
    )
    assert problem.startswith("b/jobs.py: error: what this file defines is changed by a file of another team")
    assert GROUP in problem


def test_output_past_pythons_own_names_the_group(told: Told) -> None:
    [problem] = told({"a/evil.py": "import io\nio.FileIO(2, 'w').write(b'hello')\n"})
    assert problem.startswith("a/evil.py: warning: the files write to standard output without Python")


def test_templates_of_another_team_are_not_named(told: Told, tmp_path: Path, wall: str) -> None:
    source = (
        CLIMB
        + """
    from jobdsl import freestyle, errors
    item = freestyle("a/x", quiet_period="wrong" and 5)
    object.__setattr__(item, "template", errors.Where("b/good.py", 2))
"""
    )
    assert told({"a/evil.py": source}) == []
    [definition] = [
        one for one in load(tmp_path / "estate", TEAMS, isolation=wall).definitions if one.full_name == "a/x"
    ]
    assert definition.template is None


def test_what_a_library_defines_is_its_own(told: Told, tmp_path: Path, wall: str) -> None:
    library = "from jobdsl import freestyle\n\nfreestyle('b/from-lib')\n\ndef service(name):\n    return freestyle(name)\n"
    told({"lib/jobs.py": library, "b/uses.py": "from lib.jobs import service\nservice('b/own')\n"})
    places = {
        one.full_name: str(one.where) for one in load(tmp_path / "estate", TEAMS, isolation=wall).definitions
    }
    assert places == {"b/from-lib": "lib/jobs.py:3", "b/own": "b/uses.py:2", "b/x": "b/good.py:3"}


def test_a_file_that_no_dsl_file_is_defines_for_the_one_that_imports_it(tmp_path: Path, wall: str) -> None:
    for name, text in {
        "b/uses.py": "from jobdsl import freestyle\nimport lib.more\n",
        "lib/more.py": "from jobdsl import freestyle\nfreestyle('x/y')\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    settings = replace(TEAMS, files=replace(TEAMS.files, exclude=("lib/**",)))
    assert [str(one.where) for one in load(tmp_path, settings, isolation=wall).definitions] == ["b/uses.py:2"]


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("import lib.x", {"lib/__init__.py", "lib/x.py"}),
        ("import os, lib.x as y", {"lib/__init__.py", "lib/x.py"}),
        ("x = 1; import lib.x", {"lib/__init__.py", "lib/x.py"}),
        (
            "def f():\n    from lib import (  # here\n        x,  # and\n        other,\n    )",
            {"lib/__init__.py", "lib/x.py"},
        ),
        ("from lib import x as y", {"lib/__init__.py", "lib/x.py"}),
        ("from .near import z", {"a/near.py"}),
        ("from . import near", {"a/near.py"}),
        ("from .. import top", {"top.py"}),
        ("from importlib import import_module\nimport_module('lib.x')", {"lib/__init__.py", "lib/x.py"}),
        ("import chain", {"chain.py", "top.py"}),
        ("# import top", set()),
        ("import json", set()),
        ("x = 'top'", set()),
    ],
)
def test_what_a_file_imports_is_read_from_its_text(tmp_path: Path, source: str, files: set[str]) -> None:
    for name in ("lib/__init__.py", "lib/x.py", "a/near.py", "top.py", "json.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "chain.py").write_text("import top\n")
    (tmp_path / "a" / "jobs.py").write_text(source)
    assert imported(tmp_path, ["a/jobs.py"]) == files
