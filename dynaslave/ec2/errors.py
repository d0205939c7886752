"""What AWS's error codes mean for us: the errors by meaning, from the table in errors.toml."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, cast

from dynaslave.provider import Denied, NoCapacity, ProviderError, Throttled, Unavailable
from jobdsl.printable import plain_words

__all__ = ["CodeMeaning", "Reach", "asking", "explain", "meaning_of", "table"]

log = logging.getLogger(__name__)

Reach = Literal["offer", "type", "zone", "subnet", "market", "all"]
"""What else a refused offer says something about; the table explains it."""
_KINDS = {kind.__name__: kind for kind in (NoCapacity, Throttled, Denied, Unavailable)}


class CodeMeaning(NamedTuple):
    """What a code means: which error it is for us, how far it reaches, what it says, and the way out."""

    kind: type[ProviderError]
    reach: Reach
    says: str
    hint: str


_REFUSED = CodeMeaning(Denied, "all", "AWS refuses that", "")
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
    """What a code means; for one we do not know, what its HTTP status says."""
    return table().get(code, _BROKEN if status >= 500 else _REFUSED)


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


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn whatever boto3 raises while `doing` something into an error by meaning."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        raise explain(answer.get("Code", ""), answer.get("Message", ""), doing, status) from error
    except _settings() as error:
        hint = "a role, a profile, AWS_REGION and the other AWS_* variables say who asks where"
        raise Denied(f"{doing}: {error} ({hint})", code=type(error).__name__) from error
    except exceptions.BotoCoreError as error:
        hint = "nothing to do: it is tried again"
        raise Unavailable(
            f"{doing}: AWS does not answer: {plain_words(str(error))} ({hint})", code=type(error).__name__
        ) from error


def _settings() -> tuple[type[Exception], ...]:
    """What boto3 raises when it is told too little or wrong things; asking again is of no use."""
    from botocore import exceptions

    return (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.NoRegionError,
        exceptions.InvalidRegionError,
        exceptions.InvalidEndpointConfigurationError,
        exceptions.ParamValidationError,
    )
