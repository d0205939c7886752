"""What users of jobdsl need in their own tests: a rendered estate and a simulated controller."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobdsl.testing.clock import ManualClock as ManualClock
    from jobdsl.testing.clock import SystemClock as SystemClock
    from jobdsl.testing.controller import SimulatedJenkins as SimulatedJenkins
    from jobdsl.testing.estates import apply as apply
    from jobdsl.testing.estates import problems as problems
    from jobdsl.testing.estates import render as render
    from jobdsl.testing.rendered import Document as Document
    from jobdsl.testing.rendered import Documents as Documents

_HOMES = {
    "Document": "jobdsl.testing.rendered",
    "Documents": "jobdsl.testing.rendered",
    "ManualClock": "jobdsl.testing.clock",
    "SimulatedJenkins": "jobdsl.testing.controller",
    "SystemClock": "jobdsl.testing.clock",
    "apply": "jobdsl.testing.estates",
    "problems": "jobdsl.testing.estates",
    "render": "jobdsl.testing.estates",
}
__all__ = [
    "Document",
    "Documents",
    "ManualClock",
    "SimulatedJenkins",
    "SystemClock",
    "apply",
    "problems",
    "render",
]


def __getattr__(name: str) -> object:
    """Load a part when it is first asked for, so that importing this package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
