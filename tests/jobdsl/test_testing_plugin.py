"""The pytest plugin: the suite of an example runs under plain pytest, and says what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobdsl.testing import Document, Documents

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments"
XML = (
    "<project><builders><hudson.tasks.Shell><command>make</command></hudson.tasks.Shell></builders></project>"
)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "payments"))


def pytest_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_suite_of_an_example_passes_and_its_templates_can_be_imported(suite: Path) -> None:
    done = pytest_in(suite)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


def test_a_changed_template_shows_in_the_golden_documents_until_they_are_written_anew(suite: Path) -> None:
    templates = suite / "shared" / "templates.py"
    templates.write_text(templates.read_text("utf-8").replace("gradlew assemble", "gradlew build"), "utf-8")
    reviewed = ("-k", "as_reviewed")
    failed = pytest_in(suite, *reviewed)
    assert failed.returncode == 1
    assert "--update-golden, if it is meant" in failed.stdout
    assert pytest_in(suite, *reviewed, "--update-golden").returncode == 0
    assert pytest_in(suite, *reviewed).returncode == 0


def test_an_estate_that_does_not_load_fails_with_its_errors(suite: Path) -> None:
    (suite / "payments" / "jobs.py").write_text(
        "from jobdsl import freestyle\nfreestyle('a', step=[])\n", "utf-8"
    )
    failed = pytest_in(suite, "-k", "reviewed")
    assert "payments/jobs.py:2: error: freestyle has no argument 'step'" in failed.stdout
    assert "Traceback" not in failed.stdout


def test_the_estate_is_named_by_a_setting_where_the_tests_are_elsewhere(suite: Path, tmp_path: Path) -> None:
    tests = tmp_path / "checks"
    tests.mkdir()
    (tests / "test_names.py").write_text(
        "def test_names(estate_documents):\n    assert 'payments/wallet' in estate_documents\n", "utf-8"
    )
    without = pytest_in(tests, "--rootdir", str(tmp_path))
    assert "name the estate with the setting jobdsl_estate" in without.stdout
    named = pytest_in(tests, "--rootdir", str(tmp_path), "-o", f"jobdsl_estate={suite.name}")
    assert named.returncode == 0, named.stdout


def test_a_document_is_asked_by_path() -> None:
    document = Document("shop/cart", XML)
    assert document.kind == "project"
    assert document.text("builders/hudson.tasks.Shell/command") == "make"
    assert document.texts("builders/*/command") == ["make"]
    assert "builders/hudson.tasks.Shell" in document
    assert "publishers" not in document
    with pytest.raises(AssertionError, match=r"shop/cart: 0 elements .* below builders: hudson.tasks.Shell"):
        document.text("builders/hudson.tasks.Ant/targets")


def test_a_misspelled_name_is_answered_with_the_one_that_may_be_meant() -> None:
    documents = Documents({"shop/cart": XML})
    assert list(documents) == ["shop/cart"]
    with pytest.raises(KeyError, match='did you mean "shop/cart"'):
        documents["shop/crat"]
