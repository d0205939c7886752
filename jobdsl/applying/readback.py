"""Reading back what was sent: Jenkins answers 200 and drops what it does not know.

What it drops depends on classes, fields and values that are numbers, names or schedules, not on the
text of a script or the address of a repository. So of documents of one shape the first few are read back, and
only while one of them lost something all the others are: half the requests of a large run are saved.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from jobdsl.checks.plugins import lost_class_hint
from jobdsl.controller.errors import allowed
from jobdsl.controller.jenkins import Controller
from jobdsl.documents.compare import PluginOf, compare
from jobdsl.documents.differences import Difference
from jobdsl.documents.marker import INCOMPLETE, UNREAD
from jobdsl.documents.tree import parse
from jobdsl.errors import Problem
from jobdsl.planning.changes import Change

__all__ = ["ReadBack", "Verify", "kept_whole", "shape"]

Verify = Literal["shapes", "all", "none"]
"""shapes: the first few documents of each shape; all: every document; none: nothing is read back."""
Installed = tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]
"""Versions of the installed plugins, and the versions of others that each works with."""
_ENOUGH = 5
"""Documents of a shape that must have come through whole before others of it are trusted."""
_TEXT = re.compile(
    r"<(command|script|description|url|displayName|name|string)>[^<]*<|>([^<]*[^\w.$\s<-][^<]*)<"
)
_SCHEDULE = re.compile(r"<(spec|cron[A-Za-z]*)>([^<]*)<")

_PLUGIN = re.compile(r' plugin="[^"]*"')
_HOLLOW = re.compile(r"<([^\s<>/]+)([^<>]*)></\1>")


def shape(document: str) -> int:
    """Return a number that stands for a document without its free text.

    Kept: elements, attributes, schedules, and values that read like a number or a name. Left out: text
    of fields that take any, and values with a character no number, name or constant has.
    """
    schedules = tuple(_SCHEDULE.findall(document))
    return hash((_TEXT.sub("<", document), schedules))


def kept_whole(document: str, stored: bytes) -> bool:
    """Return whether the stored document has every line sent; if not, `compare` must decide."""
    text = _PLUGIN.sub("", stored.decode("utf-8", "replace")).replace("&quot;", '"').replace("&apos;", "'")
    if "></" in text:
        text = _HOLLOW.sub(r"<\1\2/>", text)
    have = Counter(text.split("\n"))
    sent = Counter(document.rstrip("\n").split("\n")[1:])
    return all(have[line] >= count for line, count in sent.items())


class ReadBack:
    """What a run has learned of the shapes it sent. Safe to use from several threads."""

    def __init__(self, controller: Controller, verify: Verify, plugin_of: PluginOf | None = None) -> None:
        self.controller = controller
        self.verify = verify
        self.plugin_of = plugin_of
        self._whole: Counter[int] = Counter()
        self._lost: dict[int, bool] = {}
        """Shapes that lost something, and whether that does harm."""
        self._lock = threading.Lock()
        self._installed: Installed | None = None
        self._lock = threading.Lock()

    def doubt(self, document: str) -> str:
        """Return the state of the marker until the document is read back; empty if it need not be.

        It need not be for a document of a shape that Jenkins stored completely in this run.
        """
        if self.verify == "none":
            return ""
        kind = shape(document)
        if self._lost.get(kind):
            return INCOMPLETE
        return "" if self._whole[kind] or kind in self._lost else UNREAD

    def check(self, change: Change, document: str, sent: str) -> tuple[Problem, ...]:
        """Find what Jenkins did not keep of a document just sent, as far as it must be asked.

        `sent` is the document with its marker.

        Raises JobdslError when what is stored cannot be read.
        """
        if self.verify == "none":
            return ()
        kind = shape(document)
        if self.verify == "shapes" and self._whole[kind] >= _ENOUGH and kind not in self._lost:
            return ()
        problems = self._compare(change, sent)
        with self._lock:
            if problems:
                harm = any(problem.severity == "error" for problem in problems)
                self._lost[kind] = self._lost.get(kind, False) or harm
            else:
                self._whole[kind] += 1
        return problems

    def _compare(self, change: Change, sent: str) -> tuple[Problem, ...]:
        stored = self.controller.config(*change.key)
        if kept_whole(sent, stored):
            return ()
        desired = parse(change.document)  # without the secrets, so that no message can reveal them
        lost = compare(desired, parse(stored), self.plugin_of).lost
        return tuple(self._problem(difference, change) for difference in lost)

    def _problem(self, lost: Difference, change: Change) -> Problem:
        problem = lost.problem(change.full_name, change.where)
        if lost.kind != "dropped" or lost.field or not lost.plugin:
            return problem
        versions, optional = self._plugins()
        if not versions:
            text = f"install the plugin {lost.plugin}, or update it and what it works with"
            return replace(problem, hint=f"{text} (this user may not see what is installed)")
        hint = lost_class_hint(lost.plugin, versions, optional)
        return replace(problem, hint=hint) if hint else problem

    def _plugins(self) -> Installed:
        """Return the controller's plugins, asked once; none where this user may not list them."""
        with self._lock:
            if self._installed is None:
                versions = allowed(self.controller.plugins)
                optional = allowed(self.controller.optional_dependencies) if versions else None
                self._installed = (versions or {}, optional or {})
            return self._installed
