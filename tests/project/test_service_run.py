"""A service that really gets from a commit to production: built, baked and deployed by the jobs of its template."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import demo_metrics
from delivery.metrics.declared import queries_of, sources_of
from delivery.metrics.model import SampleWindow, Subject
from delivery.settings.analysis import load_analysis
from demo_metrics import LACKS_PROMETHEUS, duration
from demo_stack import Stack
from service_demo import CHAIN, LINES, MORE, PROMPT, SECOND, SLOWER

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_demo_does_what_it_says() -> None:
    command = [sys.executable, str(EXAMPLES / "service_demo.py")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'Production answers "hello again, world" again' in done.stdout
    good, worse = (Path(line.strip()) for line in done.stdout.splitlines() if line.endswith(".html"))
    assert "pass</span>, score 100" in good.read_text()
    assert "fail</span>, score 0" in worse.read_text()
    shutil.rmtree(good.parent)


@pytest.mark.parametrize("source", ["prometheus", "command"])
def test_the_demo_reads_its_metrics_from_either_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    if source == "prometheus" and LACKS_PROMETHEUS:
        pytest.skip("no prometheus on this machine")
    monkeypatch.setattr(demo_metrics, "LACKS_PROMETHEUS", source == "command")
    subject = Subject(group="hello-v001", side="canary")
    with demo_metrics.metrics(tmp_path, lambda: {"hello-v001": 0.06}) as text:
        (tmp_path / "analysis.toml").write_text(text, "utf-8")
        settings = load_analysis(tmp_path / "analysis.toml")
        begun = time.time()
        time.sleep(11)  # Prometheus looks for targets 5 seconds after it has started
        reader = sources_of(settings, cast(Any, None))[source]
        window = SampleWindow.between(begun + 7, time.time() - 1, 1)
        reading = reader.read(queries_of(settings), subject, window)["latency"]
    values = [value for value in reading.values if value is not None]
    assert len(values) >= 2, reading
    assert all(0.05 < value < 0.08 for value in values)


def test_a_version_that_sleeps_is_slower() -> None:
    assert duration(SLOWER) == pytest.approx(1.2 * duration(PROMPT))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path) as running:
        yield running


def arrives(stack: Stack, number: int = 1) -> None:
    """The version of that number is pushed, and gets to test."""
    stack.push()
    for job in CHAIN:
        build = stack.wait(job, number)
        assert build.result == "SUCCESS", build.console


def ending(build: Any) -> str:
    assert build.result == "SUCCESS", build.console
    outcome: str = json.loads(build.artifacts["deploy.json"])["outcome"]
    return outcome


def canary_up(stack: Stack, **more: Any) -> None:
    """The first version serves in production, and a canary of the second beside it."""
    settings = stack.estate / "delivery.toml"
    canary = "".join(f"{name} = {value}\n" for name, value in {"canary_minutes": 0, **more}.items())
    settings.write_text(settings.read_text("utf-8").replace("[defaults]\n", f"[defaults]\n{canary}"), "utf-8")
    lines = LINES.format(repo=str(stack.repo), more=f'strategy="canary", {MORE}')
    (stack.estate / "jobs.py").write_text(lines, "utf-8")
    stack.apply()
    arrives(stack)
    first = stack.build("hello-production", CHANGE_REQUEST="CHG1", IMAGE="")
    assert ending(first) == "deployed"
    stack.commit("It says hello again", hello=SECOND)
    arrives(stack, 2)
    second = stack.build("hello-production", CHANGE_REQUEST="CHG2", IMAGE="")
    assert ending(second) == "waiting"
    assert "it waits to be promoted, or rolled back" in second.console
    assert sorted(stack.answers()) == ["hello again, world", "hello, world", "hello, world"]


def test_a_canary_is_promoted(stack: Stack) -> None:
    canary_up(stack)
    assert ending(stack.build("hello-promote")) == "deployed"
    assert stack.answers() == ["hello again, world"] * 2


@pytest.mark.thorough
def test_a_canary_is_refused(stack: Stack) -> None:
    canary_up(stack)
    assert ending(stack.build("hello-resume")) == "waiting"
    assert ending(stack.build("hello-rollback", REASON="too friendly", TO="")) == "rolled back"
    assert stack.answers() == ["hello, world"] * 2


@pytest.mark.thorough
def test_a_canary_nobody_decides_on_is_rolled_back(stack: Stack) -> None:
    canary_up(stack, decision_minutes=0.0001)
    done = stack.build("hello-resume")
    assert done.result == "FAILURE", done.console
    assert "no decision was made until" in done.console
    assert stack.answers() == ["hello, world"] * 2


def test_a_smoke_test_is_a_gate(stack: Stack) -> None:
    smoke = 'echo "$DELIVERY_GROUP: not ready"; exit 7'
    lines = LINES.format(repo=str(stack.repo), more=f"smoke={smoke!r}, {MORE}")
    (stack.estate / "jobs.py").write_text(lines, "utf-8")
    stack.apply()
    stack.push()
    for job in CHAIN[:2]:
        assert stack.wait(job, 1).result == "SUCCESS"
    done = stack.wait(CHAIN[2], 1)
    assert done.result == "FAILURE"
    assert "command: exit code 7: hello-test-v000: not ready" in done.console
    assert "image.properties" not in done.artifacts
    refused = stack.build("hello-production", CHANGE_REQUEST="CHG1", IMAGE="")
    assert "hello-test has found none good so far" in refused.console
