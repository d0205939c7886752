"""The pytest plugin: fixtures for tests of an estate. pytest loads it wherever jobdsl is installed.

    def test_every_service_is_tested(estate_documents):
        assert estate_documents["shop/cart"].text("builders/hudson.tasks.Shell/command") == "make test"

The estate is the directory that the setting `jobdsl_estate` names, else the one with the nearest
`jobdsl.toml` above the test; its modules can be imported (`from shared.templates import service`).
Where there is neither, it is the one that the folder `tests` is in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jobdsl.testing.controller import SimulatedJenkins
    from jobdsl.testing.rendered import Documents

__all__ = ["estate", "estate_documents", "golden_documents", "simulated_jenkins"]

_SETTINGS = "jobdsl.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting."""
    group = parser.getgroup("jobdsl")
    group.addoption(
        "--update-golden",
        action="store_true",
        help="Rewrite golden documents, to be reviewed in the diff.",
    )
    parser.addini("jobdsl_estate", "Directory of the estate, below the root of the tests.", default="")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Make the modules of a declared estate importable before its tests are imported."""
    declared = _declared(collector) if isinstance(collector, pytest.Module) else None
    if declared is not None and str(declared) not in sys.path:
        sys.path.insert(0, str(declared))


def _declared(node: pytest.Item | pytest.Collector) -> Path | None:
    """Return the directory that the setting names, or the nearest one above with settings."""
    if named := node.config.getini("jobdsl_estate"):
        return (node.config.rootpath / str(named)).resolve()
    return next((folder for folder in node.path.parents if (folder / _SETTINGS).is_file()), None)


def _estate(node: pytest.Item | pytest.Collector) -> Path | None:
    around = (folder.parent for folder in node.path.parents if folder.name == "tests")
    return _declared(node) or next(around, None)


@pytest.fixture
def estate(request: pytest.FixtureRequest) -> Path:
    """The directory of the estate the test belongs to."""
    root = _estate(request.node)
    if root is None:
        pytest.fail(
            f"no {_SETTINGS} and no folder `tests` above {request.node.path}: "
            "name the estate with the setting jobdsl_estate",
            pytrace=False,
        )
    return root


@pytest.fixture(scope="session")
def _rendered_estates() -> dict[Path, Documents]:
    return {}


@pytest.fixture
def estate_documents(estate: Path, _rendered_estates: dict[Path, Documents]) -> Documents:
    """The documents of the estate by full name, rendered once a session, as the seed renders them."""
    from jobdsl.errors import EstateError
    from jobdsl.testing.estates import render
    from jobdsl.testing.rendered import Documents

    if estate not in _rendered_estates:
        try:
            _rendered_estates[estate] = Documents(render(estate))
        except EstateError as error:
            pytest.fail("the estate does not load:\n" + "\n".join(map(str, error.problems)), pytrace=False)
    return _rendered_estates[estate]


@pytest.fixture
def simulated_jenkins() -> Iterator[SimulatedJenkins]:
    """A simulated controller of its own for each test, on loopback."""
    from jobdsl.testing.controller import SimulatedJenkins

    with SimulatedJenkins() as jenkins:
        yield jenkins


@pytest.fixture
def golden_documents(request: pytest.FixtureRequest) -> Callable[[Mapping[str, object], Path], None]:
    """Compare documents with the files below a directory; `--update-golden` writes them."""
    is_update = bool(request.config.getoption("--update-golden"))

    def compare(documents: Mapping[str, object], directory: Path) -> None:
        files = {f"{name}.xml": _xml(document) for name, document in documents.items()}
        stored = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*.xml"))}
        if is_update:
            _write(directory, files, stored)
            return
        assert sorted(files) == sorted(stored), f"{directory}: --update-golden, if it is meant"
        for name, text in files.items():
            assert text == stored[name].read_text("utf-8"), (
                f"{directory / name}: --update-golden, if it is meant"
            )

    return compare


def _xml(document: object) -> str:
    return document if isinstance(document, str) else str(getattr(document, "xml", document))


def _write(directory: Path, files: Mapping[str, str], stored: Mapping[str, Path]) -> None:
    for name in stored.keys() - files.keys():
        stored[name].unlink()
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, "utf-8")
