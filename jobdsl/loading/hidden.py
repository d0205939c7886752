"""What of an estate DSL files are not to see, as it may hold secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from jobdsl.settings.config import Settings

__all__ = ["hidden_places", "visible"]

_REPOSITORIES = frozenset({".git", ".hg", ".svn", ".bzr", ".jj"})
"""What version control keeps: a `.git` is a file in a submodule, and addresses in it may hold a token."""

_LONGEST = 4096
"""Characters of a path."""


def hidden_places(root: Path, settings: Settings) -> list[str]:
    """Return the real paths of secrets files and of all repositories of version control below the root."""
    files = [str(root / settings.secrets)] if settings.secrets else []
    if from_environment := os.environ.get("JOBDSL_SECRETS"):
        files.append(from_environment)
    return list(dict.fromkeys(os.path.realpath(path) for path in [*files, *_repositories(str(root))]))


def _repositories(folder: str) -> Iterator[str]:
    """Yield all below a directory, also where no DSL files are looked for."""
    folders = [folder]
    while folders:
        try:
            entries = os.scandir(folders.pop())
        except OSError:  # nor can DSL files list it; if they should, the search for them reports it
            continue
        with entries:
            for entry in entries:
                if entry.name in _REPOSITORIES:
                    yield entry.path
                    yield from _elsewhere(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _elsewhere(place: str) -> Iterator[str]:
    """Yield the repository that a `.git` names which is a file, as in a worktree; it may have any name."""
    try:
        with open(place, encoding="utf-8", errors="surrogateescape") as file:
            word, _, path = file.readline(_LONGEST).strip().partition(": ")
    except OSError:  # it is a directory
        return
    if word != "gitdir":
        return
    repository = os.path.join(os.path.dirname(place), path)
    yield repository
    try:
        with open(os.path.join(repository, "commondir"), encoding="utf-8", errors="surrogateescape") as file:
            yield os.path.join(repository, file.readline(_LONGEST).strip())
    except OSError:
        return


def visible(hidden: Iterable[str], readable: Iterable[str]) -> list[str]:
    """Return the paths under which hidden places would be seen, given the places that are readable."""
    shown = [(place.rstrip("/"), os.path.realpath(place).rstrip("/") + "/") for place in readable]
    return list(
        dict.fromkeys(
            f"{place}/{path[len(real) :]}"
            for path in hidden
            for place, real in shown
            if path.startswith(real) and os.path.exists(path)
        )
    )
