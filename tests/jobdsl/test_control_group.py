"""The control group of a load: where it is made, that nothing of it is left, and that the kernel keeps to it.

The first half runs on a tree of files that behaves as the kernel's, the second on the kernel's own where the
host lets us make one.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from walls import WALLS, required

import jobdsl.loading.load
from jobdsl.errors import EstateError
from jobdsl.isolation import controlgroup
from jobdsl.isolation.controlgroup import control_group
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings, Team

pytestmark = pytest.mark.slow

FILES = (
    "cgroup.procs",
    "cgroup.subtree_control",
    "memory.max",
    "memory.swap.max",
    "memory.events",
    "pids.max",
)


class Tree:
    """Control groups as the kernel shows them, in files."""

    def __init__(self, root: Path) -> None:
        self.root, self.delegated = root, set[Path]()
        self.calls = self.fails_at = 0
        root.mkdir()
        self.add(root, memory=False)

    def add(self, group: Path, *, memory: bool) -> Path:
        group.mkdir(exist_ok=True)
        for name in FILES:
            (group / name).write_text("max\n" if name == "memory.max" else "")
        (group / "cgroup.controllers").write_text(
            "cpu memory pids" if memory or group == self.root else "cpu"
        )
        return group

    def enable(self, group: Path) -> None:
        (group / "cgroup.subtree_control").write_text("memory pids")

    def groups(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_dir())

    def members(self, group: Path) -> list[str]:
        return (group / "cgroup.procs").read_text().split()

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            raise OSError(errno.EACCES, "it does not want to")

    def mkdir(self, path: Path) -> None:
        self._call()
        self.add(path, memory=True)

    def rmdir(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(path)
        if self.members(path) or any(child.is_dir() for child in path.iterdir()):
            raise OSError(errno.EBUSY, "in use")
        for file in path.iterdir():
            file.unlink()
        path.rmdir()

    def write(self, path: Path, text: str) -> None:
        self._call()
        if not path.exists():
            raise FileNotFoundError(path)
        group = path.parent
        if path.name == "cgroup.subtree_control":
            given = set(path.read_text().split())
            for word in text.split():
                if word[0] == "+" and group != self.root and self.members(group):
                    raise OSError(errno.EBUSY, "it has processes of its own")
                given = given | {word[1:]} if word[0] == "+" else given - {word[1:]}
            path.write_text(" ".join(sorted(given)))
        elif path.name == "cgroup.procs":
            if group != self.root and (group / "cgroup.subtree_control").read_text():
                raise OSError(errno.EBUSY, "it gives its memory to others")
            for other in self.root.rglob("cgroup.procs"):
                members = [one for one in other.read_text().split() if one != str(os.getpid())]
                other.write_text("\n".join(members))
            path.write_text(str(os.getpid()))
        else:
            path.write_text(text)

    def getxattr(self, path: Path, name: str) -> bytes:
        if path in self.delegated and name == "user.delegate":
            return b"1"
        raise OSError(errno.ENODATA, "none")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    made = Tree(tmp_path / "cgroup")
    own = made.add(made.root / "unit", memory=True)
    (own / "cgroup.procs").write_text(str(os.getpid()))
    names = {name: getattr(os, name) for name in dir(os)}
    changed = {"mkdir": made.mkdir, "rmdir": made.rmdir, "getxattr": made.getxattr}
    monkeypatch.setattr(controlgroup, "os", SimpleNamespace(**names | changed))
    monkeypatch.setattr(controlgroup, "_write", made.write)
    monkeypatch.setattr(controlgroup, "_ROOT", made.root)
    monkeypatch.setattr(controlgroup, "_SYSTEMD", tmp_path)
    monkeypatch.setattr(controlgroup, "_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(controlgroup, "_PATIENCE", 0.05)
    (tmp_path / "membership").write_text("1:name=systemd:/other\n0::/unit\n")
    return made


def place(tree: Tree) -> str | None:
    """Make a control group, see that it limits what it must, and say where it is."""
    with control_group(64, 8) as group:
        if group is None:
            return None
        assert (group.path / "memory.max").read_text() == str(64 << 20)
        assert (group.path / "memory.swap.max").read_text() == "0"
        assert (group.path / "pids.max").read_text() == "8"
        assert group.kills() == 0
        (group.path / "memory.events").write_text("max 5\noom 2\noom_kill 3\n")
        assert group.kills() == 3
        parent = str(group.path.parent.relative_to(tree.root))
    assert not [name for name in tree.groups() if "jobdsl" in name]
    return parent


def test_below_a_control_group_that_gives_its_memory(tree: Tree) -> None:
    tree.enable(tree.root / "unit")
    assert place(tree) == "unit"


def test_below_the_root(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("0::/\n")
    assert place(tree) == "."


def test_next_to_the_part_of_a_unit_that_the_command_is_in(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("0::/unit/part\n")
    part = tree.add(tree.root / "unit/part", memory=True)
    tree.write(part / "cgroup.procs", "0")
    assert place(tree) is None  # it is not ours
    tree.delegated.add(tree.root / "unit")
    assert place(tree) == "unit"
    (part / "memory.max").write_text("1000000")
    assert place(tree) is None  # the load would leave this limit


def test_in_a_delegated_unit_with_no_other_process(tree: Tree) -> None:
    unit = tree.root / "unit"
    assert place(tree) is None
    tree.delegated.add(unit)
    assert place(tree) == "unit"
    assert tree.members(unit) == [str(os.getpid())]
    assert (unit / "cgroup.subtree_control").read_text() == ""
    (unit / "cgroup.procs").write_text(f"{os.getpid()}\n1\n")
    assert place(tree) is None
    assert tree.groups() == ["unit"]


@pytest.mark.parametrize(
    "text", ["", "0::/../elsewhere\n", "4:memory:/\n", "0::/deleted (deleted)\n"], ids=repr
)
def test_none_where_there_is_no_place(tree: Tree, tmp_path: Path, text: str) -> None:
    (tmp_path / "membership").write_text(text)
    assert place(tree) is None


def test_none_without_the_memory_controller(tree: Tree) -> None:
    tree.enable(tree.root / "unit")
    (tree.root / "cgroup.controllers").write_text("cpu hugetlb")
    assert place(tree) is None


@pytest.mark.parametrize("fails_at", range(1, 15))
@pytest.mark.parametrize("prepared", ["enabled", "alone"])
def test_nothing_is_left_where_making_it_fails_half_way(tree: Tree, fails_at: int, prepared: str) -> None:
    unit = tree.root / "unit"
    if prepared == "enabled":
        tree.enable(unit)
    else:
        tree.delegated.add(unit)
    tree.fails_at = fails_at
    with control_group(64, 8) as group:
        if group is not None:  # it was not needed: swap, the number of processes
            assert (group.path / "memory.max").read_text() == str(64 << 20)
    left = [name for name in tree.groups() if "load" in name]
    assert left == []
    # what fails on the way back leaves the command where it is; the next one starts from there
    assert len(tree.groups()) == 1 or prepared == "alone"


def test_loads_at_once_have_one_each(tree: Tree) -> None:
    tree.enable(tree.root / "unit")
    with control_group(64, 8) as first, control_group(64, 8) as second:
        assert first is not None
        assert second is not None
        assert first.path != second.path
        assert first.path.exists()  # the second takes none away that is in use


def test_one_that_a_killed_command_left_is_removed(tree: Tree) -> None:
    unit = tree.root / "unit"
    tree.enable(unit)
    stale = tree.add(unit / "jobdsl-load-1-0", memory=True)
    other = tree.add(unit / "jobdsl", memory=True)
    with control_group(64, 8):
        assert not stale.exists()
        assert other.exists()


def test_a_process_that_does_not_end_is_no_error(tree: Tree) -> None:
    tree.enable(tree.root / "unit")
    with control_group(64, 8) as group:
        assert group is not None
        (group.path / "cgroup.procs").write_text("0")  # of another process namespace: not ours to kill
    assert group.path.exists()


# On the kernel's own


@pytest.fixture
def possible() -> None:
    with control_group(64, 8) as group:
        if group is None:
            pytest.skip("no control group can be made on this host")


@pytest.fixture(params=WALLS)
def wall(request: pytest.FixtureRequest) -> str:
    return required(request.param)


JOB = "from jobdsl import freestyle\nfreestyle('{team}/x')\n"
TEAMS = tuple(Team(name, folders=(name,)) for name in ("a", "b"))


def write(root: Path, **texts: str) -> Settings:
    for team in TEAMS:
        (root / team.name).mkdir()
        (root / team.name / "jobs.py").write_text(JOB.format(team=team.name) + texts.get(team.name, ""))
    return Settings(load=LoadSettings(memory_mb=512, timeout_seconds=60), teams=TEAMS)


def watched(run: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Run a load, and return the limit of its control group with the number of processes in it."""
    paths: list[Path] = []
    make = controlgroup._make

    def remembered(*arguments: object) -> controlgroup.ControlGroup:
        group = make(*arguments)  # type: ignore[arg-type]
        paths.append(group.path)
        return group

    monkeypatch.setattr(controlgroup, "_make", remembered)
    seen: set[tuple[str, int]] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for path in paths:
                limit = controlgroup._text(path / "memory.max").strip()
                seen.add((limit, len(controlgroup._words(path / "cgroup.procs"))))
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        run()
    finally:
        done.set()
        thread.join()
    assert paths
    assert not any(path.exists() for path in paths)
    return seen


@pytest.mark.usefixtures("possible")
def test_processes_of_a_load_are_in_it(tmp_path: Path, wall: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write(tmp_path, a="import time\ntime.sleep(0.5)\n", b="import time\ntime.sleep(0.5)\n")
    seen = watched(lambda: load(tmp_path, settings, isolation=wall), monkeypatch)
    assert max(number for limit, number in seen if limit == str(512 << 20)) >= 1


@pytest.mark.usefixtures("possible")
def test_the_kernel_ends_what_uses_more(tmp_path: Path, wall: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write(tmp_path, b="much = []\nwhile True:\n    much.append(b'x' * (1 << 20))\n")
    monkeypatch.setattr(
        jobdsl.loading.load, "control_group", lambda _, processes: control_group(96, processes)
    )
    with pytest.raises(EstateError) as caught:
        watched(lambda: load(tmp_path, settings, isolation=wall), monkeypatch)
    assert [str(problem).partition(" (")[0] for problem in caught.value.problems] == [
        "b/jobs.py: error: the DSL files used more than the 512 MB of memory they may have; this was running"
    ]


@pytest.mark.usefixtures("possible")
def test_what_a_killed_command_leaves_is_removed_by_the_next() -> None:
    code = (
        "import os, subprocess, sys\n"
        "from jobdsl.isolation.controlgroup import control_group\n"
        "manager = control_group(64, 8)\n"
        "group = manager.__enter__()\n"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=[group.joining],\n"
        "    preexec_fn=lambda: os.write(group.joining, b'0'))\n"
        "print(group.path, child.pid, flush=True)\n"
        "input()\n"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    path, child = command.stdout.readline().split()
    assert controlgroup._words(Path(path) / "cgroup.procs") == [child]
    command.send_signal(signal.SIGKILL)
    command.communicate()
    assert Path(path).exists()
    with control_group(64, 8):
        assert not Path(path).exists()
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()
