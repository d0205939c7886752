"""Elements in the layout of older documents, under their usual names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jobdsl
from jobdsl import in_layout
from jobdsl.errors import DslError, EstateError
from jobdsl.loading.load import load

OLD = "-configuredLocalRules"


def test_a_word_of_a_module_has_the_layout() -> None:
    steps = in_layout(jobdsl.steps, shell=OLD)
    assert steps.shell("make") == jobdsl.steps.shell("make", layout=OLD)
    assert steps.shell("make", layout=None) == jobdsl.steps.shell("make")
    assert steps.shell("make", layout="+command") == jobdsl.steps.shell("make", layout="+command")
    assert steps.batch is jobdsl.steps.batch
    assert jobdsl.steps.shell("make").layout is None


def test_a_kind_of_item_has_it() -> None:
    freestyle = in_layout(jobdsl.freestyle, "+actions")
    assert "<actions/>" in freestyle("a").xml
    assert "<actions/>" not in jobdsl.freestyle("a").xml


@pytest.mark.parametrize(
    ("given", "named", "why"),
    [
        ((jobdsl.steps,), {"shel": OLD}, "steps has no 'shel'"),
        ((jobdsl.steps,), {"shell": None}, "a layout is text, not None"),
        ((jobdsl.steps,), {"shell": ""}, "a layout is text, not ''"),
        ((jobdsl.freestyle,), {}, "a layout is text, not None"),
        ((jobdsl.freestyle, 3), {}, "a layout is text, not 3"),
        ((jobdsl.steps,), {"shell": "jjb"}, "the layout of steps.shell does not know 'jjb'"),
        ((jobdsl.steps,), {"shell": "-configuredLocalRule"}, "does not know '-configuredLocalRule'"),
        ((jobdsl.pipeline, "jbb"), {}, "the layout of pipeline does not know 'jbb'"),
        (("steps", OLD), {}, "takes a module of elements or a kind of item, not 'steps'"),
    ],
)
def test_wrong_arguments_are_told(given: tuple[Any, ...], named: dict[str, Any], why: str) -> None:
    with pytest.raises(DslError, match=f"in_layout: .*{why}") as caught:
        in_layout(*given, **named)
    assert "did you mean" in caught.value.hint or not any(word in why for word in ("shel'", "Rule'", "jbb'"))


def test_in_a_file_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "jobdsl.toml").write_text("")
    (tmp_path / "layouts.py").write_text(
        f'import jobdsl\n\nsteps = jobdsl.in_layout(jobdsl.steps, shell="{OLD}")\n'
        'freestyle = jobdsl.in_layout(jobdsl.freestyle, "+actions")\n'
    )
    (tmp_path / "jobs.py").write_text(
        'from layouts import freestyle, steps\n\nfreestyle("a", steps=[steps.shell("make")])\n'
    )
    (one,) = load(tmp_path, isolation="process").definitions
    assert str(one.where) == "jobs.py:3"
    assert "<actions/>" in one.document
    assert "configuredLocalRules" not in one.document
    wrong = (tmp_path / "layouts.py").read_text().replace("shell=", "shel=")
    (tmp_path / "layouts.py").write_text(wrong)
    with pytest.raises(EstateError) as caught:
        load(tmp_path, isolation="process")
    assert [str(problem) for problem in caught.value.problems] == [
        "layouts.py:3: error: in_layout: steps has no 'shel' (did you mean \"shell\"?)"
    ]
