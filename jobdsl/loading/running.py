"""Runs an estate's files, each once, and turns whatever they raise into problems with a place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import CodeType, ModuleType, TracebackType

from jobdsl import context
from jobdsl.context import LoadContext
from jobdsl.elements.base import Record
from jobdsl.errors import DslError, Problem, Where
from jobdsl.loading.explain import explained, way_out
from jobdsl.loading.importing import EstateModuleFinder, module_name

__all__ = ["FileRunner"]


class Failed(ImportError):  # noqa: N818  # only ever reported
    """A module that failed before is imported again; its failure was reported."""


_LONGEST_CHAIN = 50
"""Exceptions, each the cause of the next, that are looked at."""


def _nothing(_file: str) -> None:
    pass


def _ends_statement(error: BaseException) -> bool:
    """Return whether a file may go on after an exception with its next statement."""
    return isinstance(error, Exception) and not isinstance(error, MemoryError)


def _lacks_memory(error: BaseException) -> bool:
    """Return whether an exception is, or comes of, a lack of memory."""
    cause: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if cause is None or isinstance(cause, MemoryError):
            break
        cause = cause.__cause__ or cause.__context__
    return isinstance(cause, MemoryError)


class FileRunner:
    """One run over files of an estate."""

    def __init__(
        self,
        load: LoadContext,
        files: Iterable[str],
        started: Callable[[str], None] = _nothing,
        ended: Callable[[str], None] = _nothing,
        reported: Callable[[], None] = lambda: None,
        out_of_memory: Callable[[], None] = lambda: None,
    ) -> None:
        self.load = load
        self.files = frozenset(files)
        """All DSL files of the estate, whoever runs them."""
        self.started, self.ended = started, ended
        """Called with each DSL file's name before it runs and when it has run."""
        self.reported = reported
        """Called after each file and what it imported, so that nothing is lost should the next one crash."""
        self.out_of_memory = out_of_memory
        """Called before an error is reported that comes of a lack of memory."""
        self._ran: set[str] = set()
        self.failed: set[str] = set()
        """Files that failed, here or before; importing one again fails without a word."""
        self._reported: list[BaseException] = []
        self.by_statement = False
        """Whether a statement that fails ends itself alone, not its file."""
        self.cut_short = False
        """Whether an exception ended a file that might have gone on with its next statement."""
        self._missing: dict[str, set[str]] = {}
        """By file, the names that a failed statement would have assigned."""
        self._finder: EstateModuleFinder | None = None

    def again_by_statement(self, failed: Iterable[str]) -> None:
        """Get ready to run all files again, as if they had not run, each statement by itself."""
        for name, module in list(sys.modules.items()):
            if self._finder is not None and self._finder.is_of_estate(module):
                del sys.modules[name]
        self._ran.clear()
        self.failed = set(failed)
        self.by_statement = True

    def run_all(self, own: Iterable[str]) -> None:
        """Run these files and what they import."""
        if self._finder is None:
            self._finder = EstateModuleFinder(self.load.root, self.run)
            sys.meta_path.insert(0, self._finder)
        for file in own:
            if file not in self._ran:
                self._run_one(file)
                self._reported.clear()
                self.reported()

    def _run_one(self, file: str) -> None:
        try:
            import_module(module_name(self.load.root, file))
        except BaseException as error:  # noqa: BLE001  # whatever user code raises is reported, and the next file runs
            if file not in self._ran:  # nothing of it ran: one of its packages failed, or it is shadowed
                self.report(error, Where(file, 0))

    def run(self, file: str, module: ModuleType) -> None:
        """Run a file in its module; called by `import`."""
        if file in self.failed:
            raise self.mark_reported(Failed(f"{file} failed"))
        self._ran.add(file)
        self.load.files.add(file)
        is_dsl, runs = file in self.files, False
        if is_dsl:
            self.load.running.append(file)
            self.started(file)
        try:
            code = self._compiled(file, module)
            runs = True
            with context.apart():
                exec(code, module.__dict__)  # noqa: S102  # running it is what we are here for
        except BaseException as error:  # noqa: BLE001  # reported here, where its file is known
            self.failed.add(file)
            self.cut_short = self.cut_short or (runs and _ends_statement(error))
            self.report(error, Where(file, 0))
            raise self.mark_reported(
                error if isinstance(error, Exception) else Failed(f"{file} failed")
            ) from None
        finally:
            self.load.complained = False
            if is_dsl:
                self.load.running.pop()
                self.ended(file)

    def _read(self, file: str) -> bytes:
        try:
            with open(os.path.join(self.load.root, file), "rb") as opened:
                return opened.read()
        except OSError as error:
            raise DslError(f"the file cannot be read: {error.strerror}", where=Where(file, 0)) from None

    def _compiled(self, file: str, module: ModuleType) -> CodeType:
        source = self._read(file)
        if b"\0" in source:
            line = source.count(b"\n", 0, source.index(b"\0")) + 1
            raise DslError("the file holds a null byte: it is not text", where=Where(file, line))
        if self.by_statement:
            return self._by_statement(source, file, module)
        return compile(source, file, "exec", dont_inherit=True)

    def _by_statement(self, source: bytes, file: str, module: ModuleType) -> CodeType:
        """Return the code that tries each statement; called again by it as one begins or has failed."""
        from jobdsl.loading.statements import BEGIN, FAILED, Statements

        statements = Statements(source, file)
        names = module.__dict__
        items_before: dict[int, int] = {}

        def begin(number: int) -> None:
            items_before[number] = len(self.load.items)

        def failed(number: int) -> None:
            error = sys.exc_info()[1]
            if error is None or not _ends_statement(error):
                raise  # called where an exception is handled
            self.report(error, Where(file, statements.line(number)))
            self.mark_reported(error)
            items = list(self.load.items.values())[items_before[number] :]
            used = [names.get(name) for name in statements.loaded(number)]
            self.load.faulty.update(
                {id(value): value for value in (*items, *used) if isinstance(value, Record)}
            )
            bound = statements.bound(number)
            self._missing.setdefault(file, set()).update(bound)
            for name in bound:
                names.pop(name, None)

        names[BEGIN], names[FAILED] = begin, failed
        return statements.code

    def mark_reported(self, error: BaseException) -> BaseException:
        """Mark an error as reported: it may pass through files that import the one it happened in."""
        self._reported.append(error)
        return error

    def report(self, error: BaseException, where: Where) -> None:
        """Remember an error as a problem, at its innermost line in the estate."""
        if any(reported is error for reported in self._reported) or (self._missing and self._follows(error)):
            return
        if _lacks_memory(error):
            self.out_of_memory()
        self.mark_reported(error)
        try:
            problem = self._problem(error, where)
        except BaseException as another:  # noqa: BLE001  # the reported objects are the user's: they may do anything
            problem = Problem(f"{type(error).__name__}, and then {type(another).__name__}", where)
        self.load.problem(problem)

    def _follows(self, error: BaseException) -> bool:
        """Return whether an error is but the consequence of a statement that failed."""
        name = getattr(error, "name", None)
        trace, file = error.__traceback__, ""
        while trace is not None:
            inner = trace.tb_frame.f_code.co_filename
            file = inner if inner in self.load.files else file
            trace = trace.tb_next
        if isinstance(error, NameError):
            return name in self._missing.get(file, ())
        if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
            return name in self._missing.get(self._file_of(error.obj), ())
        if isinstance(error, ImportError) and name in sys.modules:
            missing = self._missing.get(self._file_of(sys.modules[name]), ())
            return any(f"'{name}'" in str(error) for name in missing)
        return False

    def _file_of(self, module: ModuleType) -> str:
        return os.path.relpath(getattr(module, "__file__", None) or "/", self.load.root)

    def _problem(self, error: BaseException, where: Where) -> Problem:
        if isinstance(error, SyntaxError) and error.filename in self.load.files:
            where, chain = Where(error.filename or "", error.lineno or 0), ""
        else:
            where, chain = self._place(error.__traceback__, where)
        if isinstance(error, DslError) and error.where is not None:
            where = error.where
        from jobdsl.loading import loops  # parses: wanted only where something is wrong

        turn = loops.turn(error.__traceback__, self.load.files, self._read)
        turn = f"in the loop at {turn}" if turn else ""
        parts = (way_out(error, self.load.root, self._read), chain or self._importer(where), turn)
        return Problem(explained(error), where, "; ".join(part for part in parts if part))

    def _importer(self, where: Where) -> str:
        """The line of the running DSL file that imports a module of the estate which is none itself."""
        if not self.load.running or where.file in self.files:
            return ""
        outer = context.here()
        return f"imported from {outer}" if outer.line else ""

    def _place(self, trace: TracebackType | None, where: Where) -> tuple[Where, str]:
        """Return the innermost line of the estate, and the running DSL file's line if that is another."""
        running = self.load.running[-1] if self.load.running else ""
        inner, outer = where, where
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file in self.load.files:
                inner = Where(file, trace.tb_lineno)
                outer = inner if file == running else outer
            trace = trace.tb_next
        return inner, "" if inner == outer or not outer.line else f"called from {outer}"
