"""One run reports everything: load errors, lint, policy and quotas, and an exception ends little more than itself."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jobdsl.cli import workflow
from jobdsl.cli.main import run
from jobdsl.errors import Problem
from jobdsl.loading.statements import Statements
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

Reported = Callable[[Mapping[str, str]], list[str]]


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    """Lint an estate of these files; gives each problem as `file:line: severity: message (hint)`."""

    def lint(files: Mapping[str, str]) -> list[str]:
        write(tmp_path, files)
        return [str(problem) for problem in problems(tmp_path)]

    return lint


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def problems(root: Path) -> list[Problem]:
    return workflow.findings(root, workflow.Access(), "process", None, offline=True).problems


EMPTY = "a Shell step is empty (give it a command, or remove it)"


def test_lint_policy_and_quotas_come_with_what_did_not_load(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "jobdsl.toml": """
                [teams.web]
                folders = ["web"]
                labels = ["linux"]
                files = ["**"]
                [quotas]
                agents = 1
                """,
            "a.py": 'from jobdsl import freestyle\nfreestyle("web/a", stepz=[])\nboom\nfreestyle("web/late", agent="gpu")\n',
            "b.py": 'from jobdsl import freestyle, steps\nfreestyle("web/b", steps=[steps.shell("")])\nfreestyle("api/b")\n',
            "c.py": "def broken(:\n",
            "pools.py": 'from dynaslave import agent_pool\nagent_pool("p", label="linux", max_agents=5, team="web")\n',
        },
    )
    found = [(str(one.where), one.rule, one.message) for one in problems(tmp_path)]
    expected = [
        ("a.py:2", "", "freestyle has no argument 'stepz'"),
        ("a.py:3", "", "NameError: name 'boom' is not defined"),
        ("a.py:4", "policy", "web/late: team web may not use the label 'gpu'"),
        ("b.py:2", "empty-step", "web/b: a Shell step is empty"),
        ("b.py:3", "policy", "api/b: team web may not define this name"),
        ("c.py:1", "", "SyntaxError: invalid syntax"),
    ]
    assert [one for one in expected if one not in found] == []
    assert [place for place, _, message in found if "agents" in message] == ["pools.py:2"]


def test_plan_and_apply_report_them_together_and_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        {
            "a.py": "boom\n",
            "b.py": 'from jobdsl import freestyle, triggers, element\nfreestyle("b", agent="linux &&")\n',
        },
    )
    with SimulatedJenkins() as jenkins:
        monkeypatch.setenv("JENKINS_USER", jenkins.user)
        monkeypatch.setenv("JENKINS_TOKEN", jenkins.token)
        for command in (["plan"], ["apply", "--yes"]):
            assert run([*command, str(tmp_path), "--url", jenkins.url]) == 1
            told = capsys.readouterr().err
            assert "a.py:1: error: NameError: name 'boom' is not defined" in told
            assert "b.py:2: error: b: label 'linux &&'" in told
        assert list(jenkins.items) == []


def test_an_item_whose_arguments_were_refused_is_not_checked_further(reported: Reported) -> None:
    found = reported(
        {
            "a.py": """
            from jobdsl import freestyle, read_file, steps

            broken = steps.shell(comand="make")
            freestyle("one", steps=[broken])
            freestyle("two", steps=[steps.shell("make"), broken])
            freestyle("three", steps=[steps.shell(read_file("missing.sh"))])
            job = freestyle("four", steps=[steps.shell("")])
            job.steps.append("make")
            freestyle("five", steps=[steps.shell("")])
            """
        }
    )
    assert [one for one in found if "is empty" in one] == [f"a.py:10: warning: five: {EMPTY}"]
    assert len(found) == 5


def test_an_exception_ends_its_own_statement_and_what_needs_it(reported: Reported) -> None:
    found = reported(
        {
            "shared.py": """
            from jobdsl import freestyle, steps

            LIMITS = {"web": 30}

            def service(name):
                return freestyle(name, keep=LIMITS[name], steps=[steps.shell("")])
            """,
            "a.py": """
            from jobdsl import folder, freestyle, steps
            from shared import service

            job = service("api")
            job.steps.append(steps.shell("make"))
            other = job
            other.disabled = True
            service("web")
            with folder("team"):
                freestyle("before", steps=[steps.shell("")])
                gone.away()
                freestyle("after", steps=[steps.shell("")])
            if True:
                1 / 0
                freestyle("last", steps=[steps.shell("")])
            """,
        }
    )
    assert found == [
        "a.py:12: error: NameError: name 'gone' is not defined",
        "a.py:15: error: ZeroDivisionError: division by zero",
        "shared.py:7: error: KeyError: 'api' (called from a.py:5)",
        f"a.py:16: warning: last: {EMPTY}",
        f"a.py:13: warning: team/after: {EMPTY}",
        f"a.py:11: warning: team/before: {EMPTY}",
        f"a.py:9: warning: web: {EMPTY[:-1]}; made by shared.py:7)",
    ]


TURN_OF_A_COMPREHENSION = " (in the loop at n = 0)" if sys.version_info < (3, 12) else ""
"""Since Python 3.12 a comprehension runs in its caller's frame, and its variable is gone with it (PEP 709)."""


def test_a_turn_of_a_loop_ends_alone_and_is_named(reported: Reported) -> None:
    found = reported(
        {
            "a.py": """
            from jobdsl import folder, freestyle, steps

            COMMANDS = {"web": "", "db": ""}
            for team in ["pay", "shop"]:
                with folder(team):
                    for name in ["web", "api", "db"]:
                        freestyle(name, steps=[steps.shell(COMMANDS[name])])
            for number, (name, command) in enumerate([("x", "a"), ("y", None)]):
                freestyle(name, steps=[steps.shell(command.upper())])
            jobs = [freestyle(f"z{n}", keep={1: 1, 2: 2}[n]) for n in (2, 1, 0)]
            """
        }
    )
    assert [one for one in found if "error" in one] == [
        "a.py:8: error: KeyError: 'api' (in the loop at team = 'pay', name = 'api')",
        "a.py:8: error: KeyError: 'api' (in the loop at team = 'shop', name = 'api')",
        "a.py:10: error: AttributeError: 'NoneType' object has no attribute 'upper' "
        "(in the loop at number = 1, name = 'y', command = None)",
        f"a.py:11: error: KeyError: 0{TURN_OF_A_COMPREHENSION}",
    ]
    checked = [one.split(": ")[2] for one in found if "is empty" in one]
    assert checked == ["pay/db", "pay/web", "shop/db", "shop/web"]


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "raise KeyboardInterrupt", "raise MemoryError"])
def test_what_ends_the_file_does_so_by_statement_too(reported: Reported, ending: str) -> None:
    found = reported(
        {
            "a.py": f"""
            from jobdsl import freestyle, steps
            boom
            freestyle("x", steps=[steps.shell("")])
            {ending}
            freestyle("y", steps=[steps.shell("")])
            """
        }
    )
    assert sum("is empty" in one for one in found) == 1
    assert sum("error" in one for one in found) == 2


def test_modules_are_made_anew_so_nothing_is_done_twice(reported: Reported) -> None:
    found = reported(
        {
            "registry.py": "NAMES = []\n",
            "pkg/__init__.py": "",
            "pkg/add.py": 'from registry import NAMES\nNAMES.append("job")\nboom\n',
            "use.py": """
            from jobdsl import freestyle, steps
            from pkg import add
            from registry import NAMES
            for name in NAMES:
                freestyle(name, steps=[steps.shell("")])
            """,
        }
    )
    assert found == [
        "pkg/add.py:3: error: NameError: name 'boom' is not defined",
        f"use.py:6: warning: job: {EMPTY}",
    ]


def test_what_a_failed_module_lacks_is_not_reported_again(reported: Reported) -> None:
    found = reported(
        {
            "shared.py": "boom\nvalue = boom\ndef good(): return value\n",
            "bad.py": "def f(:\n",
            "a.py": "from shared import value\nprint(value)\n",
            "b.py": "import shared\nshared.value.x()\n",
            "c.py": "from shared import good\ngood()\n",
            "d.py": "from bad import f\nf()\nunknown\n",
        }
    )
    assert [one for one in found if "error" in one] == [
        "bad.py:1: error: SyntaxError: invalid syntax",
        "d.py:3: error: NameError: name 'unknown' is not defined",
        "shared.py:1: error: NameError: name 'boom' is not defined",
        "shared.py:2: error: NameError: name 'boom' is not defined",
    ]


def test_a_job_that_may_stand_in_what_did_not_load_is_no_error(reported: Reported) -> None:
    found = reported(
        {
            "a.py": 'from jobdsl import freestyle, publish\nfreestyle("a", publishers=[publish.downstream("lost")])\n',
            "b.py": "boom\n",
        }
    )
    assert (
        "a.py:2: warning: a: the downstream job 'lost' is not in the estate (it may be among what did not load)"
        in found
    )


def test_the_lines_of_template_and_caller_come_with_lint_and_policy(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "jobdsl.toml": '[teams.a]\nfiles = ["**"]\nlabels = []\n',
            "shared.py": 'from jobdsl import freestyle, steps\n\ndef job(name):\n    freestyle(name, agent="x", steps=[steps.shell("")])\n',
            "jobs.py": 'import shared\nshared.job("x")\n',
        },
    )
    found = [str(one) for one in problems(tmp_path)]
    assert found == [
        "jobs.py:2: error: x: team a may not use the label 'x' (its labels: none; made by shared.py:4)",
        "jobs.py:2: warning: x: a Shell step is empty (give it a command, or remove it; made by shared.py:4)",
    ]


def test_an_item_that_cannot_be_written_names_both_lines(reported: Reported) -> None:
    found = reported(
        {
            "shared.py": 'from jobdsl import freestyle\n\ndef job(name):\n    freestyle(name).patch("nothing", "x")\n',
            "jobs.py": 'import shared\nshared.job("x")\n',
        }
    )
    (only,) = found
    assert only.startswith("jobs.py:2: error: patch: 'nothing' finds nothing in the document")
    assert "made by shared.py:4" in only


@pytest.mark.parametrize(
    "head",
    [
        "",
        '"""Jobs."""\n',
        '"""Jobs."""\nfrom __future__ import annotations\n',
        "from __future__ import annotations\n",
    ],
)
def test_a_docstring_and_future_imports_stay_in_front(head: str) -> None:
    statements = Statements(f"{head}x = 1\ny = 2\n".encode(), "jobs.py")
    assert [statements.bound(number) for number in range(len(statements.bodies))] == [{"x"}, {"y"}]
