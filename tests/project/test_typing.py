"""What a type checker and an editor know of DSL files: wrong ones are reported, right ones are not."""

from __future__ import annotations

from pathlib import Path

import editor
import pytest

pytestmark = pytest.mark.slow

WRONG = Path(__file__).parents[1] / "typing"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return editor.installed(tmp_path)


def test_each_wrong_file_is_reported_at_its_line_and_nowhere_else(place: Path) -> None:
    marked = {
        (f"typing/{path.name}", number)
        for path in WRONG.glob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if line.endswith("# error")
    }
    assert len(marked) >= 20
    assert editor.reports(place, WRONG).keys() == marked


def test_estates_are_reported_nowhere(place: Path) -> None:
    estates = [path for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(estates) >= 5
    assert editor.reports(place, *estates) == {}


def test_an_editor_completes_arguments_and_elements_and_shows_their_meaning(place: Path) -> None:
    with editor.Editor(place) as session:
        session.open("from jobdsl import steps\n\nsteps.shell()\nsteps.\n")
        arguments = {one["label"] for one in session.at("completion", 2, 12)["items"]}
        assert {"command=", "unstable_return="} <= arguments
        elements = {one["label"] for one in session.at("completion", 3, 6)["items"]}
        assert {"shell", "powershell", "trigger"} <= elements
        assert not [label for label in elements if label.startswith("steps_") or label == "Any"]
        shown = session.at("hover", 2, 8)["contents"]["value"]
        assert "command: str" in shown
        assert "unstable_return: `<unstableReturn>`" in shown
        assert "Run a shell script" in shown
