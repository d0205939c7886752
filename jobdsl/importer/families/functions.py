"""Families as source: the module with their functions, its scripts, and the call of each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jobdsl.importer.dslfile import imports
from jobdsl.importer.families.blocks import Block
from jobdsl.importer.families.expressions import Constant, TextOf, is_closed, shown, text_value
from jobdsl.importer.families.parameters import Family, FamilyParameter
from jobdsl.importer.families.vocabulary import free_name
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import Brackets, Code, show
from jobdsl.importer.scripts import Scripts, holds

__all__ = [
    "Function",
    "Module",
    "Names",
    "definition_text",
    "function_names",
    "row_call",
    "uses_of",
    "with_files",
    "write_modules",
]

_LONGEST = 1 << 20
"""Characters of a module: the loader takes four times that."""
_POSITIONAL = 4
"""Arguments of a call without a name, the name of the job included."""
_BRACES = 6
"""Braces of a text from which it is easier to read as a file."""
_WORDS = re.compile(r"[A-Za-z0-9]+")
_CALL = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)(?:\.[a-z_0-9]+)*\(")

FileOf = Callable[[str, str], str]
"""Name of the file that holds a long text of a kind; empty to keep it in the source."""


@dataclass(frozen=True, slots=True)
class Function:
    """A family with the name of its function."""

    name: str
    family: Family


@dataclass(slots=True)
class Module:
    """A module: its path and text, first and last lines of what it defines."""

    path: str
    text: str
    lines: list[tuple[int, int, Function | Block]] = field(default_factory=list)


def function_names(
    families: Sequence[Family], names: Mapping[int, str], taken: Iterable[str] = ()
) -> list[Function]:
    """Return the functions of families, named after what the names of their members have in common.

    Args:
        families: What gets a name.
        names: Full names of the jobs by row.
        taken: Names that other functions have.
    """
    taken = set(taken)
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
    while begin < shortest and len({tuple(name_words[: begin + 1]) for name_words in words}) == 1:
        begin += 1
    end = 0
    while (
        end < shortest - begin
        and len({tuple(name_words[len(name_words) - end - 1 :]) for name_words in words}) == 1
    ):
        end += 1
    common = words[0][:begin] + (words[0][-end:] if end else [])
    return "_".join(common)[:50].strip("_")


def row_call(function: Function, index: int, name: str, file_of: FileOf) -> Brackets:
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
        parts.append((f"{parameter.name}=" if is_named else "", with_files(code, parameter.name, file_of)))
    return Brackets(f"{function.name}(", parts)


def write_modules(
    path: str,
    definitions: Sequence[Function | Block],
    layout_words: set[str],
    scripts: Scripts,
    modules_of: dict[str, str],
    *,
    about: str = "",
) -> list[Module]:
    """Return modules of these definitions, one at `path` and more where it would get too long.

    Args:
        path: Path of the first without its ending, in a directory of its own.
        definitions: In their order.
        layout_words: Names that the estate's own layouts have.
        scripts: The files of that directory.
        modules_of: The module of each name that is defined already; those of this one are added.
        about: The first line of each module. [default: what an import finds]
    """
    modules: list[Module] = []
    batch: list[tuple[Function | Block, str, set[str]]] = []
    for definition in definitions:
        text, uses = _definition(definition, scripts, Names(layout_words, modules_of))
        if batch and sum(len(text) for _, text, _ in batch) + len(text) > _LONGEST:
            modules.append(_module(path, len(modules), batch, about))
            batch = []
        batch.append((definition, text, uses))
        modules_of[definition.name] = _module_name(path, len(modules))
    if batch:
        modules.append(_module(path, len(modules), batch, about))
    return modules


def _module_name(path: str, number: int) -> str:
    suffix = f"_{number + 1}" if number else ""
    return f"{path}{suffix}".replace("/", ".")


def _module(
    path: str, number: int, batch: Sequence[tuple[Function | Block, str, set[str]]], about: str
) -> Module:
    name = _module_name(path, number)
    uses = {use for _, _, uses in batch for use in uses if not use.startswith(f"{name}:")}
    kinds = {isinstance(function, Block) and function.is_constant for function, _, _ in batch}
    head = _head(kinds if about else {isinstance(function, Block) for function, _, _ in batch}, uses, about)
    module = Module(f"{name.replace('.', '/')}.py", head)
    line = head.count("\n") + 1
    previous: Function | Block | None = None
    for definition, text, _ in batch:
        blank = 0 if previous is None else 2
        if blank and _is_line(previous) and _is_line(definition):
            blank = 0
        module.text += "\n" * blank + text + "\n"
        line += blank
        module.lines.append((line, line + text.count("\n"), definition))
        line += text.count("\n") + 1
        previous = definition
    return module


def _is_line(definition: Function | Block | None) -> bool:
    return isinstance(definition, Block) and definition.is_constant


def _head(kinds: set[bool], uses: set[str], about: str) -> str:
    title = "Parts that several jobs have" if kinds == {True} else "Functions for jobs that are alike"
    return "\n".join([f'"""{about or f"{title}, found by the import"}."""\n', *imports(uses), ""]) + (
        "" if kinds == {True} else "\n"
    )


def definition_text(definition: Block, layout_words: set[str]) -> str:
    """Return the source of a part, in a module of its own."""
    names = Names(layout_words, _AnyModule())
    return _definition(definition, Scripts("shared"), names)[0]


class _AnyModule(dict[str, str]):
    """Has a module for every constant, and none for other names."""

    def __missing__(self, name: str) -> str:
        return ""


def _definition(definition: Function | Block, scripts: Scripts, names: Names) -> tuple[str, set[str]]:
    """Return the source of a function or constant, and what it uses."""
    family = definition.family
    file_of = scripts.files_of(definition.name.lower())
    body = with_files(family.body, "", file_of, scripts)
    if isinstance(definition, Block) and definition.is_constant:
        start = f"{definition.name} = "
        return start + show(body, "", len(start)), uses_of(body, names)
    parts: list[tuple[str, Code]] = [
        ("", parameter.name)
        if parameter.default is None
        else (
            f"{parameter.name}=",
            _default(parameter, definition.name, scripts),
        )
        for parameter in family.parameters
    ]
    uses = uses_of(body, names).union(*(uses_of(code, names) for _, code in parts))
    lines = [show(Brackets(f"def {definition.name}(", parts, "):"), "", 0)]
    for name, code in family.variables:
        code = with_files(code, name, file_of, scripts)
        uses |= uses_of(code, names)
        start = f"    {name} = "
        lines.append(start + show(code, "    ", len(start)))
    start = "    return " if isinstance(definition, Block) else "    "
    lines.append(start + show(body, "    ", len(start)))
    return "\n".join(lines), uses


def _default(parameter: FamilyParameter, function: str, scripts: Scripts) -> Code:
    """Return a default; one of several lines is in a file, so that the arguments can be read."""
    name = f"{function}-{parameter.name}"
    default = parameter.default or ""
    text = text_value(default)
    if text is None or "\n" not in default:
        return with_files(default, "", scripts.files_of(name))
    return Brackets("read_file(", [("", quoted(scripts.put(text, "", name)))]) if holds(text) else default


def with_files(code: Code, kind: str, file_of: FileOf, scripts: Scripts | None = None) -> Code:
    """Return an expression with its long texts in files."""
    if isinstance(code, Brackets):
        inner = f"{kind} {code.start}"[-60:]
        parts = [
            (label, with_files(part, f"{inner} {label}", file_of, scripts)) for label, part in code.parts
        ]
        return Brackets(code.start, parts, code.end)
    kind = f"{kind} groovy" if "pipeline(" in kind else kind
    if isinstance(code, TextOf):
        return _template(code, kind, scripts) if scripts is not None else code
    text = text_value(code)
    path = file_of(text, kind) if text is not None and len(code) >= 20 else ""
    return Brackets("read_file(", [("", quoted(path))]) if path else code


def _template(code: TextOf, kind: str, scripts: Scripts) -> Code:
    """Return a text with parameters as a file for Jinja2, where it is long or full of braces."""
    fixed = "".join(text for is_name, text in code.pieces if not is_name)
    braces = fixed.count("{") + fixed.count("}")
    if "\n" not in fixed or (fixed.count("\n") < 25 and braces < _BRACES) or not _suits_jinja(code.pieces):
        return code
    text = "".join(f"{{{{ {text} }}}}" if is_name else text for is_name, text in code.pieces)
    path = scripts.put(text, kind, "template", ".j2")
    names = dict.fromkeys(text for is_name, text in code.pieces if is_name)
    return Brackets("template(", [("", quoted(path)), *((f"{name}=", name) for name in names)])


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


@dataclass(frozen=True, slots=True)
class Names:
    """Where names that an expression may use come from."""

    layout_words: set[str]
    """Names that the estate's own layouts have."""
    modules: Mapping[str, str]
    """The modules of functions and constants."""


def uses_of(code: Code, names: Names) -> set[str]:
    """Return the names that an expression needs imported: `layouts.NAME`, and `module:NAME` of others."""
    if isinstance(code, str):
        if isinstance(code, Constant):
            return {f"{names.modules[code]}:{code}"}
        return {"layouts"} if code.startswith("layouts.") and is_closed(code) else set()
    uses: set[str] = set()
    call = _CALL.fullmatch(code.start)
    if call is not None and call[1] in names.modules:
        uses.add(f"{names.modules[call[1]]}:{call[1]}")
    elif call is not None:
        uses.add(f"layouts.{call[1]}" if call[1] in names.layout_words else call[1])
    for _, part in code.parts:
        uses |= uses_of(part, names)
    return uses
