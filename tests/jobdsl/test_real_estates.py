"""Real estates settle: imported, rendered equal, applied, and then nothing is left to do. Skipped without the corpus.

JOBDSL_CORPUS names its archive or directory, otherwise it is looked for beside the checkout. A sample of its
estates is taken; with JOBDSL_WHOLE_CORPUS=1 all of them, which takes minutes.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from settling import settle

from jobdsl.checks.lint import lint
from jobdsl.controller.jenkins import connect
from jobdsl.documents.compare import compare
from jobdsl.documents.secrets import secrets_of
from jobdsl.documents.tree import parse, to_text
from jobdsl.errors import Where, XmlError
from jobdsl.grammar import names
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.model import Definition, Estate
from jobdsl.planning.plan import plan
from jobdsl.settings import config
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents.tar.xz"
CORPUS = Path(os.environ.get("JOBDSL_CORPUS", BESIDE))
WHOLE = os.environ.get("JOBDSL_WHOLE_CORPUS") == "1"
SAMPLE = range(3, 40, 6)
"""Which estates of Jenkins homes, by their number of documents, a plain run of the tests takes."""


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The directories of the estates; of a sample of them."""
    root = CORPUS
    if not root.exists():
        pytest.skip("no corpus: JOBDSL_CORPUS names its archive or directory")
    if root.is_file():
        root = tmp_path_factory.mktemp("corpus")
        with tarfile.open(CORPUS) as archive:
            archive.extractall(root, filter="data")
    homes, rendered = (
        sorted(
            (one for one in root.glob(f"**/{kind}/*") if one.is_dir()), key=lambda one: (_size(one), one.name)
        )
        for kind in ("homes", "jjb")
    )
    return [*homes, *rendered] if WHOLE else [*(homes[number] for number in SAMPLE), rendered[0]]


def _size(estate: Path) -> int:
    return sum(1 for _ in estate.rglob("*.xml"))


def test_estates_settle(estates: list[Path], tmp_path: Path) -> None:
    count = total = 0
    for number, home in enumerate(estates):
        out = tmp_path / str(number)
        result = import_estate(home, out, echo=lambda _: None)
        unequal = [one.name for one in result.documents if not (one.equal or one.error or one.left_out)]
        assert unequal == [], home.name
        settings = config.load(out)
        loaded = load(out, settings, isolation="process")
        with SimulatedJenkins(accept_unknown_classes=True) as jenkins:
            definitions = list(_acceptable(loaded, jenkins))
            settled = settle(definitions, jenkins, secrets_of(out, settings))
        count += len(definitions)
        total += len(loaded.definitions)
        lost = [problem for problem in settled.problems if problem.severity != "note"]
        assert lost == [], home.name  # a note: one job has two elements <scm>, of which Jenkins keeps one
        assert settled.changes == [], home.name
        assert settled.drift == [], home.name
    assert count > 0.8 * total


def _acceptable(estate: Estate, jenkins: SimulatedJenkins) -> Iterator[Definition]:
    """The definitions that a plan does not refuse, and with schedules that Jenkins reads."""
    inventory = connect(jenkins.url, jenkins.user, jenkins.token).inventory()
    errors = [problem for problem in lint(estate.definitions) if problem.severity == "error"]
    refused = {problem.job for problem in errors if problem.rule in ("bad-cron", "same-name")}
    while True:
        kept = tuple(
            one
            for one in estate.definitions
            if not refused.intersection((one.full_name, *names.ancestors(one.full_name)))
        )
        more = {problem.job for problem in plan(replace(estate, definitions=kept), inventory, "main").errors}
        if not more:
            return iter(kept)
        refused |= more


def test_what_a_controller_stored_settles(stored_pairs: list[tuple[str, bytes, bytes]]) -> None:
    definitions = []
    for name, _, stored in stored_pairs:
        root = parse(stored)
        if root.find("properties") is None or "BranchJobProperty" not in stored.decode():
            text = to_text(root).lstrip("\n")
            definitions.append(
                Definition(
                    name, root.tag, f'<?xml version="1.1" encoding="UTF-8"?>\n{text}\n', Where("a.py", 1)
                )
            )
    with SimulatedJenkins() as jenkins:
        settled = settle(definitions, jenkins)
    assert len(definitions) > 350
    assert [str(one) for one in settled.problems] == []
    assert settled.changes == []
    assert settled.drift == []


def test_what_is_said_to_be_dropped_was(stored_pairs: list[tuple[str, bytes, bytes]]) -> None:
    """Of real documents, only what is nowhere in what the controller stored is called an error."""
    for name, posted, stored in stored_pairs:
        try:
            found = compare(parse(posted), parse(stored))
        except XmlError:
            continue
        kept = stored.decode()
        for one in found.lost:
            if one.severity != "error" or one.kind == "changed":
                continue
            value = f">{one.desired}<" if one.field and one.desired else f"{one.element}"
            assert f"<{one.field.rpartition('/')[2] or one.element}{value}" not in kept, (name, str(one))
            if not one.field:
                assert one.element not in kept, (name, str(one))
