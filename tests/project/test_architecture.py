"""What docs/architecture.md says of modules holds: the paths through the code name modules in the order of imports."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

import grimp
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
PATHS = (
    "One definition to the controller",
    "One queue item to a launch",
    "One image to a deploy",
    "One document to a DSL file",
)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("delivery", "dynaslave", "jobdsl", cache_dir=None)


def modules_of(path: str) -> list[str]:
    section = PAGE.read_text("utf-8").partition(f"### {path}\n")[2].partition("\n#")[0]
    return re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin).read_text("utf-8")


@pytest.mark.parametrize("path", PATHS)
def test_each_module_of_a_path_is_imported_by_one_above_it(path: str) -> None:
    first, *others = modules_of(path)
    assert len(others) > 15
    above = [first]
    for module in others:
        assert module in graph().modules, f"{module} does not exist"
        importers = graph().find_modules_that_directly_import(module)
        named = re.compile(rf"\b{re.escape(module)}\b")
        reached = importers & set(above) or any(named.search(source_of(name)) for name in above)
        assert reached, f"{module}: no module above it imports or names it; imported by {sorted(importers)}"
        above.append(module)


def test_no_module_is_named_twice_in_a_path() -> None:
    for path in PATHS:
        modules = modules_of(path)
        assert len(modules) == len(set(modules)), path
