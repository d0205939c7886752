"""Freezes of files and addresses: what they say, what is wrong in them, and that none is overlooked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from http_server import HttpServer, Response, http_server
from hypothesis import given
from hypothesis import strategies as st

from delivery.clock import FakeClock
from delivery.errors import REFUSED, DeliveryError, SettingsError
from delivery.freezes import TOKEN, fetch_freezes, load_freezes, parse_freezes
from delivery.settings import loads
from delivery.windows import closed, parse_freeze, parse_window

T = TypeVar("T")
YEAR_END = """
[[freeze]]
from = "2026-12-20 18:00"
to = "2027-01-02 08:00"
zone = "Europe/Berlin"
reason = "end of the year"

[[freeze]]
from = 2026-11-27
to = 2026-11-30
zone = "America/New_York"
reason = "Black Friday"
applications = ["shop", "pay-*"]
"""


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("time", "holds"),
    [
        ("2026-12-20T16:59:00+00:00", False),
        ("2026-12-20T17:00:00+00:00", True),
        ("2027-01-02T06:59:59+00:00", True),
        ("2027-01-02T07:00:00+00:00", False),
    ],
)
def test_a_freeze_has_times_with_a_zone(time: str, holds: bool) -> None:
    freeze = parse_freezes(YEAR_END, "freezes.toml")[0]
    assert freeze.holds(moment(time)) is holds
    assert str(freeze) == "deploys are frozen until 2027-01-02 08:00 Europe/Berlin: end of the year"


def test_a_freeze_of_days_includes_the_last_one_and_concerns_some_applications() -> None:
    freeze = parse_freezes(YEAR_END, "freezes.toml")[1]
    assert freeze.holds(moment("2026-12-01T04:59:00+00:00"))
    assert not freeze.holds(moment("2026-12-01T05:00:00+00:00"))
    assert [name for name in ("shop", "pay-card", "search") if freeze.concerns(name)] == ["shop", "pay-card"]
    assert str(freeze) == "deploys are frozen until the end of 2026-11-30: Black Friday"


def test_a_document_may_be_json_and_its_times_may_have_an_offset() -> None:
    text = '{"freeze": [{"from": "2026-12-20T18:00:00+01:00", "to": "2026-12-21T00:00Z", "reason": "x"}]}'
    (freeze,) = parse_freezes(text, "freezes.json")
    assert freeze.holds(moment("2026-12-20T17:00:00+00:00"))
    assert not freeze.holds(moment("2026-12-21T00:00:00+00:00"))


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("18:00", "25:00"), 3, "hour must be in"),
        (("2026-12-20 18:00", "tomorrow"), 3, "not a time like"),
        (("2027-01-02 08:00", "2026-01-02 08:00"), 4, "ends before it begins"),
        (("Europe/Berlin", "Mars/Base"), 5, "unknown time zone"),
        (("end of the year", " "), 6, "needs a reason"),
        (('zone = "Europe/Berlin"', "zon = 1"), 5, "unknown key zon"),
        (('zone = "America/New_York"', ""), 9, "has no time zone"),
        (('["shop", "pay-*"]', '"shop"'), 13, "applications must be a list of texts"),
        (("2026-11-27", "true"), 9, "must be a date"),
        (("[[freeze]]", "[[freezes]]"), 2, "unknown key freezes"),
        (("2026-11-27", "[["), 10, "neither TOML nor JSON"),
    ],
)
def test_what_is_wrong_in_a_file_has_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, message: str
) -> None:
    file = tmp_path / "freezes.toml"
    file.write_text(YEAR_END.replace(*change))
    with pytest.raises(SettingsError) as caught:
        load_freezes(str(file))
    found = [
        (problem.where.line if problem.where else 0, problem.message) for problem in caught.value.problems
    ]
    assert any(at == line and message in text for at, text in found), found


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_freezes(str(tmp_path / "none.toml"))
    assert "cannot be read" in caught.value.message


def test_all_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_freezes("[[freeze]]\nfrom = 1\n[[freeze]]\nto = 2026-01-01\n", "f")
    assert len(caught.value.problems) >= 5


def test_freezes_of_an_address_are_read_with_a_token(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "t0ken")
    server.responses["/f"] = Response(301, headers={"Location": "/g"})
    server.responses["/g"] = Response(200, YEAR_END.encode())
    assert len(fetch_freezes(f"{server.url}/f?key=geheim", FakeClock())) == 2
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer t0ken"}


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (Response(404), "HTTP 404"),
        (Response(401), "set DELIVERY_FREEZE_TOKEN to a token"),
        (Response(500), "HTTP 500"),
        (Response(200, b"x" * 1_000_001), "more than 1000000 bytes"),
        (Response(200, b"\xff\xfe"), "no UTF-8 text"),
        (Response(200, b"no toml"), "neither TOML nor JSON"),
        (Response(302, headers={"Location": "http://localhost:1/f"}), "redirects to another host"),
        (Response(302, headers={"Location": "//169.254.169.254/"}), "redirects to another host"),
        (Response(302, headers={"Location": "/f"}), "redirects more than 3 times"),
        (Response(200, b"x", {"Content-Length": "10"}), "IncompleteRead|ProtocolError"),
        (Response(302, headers={"Location": "http://[::1"}), "ValueError"),
    ],
)
def test_freezes_that_cannot_be_read_refuse_a_deploy(
    server: HttpServer, response: Response, message: str
) -> None:
    server.responses["/f"] = response
    with pytest.raises(DeliveryError, match=message) as caught:
        fetch_freezes(f"{server.url}/f?key=geheim", FakeClock())
    assert caught.value.exit_code == REFUSED
    assert "geheim" not in caught.value.message
    assert "--change-request" in caught.value.hint


def test_a_server_that_is_not_there_or_drips_refuses_too(server: HttpServer) -> None:
    clock = FakeClock()
    with pytest.raises(DeliveryError, match="ConnectionError"):
        fetch_freezes("http://127.0.0.1:9/f", clock)
    server.responses["/f"] = Response(200, b"x" * 50, drip=lambda: clock.sleep(1.0))
    with pytest.raises(DeliveryError, match="longer than 10 s"):
        fetch_freezes(f"{server.url}/f", clock)


@pytest.mark.parametrize(
    "url", ["ftp://h/f", "https://", "https://user:pass@h/f", "https://[::1", "https://h:x/f", "://h"]
)
def test_addresses_of_freezes_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="freeze must"):
        loads(f'[defaults]\nfreeze = "{url}"\n')


def test_a_file_of_freezes_is_found_from_the_settings_on(tmp_path: Path) -> None:
    settings = loads('[apps.shop]\nfreeze = "freezes.toml"\n', str(tmp_path / "delivery.toml"))
    assert settings.deploy(app="shop").freeze == str(tmp_path / "freezes.toml")


words = st.text(alphabet="monfri,-: 0123456789/UTCEuropBln", max_size=40) | st.text(max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | words
    | st.datetimes().map(str)
    | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
ZONES = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"]


def problem_or(parse: Callable[[], T]) -> T | None:
    """What a parser reads; None where it refuses its text as it should."""
    try:
        return parse()
    except (ValueError, SettingsError):
        return None


@given(words)
def test_no_text_breaks_the_parser_of_windows(text: str) -> None:
    window = problem_or(lambda: parse_window(text))
    assert window is None or window.is_open(datetime.now(UTC)) in (True, False)


@given(st.dates(), st.dates(), st.sampled_from(ZONES), st.datetimes(timezones=st.just(UTC)))
def test_no_dates_break_a_freeze(first: date, last: date, zone: str, now: datetime) -> None:
    text = f"{first}..{last} {zone} a reason"
    freeze = problem_or(lambda: parse_freeze(text))
    if freeze is None:
        assert last < first or last.year == 9999
    else:
        assert closed([], [text], now) == ([str(freeze)] if freeze.holds(now) else [])


@given(st.dictionaries(st.sampled_from(["from", "to", "zone", "reason", "applications", "x"]), values))
def test_no_document_breaks_the_parser_of_freezes(entry: dict[str, object]) -> None:
    freezes = problem_or(lambda: parse_freezes(json.dumps({"freeze": [entry]}), "f.json"))
    assert freezes is None or (freezes[0].begin < freezes[0].end and freezes[0].reason)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(8000, 1, 1)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=900)),
    st.sampled_from(ZONES),
)
def test_a_freeze_holds_from_its_begin_until_before_its_end(
    begin: datetime, length: timedelta, zone: str
) -> None:
    begin = begin.replace(second=0, microsecond=0)
    times = {"from": f"{begin:%Y-%m-%d %H:%M}", "to": f"{begin + length:%Y-%m-%d %H:%M}"}
    entry = {**times, "zone": zone, "reason": "x"}
    freezes = problem_or(lambda: parse_freezes(json.dumps({"freeze": [entry]}), "f.json"))
    if freezes is None:  # an hour that a clock that is set back has twice, or not at all
        assert length <= timedelta(hours=1)
        return
    (freeze,) = freezes
    assert freeze.holds(begin.replace(tzinfo=ZoneInfo(zone)))
    assert not freeze.holds((begin + length).replace(tzinfo=ZoneInfo(zone)))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_freezes(text: str) -> None:
    freezes = problem_or(lambda: parse_freezes(text, "f.toml"))
    assert freezes is None or freezes == []
