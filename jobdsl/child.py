"""The process that runs DSL files: without credentials, it gives back documents only.

Its request comes on standard input, what it has to say goes to standard output as frames; both are
taken away before the first DSL file runs. What the files print goes elsewhere.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import sys
from typing import Any, BinaryIO

from jobdsl import context, guard
from jobdsl.context import Load
from jobdsl.errors import DslError, Problem, Where
from jobdsl.frames import send
from jobdsl.items import Item
from jobdsl.running import Runner

__all__ = ["main"]


def main() -> None:
    """Serve one request and end."""
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    out = _channel()
    os.chdir(request["root"])
    guard.limit(request["memory_mb"], request["timeout_seconds"])
    send(out, "hello")
    out.flush()
    Child(request, out).serve()
    out.flush()
    os._exit(0)  # nothing of the user's runs at exit


def _channel() -> BinaryIO:
    """The way to the parent; standard input is empty from now on, output goes to the error pipe."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 18)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return out


class Child:
    """One request being served."""

    def __init__(self, request: dict[str, Any], out: BinaryIO) -> None:
        self.out = out
        self.own: list[str] = request["own"]
        self.timeout: float = request["timeout_seconds"]
        self.load = Load(request["root"], request["files"])
        self.runner = Runner(self.load, request["files"], self._started)
        self.guard = guard.Guard(self.load, request["readable"], request["hidden"], self.runner.told)

    def serve(self) -> None:
        """Run the files, then send what they made."""
        context.current = self.load
        gc.disable()  # nearly nothing becomes garbage here, and looking for it costs a third of the time
        faulthandler.enable(2)
        faulthandler.dump_traceback_later(self.timeout, exit=True, file=2)
        with self.guard:
            self.runner.run_all(self.own)
            self._report()
            send(self.out, "ran")
            self.out.flush()
            faulthandler.cancel_dump_traceback_later()
            sent = self._send_items()
            self._send_extra()
        self._report()
        send(self.out, "end", sent)

    def _started(self, file: str) -> None:
        send(self.out, "running", file)
        self.out.flush()  # should it never end, the parent knows which it was

    def _report(self) -> None:
        for one in [*self.load.problems, *self.guard.said()]:
            where = one.where or Where("", 0)
            send(
                self.out,
                "problem",
                one.severity,
                one.message[:4000],
                where.file,
                where.line,
                one.hint[:4000],
                one.job,
            )
        self.load.problems.clear()

    def _send_items(self) -> int:
        """Write every item's document in order of full names, and forget it."""
        own = set(self.own)
        items = self.load.items
        keys = sorted(items, key=lambda key: (items[key].full_name, key))
        sent = 0
        failed = any(one.severity == "error" for one in self.load.problems)
        for key in keys:
            item = items.pop(key)
            if item.where.file in own and self._send_item(item):
                sent += 1
        return sent

    def _send_item(self, item: Item) -> bool:
        self.load.place = item.where
        try:
            document = item.render().encode()
        except DslError as error:
            self.load.problem(
                Problem(error.message, error.where or item.where, error.hint, job=item.full_name)
            )
            return False
        except Exception as error:  # noqa: BLE001  # values of the user's may run the user's code
            self.runner.tell(error, item.where)
            return False
        where = item.where
        send(
            self.out,
            "item",
            item.full_name,
            where.file,
            where.line,
            item.renamed_from or "",
            item.queue,
            body=document,
        )
        return True

    def _send_extra(self) -> None:
        own = set(self.own)
        for kind, values in self.load.extra.items():
            for value in values:
                if value["file"] in own:
                    send(
                        self.out, "extra", kind, value["file"], value["line"], body=json.dumps(value).encode()
                    )


if __name__ == "__main__":
    main()
