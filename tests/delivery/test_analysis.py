"""The judge of canaries: the interval, the classes, the score, the file it reads and what it reports."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.analysis import charts, document, reports, score
from delivery.analysis.classify import classify
from delivery.analysis.model import Classification, Effect, Metric, MetricResult, Thresholds
from delivery.analysis.statistics import (
    common_language_effect,
    shift_interval,
    without_outliers,
)
from delivery.cli import run
from delivery.errors import SeveralError

CASES = Path(
    os.environ.get("CANARY_CASES", Path(__file__).parents[3] / "shared" / "facts" / "canary-cases.json")
)
values = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=40)


def metric(baseline: Any, canary: Any, **more: Any) -> Metric:
    return Metric(name="m", baseline=tuple(baseline), canary=tuple(canary), **more)


def result(classification: Classification, group: str = "default", critical: bool = False) -> MetricResult:
    return MetricResult(
        name=classification, group=group, classification=classification, critical=critical, reason="why"
    )


def test_the_interval_is_the_one_of_r() -> None:
    found = shift_interval(np.array([10.0, 20, 30, 40]), np.array([1.0, 2, 3, 4]), 0.95)
    assert (found.lower, found.estimate, found.upper) == (6.0, 22.5, 39.0)


@pytest.mark.skipif(not CASES.is_file(), reason="needs the published cases: CANARY_CASES")
def test_the_published_cases() -> None:
    cases = json.loads(CASES.read_text("utf-8"))
    for case in cases["classification"]:
        expected = case.pop("expect")
        series = document.read(json.dumps({"metrics": [case]}), case["name"])
        judged = classify(series.metrics[0])
        assert judged.classification == expected["classification"], case["name"]
        assert judged.critical == expected.get("critical", False), case["name"]
    for case in cases["interval"]:
        found = shift_interval(np.array(case["canary"]), np.array(case["baseline"]), case["confidence"])
        assert [found.lower, found.upper] == pytest.approx(case["interval"], abs=1e-4)
        assert found.estimate == pytest.approx(case["estimate"], abs=1e-4)


@given(values, values, st.sampled_from([0.8, 0.95, 0.98]))
def test_the_interval_holds_the_estimate_and_turns_with_the_sides(
    canary: list[float], baseline: list[float], confidence: float
) -> None:
    ours, theirs = np.array(canary), np.array(baseline)
    found, mirrored = shift_interval(ours, theirs, confidence), shift_interval(theirs, ours, confidence)
    assert found.lower <= found.estimate <= found.upper
    assert found.lower == pytest.approx(-mirrored.upper, abs=1e-3)
    moved = shift_interval(ours + 7, theirs, confidence)
    assert moved.lower == pytest.approx(found.lower + 7, abs=1e-3)
    wider = shift_interval(ours, theirs, 0.999)
    assert wider.lower <= found.lower + 1e-3
    assert wider.upper >= found.upper - 1e-3


def test_large_samples_agree_with_the_median_of_all_pairs() -> None:
    random = np.random.default_rng(7)
    canary, baseline = random.lognormal(3, 1, 700), random.lognormal(3.2, 1, 900)
    found = shift_interval(canary, baseline, 0.95)
    assert found.estimate == pytest.approx(float(np.median(np.subtract.outer(canary, baseline))), abs=1e-2)


@given(values, values)
def test_the_probability_of_a_larger_value(canary: list[float], baseline: list[float]) -> None:
    pairs = [(ours > theirs) + (ours == theirs) / 2 for ours in canary for theirs in baseline]
    effect = common_language_effect(np.array(canary), np.array(baseline))
    assert effect == pytest.approx(sum(pairs) / len(pairs))


def test_outliers_are_removed_and_a_range_of_zero_removes_not_everything() -> None:
    sample = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1000])
    assert 1000 not in without_outliers(sample, 1.5)
    mostly_equal = np.array([5.0] * 94 + [6.0] * 6)
    assert len(without_outliers(mostly_equal, 3.0)) == 100


@pytest.mark.parametrize(
    ("baseline", "canary", "more", "expected"),
    [
        ([1, 2, 3] * 20, [11, 12, 13] * 20, {}, "high"),
        ([11, 12, 13] * 20, [1, 2, 3] * 20, {}, "low"),
        ([1, 2, 3] * 20, [11, 12, 13] * 20, {"direction": "decrease"}, "pass"),
        ([11, 12, 13] * 20, [1, 2, 3] * 20, {"direction": "increase"}, "pass"),
        ([100, 101, 102] * 20, [103, 104, 105] * 20, {"effect": Effect(allowed=(0.9, 1.1))}, "pass"),
        ([5] * 10, [5] * 30, {}, "pass"),
        ([5] * 10, [6] * 10, {}, "high"),
        ([0] * 10, [1] * 10, {}, "high"),
        ([1, 2], [None, None], {}, "nodata"),
        ([1, 2], [None, None], {"must_have_data": True}, "nodata-fail"),
        ([1, 2], [], {"nan": "replace"}, "pass"),
        ([1, 2] * 30, [None, None] * 30, {"nan": "replace"}, "low"),
        ([1, 2], [1, float("inf")], {}, "error"),
        ([1], [2], {}, "high"),
    ],
)
def test_classes(baseline: list[Any], canary: list[Any], more: dict[str, Any], expected: str) -> None:
    assert classify(metric(baseline, canary, **more)).classification == expected


def test_a_critical_metric_fails_only_from_its_critical_size_on() -> None:
    sides = [10, 11, 12] * 20, [13, 14, 15] * 20
    small = classify(metric(*sides, critical=True, effect=Effect(critical=(0.5, 2.0))))
    assert (small.classification, small.critical) == ("high", False)
    assert classify(metric(*sides, critical=True)).critical
    assert classify(metric([1, 2], [], critical=True)).critical


def test_groups_weights_and_what_is_left_of_them() -> None:
    results = [result("pass", "a"), result("high", "a"), result("pass", "b"), result("nodata", "c")]
    judged = score.score(results, {"a": 40.0}, Thresholds())
    assert judged.groups == {"a": 50.0, "b": 100.0, "c": 100.0}
    assert judged.weights == {"a": 40.0, "b": 30.0, "c": 30.0}
    assert (judged.score, judged.verdict) == (80.0, "marginal")


@pytest.mark.parametrize(
    ("results", "expected", "verdict"),
    [
        ([result("pass")] * 20 + [result("high")], 95.24, "pass"),
        ([result("pass")] * 3 + [result("low")], 75.0, "marginal"),
        ([result("pass"), result("nodata-fail")], 50.0, "fail"),
        ([result("pass")] * 9 + [result("high", critical=True)], 0.0, "fail"),
        ([result("pass"), result("nodata")], 0.0, "fail"),
        ([result("pass"), result("pass"), result("nodata")], 100.0, "pass"),
        ([result("pass")] * 9 + [result("error")], 90.0, "marginal"),
    ],
)
def test_scores_and_verdicts(results: list[MetricResult], expected: float, verdict: str) -> None:
    judged = score.score(results, {}, Thresholds())
    assert (judged.score, judged.verdict) == (expected, verdict)


def test_weights_that_leave_the_best_score_below_100_are_reported() -> None:
    judged = score.score([result("pass")], {"default": 60.0}, Thresholds())
    assert judged.reasons == ("the weights add up to 60 percent: no score can be higher",)


BAD = {
    "metrics": [
        {
            "nam": 1,
            "baseline": [1, "x"],
            "canary": 3,
            "direction": "decreas",
            "confidence": 2,
            "effect": {"allowed": [1]},
        },
        3,
    ],
    "weights": {"defalt": 20, "x": 120},
}


def test_every_problem_of_a_file_at_once() -> None:
    with pytest.raises(SeveralError) as raised:
        document.read(json.dumps(BAD), "bad.json")
    reported = {(one.message, one.hint) for one in raised.value.problems}
    assert ("bad.json: metrics[0]: unknown key 'nam'", 'did you mean "name"?') in reported
    assert ('bad.json: metrics[0].baseline[1]: takes a number or null, not "x"', "") in reported
    assert ("bad.json: weights.defalt: no metric is in this group", 'did you mean "default"?') in reported
    assert len(reported) == 12


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["metrics", "weights", "name", "baseline", "canary", "effect", "x"]), inner
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(SeveralError):
        series = document.read(json.dumps(value), "any.json")
        assert reports.as_text(score.judge(series.metrics, series.weights))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"metrics": [' + "9" * 5000 + "]}", "\x00"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(SeveralError):
        document.read(text, "bad.json")


def test_the_command_prints_and_writes_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "<script>alert(1)</script>|\x1b[31m"
    saved = tmp_path / "series.json"
    content = {
        "name": name,
        "baseline": [1, 2, None, 3] * 20,
        "canary": [11, None, 12, 13] * 20,
        "critical": True,
    }
    saved.write_text(json.dumps({"metrics": [content]}), "utf-8")
    files = [tmp_path / f"report.{suffix}" for suffix in ("html", "md", "json")]
    options = [option for path in files for option in ("--report", str(path))]
    assert run(["judge", str(saved), "--json", *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["verdict"] == "fail"
    assert printed["metrics"][0]["classification"] == "high"
    assert printed["metrics"][0]["critical"] is True
    page, section, values = (path.read_text("utf-8") for path in files)
    assert json.loads(values) == printed
    for text in (page, section):
        assert "<script>" not in text.replace("\\<script\\>", "")
        assert "\x1b" not in text
    assert page.count("<svg") == 2
    assert run(["judge", str(saved), "--exit-code"]) == 3
    assert "\x1b[31m" not in capsys.readouterr().out


def test_mistakes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "series.json"
    saved.write_text(json.dumps({"metrics": [{"name": "m", "baseline": [1], "canary": [1]}]}), "utf-8")
    assert run(["judge", str(saved), "--report", "report.pdf"]) == 64
    assert run(["judge", str(saved), "--pass-score", "50"]) == 64
    assert run(["judge", str(saved), "--report", str(tmp_path / "none" / "r.md")]) == 1
    saved.write_bytes(b"\xff\xfe")
    assert run(["judge", str(saved)]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_chart_has_gaps_and_shows_a_single_value() -> None:
    drawn = charts.series([1.0, None, 2.0, 3.0], [None, None, None, None])
    assert drawn.count("<polyline") == 2
    assert "NaN" not in charts.distribution([], [])


@pytest.mark.parametrize(
    ("confidence", "text"), [(0.98, "98%"), (0.95, "95%"), (0.9983333, "99.833%"), (0.9999999, "99.999%")]
)
def test_a_reason_never_claims_certainty(confidence: float, text: str) -> None:
    result = classify(metric([10, 11, 12] * 20, [20, 21, 22] * 20, confidence=confidence))
    assert f", {text} between" in result.reason
