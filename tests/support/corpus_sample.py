"""A sample of real job documents, where the corpus is there."""

from __future__ import annotations

import os
import random
import tarfile
from pathlib import Path

CORPUS = Path(
    os.environ.get(
        "JOBDSL_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents.tar.xz"
    )
)
SAMPLE = 150


def sample() -> dict[str, bytes]:
    """Some documents by name, always the same ones."""
    if CORPUS.is_dir():
        found = {str(path.relative_to(CORPUS)): path.read_bytes() for path in CORPUS.rglob("*.xml")}
        return {name: found[name] for name in _chosen(sorted(found))}
    with tarfile.open(CORPUS) as archive:
        members = {one.name: one for one in archive.getmembers() if one.name.endswith(".xml")}
        files = {name: archive.extractfile(members[name]) for name in _chosen(sorted(members))}
        return {name: file.read() for name, file in files.items() if file is not None}


def _chosen(names: list[str]) -> list[str]:
    return random.Random(20261123).sample(names, min(SAMPLE, len(names)))
