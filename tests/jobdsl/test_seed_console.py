"""What the seed job prints and archives: no secret, no console note, no line or markup that a name has made.

Jenkins reads `ESC[8mha:` in a build's log as a note, and runs what is packed into it as HTML on the page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jobdsl.cli import main as cli
from jobdsl.testing import SimulatedJenkins

EVIL = "\x1b[8mha:AAAAmh+LCAAAAAAAAP9b85aBtbiIQTGjNKU4P08vOT+vOD8nVc83PyU1x6OyILUoJzMv2y+/JJUBAhiZGBgqihhk0NSjKDWzXb3RdlLBUSYGJk8GtpzUvPSSDB8G5tKinBIGIZ+sxLJE/ZzEvHT94JKizLx0a6BxUmjGOUNodHsLgAz+EgYu/dLi1CL9vNKcHACFIKlWvwAAAA==\x1b[0m\x9b\u202e"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
FORGED = "\nFinished: SUCCESS\nb.py:1: error: forged"
HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SECRET, TOKEN = "hunter2-of-the-estate", "token-of-the-seed"
ESTATE = """
from jobdsl import freestyle, folder, list_view, params, scm, secret, steps, triggers
from dynaslave import agent_pool
EVIL = {evil!r}
pool = agent_pool("pool", label="linux", max_agents=1, instance_types=["c7i.large"], tags={{"x": EVIL[:200]}})
freestyle(
    "job {plain}",
    description=EVIL + {version!r},
    scm=scm.git("https://git.example.com/x.git", branch="b" + EVIL),
    parameters=[params.string("P", EVIL + {version!r}, description=EVIL)],
    steps=[steps.shell("login " + secret("s") + " # " + EVIL + {version!r})],
    agent=pool,
)
list_view("view", description=EVIL + {version!r})
print(EVIL)
"""
WRONG = """
from jobdsl import DslError, freestyle, scm, steps
from dynaslave import agent_pool
EVIL = {evil!r}
freestyle("a" + EVIL)
freestyle("b", agent="&& " + EVIL, triggers=[EVIL])
freestyle("c", nonsense=EVIL, **{{EVIL: 1}})
agent_pool("p" + EVIL, label="l" + EVIL, max_agents=EVIL, instance_types=[EVIL], team=EVIL)
raise DslError(EVIL, hint=EVIL)
"""


def check(text: str) -> None:
    """Check text that Jenkins shows in a build's log."""
    assert HOSTILE.search(text) is None, ascii(HOSTILE.search(text))
    assert "[8mha:" not in text or "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith(("Finished:", "b.py:1:"))]
    assert SECRET not in text
    assert TOKEN not in text


def check_page(text: str) -> None:
    """Check a page that Jenkins serves."""
    assert HOSTILE.search(text) is None
    assert not re.search("<(script|img)", text, re.IGNORECASE)
    assert SECRET not in text
    assert TOKEN not in text


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    code = cli.run(list(arguments))
    printed = capsys.readouterr()
    check(printed.out)
    check(printed.err)
    return code


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "estate"
    root.mkdir()
    (root / "jobdsl.toml").write_text('secrets = "../secrets.json"\n')
    (tmp_path / "secrets.json").write_text(json.dumps({"s": SECRET}))
    monkeypatch.chdir(root)
    return root


def test_a_run_that_changes_jobs_shows_nothing_that_is_obeyed(
    estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SimulatedJenkins(token=TOKEN) as jenkins:
        monkeypatch.setenv("JENKINS_URL", jenkins.url)
        monkeypatch.setenv("JENKINS_USER", jenkins.user)
        monkeypatch.setenv("JENKINS_TOKEN", TOKEN)
        for version in ("1", "2"):
            plain = "'a' b" if version == "1" else "'a' c"  # the first is removed by the second run
            text = ESTATE.format(evil=EVIL + MARKUP + FORGED, version=version, plain=plain)
            (estate / "jobs.py").write_text(text)
            run(capsys, "lint", ".", "--junit", str(tmp_path / "lint.xml"))
            run(capsys, "plan", ".", "--write", str(tmp_path / "plan.md"))
            written = [f"--write={tmp_path}/plan.{kind}" for kind in ("html", "md", "json")]
            assert run(capsys, "apply", ".", "--yes", *written) == 0
            check_page((tmp_path / "plan.html").read_text("utf-8"))
            for name in ("plan.md", "lint.xml", "plan.json"):
                check((tmp_path / name).read_text("utf-8"))
            assert "login" in (tmp_path / "plan.html").read_text("utf-8")
            assert SECRET in jenkins.config(f"job {plain}"), "which is where it belongs"


def test_a_run_that_finds_errors_shows_nothing_that_is_obeyed(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "jobs.py").write_text(WRONG.format(evil=EVIL + MARKUP + FORGED))
    assert run(capsys, "lint", ".", "--junit", str(tmp_path / "lint.xml")) == 1
    check((tmp_path / "lint.xml").read_text("utf-8"))


@pytest.mark.parametrize("place", ["file", "folder"])
def test_names_of_files_show_nothing_that_is_obeyed(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    name = (EVIL[:40] + MARKUP[:30]).replace("/", "") + FORGED
    path = estate / (f"{name}.py" if place == "file" else f"{name}/jobs.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "from jobdsl import freestyle\nfreestyle('x', nonsense=1)\nfreestyle('y', agent='&&')\n1/0\n"
    )
    run(capsys, "lint", ".", "--junit", str(tmp_path / "lint.xml"))
    run(capsys, "render", ".", "--out", str(tmp_path / "out"))
    if (tmp_path / "lint.xml").exists():
        check((tmp_path / "lint.xml").read_text("utf-8"))
