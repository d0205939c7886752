"""Every hint the project can give for a DSL file, read out of its source: one pattern for each text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["templates"]

ROOT = Path(__file__).parents[2] / "jobdsl"
PLACES = ("dsl", "elements", "loading", "checks", "grammar", "documents/mistakes.py")
HINT_FUNCTIONS = {"slip", "place_of", "way_out", "named_hint"}
"""Functions that give back hints; so do all of the modules below."""
HINT_MODULES = {"arguments.py", "slips.py", "names.py"}


def templates() -> dict[str, str]:
    """The place of each hint's text, by a regular expression that fits what it becomes."""
    found: dict[str, str] = {}
    for place in PLACES:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for text in _hints(file):
                pattern = _pattern(text)
                if sum(char.isalpha() for char in re.sub(r"\\.|\.\*", "", pattern)) >= 4:
                    found.setdefault(pattern, f"{file.relative_to(ROOT)}:{text.lineno}")
    return found


def _hints(file: Path) -> Iterator[ast.expr]:
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and node.arg == "hint") or (
            isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "hint" for one in node.targets)
        ):
            yield from _texts(node.value)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            position = {"Problem": 2, "Mistake": 3, "fail": 1}.get(name, 99)
            yield from (text for value in node.args[position : position + 1] for text in _texts(value))
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3:
            yield from _texts(node.value.elts[2])
        elif isinstance(node, ast.FunctionDef):
            whole = file.name in HINT_MODULES and file.parent.name in ("elements", "loading")
            if whole or node.name.endswith("_hint") or node.name in HINT_FUNCTIONS:
                returns = (part for part in ast.walk(node) if isinstance(part, ast.Return) and part.value)
                yield from (text for part in returns if part.value for text in _texts(part.value))


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    """The texts an expression may become, without those that only stand for something in it."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in _texts(value))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from (*_texts(node.left), *_texts(node.right))


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    assert isinstance(node, ast.JoinedStr)
    parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in node.values]
    return "".join(parts)
