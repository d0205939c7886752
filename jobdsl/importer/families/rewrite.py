"""An imported estate written again with functions for its families, as far as all documents stay equal."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jobdsl.documents.outdir import OutputDirectory
from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.importer.convert import Imported
from jobdsl.importer.dslfile import Written, write
from jobdsl.importer.families.blocks import Block, name_blocks, renamed, renamed_family
from jobdsl.importer.families.existing import ExistingFamilies, imports
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.find import FamilyFinder
from jobdsl.importer.families.functions import (
    Function,
    Module,
    Names,
    function_names,
    row_call,
    uses_of,
    with_files,
    write_modules,
)
from jobdsl.importer.families.keeping import kept_families
from jobdsl.importer.families.names import stable_names
from jobdsl.importer.families.parameters import Family, FamilyParameter
from jobdsl.importer.file_layout import DslFile
from jobdsl.importer.inputs import SourceDocument
from jobdsl.importer.literals import literal
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.importer.report import FamilyReport
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.verify import CHANGED

__all__ = ["ImportedCall", "Rewrite"]

_DIRECTORY = "shared"
"""Directory of the modules with functions, where no folder is called so."""
_ROUNDS = 4
"""Times that an estate is written with fewer families, before all is written plainly."""

Key = tuple[str, str]
"""Full name and place of a document."""


@dataclass(frozen=True, slots=True)
class ImportedCall:
    """The call that a document was imported as."""

    imported: Imported
    code: Brackets
    uses: set[str]
    scripts: Scripts
    """The files of the directory its DSL file is in."""


@dataclass(slots=True)
class _Files:
    """What is written: texts by path, and which lines are whose."""

    texts: dict[str, str] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Source:
    """What becomes of an estate: parts with names, functions of jobs, and the other jobs that use parts."""

    blocks: Sequence[Block]
    functions: Sequence[Function]
    singles: Mapping[int, Code]


class Rewrite:
    """Writes an estate that was imported and proven, again."""

    def __init__(
        self,
        out: Path,
        files: Sequence[DslFile],
        *,
        imported: Mapping[Key, Imported],
        calls: Mapping[Key, ImportedCall],
        scripts: Mapping[str, Scripts],
        layout_words: set[str],
        existing: ExistingFamilies,
        staying: Sequence[str] = (),
    ) -> None:
        self.out = out
        self.existing = existing
        self.staying = staying
        """Other DSL files of the estate, which may use functions of an earlier import."""
        self.files = files
        self.imported = imported
        self.calls = calls
        self.layout_words = layout_words
        self._keys = sorted(calls)
        self._before: dict[str, bytes] = {}
        """Modules and scripts of an earlier import that files which stay use."""
        self._use_directory(_free_directory(files))
        if imports(out, staying, self._directory):
            self._before = _content(out, self._directory)
        self._plain = {path: text for files in scripts.values() for path, text in files.texts.items()}
        self._on_disk = set(self._plain)
        """Files next to the DSL files that were written, by path."""

    def run(self, least: int, verify: Callable[[], list[Problem]]) -> tuple[FamilyReport, ...]:
        """Find families and parts and write them; return the families that came out equal.

        Args:
            least: Members from which on calls are a family.
            verify: Load what is written and mark the documents that are equal; returns problems.
        """
        codes = self._codes()
        finder = FamilyFinder(codes, least)
        functions = self._functions(finder)
        problems: Sequence[Problem]
        plain: set[int] = set()
        has_blocks = True
        for _ in range(_ROUNDS):
            rows = {row for function in functions for row in function.family.rows}
            singles = {row: code for row, code in codes.items() if row not in rows | plain}
            source = self._source(functions, singles) if has_blocks else _Source([], functions, {})
            if not functions and not source.blocks:
                break
            files = self._write(source)
            problems = verify()
            if self._before and any(map(self._concerns_others, problems)):
                self._leave_directory()
                files = self._write(source)
                problems = verify()
            failed = self._failed(files, problems)
            if not failed:
                return tuple(self._reports(source.functions, finder, files))
            has_blocks = has_blocks and failed < set(codes)
            plain |= failed
            functions = [
                Function(function.name, family)
                for function in functions
                if (family := _without(function.family, failed, least))
            ]
        if self._on_disk != set(self._plain):
            self._write(_Source([], [], {}))
            verify()
        return ()

    def _use_directory(self, directory: str) -> None:
        self._directory = directory
        self._module, self._blocks = f"{directory}/templates", f"{directory}/blocks"

    def _concerns_others(self, problem: Problem) -> bool:
        """Return whether a file that stays would define something else."""
        return problem.rule == CHANGED or (problem.where is not None and problem.where.file in self.staying)

    def _leave_directory(self) -> None:
        """Restore the modules that other files use, and write into another directory."""
        before, self._before = self._before, {}
        try:
            with OutputDirectory(self.out) as directory:
                for path in sorted(self._on_disk):
                    if path.startswith(f"{self._directory}/"):
                        directory.remove(path)
                for path, content in before.items():
                    directory.stage(path, content)
                directory.commit()
        except OSError as error:
            raise JobdslError(f"{self.out} cannot be written: {error.strerror}") from None
        self._on_disk = {path for path in self._on_disk if not path.startswith(f"{self._directory}/")}
        number = 2
        while imports(self.out, self.staying, f"{_DIRECTORY}_{number}"):
            number += 1
        self._use_directory(_free_directory(self.files, number))

    def _functions(self, finder: FamilyFinder) -> list[Function]:
        """Return the functions of the estate that is there, and those of jobs that are new in it.

        A job that the estate writes out stays so, also where it is like others by now.
        """
        existing = self.existing
        rows = {row: key[0] for row, key in enumerate(self._keys)}
        written_out = {
            row
            for row, name in rows.items()
            if existing.functions and name in existing.prints and name not in existing.functions
        }
        unchanged = kept_families(
            finder,
            {row: existing.functions[name] for row, name in rows.items() if name in existing.functions},
            existing.defaults,
            [
                row
                for row, name in rows.items()
                if self.calls[self._keys[row]].imported.print in existing.prints.get(name, ())
            ],
            written_out,
        )
        families = finder.find(written_out.union(*(function.family.rows for function in unchanged)))
        taken = [function.name for function in unchanged]
        if self.staying:  # a name stands for one function, whichever module has it
            taken += existing.defaults
        functions = [*unchanged, *function_names(families, rows, taken)]
        return sorted(functions, key=lambda function: function.family.rows[0])

    def _source(self, functions: Sequence[Function], singles: Mapping[int, Brackets]) -> _Source:
        """Return what is written, with names for parts."""
        families = [function.family for function in functions]
        taken = [function.name for function in functions]
        blocks, families, named = name_blocks(families, singles, taken)
        blocks, names = stable_names(blocks, families, taken, self.existing.blocks, self.layout_words)
        families = [renamed_family(family, names) for family in families]
        changed = {row: renamed(code, names) for row, code in named.items() if code != singles[row]}
        return _Source(
            blocks,
            [Function(function.name, family) for function, family in zip(functions, families, strict=True)],
            changed,
        )

    def _codes(self) -> dict[int, Brackets]:
        """Return the calls by the order of their names, with their texts in place."""
        codes: dict[int, Brackets] = {}
        for row, key in enumerate(self._keys):
            call = self.calls[key]
            if not call.code.start.startswith(("folder(", "layouts.folder(")):
                code = _with_texts(call.code, call.scripts)
                assert isinstance(code, Brackets)
                codes[row] = code
        return codes

    def _write(self, source: _Source) -> _Files:
        files = _Files()
        scripts = Scripts(self._module.rpartition("/")[0])
        module_of: dict[str, str] = {}
        modules = []
        for path, definitions in ((self._blocks, source.blocks), (self._module, source.functions)):
            modules += write_modules(path, definitions, self.layout_words, scripts, module_of)
        for module in modules:
            files.modules[module.path] = module
            files.texts[module.path] = module.text
        files.texts |= scripts.texts
        names = Names(self.layout_words, module_of)
        rows = {
            self._keys[row]: (function, index)
            for function in source.functions
            for index, row in enumerate(function.family.rows)
        }
        changed = {self._keys[row]: code for row, code in source.singles.items()}

        def convert(document: SourceDocument, _: str) -> Imported:
            key = (document.name, document.place)
            call = self.calls.get(key)
            if call is None:
                return self.imported[key]
            imported = call.imported
            written: Code = call.code
            file_of = call.scripts.files_of(document.name)
            name = call.code.parts[0][1]
            if key in rows:
                function, index = rows[key]
                written = row_call(function, index, shown(name), file_of)
            elif key in changed:
                code = changed[key]
                assert isinstance(code, Brackets)
                moved = Brackets(code.start, [("", name), *code.parts[1:]], code.end)
                written = with_files(moved, "", file_of)
            assert isinstance(written, Brackets)
            imported.code = written
            imported.uses = call.uses if written is call.code else uses_of(written, names)
            files.texts |= dict(_texts_read(written, call.scripts))
            return imported

        for file in self.files:
            text = write(file, convert)
            files.written[file.path] = text
            files.texts[file.path] = text.text
        self._put(files.texts)
        return files

    def _put(self, texts: Mapping[str, str]) -> None:
        """Write these files, and remove those of the last time that are not among them."""
        try:
            with OutputDirectory(self.out) as directory:
                for path, text in texts.items():
                    directory.stage(path, text.encode())
                directory.commit()
                for path in sorted(self._on_disk - set(texts)):
                    directory.remove(path)
        except OSError as error:
            raise JobdslError(f"{self.out} cannot be written: {error.strerror}") from None
        self._on_disk = set(texts) - {file.path for file in self.files}

    def _failed(self, files: _Files, problems: Sequence[Problem]) -> set[int]:
        """Return the rows that have to be written plainly; all where that is not known."""
        rows = {key: row for row, key in enumerate(self._keys)}
        every = set(rows.values())
        failed: set[int] = set()
        for problem in problems:
            where = problem.where or Where("", 0)
            if where.file in files.modules:
                failed |= _members(files.modules[where.file], where.line) or every
                continue
            blamed = files.written[where.file].at(where.line) if where.file in files.written else None
            failed |= {rows[blamed.name, blamed.place]} if blamed is not None else every
        if not problems:
            failed |= {rows[key] for key, call in self.calls.items() if not call.imported.equal}
        return failed

    def _reports(
        self, functions: Sequence[Function], finder: FamilyFinder, files: _Files
    ) -> Iterator[FamilyReport]:
        module_of = {
            function.name: path for path, module in files.modules.items() for _, _, function in module.lines
        }
        for function in functions:
            family = function.family
            near = [
                (-finder.similarity(family.rows[0], other.family.rows[0]), other.name)
                for other in functions
                if other is not function
            ]
            score, nearest = min(near, default=(0.0, ""))
            yield FamilyReport(
                function=function.name,
                module=module_of[function.name],
                members=tuple(self._keys[row][0] for row in family.rows),
                parameters=tuple(parameter.name for parameter in family.parameters),
                saved=finder.saved(family),
                nearest=nearest if score else "",
                similarity=-score,
            )


def _free_directory(files: Sequence[DslFile], number: int = 1) -> str:
    """Return a directory for modules of functions that no job's folder has, from a number on."""
    taken = {file.path.split("/")[0].removesuffix(".py").lower() for file in files}
    while (directory := _DIRECTORY if number == 1 else f"{_DIRECTORY}_{number}") in taken:
        number += 1
    return directory


def _content(out: Path, directory: str) -> dict[str, bytes]:
    """Return the files of a directory by their paths in the estate; no link is followed."""
    paths = [
        path for path in sorted((out / directory).rglob("*")) if path.is_file() and not path.is_symlink()
    ]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


def _members(module: Module, line: int) -> set[int]:
    """Return the rows of the function at a line; none for a part, which any document may have."""
    return {
        row
        for first, last, definition in module.lines
        if first <= line <= last and isinstance(definition, Function)
        for row in definition.family.rows
    }


def _with_texts(code: Code, scripts: Scripts) -> Code:
    """Return an expression with the texts of files in place."""
    if isinstance(code, str):
        return code
    if code.start == "read_file(":
        return literal(scripts.texts[_path(code, scripts)])
    return Brackets(code.start, [(label, _with_texts(part, scripts)) for label, part in code.parts], code.end)


def _texts_read(code: Code, scripts: Scripts) -> Iterator[tuple[str, str]]:
    """Yield paths and texts of the files that an expression reads."""
    if isinstance(code, str):
        return
    if code.start == "read_file(":
        path = _path(code, scripts)
        yield path, scripts.texts[path]
        return
    for _, part in code.parts:
        yield from _texts_read(part, scripts)


def _path(code: Brackets, scripts: Scripts) -> str:
    name: str = ast.literal_eval(shown(code.parts[0][1]))
    return str(PurePosixPath(scripts.directory, name))


def _without(family: Family, rows: set[int], least: int) -> Family | None:
    """Return a family without some rows; None where too few are left."""
    indices = [index for index, row in enumerate(family.rows) if row not in rows]
    if len(indices) < max(2, least) or len(indices) * 2 < len(family.rows):
        return None
    parameters = [
        FamilyParameter(
            parameter.name, tuple(parameter.column[index] for index in indices), parameter.default
        )
        for parameter in family.parameters
    ]
    return Family([family.rows[index] for index in indices], family.body, parameters, family.variables)
