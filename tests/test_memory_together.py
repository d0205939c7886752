"""All processes of a load share what memory the host has: the one that uses most ends, the others go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attacks.trials import WALLS, unavailable
from attacks.users import ORDINARY, ROOT

from jobdsl.errors import EstateError
from jobdsl.loading import memory
from jobdsl.loading.gather import LoadError
from jobdsl.loading.load import load
from jobdsl.settings.config import Load, Settings, Team

TEAMS = Settings(
    load=Load(timeout_seconds=30, memory_mb=512, workers=3),
    teams=tuple(Team(name, folders=(name,)) for name in ("a", "b", "c")),
)
JOB = "from jobdsl import freestyle\nfreestyle('{team}/x')\n"
MUCH = "import time\nmuch = [b'x' * (1 << 20) for _ in range(220)]\ntime.sleep({seconds})\n"


@pytest.fixture(params=WALLS)
def wall(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if why := unavailable(name, ROOT if os.geteuid() == 0 else ORDINARY):
        pytest.skip(f"no {name} on this host: {why}")
    return name


def write(root: Path, seconds: float, others: float) -> None:
    for team in ("a", "b", "c"):
        (root / team).mkdir()
        more = MUCH.format(seconds=seconds) if team == "a" else f"import time\ntime.sleep({others})\n"
        (root / team / "jobs.py").write_text(JOB.format(team=team) + more)


def test_the_one_that_uses_most_ends_and_the_others_go_on(
    tmp_path: Path, wall: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "budget_mb", lambda _: 200.0)
    write(tmp_path, 25, 5)
    with pytest.raises(EstateError) as caught:
        load(tmp_path, TEAMS, isolation=wall)
    assert isinstance(caught.value, LoadError)
    (problem,) = caught.value.problems
    assert str(problem.where) == "a/jobs.py"
    assert "MB together, more than the 200 MB" in problem.message
    assert [definition.full_name for definition in caught.value.estate.definitions] == ["b/x", "c/x"]


def test_what_fits_is_left_alone(tmp_path: Path, wall: str) -> None:
    write(tmp_path, 0.5, 0.1)
    names = [definition.full_name for definition in load(tmp_path, TEAMS, isolation=wall).definitions]
    assert names == ["a/x", "b/x", "c/x"]


def test_the_budget_is_never_less_than_one_process_may_use() -> None:
    assert memory.budget_mb(1 << 30) == 1 << 30
    assert memory.budget_mb(1) > 1


def test_memory_is_that_of_a_process_and_all_below_it() -> None:
    before = memory.used_mb(os.getpid())
    held = bytearray(b"x" * (64 << 20))
    assert memory.used_mb(os.getpid()) - before > 32, len(held)
    assert memory.used_mb(0) == 0


@pytest.mark.parametrize(
    ("limit", "current", "left"),
    [("max\n", "5\n", None), ("8388608\n", "4194304\n", 4.0), ("", "", None), ("1\n", "2\n", 0)],
)
def test_a_control_group_says_what_is_left(
    tmp_path: Path, limit: str, current: str, left: float | None
) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(current)
    assert memory._left_mb(tmp_path) == left
