"""Every mistake of the tables is reported at its line, in words, with a hint; the edit it asks for is accepted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hints import templates
from mistakes import CALLS, PARTS, Row
from mistakes_lint import CRON, LINT
from mistakes_names import NAMES, PYTHON
from mistakes_values import VALUES

from jobdsl.cli import workflow
from jobdsl.errors import Problem

pytestmark = pytest.mark.slow

LOADING = [*CALLS, *VALUES, *PARTS, *NAMES, *PYTHON, *CRON]
ROWS = [*LOADING, *LINT]
NUMBERS = range(len(ROWS))
IMPORT = "from jobdsl import *\n"
OTHERS = {
    "helper.py": "from jobdsl import freestyle\n\n\ndef make(name):\n    return freestyle(name)\n",
    "json.py": "",
    "known.py": 'from jobdsl import folder, freestyle\n\nfreestyle("known-job")\nwith folder("known-folder"):\n    freestyle("inner")\n',
    "script.sh": "make\n",
    "greet.sh.j2": "echo {{ name }}\n",
    "jobdsl.toml": 'secrets = "../secrets.json"\n[controller]\nlabels = ["linux"]\n[pools]\nprovider = "local"\n',
}


def file_of(number: int) -> str:
    return f"row{number:03}.py"


def reported(root: Path, sources: Mapping[int, str]) -> dict[str, list[Problem]]:
    """The problems of an estate with each of the sources in a file of its own, by file."""
    root.mkdir()
    (root.parent / "secrets.json").write_text(json.dumps({"known": "x"}))
    for name, text in OTHERS.items():
        (root / name).write_text(text)
    (root / "latin1.sh").write_bytes(b"echo \xe9\n")
    for number, source in sources.items():
        (root / file_of(number)).write_text(IMPORT + source.replace("JOB", f"job{number}") + "\n")
    problems = workflow.findings(root, workflow.Access(), "process", None, offline=True).problems
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.where.file if problem.where else "", []).append(problem)
    return by_file


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """The problems by file; what does not load stands in an estate apart, as lint then looks nothing up."""
    rows = dict(enumerate(row.source for row in ROWS))
    loading = {number: rows[number] for number in rows if number < len(LOADING)}
    linting = {number: rows[number] for number in rows if number >= len(LOADING)}
    first = reported(tmp_path_factory.mktemp("loading") / "estate", loading)
    return first | reported(tmp_path_factory.mktemp("linting") / "estate", linting)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    return reported(tmp_path_factory.mktemp("right") / "estate", dict(enumerate(map(edited, ROWS))))


def edited(row: Row) -> str:
    source = row.source
    for old, new in row.edits:
        assert old in source, f"{old!r} is not in {source!r}"
        source = source.replace(old, new, 1)
    return source


def test_there_are_mistakes_of_every_kind() -> None:
    assert len(ROWS) > 150
    assert len({row.source for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("number", NUMBERS, ids=[row.source.replace("\n", " ")[:60] for row in ROWS])
def test_a_mistake_is_reported_at_its_line_with_a_hint(number: int, wrong: dict[str, list[Problem]]) -> None:
    row, problems = ROWS[number], wrong.get(file_of(number), [])
    message, hint = (text.replace("JOB", f"job{number}") for text in (row.message, row.hint))
    told = [(one.where.line if one.where else 0, one.message, one.hint) for one in problems]
    assert any(row.line == line and message in text and hint in way for line, text, way in told), told


@pytest.mark.parametrize("number", NUMBERS, ids=[row.source.replace("\n", " ")[:60] for row in ROWS])
def test_what_the_hint_asks_for_is_accepted(number: int, right: dict[str, list[Problem]]) -> None:
    assert [str(one) for one in right.get(file_of(number), [])] == []


ELSEWHERE = {
    "isolation, processes, limits: test_load.py, test_child.py, test_isolation.py, test_limits_of_the_parent.py,"
    " test_memory_together.py": (
        "is it a loop that builds|fix these errors first|more memory than|an endless loop|the limit is |a DSL file only reads its"
        "|each team's files run|install bubblewrap"
    ),
    "files of an estate: test_dslfiles.py, test_leftout.py, test_config.py, test_load.py": (
        "two files import each other|save the file as UTF-8|"
        "rename it|put the file itself|put the directory itself|give its directory|move its settings"
        "|globs are of paths|files.include in|name the directory"
    ),
    "what is installed and on the controller: test_plugins.py, test_pipeline_steps.py, test_lint.py, test_conversions.py": (
        "install the plugin|its plugin has another field|remove the reference|another plugin may bring|install the package|Jenkins drops it silently where|install it, or leave|save it with: curl|define it"
        "|name the file: secrets"
    ),
    "templates, the seed and policy: test_templates_delivery.py, test_seed_jobs.py, test_policy_documents.py": (
        'name the file: install=|like "|without an agent, and with canRoam'
    ),
    "what no DSL file reaches by itself: test_context.py, test_names.py, test_labels.py": (
        "use text, numbers, lists and dicts|a full name has no|leave the label out"
    ),
}
"""Hints of what is not in the source of a DSL file, and where they are tried."""


def test_every_hint_there_is_has_a_row(wrong: dict[str, list[Problem]]) -> None:
    given = "\n".join(problem.hint for problems in wrong.values() for problem in problems)
    elsewhere = re.compile("|".join(ELSEWHERE.values()))
    missing = {
        place: pattern
        for pattern, place in templates().items()
        if not place.startswith("checks/plugins.py")  # they need a controller: test_plugins.py
        and not re.search(pattern, given)
        and not elsewhere.match(pattern.replace("\\", ""))
    }
    assert not missing, "\n".join(f"{place}: {pattern}" for place, pattern in missing.items())
