"""What AWS's error codes mean for us: the errors by meaning, from the table in errors.toml."""

from __future__ import annotations

import logging
import tomllib
from contextlib import AbstractContextManager
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, cast

from dynaslave.provider import Denied, NoCapacity, ProviderError, Throttled, Unavailable
from jobdsl.aws import errors
from jobdsl.printable import plain_words

__all__ = ["CodeMeaning", "Reach", "asking", "explain", "meaning_of", "table"]

log = logging.getLogger(__name__)

Reach = Literal["offer", "type", "zone", "subnet", "market", "all"]
"""What else a refused offer concerns; the table explains it."""
_KINDS = {kind.__name__: kind for kind in (NoCapacity, Throttled, Denied, Unavailable)}


class CodeMeaning(NamedTuple):
    """What a code means: which error it is for us, how far it reaches, its message, and the hint."""

    kind: type[ProviderError]
    reach: Reach
    says: str
    hint: str


_REFUSED = CodeMeaning(Denied, "all", "AWS refuses that", "")
_THROTTLED = CodeMeaning(
    Throttled, "all", "AWS gets too many requests from this account", "nothing to do: it is tried again"
)
_BROKEN = CodeMeaning(Unavailable, "all", "AWS is in trouble", "nothing to do: it is tried again")


@cache
def table() -> dict[str, CodeMeaning]:
    """Every code we know."""
    sections = tomllib.loads(resources.files("dynaslave.ec2").joinpath("errors.toml").read_text("utf-8"))
    rows = {code: row for section in sections.values() for code, row in section.items()}
    return {
        code: CodeMeaning(_KINDS[row[0]], cast(Reach, row[1]), row[2], row[3]) for code, row in rows.items()
    }


def meaning_of(code: str, status: int = 400) -> CodeMeaning:
    """Return what a code means to agents; for one that the table lacks, what it means to all callers."""
    if code in table():
        return table()[code]
    meaning = errors.meaning_of(code, status=status)
    if meaning is errors.ErrorMeaning.Throttled:
        return _THROTTLED
    unavailable = status >= 500 or meaning is errors.ErrorMeaning.Unavailable
    return _BROKEN if unavailable else _REFUSED


def explain(code: str, text: str, doing: str, status: int = 400) -> ProviderError:
    """The error for a code and AWS's own words, met while `doing` something."""
    meaning = meaning_of(code, status)
    own, encoded, _ = text.partition(" Encoded authorization failure message")
    hint = meaning.hint
    if encoded:  # a kilobyte that only AWS can read: kept for the log
        log.warning("%s: %s", code, text)
        hint += "; aws sts decode-authorization-message reads the message in the log"
    way_out = f" ({hint})" if hint else ""
    text = f"{doing}: {meaning.says}{way_out}. AWS: {code}: {plain_words(own)}"
    return meaning.kind(text, code=code, own=meaning.kind is Denied or meaning.reach == "subnet")


def asking(doing: str) -> AbstractContextManager[None]:
    """Turn whatever boto3 raises while `doing` something into an error by meaning."""
    return errors.translated(lambda failure: _error(doing, failure))


def _error(doing: str, failure: errors.AwsFailure) -> ProviderError:
    if failure.kind == "refused":
        return explain(failure.code, failure.encoded or failure.text, doing, failure.status)
    if failure.kind == "settings":
        return Denied(f"{doing}: {failure.text} ({errors.SETTINGS_HINT})", code=failure.code)
    hint = "nothing to do: it is tried again"
    return Unavailable(f"{doing}: AWS does not answer: {failure.text} ({hint})", code=failure.code)
