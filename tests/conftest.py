"""Fixtures that several modules' tests share."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from skips import MissingTools

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, Mapping[str, str]], None]
ARCHIVE = Path(__file__).parents[2] / "shared" / "jenkins-recordings" / "stored-pairs.tar.xz"
StoredPairs = list[tuple[str, bytes, bytes]]
"""Real documents: a name, the text that was posted, and what a controller stored."""


SLOW = (
    "test_console_browser",
    "live/",
    "test_attacks",
    "test_child",
    "test_convergence",
    "test_delivery_bake",
    "test_delivery_chroot",
    "test_delivery_clean",
    "test_delivery_deploy",
    "test_docs_estates",
    "test_dynaslave_ec2_faults",
    "test_dynaslave_local",
    "test_dynaslave_run",
    "test_dynaslave_simulate",
    "test_dynaslave_trials",
    "test_examples",
    "test_fuzz_dsl",
    "test_importer_arguments",
    "test_importer_corpus",
    "test_importer_fuzz",
    "test_isolation",
    "test_main_job",
    "test_mistakes",
    "test_packaging",
    "test_real_estates",
    "test_service_run",
    "test_templates_delivery_run",
    "test_templates_quoting",
    "test_templates_run",
    "test_testing_run",
)
"""Beginnings of the names of modules that `make test-fast` leaves out: fault sweeps, real builds, many processes."""


def pytest_configure(config: pytest.Config) -> None:
    """With REQUIRE_TOOLS a test that skips for want of a tool fails the run; workers leave that to their parent."""
    if os.environ.get("REQUIRE_TOOLS") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(MissingTools())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, so that `-m "not slow"` leaves them out."""
    for item in items:
        if item.path.relative_to(GOLDEN.parent).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


settings.register_profile("jobdsl", deadline=None, derandomize=True)  # a busy machine is no failure
settings.load_profile("jobdsl")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, as many tests wait for processes they have started."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def golden(golden_documents: Callable[[Mapping[str, object], Path], None]) -> Golden:
    """Compare documents, by full name, with the files below tests/golden/<example>."""

    def compare(example: str, documents: Mapping[str, str]) -> None:
        golden_documents(documents, GOLDEN / example)

    return compare


@pytest.fixture(scope="session")
def stored_pairs() -> StoredPairs:
    """The stored pairs: the directory or archive that is named, or the archive beside the checkout."""
    place = Path(os.environ.get("JOBDSL_STORED_PAIRS") or ARCHIVE)
    if place.is_dir():
        files = {path.name: path.read_bytes() for path in place.glob("p*.xml")}
    elif place.exists():
        with tarfile.open(place) as archive:
            members = [member for member in archive if member.isfile()]
            files = {Path(one.name).name: archive.extractfile(one).read() for one in members}  # type: ignore[union-attr]
    else:
        pytest.skip("the stored pairs are not here; JOBDSL_STORED_PAIRS names their directory or archive")
    stored = sorted(name for name in files if name.endswith(".stored.xml"))
    return [(name[:4], files[name.replace("stored", "posted")], files[name]) for name in stored]
