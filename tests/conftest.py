"""Fixtures that several modules' tests share."""

from __future__ import annotations

import os
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import settings
from skips import MissingTools

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, Mapping[str, str]], None]
ARCHIVE = Path(__file__).parents[2] / "shared" / "jenkins-recordings" / "stored-pairs.tar.xz"
StoredPairs = list[tuple[str, bytes, bytes]]
"""Real documents: a name, the text that was posted, and what a controller stored."""


def pytest_configure(config: pytest.Config) -> None:
    """With REQUIRE_TOOLS a test that skips for want of a tool fails the run; workers leave that to their parent."""
    if os.environ.get("REQUIRE_TOOLS") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(MissingTools())


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave cases of `sampled(n)` tests to `make test-all`: all but the first of each test and one of n others."""
    begun = set[str]()
    for item in items:
        marker = item.get_closest_marker("sampled")
        test = item.nodeid.partition("[")[0]
        if marker and test in begun and crc32(item.nodeid.encode()) % int(marker.args[0]):
            item.add_marker(pytest.mark.thorough)
        begun.add(test)


# A busy machine is no failure: there is no deadline.
settings.register_profile("jobdsl", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "jobdsl")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, as many tests wait for processes they have started."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def default_logging() -> Iterator[None]:
    """Undo what a command set of logging: it writes to a stream that is closed when its test is over."""
    yield
    if structlog := sys.modules.get("structlog"):
        structlog.reset_defaults()


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
