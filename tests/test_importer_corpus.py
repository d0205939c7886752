"""Real job documents of many companies come back equal. Skipped where the corpus is absent.

JOBDSL_CORPUS names its archive or directory, otherwise it is looked for beside the checkout.
`python -m benchmarks.corpus` imports all of it.
"""

from __future__ import annotations

import os
import random
import tarfile
from pathlib import Path

import pytest

from jobdsl.importer import import_estate

CORPUS = Path(
    os.environ.get(
        "JOBDSL_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "corpus" / "documents.tar.xz"
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


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_real_documents_come_back_equal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, document in sample().items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
    result = import_estate(home, tmp_path / "estate", echo=lambda _: None)
    assert [one.name for one in result.documents if not one.equal and not one.error] == []
    assert len(result.broken) < 3
    assert result.typed_elements / result.elements > 0.9
    assert [(one.name, one.fallback) for one in result.fallbacks if one.fallback in ("checked", "xml")] == []
