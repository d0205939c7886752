"""The estate documents become: written, loaded, compared; and what was not equal, written plainer."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from jobdsl.documents.outdir import OutputDirectory
from jobdsl.documents.secrets import Secrets, save
from jobdsl.errors import EstateError, JobdslError, Problem, Where
from jobdsl.importer.codegen import Layouts, Writer
from jobdsl.importer.common_layouts import usual_layouts
from jobdsl.importer.convert import FORMS, DocumentSource, Form, Imported, convert
from jobdsl.importer.dslfile import Written, write
from jobdsl.importer.families.existing import (
    ExistingFamilies,
    imports,
    is_made_by_import,
    read_existing,
    unused_modules,
)
from jobdsl.importer.families.rewrite import ImportedCall, Rewrite
from jobdsl.importer.file_layout import DslFile, layout
from jobdsl.importer.inputs import SourceDocument
from jobdsl.importer.layoutsfile import known_layouts, layouts_file, usual_layouts_of
from jobdsl.importer.report import FamilyReport, located
from jobdsl.importer.scripts import Scripts
from jobdsl.importer.secrets import Taken
from jobdsl.importer.staying import staying
from jobdsl.importer.verify import CHANGED, verify
from jobdsl.settings import config
from jobdsl.settings.config import CONFIG_FILE

__all__ = ["EstateWriter"]


_BAD_SEED = re.compile(r"[^A-Za-z0-9._-]+")
_LAYOUTS = "layouts.py"
_PATIENT_ROUNDS = 2


class EstateWriter:
    """Writes an estate into a directory; `imported` has the result of each document."""

    def __init__(
        self,
        out: Path,
        documents: list[SourceDocument],
        secrets_file: Path,
        *,
        least_family: int | None = None,
        is_part: bool = False,
    ) -> None:
        self.out = out
        self.least_family = least_family
        """Members from which on documents that are alike become a function; None for no functions."""
        self.families: tuple[FamilyReport, ...] = ()
        self.secrets_file = secrets_file
        self._older = Secrets.load(secrets_file) if secrets_file.exists() else Secrets()
        """Of an earlier import into the same estate: what is left of it may name them."""
        self.secrets = Taken()
        self.imported: dict[tuple[str, str], Imported] = {}
        """By full name and place."""
        self._files = layout(documents)
        self._settings_before = self._read_settings()
        before = read_existing(out, self._older)
        self._staying = staying(
            before.files,
            {document.name for document in documents},
            {file.path for file in self._files},
            lambda path: is_made_by_import(out / path),
            is_part=is_part,
        )
        self._others = {name: before.prints[name] for name in self._staying.names}
        """What other files define, with the fingerprints of the documents."""
        self.not_read = tuple(path for path in self._staying.files if is_made_by_import(out / path))
        """Files of an earlier import that define nothing that is read now."""
        self._existing = ExistingFamilies() if least_family is None else before
        self._written: dict[str, Written] = {}
        self._forms: dict[tuple[str, str], Form] = {}
        """Documents that have to be written plainer than they could be."""
        self._hopeless: dict[tuple[str, str], str] = {}
        """Documents that cannot be defined at all, and why."""
        self._keys: dict[tuple[str, str], list[str]] = {}
        self._rounds = 0
        self._layouts = self._layouts_for(documents)
        self._scripts: dict[str, Scripts] = {}
        self._calls: dict[tuple[str, str], ImportedCall] = {}

    def _read_settings(self) -> config.Settings | None:
        """Return the settings that are there; None for none, and for a link, which is replaced."""
        path = self.out / CONFIG_FILE
        return config.load(self.out) if path.is_file() and not path.is_symlink() else None

    def _layouts_for(self, found: list[SourceDocument]) -> Layouts:
        """Return the layouts of these documents; where files that stay use the estate's, those."""
        path = self.out / _LAYOUTS
        known = known_layouts(path)
        if not imports(self.out, self._staying.files, "layouts"):
            return Layouts(usual_layouts(found), known)
        layouts = Layouts(usual_layouts_of(path), known)
        layouts.names.update(known)
        return layouts

    def _verify(self) -> list[Problem]:
        secrets = Secrets(self._older.values | self.secrets.values)
        return verify(self.out, self.imported.values(), secrets, self._others)

    def make(self) -> None:
        """Write everything, load it, and write plainer what did not come out equal, until all does.

        Raises JobdslError where a directory cannot be written, or is a link: none is followed.
        """
        files = self._files
        while files:
            try:
                with OutputDirectory(self.out) as directory:
                    self._write_all(files, directory)
                    for path in self._staying.replaced:
                        directory.remove(path)
                    for path in unused_modules(self.out, [file.path for file in self._files]):
                        directory.remove(path)
            except OSError as error:
                raise JobdslError(f"{self.out} cannot be written: {error.strerror}") from None
            problems = self._verify()
            if changed := [problem for problem in problems if problem.rule == CHANGED]:
                raise EstateError(changed)
            plainer = self._plainer(problems)
            files = [file for file in self._files if file.path in plainer]
        if self.least_family is not None:
            self._use_functions(self.least_family)

    def _use_functions(self, least: int) -> None:
        """Write documents that are alike as functions, as far as they come out equal."""
        calls = {key: call for key, call in self._calls.items() if not self.imported[key].error}
        rewrite = Rewrite(
            self.out,
            self._files,
            imported=self.imported,
            calls=calls,
            scripts=self._scripts,
            layout_words=self._layouts.words,
            existing=self._existing,
            staying=self._staying.files,
        )
        self.families = rewrite.run(least, self._verify)

    def _write_all(self, files: list[DslFile], directory: OutputDirectory) -> None:
        """Write these files and what belongs to the whole estate: all of it, or nothing."""
        for file in files:
            directory.stage(file.path, self._write(file).encode())
        for path, text in self._rest():
            directory.stage(path, text.encode())
        directory.commit()

    def _write(self, file: DslFile) -> str:
        directory = file.path.rpartition("/")[0]
        scripts = self._scripts.setdefault(directory, Scripts(directory))
        self._written[file.path] = written = write(
            file, lambda document, name: self._convert(document, name, scripts)
        )
        return written.text

    def _convert(self, document: SourceDocument, name: str, scripts: Scripts) -> Imported:
        key = (document.name, document.place)
        self.secrets.forget(self._keys.pop(key, ()))
        before = len(self.secrets.values)
        try:
            imported = self._converted(document, name, Writer(self._layouts, scripts.files_of(document.name)))
        except JobdslError as error:
            imported = Imported(
                name=document.name,
                place=document.place,
                size=document.size,
                error=located(document.place, error),
            )
            self.secrets.forget(list(self.secrets.values)[before:])
        self._keys[key] = list(self.secrets.values)[before:]
        self.imported[key] = imported
        if self.least_family is not None and imported.code is not None:
            self._calls[key] = ImportedCall(imported, imported.code, imported.uses, scripts)
        return imported

    def _converted(self, document: SourceDocument, name: str, writer: Writer) -> Imported:
        key = (document.name, document.place)
        source = DocumentSource(document.name, document.read(), document.place, document.is_view)
        if key in self._hopeless:
            raise JobdslError(self._hopeless[key])
        return convert(source, name, writer, self.secrets, self._forms.get(key, "typed"))

    def _rest(self) -> Iterator[tuple[str, str]]:
        """Give what belongs to the whole estate: layouts, scripts, settings; and save the secrets."""
        if text := layouts_file(self._layouts):
            yield _LAYOUTS, text
        for scripts in self._scripts.values():
            yield from scripts.texts.items()
        if self.secrets.values:
            save(self.secrets_file, self._older.values | self.secrets.values)
        yield CONFIG_FILE, self._settings()

    def _settings(self) -> str:
        """Return the settings: those that are there, with the file of secrets where there are some."""
        before = self._settings_before
        if before is not None:
            line = self._secrets_line() if self.secrets.values and not before.secrets else ""
            return f"{line}\n\n{before.text}" if line else before.text
        seed = _BAD_SEED.sub("-", self.out.resolve().name).strip("-._")[:64] or "main"
        lines = ["# Imported from Jenkins. `jobdsl plan` says what a run would do.", ""]
        if self.secrets.values:
            lines = [lines[0], self._secrets_line(), ""]
        return "\n".join([*lines, "[seed]", f'name = "{seed}"', ""])

    def _secrets_line(self) -> str:
        path = os.path.relpath(self.secrets_file.resolve(), self.out.resolve())
        return f"secrets = {json.dumps(path, ensure_ascii=False)}"

    def _plainer(self, problems: list[Problem]) -> set[str]:
        """Decide how to write what failed; the files that have to be written again."""
        self._rounds += 1
        changed: set[str] = set()
        failed = self._blamed(problems) if problems else self._unequal()
        for path, imported, why in list(failed):
            changed.add(path)
            self._step_down(imported, why)
        return changed

    def _unequal(self) -> Iterator[tuple[str, Imported, str]]:
        for path, written in self._written.items():
            for _, _, imported in written.lines:
                if not imported.equal and not imported.error:
                    yield path, imported, "it does not render as it was"

    def _blamed(self, problems: list[Problem]) -> Iterator[tuple[str, Imported, str]]:
        """Yield the documents whose lines the problems name. Raises EstateError for problems of none.

        The first error may end its file and hide others: after some rounds all documents of a file
        with errors are blamed.
        """
        for problem in problems:
            where = problem.where or Where("", 0)
            written = self._written.get(where.file)
            if written is None:
                raise EstateError(problems)
            blamed = written.at(where.line)
            if blamed is not None:
                yield where.file, blamed, problem.message
            if blamed is None or self._rounds > _PATIENT_ROUNDS:
                others = [
                    imported
                    for _, _, imported in written.lines
                    if imported is not blamed and imported.form != FORMS[-1]
                ]
                if blamed is None and not others:
                    raise EstateError(problems)
                yield from ((where.file, imported, problem.message) for imported in others)

    def _step_down(self, imported: Imported, why: str) -> None:
        key = (imported.name, imported.place)
        if imported.form == FORMS[-1]:
            self._hopeless[key] = why
        else:
            self._forms[key] = FORMS[FORMS.index(imported.form) + 1]
