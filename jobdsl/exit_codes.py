"""Exit codes of `jobdsl`, `dynaslave` and `delivery`: the same outcome has the same code."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CODES",
    "FAILED",
    "INTERRUPTED",
    "PENDING",
    "REFUSED_OBJECTS",
    "TERMINATED",
    "WRONG_USAGE",
    "Code",
]

FAILED = 1
PENDING = 2
REFUSED_OBJECTS = 3
WRONG_USAGE = 64
"""EX_USAGE of sysexits.h: no other outcome of a command has it."""
INTERRUPTED = 130
TERMINATED = 143


class Code(NamedTuple):
    """One row of the table: a code, and what it means to the commands that end with it."""

    code: int
    meaning: str
    commands: str


CODES = (
    Code(0, "done, or nothing to do", "all"),
    Code(
        FAILED,
        "an error, also in settings and files, or a name that does not exist (of a job, a group ...); the "
        "message says what was done and how to go on",
        "all",
    ),
    Code(
        PENDING,
        "nothing was changed, changes are pending",
        "`jobdsl plan`; `jobdsl apply` where the answer is no; `dynaslave once --dry-run`",
    ),
    Code(2, "nothing was changed: the request cannot be fulfilled", "`delivery`"),
    Code(
        REFUSED_OBJECTS,
        "single objects are refused, others done or planned",
        "`jobdsl plan`, `apply`, `convert`",
    ),
    Code(3, "the deploy was rolled back: traffic is where it was", "`delivery deploy`, `promote`, `resume`"),
    Code(3, "the canary failed", "`delivery judge --exit-code`"),
    Code(4, "a decision is waited for: promote or rollback", "`delivery deploy`, `resume`"),
    Code(4, "the canary is undecided", "`delivery judge --exit-code`"),
    Code(5, "policy refuses; nothing was done", "`delivery`"),
    Code(6, "another deploy of the cluster is in progress; nothing was done", "`delivery`"),
    Code(WRONG_USAGE, "wrong options or arguments; nothing was done", "all"),
    Code(INTERRUPTED, "interrupted (Ctrl-C)", "all"),
    Code(TERMINATED, "terminated; what was begun can be resumed", "`delivery`"),
)
