"""The jobs of one service, as its template gives them back: by branch, and the two beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jobdsl import DslError, freestyle
from jobdsl.errors import suggestion

from .jobset import NO_JOB, JobSet

__all__ = ["Builds"]


class Builds(JobSet):
    """`api["main"]` is the job of a branch; `api.pull_request` and `api.release` are the others.

    All can be changed until the file ends. `for job in api` goes through every job.
    """

    def __init__(
        self, branches: Mapping[str, freestyle], pull_request: freestyle = NO_JOB, release: freestyle = NO_JOB
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
