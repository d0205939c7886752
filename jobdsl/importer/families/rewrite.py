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
from jobdsl.importer.families.find import Finder
from jobdsl.importer.families.functions import (
    Function,
    Module,
    function_names,
    row_call,
    uses_of,
    write_modules,
)
from jobdsl.importer.families.parameters import Family, Parameter, shown
from jobdsl.importer.layout import Code, Group
from jobdsl.importer.literals import literal
from jobdsl.importer.places import DslFile
from jobdsl.importer.report import FamilyReport
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.sources import Found

__all__ = ["Call", "Rewrite"]

_ROUNDS = 4
"""Times that an estate is written with fewer families, before all is written plainly."""

Key = tuple[str, str]
"""Full name and place of a document."""


@dataclass(frozen=True, slots=True)
class Call:
    """The call that a document was imported as."""

    imported: Imported
    code: Group
    uses: set[str]
    scripts: Scripts
    """The files of the directory its DSL file is in."""


@dataclass(slots=True)
class _Files:
    """What is written: texts by path, and which lines are whose."""

    texts: dict[str, str] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)


class Rewrite:
    """Writes an estate that was imported and proven, again."""

    def __init__(
        self,
        out: Path,
        files: Sequence[DslFile],
        imported: Mapping[Key, Imported],
        calls: Mapping[Key, Call],
        scripts: Mapping[str, Scripts],
        layout_words: set[str],
    ) -> None:
        self.out = out
        self.files = files
        self.imported = imported
        self.calls = calls
        self.layout_words = layout_words
        self._keys = sorted(calls)
        self._module = _free_module(files)
        self._plain = {path: text for one in scripts.values() for path, text in one.texts.items()}
        self._on_disk = set(self._plain)
        """Files next to the DSL files that were written, by path."""

    def run(self, least: int, verify: Callable[[], list[Problem]]) -> tuple[FamilyReport, ...]:
        """Find families and write them; return those that came out equal.

        Args:
            least: Members from which on calls are a family.
            verify: Load what is written and mark the documents that are equal; returns problems.
        """
        finder = Finder(self._codes(), least)
        families = finder.find()
        for _ in range(_ROUNDS):
            if not families:
                break
            functions = function_names(families, {row: key[0] for row, key in enumerate(self._keys)})
            files = self._write(functions)
            failed = self._failed(files, functions, verify())
            if not failed:
                return tuple(self._reports(functions, finder, files))
            families = [family for one in functions if (family := _without(one.family, failed, least))]
        if self._on_disk != set(self._plain):
            self._write([])
            verify()
        return ()

    def _codes(self) -> dict[int, Group]:
        """Return the calls by the order of their names, with their texts in place."""
        codes: dict[int, Group] = {}
        for row, key in enumerate(self._keys):
            call = self.calls[key]
            if not call.code.start.startswith(("folder(", "layouts.folder(")):
                code = _with_texts(call.code, call.scripts)
                assert isinstance(code, Group)
                codes[row] = code
        return codes

    def _write(self, functions: Sequence[Function]) -> _Files:
        files = _Files()
        modules = write_modules(self._module, functions, self.layout_words)
        module_of: dict[str, str] = {}
        for module in modules:
            files.modules[module.path] = module
            files.texts |= {module.path: module.text, **module.scripts}
            name = module.path.removesuffix(".py").replace("/", ".")
            module_of |= {function.name: name for _, _, function in module.lines}
        rows = {
            self._keys[row]: (function, index)
            for function in functions
            for index, row in enumerate(function.family.rows)
        }

        def convert(found: Found, _: str) -> Imported:
            key = (found.name, found.place)
            call = self.calls.get(key)
            if call is None:
                return self.imported[key]
            made = call.imported
            made.code, made.uses = call.code, call.uses
            if key in rows:
                function, index = rows[key]
                name = shown(call.code.parts[0][1])
                made.code = row_call(function, index, name, call.scripts.files_of(found.name))
                module = module_of[function.name]
                made.uses = uses_of(made.code, self.layout_words) - {function.name} | {
                    f"{module}:{function.name}"
                }
            files.texts |= dict(_texts_read(made.code, call.scripts))
            return made

        for file in self.files:
            written = write(file, convert)
            files.written[file.path] = written
            files.texts[file.path] = written.text
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

    def _failed(self, files: _Files, functions: Sequence[Function], problems: Sequence[Problem]) -> set[int]:
        """Return the rows that cannot be calls of functions; all where that is not known."""
        rows = {key: row for row, key in enumerate(self._keys)}
        members = {row for function in functions for row in function.family.rows}
        failed: set[int] = set()
        for problem in problems:
            where = problem.where or Where("", 0)
            if where.file in files.modules:
                lines = files.modules[where.file].lines
                failed |= {
                    row for a, b, one in lines if a <= where.line <= b for row in one.family.rows
                } or members
                continue
            blamed = files.written[where.file].at(where.line) if where.file in files.written else None
            row = rows.get((blamed.name, blamed.place)) if blamed is not None else None
            failed |= {row} if row in members else members
        if not problems:
            for key, call in self.calls.items():
                if not call.imported.equal:
                    failed |= {rows[key]} if rows[key] in members else members
        return failed

    def _reports(
        self, functions: Sequence[Function], finder: Finder, files: _Files
    ) -> Iterator[FamilyReport]:
        module_of = {one.name: path for path, module in files.modules.items() for _, _, one in module.lines}
        for function in functions:
            family = function.family
            near = [
                (-finder.similarity(family.rows[0], other.family.rows[0]), other.name)
                for other in functions
                if other is not function
            ]
            score, nearest = min(near, default=(0.0, ""))
            yield FamilyReport(
                function.name,
                module_of[function.name],
                tuple(self._keys[row][0] for row in family.rows),
                tuple(parameter.name for parameter in family.parameters),
                finder.saved(family),
                nearest if score else "",
                -score,
            )


def _free_module(files: Sequence[DslFile]) -> str:
    """Return the path of the module of functions, in a directory that no job's folder has."""
    taken = {file.path.split("/")[0].removesuffix(".py").lower() for file in files}
    number = 1
    while (directory := "shared" if number == 1 else f"shared_{number}") in taken:
        number += 1
    return f"{directory}/templates"


def _with_texts(code: Code, scripts: Scripts) -> Code:
    """Return an expression with the texts of files in place."""
    if isinstance(code, str):
        return code
    if code.start == "read_file(":
        return literal(scripts.texts[_path(code, scripts)])
    return Group(code.start, [(label, _with_texts(part, scripts)) for label, part in code.parts], code.end)


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


def _path(code: Group, scripts: Scripts) -> str:
    name: str = ast.literal_eval(shown(code.parts[0][1]))
    return str(PurePosixPath(scripts.directory, name))


def _without(family: Family, rows: set[int], least: int) -> Family | None:
    """Return a family without some rows; None where too few are left."""
    kept = [index for index, row in enumerate(family.rows) if row not in rows]
    if len(kept) < max(2, least) or len(kept) * 2 < len(family.rows):
        return None
    parameters = [
        Parameter(one.name, tuple(one.column[index] for index in kept), one.default)
        for one in family.parameters
    ]
    return Family([family.rows[index] for index in kept], family.body, parameters)
