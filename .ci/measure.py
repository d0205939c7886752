"""Measure the house: words, names, circles and calls, per package; fail where a figure is above its limit.

`make measure` prints the table, `make lint` runs it with --check. `.ci/limits.json` has the limits: each only
gets lower, and --update writes the figures of today where they are lower than the limits.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
LIMITS = Path(__file__).parent / "limits.json"
PACKAGES = {
    "jobdsl": ("jobdsl", ("jobdsl/elements", "jobdsl/testing", "jobdsl/typed")),
    "elements": ("jobdsl/elements", ()),
    "testing": ("jobdsl/testing", ()),
    "templates": ("templates", ()),
    "dynaslave": ("dynaslave", ()),
    "delivery": ("delivery", ()),
    "console": ("console", ()),
}
"""What is measured apart: a folder, and folders in it that are measured by themselves."""
VAGUE = frozenset(
    ["found", "given", "here", "kept", "left", "made", "one", "said", "there", "told", "wanted", "what"]
)
"""Names of variables that do not say what they hold."""
PRIVATE = re.compile(r"\b(?:told|tells?|says?|said|asks?|nobody|somebody|who|whoever|looks?)\b", re.I)
"""Words of docstrings that the field does not use for programs."""
POSITIONAL = 7
"""Positional arguments of a call that nobody can read without the definition at hand."""


class Figures:
    """What is counted in the files of a package."""

    def __init__(self) -> None:
        self.lines = 0
        self.vague = 0
        self.words = 0
        self.private = 0
        self.long_calls = 0
        self.classes: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count one file."""
        self.lines += text.count("\n")
        for node in ast.walk(ast.parse(text)):
            self.vague += _vague_names(node)
            if isinstance(node, ast.Call) and _positional(node) >= POSITIONAL:
                self.long_calls += 1
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                self.classes[node.name] += 1
            for docstring in _docstrings(node):
                self.words += len(docstring.split())
                self.private += len(PRIVATE.findall(docstring))

    def table(self) -> dict[str, float]:
        """Return the figures that have a limit."""
        return {
            "vague names per 1,000 lines": round(1000 * self.vague / max(self.lines, 1), 1),
            "private words per 1,000 of docstrings": round(1000 * self.private / max(self.words, 1), 1),
            "calls with seven positional arguments": self.long_calls,
        }


def _vague_names(node: ast.AST) -> int:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return int(node.id in VAGUE)
    return int(isinstance(node, ast.arg) and node.arg in VAGUE)


def _positional(call: ast.Call) -> int:
    return sum(not isinstance(argument, ast.Starred) for argument in call.args)


def _docstrings(node: ast.AST) -> Iterator[str]:
    """Yield the docstring of a module, class or function, and the strings below fields and constants."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
        for statement in body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else body[:1]:
            value = getattr(getattr(statement, "value", None), "value", None)
            if isinstance(statement, ast.Expr) and isinstance(value, str):
                yield value


def measure() -> dict[str, dict[str, float]]:
    """Measure everything: figures by package, and those of the whole under `all`."""
    table: dict[str, dict[str, float]] = {}
    classes: Counter[str] = Counter()
    for name, (folder, others) in PACKAGES.items():
        figures = Figures()
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not any(place.startswith(f"{other}/") for other in others):
                figures.add(path.read_text("utf-8"))
        table[name] = figures.table()
        if name not in ("elements", "testing"):
            classes.update(figures.classes)
    modules = list(circles())
    table["all"] = {
        "classes of one public name": sum(count > 1 for count in classes.values()),
        "circles of modules": len(modules),
        "modules in circles": sum(map(len, modules)),
        "modules over 400 lines": len(_long_modules()),
    }
    return table


def _long_modules() -> list[str]:
    places = [path for folder, _ in PACKAGES.values() for path in (ROOT / folder).rglob("*.py")]
    return sorted({str(path) for path in places if path.read_text("utf-8").count("\n") > 400})


def circles() -> Iterator[list[str]]:
    """Yield the circles of modules: imports inside functions and for types count (Tarjan's algorithm)."""
    graph = grimp.build_graph("delivery", "dynaslave", "jobdsl", cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for imported in imports[module]:
            if imported not in index:
                visit(imported)
                low[module] = min(low[module], low[imported])
            elif imported in stack:
                low[module] = min(low[module], index[imported])
        if low[module] == index[module]:
            circle = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    sys.setrecursionlimit(10_000)
    for module in sorted(imports):
        if module not in index:
            visit(module)
    yield from found


def main() -> int:
    """Print the table; with --check compare it with the limits, with --update lower them."""
    table = measure()
    limits: dict[str, dict[str, float]] = json.loads(LIMITS.read_text("utf-8")) if LIMITS.is_file() else {}
    if "--update" in sys.argv:
        for package, figures in table.items():
            for name, figure in figures.items():
                limit = limits.setdefault(package, {}).get(name, figure)
                limits[package][name] = min(limit, figure)
        LIMITS.write_text(json.dumps(limits, indent=1) + "\n", "utf-8")
    worse = [
        f"{package}: {name}: {figure:g}, more than {limits[package][name]:g}"
        for package, figures in table.items()
        for name, figure in figures.items()
        if figure > limits.get(package, {}).get(name, figure)
    ]
    if "--check" not in sys.argv:
        for package, figures in table.items():
            sys.stdout.write(f"{package}\n")
            for name, figure in figures.items():
                limit = limits.get(package, {}).get(name, figure)
                sys.stdout.write(f"  {name:42} {figure:8g}  at most {limit:g}\n")
    for line in worse:
        sys.stderr.write(f"{line}\n")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
