"""Texts of a converted estate that no job makes, and the order of its functions."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jobdsl.convert.calls import Call, GroupFunction
from jobdsl.convert.expressions import value_code
from jobdsl.convert.files import ConvertedRow
from jobdsl.convert.functions import ConvertedFunction
from jobdsl.documents.secrets import save
from jobdsl.grammar import names as grammar_names
from jobdsl.importer.dslfile import imports
from jobdsl.importer.families.blocks import Block
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.functions import Names, uses_of
from jobdsl.importer.families.parameters import Family, FamilyParameter
from jobdsl.importer.pretty import Brackets

__all__ = [
    "block",
    "callees_first",
    "family",
    "groups_text",
    "missing_folders",
    "relative",
    "settings_text",
    "uses",
]

_BAD_SEED = re.compile(r"[^A-Za-z0-9._-]+")


def groups_text(groups: Mapping[str, GroupFunction], names: Names) -> str:
    """Return the module of groups."""
    imported: set[str] = set()
    texts = []
    for _, function in sorted(groups.items()):
        texts.append(function.text())
        for member in function.members:
            imported.add(f"{names.modules[member.function]}:{member.function}")
            for call in member.calls:
                imported |= uses(call, names)
    head = "\n".join(
        ['"""Groups: functions that call several templates for one project."""\n', *imports(imported), ""]
    )
    return head + "\n" + "\n\n\n".join(texts) + "\n"


def settings_text(out: Path, secrets: Mapping[str, str], secrets_file: Path) -> str:
    """Return jobdsl.toml, and save the secrets."""
    seed = _BAD_SEED.sub("-", out.resolve().name).strip("-._")[:64] or "main"
    lines = ["# Converted from Jenkins Job Builder. `jobdsl plan` shows what a run would do.", ""]
    if secrets:
        save(secrets_file, dict(secrets))
        path = os.path.relpath(secrets_file, out.resolve())
        lines = [lines[0], f"secrets = {json.dumps(path, ensure_ascii=False)}", ""]
    return "\n".join([*lines, "[seed]", f'name = "{seed}"', ""])


def uses(call: Call, names: Names) -> set[str]:
    """Return what the arguments of a call need imported."""
    return set().union(*(uses_of(code, names) for code in call.arguments.values()))


def block(function: ConvertedFunction) -> Block:
    """Return a function as a block of the estate."""
    return Block(function.name, family(function), is_constant=False)


def family(function: ConvertedFunction) -> Family:
    """Return a function as a family without members."""
    parameters = [
        FamilyParameter(
            name, (), shown(value_code(parameter.default, parameter.kind)) if parameter.has_default else None
        )
        for parameter, name in function.parameters
    ]
    body = function.body
    return Family([], body if isinstance(body, Brackets) else Brackets("(", [("", body)]), parameters)


def callees_first(macros: Iterable[ConvertedFunction], used: set[str]) -> list[ConvertedFunction]:
    """Return the macros that templates call, and those that no template calls, each after those it calls."""
    by_key = {macro.definition.key: macro for macro in macros}
    order: dict[str, ConvertedFunction] = {}

    def add(key: str) -> None:
        if key in by_key and key not in order:
            for inner in sorted(by_key[key].macros):
                add(inner)
            order[key] = by_key[key]

    for key in sorted(by_key, key=lambda key: (key not in used, key)):
        add(key)
    return list(order.values())


def relative(source: str, base: Path) -> str:
    """Return the path of a source below a directory, without its suffix."""
    path = Path(os.path.relpath(source, base)).with_suffix("")
    return "/".join(part for part in path.parts if part not in ("..", "/"))


def missing_folders(rows: Sequence[ConvertedRow]) -> set[str]:
    """Return the folders of jobs that no job defines."""
    defined = {row.row.name for row in rows if not row.is_hopeless}
    return {
        folder
        for row in rows
        if not row.is_hopeless
        for folder in grammar_names.ancestors(row.row.name)
        if folder not in defined
    }
