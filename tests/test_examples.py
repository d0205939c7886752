"""Every example loads without a finding, and renders what tests/golden holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jobdsl.testing import problems, render

EXAMPLES = Path(__file__).parent.parent / "examples"
ESTATES = ["fleet", "payments", "platform", "quickstart", "storefront"]


@pytest.mark.parametrize("example", ESTATES)
def test_example_renders_the_golden_documents(
    example: str, golden: Callable[[str, Mapping[str, str]], None]
) -> None:
    golden(example, render(EXAMPLES / example))


@pytest.mark.parametrize("example", ESTATES)
def test_nothing_is_wrong_with_an_example(example: str) -> None:
    assert [str(problem) for problem in problems(EXAMPLES / example)] == []


def test_every_example_is_tested() -> None:
    assert (
        sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir() and one.name[0] not in "._") == ESTATES
    )


def test_the_demo_does_what_it_says() -> None:
    command = [sys.executable, str(EXAMPLES / "demo.py")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Finished: SUCCESS") == 3
    assert "10 of 27 changed" in done.stdout
