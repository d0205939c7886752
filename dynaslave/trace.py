"""A trace of builds: when each came, how long it took, which agents it wanted. CSV and SWF, errors by line.

CSV: `submit_s,duration_s,pool[,label][,job]`, with or without that header. SWF: the Standard Workload
Format of the Parallel Workloads Archive, 18 fields a line, `;` before comments, -1 for what is unknown.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jobdsl.errors import EstateError, JobdslError, Problem, Where, suggestion
from jobdsl.grammar.labels import LabelError, parse

__all__ = ["Trace", "TraceBuild", "dumps", "read", "read_csv", "read_swf"]

_COLUMNS = ("submit_s", "duration_s", "pool", "label", "job")
_MOST_PROBLEMS = 20
_LONGEST = 10 * 366 * 86400.0
"""Seconds: ten years is no trace of builds but a mistake of units."""


class TraceBuild(NamedTuple):
    """One build of a trace. Times in seconds from the trace's begin."""

    submit: float
    duration: float
    pool: str
    label: str = ""
    """A label expression; empty for the pool's own."""
    job: str = ""
    """What it is a build of; builds of one job take about as long."""
    line: int = 0


class Trace(NamedTuple):
    """Builds in the order they came."""

    builds: tuple[TraceBuild, ...]
    skipped: int = 0
    """Entries that never ran (SWF: no run time)."""
    numbered: bool = False
    """Whether its pools are but numbers (SWF)."""


def read(path: Path) -> Trace:
    """Read the trace in a file; `.swf` decides the format. JobdslError with every mistake and its line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise JobdslError(f"{path}: cannot be read: {why}") from None
    reader = read_swf if path.suffix.lower() == ".swf" else read_csv
    return reader(io.StringIO(text), str(path))  # str.splitlines knows more ends of lines than files have


def read_csv(lines: Iterable[str], file: str = "trace.csv") -> Trace:
    """A trace as CSV."""
    rows = csv.reader(lines)
    problems = _Problems(file)
    columns: Sequence[str] | None = None
    builds: list[TraceBuild] = []
    try:
        for row in rows:
            if not row or row[0].lstrip().startswith("#"):
                continue
            if columns is None:
                columns = _columns(row, rows.line_num, problems)
                if row[0].strip() in columns:
                    continue
            if (build := _of_row(row, columns, rows.line_num, problems)) is not None:
                builds.append(build)
    except csv.Error as error:
        problems.add(rows.line_num, f"this is no CSV: {error}")
    return _trace(builds, problems)


def _columns(row: Sequence[str], line: int, problems: _Problems) -> Sequence[str]:
    """Return what the fields mean: by the header, or in the usual order where there is none."""
    names = [name.strip() for name in row]
    if _number(names[0]) is not None:
        return _COLUMNS[:4] if len(names) <= 4 else _COLUMNS
    for name in names:
        if name not in _COLUMNS:
            hint = suggestion(name, _COLUMNS) or f"columns are {', '.join(_COLUMNS)}"
            problems.add(line, f"there is no column {name!r}", hint)
    for name in _COLUMNS[:3]:
        if name not in names:
            problems.add(line, f"the column {name} is missing")
    problems.stop()
    return names


def _of_row(row: Sequence[str], columns: Sequence[str], line: int, problems: _Problems) -> TraceBuild | None:
    if not 3 <= len(row) <= len(columns):
        problems.add(line, f"{len(row)} fields where {', '.join(columns)} are wanted", _way_out(row))
        return None
    values = dict(zip(columns, (field.strip() for field in row), strict=False))
    submit = problems.seconds(line, "submit_s", values["submit_s"])
    duration = problems.seconds(line, "duration_s", values["duration_s"])
    label = problems.label(line, values.get("label", ""))
    if not values.get("pool"):
        problems.add(line, "no pool is named", _POOL)
    if submit is None or duration is None:
        return None
    return TraceBuild(submit, duration, values["pool"], label, values.get("job", ""), line)


_POOL = "a pool is one of the --pool file's: its X in [pools.X]"


def _way_out(row: Sequence[str]) -> str:
    """What is done about a row with too few or too many fields."""
    return (
        f"add the pool: {','.join(row)},NAME; {_POOL}" if len(row) == 2 else "quote fields that hold a comma"
    )


_SWF_FIELDS = 18
_SUBMIT, _RUN_TIME, _EXECUTABLE, _QUEUE = 1, 3, 13, 14


def read_swf(lines: Iterable[str], file: str = "trace.swf") -> Trace:
    """A trace as SWF. A build's pool is the number of its queue, its job that of the executable."""
    problems = _Problems(file)
    builds: list[TraceBuild] = []
    skipped = 0
    for line, text in enumerate(lines, start=1):
        fields = text.partition(";")[0].split()
        if not fields:
            continue
        numbers = _swf_numbers(fields, line, problems)
        if numbers is None:
            continue
        if numbers[_SUBMIT] < 0 or numbers[_RUN_TIME] < 0:
            skipped += 1
            continue
        job = f"{numbers[_EXECUTABLE]:g}" if numbers[_EXECUTABLE] >= 0 else ""
        builds.append(
            TraceBuild(numbers[_SUBMIT], numbers[_RUN_TIME], f"{max(numbers[_QUEUE], 0):g}", "", job, line)
        )
    return _trace(builds, problems)._replace(skipped=skipped, numbered=True)


def _swf_numbers(fields: Sequence[str], line: int, problems: _Problems) -> list[float] | None:
    if len(fields) != _SWF_FIELDS:
        problems.add(line, f"{len(fields)} fields; a line of SWF has {_SWF_FIELDS}")
        return None
    numbers = [_number(field) for field in fields]
    for field, number in zip(fields, numbers, strict=True):
        if number is None or number > _LONGEST:
            problems.add(line, f"{field!r} is no number of SWF")
            return None
    return [number for number in numbers if number is not None]


def _trace(builds: list[TraceBuild], problems: _Problems) -> Trace:
    if not builds and not problems.found:
        problems.add(0, "there is no build in it")
    problems.stop()
    return Trace(tuple(sorted(builds, key=lambda build: build.submit)))


def dumps(builds: Iterable[TraceBuild]) -> Iterator[str]:
    """The lines of a CSV file, as `read_csv` reads it."""
    yield ",".join(_COLUMNS) + "\n"
    for build in builds:
        texts = (_quoted(text) for text in (build.pool, build.label, build.job))
        yield f"{build.submit:.3f},{build.duration:.3f},{','.join(texts)}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"#\r\n') else text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class _Problems:
    """What is wrong with a file; the first of it, as a file of the wrong kind has a mistake on every line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, line: int, message: str, hint: str = "") -> None:
        self.found.append(Problem(message, Where(self.file, line), hint))
        if len(self.found) >= _MOST_PROBLEMS:
            self.stop()

    def stop(self) -> None:
        if self.found:
            raise EstateError(self.found)

    def seconds(self, line: int, name: str, text: str) -> float | None:
        number = _number(text)
        if number is not None and 0 <= number <= _LONGEST:
            return number
        wrong = "no number of seconds" if number is None else "below 0" if number < 0 else "over ten years"
        self.add(line, f"{name}: {text!r} is {wrong}")
        return None

    def label(self, line: int, text: str) -> str:
        try:
            return str(parse(text)) if text else ""
        except LabelError as error:
            self.add(line, error.message, error.hint)
            return ""
