from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.clock import FakeClock, elapsed
from delivery.timeline import Timeline
from delivery.timeline_report import markdown, svg

SVG = "{http://www.w3.org/2000/svg}"


def told() -> tuple[Timeline, list[str]]:
    lines: list[str] = []
    clock = FakeClock()
    timeline = Timeline(clock, lines.append, "shop-test: ami-2")
    timeline.already("create", "shop-test-v002 from shop-test-v001")
    with timeline.step("gate", "until shop-test-v002 is healthy") as step:
        for text in ("0 of 2 healthy", "0 of 2 healthy", "2 of 2 healthy"):
            clock.sleep(40.0)
            step.note(text)
    with pytest.raises(ZeroDivisionError), timeline.step("switch", "traffic to <shop|test-v002>"):
        clock.sleep(3600.0)
        raise ZeroDivisionError("it broke\nhere")
    timeline.finish("Failed", cluster="shop-test", note="")
    return timeline, lines


def test_one_line_a_step_with_the_time_since_the_beginning() -> None:
    assert told()[1] == [
        "[   0:00] create: shop-test-v002 from shop-test-v001: done already",
        "[   0:00] gate: until shop-test-v002 is healthy",
        "[   0:40]   0 of 2 healthy",
        "[   2:00]   2 of 2 healthy",
        "[   2:00] switch: traffic to <shop|test-v002>",
        "[1:02:00]   it broke",
        "[1:02:00] Failed",
    ]


def test_the_report_has_all_of_it(tmp_path: Path) -> None:
    paths = told()[0].write(tmp_path / "reports" / "7")
    assert [path.name for path in paths] == ["timeline.json", "timeline.md", "timeline.svg"]
    said = json.loads(paths[0].read_text())
    assert [(one["name"], one["outcome"], one["after"], one["seconds"]) for one in said["steps"]] == [
        ("create", "already", 0.0, 0.0),
        ("gate", "done", 0.0, 120.0),
        ("switch", "failed", 120.0, 3600.0),
    ]
    assert said["steps"][1]["notes"][-1] == {"after": 120.0, "text": "2 of 2 healthy"}
    assert (said["outcome"], said["cluster"], said["begun"]) == (
        "Failed",
        "shop-test",
        "2027-01-15T08:00:00Z",
    )
    text = paths[1].read_text()
    assert (
        "# shop-test: ami-2\n\nFailed, 1:02:00 after 2027-01-15T08:00:00Z.\n\n- cluster: shop-test\n" in text
    )
    assert "| 2:00 | 1:00:00 | switch | traffic to \\<shop\\|test-v002> | failed: it broke |" in text
    picture = ET.fromstring(paths[2].read_text())
    titles = [one.text for one in picture.iter(f"{SVG}title")]
    assert titles[0] == "shop-test: ami-2: Failed"
    assert titles[3] == "switch: traffic to <shop|test-v002> (failed: it broke)"


def test_a_run_that_was_killed_leaves_its_step_running() -> None:
    timeline = Timeline(FakeClock(), lambda _: None)
    timeline._begin("gate", "until it is healthy")
    said = timeline.to_json()
    assert (said["steps"][0]["outcome"], said["outcome"]) == ("running", "")
    assert "did not end" in svg(said)
    assert "Did not end" in markdown(said)


def test_lines_go_to_stderr_unless_somebody_takes_them(capsys: pytest.CaptureFixture[str]) -> None:
    Timeline(FakeClock()).say("begun")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "[   0:00] begun\n")


@given(st.lists(st.tuples(st.text(), st.floats(0, 1e6), st.floats(0, 1e6)), max_size=5), st.text())
def test_whatever_was_said_the_picture_is_xml_and_its_bars_are_inside(rows: list[Any], title: str) -> None:
    steps = [
        {"name": name, "text": name, "outcome": "done", "after": after, "seconds": took, "notes": []}
        for name, after, took in rows
    ]
    said = {"title": title, "outcome": "", "begun": "", "seconds": 0.0, "steps": steps}
    picture = ET.fromstring(svg(said))
    for bar in picture.iter(f"{SVG}rect"):
        assert float(bar.get("x", "0")) + float(bar.get("width", "0")) <= 900
    assert len(markdown(said).splitlines()) >= 4 + len(steps)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (750, "12:30"), (3725, "1:02:05")]
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
