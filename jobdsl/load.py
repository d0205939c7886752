"""From an estate's directory to its definitions: the DSL files run in processes of their own.

All problems of all files are told at once. What comes back is checked, and is text and numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobdsl import config, dslfiles
from jobdsl.config import Settings
from jobdsl.errors import EstateError, Problem, Where
from jobdsl.gather import Gathered
from jobdsl.hosting import Request, run
from jobdsl.model import Definition, Estate

__all__ = ["load"]


def load(
    root: Path,
    settings: Settings | None = None,
    *,
    on_definition: Callable[[Definition], None] | None = None,
    isolation: str | None = None,
    workers: int | None = None,
) -> Estate:
    """Run all DSL files under `root` and give back what they define.

    With `on_definition` each definition is handed over as it arrives and the estate holds none.
    `isolation` and `workers` stand in for those of `settings`, which are those of `jobdsl.toml`
    unless given. Raises EstateError with all problems of all files; by then `on_definition` may
    have been called for items that are in order.
    """
    root = root.resolve()
    if not root.is_dir():
        raise EstateError(
            [Problem(f"{root} is no directory", hint="name the directory the DSL files are in")]
        )
    settings = config.load(root) if settings is None else settings
    files, problems = dslfiles.find(root, settings.files)
    gathered = Gathered(files, on_definition)
    gathered.problems += problems
    request = Request(root, tuple(files), settings, isolation or settings.load.isolation)
    sentence = run(request, [tuple(files)], gathered)
    return gathered.estate(sentence, len(files))
