"""Fixtures that several modules' tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, Mapping[str, str]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew, to be reviewed")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare documents, by full name, with the files below tests/golden/<example>."""

    def compare(example: str, documents: Mapping[str, str]) -> None:
        root = GOLDEN / example
        stored = {path.relative_to(root).as_posix(): path for path in root.rglob("*.xml")}
        made = {f"{name}.xml": text for name, text in documents.items()}
        if request.config.getoption("--update-golden"):
            for name in stored.keys() - made.keys():
                stored[name].unlink()
            for name, text in made.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, "utf-8")
            return
        assert sorted(made) == sorted(stored)
        for name, text in made.items():
            assert text == stored[name].read_text("utf-8"), (
                f"{example}/{name}: --update-golden, if it is meant"
            )

    return compare
