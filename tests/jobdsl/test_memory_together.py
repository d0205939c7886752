"""`load.memory_mb` bounds all processes of a load together, behind every wall."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from walls import WALLS, required

from jobdsl.loading.collector import LoadError
from jobdsl.loading.groups import grouped
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings, Team

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

NAMES = ("a", "b", "c", "d")
TEAMS = tuple(Team(name, folders=(name,)) for name in NAMES)
JOB = "from jobdsl import freestyle\nfreestyle('{team}/x')\n"
MUCH = "much = [b'x' * (1 << 20) for _ in range({megabytes})]\n"
ENDLESS = "much = []\nwhile True:\n    much.append(b'x' * (1 << 20))\n"


@pytest.fixture(params=WALLS)
def wall(request: pytest.FixtureRequest) -> str:
    return required(request.param)


def settings(memory_mb: int, *, teams: bool = True) -> Settings:
    limits = LoadSettings(timeout_seconds=60, memory_mb=memory_mb, workers=len(NAMES))
    return Settings(load=limits, teams=TEAMS if teams else ())


def write(root: Path, **texts: str) -> None:
    for team in NAMES:
        (root / team).mkdir()
        (root / team / "jobs.py").write_text(JOB.format(team=team) + texts.get(team, ""))


class Watch(threading.Thread):
    """Measures the memory of all processes below this one, as often as it can."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most_mb = self.most_processes = 0
        self._others = set(children(os.getpid()))  # of other tests
        self.ended = False

    def run(self) -> None:
        while not self.ended:
            sizes = [
                size
                for process in children(os.getpid())
                if process not in self._others and (size := anonymous_kb(process))
            ]
            self.most_mb = max(self.most_mb, sum(sizes) >> 10)
            self.most_processes = max(self.most_processes, sum(size > 8192 for size in sizes))
            time.sleep(0.005)

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.join()


def children(process: int) -> list[int]:
    """List all processes below one."""
    try:
        texts = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return []
    own = [int(child) for text in texts for child in text.split()]
    return own + [deeper for child in own for deeper in children(child)]


def anonymous_kb(process: int) -> int:
    """Return the memory of a process that is no file's."""
    try:
        if Path(f"/proc/{process}/cmdline").read_bytes() == Path("/proc/self/cmdline").read_bytes():
            return 0  # forked, and about to become another program: its memory is that of the tests
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))


def test_all_processes_together_stay_below_the_limit(tmp_path: Path, wall: str) -> None:
    write(tmp_path, a=ENDLESS, b=ENDLESS)
    with Watch() as watch, pytest.raises(LoadError) as caught:
        load(tmp_path, settings(512), isolation=wall)
    assert 400 < watch.most_mb <= 512
    assert [str(problem.where) for problem in caught.value.problems] == ["a/jobs.py:5", "b/jobs.py:5"]
    assert {problem.message for problem in caught.value.problems} == {
        "the file needs more memory than it may have"
    }


def test_a_team_that_needs_more_than_its_share_runs_alone(tmp_path: Path, wall: str) -> None:
    write(tmp_path, b=MUCH.format(megabytes=400), c=MUCH.format(megabytes=410))
    with Watch() as watch:
        estate = load(tmp_path, settings(512), isolation=wall)
    assert [definition.full_name for definition in estate.definitions] == [f"{team}/x" for team in NAMES]
    assert 400 < watch.most_mb <= 512


def test_one_that_needs_too_much_stops_no_other(tmp_path: Path, wall: str) -> None:
    write(tmp_path, b=ENDLESS, c=MUCH.format(megabytes=400))
    with pytest.raises(LoadError) as caught:
        load(tmp_path, settings(512), isolation=wall)
    assert [str(problem.where) for problem in caught.value.problems] == ["b/jobs.py:5"]
    names = [definition.full_name for definition in caught.value.estate.definitions]
    assert names == [f"{team}/x" for team in NAMES]


@pytest.mark.parametrize(
    "how", ["raise MemoryError", "raise ValueError from MemoryError()", "import os\nos.abort()"]
)
def test_what_looks_like_a_lack_of_memory_is_reported_once(tmp_path: Path, how: str) -> None:
    write(tmp_path, b=how + "\n")
    with pytest.raises(LoadError) as caught:
        load(tmp_path, settings(512))
    (problem,) = caught.value.problems
    assert problem.where is not None
    assert problem.where.file == "b/jobs.py"
    names = [definition.full_name for definition in caught.value.estate.definitions]
    assert names == [f"{team}/x" for team in NAMES]


FORGED = """
import gc, json, io, struct
for candidate in gc.get_objects():
    if type(candidate).__name__ == "Guard":
        candidate._on = False
frame = json.dumps(["short"]).encode()
for descriptor in range(3, 20):
    try:
        io.FileIO(descriptor, "w", closefd=False).write(struct.pack(">II", len(frame), 0) + frame)
    except OSError:
        pass
"""


@pytest.mark.parametrize("teams", [True, False])
def test_what_a_file_forges_of_its_memory_is_reported(tmp_path: Path, teams: bool) -> None:
    write(tmp_path, b=FORGED)
    with pytest.raises(LoadError) as caught:
        load(tmp_path, settings(512, teams=teams))
    assert "b/jobs.py: error: the DSL files returned invalid data: its parts are out of order" in [
        str(problem).partition(" (")[0] for problem in caught.value.problems
    ]


def test_without_teams_one_process_has_all_the_memory(tmp_path: Path) -> None:
    write(tmp_path, b=MUCH.format(megabytes=400))
    seen: list[str] = []
    with Watch() as watch:
        load(
            tmp_path,
            settings(512, teams=False),
            on_definition=lambda definition: seen.append(definition.full_name),
        )
    assert seen == [f"{team}/x" for team in NAMES]
    assert 400 < watch.most_mb <= 512


@pytest.mark.parametrize(
    ("memory_mb", "at_once"), [(64, 1), (256, 1), (511, 1), (512, 2), (1024, 4), (1 << 20, 4)]
)
@pytest.mark.parametrize("teams", [True, False])
def test_no_more_run_at_once_than_have_room(
    tmp_path: Path, memory_mb: int, at_once: int, teams: bool
) -> None:
    write(tmp_path)
    files = [f"{team}/jobs.py" for team in NAMES]
    groups = grouped(tmp_path, files, settings(memory_mb, teams=teams), len(NAMES))
    assert groups.at_once == at_once
    assert sorted(groups.files) == files


def test_the_least_memory_is_enough_for_a_plain_estate(tmp_path: Path, wall: str) -> None:
    write(tmp_path)
    assert len(load(tmp_path, settings(64), isolation=wall).definitions) == len(NAMES)
