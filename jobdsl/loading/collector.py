"""What the processes that ran DSL files sent, checked: definitions, other kinds, problems."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, get_args

from jobdsl.context import twice
from jobdsl.errors import EstateError, Problem, Severity, Where
from jobdsl.grammar import names
from jobdsl.loading.protocol import BadFrame, Frame
from jobdsl.loading.size_limits import Allowance
from jobdsl.model import Definition, Estate
from jobdsl.printable import one_line, printable
from jobdsl.settings.config import LoadSettings

__all__ = ["MOST", "Gathered", "LoadError"]

MOST = 200_000
"""Definitions of one estate."""
_MOST_PROBLEMS = 2000
"""Problems, and as many warnings, of one estate."""
_MOST_OF_SENDER = 500
"""Problems of one process: those of the others must still find room."""
_LONGEST = 4000
"""Characters of a message or a hint."""
_HEAD = re.compile(r'<\?xml version="1\.[01]" encoding="UTF-8"\?>\n<([^\s<>/&"\'!?]+)[\s/>]')
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""A kind of definition that is no item: `pool`."""


class LoadError(EstateError):
    """An estate that did not load as a whole: all problems, and the definitions that did load."""

    def __init__(self, problems: Iterable[Problem], estate: Estate) -> None:
        super().__init__(problems)
        self.estate = estate


class Gathered:
    """Everything that has arrived so far."""

    def __init__(
        self,
        problems: Iterable[Problem],
        on_definition: Callable[[Definition], None] | None,
        limits: LoadSettings | None = None,
    ) -> None:
        self._limits = limits or LoadSettings()
        self._first = list(problems)
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._definitions: list[Definition] = []
        self._hand_over = on_definition
        self.seconds_handing_over = 0.0
        """What it took the reader of the definitions, which is no time of the processes'."""
        self._places: dict[tuple[str, str], Where] = {}
        self._extra: dict[str, list[dict[str, object]]] = {}
        self._senders: Counter[tuple[frozenset[str], bool]] = Counter()
        self.forget()

    def forget(self) -> None:
        """Begin again; no item has been taken yet."""
        self.problems = [problem for problem in self._first if problem.severity == "error"]
        self.warnings = [problem for problem in self._first if problem.severity != "error"]
        self._senders.clear()
        limits = self._limits
        self._documents = Allowance(limits.documents_mb, "all documents have", "load.documents_mb")
        self._extras = Allowance(limits.extras_mb, "definitions that are no jobs have", "load.extras_mb")

    @property
    def busy(self) -> set[str]:
        """The files that define something, or have a problem of their own."""
        problems = {problem.where.file for problem in (*self.problems, *self.warnings) if problem.where}
        extra = {str(value["file"]) for values in self._extra.values() for value in values}
        return {where.file for where in self._places.values()} | extra | problems

    def problem(self, frame: Frame, own: frozenset[str] = frozenset()) -> None:
        """Take a problem of the process that runs the files in `own`."""
        _, severity, message, file, line, hint, job = frame[0]
        if severity not in get_args(Severity):
            raise BadFrame("a problem has no severity")
        where = Where(one_line(file[:_LONGEST]), line) if file else None
        message, hint = printable(message[:_LONGEST]), printable(hint[:_LONGEST])
        problem = Problem(message, where, hint, severity, job=one_line(job[:_LONGEST]))
        is_error = severity == "error"
        problems = self.problems if is_error else self.warnings
        self._senders[own, is_error] += 1
        if len(problems) < _MOST_PROBLEMS and self._senders[own, is_error] <= _MOST_OF_SENDER:
            problems.append(problem)

    def item(self, frame: Frame, own: frozenset[str]) -> None:
        """Take an item or a view. Its line must be in a file the sender was to run."""
        _, full_name, file, line, renamed_from, queue, template, template_line = frame[0]
        if names.unusable(full_name) or (renamed_from and names.unusable(renamed_from)) or file not in own:
            raise BadFrame("an item's name or file is invalid")
        try:
            document = str(frame[1], "utf-8")
        except UnicodeDecodeError:
            raise BadFrame("a document is not UTF-8") from None
        root = _HEAD.match(document)
        if root is None:
            raise BadFrame("a document is not XML")
        made_at = Where(one_line(template[:_LONGEST]), template_line) if template else None
        definition = Definition(
            full_name,
            root[1],
            document,
            Where(file, line),
            renamed_from=renamed_from,
            queue=queue,
            template=made_at,
        )
        if not self._is_new(definition.key, definition.where, definition.is_folder):
            return
        if self._documents.is_exceeded:
            return
        if self._hand_over is None:
            self._definitions.append(definition)
        elif not self.problems:
            began = time.monotonic()
            self._hand_over(definition)
            self.seconds_handing_over += time.monotonic() - began

    def count(self, kind: str, file: str, size: int) -> None:
        """Count what a process sent for one of its files; a problem when the estate has too much of it."""
        allowance = self._extras if kind == "extra" else self._documents
        if (problem := allowance.take(file, size)) is not None:
            self.problems.append(problem)
            self._definitions.clear()
            self._extra.clear()

    def defined(self, frame: Frame, own: frozenset[str]) -> None:
        """Record the name of an item or a view that is not sent, so that duplicates are reported all the
        same.
        """
        _, full_name, is_view, file, line = frame[0]
        if file not in own:
            raise BadFrame("an item's file is invalid")
        self._is_new(("view" if is_view else "item", one_line(full_name)), Where(file, line))

    def _is_new(self, key: tuple[str, str], where: Where, is_folder: bool = False) -> bool:
        first = self._places.setdefault(key, where)
        if first is not where:
            self.problems.append(twice(key, first, where, is_folder))
            return False
        if len(self._places) > MOST:
            raise BadFrame(f"there are more than {MOST} definitions")
        return True

    def other(self, frame: Frame, own: frozenset[str]) -> None:
        """Take a definition of another kind."""
        _, kind, file, line = frame[0]
        if _KIND.fullmatch(kind) is None:
            raise BadFrame("a definition has no kind")
        if self._extras.is_exceeded:
            return
        try:
            value = json.loads(frame[1])
        except (ValueError, RecursionError):
            raise BadFrame(f"a {kind} is not JSON") from None
        if not isinstance(value, dict) or file not in own:
            raise BadFrame(f"a {kind} is not an object, or has no file")
        self._extra.setdefault(kind, []).append({**value, "file": file, "line": line})

    def estate(self, isolation: str, files: int) -> Estate:
        """Everything as an estate. Raises LoadError, which has what did load, if there is any problem."""
        extra = {kind: sorted(self._extra[kind], key=_place) for kind in sorted(self._extra)}
        estate = Estate(
            tuple(
                sorted(self._definitions, key=lambda definition: (definition.full_name, definition.is_view))
            ),
            isolation=isolation,
            files=files,
            extra=extra,
            partial=bool(self.problems),
            warnings=tuple(sorted(dict.fromkeys(self.warnings), key=_order)),
        )
        if self.problems:
            problems = sorted(dict.fromkeys([*self.problems, *self.warnings]), key=_order)
            raise LoadError(problems, estate)
        return estate


def _order(problem: Problem) -> tuple[str, int, str]:
    where = problem.where or Where("", 0)
    return where.file, where.line, problem.message


def _place(value: dict[str, object]) -> tuple[Any, ...]:
    return value["file"], value["line"]
