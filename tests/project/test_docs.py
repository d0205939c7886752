"""The documentation says what the code does: generated pages are current, links lead somewhere."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from dynaslave.pools.pool import agent_pool
from dynaslave.pools.settings import Pools, TotalQuota

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])


def links(page: Path) -> list[str]:
    """Links to other files of the project."""
    found = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    return [link for link in found if "://" not in link]


def test_generated_pages_are_current() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def test_the_page_on_pools_has_every_argument_and_its_default() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \|", (ROOT / "docs" / "pools.md").read_text("utf-8"), re.MULTILINE
    )
    shown = {name: default.strip("`") for name, default in rows}
    parameters = inspect.signature(agent_pool).parameters
    assert list(shown) == list(parameters)
    for name, one in parameters.items():
        if isinstance(one.default, bool | int | str) and one.default != "":
            assert shown[name].strip('"') == str(one.default), name


def test_the_page_on_pools_has_every_quota() -> None:
    text = (ROOT / "docs" / "pools.md").read_text("utf-8")
    keys = {f"pools.{one.name}" for one in fields(Pools)} | {
        f"quotas.{one.name}" for one in fields(TotalQuota)
    }
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_every_page_is_reachable_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        ahead += [(page.parent / link).resolve() for link in links(page) if (page.parent / link).exists()]
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= {page.name for page in seen}
