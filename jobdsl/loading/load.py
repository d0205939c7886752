"""From an estate's directory to its definitions: the DSL files run in processes of their own.

All problems of all files are reported at once. What comes back is checked, and is text and numbers only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jobdsl.errors import EstateError, Problem
from jobdsl.isolation.controlgroup import control_group
from jobdsl.isolation.walls import Wall, missing, walls
from jobdsl.loading import dslfiles
from jobdsl.loading.collector import Gathered
from jobdsl.loading.groups import Groups, grouped
from jobdsl.loading.hidden import hidden_places
from jobdsl.loading.idle_files import idle_files, unread_settings, unused_patterns
from jobdsl.loading.request import LoadRequest
from jobdsl.loading.supervisor import run
from jobdsl.loading.worker import NoWall
from jobdsl.model import Definition, Estate
from jobdsl.settings import config
from jobdsl.settings.config import Settings

__all__ = ["load"]

_PROCESSES = 4
"""Processes for each group of files that runs: a wall may need two, and those before may still be ending."""


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
    root = Path(os.path.realpath(root))
    if not root.is_dir():
        raise EstateError(
            [Problem(f"{root} is not a directory", hint="name the directory the DSL files are in")]
        )
    settings = config.load(root) if settings is None else settings
    files, problems = dslfiles.find(root, settings.files)
    problems += [*unused_patterns(settings, files), *unread_settings(root)]
    if not files and not any(problem.severity == "error" for problem in problems):
        hint = "files.include in jobdsl.toml says which files they are"
        raise EstateError([Problem(f"there are no DSL files in {root}", hint=hint), *problems])
    groups = grouped(root, files, settings, settings.load.workers if workers is None else workers)
    gathered = Gathered(problems, on_definition, settings.load)
    sentence = _behind_a_wall(root, settings, groups, gathered, isolation or settings.load.isolation)
    if not gathered.problems:  # else a file may have nothing to do but for what failed
        gathered.warnings += idle_files(root, files, gathered.busy)
    return gathered.estate(sentence, len(files))


def _behind_a_wall(root: Path, settings: Settings, groups: Groups, gathered: Gathered, isolation: str) -> str:
    """Run everything behind the strongest wall to be had; gives it back in words."""
    with suppress(ImportError):  # a Python without ctypes
        from jobdsl.isolation.linux import close_memory

        close_memory()
    hidden = hidden_places(root, settings)
    with control_group(settings.load.memory_mb, _PROCESSES * groups.at_once) as group:
        for wall in walls(isolation):
            request = LoadRequest(
                root=root,
                files=frozenset(groups.files),
                settings=settings,
                wall=wall,
                hidden=hidden,
                group=group,
            )
            try:
                run(request, groups, gathered)
            except NoWall as error:
                missing[wall.name] = str(error)
            else:
                return wall.sentence + _instead_of(wall)
    raise EstateError([_no_wall(isolation)])


def _instead_of(wall: Wall) -> str:
    if not wall.lacks or not missing:
        return ""
    return f" ({'; '.join(f'{name}: {why}' for name, why in missing.items())})"


def _no_wall(isolation: str) -> Problem:
    why = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return Problem(
        f"the DSL files cannot be isolated on this host as load.isolation = {isolation!r} requires ({why})",
        hint="install bubblewrap, or allow user namespaces or Landlock, or set it to 'auto'",
    )
