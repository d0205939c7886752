"""Real job documents of many companies come back equal. Skipped where the corpus is absent.

JOBDSL_CORPUS names its archive or directory, otherwise it is looked for beside the checkout.
`python -m benchmarks.corpus` imports all of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_sample import CORPUS, sample

from jobdsl.importer import import_estate

pytestmark = pytest.mark.slow


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
