"""Lines with labels: every secret is found as it is marked, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.secrets.texts import secrets_in

SAMPLES = Path(__file__).parents[2] / "benchmarks" / "secret_samples.txt"
SECRET, INNOCENT = (
    part.splitlines() for part in SAMPLES.read_text("utf-8").partition("\n")[2].split("# innocent\n")
)


def marked(text: str) -> str:
    """The text with each secret that is found in «»."""
    for start, end, _ in reversed(secrets_in(text)):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text


@pytest.mark.parametrize("line", SECRET)
def test_a_secret_is_found_as_it_is_marked(line: str) -> None:
    assert "«" in line
    assert marked(line.replace("«", "").replace("»", "")) == line


@pytest.mark.parametrize("line", INNOCENT)
def test_other_lines_hold_none(line: str) -> None:
    assert marked(line) == line


@pytest.mark.parametrize("line", SECRET)
def test_what_stands_around_a_line_changes_nothing(line: str) -> None:
    script = f"#!/bin/sh\nset -e\n{line.replace('«', '').replace('»', '')}\n"
    if "KEY" not in line and "PuTTY" not in line:  # a key that is cut off goes to the end of its text
        assert line in marked(script)
