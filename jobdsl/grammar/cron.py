"""Jenkins' cron: what a controller takes, what it would warn about, and when a line is due.

Lines of five fields (minute, hour, day of month, month, day of week; all must fit), `H` for a value
spread by the job's name, aliases such as `@daily`, `# comments`, and `TZ=Zone` as the very first line.
Source: hudson/scheduler/Crontab{Lexer,Parser}.g4, BaseParser, CronTab, CronTabList, Hash of Jenkins 2.568.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo, available_timezones

from jobdsl.errors import DslError, Severity, suggestion
from jobdsl.grammar.cron_doubts import Doubt, doubts

__all__ = ["CronError", "Crontab", "Finding", "check", "matches", "parse"]


class CronError(DslError):
    """Text Jenkins refuses as a schedule; `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(f"cron line {line}, column {column}: {message}", hint=hint)
        self.bare = message
        self.line = line
        self.column = column


class Finding(NamedTuple):
    """What is wrong with, or doubtful in, one line of a schedule."""

    line: int
    column: int
    message: str
    severity: Severity = "error"
    hint: str = ""


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    spread_high: int
    """Largest value a bare H may take: day 28 is in every month, and Sunday must not count twice."""


_FIELDS = (
    _Field("minute", 0, 59, 59),
    _Field("hour", 0, 23, 23),
    _Field("day of month", 1, 31, 28),
    _Field("month", 1, 12, 12),
    _Field("day of week", 0, 7, 6),
)
_ALIASES = {
    "@yearly": "H H H H *",
    "@annually": "H H H H *",
    "@monthly": "H H H * *",
    "@weekly": "H H * * H",
    "@daily": "H H * * *",
    "@midnight": "H H(0-2) * * *",
    "@hourly": "H * * * *",
}
_BLANKS = "".join(map(chr, range(33)))
"""What Java's trim() takes off a line."""
_LARGEST = 2**31 - 1


class _Spread:
    """Jenkins' Hash: the same numbers for the same seed, as java.util.Random gives them."""

    def __init__(self, seed: str | None) -> None:
        self.zero = seed is None
        digest = md5((seed or "").encode("utf-8", "replace"), usedforsecurity=False).digest()
        folded = bytes(a ^ b for a, b in zip(digest[:8], digest[8:], strict=True))
        self.state = (int.from_bytes(folded) ^ 0x5DEECE66D) & (2**48 - 1)

    def next(self, bound: int) -> int:
        """Return a number from 0 to bound - 1; always 0 without a seed."""
        if self.zero:
            return 0
        bits = self._bits()
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        while bits - bits % bound + bound - 1 > _LARGEST:
            bits = self._bits()
        return bits % bound

    def _bits(self) -> int:
        self.state = (self.state * 0x5DEECE66D + 0xB) & (2**48 - 1)
        return self.state >> 17


@dataclass(frozen=True, slots=True)
class Crontab:
    """One line of a schedule, ready to be compared with the clock."""

    text: str
    bits: tuple[int, int, int, int, int]
    """Per field the values it fits, value n as bit n; Sunday is bit 0."""
    zone: str | None = None
    """Name of the time zone it is meant in; None for the clock's own."""

    @classmethod
    def parse(cls, line: str, seed: str | None = None, *, zone: str | None = None) -> Crontab:
        """Return one line of five fields or an alias; CronError with the column if Jenkins would refuse it.

        `seed` decides what H stands for: on a controller, the job's full name. None takes the lowest values.
        """
        if zone is not None:
            _zone(zone)
        return _line(line, 1, _Spread(seed), zone)

    def matches(self, when: datetime) -> bool:
        """Whether the line is due in the minute of `when`; without a zone, `when` is local to the line."""
        if self.zone is not None and when.tzinfo is not None:
            when = when.astimezone(_zone(self.zone))
        now = (when.minute, when.hour, when.day, when.month, when.isoweekday() % 7)
        return all(bits >> value & 1 for bits, value in zip(self.bits, now, strict=True))


def parse(spec: str, seed: str | None = None) -> tuple[Crontab, ...]:
    """Every line of a schedule, none for an empty one (never due); CronError for the first bad line."""
    spread = _Spread(seed)
    zone, lines = _split(spec)
    if zone is not None:
        _zone(zone)
    return tuple(_line(text, number, spread, zone) for number, text in lines)


def matches(spec: str, seed: str | None, when: datetime) -> bool:
    """Return whether any line of a schedule is due in the minute of `when`."""
    return any(line.matches(when) for line in parse(spec, seed))


def check(spec: str) -> list[Finding]:
    """Errors of every line, warnings where Jenkins' own form would warn, and what never runs.

    A fixed minute alone is a note: Jenkins would rather spread it, but the user may mean it.
    """
    return list(_check(spec))


_MOST_LINES = 500
"""Lines of one schedule that are checked."""


@lru_cache(maxsize=4096)
def _check(spec: str) -> tuple[Finding, ...]:
    zone, lines = _split(spec)
    if len(lines) > _MOST_LINES:
        message = f"it has {len(lines)} lines, more than {_MOST_LINES}"
        return (
            Finding(lines[_MOST_LINES][0], 1, message, "error", "write ranges and steps: H/5 8-18 * * 1-5"),
        )
    findings = _zone_findings(zone)
    for number, text in lines:
        try:
            line = _line(text, number, _Spread(None), None)
        except CronError as error:
            findings.append(_finding(error))
        else:
            findings += [Finding(number, 1, *doubt) for doubt in _doubts(line)]
    return tuple(findings)


def _doubts(line: Crontab) -> list[Doubt]:
    if not (alias := _alias(line.text)):
        return doubts(line.text, line.bits)
    rest = line.text.removeprefix(alias)
    return [(f"Jenkins ignores {rest!r} after the alias", "warning", "")] if rest else []


def _zone_findings(zone: str | None) -> list[Finding]:
    try:
        if zone is not None:
            _zone(zone)
    except CronError as error:
        # Without any zone data here, the name may well be right on the controller.
        return [_finding(error)._replace(severity="error" if available_timezones() else "warning")]
    return []


def _finding(error: CronError) -> Finding:
    return Finding(error.line, error.column, error.bare, "error", error.hint)


def _split(spec: str) -> tuple[str | None, list[tuple[int, str]]]:
    """Return the zone, and the lines that are schedules with their numbers."""
    lines = list(enumerate(re.split(r"\r?\n", spec), start=1))
    zone = None
    if (first := lines[0][1].strip(_BLANKS)).startswith("TZ="):
        zone = first.removeprefix("TZ=")
        del lines[0]
    return zone, [
        (n, text) for n, text in lines if (bare := text.strip(_BLANKS)) and not bare.startswith("#")
    ]


_SHORT_ZONES: dict[str, str] = dict(
    re.findall(
        r"(\S+)=(\S+)",
        """
    ACT=Australia/Darwin AET=Australia/Sydney AGT=America/Argentina/Buenos_Aires ART=Africa/Cairo
    AST=America/Anchorage BET=America/Sao_Paulo BST=Asia/Dhaka CAT=Africa/Harare CNT=America/St_Johns
    CST=America/Chicago CTT=Asia/Shanghai EAT=Africa/Addis_Ababa ECT=Europe/Paris
    IET=America/Indiana/Indianapolis IST=Asia/Kolkata JST=Asia/Tokyo MIT=Pacific/Apia NET=Asia/Yerevan
    NST=Pacific/Auckland PLT=Asia/Karachi PNT=America/Phoenix PRT=America/Puerto_Rico
    PST=America/Los_Angeles SST=Pacific/Guadalcanal VST=Asia/Ho_Chi_Minh""",
    )
)
"""Zones Java knows by three letters beside the IANA names (java.time.ZoneId.SHORT_IDS)."""
_NOT_IN_JAVA = frozenset({"Factory", "GMT+0", "GMT-0", "ROC", "localtime", "posixrules"})


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        if name not in _NOT_IN_JAVA and not name.startswith(("posix/", "right/")):
            return ZoneInfo(_SHORT_ZONES.get(name, name))
    except (KeyError, ValueError, OSError):  # unknown, no relative path, a directory of zones
        pass
    if not (known := available_timezones()):
        raise CronError(f"time zone {name!r} cannot be looked up", hint="install the package tzdata")
    hint = suggestion(name, known) or 'names are as in "Europe/Berlin" and "Etc/UTC"'
    raise CronError(f"Jenkins knows no time zone {name!r}", column=4, hint=hint)


def _line(text: str, number: int, spread: _Spread, zone: str | None) -> Crontab:
    """Return a line that is neither empty nor a comment."""
    bare = text.strip(_BLANKS)
    alias = _alias(bare)
    fields = _ALIASES.get(alias, "") if alias else bare
    words = [(m[0], m.start() + 1) for m in re.finditer(r"[^ \t]+", fields)]
    offset = 0 if alias else len(text) - len(text.lstrip(_BLANKS))
    if len(words) != 5:
        raise CronError(_miscounted(bare, len(words)), line=number, column=offset + 1, hint=_shape_hint(bare))
    bits = [
        _Terms(field, spread, number, offset + column).bits(word)
        for field, (word, column) in zip(_FIELDS, words, strict=True)
    ]
    bits[4] = (bits[4] | bits[4] >> 7) & 0x7F  # 7 is Sunday too
    return Crontab(bare, (bits[0], bits[1], bits[2], bits[3], bits[4]), zone)


def _alias(bare: str) -> str:
    """Return the alias a line begins with, empty if it is fields. What follows, Jenkins does not read."""
    match = re.match(r"(@[a-z]*)(?![^0-9 \t*/,@H()-])", bare)
    return match[1] if match else bare if bare.startswith("@") else ""


def _miscounted(bare: str, count: int) -> str:
    if bare.startswith("@"):
        return f"Jenkins knows no alias {bare.split()[0]!r}"
    return f"{count} field{'s' if count != 1 else ''}, not the five: " + ", ".join(
        field.name for field in _FIELDS
    )


def _shape_hint(bare: str) -> str:
    if bare.startswith("@"):
        return suggestion(bare.split()[0], _ALIASES) or f"aliases are {', '.join(_ALIASES)}"
    if bare.startswith("TZ="):
        return "TZ= must be the very first line, before comments and empty lines too"
    if "**" in bare:
        return "put spaces between the stars"
    count = len(bare.split())
    if count < len(_FIELDS):
        whole = bare + " *" * (len(_FIELDS) - count)
        return f'write * for every value, as in "{whole}"'
    return "Jenkins has no seconds and no years"


_TERM = re.compile(
    r"(?:(?P<star>\*)|(?P<spread>H)(?:\((?P<low>[0-9]+)-(?P<high>[0-9]+)\))?|(?P<start>[0-9]+)(?:-(?P<end>[0-9]+))?)"
    r"(?:/(?P<step>[0-9]+))?"
)


class _Terms:
    """The terms of one field, with the position needed for error messages."""

    def __init__(self, field: _Field, spread: _Spread, line: int, column: int) -> None:
        self.field = field
        self.spread = spread
        self.line = line
        self.column = column

    def bits(self, word: str) -> int:
        bits = 0
        for term in word.split(","):
            bits |= self.term(term)
            self.column += len(term) + 1
        return bits

    def term(self, term: str) -> int:
        match = _TERM.fullmatch(term)
        if match is None:
            self.fail(f"cannot read {term!r}" if term else "a value is missing", _term_hint(term))
        step = self.number(match["step"]) if match["step"] else 1
        if step == 0:
            self.fail("the step must be at least 1", "write * for every value")
        if match["spread"]:
            return self.spread_bits(match["low"], match["high"], step)
        if match["star"]:
            return sum(1 << value for value in range(self.field.low, self.field.high + 1, step))
        return self.range_bits(match["start"], match["end"], match["step"], step)

    def range_bits(self, start: str, end: str | None, stepped: str | None, step: int) -> int:
        low = self.value(start)
        if end is None and stepped:
            self.fail(
                f"a step needs a range: {start}/{stepped}", f"write {start}-{self.field.high}/{stepped}"
            )
        high = low if end is None else self.value(end)
        if low > high:
            steps = f"/{stepped}" if stepped else ""
            self.fail(f"the range {low}-{high} is reversed", f"write {high}-{low}{steps}")
        return sum(1 << value for value in range(low, high + 1, step))

    def spread_bits(self, start: str | None, end: str | None, step: int) -> int:
        low = self.value(start) if start else self.field.low
        high = self.value(end) if end else self.field.spread_high
        if low > high:
            steps = f"/{step}" if step > 1 else ""
            self.fail(f"the range {low}-{high} is reversed", f"write H({high}-{low}){steps}")
        if step > high - low + 1:
            hint = f"a step of {high - low + 1} is the largest"
            self.fail(f"the step {step} is larger than the range {low}-{high}", hint)
        if step == 1:  # for Jenkins no step at all: one value, not every value
            return 1 << low + self.spread.next(high - low + 1)
        return sum(1 << value for value in range(low + self.spread.next(step), high + 1, step))

    def value(self, digits: str) -> int:
        number = self.number(digits)
        if not self.field.low <= number <= self.field.high:
            bounds = f"{self.field.low}-{self.field.high}"
            self.fail(f"{number} is outside {bounds}", f"give a value of {bounds}")
        return number

    def number(self, digits: str) -> int:
        if len(digits) > 10 or int(digits) > _LARGEST:
            self.fail(f"{digits[:12]} is too large a number")
        return int(digits)

    def fail(self, message: str, hint: str = "") -> NoReturn:
        raise CronError(f"{self.field.name}: {message}", line=self.line, column=self.column, hint=hint)


def _term_hint(term: str) -> str:
    if re.search(r"[A-GI-Za-gi-z]", term):
        return "Jenkins takes numbers only, no names of days or months"
    if "?" in term or "#" in term:
        return 'Jenkins has no "?" and "#": write * for any'
    if "h" in term:
        return "H is a capital letter"
    return "put spaces between the stars" if "**" in term else ""
