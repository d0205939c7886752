"""Secrets taken out of the documents of an import, and the names they get."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jobdsl.documents.secretfinder import SecretText, find_secrets
from jobdsl.documents.tree import Node
from jobdsl.elements.untyped import secret
from jobdsl.secrets.placeholders import TOKEN

__all__ = ["Taken", "take_out"]

_UNUSABLE = re.compile(r"[{}<>&\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LONGEST_LABEL = 60
_TELLING = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}", re.DOTALL)
"""A value that would hardly stand anywhere else by chance."""


class Taken:
    """The secrets taken out of the documents of an estate."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        """By name."""
        self._shared: dict[tuple[str, str], str] = {}
        """Names of those in the middle of texts, by label and value."""

    def add(self, job: str, label: str, value: str) -> str:
        """Return the token of a secret that is a text of its own."""
        return secret(self._put(job, label, value))

    def share(self, job: str, label: str, value: str) -> str:
        """The token of a secret in a text; equal ones have one name, so that jobs go on sharing scripts."""
        name = self._shared.get((label, value), "")
        if name not in self.values:
            name = self._shared[label, value] = self._put(job, label, value)
        return secret(name)

    def forget(self, names: Iterable[str]) -> None:
        """Drop the secrets of a document that is read again."""
        for name in names:
            del self.values[name]

    def _put(self, job: str, label: str, value: str) -> str:
        """Keep a value under a name not used yet, of characters that survive XML and a token."""
        base = _UNUSABLE.sub("_", f"{job}/{label.lstrip('#')[:_LONGEST_LABEL]}")
        name, number = base, 1
        while name in self.values:
            number += 1
            name = f"{base}-{number}"
        self.values[name] = value
        return name


def take_out(root: Node, job: str, taken: Taken) -> None:
    """Replace every secret in plain text by a token that names it.

    A secret is a whole text or attribute, or a part of one, such as a value in a script: then the
    token stands in the middle of the text.
    """
    before = len(taken.values)
    texts: dict[tuple[int, str], list[SecretText]] = {}
    for secret_text in find_secrets(root, placeholders=True):
        texts.setdefault((id(secret_text.node), secret_text.attribute), []).append(secret_text)
    replaced = [(spans[0], _with_tokens(spans, job, taken)) for spans in texts.values()]
    for first, text in replaced:
        if first.attribute:
            first.node.attrs[first.attribute] = text
        else:
            first.node.text = text
    _take_echoes(root, job, list(taken.values.items())[before:])


def _with_tokens(spans: list[SecretText], job: str, taken: Taken) -> str:
    """Return a text with a token in the place of each of its secrets."""
    pieces, end = [], 0
    for secret_text in spans:
        put = taken.add if secret_text.is_whole else taken.share
        pieces += [secret_text.text[end : secret_text.start], put(job, secret_text.label, secret_text.value)]
        end = secret_text.end
    return "".join([*pieces, spans[0].text[end:]])


def _take_echoes(root: Node, job: str, own: list[tuple[str, str]]) -> None:
    """Replace a document's secrets where they stand again in its other texts: `build?token=...`."""
    tokens = {value: secret(name) for name, value in own if _TELLING.fullmatch(value) and value not in job}
    if not tokens:
        return
    known = re.compile(f"{TOKEN.pattern}|{'|'.join(map(re.escape, sorted(tokens, key=len, reverse=True)))}")

    def replaced(text: str) -> str:
        return known.sub(lambda match: tokens.get(match[0], match[0]), text)

    for node in root.walk():
        node.text = replaced(node.text)
        for name, value in node.attrs.items():
            node.attrs[name] = replaced(value)
