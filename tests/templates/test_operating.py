"""The files that come along for operators speak of what there is: options, metrics, units."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from dynaslave.cli.main import cli
from dynaslave.manager.metrics import Metrics

HERE = Path(__file__).parents[2] / "docs" / "operating"


def test_the_dashboard_asks_for_metrics_there_are() -> None:
    dashboard = json.loads((HERE / "grafana.json").read_text())
    known = set()
    for metric in Metrics().registry.collect():
        known |= {metric.name, f"{metric.name}_total", f"{metric.name}_bucket", f"{metric.name}_count"}
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"dynaslave_\w+", target["expr"]))
    assert asked
    assert asked <= known
    for name in ("build_wait_seconds_bucket", "boot_seconds_bucket", "launch_failures_total"):
        assert f"dynaslave_{name}" in asked
    assert "dynaslave_interruptions_total" in asked
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("unit", sorted(HERE.glob("*.service")), ids=lambda path: path.name)
def test_units_start_a_manager_with_options_there_are(unit: Path) -> None:
    text = unit.read_text()
    words = shlex.split(re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)[0])
    assert words[0].endswith("/dynaslave")
    command = cli.commands[words[1]]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    assert "KillMode=process" in text or "local" not in words
