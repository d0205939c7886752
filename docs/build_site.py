"""Build the documentation as a site with a search: `make site` writes build/site.

The pages keep their places: `README.md` becomes the first page, what pages link to (settings, policies,
examples) is copied next to them. The build fails for a link or an anchor that leads nowhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "build" / "site-source"
SITE = ROOT / "build" / "site"
TABLE_ROW = re.compile(r"^\| ([^|]+) \| (\[.*\)) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Lay the pages out and build the site; return the exit code of the builder."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    pages = list(_pages())
    for page in pages:
        _write(page.relative_to(ROOT), _without_directories(page).replace("README.md", "index.md"))
        for linked in _linked_files(page):
            (SOURCE / linked).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / linked, SOURCE / linked)
    config = ROOT / "build" / "mkdocs.yml"
    config.write_text(json.dumps(_configuration(), indent=1), "utf-8")
    # not --quiet: it hides the warnings that --strict counts
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    built = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if built.returncode:
        sys.stderr.write(built.stderr)
    else:
        sys.stdout.write(f"{len(pages)} pages in {SITE.relative_to(ROOT)}\n")
    return built.returncode


def _pages() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    yield from (ROOT / "docs").rglob("*.md")
    yield ROOT / "changelog.d" / "README.md"


def _write(name: Path, text: str) -> None:
    target = SOURCE / (name.with_name("index.md") if name.name == "README.md" else name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")


def _without_directories(page: Path) -> str:
    """Read a page; links to directories, which a site cannot show, become plain text."""

    def shown(link: re.Match[str]) -> str:
        is_directory = "://" not in link[2] and (page.parent / link[2]).is_dir()
        return link[1] if is_directory else link[0]

    return LINK.sub(shown, page.read_text("utf-8"))


def _linked_files(page: Path) -> Iterator[Path]:
    """Yield the files other than pages that a page links to, as seen from the root."""
    for _, target, _ in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        file = (page.parent / target).resolve()
        if "://" not in target and file.is_file() and file.suffix != ".md":
            yield file.relative_to(ROOT)


def _configuration() -> dict[str, Any]:
    return {
        "site_name": "jobdsl",
        "docs_dir": str(SOURCE),
        "site_dir": str(SITE),
        "theme": {"name": "readthedocs", "navigation_depth": 3},
        "plugins": ["search"],
        "markdown_extensions": ["tables", "fenced_code", {"toc": {"permalink": True}}],
        "nav": [{"Start": "index.md"}, *_navigation()],
        "validation": {
            "nav": {"omitted_files": "info", "not_found": "warn", "absolute_links": "warn"},
            "links": {
                "not_found": "warn",
                "anchors": "warn",
                "absolute_links": "warn",
                "unrecognized_links": "warn",
            },
        },
    }


def _navigation() -> Iterator[dict[str, Any]]:
    """Yield the sections of the table in README.md: what a reader wants, and the pages for it."""
    contents = (ROOT / "README.md").read_text("utf-8").partition("\n## Documentation\n")[2]
    for reader, links in TABLE_ROW.findall(contents):
        pages = [{title.capitalize(): target} for title, target, _ in LINK.findall(links)]
        if reader == "look something up":
            elements = sorted(path.name for path in (ROOT / "docs" / "elements").glob("*.md"))
            pages += [{name.removesuffix(".md"): f"docs/elements/{name}"} for name in elements]
        yield {reader.capitalize(): pages}


if __name__ == "__main__":
    sys.exit(main())
