"""Writes what was read as an estate, proves it, and writes plainer what is not equal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from jobdsl.convert.calls import Call, GroupFunction, statement
from jobdsl.convert.exchange import JobGroup, JobRow, YamlDefinition, YamlProblem, YamlReading
from jobdsl.convert.expressions import value_code
from jobdsl.convert.files import ConvertedFile, ConvertedRow, FileSpan
from jobdsl.convert.functions import (
    MACRO_TYPES,
    ConvertedFunction,
    FunctionMaker,
    split_document,
)
from jobdsl.convert.naming import function_name, module_name
from jobdsl.convert.placeholders import ANY
from jobdsl.convert.rowcalls import RowCalls
from jobdsl.documents.outdir import OutputDirectory
from jobdsl.documents.secrets import Secrets, save
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.grammar import names as grammar_names
from jobdsl.importer.codegen import Layouts, Writer
from jobdsl.importer.common_layouts import usual_layouts
from jobdsl.importer.convert import FORMS, DocumentSource, Form, Imported, convert, fingerprint
from jobdsl.importer.dslfile import imports
from jobdsl.importer.families.blocks import Block
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.functions import Function, Module, Names, uses_of, with_files, write_modules
from jobdsl.importer.families.parameters import Family, FamilyParameter
from jobdsl.importer.inputs import source_document
from jobdsl.importer.layoutsfile import layouts_file
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import Brackets, show
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.secrets import Taken
from jobdsl.importer.verify import verify

__all__ = ["ConvertedEstate", "ConvertedRow"]

_ROUNDS = 8
_BatchKey: TypeAlias = tuple[str, str, int, bool, str]
_BAD_SEED = re.compile(r"[^A-Za-z0-9._-]+")


class ConvertedEstate:
    """Writes what was read, loads it, and writes plainer what is not equal."""

    def __init__(self, reading: YamlReading, out: Path, base: Path) -> None:
        self.reading = reading
        self.out = out
        self.base = base
        self.secrets = Taken()
        self.secrets_file = out.resolve().with_name(f"{out.resolve().name}.secrets.json")
        self.definitions = {one.key: one for one in reading.definitions}
        self.findings: list[YamlProblem] = []
        self.rows = [one for row in reading.rows if (one := self._checked(row)) is not None]
        self._states: dict[str, int] = {}
        """By key of a definition: 0 with calls of macros, 1 without, 2 as no function."""
        self._bad_macros: set[str] = set()
        self._bad_groups: set[str] = set()
        self.functions: dict[str, ConvertedFunction] = {}
        self.groups: dict[str, GroupFunction] = {}
        self._spans: dict[str, list[FileSpan]] = {}
        self._modules: dict[str, Module] = {}
        self._written: set[str] = set()
        self._layouts = Layouts()
        self._function_names: dict[str, str] = {}

    def write(self) -> None:
        """Write the estate until every job that is in it comes out equal."""
        for _ in range(_ROUNDS):
            self._write_all()
            problems = verify(self.out, [one.imported for one in self.rows], Secrets(self.secrets.values))
            if not self._step_down(problems):
                return
        for one in self.rows:
            one.is_hopeless = one.is_hopeless or not one.imported.equal
        self._write_all()
        verify(self.out, [one.imported for one in self.rows], Secrets(self.secrets.values))

    def _checked(self, row: JobRow) -> ConvertedRow | None:
        """Return a row with what its document has to be; None, and a finding, where it can be none."""
        _, data = split_document(row.document)
        if grammar_names.unusable(row.name):
            self._find(row, "Jenkins takes no such name", "rename it in the YAML")
            return None
        try:
            root = parse(data)
        except JobdslError as error:
            self._find(row, error.message)
            return None
        place = f"{row.file}:{row.line}"
        return ConvertedRow(
            row, Imported(name=row.name, place=place, size=len(data), print=fingerprint(root), root=root.tag)
        )

    def _find(self, row: JobRow, message: str, hint: str = "") -> None:
        what = f"{'view' if row.is_view else 'job'} {row.name!r}"
        self.findings.append(YamlProblem(file=row.file, line=row.line, message=message, hint=hint, what=what))

    # What is written

    def _write_all(self) -> None:
        self.secrets = Taken()
        self._layouts = Layouts(self._usual())
        maker = FunctionMaker(self._layouts, self.secrets, self.definitions)
        maker.macros.update(dict.fromkeys(self._bad_macros))
        self._name_functions()
        maker.name_of = lambda key: self._function_names.get(key, key)
        for key in self.definitions:
            if key.partition(":")[0] in MACRO_TYPES:
                maker.macro(key)
        self.functions = self._functions(maker)
        texts: dict[str, str] = {}
        modules_of: dict[str, str] = {}
        self._modules.clear()
        scripts = Scripts("shared")
        macros = [one for key in sorted(maker.macros) if (one := maker.macros[key]) is not None]
        used = self._used_macros()
        self._drop_placeholder_secrets()
        words = self._layouts.words
        groups: tuple[tuple[str, str, list[Function | Block]], ...] = (
            (
                "macros",
                "Macros: parts that several templates have",
                [_block(one) for one in _callees_first(macros, used)],
            ),
            (
                "templates",
                "Templates: functions that make jobs and views",
                [
                    Function(one.name, _family(one))
                    for key, one in sorted(self.functions.items())
                    if "=" not in key
                ],
            ),
        )
        for stem, about, definitions in groups:
            for module in write_modules(
                f"shared/{stem}", definitions, words, scripts, modules_of, about=about
            ):
                self._modules[module.path] = module
                texts[module.path] = module.text
        names = Names(words, modules_of)
        files = self._files(RowCalls(maker, self.functions), names, modules_of)
        if self.groups:
            texts["shared/groups.py"] = self._groups_text(names)
        texts |= scripts.texts
        self._spans.clear()
        for file in files:
            text, spans = file.text(f"Jobs of {Path(file.path).stem}, converted from Jenkins Job Builder.")
            texts[file.path], self._spans[file.path] = text, spans
            texts |= file.scripts.texts
        if text := layouts_file(self._layouts):
            texts["layouts.py"] = text
        texts["jobdsl.toml"] = self._settings()
        self._put(texts)

    def _usual(self) -> dict[str, str]:
        documents = []
        for one in self.rows:
            data = split_document(one.row.document)[1]
            documents.append(
                source_document(
                    one.row.name,
                    one.imported.place,
                    data,
                    is_view=one.row.is_view,
                    read=partial(bytes, data),
                )
            )
        return usual_layouts(documents)

    def _name_functions(self) -> None:
        """Give every definition a name, always the same."""
        taken: set[str] = set()
        for key in sorted(self.definitions):
            if "=" in key:
                continue
            kind, _, name = key.partition(":")
            self._function_names[key] = function_name(name, kind, taken)
            taken.add(self._function_names[key])
        for group in self.reading.groups:
            name = function_name(group.name, "group", taken)
            self._function_names[f"group {group.key}"] = name
            taken.add(name)

    def _functions(self, maker: FunctionMaker) -> dict[str, ConvertedFunction]:
        functions = {}
        used = {one.row.definition for one in self.rows}
        for key, definition in self.definitions.items():
            is_template = key.startswith(("job:", "view:", "job=", "view="))
            state = self._states.get(key, 0)
            if not is_template or state > 1 or ("=" in key and key not in used):
                continue
            made = maker.template(definition, has_calls=True) if state == 0 else None
            made = made or maker.template(definition, has_calls=False)
            if made is not None:
                made.name = self._function_names.get(key, "")
                functions[key] = made
            elif key not in used:
                self._report_unused(definition)
        return functions

    def _report_unused(self, definition: YamlDefinition) -> None:
        finding = YamlProblem(
            file=definition.file,
            line=definition.line,
            message="no project uses it, and it makes no document without values",
            what=f"template {definition.name!r}",
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def _used_macros(self) -> set[str]:
        return {key for one in self.functions.values() for key in one.macros}

    def _drop_placeholder_secrets(self) -> None:
        """Forget what looked like a secret and is a parameter."""
        self.secrets.forget([name for name, value in self.secrets.values.items() if ANY.search(value)])

    def _files(self, calls: RowCalls, names: Names, modules_of: dict[str, str]) -> list[ConvertedFile]:
        files: dict[str, ConvertedFile] = {}
        taken = {"shared", "layouts", "folders"}
        self.groups = {}
        order = {one.row.file: None for one in self.rows}
        for source in order:
            path = module_name(_relative(source, self.base), taken)
            taken.add(path)
            files[source] = ConvertedFile(f"{path}.py", scripts=Scripts(path.rpartition("/")[0]))
        in_order = sorted(
            self.rows, key=lambda one: (one.row.file, one.row.line, one.row.project, one.row.spec)
        )
        batches = [
            (key, list(rows))
            for key, rows in groupby(
                in_order,
                key=lambda one: (one.row.file, one.row.project, one.row.spec, one.row.is_view, one.row.group),
            )
        ]
        known = {one.key: one for one in self.reading.groups}
        self._make_groups(calls, batches, known)
        for (source, _, _, _, group), rows in batches:
            file = files[source]
            if group in self.groups:
                group_calls = calls.group_calls(known[group], self.groups[group], rows)
                if group_calls is not None:
                    file.parts.append((statement(group_calls), rows))
                    file.uses.add(f"shared.groups:{self.groups[group].name}")
                    for call in group_calls:
                        file.uses |= _uses(call, names)
                    continue
            for _, own in groupby(rows, key=lambda one: one.row.definition):
                self._template_calls(file, list(own), calls, names, modules_of)
        folders = sorted(self._missing_folders())
        if folders:
            made = ConvertedFile(
                "folders.py", [(f"folder({quoted(name)})", []) for name in folders], {"folder"}
            )
            files["folders"] = made
        return [file for file in files.values() if file.parts]

    def _make_groups(
        self,
        calls: RowCalls,
        batches: Sequence[tuple[_BatchKey, list[ConvertedRow]]],
        known: dict[str, JobGroup],
    ) -> None:
        by_group: dict[str, list[list[ConvertedRow]]] = {}
        for (_, _, _, _, group), rows in batches:
            if group and group not in self._bad_groups:
                by_group.setdefault(group, []).append(rows)
        for group, uses in by_group.items():
            function = calls.group(known[group], self._function_names[f"group {group}"], uses)
            if function is not None:
                self.groups[group] = function

    def _missing_folders(self) -> set[str]:
        defined = {one.row.name for one in self.rows if not one.is_hopeless}
        return {
            folder
            for one in self.rows
            if not one.is_hopeless
            for folder in grammar_names.ancestors(one.row.name)
            if folder not in defined
        }

    def _template_calls(
        self,
        file: ConvertedFile,
        rows: Sequence[ConvertedRow],
        row_calls: RowCalls,
        names: Names,
        modules_of: dict[str, str],
    ) -> None:
        function = self.functions.get(rows[0].row.definition)
        calls: list[tuple[Call, ConvertedRow]] = []
        for one in rows:
            if one.is_hopeless:
                continue
            call = (
                None if one.is_plain or function is None else row_calls.call(function, one.row, file.scripts)
            )
            if call is None or function is None:
                self._plain(file, one)
            elif function.name:
                calls.append((call, one))
            else:
                code = with_files(function.body, "", file.scripts.files_of(one.row.name))
                file.parts.append((show(code, "", 0), [one]))
                file.uses |= uses_of(code, names)
        if calls and function is not None:
            file.parts.append((statement([call for call, _ in calls]), [one for _, one in calls]))
            file.uses.add(f"{modules_of[function.name]}:{function.name}")
            for call, _ in calls:
                file.uses |= _uses(call, names)

    def _plain(self, file: ConvertedFile, one: ConvertedRow) -> None:
        """Write a job out."""
        name, data = split_document(one.row.document)
        writer = Writer(self._layouts, file.scripts.files_of(name))
        form: Form = FORMS[min(one.form, len(FORMS) - 1)]
        try:
            made = convert(
                DocumentSource(one.row.name, data, one.imported.place, one.row.is_view),
                one.row.name,
                writer,
                self.secrets,
                form,
            )
        except JobdslError as error:
            one.is_hopeless = True
            self._find(one.row, error.message)
            return
        assert made.code is not None
        one.is_plain = True
        file.parts.append((show(made.code, "", 0), [one]))
        file.uses |= made.uses

    def _groups_text(self, names: Names) -> str:
        uses: set[str] = set()
        texts = []
        for _, function in sorted(self.groups.items()):
            texts.append(function.text())
            for member in function.members:
                uses.add(f"{names.modules[member.function]}:{member.function}")
                for call in member.calls:
                    uses |= _uses(call, names)
        head = "\n".join(
            ['"""Groups: functions that call several templates for one project."""\n', *imports(uses), ""]
        )
        return head + "\n" + "\n\n\n".join(texts) + "\n"

    # Files

    def _settings(self) -> str:
        seed = _BAD_SEED.sub("-", self.out.resolve().name).strip("-._")[:64] or "main"
        lines = ["# Converted from Jenkins Job Builder. `jobdsl plan` says what a run would do.", ""]
        if self.secrets.values:
            save(self.secrets_file, dict(self.secrets.values))
            path = os.path.relpath(self.secrets_file, self.out.resolve())
            lines = [lines[0], f"secrets = {json.dumps(path, ensure_ascii=False)}", ""]
        return "\n".join([*lines, "[seed]", f'name = "{seed}"', ""])

    def _put(self, texts: dict[str, str]) -> None:
        try:
            with OutputDirectory(self.out) as directory:
                for path, text in texts.items():
                    directory.stage(path, text.encode())
                directory.commit()
                for path in sorted(self._written - set(texts)):
                    directory.remove(path)
        except OSError as error:
            raise JobdslError(f"{self.out} cannot be written: {error.strerror}") from None
        self._written = set(texts)

    # What is not equal

    def _step_down(self, problems: Sequence[Problem]) -> bool:
        """Decide what is written plainer; return whether anything is."""
        failed: list[ConvertedRow] = []
        for problem in problems:
            where = problem.where or Where("", 0)
            if where.file in self._modules:
                self._blame_module(self._modules[where.file], where.line)
            elif where.file == "shared/groups.py":
                self._bad_groups |= set(self.groups)
            else:
                failed += self._at(where)
        if not problems:
            failed = [one for one in self.rows if not one.imported.equal and not one.is_hopeless]
        for one in {id(one): one for one in failed}.values():
            self._plainer(one)
        return bool(problems or failed)

    def _at(self, where: Where) -> Iterator[ConvertedRow]:
        for span in self._spans.get(where.file, ()):
            if span.first <= where.line <= span.last:
                yield from span.rows

    def _blame_module(self, module: Module, line: int) -> None:
        for first, last, definition in module.lines:
            if first <= line <= last:
                for key, name in self._function_names.items():
                    if name != definition.name:
                        continue
                    if key.startswith(("job:", "view:")):
                        self._states[key] = self._states.get(key, 0) + 1
                    else:
                        self._bad_macros.add(key)

    def _plainer(self, one: ConvertedRow) -> None:
        key = one.row.definition
        if one.is_plain:
            one.form += 1
            one.is_hopeless = one.form >= len(FORMS)
            if one.is_hopeless:
                self._find(one.row, "it does not come out as Jenkins Job Builder makes it")
        elif key in self.functions and self.functions[key].has_calls and self._states.get(key, 0) == 0:
            self._states[key] = 1
        else:
            one.is_plain = True


def _uses(call: Call, names: Names) -> set[str]:
    """Return what the arguments of a call need imported."""
    return set().union(*(uses_of(code, names) for code in call.arguments.values()))


def _block(function: ConvertedFunction) -> Block:
    return Block(function.name, _family(function), is_constant=False)


def _family(function: ConvertedFunction) -> Family:
    parameters = [
        FamilyParameter(name, (), shown(value_code(one.default, one.kind)) if one.has_default else None)
        for one, name in function.parameters
    ]
    body = function.body
    return Family([], body if isinstance(body, Brackets) else Brackets("(", [("", body)]), parameters)


def _callees_first(macros: Iterable[ConvertedFunction], used: set[str]) -> list[ConvertedFunction]:
    """Return the macros that templates call, and those that no template calls, each after those it calls."""
    by_key = {one.definition.key: one for one in macros}
    order: dict[str, ConvertedFunction] = {}

    def add(key: str) -> None:
        if key in by_key and key not in order:
            for inner in sorted(by_key[key].macros):
                add(inner)
            order[key] = by_key[key]

    for key in sorted(by_key, key=lambda key: (key not in used, key)):
        add(key)
    return list(order.values())


def _relative(source: str, base: Path) -> str:
    path = Path(os.path.relpath(source, base)).with_suffix("")
    return "/".join(part for part in path.parts if part not in ("..", "/"))
