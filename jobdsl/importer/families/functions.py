"""Families as source: the module with their functions, its scripts, and the call of each row."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jobdsl.importer.dslfile import imports
from jobdsl.importer.families.parameters import Family, TextOf, shown
from jobdsl.importer.families.vocabulary import free_name
from jobdsl.importer.layout import Code, Group, show
from jobdsl.importer.literals import quoted
from jobdsl.importer.scripts import Scripts, holds

__all__ = ["Function", "Module", "function_names", "row_call", "uses_of", "write_modules"]

_LONGEST = 1 << 20
"""Characters of a module: the loader takes four times that."""
_POSITIONAL = 4
"""Arguments of a call without a name, the name of the job included."""
_BRACES = 6
"""Braces of a text from which it is easier to read as a file."""
_WORDS = re.compile(r"[A-Za-z0-9]+")
_CALL = re.compile(r"([a-z_][a-z_0-9]*)(?:\.[a-z_0-9]+)*\(")

FileOf = Callable[[str, str], str]
"""Name of the file that holds a long text of a kind; empty to keep it in the source."""


@dataclass(frozen=True, slots=True)
class Function:
    """A family with the name of its function."""

    name: str
    family: Family


@dataclass(slots=True)
class Module:
    """A module: its path and text, first and last lines of its functions, and the texts it reads."""

    path: str
    text: str
    lines: list[tuple[int, int, Function]] = field(default_factory=list)
    scripts: Mapping[str, str] = field(default_factory=dict)


def function_names(families: Sequence[Family], names: Mapping[int, str]) -> list[Function]:
    """Return the functions of families, named after what the names of their members have in common."""
    taken: set[str] = set()
    functions: list[Function] = []
    for family in families:
        word = (
            _common_words([names[row] for row in family.rows])
            or family.body.start.split("(")[0].split(".")[-1]
        )
        word = free_name(word if word[0].isalpha() else f"job_{word}", "job")
        name, number = word, 1
        while name in taken:
            number += 1
            name = f"{word}_{number}"
        taken.add(name)
        functions.append(Function(name, family))
    return functions


def _common_words(names: Sequence[str]) -> str:
    """Return the words that all names begin and end with."""
    words = [[word.lower() for word in _WORDS.findall(name.rpartition("/")[2])] for name in names]
    shortest = min(map(len, words))
    begin = 0
    while begin < shortest and len({tuple(one[: begin + 1]) for one in words}) == 1:
        begin += 1
    end = 0
    while end < shortest - begin and len({tuple(one[len(one) - end - 1 :]) for one in words}) == 1:
        end += 1
    common = words[0][:begin] + (words[0][-end:] if end else [])
    return "_".join(common)[:50].strip("_")


def row_call(function: Function, index: int, name: str, file_of: FileOf) -> Group:
    """Return the call of a member.

    Args:
        function: The family's function.
        index: Place of the member among the family's rows.
        name: Source of its name where the call stands.
        file_of: What keeps long texts.
    """
    parts: list[tuple[str, Code]] = []
    for number, parameter in enumerate(function.family.parameters):
        code: Code = name if parameter.name == "name" else parameter.column[index]
        if parameter.default is not None and shown(code) == parameter.default:
            continue
        is_named = parameter.default is not None or number >= _POSITIONAL
        parts.append((f"{parameter.name}=" if is_named else "", _with_files(code, parameter.name, file_of)))
    return Group(f"{function.name}(", parts)


def write_modules(path: str, functions: Sequence[Function], layout_words: set[str]) -> list[Module]:
    """Return modules of these functions, one at `path` and more where it would get too long.

    Args:
        path: Path of the first without its ending, in a directory of its own.
        functions: In their order.
        layout_words: Names that the estate's own layouts have.
    """
    scripts = Scripts(path.rpartition("/")[0])
    modules: list[Module] = []
    batch: list[tuple[Function, str, set[str]]] = []
    for function in functions:
        body = _with_files(function.family.body, "", scripts.files_of(function.name), scripts)
        text = _function(function, body, scripts)
        if batch and sum(len(text) for _, text, _ in batch) + len(text) > _LONGEST:
            modules.append(_module(path, len(modules), batch))
            batch = []
        uses = uses_of(body, layout_words) | ({"read_file"} if "read_file(" in text else set())
        batch.append((function, text, uses))
    if batch:
        modules.append(_module(path, len(modules), batch))
        modules[0].scripts = scripts.texts
    return modules


def _module(path: str, number: int, batch: Sequence[tuple[Function, str, set[str]]]) -> Module:
    head = _head({use for _, _, uses in batch for use in uses})
    texts = [text for _, text, _ in batch]
    suffix = f"_{number + 1}" if number else ""
    module = Module(f"{path}{suffix}.py", head + "\n\n\n".join(texts) + "\n")
    line = head.count("\n") + 1
    for function, text, _ in batch:
        module.lines.append((line, line + text.count("\n"), function))
        line += text.count("\n") + 3
    return module


def _head(uses: set[str]) -> str:
    return "\n".join(
        ['"""Functions for jobs that are alike, found by the import."""\n', *imports(uses), "\n"]
    )


def _function(function: Function, body: Code, scripts: Scripts) -> str:
    parts: list[tuple[str, Code]] = [
        ("", parameter.name)
        if parameter.default is None
        else (f"{parameter.name}=", _default(parameter.default, f"{function.name}-{parameter.name}", scripts))
        for parameter in function.family.parameters
    ]
    start = show(Group(f"def {function.name}(", parts, "):"), "", 0)
    return f"{start}\n    {show(body, '    ', 4)}"


def _default(default: str, name: str, scripts: Scripts) -> Code:
    """Return a default; one of several lines is in a file, so that the arguments can be read."""
    if "\n" not in default:
        return _with_files(default, "", scripts.files_of(name))
    text = ast.literal_eval(default)
    return Group("read_file(", [("", quoted(scripts.put(text, "", name)))]) if holds(text) else default


def _with_files(code: Code, kind: str, file_of: FileOf, scripts: Scripts | None = None) -> Code:
    """Return an expression with its long texts in files."""
    if isinstance(code, Group):
        inner = f"{kind} {code.start}"[-60:]
        parts = [
            (label, _with_files(part, f"{inner} {label}", file_of, scripts)) for label, part in code.parts
        ]
        return Group(code.start, parts, code.end)
    kind = f"{kind} groovy" if "pipeline(" in kind else kind
    if isinstance(code, TextOf):
        return _template(code, kind, scripts) if scripts is not None else code
    if code[:1] not in "\"'r" or len(code) < 20 or code[-1:] not in "\"'":
        return code
    path = file_of(ast.literal_eval(code), kind)
    return Group("read_file(", [("", quoted(path))]) if path else code


def _template(code: TextOf, kind: str, scripts: Scripts) -> Code:
    """Return a text with parameters as a file for Jinja2, where it is long or full of braces."""
    fixed = "".join(text for is_name, text in code.pieces if not is_name)
    braces = fixed.count("{") + fixed.count("}")
    if "\n" not in fixed or (fixed.count("\n") < 25 and braces < _BRACES) or not _suits_jinja(code.pieces):
        return code
    text = "".join(f"{{{{ {text} }}}}" if is_name else text for is_name, text in code.pieces)
    path = scripts.put(text, kind, "template", ".j2")
    names = dict.fromkeys(text for is_name, text in code.pieces if is_name)
    return Group("template(", [("", quoted(path)), *((f"{name}=", name) for name in names)])


def _suits_jinja(pieces: Sequence[tuple[bool, str]]) -> bool:
    """Return whether a text has nothing that Jinja2 would take for its own, or a file would change."""
    for index, (is_name, text) in enumerate(pieces):
        if is_name:
            continue
        if any(mark in text for mark in ("{{", "{%", "{#", "}}", "%}", "#}", "\r", "\0", "\ufeff")):
            return False
        if (text.endswith("{") and index + 1 < len(pieces)) or (text.startswith("}") and index):
            return False
        if any("\ud800" <= c <= "\udfff" for c in text):
            return False
    return True


def uses_of(code: Code, layout_words: set[str]) -> set[str]:
    """Return the names that an expression needs imported; those of the estate's layouts as `layouts.NAME`."""
    if isinstance(code, str):
        return {"layouts"} if code.startswith("layouts.") else set()
    uses: set[str] = set()
    found = _CALL.fullmatch(code.start)
    if found is not None:
        uses.add(f"layouts.{found[1]}" if found[1] in layout_words else found[1])
    for _, part in code.parts:
        uses |= uses_of(part, layout_words)
    return uses
