"""Typed elements: one module per slot, one class per Jenkins element."""

from __future__ import annotations

from functools import cache
from importlib import import_module

__all__ = ["MODULES", "load_all"]

MODULES = (
    "scm",
    "triggers",
    "params",
    "steps",
    "wrappers",
    "publish",
    "properties",
    "axes",
    "sources",
    "views",
    "misc",
)
"""Modules of the vocabulary, by the name a DSL file knows them by."""


@cache
def load_all() -> None:
    """Import every module, so that the registry is complete; wanted only for reading documents."""
    for name in MODULES:
        import_module(f"jobdsl.elements.{name}")
    import_module("jobdsl.dsl.jobs")
    import_module("jobdsl.dsl.viewkinds")
