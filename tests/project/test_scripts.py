"""Scripts find what they import when they are run by themselves, without the paths that pytest adds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    str(path.relative_to(ROOT)) for folder in ("examples", "docs") for path in (ROOT / folder).glob("*.py")
)
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "__main__")
RUN = """\
import runpy, sys
from pathlib import Path
sys.path[0] = str(Path(sys.argv[1]).parent)  # as `python SCRIPT` does
runpy.run_path(sys.argv[1], run_name="imported")
"""


def run(*arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_imports_what_it_needs(script: str) -> None:
    run("-c", RUN, script)


def test_benchmarks_import_what_they_need() -> None:
    run("-c", "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]",
        *(f"benchmarks.{name}" for name in BENCHMARKS))  # fmt: skip
