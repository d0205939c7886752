"""The bad hour of the examples: nothing is lost, and the log explains it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parent.parent / "examples" / "incident_demo.py"
EXPLAINED = (
    "trouble  manager=main  text=could not be seen",
    "trouble over",
    "reason=interruption: spot interruption",
    "All 12 builds succeeded",
    "InstanceType: m5.large -> m6i.xlarge",
    "group: shop-v001, min/desired/max 0/14/28",
    "off: shop-v000 out of traffic",
    "canary-traffic: shop-v002 takes traffic: 6%",
    "grow: shop-v002 to 14 instances",
    "taking the lock over from promote",
    "mark: shop-v002 is rolled back: 5xx after the canary",
    "settle: shop-v001 is active",
    "error: the lock of shop was lost to rollback",
)
"""What the log says, in this order."""


def test_nothing_is_lost_and_the_log_explains_it() -> None:
    done = subprocess.run([sys.executable, str(DEMO)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    places = [done.stdout.find(text) for text in EXPLAINED]
    assert -1 not in places, EXPLAINED[places.index(-1)]
    assert places == sorted(places)
    assert "Traceback" not in done.stdout + done.stderr
