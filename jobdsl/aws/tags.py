"""Tags as AWS takes and lists them, and what a value may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["LONGEST_VALUE", "fit", "read", "unfit", "written"]

LONGEST_VALUE = 256
"""Characters of a value; keys have at most 128, a resource has at most fifty tags."""
_REFUSED = re.compile("[^\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that AWS does not take in a value (pattern of `ResourceTagValue`, Auto Scaling API); line ends
and tabs it takes, but no console shows them."""


def read(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return tags as AWS lists them (`Key`, `Value`) as a dictionary."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}


def written(tags: Mapping[str, str]) -> list[Any]:
    """Return a dictionary as AWS takes tags, in the order of their keys."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def fit(value: str) -> str:
    """Make a text a value that AWS takes: other characters become blanks, what is too long is cut."""
    text = _REFUSED.sub(" ", value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def unfit(value: str) -> str:
    """Return what keeps a text from being the value of a tag; an empty text if nothing does."""
    if len(value) > LONGEST_VALUE:
        return f"has {len(value)} characters, and a tag on AWS at most {LONGEST_VALUE}"
    if refused := _REFUSED.search(value):
        return f"has the character {refused[0]!r}, which no tag on AWS may have"
    return ""
