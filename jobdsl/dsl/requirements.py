"""Checks the pip requirement with which a job installs jobdsl on an agent.

The name `jobdsl` is on no public index, so any account could publish a package under it. A job that installs
the name from an index runs whatever that index has; a requirement with an address or a path, or an agent that
has the command, needs no index.
"""

from __future__ import annotations

import re

from jobdsl import context
from jobdsl.errors import DslError, Problem, Where

__all__ = ["EXAMPLE", "check", "index_problem", "warn"]

EXAMPLE = "https://files.example.com/jobdsl-0.2.0-py3-none-any.whl"
"""A requirement as hints show it."""
_BY_NAME = re.compile(r"\s*jobdsl\s*(?:\[[^]]*\])?\s*(?:$|[;(<>=!~])", re.IGNORECASE)
"""A name, perhaps with extras and versions, and no address behind it (PEP 508)."""


def check(requirement: str | None, tool: str | None) -> None:
    """Check that at most one of both is given, and that the requirement is none of pip's options.

    Raises DslError.
    """
    if requirement is not None and tool is not None:
        raise DslError("install= and tool= exclude each other", hint="leave one of them out")
    if requirement is not None and (requirement.lstrip().startswith("-") or not requirement.strip()):
        raise DslError(f"install takes one pip requirement, not {requirement!r}", hint=f'like "{EXAMPLE}"')


def index_problem(requirement: str | None, where: Where) -> Problem | None:
    """Return the warning about a requirement that names jobdsl on an index; None for any other."""
    if requirement is None or not _BY_NAME.match(requirement):
        return None
    return Problem(
        f"install={requirement!r} is looked up by name on the index of the agent's pip; jobdsl is on no "
        "public index, so any account could publish a package of that name there",
        where,
        f'name the file: install="jobdsl @ {EXAMPLE}"; '
        "or install it on the agents, and name the command: tool=",
        severity="warning",
    )


def warn(requirement: str | None) -> None:
    """Report a requirement that names jobdsl on an index, as a warning at the line that is being loaded."""
    if context.current is not None and (problem := index_problem(requirement, context.here())) is not None:
        context.current.problem(problem)
