"""Names of parameters: from what a value is given to, or the word before it in a text. Pure."""

from __future__ import annotations

import re

from jobdsl.importer.families.vocabulary import free_name, name_of
from jobdsl.importer.pretty import Brackets, Code

__all__ = ["block_name", "hint_of", "last_word", "subject_of", "word_of"]

_UNSAFE = re.compile(r"[^a-z0-9]+")
_SUBJECT = re.compile(r"[\"'][A-Za-z][A-Za-z0-9_]{2,29}[\"']")
"""A first argument that names what a call is about, as in `params.string("BRANCH", "main")`."""
_BEFORE = re.compile(r"(?:^|[^A-Za-z0-9/.@])([A-Za-z]{3,}(?:_[A-Za-z]+)*)[\"']?[=: \t]+[\"']?\Z")
"""A word, and what separates it from its value."""
_FILLERS = frozenset({"all", "and", "for", "from", "into", "the", "this", "with"})
_VAGUE = frozenset({"default", "value", "description", "command", "text", "choices", "key", "name"})
"""Arguments that need the subject of their call in their names."""


def hint_of(start: str, label: str, index: int, first: Code | None) -> str:
    """Return what the argument of a call is for.

    Args:
        start: The call, as `params.string(`.
        label: The argument's label; empty for one without.
        index: Its place in the call.
        first: The first argument, where all rows have the same.
    """
    hint = label.rstrip("=: ").strip('"') or name_of(start, index) or start
    subject = subject_of(first)
    if subject and index and hint in _VAGUE:
        return subject if hint in ("default", "value", "choices") else f"{subject}_{hint}"
    return hint


def subject_of(first: Code | None) -> str:
    """Return what a call is about, where its first argument is a word; else empty text."""
    return first[1:-1] if isinstance(first, str) and _SUBJECT.fullmatch(first) else ""


def last_word(before: str) -> str:
    """Return the word that a gap follows, as in `--service ` or `VERSION=`; empty after a part of a path."""
    match = _BEFORE.search(before[-60:])
    word = match[1].lower() if match is not None else ""
    return "" if word in _FILLERS else word


def word_of(hint: str) -> str:
    """Return a name from what a value is for: a label, a call, a word before it."""
    words = [word for word in _UNSAFE.split(hint.lower().rpartition(".")[2].removesuffix("(")) if word]
    name = "_".join(words)[:40].strip("_")
    if not name:
        return ""
    return free_name(name if name[0].isalpha() else f"value_{name}", "value")


_KINDS = {
    "params": "parameter",
    "publish": "publisher",
    "steps": "step",
    "triggers": "trigger",
    "wrappers": "wrapper",
    "properties": "property",
    "axes": "axis",
    "scm": "checkout",
}
"""What elements of a module are."""


def block_name(code: Brackets, label: str, taken: set[str], *, is_constant: bool) -> str:
    """Return a free name for a part of jobs.

    Args:
        code: The part.
        label: The argument that it is given to; empty for an element of a list.
        taken: Names it cannot have.
        is_constant: Whether it is a constant and no function.
    """
    module, _, word = code.start.rstrip("([").rpartition(".")
    subject = subject_of(code.parts[0][1] if code.parts and not code.parts[0][0] else None)
    words = [subject or word or label.rstrip("=: ").strip('"'), _KINDS.get(module, "")]
    stem = "_".join(filter(None, (word_of(text) for text in words))) or "part"
    stem = stem if not stem.endswith("_value") else stem.removesuffix("_value") + "_list"
    stem = stem.upper() if is_constant else free_name(stem, "part")
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name
