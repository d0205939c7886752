"""How well secrets are told from other text: on lines with labels, and on the documents of the corpus.

The corpus' secrets were replaced by a word before it came here. A made-up value in the place of that word
has to be found again; whatever else is found there, a person has to judge.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.corpus import corpus
from jobdsl.documents.secretfinder import find_secrets
from jobdsl.documents.tree import Node, parse
from jobdsl.errors import XmlError
from jobdsl.secrets.texts import secrets_in

SAMPLES = Path(__file__).with_name("secret_samples.txt")
_REPLACED = "REDACTED"
_GROUP = re.compile(r"(?s)\bdocker\b(?!.*\bcurl\b).*-u \S+:\Z")
_STATEMENT = 3000
"""Characters in which a statement begins."""
_VALUE = "Zq7hunter2xK9"


def samples() -> tuple[list[str], list[str]]:
    """Lines with their secrets in «», and lines without any."""
    secret, innocent = SAMPLES.read_text("utf-8").split("# innocent\n")
    return secret.splitlines()[1:], innocent.splitlines()


def marked(text: str) -> str:
    """The text with each secret that is found in «»."""
    for start, end, _ in reversed(secrets_in(text)):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text


@dataclass
class Counts:
    """What was found in the documents of the corpus."""

    documents: int = 0
    secrets: int = 0
    """Replaced words, but for the names of users, and users and groups of containers (`docker run -u`)."""
    missed: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Texts found that nobody had replaced."""


def count(documents: Iterator[bytes]) -> Counts:
    """Look for the secrets of documents."""
    counts = Counts()
    for document in documents:
        try:
            root = parse(document)
        except XmlError:
            continue
        counts.documents += 1
        counts.others += [secret.field for secret in find_secrets(root) if _REPLACED not in secret.value]
        if _REPLACED.encode() in document:
            _count_replaced(parse(document.replace(_REPLACED.encode(), _VALUE.encode())), counts)
    return counts


def _count_replaced(root: Node, counts: Counts) -> None:
    spans: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for secret in find_secrets(root):
        spans.setdefault((id(secret.node), secret.attribute), []).append((secret.start, secret.end))
    for node in root.walk():
        for attribute, text in {"": node.text, **node.attrs}.items():
            for match in re.finditer(_VALUE, text):
                before = text[max(0, match.start() - _STATEMENT) : match.start()]
                if text.startswith(f":{_VALUE}", match.end()) or _GROUP.search(before):
                    continue
                counts.secrets += 1
                found = spans.get((id(node), attribute), ())
                if not any(start <= match.start() and match.end() <= end for start, end in found):
                    counts.missed.append(f"{node.tag}: {text[max(0, match.start() - 40) : match.start()]!r}")


def main() -> int:
    """Print misses and false alarms; 1 where a labelled line is read otherwise than its label says."""
    secret, innocent = samples()
    missed = [line for line in secret if marked(line.replace("«", "").replace("»", "")) != line]
    alarms = [line for line in innocent if marked(line) != line]
    print("Secrets in plain text")
    print(f"  labelled lines with secrets     {len(secret) - len(missed)} of {len(secret)} found")
    print(f"  labelled lines without          {len(alarms)} of {len(innocent)} false alarms")
    with corpus() as estates:
        if estates:
            files = (path.read_bytes() for estate in estates for path in sorted(estate.rglob("*.xml")))
            _show(count(files))
    return 1 if missed or alarms else 0


def _show(counts: Counts) -> None:
    found = counts.secrets - len(counts.missed)
    print(f"  documents of the corpus         {counts.documents}")
    print(f"  secrets replaced in them        {found} of {counts.secrets} found")
    print(f"  texts found that were not       {len(counts.others)}")
    for line in sorted(set(counts.missed)):
        print(f"    missed, {counts.missed.count(line)} times: {line}")


if __name__ == "__main__":
    sys.exit(main())
