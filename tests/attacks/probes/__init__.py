"""What a DSL file tries. This package is copied into an estate and runs there, with the guard rail off.

A probe that comes to its end has reached what it tried; one that a wall stops raises OSError. It uses the
standard library alone.
"""

from . import files, kernel, processes
from .registry import ALONE, DECLARED, EVERYTHING, PROBES, report, system_call

__all__ = [
    "ALONE",
    "DECLARED",
    "EVERYTHING",
    "PROBES",
    "files",
    "kernel",
    "processes",
    "report",
    "system_call",
]
