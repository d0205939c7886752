"""Calls to AWS that a bake makes, on moto put right (tests/support/images_strict.py)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from bake_world import World, world

LOOKS = {"DescribeInstances", "DescribeImages", "GetConsoleOutput", "DescribeInstanceStatus"}


def bakes() -> dict[str, tuple[int, Callable[[World], Any]]]:
    """The bakes that are counted, one after another in one account, and calls each may make at most."""
    from delivery.bake.request import Smoke

    return {
        "a new image": (35, lambda aws: aws.order()),
        "the same again": (3, lambda aws: aws.order()),
        "and copied to a second region": (16, lambda aws: aws.order(regions=("us-east-1",))),
        "a new one, tried and copied": (
            55,
            lambda aws: aws.order(content=b"#!/bin/sh\n", smoke=Smoke(), regions=("us-east-1",)),
        ),
    }


def main() -> int:
    """Print calls by kind; looks of waits are counted apart, one every 15 s. 1 if there are too many."""
    good = True
    print(f"{'Calls of a bake (engine instance)':<45} calls   at most   of them looks   with moto's time")
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as aws:
        aws.aws()
        for number, (name, (most, order)) in enumerate(bakes().items()):
            aws.calls.clear()
            wanted, begin = order(aws), time.perf_counter()
            aws.bake(wanted, f"bake-{number}")
            counted = Counter(aws.operations())
            looks = sum(counted[one] for one in LOOKS)
            spent = time.perf_counter() - begin
            good = good and sum(counted.values()) <= most
            print(f"{name:<45} {sum(counted.values()):>5}   {most:>7}   {looks:>13}   {spent:>8.2f} s")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
