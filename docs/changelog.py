"""The changelog: one file for each change in changelog.d/, moved into CHANGELOG.md by a release.

`python docs/changelog.py` prints the changes since the last release, and fails for a file of a wrong name.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""Kinds of changes, in the order of Keep a Changelog."""
BEGIN = "<!-- releases -->\n"
"""Line of CHANGELOG.md below which the newest release stands."""


class FragmentError(Exception):
    """Files of changelog.d that are no changes."""


def fragments(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder by the kind of their change, in the order of their names.

    Raises:
        FragmentError: names every file with a wrong name or without a text.
    """
    by_kind: dict[str, list[Path]] = defaultdict(list)
    wrong = []
    for path in sorted(folder.iterdir()):
        if path.name == "README.md":
            continue
        name, _, kind = path.stem.rpartition(".")
        text = path.read_text("utf-8").strip()
        if path.suffix != ".md" or not name or kind not in KINDS:
            wrong.append(f"{path.name}: the name must be NAME.KIND.md, KIND one of {', '.join(KINDS)}")
        elif not text or text.startswith(("-", "*", "#")):
            wrong.append(f"{path.name}: one paragraph of text, without a bullet or heading")
        by_kind[kind].append(path)
    if wrong:
        raise FragmentError("\n".join(wrong))
    return by_kind


def section(changes: Mapping[str, Sequence[Path]]) -> str:
    """Render changes as sections of the changelog, a bullet for each."""
    parts = []
    for kind in KINDS:
        if changes.get(kind):
            bullets = (path.read_text("utf-8").strip().replace("\n", "\n  ") for path in changes[kind])
            parts.append(f"### {kind.title()}\n\n" + "".join(f"- {text}\n" for text in bullets))
    return "\n".join(parts)


def release(root: Path, version: str, date: str) -> None:
    """Move the files of changelog.d into CHANGELOG.md, as the section of a version.

    Raises:
        FragmentError: a file is no change, or there is none.
    """
    changes = fragments(root / "changelog.d")
    if not changes:
        raise FragmentError("changelog.d: no changes since the last release")
    changelog = root / "CHANGELOG.md"
    head, begin, releases = changelog.read_text("utf-8").partition(BEGIN)
    changelog.write_text(f"{head}{begin}\n## [{version}] - {date}\n\n{section(changes)}{releases}", "utf-8")
    for paths in changes.values():
        for path in paths:
            path.unlink()


def main() -> int:
    """Print the changes since the last release, or make them those of a version."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--release", metavar="VERSION", help="Move them into CHANGELOG.md as this version.")
    options = parser.parse_args()
    try:
        if options.release:
            release(ROOT, options.release, datetime.now(UTC).strftime("%Y-%m-%d"))
        else:
            sys.stdout.write(section(fragments(ROOT / "changelog.d")))
    except FragmentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
