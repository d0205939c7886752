from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.errors import Severity
from jobdsl.grammar import cron
from jobdsl.grammar.cron import CronError, Crontab, Finding

MONDAY = datetime(2026, 11, 23, 10, 15)


def bits(*values: int) -> int:
    return sum(1 << value for value in values)


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("5 * * * *", 0, bits(5)),
        ("0-59/20 * * * *", 0, bits(0, 20, 40)),
        ("*/25 * * * *", 0, bits(0, 25, 50)),
        ("*/90 * * * *", 0, bits(0)),
        ("1,3-5,58-59 * * * *", 0, bits(1, 3, 4, 5, 58, 59)),
        ("H * * * *", 0, bits(0)),
        ("H(7-9) * * * *", 0, bits(7)),
        ("H/20 * * * *", 0, bits(0, 20, 40)),
        ("H(10-40)/15 * * * *", 0, bits(10, 25, 40)),
        ("0 * * * *", 1, bits(*range(24))),
        ("0 0 * * *", 2, bits(*range(1, 32))),
        ("0 0 H/9 * *", 2, bits(1, 10, 19, 28)),
        ("0 0 1 */5 *", 3, bits(1, 6, 11)),
        ("0 0 * * 7", 4, bits(0)),
        ("0 0 * * 5-7", 4, bits(0, 5, 6)),
        ("0 0 * * *", 4, bits(*range(7))),
        ("@midnight", 1, bits(0)),
        ("\t 0\t \t0 1   1 * ", 3, bits(1)),
        ("@daily of course", 0, bits(0)),
    ],
)
def test_reads_fields_as_jenkins_does(line: str, field: int, expected: int) -> None:
    assert Crontab.parse(line).bits[field] == expected


@pytest.mark.parametrize(
    ("spec", "line", "column", "message", "hint"),
    [
        ("* * * *", 1, 1, "4 fields", ""),
        ("0 0 0 1 1 *", 1, 1, "6 fields", "no seconds"),
        ("H 24 * * *", 1, 3, "hour: 24 is outside 0-23", ""),
        ("60 * * * *", 1, 1, "minute: 60 is outside 0-59", ""),
        ("0 0 0 * *", 1, 5, "day of month: 0 is outside 1-31", ""),
        ("0 0 1 13 *", 1, 7, "month: 13 is outside 1-12", ""),
        ("  0 0 1 1 8", 1, 11, "day of week: 8 is outside 0-7", ""),
        ("1,2,99 * * * *", 1, 5, "minute: 99", ""),
        ("# c\n\nH H * * *\nH 9-5 * * *", 4, 3, "hour: the range 9-5 is reversed", "5-9"),
        ("H(30-10) * * * *", 1, 1, "reversed", "H(10-30)"),
        ("H(0-70) * * * *", 1, 1, "70 is outside", ""),
        ("H/0 * * * *", 1, 1, "at least 1", ""),
        ("H/61 * * * *", 1, 1, "step 61 is larger than the range 0-59", ""),
        ("H(0-5)/7 * * * *", 1, 1, "step 7 is larger", ""),
        ("0 0 H/29 * *", 1, 5, "step 29 is larger than the range 1-28", ""),
        ("5/15 * * * *", 1, 1, "a step needs a range", "5-59/15"),
        ("*/99999999999 * * * *", 1, 1, "too large", ""),
        ("H H * * MON", 1, 9, "cannot read 'MON'", "numbers only"),
        ("H H * JAN *", 1, 7, "cannot read 'JAN'", "numbers only"),
        ("H H ? * *", 1, 5, "cannot read '?'", "write *"),
        ("h H * * *", 1, 1, "cannot read 'h'", "capital"),
        ("** * * * *", 1, 1, "cannot read '**'", "spaces"),
        ("**** *", 1, 1, "2 fields", "spaces"),
        ("1,,2 * * * *", 1, 3, "a value is missing", ""),
        ("1, 2 * * *", 1, 3, "a value is missing", ""),
        ("-1 * * * *", 1, 1, "cannot read '-1'", ""),
        ("@dialy", 1, 1, "no alias '@dialy'", '"@daily"'),
        ("@reboot", 1, 1, "no alias", ""),
        ("@dailyx", 1, 1, "no alias '@dailyx'", '"@daily"'),
        ("TZ=Europe/Berln\nH H * * *", 1, 4, "no time zone 'Europe/Berln'", '"Europe/Berlin"'),
        ("TZ=../../etc/passwd", 1, 4, "no time zone", "Europe/Berlin"),
        ("TZ=", 1, 4, "no time zone", ""),
        ("TZ=GMT+0", 1, 4, "no time zone", ""),
        ("# c\nTZ=UTC\nH H * * *", 2, 1, "1 field,", "very first line"),
    ],
)
def test_refuses_with_place_and_way_out(spec: str, line: int, column: int, message: str, hint: str) -> None:
    finding = cron.check(spec)[0]
    assert (finding.line, finding.column, finding.severity) == (line, column, "error")
    assert message in finding.message
    assert hint in finding.hint
    with pytest.raises(CronError) as caught:
        cron.parse(spec)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert f"line {line}, column {column}: {finding.message}" in str(caught.value)


def test_every_bad_line_is_reported() -> None:
    assert [(f.line, f.column) for f in cron.check("TZ=Nowhere\n99 * * * *\nH H * * *\nH H * * X")] == [
        (1, 4),
        (2, 1),
        (4, 9),
    ]


@pytest.mark.parametrize(
    "spec",
    ["", "\n\n", "# only a comment", "TZ=Etc/UTC\r\nH 3 * * 1-5\r\n# why\r\n@weekly", "TZ=PST\nH H * * *"],
)
def test_nothing_to_say_about_good_schedules(spec: str) -> None:
    assert cron.check(spec) == []


@pytest.mark.parametrize(
    ("spec", "severity", "words"),
    [
        ("* * * * *", "warning", "every minute"),
        ("* 3 * * *", "warning", "every minute"),
        ("0-59 3 * * *", "warning", "every minute"),
        ("*/15 * * * *", "warning", 'by using "H/15 * * * *" rather than "*/15 * * * *"'),
        ("0,20,40 3 * * *", "warning", 'by using "H/20 3 * * *"'),
        ("30 3 * * 1-5", "note", 'by using "H 3 * * 1-5"'),
        ("H/1 * * * *", "warning", "one value"),
        ("H H(0-7)/1 * * *", "warning", "one value"),
        ("H H */3 * *", "warning", "end of a month"),
        ("H H 31 2 *", "warning", "never runs"),
        ("H H 31 4,6,9,11 *", "warning", "never runs"),
        ("H H 29 2 *", "warning", "not run in every year"),
        ("H H 1 1 1", "warning", "not run in every year"),
        ("@daily 3", "warning", "ignores ' 3'"),
    ],
)
def test_warns_of_what_is_hardly_meant(spec: str, severity: Severity, words: str) -> None:
    (finding,) = cron.check(spec)
    assert (finding.line, finding.column, finding.severity) == (1, 1, severity)
    assert words in finding.message


@pytest.mark.parametrize("spec", ["H H 13 * 5", "H H 31 * *", "H H 1-7 * 1", "H,30 * * * *", "0,17 * * * *"])
def test_warns_not_of_what_is_well_meant(spec: str) -> None:
    assert cron.check(spec) == []


def test_h_is_spread_as_on_a_controller() -> None:
    # Computed with java.util.Random from the seed Jenkins makes of a job's full name.
    line = Crontab.parse("H H H H H", "payments/api")
    assert line.bits == (bits(55), bits(0), bits(11), bits(2), bits(0))
    assert Crontab.parse("H/15 H(8-15) * * *", "ü").bits[:2] == (bits(11, 26, 41, 56), bits(14))


def test_lines_of_one_schedule_take_one_number_after_the_other() -> None:
    first, second = cron.parse("H * * * *\nH * * * *", "payments/api")
    assert first == Crontab.parse("H * * * *", "payments/api")
    assert first != second


@pytest.mark.parametrize(
    ("line", "when", "due"),
    [
        ("15 10 * * 1", MONDAY, True),
        ("15 10 * * 2", MONDAY, False),
        ("15 10 23 11 *", MONDAY.replace(second=59), True),
        ("15 10 23 * 0", MONDAY, False),  # unlike in other crons, both kinds of day must fit
        ("* * * * 7", MONDAY + timedelta(days=6), True),
        ("14-16 */5 * * *", MONDAY, True),
    ],
)
def test_is_due_when_all_fields_fit(line: str, when: datetime, due: bool) -> None:
    assert Crontab.parse(line).matches(when) is due


def test_is_due_in_its_own_zone() -> None:
    spec = "TZ=Asia/Kolkata\n45 15 * * 1"
    assert cron.matches(spec, None, MONDAY.replace(tzinfo=UTC))
    assert cron.matches(spec, None, datetime(2026, 11, 23, 11, 15, tzinfo=ZoneInfo("Europe/Berlin")))
    assert not cron.matches(spec, None, MONDAY)
    assert cron.matches(spec, None, datetime(2026, 11, 23, 15, 45))
    assert not cron.matches("", None, MONDAY)
    with pytest.raises(CronError):
        Crontab.parse("H H * * *", zone="Mars")


def test_without_zone_data_a_zone_is_only_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_zone(name: str) -> ZoneInfo:
        raise KeyError(name)

    monkeypatch.setattr(cron, "ZoneInfo", no_zone)
    monkeypatch.setattr(cron, "available_timezones", set[str])
    (finding,) = cron.check("TZ=Pacific/Chatham\nH H 1 * *")
    assert (finding.severity, finding.hint) == ("warning", "install the package tzdata")


numbers = st.integers(0, 59)
terms = st.one_of(
    st.just("*"),
    st.just("H"),
    st.integers(1, 30).map("*/{}".format),
    st.integers(1, 60).map("H/{}".format),
    numbers.map(str),
    st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    st.tuples(numbers, numbers).map(lambda pair: f"H({min(pair)}-{max(pair)})"),
)


@given(st.lists(terms, min_size=1, max_size=3).map(",".join), st.text(max_size=5))
def test_any_minutes_fit_within_the_hour_and_at_least_once(minutes: str, seed: str) -> None:
    line = Crontab.parse(f"{minutes} * * * *", seed)
    assert 0 < line.bits[0] < 1 << 60
    assert line == Crontab.parse(f"{minutes} * * * *", seed)
    assert any(line.matches(MONDAY.replace(minute=minute)) for minute in range(60))


@given(st.text(alphabet="H*0159/,-() @dailyTZ=\n\t#?", max_size=25))
def test_any_text_is_read_or_refused_at_a_place_inside_it(spec: str) -> None:
    findings = cron.check(spec)
    for finding in findings:
        assert isinstance(finding, Finding)
        assert 1 <= finding.line <= spec.count("\n") + 1
        assert 1 <= finding.column <= len(spec) + 4
    if not any(finding.severity == "error" for finding in findings):
        cron.parse(spec, "seed")
