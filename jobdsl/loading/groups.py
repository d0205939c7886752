"""Which DSL files run in one process: by team where teams are named, else by top-level directory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobdsl.cores import usable_cores
from jobdsl.settings.config import Settings

__all__ = ["Groups", "grouped"]

_PAYS = 400
"""DSL files for each process: starting one costs as much as running so many small files."""
_LEAST_MB = 256
"""Memory of a process, where several share `load.memory_mb`: no more run at once than get so much each."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The files of an estate, parted for processes."""

    parts: tuple[tuple[str, ...], ...]
    at_once: int
    """Processes that may run at the same time."""
    fixed: bool = False
    """Whether each part must have a process of its own: no team's file may pose as another's."""

    @property
    def files(self) -> tuple[str, ...]:
        """All files."""
        return tuple(sorted(file for part in self.parts for file in part))

    def joined(self) -> Groups:
        """Return one group of all files, run in one process."""
        return Groups((self.files,), 1)


def grouped(root: Path, files: Sequence[str], settings: Settings, workers: int) -> Groups:
    """Part the files for at most `workers` processes; 0 takes as many as pay."""
    most = max(1, settings.load.memory_mb // _LEAST_MB)
    if settings.teams:
        parts = _by_team(files, settings)
        return Groups(parts, min(workers or usable_cores(), most, len(parts)), fixed=True)
    workers = min(workers or min(usable_cores(), 1 + len(files) // _PAYS), most)
    parts = _by_folder(root, files, workers) if workers > 1 else (tuple(files),)
    parts = tuple(part for part in parts if part)
    return Groups(parts, len(parts))


def _by_team(files: Sequence[str], settings: Settings) -> tuple[tuple[str, ...], ...]:
    teams: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for file in files:
        teams[tuple(team.name for team in settings.teams_of(file))].append(file)
    return tuple(tuple(teams[key]) for key in sorted(teams))


def _by_folder(root: Path, files: Sequence[str], workers: int) -> tuple[tuple[str, ...], ...]:
    """Top-level directories, the largest first, each to the process that has least to do so far."""
    folders: dict[str, list[str]] = defaultdict(list)
    for file in files:
        folders[file.partition("/")[0] if "/" in file else ""].append(file)
    sizes = {name: sum(_size(root / file) for file in held) for name, held in folders.items()}
    parts: list[list[str]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for name in sorted(folders, key=lambda name: (-sizes[name], name)):
        least = loads.index(min(loads))
        parts[least] += folders[name]
        loads[least] += sizes[name]
    return tuple(tuple(sorted(part)) for part in parts)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size + 1000  # a small file has its cost, too
    except OSError:
        return 0
