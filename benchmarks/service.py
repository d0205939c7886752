"""A new service, from nothing to deployed in test on the demo stack: lines, commands, seconds."""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "examples"))
from demo_stack import Stack
from service_demo import CHAIN, LINES, MORE

LINES_ALLOWED = 5


def main() -> int:
    """Print the table; 1 if a new service takes more lines than it may, or does not get there."""
    with tempfile.TemporaryDirectory(prefix="jobdsl-bench-") as place, Stack(Path(place)) as stack:
        text = LINES.format(repo=str(stack.repo), more=MORE)
        (stack.estate / "jobs.py").write_text(text, "utf-8")
        lines = len([line for line in text.splitlines() if line.strip()])
        marks = [("jobdsl apply", time.monotonic())]
        stack.apply()
        stack.push()
        good = True
        for job in CHAIN:
            marks.append((job, time.monotonic()))
            good = stack.wait(job, 1).result == "SUCCESS" and good
        marks.append(("", time.monotonic()))
        good = good and stack.says("hello-test") == {"hello-test-v000": ["hello, world"] * 2}
    print("A new service, from nothing to deployed in test (demo stack: AWS and controller simulated)")
    print(f"  {'lines its user writes':38} {lines:7}     (at most {LINES_ALLOWED})")
    print(f"  {'commands':38} {1:7}     jobdsl apply")
    for (name, since), (_, until) in pairwise(marks):
        print(f"  {name:38} {until - since:7.1f} s")
    print(f"  {'in all':38} {marks[-1][1] - marks[0][1]:7.1f} s   {'healthy' if good else 'NOT healthy'}")
    return 0 if good and lines <= LINES_ALLOWED else 1


if __name__ == "__main__":
    raise SystemExit(main())
