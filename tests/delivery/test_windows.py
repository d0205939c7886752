"""When deploys are allowed: windows and freezes, and what a change request may override."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from delivery.deploy import operations
from delivery.errors import DeliveryError, SettingsError
from delivery.provenance import RunOrigin
from delivery.settings import loads
from delivery.windows import closed, parse_freeze, parse_window
from deploy_case import NEW, OLD, Make, active, cases

OFFICE = "mon-fri 09:00-16:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("window", "time", "expected"),
    [
        (OFFICE, "2026-12-01T08:00:00+00:00", True),  # a Tuesday, 09:00 in Berlin
        (OFFICE, "2026-12-01T07:59:59+00:00", False),
        (OFFICE, "2026-12-01T15:00:00+00:00", False),
        (OFFICE, "2026-12-05T10:00:00+00:00", False),
        (OFFICE, "2026-07-01T07:00:00+00:00", True),  # summer time
        ("fri 22:00-04:00 UTC", "2026-12-05T03:59:00+00:00", True),
        ("fri 22:00-04:00 UTC", "2026-12-04T03:59:00+00:00", False),
        ("sat-mon 00:00-00:00 UTC", "2026-12-06T23:59:00+00:00", True),
        ("sat-mon 00:00-00:00 UTC", "2026-12-08T00:00:00+00:00", False),
        ("mon,wed 18:00-00:00 UTC", "2026-12-02T23:59:00+00:00", True),
        ("mon,wed 18:00-00:00 UTC", "2026-12-03T00:00:00+00:00", False),
    ],
)
def test_a_window(window: str, time: str, expected: bool) -> None:
    assert parse_window(window).is_open(datetime.fromisoformat(time)) is expected


def test_a_freeze_has_a_reason_and_a_time_zone() -> None:
    freeze = "2026-12-20..2027-01-02 Europe/Berlin end of the year"
    for time, holds in (("2026-12-19T23:00:00+00:00", True), ("2026-12-19T22:59:00+00:00", False),
                        ("2027-01-02T22:59:00+00:00", True), ("2027-01-02T23:00:00+00:00", False)):  # fmt: skip
        assert parse_freeze(freeze).holds(datetime.fromisoformat(time)) is holds
    now = datetime.fromisoformat("2026-12-26T12:00:00+00:00")
    assert closed([OFFICE], [freeze], now) == [
        "deploys are frozen until the end of 2027-01-02: end of the year",
        f"the time is in no deployment window: {OFFICE}",
    ]
    assert closed([], [], now) == []


@pytest.mark.parametrize(
    "text",
    ["", "mon 9-16 UTC", "mon-fro 09:00-16:00 UTC", "mon 09:00-09:00 UTC", "mon 09:00-16:00 Mars/Base", "mon 25:00-26:00 UTC",
     "mon 09:00-16:00 ../etc"],
)  # fmt: skip
def test_windows_that_are_none_are_refused_with_their_line(text: str) -> None:
    with pytest.raises(SettingsError, match="windows"):
        loads(f'[defaults]\nwindows = ["{text}"]\n')


@pytest.mark.parametrize(
    "text", ["", "2026-12-20..2027-01-02 UTC", "2027-01-02..2026-12-20 UTC x", "2026-13-01..2026-13-02 UTC x"]
)
def test_freezes_that_are_none_are_refused_with_their_line(text: str) -> None:
    with pytest.raises(SettingsError, match="freezes"):
        loads(f'[defaults]\nfreezes = ["{text}"]\n')


@pytest.fixture
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def test_a_freeze_refuses_deploys_not_rollbacks_and_a_change_request_overrides_it(make: Make) -> None:
    """The clock of the tests stands on 2027-01-15."""
    one = make('freezes = ["2027-01-01..2027-01-31 UTC stocktaking"]\n')
    with pytest.raises(DeliveryError, match="frozen until the end of 2027-01-31: stocktaking"):
        one.start()
    assert [*one.strict.groups] == [OLD]
    site = one.site()
    site.trigger = replace(site.trigger or RunOrigin(), change_request="CHG0000001")
    with site.lock:
        assert operations.deploy(site, one.image, "red-black").outcome == "deployed"
    assert any("CHG0000001 overrides: deploys are frozen" in line for line in one.lines)
    active(one, NEW)
    assert one.rollback().outcome == "rolled back"
    active(one, OLD)
