"""`[analysis]`, or a file of its own: what it says, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import SettingsError
from delivery.metrics.declared import queries_of, thresholds_of
from delivery.settings import loads
from delivery.settings.analysis import load_analysis

FILE = """
prometheus_url = "http://prometheus.example.com"
pass_score = 90
[weights]
latency = 40
[metrics.latency]
query = 'p99{group="{group}"}'
direction = "increase"
critical = true
allowed = [0.9, 1.1]
group = "latency"
[metrics.errors]
source = "cloudwatch"
query = "errors / requests"
measure = "cles"
inputs.errors = {namespace = "Shop", metric = "Errors", dimensions = {Group = "{group}"}}
inputs.requests = {namespace = "Shop", metric = "Requests", statistic = "Sum"}
"""
WRONG = """[analysis]
minuts = 3
pass_score = 50
prometheus_url = "prometheus"
[analysis.weights]
latncy = 40
latency = 200
[analysis.metrics.latency]
quer = "x"
allowed = [2, 1]
direction = "up"
far = ["a"]
[analysis.metrics.cpu]
source = "cloudwatch"
[analysis.metrics.two]
source = "cloudwatch"
inputs.a = {namespace = "x", metric = "y", dimensions = {a = 3}}
inputs.B = {namespace = "x"}
[analysis.metrics.command]
source = "command"
query = "true"
inputs.a = {namespace = "x", metric = "y"}
"""


def test_a_file_of_its_own_is_found_next_to_the_settings(tmp_path: Path) -> None:
    (tmp_path / "canary.toml").write_text(FILE)
    own = f'[apps.shop]\nanalysis = "canary.toml"\n[apps.cart]\nanalysis = "none"\n[analysis]\n{_in_table(FILE)}'
    settings = loads(own, str(tmp_path / "delivery.toml"))
    for app, expected in (("shop", 90), ("cart", None), ("mail", 91)):
        found = settings.analysis_of(settings.deploy("default", app, app))
        assert (found.pass_score if found else None) == expected


def _in_table(text: str) -> str:
    return (
        text.replace("[metrics", "[analysis.metrics")
        .replace("[weights]", "[analysis.weights]")
        .replace("= 90", "= 91")
    )


def test_metrics_become_queries(tmp_path: Path) -> None:
    (tmp_path / "canary.toml").write_text(FILE)
    settings = load_analysis(tmp_path / "canary.toml")
    latency, errors = queries_of(settings)
    assert latency.effect.allowed == latency.effect.critical == (0.9, 1.1)
    assert latency.effect.far == (0.5, 2.0)
    assert errors.effect.allowed == (0.5, 0.5)
    assert errors.inputs["errors"].dimensions == {"Group": "{group}"}
    assert thresholds_of(settings).passing == 90


def test_every_mistake_has_its_line() -> None:
    with pytest.raises(SettingsError) as raised:
        loads(WRONG, "delivery.toml")
    places = {
        (problem.where.line if problem.where else 0, problem.message) for problem in raised.value.problems
    }
    messages = "\n".join(f"{line}: {message}" for line, message in sorted(places))
    for expected in (
        "2: unknown key analysis.minuts",
        "marginal_score is above pass_score",
        "4: analysis.prometheus_url",
        "6: no metric is in group latncy",
        "9: unknown key analysis.metrics.latency.quer",
        "10: analysis.metrics.latency.allowed must be two rising numbers",
        "11: analysis.metrics.latency.direction",
        "12: analysis.metrics.latency.far must be a list of numbers",
        "metric latency has no query",
        "metric cpu of CloudWatch has no inputs",
        "dimension a must be text",
        "input B needs namespace and metric",
        "metric two has several inputs and no query",
        "only CloudWatch has any",
    ):
        assert expected in messages, messages


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the analysis has no metric"), ("[metrics]\nx = 3\n", "metrics.x must be a table"), ("a = [", "")],
)
def test_files_that_are_no_analysis(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "canary.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_analysis(tmp_path / "canary.toml")
    assert any(message in problem.message for problem in raised.value.problems)


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    settings = loads('[defaults]\nanalysis = "none.toml"\n', str(tmp_path / "delivery.toml"))
    with pytest.raises(SettingsError):
        settings.analysis_of(settings.deploy("default", "shop", "shop"))
