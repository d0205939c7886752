"""What an estate on disk has already: which jobs are calls of which functions, and the names of its parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import EstateError, JobdslError
from jobdsl.importer.convert import fingerprint
from jobdsl.loading.load import load
from jobdsl.model import Definition
from jobdsl.settings import config

__all__ = ["ExistingFamilies", "imports", "is_made_by_import", "read_existing", "unused_modules"]

_MADE_BY_IMPORT = "found by the import."
"""In the first line of a module of functions."""
_IMPORTED = 'imported from Jenkins."""'
"""How the first line of a DSL file ends."""
_MOST_BYTES = 4 << 20
"""Bytes of a file that is read: the loader takes no more either."""


@dataclass(frozen=True, slots=True)
class ExistingFamilies:
    """An estate before it is imported into once more."""

    functions: Mapping[str, str] = field(default_factory=dict)
    """The function that makes a job, by the job's full name."""
    prints: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    """Fingerprints of the documents of a full name: those of an item, and of a view."""
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The full names that each DSL file defines, by its path."""
    defaults: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    """The parameters of each of these functions, with the source of their defaults."""
    blocks: Mapping[str, str] = field(default_factory=dict)
    """Source of the parts that have a name, by that name."""


def read_existing(out: Path, secrets: Secrets) -> ExistingFamilies:
    """Read an estate; empty where there is none, or it cannot be loaded."""
    if not (out / "jobdsl.toml").is_file():
        return ExistingFamilies()
    try:
        prints, files = _definitions_of(out, secrets)
    except JobdslError:
        return ExistingFamilies()
    functions: dict[str, str] = {}
    blocks: dict[str, str] = {}
    defaults: dict[str, dict[str, str | None]] = {}
    for path in sorted(out.rglob("*.py")):
        source = _source(path)
        tree = _tree(source)
        if tree is None:
            continue
        if path.parent.parent == out and path.stem.startswith("blocks"):
            blocks |= dict(_definitions(source, tree))
        elif path.parent.parent == out and path.stem.startswith("templates"):
            defaults |= _signatures(source, tree)
        names = _functions_imported(tree)
        functions |= dict(_calls(tree.body, "", names))
    return ExistingFamilies(functions, prints, files, defaults, blocks)


def unused_modules(out: Path, written: Collection[str]) -> list[str]:
    """Return modules that an earlier import wrote for its functions and no other file imports.

    Args:
        out: The estate.
        written: Paths of files that are about to be written anew.
    """
    paths = {path.relative_to(out).as_posix(): _source(path) for path in sorted(out.rglob("*.py"))}
    modules = [name for name, text in paths.items() if name.count("/") == 1 and _MADE_BY_IMPORT in text[:200]]
    others = [text for name, text in paths.items() if name not in written and name not in modules]
    directories: dict[str, list[str]] = {}
    for name in modules:
        directories.setdefault(name.partition("/")[0], []).append(name)
    return [
        name
        for directory, names in directories.items()
        if not any(f"from {directory}." in text for text in others)
        for name in names
    ]


def _definitions_of(
    out: Path, secrets: Secrets
) -> tuple[dict[str, frozenset[bytes]], dict[str, frozenset[str]]]:
    """Return fingerprints of what the estate renders, and what each file defines.

    Raises JobdslError where it does not load.
    """
    prints: dict[str, frozenset[bytes]] = {}
    files: dict[str, frozenset[str]] = {}

    def add(definition: Definition) -> None:
        document = parse(secrets.fill(definition.document, known_only=True))
        name, file = definition.full_name, definition.where.file
        prints[name] = prints.get(name, frozenset()) | {fingerprint(document)}
        files[file] = files.get(file, frozenset()) | {name}

    try:
        load(out, config.load(out), on_definition=add)
    except EstateError as error:
        raise JobdslError(str(error)) from None
    return prints, files


def imports(out: Path, files: Iterable[str], module: str) -> bool:
    """Return whether one of these files imports from a module, or from a package of that name."""
    pattern = re.compile(rf"^\s*(?:from|import)\s+{re.escape(module)}\b", re.MULTILINE)
    return any(pattern.search(_source(out / file)) for file in files)


def is_made_by_import(path: Path) -> bool:
    """Return whether an import wrote a DSL file, by its first line."""
    return _source(path).partition("\n")[0].endswith(_IMPORTED)


def _source(path: Path) -> str:
    try:
        if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
            return ""
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _definitions(source: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    lines = source.split("\n")
    for node in tree.body:
        text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef):
            yield node.name, text
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, text


def _signatures(source: str, tree: ast.Module) -> dict[str, dict[str, str | None]]:
    """Return the parameters of each function, with the source of their defaults."""
    signatures: dict[str, dict[str, str | None]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            sources = [ast.get_source_segment(source, default) for default in node.args.defaults]
            signatures[node.name] = dict(
                zip(names, [*[None] * (len(names) - len(sources)), *sources], strict=True)
            )
    return signatures


def _functions_imported(tree: ast.Module) -> set[str]:
    """Return names imported from a module of functions, which are in a directory of their own."""
    return {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2].startswith("templates")
        for alias in node.names
        if alias.asname is None
    }


def _calls(body: list[ast.stmt], inside: str, functions: set[str]) -> Iterator[tuple[str, str]]:
    """Yield full names of jobs and the functions that are called for them."""
    for statement in body:
        if isinstance(statement, ast.With):
            name = _first_text(statement.items[0].context_expr)
            path = "/".join(filter(None, (inside, name)))
            yield from _calls(statement.body, path, functions)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            name = _first_text(statement.value)
            if isinstance(function, ast.Name) and function.id in functions and name:
                yield "/".join(filter(None, (inside, name))), function.id


def _first_text(call: ast.expr) -> str:
    first = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
