from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from jobdsl.errors import EstateError, Problem
from jobdsl.loading.load import load
from jobdsl.model import Definition, Estate
from jobdsl.settings.config import Files, LoadSettings, Settings, Team

Make = Callable[[Mapping[str, str]], Path]
QUICK = Settings(load=LoadSettings(isolation="process", timeout_seconds=20))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "estate" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return tmp_path / "estate"

    return write


def problems(root: Path, settings: Settings = QUICK, **given: int) -> list[Problem]:
    with pytest.raises(EstateError) as caught:
        load(root, settings, **given)  # type: ignore[arg-type]
    return caught.value.problems


def told(root: Path, settings: Settings = QUICK) -> list[str]:
    return [str(one) for one in problems(root, settings)]


def names(estate: Estate) -> list[str]:
    return [one.full_name for one in estate.definitions]


PAYMENTS = {
    "shared/templates.py": """
        from jobdsl import freestyle

        def service(name):
            return freestyle(name, description=f"Builds {name}")
        """,
    "payments/jobs.py": """
        from jobdsl import folder
        from shared.templates import service

        with folder("payments"):
            for name in ["web", "api"]:
                service(name)
        """,
}


def test_files_become_definitions_sorted_by_name(make: Make) -> None:
    estate = load(make(PAYMENTS), QUICK)
    assert names(estate) == ["payments", "payments/api", "payments/web"]
    assert [str(one.where) for one in estate.definitions] == ["payments/jobs.py:5"] + [
        "payments/jobs.py:7"
    ] * 2
    assert [one.root for one in estate.definitions][1:] == ["project", "project"]
    assert "<description>Builds api</description>" in estate.definitions[1].document
    assert estate.definitions[1].document.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<project>')
    assert estate.files == 2
    assert estate.isolation.startswith("plain process: ")
    assert estate.warnings == ()


def test_definitions_are_handed_over_and_not_kept(make: Make) -> None:
    taken: list[Definition] = []
    estate = load(make(PAYMENTS), QUICK, on_definition=taken.append)
    assert estate.definitions == ()
    assert [one.full_name for one in taken] == ["payments", "payments/api", "payments/web"]


def test_renamed_from_and_queue_come_along(make: Make) -> None:
    root = make({"a.py": 'from jobdsl import freestyle\nfreestyle("x", renamed_from="old/x", queue=True)\n'})
    (only,) = load(root, QUICK).definitions
    assert (only.renamed_from, only.queue) == ("old/x", True)


def test_all_problems_of_all_files_are_told_at_once(make: Make) -> None:
    root = make(
        {
            "a.py": 'from jobdsl import freestyle\nfreestyle("a", stepz=[])\nfreestyle("b", desciption="1")\ngone\n',
            "b.py": "def broken(:\n",
            "sub/c.py": "import nowhere\n",
        }
    )
    assert told(root) == [
        "a.py:2: error: freestyle has no argument 'stepz' (did you mean \"steps\"?)",
        "a.py:3: error: freestyle has no argument 'desciption' (did you mean \"description\"?)",
        "a.py:4: error: NameError: name 'gone' is not defined",
        "b.py:1: error: SyntaxError: invalid syntax",
        "sub/c.py:1: error: ModuleNotFoundError: No module named 'nowhere' "
        "(it is neither in the estate nor installed next to jobdsl)",
    ]


def test_an_error_in_a_template_names_the_template_and_the_caller(make: Make) -> None:
    root = make(
        {
            "shared.py": "from jobdsl import freestyle\ndef job(n):\n    freestyle(n, wrong=1)\n    1 / 0\n",
            "jobs.py": 'import shared\n\nshared.job("x")\n',
        }
    )
    wrong, zero = problems(root)
    assert (str(wrong.where), wrong.hint.endswith("; called from jobs.py:3")) == ("shared.py:3", True)
    assert str(zero) == "shared.py:4: error: ZeroDivisionError: division by zero (called from jobs.py:3)"


def test_the_same_problem_in_a_loop_is_told_once(make: Make) -> None:
    loop = "from jobdsl import freestyle\nfor i in range(50):\n    freestyle(str(i), wrong=1)\n"
    assert len(problems(make({"a.py": loop}))) == 1


def test_two_of_a_name_are_told_with_both_lines(make: Make) -> None:
    twice = 'from jobdsl import freestyle\nfreestyle("api")\n\nfreestyle("api")\n'
    assert told(make({"a.py": twice})) == [
        "a.py:4: error: item 'api' is defined twice: here and at a.py:2 (give one another name, or remove it)"
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_two_of_a_name_in_two_directories(make: Make, workers: int) -> None:
    job = 'from jobdsl import freestyle\nfreestyle("/api")\n'
    (only,) = problems(make({"one/a.py": job, "two/b.py": job}), workers=workers)
    assert only.message == "item 'api' is defined twice: here and at one/a.py:2"
    assert str(only.where) == "two/b.py:2"


def test_each_file_runs_once_and_keeps_its_items(make: Make) -> None:
    root = make(
        {
            "a.py": 'from jobdsl import folder\nwith folder("f"):\n    import b\n',
            "b.py": 'from jobdsl import freestyle\njob = freestyle("b")\nprint("ran")\n',
            "c.py": 'from b import job\njob.description = "changed by c"\n',
        }
    )
    estate = load(root, QUICK)
    assert [(one.full_name, str(one.where)) for one in estate.definitions] == [
        ("b", "b.py:2"),
        ("f", "a.py:2"),
    ]
    assert "changed by c" in estate.definitions[0].document
    assert [str(one) for one in estate.warnings] == [
        "b.py:3: warning: the file prints: ran (output of DSL files is discarded)"
    ]


def test_a_file_that_fails_when_imported_is_told_once(make: Make) -> None:
    root = make({"a.py": "import b\n", "b.py": "\nraise ValueError('no')\n", "c.py": "import b\n"})
    assert told(root) == ["b.py:2: error: ValueError: no"]


HANG = Settings(load=LoadSettings(isolation="process", timeout_seconds=20, file_timeout_seconds=1))
LATE = "error: the file runs longer than 1 seconds; this was running"


def test_files_that_hang_are_told_and_all_about_the_others_too(make: Make) -> None:
    root = make(
        {
            "a.py": 'from jobdsl import freestyle\nfreestyle("x")\n',
            "b.py": "while True: pass\n",
            "c.py": 'from jobdsl import freestyle\nfreestyle("x")\n',
            "d.py": "import b\n1/0\n",
            "e.py": "\nwhile True: pass\n",
            "f.py": "1/0\n",
        }
    )
    assert [one.partition(" (")[0] for one in told(root, HANG)] == [
        f"b.py:1: {LATE}",
        "c.py:2: error: item 'x' is defined twice: here and at a.py:2",
        "d.py:2: error: ZeroDivisionError: division by zero",
        f"e.py:2: {LATE}",
        "f.py:1: error: ZeroDivisionError: division by zero",
    ]


def test_an_end_to_patience_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobdsl.loading.supervisor._MOST_DEATHS", 1)
    root = make({f"{name}.py": "import posix\nposix._exit(1)\n" for name in "abcd"})
    assert [one.partition(" (")[0] for one in told(root)] == [
        "error: 2 more files were not evaluated, because these files ended the process",
        "a.py: error: the process that ran the DSL files ended with status 1; this was running",
        "b.py: error: the process that ran the DSL files ended with status 1; this was running",
    ]


def test_an_error_in_what_is_no_dsl_file_names_who_imports_it(make: Make) -> None:
    root = make(
        {
            "lib/one.py": "x = = 1\n",
            "lib/two.py": "1/0\n",
            "a.py": "\nimport lib.one\n",
            "b.py": "import lib.two\n",
        }
    )
    settings = replace(QUICK, files=Files(exclude=("lib/**",)))
    assert told(root, settings) == [
        "lib/one.py:1: error: SyntaxError: invalid syntax (imported from a.py:2)",
        "lib/two.py:1: error: ZeroDivisionError: division by zero (imported from b.py:1)",
    ]


def test_files_that_import_each_other_are_told_the_way_out(make: Make) -> None:
    root = make({"a.py": "from b import y\nx = 1\n", "b.py": "from a import x\ny = 1\n"})
    (only,) = problems(root)
    assert str(only.where) == "b.py:1"
    assert only.hint == "two files import each other: put what both need into a third"


def test_names_that_are_no_module_names_run_too(make: Make) -> None:
    job = "from jobdsl import freestyle\nfreestyle({!r})\n"
    named = ["my-jobs.py", "1.4/release 2.py", "team.a/x.py", "__main__.py", "__init__.py", "class.py"]
    root = make({name: job.format(str(i)) for i, name in enumerate(named)})
    assert len(load(root, QUICK).definitions) == len(named)


def test_python_itself_is_not_broken_by_names_of_files(make: Make) -> None:
    job = "from jobdsl import freestyle\nfreestyle({!r})\n"
    root = make(
        {
            "json.py": job.format("json"),
            "typing.py": job.format("typing"),
            "jinja2/jobs.py": job.format("jinja2"),
            "platform/jobs.py": "from .helpers import name\n" + job.format("platform"),
            "platform/helpers.py": "import json\nname = json.dumps(1)\n",
            "x.py": job.format("x"),
            "x/y.py": job.format("y"),
        }
    )
    assert names(load(root, QUICK)) == ["jinja2", "json", "platform", "typing", "x", "y"]


def test_importing_a_file_with_a_name_of_pythons_is_explained(make: Make) -> None:
    root = make({"json.py": "def mine(): pass\n", "use.py": "from json import mine\n"})
    assert told(root) == [
        "use.py:1: error: ImportError: cannot import name 'mine' from 'json' "
        "(json means Python's own module; rename the estate's 'json' to import from it)"
    ]


def test_misspelled_imports_get_a_suggestion(make: Make) -> None:
    root = make(
        {
            "shared/templates.py": "def service(): pass\n",
            "a.py": "from jobdsl import freestlye\n",
            "b.py": "from shared.tmplates import service\n",
            "c.py": "from shared.templates import servce\n",
            "d.py": "freestyle('x')\n",
        }
    )
    assert [one.hint for one in problems(root)] == [
        'did you mean "freestyle"?',
        'did you mean "templates"?',
        'did you mean "service"?',
        "from jobdsl import freestyle",
    ]


def test_what_is_no_dsl_file_does_not_run(make: Make) -> None:
    root = make(
        {
            **PAYMENTS,
            ".hidden/x.py": "1/0\n",
            "tests/helper.py": "1/0\n",
            "a/test_it.py": "1/0\n",
            "conftest.py": "1/0\n",
            "lib/broken.py": "1/0\n",
        }
    )
    settings = replace(QUICK, files=Files(exclude=(*Files().exclude, "lib/**")))
    assert load(root, settings).files == 2


def test_items_made_while_a_helper_is_imported_belong_to_who_imports_it(make: Make) -> None:
    root = make(
        {"lib/made.py": 'from jobdsl import freestyle\nfreestyle("x")\n', "jobs.py": "\nimport lib.made\n"}
    )
    (only,) = load(root, replace(QUICK, files=Files(include=("*.py",)))).definitions
    assert str(only.where) == "jobs.py:2"


def test_an_estate_without_files_is_an_error(tmp_path: Path) -> None:
    assert "there are no DSL files in" in problems(tmp_path)[0].message
    assert "is not a directory" in problems(tmp_path / "nowhere")[0].message


def test_a_link_out_of_the_estate_is_refused(make: Make, tmp_path: Path) -> None:
    root = make({"a.py": ""})
    (tmp_path / "secret.py").write_text("1/0")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    assert told(root) == [
        "link.py: error: the file is a link that leaves the estate (put the file itself here)"
    ]


def test_an_item_that_cannot_be_written_is_told_at_its_line(make: Make) -> None:
    root = make(
        {"a.py": 'from jobdsl import freestyle\n\nfreestyle("x", description="\\ud800")\nfreestyle("y")\n'}
    )
    (only,) = problems(root)
    assert (str(only.where), only.job) == ("a.py:3", "x")
    assert "U+D800" in only.message


def test_other_kinds_of_definitions_come_with_their_line(make: Make) -> None:
    root = make(
        {"a.py": 'from jobdsl import context\n\ncontext.define("pools", {"name": "heavy", "max": 3})\n'}
    )
    assert load(root, QUICK).extra == {"pools": [{"name": "heavy", "max": 3, "file": "a.py", "line": 3}]}


def test_what_no_json_can_hold_is_no_definition(make: Make) -> None:
    root = make({"a.py": 'from jobdsl import context\ncontext.define("pools", {"name": object()})\n'})
    assert told(root)[0].startswith("a.py:2: error: pools: Object of type object is not JSON serializable")


MANY = {
    f"team{team}/jobs.py": f"""
        from jobdsl import folder, freestyle
        with folder("team{team}"):
            for i in range(20):
                freestyle(f"job-{{i}}")
        """
    for team in range(5)
}


def test_processes_side_by_side_give_the_same(make: Make) -> None:
    root = make(MANY)
    assert load(root, QUICK, workers=3) == load(root, QUICK, workers=1)


def test_groups_that_change_each_others_items_run_as_one(make: Make) -> None:
    root = make(
        {
            "a/jobs.py": 'from jobdsl import freestyle\njob = freestyle("a")\n',
            "b/jobs.py": 'from a.jobs import job\njob.description = "from b"\n',
        }
    )
    assert load(root, QUICK, workers=2) == load(root, QUICK, workers=1)
    assert "from b" in load(root, QUICK, workers=2).definitions[0].document


TEAMS = replace(QUICK, teams=(Team("a", folders=("a",)), Team("b", folders=("b",))))


def test_teams_run_apart(make: Make) -> None:
    root = make({**{f"{team}/jobs.py": f"import sys\nsys.{team} = 1\n" for team in "ab"}, "c.py": "1\n"})
    (root / "b/jobs.py").write_text(
        "import sys\nfrom jobdsl import freestyle\nfreestyle(str(hasattr(sys, 'a')))\n"
    )
    assert names(load(root, TEAMS)) == ["False"]


def test_two_of_a_name_in_two_teams_are_told_whatever_else_is_wrong(make: Make) -> None:
    root = make({f"{team}/jobs.py": 'from jobdsl import freestyle\nfreestyle("/x")\n1/0\n' for team in "ab"})
    assert [one.partition(" (")[0] for one in told(root, TEAMS)] == [
        "a/jobs.py:3: error: ZeroDivisionError: division by zero",
        "b/jobs.py:2: error: item 'x' is defined twice: here and at a/jobs.py:2",
        "b/jobs.py:3: error: ZeroDivisionError: division by zero",
    ]


def test_a_team_cannot_change_another_teams_items(make: Make) -> None:
    root = make(
        {
            "a/jobs.py": 'from jobdsl import freestyle\njob = freestyle("a/x")\n',
            "b/jobs.py": 'from a.jobs import job\njob.description = "from b"\n1/0\n',
        }
    )
    changed, other = told(root, TEAMS)
    assert changed.startswith("a/jobs.py: error: what this file defines is changed by a file of another team")
    assert other.startswith("b/jobs.py:3: error: ZeroDivisionError")


def test_a_team_cannot_pose_as_another(make: Make) -> None:
    root = make(
        {
            "a/jobs.py": "",
            "b/jobs.py": """
                from jobdsl import context
                from jobdsl import errors, freestyle
                job = freestyle("a/x")
                object.__setattr__(job, "where", errors.Where("a/jobs.py", 1))
                """,
        }
    )
    assert load(root, TEAMS).definitions == ()


def test_the_order_of_files_does_not_matter(make: Make) -> None:
    one = load(make({"a.py": "import z\n", "z.py": 'from jobdsl import freestyle\nfreestyle("x")\n'}), QUICK)
    assert [str(d.where) for d in one.definitions] == ["z.py:2"]


def test_same_input_same_bytes(make: Make) -> None:
    root = make(
        {"a.py": 'from jobdsl import freestyle\nfor n in {"a", "b", "c"}:\n    freestyle(n + str(hash(n)))\n'}
    )
    assert load(root, QUICK) == load(root, QUICK)


def test_the_parent_imports_little() -> None:
    wanted = {
        "jobdsl.dsl.jobs",
        "jobdsl.elements.base",
        "jinja2",
        "lxml",
        "requests",
        "jenkins",
        "click",
        "boto3",
    }
    code = f"import sys, jobdsl.loading.load; print(sorted({wanted} & set(sys.modules)))"
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_child_imports_little(make: Make) -> None:
    unwanted = [
        "difflib",
        "hashlib",
        "ipaddress",
        "jobdsl.model",
        "lxml",
        "random",
        "unicodedata",
        "urllib.parse",
    ]
    root = make(
        {
            "a.py": "import sys\nfrom jobdsl import freestyle, params, publish, scm, steps, triggers, wrappers\n"
            f"freestyle('x', description=str([name for name in {unwanted} if name in sys.modules]),"
            " steps=[steps.shell('make')])\n"
        }
    )
    [job] = load(root, QUICK).definitions
    assert "<description>[]</description>" in job.document


@pytest.mark.parametrize("former", ["/old", "a//b", "old/", "..", "a/../b", "."])
def test_a_former_name_that_cannot_be_has_a_line_and_a_reason(make: Make, former: str) -> None:
    root = make({"a.py": f'from jobdsl import freestyle\n\nfreestyle("x", renamed_from="{former}")\n'})
    (problem,) = problems(root)
    assert str(problem.where) == "a.py:3"
    assert "renamed_from takes a full name counted from the top" in problem.message
    if former == "/old":
        assert problem.hint == '"old" would do'
