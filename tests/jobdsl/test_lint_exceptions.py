"""Exceptions from lint for one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.cli import workflow

SETTINGS = '[teams.shop]\nfolders = ["shop"]\nfiles = ["jobs.py"]\ncredentials = []\n'


def findings(root: Path, *lines: str, settings: str = "") -> list[tuple[int, str, str]]:
    (root / "jobs.py").write_text("from jobdsl import *\n" + "\n".join(lines) + "\n")
    (root / "jobdsl.toml").write_text(settings)
    found = workflow.findings(root, workflow.Access(), "process", None, offline=True)
    return [(one.where.line if one.where else 0, one.severity, one.rule) for one in found.problems]


WARNING = 'freestyle("a", keep=5, steps=[steps.shell("")])'


@pytest.mark.parametrize(
    "comment",
    [
        "# jobdsl: ignore=empty-step",
        "#jobdsl:ignore=empty-step",
        "# the step is made by a plugin  # jobdsl: ignore=empty-step",
        "# jobdsl: ignore = empty-step  # the step is made by a plugin",
    ],
)
def test_a_warning_is_left_out_at_its_line_alone(tmp_path: Path, comment: str) -> None:
    other = WARNING.replace('"a"', '"b"')
    assert findings(tmp_path, WARNING) == [(2, "warning", "empty-step")]
    assert findings(tmp_path, f"{WARNING}  {comment}", other) == [(3, "warning", "empty-step")]


def test_several_rules_stand_in_one_comment(tmp_path: Path) -> None:
    line = 'freestyle("a", steps=[steps.shell("")], publishers=[publish.downstream("none")])'
    assert {rule for _, _, rule in findings(tmp_path, line)} == {"empty-step", "unknown-job"}
    assert findings(tmp_path, f"{line}  # jobdsl: ignore=empty-step, unknown-job") == []


def test_a_call_of_several_lines_has_it_in_its_first(tmp_path: Path) -> None:
    lines = ["freestyle(  # jobdsl: ignore=empty-step", '    "a", steps=[steps.shell("")]', ")"]
    assert findings(tmp_path, *lines) == []


def test_a_loop_has_one_for_all_its_jobs(tmp_path: Path) -> None:
    loop = 'for name in "ab":\n    freestyle(name, steps=[steps.shell("")])'
    assert findings(tmp_path, f"{loop}  # jobdsl: ignore=empty-step") == []


def test_an_error_is_never_left_out(tmp_path: Path) -> None:
    line = 'freestyle("a", triggers=[triggers.cron("H 4 * * *"), triggers.cron("H 5 * * *")])'
    assert findings(tmp_path, f"{line}  # jobdsl: ignore=repeated-trigger") == [
        (2, "error", "repeated-trigger"),
        (2, "note", "unused-exception"),
    ]


def test_policy_is_never_left_out(tmp_path: Path) -> None:
    line = 'freestyle("shop/a", wrappers=[wrappers.ssh_agent("key")])  # jobdsl: ignore=policy,credentials'
    found = findings(tmp_path, line, settings=SETTINGS)
    assert (2, "error", "policy") in found
    assert found.count((2, "warning", "unused-exception")) == 2


def test_an_exception_without_a_warning_is_noted(tmp_path: Path) -> None:
    assert findings(tmp_path, 'freestyle("a")  # jobdsl: ignore=empty-step, emty-step') == [
        (2, "note", "unused-exception"),
        (2, "warning", "unused-exception"),
    ]


def test_what_cannot_be_judged_here_is_not_called_unused(tmp_path: Path) -> None:
    line = 'freestyle("a", agent="gpu")  # jobdsl: ignore=unknown-label, missing-plugin'
    assert findings(tmp_path, line) == []
    assert findings(tmp_path, line, "x = 1 / 0")[0][1] == "error"


def test_a_text_that_only_speaks_of_one_is_none(tmp_path: Path) -> None:
    line = 'freestyle("a", description="# jobdsl: ignore=empty-step")'
    assert findings(tmp_path, line) == []
