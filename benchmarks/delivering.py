"""Calls to AWS that a bake makes, on moto with what it leaves out put right (tests/images_strict.py)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from bake_world import World, world

LOOKS = {"DescribeInstances", "DescribeImages", "GetConsoleOutput", "DescribeInstanceStatus"}


def bakes() -> dict[str, Callable[[World], Any]]:
    """The bakes that are counted, one after another in one account."""
    from delivery.bake.order import Smoke

    return {
        "a new image": lambda aws: aws.order(),
        "the same again": lambda aws: aws.order(),
        "and copied to a second region": lambda aws: aws.order(regions=("us-east-1",)),
        "a new one, tried and copied": lambda aws: aws.order(
            content=b"#!/bin/sh\n", smoke=Smoke(), regions=("us-east-1",)
        ),
    }


def main() -> None:
    """Print calls by kind; looks of waits are counted apart, one every 15 s of them."""
    print("Calls of a bake (engine instance)             calls   of them looks   own time (moto's included)")
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as aws:
        aws.aws()
        for number, (name, order) in enumerate(bakes().items()):
            aws.calls.clear()
            wanted, begin = order(aws), time.perf_counter()
            aws.bake(wanted, f"bake-{number}")
            counted = Counter(aws.operations())
            looks = sum(counted[one] for one in LOOKS)
            spent = time.perf_counter() - begin
            print(f"{name:<45} {sum(counted.values()):>5}   {looks:>13}   {spent:>8.2f} s")


if __name__ == "__main__":
    main()
