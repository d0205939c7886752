"""Names of functions and parameters after those of Jenkins Job Builder. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from jobdsl.importer.families.vocabulary import free_name

__all__ = ["function_name", "module_name", "parameter_name"]

_VARIABLE = re.compile(r"\{[^{}]*\}")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 60


def _word(text: str) -> str:
    return _OTHER.sub("_", text).strip("_").lower()[:_LONGEST].strip("_")


def function_name(text: str, kind: str, taken: Collection[str]) -> str:
    """Return a free name for a template, macro or group: `{name}-verify-{stream}` becomes `verify`."""
    word = _word(_VARIABLE.sub(" ", text)) or _word(text) or kind
    word = word if word[0].isalpha() else f"{kind}_{word}"
    return _free(free_name(word, kind), taken)


def parameter_name(text: str, taken: Collection[str]) -> str:
    """Return a free name for a variable: `mvn-settings` becomes `mvn_settings`."""
    word = _word(text) or "value"
    word = word if word[0].isalpha() else f"value_{word}"
    return _free(free_name(word, "value"), taken)


def module_name(text: str, taken: Collection[str]) -> str:
    """Return a free path for a DSL file, without its ending."""
    parts = [_OTHER.sub("_", part).strip("_").lower() or "jobs" for part in text.split("/")]
    return _free("/".join(parts), taken)


def _free(name: str, taken: Collection[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
