"""The module `layouts` of an imported estate: layouts other than plugins write today, each once."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from jobdsl.importer.codegen import Layouts, Writer
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import WIDTH, Brackets, show

__all__ = ["known_layouts", "layouts_file", "usual_layouts_of"]

_ABOUT = [
    "Which fields elements have, and their order, where a class would write others by itself.",
    "",
    "Plugins of other versions wrote them so. A job that does not name one, and a word below that has",
    "none, has its fields as plugins write them today.",
]


def layouts_file(layouts: Layouts) -> str:
    """Return the text of the module; empty where there is no layout."""
    usual = [_usual(word, layouts) for word in sorted(layouts.words)]  # which may need constants
    if not usual and not layouts.names:
        return ""
    lines = [f'"""{_ABOUT[0]}', *_ABOUT[1:], '"""', ""]
    if usual:
        lines += ["import jobdsl", ""]
    names = sorted(layouts.names.items(), key=lambda entry: _natural(entry[1]))
    lines += [_constant(name, text) for (_, text), name in names]
    return "\n".join([*lines, *([""] if names and usual else []), *usual]) + "\n"


def _usual(word: str, layouts: Layouts) -> str:
    """Return the line of a module or a kind of item."""
    writer = Writer(layouts)
    parts = [("", f"jobdsl.{word}")]
    for name, layout in layouts.usual.items():
        first, _, element = name.partition(".")
        if first == word:
            text = writer.layout(element or word, layout).removeprefix("layouts.")
            parts.append((f"{element}=" if element else "", text))
    start = f"{word} = "
    return start + show(Brackets("jobdsl.in_layout(", list(parts)), "", len(start))


def _natural(name: str) -> tuple[str, int]:
    """Sorts ARCHIVE_2 before ARCHIVE_10."""
    word, _, number = name.rpartition("_")
    return word, int(number)


def _constant(name: str, text: str) -> str:
    if len(f'{name} = "{text}"') <= WIDTH:
        return f"{name} = {quoted(text)}"
    room = WIDTH - len('    ""')
    lines = [text]
    if len(text) > room:
        lines = textwrap.wrap(text, room - 1, break_long_words=False, break_on_hyphens=False)
    ends = [" "] * (len(lines) - 1) + [""]
    shown = "\n".join(f"    {quoted(line + end)}" for line, end in zip(lines, ends, strict=True))
    return f"{name} = (\n{shown}\n)"


def usual_layouts_of(path: Path) -> dict[str, str]:
    """Return the layout of each word that a module defines, by its name in the DSL."""
    tree = _tree(path)
    texts = {
        node.targets[0].id: node.value.value
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    usual: dict[str, str] = {}
    for node in tree.body if tree is not None else ():
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        target, call = node.targets[0], node.value
        if not (isinstance(target, ast.Name) and ast.unparse(call.func) == "jobdsl.in_layout"):
            continue
        pairs = [(target.id, value) for value in call.args[1:]]
        pairs += [(f"{target.id}.{keyword.arg}", keyword.value) for keyword in call.keywords]
        for word, value in pairs:
            text = value.value if isinstance(value, ast.Constant) else texts.get(ast.unparse(value))
            if isinstance(text, str):
                usual[word] = text
    return usual


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def known_layouts(path: Path) -> dict[tuple[str, str], str]:
    """Return the names of constants that a module has already, by what they are for and their layout."""
    tree = _tree(path)
    known: dict[tuple[str, str], str] = {}
    for node in tree.body if tree is not None else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(target, ast.Name):
            word, _, number = target.id.rpartition("_")
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            if word and number.isdigit() and isinstance(value, str):
                known[word, value] = target.id
    return known
