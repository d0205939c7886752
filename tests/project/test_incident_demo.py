"""The bad hour of the examples: nothing is lost, and the log explains it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "examples" / "incident_demo.py"
EXPLAINED = (
    "trouble  manager=main  text=could not be seen",
    "trouble over",
    "kept for builds that were interrupted",
    "reason=interruption: spot interruption",
    "All 12 builds succeeded",
    "InstanceType: m5.large -> m6i.xlarge",
    "group: shop-v001, min/desired/max 0/14/28",
    "off: shop-v000 out of traffic",
    "canary-traffic: shop-v002 takes traffic: 6%",
    "$ delivery resume --cluster shop",
    "shop-v002 did not stay healthy: 1 of 1 healthy: alarms: errors is in alarm",
    "mark: shop-v002 is rolled back",
    "settle: shop-v001 is active",
    "canary-traffic: shop-v003 takes traffic: 6%",
    "grow: shop-v003 to 14 instances",
    "taking the lock over from promote",
    "mark: shop-v003 is rolled back: 5xx after the canary",
    "error: the lock of shop was lost to rollback",
)
"""What the log says, in this order."""


def test_nothing_is_lost_and_the_log_explains_it() -> None:
    done = subprocess.run([sys.executable, str(DEMO)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    at = 0
    for text in EXPLAINED:
        at = done.stdout.find(text, at)
        assert at >= 0, f"{text!r} is not there, or out of order"
    assert "Traceback" not in done.stdout + done.stderr
