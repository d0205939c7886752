"""The tutorial and the pages on templates and tests: every file is written, every command is run."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.settings import load_settings
from jobdsl.cli import main as cli
from jobdsl.testing import SimulatedJenkins, problems, render

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+/?\S*\.(?:py|j2))\n")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a page: their language and their text."""
    for found in BLOCK.finditer((DOCS / page).read_text("utf-8")):
        yield found[1], found[2]


def write(place: Path, text: str) -> str | None:
    """Write a block whose first line names a file; gives the name."""
    found = FILE.match(text)
    if found is None:
        return None
    path = place / found[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return found[1]


def run(words: list[str]) -> str:
    """A command in this process; gives what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        cli.run(words[1:])
    return out.getvalue()


def test_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SimulatedJenkins(token="tutorial") as jenkins:
        monkeypatch.setenv("JENKINS_URL", jenkins.url)
        monkeypatch.setenv("JENKINS_USER", jenkins.user)
        monkeypatch.setenv("JENKINS_TOKEN", jenkins.token)
        commands = 0
        for language, text in blocks("tutorial.md"):
            if language == "python":
                assert write(tmp_path, text), text
            elif language == "console":
                command, _, expected = text.partition("\n")
                got = run(shlex.split(command.removeprefix("$ "))).replace(
                    jenkins.url, "http://localhost:8080"
                )
                assert doctest.OutputChecker().check_output(expected, got, doctest.ELLIPSIS), (
                    f"{command}\n{got}"
                )
                commands += 1
    assert commands > 5


def test_the_page_on_builds(tmp_path: Path) -> None:
    assert [name for _, text in blocks("templates-build.md") if (name := write(tmp_path, text))] == [
        "shop.py",
        "branches.py",
        "search.py",
    ]
    assert problems(tmp_path) == []
    documents = render(tmp_path)
    assert len([name for name in documents if name.startswith("shop/")]) == 7
    assert "make check HEAP=8g" in documents["search-release"]
    assert "Ask the search team first" in documents["search-release"]


def test_the_page_on_delivery(tmp_path: Path) -> None:
    (settings,) = [text for language, text in blocks("templates-delivery.md") if language == "toml"]
    (tmp_path / "delivery.toml").write_text(settings)
    assert [name for _, text in blocks("templates-delivery.md") if (name := write(tmp_path, text))] == [
        "shop.py",
        "till.py",
        "search.py",
        "names.py",
        "platform.py",
    ]
    assert problems(tmp_path) == []
    documents = render(tmp_path)
    assert "delivery-report/build-description.txt" in documents["till-test"]
    jobs = sorted(name.removeprefix("shop/") for name in documents if name.startswith("shop/cart"))
    assert jobs == [f"cart-{kind}" for kind in PAGE_JOBS]
    assert "./sign dist/*.deb" in documents["till-main"]
    assert "./scan package" in documents["search-bake"]
    assert "Ask the search team first" in documents["search-production"]
    load_settings(tmp_path / "delivery.toml")


PAGE_JOBS = ("bake", "main", "production", "pull-request", "resume", "rollback", "test")


def test_the_page_on_templates(tmp_path: Path) -> None:
    files = [name for _, text in blocks("templates.md") if (name := write(tmp_path, text))]
    assert len(files) > 7
    assert problems(tmp_path) == []
    documents = render(tmp_path)
    assert "make test HEAP=8g" in documents["search/index"]
    assert "make lint" not in documents["search/index"]
    assert "make lint" in documents["search/query"]
    assert "--service cart" in documents["deploy-cart"]
    assert "<targets>report publish</targets>" in documents["nightly"]


def test_the_error_on_the_page_on_templates(tmp_path: Path) -> None:
    texts = [text for _, text in blocks("templates.md")]
    for text in texts:
        write(tmp_path, text.replace("test=steps.shell(", "tests=steps.shell("))
    (found,) = problems(tmp_path)
    shown = f"{found.where}: {found.severity}: {found.message}\n    {found.hint}\n"
    assert shown in texts


def test_the_page_on_tests(tmp_path: Path) -> None:
    quickstart = ROOT / "examples" / "quickstart" / "jobs.py"
    (tmp_path / "jobs.py").write_text(quickstart.read_text("utf-8"), "utf-8")
    assert [write(tmp_path, text) for language, text in blocks("testing.md") if language == "python"] == [
        "tests/test_estate.py",
        "tests/test_template.py",
        "tests/test_nightly.py",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    for options in (["--update-golden"], []):
        done = subprocess.run([*command, *options], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert "8 passed" in done.stdout


def test_a_seed_job_defined_in_an_estate(tmp_path: Path) -> None:
    (text,) = [text for language, text in blocks("seed.md") if language == "python"]
    (tmp_path / "jobs.py").write_text(text, "utf-8")
    assert problems(tmp_path) == []
    document = render(tmp_path)["jobdsl-seed"]
    assert "jobdsl bootstrap" not in document
    assert "platform@example.com" in document
