"""A pool requested: a file that loads, is formatted, and passes the estate's own checks; or nothing at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dynaslave.cli.main import run
from dynaslave.pools.request import source
from dynaslave.pools.watch import read
from jobdsl.cli.main import run as lint
from jobdsl.errors import EstateError

TOML = """
[teams.payments]
folders = ["payments"]

[quotas.teams.payments]
agents = 5
"""
WORDS = (
    "--label",
    "payments linux",
    "--instance-type",
    "c7i.xlarge",
    "--instance-type",
    "c6i.xlarge",
    "--spot",
)


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "payments").mkdir()
    (tmp_path / "jobdsl.toml").write_text(TOML)
    (tmp_path / "payments" / "jobs.py").write_text("from jobdsl import folder\n\nfolder('payments')\n")
    return tmp_path


def request(estate: Path, name: str, *words: str) -> int:
    return run(["request", str(estate), name, *words])


def test_a_request_may_be_the_first_file_of_an_estate(tmp_path: Path) -> None:
    (tmp_path / "jobdsl.toml").write_text(TOML)
    words = ("--team", "payments", "--instance-type", "c7i.xlarge", "--max-agents")
    assert request(tmp_path, "payments-heavy", *words, "6") == 1  # the team may have five
    assert [path.name for path in tmp_path.iterdir()] == ["jobdsl.toml"]
    assert request(tmp_path, "payments-heavy", *words, "5") == 0
    assert [pool.name for pool in read(tmp_path).pools] == ["payments-heavy"]


def test_a_request_is_a_file_that_loads(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--team", "payments", "--max-agents", "4", "--image-name", "agent-*", *WORDS)
    assert request(estate, "payments-heavy", *words) == 0
    said = capsys.readouterr()
    assert 'agent="linux&&payments"' in said.out
    assert "a month" in said.out
    path = estate / "payments" / "pools.py"
    (pool,) = read(estate).pools
    assert (pool.name, pool.team, pool.max_agents, pool.spot) == ("payments-heavy", "payments", 4, "prefer")
    assert str(pool.image) == "agent-* of self"
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--isolated",
        "--line-length",
        "100",
        "--check",
        str(path),
    ]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + path.read_text()


def test_nothing_is_overwritten(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = estate / "payments" / "pools.py"
    path.write_text("# ours\n")
    assert request(estate, "heavy", "--team", "payments", "--max-agents", "1") == 1
    assert path.read_text() == "# ours\n"
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--team", "payments", "--max-agents", "6"), "team payments"),
        (("--team", "paymnts", "--max-agents", "1"), 'did you mean "payments"'),
        (("--team", "payments", "--max-agents", "1", "--file", "shop/pools.py"), "no file of team payments"),
        (("--team", "payments", "--max-agents", "1", "--file", "../pools.py"), "outside the estate"),
        (("--team", "payments", "--max-agents", "1", "--label", "a||b"), "an expression"),
        (("--team", "payments", "--max-agents", "1", "--instance-type", "big"), "no instance type"),
    ],
)
def test_what_would_not_pass_is_not_written(
    estate: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert request(estate, "heavy", *words) == 1
    assert said in capsys.readouterr().err
    assert not list(estate.rglob("*pools*.py"))


def test_a_name_that_is_taken_is_told_with_its_line(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert request(estate, "heavy", "--team", "payments", "--max-agents", "1") == 0
    assert (
        request(estate, "Heavy", "--team", "payments", "--max-agents", "1", "--file", "payments/more.py") == 1
    )
    assert "payments/pools.py:5" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["file", "dangling", "directory"])
def test_a_link_in_the_estate_is_not_followed(
    estate: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    words = ("--team", "payments", "--max-agents", "4", *WORDS)
    inside = estate / "other"
    inside.mkdir()
    (inside / "pools.py").write_text("mine")
    place = estate / "payments" / "pools.py"
    if kind == "directory":
        (estate / "payments" / "jobs.py").unlink()
        (estate / "payments").rmdir()
        (inside / "pools.py").rename(inside / "mine.txt")
        (estate / "payments").symlink_to(inside)
    else:
        place.symlink_to(inside / ("pools.py" if kind == "file" else "none.py"))
    assert request(estate, "payments-heavy", *words) == 1
    assert ("is a link" if kind == "directory" else "is there already") in capsys.readouterr().err
    assert [path.read_text() for path in inside.iterdir()] == ["mine"]


def test_text_is_quoted_whatever_it_is() -> None:
    text = source({"name": '9-it\'s "x"', "max_agents": 1})
    names: dict[str, object] = {}
    code = text.replace("from dynaslave import agent_pool", "agent_pool = lambda name, **_: name")
    exec(compile(code, "pools.py", "exec"), names)
    assert '9-it\'s "x"' in names.values()


def test_a_request_names_its_team_and_its_quota_binds_without_teams(tmp_path: Path) -> None:
    (tmp_path / "jobdsl.toml").write_text("[quotas.teams.payments]\nagents = 5\n")
    words = ("--team", "payments", "--instance-type", "c7i.xlarge", "--max-agents")
    assert request(tmp_path, "payments-heavy", *words, "6") == 1
    assert request(tmp_path, "payments-heavy", *words, "3") == 0
    path = tmp_path / "payments" / "pools.py"
    assert 'team="payments",' in path.read_text()
    (pool,) = read(tmp_path).pools
    assert pool.team == "payments"
    path.write_text(path.read_text().replace("max_agents=3", "max_agents=30").replace('team="payments",', ""))
    with pytest.raises(EstateError) as caught:
        read(tmp_path)
    assert "team payments" in str(caught.value.problems[0])


def test_a_request_says_what_the_pool_lacks_and_takes_the_estates_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert request(tmp_path, "bare", "--max-agents", "2") == 0
    assert "pool 'bare' cannot be launched: EC2 needs image and instance_types" in capsys.readouterr().err
    (tmp_path / "jobdsl.toml").write_text(
        '[pools.defaults]\nimage = "ami-0123456789abcdef0"\ninstance_types = ["c7i.large"]\n'
        'instance_profile = "agents"\n'
    )
    assert request(tmp_path, "whole", "--max-agents", "2") == 0
    assert "cannot be launched" not in capsys.readouterr().err
    assert lint(["lint", str(tmp_path)]) == 0
    assert "0 jobs and 2 pools checked" in capsys.readouterr().err
