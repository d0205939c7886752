"""Writes what was read as an estate, proves it, and writes plainer what is not equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from jobdsl.convert.calls import Call, GroupFunction, statement
from jobdsl.convert.exchange import JobGroup, JobRow, YamlDefinition, YamlProblem, YamlReading
from jobdsl.convert.files import ConvertedFile, ConvertedRow, FileSpan
from jobdsl.convert.functions import MACRO_TYPES, ConvertedFunction, FunctionMaker, split_document
from jobdsl.convert.naming import function_name, module_name
from jobdsl.convert.placeholders import ANY
from jobdsl.convert.rowcalls import RowCalls
from jobdsl.convert.texts import (
    block,
    callees_first,
    family,
    groups_text,
    missing_folders,
    relative,
    settings_text,
    uses,
)
from jobdsl.documents.outdir import OutputDirectory
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.grammar import names as grammar_names
from jobdsl.importer.codegen import Layouts, Writer
from jobdsl.importer.common_layouts import usual_layouts
from jobdsl.importer.convert import FORMS, DocumentSource, Form, Imported, convert, fingerprint
from jobdsl.importer.families.blocks import Block
from jobdsl.importer.families.functions import Function, Module, Names, uses_of, with_files, write_modules
from jobdsl.importer.inputs import source_document
from jobdsl.importer.layoutsfile import layouts_file
from jobdsl.importer.literals import quoted
from jobdsl.importer.pretty import show
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.secrets import Taken
from jobdsl.importer.verify import verify

__all__ = ["ConvertedEstate", "ConvertedRow"]

_ROUNDS = 8
_BatchKey: TypeAlias = tuple[str, str, int, bool, str]


class ConvertedEstate:
    """Writes what was read, loads it, and writes plainer what is not equal."""

    def __init__(self, reading: YamlReading, out: Path, base: Path) -> None:
        self.reading = reading
        self.out = out
        self.base = base
        self.secrets = Taken()
        self.secrets_file = out.resolve().with_name(f"{out.resolve().name}.secrets.json")
        self.definitions = {definition.key: definition for definition in reading.definitions}
        self.findings: list[YamlProblem] = []
        self.rows = [converted for row in reading.rows if (converted := self._checked(row)) is not None]
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
            problems = verify(self.out, [row.imported for row in self.rows], Secrets(self.secrets.values))
            if not self._step_down(problems):
                return
        for row in self.rows:
            row.is_hopeless = row.is_hopeless or not row.imported.equal
        self._write_all()
        verify(self.out, [row.imported for row in self.rows], Secrets(self.secrets.values))

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
        label = f"{'view' if row.is_view else 'job'} {row.name!r}"
        self.findings.append(
            YamlProblem(file=row.file, line=row.line, message=message, hint=hint, subject=label)
        )

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
        macros = [function for key in sorted(maker.macros) if (function := maker.macros[key]) is not None]
        used = self._used_macros()
        self._drop_placeholder_secrets()
        words = self._layouts.words
        groups: tuple[tuple[str, str, list[Function | Block]], ...] = (
            (
                "macros",
                "Macros: parts that several templates have",
                [block(function) for function in callees_first(macros, used)],
            ),
            (
                "templates",
                "Templates: functions that make jobs and views",
                [
                    Function(function.name, family(function))
                    for key, function in sorted(self.functions.items())
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
            texts["shared/groups.py"] = groups_text(self.groups, names)
        texts |= scripts.texts
        self._spans.clear()
        for file in files:
            text, spans = file.text(f"Jobs of {Path(file.path).stem}, converted from Jenkins Job Builder.")
            texts[file.path], self._spans[file.path] = text, spans
            texts |= file.scripts.texts
        if text := layouts_file(self._layouts):
            texts["layouts.py"] = text
        texts["jobdsl.toml"] = settings_text(self.out, self.secrets.values, self.secrets_file)
        self._put(texts)

    def _usual(self) -> dict[str, str]:
        documents = []
        for row in self.rows:
            data = split_document(row.row.document)[1]
            documents.append(
                source_document(
                    row.row.name,
                    row.imported.place,
                    data,
                    is_view=row.row.is_view,
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
        used = {row.row.definition for row in self.rows}
        for key, definition in self.definitions.items():
            is_template = key.startswith(("job:", "view:", "job=", "view="))
            state = self._states.get(key, 0)
            if not is_template or state > 1 or ("=" in key and key not in used):
                continue
            function = maker.template(definition, has_calls=True) if state == 0 else None
            function = function or maker.template(definition, has_calls=False)
            if function is not None:
                function.name = self._function_names.get(key, "")
                functions[key] = function
            elif key not in used:
                self._report_unused(definition)
        return functions

    def _report_unused(self, definition: YamlDefinition) -> None:
        finding = YamlProblem(
            file=definition.file,
            line=definition.line,
            message="no project uses it, and it makes no document without values",
            subject=f"template {definition.name!r}",
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def _used_macros(self) -> set[str]:
        return {key for function in self.functions.values() for key in function.macros}

    def _drop_placeholder_secrets(self) -> None:
        """Forget what looked like a secret and is a parameter."""
        self.secrets.forget([name for name, value in self.secrets.values.items() if ANY.search(value)])

    def _files(self, calls: RowCalls, names: Names, modules_of: dict[str, str]) -> list[ConvertedFile]:
        files: dict[str, ConvertedFile] = {}
        taken = {"shared", "layouts", "folders"}
        self.groups = {}
        order = {row.row.file: None for row in self.rows}
        for source in order:
            path = module_name(relative(source, self.base), taken)
            taken.add(path)
            files[source] = ConvertedFile(f"{path}.py", scripts=Scripts(path.rpartition("/")[0]))
        in_order = sorted(
            self.rows, key=lambda row: (row.row.file, row.row.line, row.row.project, row.row.spec)
        )
        batches = [
            (key, list(rows))
            for key, rows in groupby(
                in_order,
                key=lambda row: (row.row.file, row.row.project, row.row.spec, row.row.is_view, row.row.group),
            )
        ]
        known = {group.key: group for group in self.reading.groups}
        self._make_groups(calls, batches, known)
        for (source, _, _, _, group), rows in batches:
            file = files[source]
            if group in self.groups:
                group_calls = calls.group_calls(known[group], self.groups[group], rows)
                if group_calls is not None:
                    file.parts.append((statement(group_calls), rows))
                    file.uses.add(f"shared.groups:{self.groups[group].name}")
                    for call in group_calls:
                        file.uses |= uses(call, names)
                    continue
            for _, own in groupby(rows, key=lambda row: row.row.definition):
                self._template_calls(file, list(own), calls, names, modules_of)
        folders = sorted(missing_folders(self.rows))
        if folders:
            converted = ConvertedFile(
                "folders.py", [(f"folder({quoted(name)})", []) for name in folders], {"folder"}
            )
            files["folders"] = converted
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
        for group, group_rows in by_group.items():
            function = calls.group(known[group], self._function_names[f"group {group}"], group_rows)
            if function is not None:
                self.groups[group] = function

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
        for converted in rows:
            if converted.is_hopeless:
                continue
            call = (
                None
                if converted.is_plain or function is None
                else row_calls.call(function, converted.row, file.scripts)
            )
            if call is None or function is None:
                self._plain(file, converted)
            elif function.name:
                calls.append((call, converted))
            else:
                code = with_files(function.body, "", file.scripts.files_of(converted.row.name))
                file.parts.append((show(code, "", 0), [converted]))
                file.uses |= uses_of(code, names)
        if calls and function is not None:
            file.parts.append((statement([call for call, _ in calls]), [row for _, row in calls]))
            file.uses.add(f"{modules_of[function.name]}:{function.name}")
            for call, _ in calls:
                file.uses |= uses(call, names)

    def _plain(self, file: ConvertedFile, converted: ConvertedRow) -> None:
        """Write a job out."""
        name, data = split_document(converted.row.document)
        writer = Writer(self._layouts, file.scripts.files_of(name))
        form: Form = FORMS[min(converted.form, len(FORMS) - 1)]
        try:
            code = convert(
                DocumentSource(converted.row.name, data, converted.imported.place, converted.row.is_view),
                converted.row.name,
                writer,
                self.secrets,
                form,
            )
        except JobdslError as error:
            converted.is_hopeless = True
            self._find(converted.row, error.message)
            return
        assert code.code is not None
        converted.is_plain = True
        file.parts.append((show(code.code, "", 0), [converted]))
        file.uses |= code.uses

    # Files

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
            failed = [row for row in self.rows if not row.imported.equal and not row.is_hopeless]
        for row in {id(row): row for row in failed}.values():
            self._plainer(row)
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

    def _plainer(self, converted: ConvertedRow) -> None:
        key = converted.row.definition
        if converted.is_plain:
            converted.form += 1
            converted.is_hopeless = converted.form >= len(FORMS)
            if converted.is_hopeless:
                self._find(converted.row, "it does not come out as Jenkins Job Builder makes it")
        elif key in self.functions and self.functions[key].has_calls and self._states.get(key, 0) == 0:
            self._states[key] = 1
        else:
            converted.is_plain = True
