"""Rendering many jobs from one template and a loop, beside the same documents built by hand with lxml.

    python benchmarks/render.py [N]

Both write every document to a file and take its digest, each in a process of its own that is started
for it. Ours does what `jobdsl render` does: DSL files run in a child process behind the strongest
wall of this host. Memory is the peak of all processes of a side together.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobdsl.documents.tree import parse

HERE = Path(__file__).parent
REPEATS = 5
OURS = """
import sys
from pathlib import Path
from jobdsl.cli.workflow import render
rendered = render(Path(sys.argv[1]), Path(sys.argv[2]), None)
print(rendered.estate.isolation.partition(":")[0])
"""


@dataclass(frozen=True)
class Run:
    """One run: seconds of wall clock, peak megabytes of all its processes, what it printed."""

    seconds: float
    megabytes: float
    said: str


def measured(command: list[str]) -> Run:
    """Run a command and watch it."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    watch = _Watch(process.pid)
    watch.start()
    said, _ = process.communicate()
    seconds = time.perf_counter() - start
    watch.stop()
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return Run(seconds, watch.peak / 1024, said.strip())


class _Watch(threading.Thread):
    """Adds up what a process and its children hold, several times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(0.05):
            self.peak = max(self.peak, sum(_kilobytes(pid) for pid in _family(self._pid)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _kilobytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((one for one in status.splitlines() if one.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1])


def same(one: Path, other: Path) -> None:
    """Both sides must have written the same trees."""
    names = sorted(path.name for path in one.glob("*.xml"))
    assert names == sorted(path.name for path in other.glob("*.xml")), "not the same files"
    for name in names[:: max(len(names) // 50, 1)]:
        assert parse((one / name).read_bytes()) == parse((other / name).read_bytes()), name


def main(jobs: int) -> None:
    """Measure both sides in turn and print them."""
    from benchmarks.workload import estate

    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        ours, floor = root / "ours", root / "floor"
        floor.mkdir()
        source = estate(root / "estate", jobs)
        runs = [
            (
                measured([str(HERE / "floor.py"), str(floor), str(jobs)]),
                measured(["-c", OURS, str(source), str(ours)]),
            )
            for _ in range(REPEATS)
        ]
        same(floor, ours)
        lines = len((ours / "service-00000.xml").read_text().splitlines())
    print(f"Rendering {jobs} jobs of {lines} lines from one template and a loop, {runs[0][1].said}")
    for label, side in (("lxml by hand", 0), ("jobdsl", 1)):
        best = min((run[side] for run in runs), key=lambda run: run.seconds)
        print(f"  {label:14} {best.seconds:6.2f} s {best.megabytes:7.0f} MB")
    ratios = sorted(ours.seconds / floor.seconds for floor, ours in runs)
    print(f"  {'ratio':14} {ratios[len(ratios) // 2]:6.2f}   ({', '.join(f'{one:.2f}' for one in ratios)})")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
