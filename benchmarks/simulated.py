"""A SimulatedJenkins in a process of its own, so that its work is not counted as ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Address(NamedTuple):
    """Where it is, and who may ask."""

    url: str
    user: str
    token: str


@contextmanager
def controller() -> Iterator[Address]:
    """A fresh controller, gone when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.simulated"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield Address(*json.loads(child.stdout.readline()))
    finally:
        child.stdin.close()
        child.wait()


def _serve() -> None:
    from jobdsl.testing import SimulatedJenkins

    with SimulatedJenkins() as jenkins:
        print(json.dumps([jenkins.url, jenkins.user, jenkins.token]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve()
