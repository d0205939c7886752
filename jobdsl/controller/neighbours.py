"""Jobs on the controller that start, or are started by, jobs that a run takes away."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jobdsl.controller.errors import NotFoundError, allowed
from jobdsl.controller.jenkins import Controller
from jobdsl.grammar import names
from jobdsl.planning.still_used import Neighbours

__all__ = ["MOST", "neighbours"]

MOST = 50
"""Jobs that are asked about, one request each."""
_TREE = "upstreamProjects[fullName],downstreamProjects[fullName]"


def neighbours(controller: Controller, full_names: Sequence[str], workers: int = 8) -> list[Neighbours]:
    """Read the neighbours of jobs from the controller's graph of triggers.

    Jenkins has freestyle, Matrix and Maven jobs in it, with the triggers of these. It does not have steps of
    Pipelines, copied artifacts and views.
    """

    def ask(full_name: str) -> Neighbours:
        path = names.join(names.url_path(full_name), "api/json")
        try:
            answer = allowed(lambda: controller.json(path, _TREE, f'look at "{full_name}"')) or {}
        except NotFoundError:
            answer = {}
        upstream, downstream = (_names(answer, key) for key in ("upstreamProjects", "downstreamProjects"))
        return Neighbours(full_name, upstream, downstream)

    queried = full_names[:MOST]
    if not queried:
        return []
    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="neighbours") as pool:
        return list(pool.map(ask, queried))


def _names(answer: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(job.get("fullName", "")) for job in answer.get(key) or ())
