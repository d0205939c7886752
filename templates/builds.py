"""The jobs of one service, as its template gives them back: by branch, and the two beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jobdsl import DslError, freestyle, steps
from jobdsl.dsl.context import complain
from jobdsl.errors import suggestion

from .variants import STEPS

__all__ = ["Builds"]


class Builds:
    """`api["main"]` is the job of a branch; `api.pull_request` and `api.release` are the others.

    All can be changed until the file ends. `for job in api` goes through every job.
    """

    def __init__(
        self, branches: Mapping[str, freestyle], pull_request: freestyle | None, release: freestyle | None
    ) -> None:
        self.branches = dict(branches)
        """The branches' jobs by branch."""
        self.pull_request = pull_request
        """Builds pull requests; None where the template was told to make none."""
        self.release = release
        """Builds, publishes and tags a version; None where the template was told to make none."""

    def __getitem__(self, branch: str) -> freestyle:
        if branch not in self.branches:
            hint = suggestion(branch, self.branches) or "its branches: " + ", ".join(self.branches)
            raise DslError(f"there is no job of a branch {branch!r}", hint=hint)
        return self.branches[branch]

    def __iter__(self) -> Iterator[freestyle]:
        yield from self.branches.values()
        yield from (job for job in (self.pull_request, self.release) if job is not None)

    def override(self, parts: Mapping[str, Any], arguments: Iterable[str] = ()) -> None:
        """Replace fields or named parts in every job that has them; a step may be given as its command.

        `arguments` are other names somebody may have meant.
        """
        for name, value in parts.items():
            fits = [job for job in self if _has(job, name)]
            if fits:
                part = steps.shell(value) if name in STEPS and isinstance(value, str) else value
                for job in fits:
                    job.override({name: part})
            else:
                known = dict.fromkeys(part for job in self for part in _parts(job))
                fields = [field for job in self for field in job._fields]
                hint = suggestion(name, [*known, *arguments, *fields]) or "named parts: " + ", ".join(known)
                complain(DslError(f"no job of this template has a part or field {name!r}", hint=hint))


def _parts(job: freestyle) -> list[str]:
    return [name for slot in job._slots() for name in getattr(job, slot.name).names]


def _has(job: freestyle, name: str) -> bool:
    return name in job._fields or name in _parts(job)
