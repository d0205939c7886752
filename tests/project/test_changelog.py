"""The changelog: every change is a file of its own, and a release moves them into CHANGELOG.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import changelog
import pytest

ROOT = Path(__file__).parents[2]


def test_the_files_of_changes_are_well_formed() -> None:
    changelog.fragments(ROOT / "changelog.d")


def test_the_version_of_the_project_is_the_newest_of_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    _, begin, releases = (ROOT / "CHANGELOG.md").read_text("utf-8").partition(changelog.BEGIN)
    newest = re.search(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", releases, re.MULTILINE)
    assert begin
    assert newest is not None
    assert newest[1] == version


def test_a_release_moves_the_files_into_the_changelog(tmp_path: Path) -> None:
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("How.")
    (folder / "b-codes.fixed.md").write_text("Codes are right:\nall of them.\n")
    (folder / "a-names.fixed.md").write_text("Names are right.\n")
    (folder / "page.added.md").write_text("A page.\n")
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n{changelog.BEGIN}\n## [0.1.0] - 2026-01-01\n\nOld.\n"
    )
    changelog.release(tmp_path, "0.2.0", "2026-02-03")
    assert (tmp_path / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n{changelog.BEGIN}\n## [0.2.0] - 2026-02-03\n\n### Added\n\n- A page.\n\n### Fixed\n\n"
        "- Names are right.\n- Codes are right:\n  all of them.\n\n## [0.1.0] - 2026-01-01\n\nOld.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    with pytest.raises(changelog.FragmentError, match="no changes"):
        changelog.release(tmp_path, "0.3.0", "2026-03-04")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codes.md", "Text."),
        ("codes.mended.md", "Text."),
        (".fixed.md", "Text."),
        ("codes.fixed.txt", "Text."),
        ("codes.fixed.md", ""),
        ("codes.fixed.md", "- Text."),
        ("codes.fixed.md", "### Fixed"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "right.added.md").write_text("Right.")
    (tmp_path / name).write_text(text)
    with pytest.raises(changelog.FragmentError) as caught:
        changelog.fragments(tmp_path)
    assert str(caught.value).startswith(f"{name}: ")
