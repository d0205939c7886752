"""Jobs that belong together: all of them in order, and parts replaced by name in every one that has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from typing import Any

from jobdsl import DslError, freestyle, steps
from jobdsl.context import complain
from jobdsl.errors import suggestion

__all__ = ["NO_JOB", "JobSet", "override"]

NO_JOB: Any = None
"""No job. Its type is that of a job all the same: an estate knows which jobs it has asked for."""


class JobSet:
    """The jobs a template makes, for a loop to go through; all can be changed until the file ends."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def override(
        self,
        parts: Mapping[str, Any],
        made_by: Callable[..., Any] | None = None,
        other_names: Iterable[str] = (),
    ) -> None:
        """Replace fields or named parts in every job that has them; a step may be given as its command.

        `made_by`, the template, has arguments that may have been meant; so may `other_names`.
        """
        override(list(self), parts, made_by, other_names)


def override(
    jobs: list[Any],
    parts: Mapping[str, Any],
    made_by: Callable[..., Any] | None = None,
    other_names: Iterable[str] = (),
) -> None:
    """Replace fields or named parts in every job that has them; a step may be given as its command.

    What no job has is an error at the line of the estate. `made_by`, the template, has arguments that may
    have been meant; so may `other_names`.
    """
    names = [*other_names, *(signature(made_by).parameters if made_by else ())]
    for name, value in parts.items():
        fits = [job for job in jobs if name in job._fields or name in _parts(job)]
        for job in fits:
            job.override({name: _step(job, name, value)})
        if not fits:
            known = dict.fromkeys(part for job in jobs for part in _parts(job))
            fields = [field for job in jobs for field in job._fields]
            hint = suggestion(name, [*known, *names, *fields]) or "named parts: " + ", ".join(known)
            complain(DslError(f"no job of this template has a part or field {name!r}", hint=hint))


def _parts(job: Any) -> list[str]:
    return [name for slot in job._slots() for name in getattr(job, slot.name).names]


def _step(job: Any, name: str, value: Any) -> Any:
    """Return a step; one that is given as text is the command of a shell."""
    is_step = isinstance(job, freestyle) and name in job.steps.names
    return steps.shell(value) if is_step and isinstance(value, str) else value
