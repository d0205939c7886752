"""The process that runs DSL files: without credentials, it gives back documents only.

Its request comes on standard input, its results go to standard output as frames; both are
taken away before the first DSL file runs. What the files print goes elsewhere.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import time
from typing import Any, BinaryIO

from jobdsl import context
from jobdsl.context import Defined, LoadContext
from jobdsl.errors import DslError, Problem, Where
from jobdsl.loading import audit_hook
from jobdsl.loading.environment import ProcessEnvironment
from jobdsl.loading.faults import holds_any
from jobdsl.loading.protocol import LARGEST_BODY, send
from jobdsl.loading.running import FileRunner

__all__ = ["main"]

_LONGEST = 4000
"""Characters of a message or a hint."""
_SHARE_OF_TIME = 0.3
"""Share of the time of all files in which they must have run if they are to run once more."""
_end_process = os._exit


def main() -> None:
    """Serve one request and end."""
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    out = _channel()
    _confine(request)
    os.chdir(request["root"])
    audit_hook.limit(request["memory_mb"], request["timeout_seconds"])
    send(out, "hello")
    out.flush()
    _Child(request, out).serve()
    out.flush()
    _end_process(0)  # nothing of the user's runs at exit


def _channel() -> BinaryIO:
    """Return the way to the parent; standard input is empty from now on, output goes to the error pipe."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 18)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDWR)  # a file may write there, too: see Stage
    os.dup2(nothing, 0)
    os.close(nothing)
    return out


def _confine(request: dict[str, Any]) -> None:
    """Confine this process from within, or report why that cannot be done and end."""
    try:
        from jobdsl.isolation.confine import confine

        confine(request["layers"], request["readable"], request["hidden"], request["parent"])
    except (OSError, KeyError, ImportError, AttributeError) as error:
        if request["layers"]:
            os.write(2, f"{type(error).__name__}: {error}".encode())
            _end_process(1)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ctypes" or ".isolation." in name]:
        del sys.modules[name]  # ctypes is needed for this only; a file that imports it gets an error


class _Child:
    """One request being served."""

    def __init__(self, request: dict[str, Any], out: BinaryIO) -> None:
        self.out, self.request = out, request
        self.began = time.monotonic()
        self.own = dict.fromkeys(request["own"])
        self.load = LoadContext(request["root"], request["files"])
        self.runner = FileRunner(
            self.load, request["files"], self._started, self._ended, self._report, self._out_of_memory
        )
        self.runner.failed.update(request["failed"])
        self.failed = self.has_run = False
        self.stage = ProcessEnvironment(self.load)
        self.guard = audit_hook.Guard(
            self.load, request["readable"], request["hidden"], self.runner.mark_reported
        )
        self.foreign: dict[str, dict[str, str]] = {}
        self.items: list[Defined] = []

    def serve(self) -> None:
        """Run the files, then send what they made."""
        context.current = self.load
        errors = os.dup(2)  # files may close the other one
        faulthandler.enable(errors)
        faulthandler.register(signal.SIGURG, errors, all_threads=False)  # the parent's request for a stack
        audit_hook.no_more_processes()
        self.stage.set_up()
        with self.guard:
            self._run()
            self.guard.use_reserve()
            try:
                self._settle()
            except Exception as error:  # noqa: BLE001  # names and values of the user's may run the user's code
                self.runner.report(error, Where("", 0))
            self._ran()
            sent = self._send_items()
        self._send_extra()
        self._report()
        send(self.out, "end", sent)

    def _run(self) -> None:
        """Run the files; once more by statement if exceptions ended some: there may be more to find."""
        self.runner.run_all(self.own)
        seconds = time.monotonic() - self.began
        if self.runner.cut_short and seconds < _SHARE_OF_TIME * self.request["timeout_seconds"]:
            for gathered in (self.load.items, self.load.extra, self.load.faulty, self.foreign):
                gathered.clear()
            self.runner.again_by_statement(self.request["failed"])
            self.runner.run_all(self.own)

    def _started(self, file: str) -> None:
        send(self.out, "running", file)
        self.out.flush()  # should it never end, the parent knows which it was

    def _out_of_memory(self) -> None:
        """End here where the files may run again with more memory; else make room for a report."""
        self.guard.use_reserve()
        if not self.request["is_whole"] and not self.has_run:
            send(self.out, "short")
            self.out.flush()
            _end_process(0)

    def _ended(self, file: str) -> None:
        """If another group's file has run, as one of ours imports it, remember what its items are."""
        if file not in self.own:
            self.foreign[file] = self._documents(file)
        if self.load.running:
            self._started(self.load.running[-1])  # which goes on

    def _documents(self, file: str) -> dict[str, str]:
        return {
            item.full_name: _attempt(item) for item in self.load.items.values() if item.where.file == file
        }

    def _settle(self) -> None:
        """See what the files have made."""
        for file, before in self.foreign.items():
            if before and self._documents(file) != before:
                send(self.out, "alone", file)
        self.items = self.load.distinct()
        self.load.items.clear()

    def _ran(self) -> None:
        """Every file has run."""
        self.has_run = True
        self._report()
        send(self.out, "ran")
        self.out.flush()

    def _report(self) -> None:
        self.failed = self.failed or bool(self.load.problems)
        for problem in [*self.load.problems, *self.stage.problems()]:
            where = problem.where or Where("", 0)
            message, hint = problem.message[:_LONGEST], problem.hint[:_LONGEST]
            fields = (problem.severity, message, where.file, where.line, hint, problem.job)
            send(self.out, "problem", *fields)
        self.load.problems.clear()

    def _send_items(self) -> int:
        """Send every item in order of full names; of those that are not as they are meant, the name."""
        self.items.reverse()
        sent = 0
        while self.items:
            item = self.items.pop()  # and forget it
            if item.where.file not in self.own:
                continue
            document = self._document(item)
            if document:
                self._send_item(item, document)
                sent += 1
            elif self.failed:
                kind, name = item.key
                send(self.out, "defined", name, kind == "view", item.where.file, item.where.line)
        return sent

    def _document(self, item: Defined) -> bytes:
        """The document; nothing, and a problem unless there is one already, where it cannot be as meant."""
        self.load.place = item.where
        is_faulty = bool(self.load.faulty) and holds_any(item, self.load.faulty)
        try:
            document = item.render().encode()
        except DslError as error:
            made_by = f"made by {item.template}" if item.template else ""
            hint = "; ".join(part for part in (error.hint, made_by) if part)
            self.load.problem(Problem(error.message, error.where or item.where, hint, job=item.shown_name))
        except Exception as error:  # noqa: BLE001  # values of the user's may run the user's code
            if (
                not is_faulty
            ):  # else it may come from the stand-in of an argument that was refused and reported
                self.runner.report(error, item.where)
        else:
            if is_faulty:
                return b""
            if len(document) <= LARGEST_BODY:
                return document
            message = f"the document has {len(document) >> 20} MB, more than {LARGEST_BODY >> 20} MB"
            self.load.problem(Problem(message, item.where, job=item.shown_name))
        self.failed = True
        return b""

    def _send_item(self, item: Defined, document: bytes) -> None:
        file, line, old = item.where.file, item.where.line, item.renamed_from or ""
        made_at = item.template or Where("", 0)
        place = (file, line, old, item.queue, made_at.file, made_at.line)
        send(self.out, "item", item.full_name, *place, body=document)

    def _send_extra(self) -> None:
        for kind, values in self.load.extra.items():
            for value in values:
                if value["file"] in self.own:
                    body = json.dumps(value).encode()
                    send(self.out, "extra", kind, value["file"], value["line"], body=body)


def _attempt(item: Defined) -> str:
    try:
        return item.render()
    except Exception as error:  # noqa: BLE001  # reported by the group the item belongs to
        return repr(error)
