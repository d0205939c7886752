"""Whether a trace and pools belong together: every build has a pool, and some pool that can take it."""

from __future__ import annotations

from collections.abc import Mapping

from dynaslave.pools.pool import AgentPool
from dynaslave.trace import Trace, TraceBuild
from jobdsl.errors import EstateError, Problem, Where, suggestion
from jobdsl.grammar.labels import Expr, parse

__all__ = ["fit", "wanted"]

_MOST_PROBLEMS = 20


def fit(trace: Trace, pools: Mapping[str, AgentPool], file: str) -> list[TraceBuild]:
    """The trace's builds, each with one of the pools. EstateError naming lines of `file` with no such pool.

    A trace that only numbers its pools is one pool's, if there is only one.
    """
    if trace.numbered and len(pools) == 1:
        (only,) = pools
        return [build._replace(pool=only) for build in trace.builds]
    problems: dict[tuple[str, str], Problem] = {}
    for build in trace.builds:
        if (build.pool, build.label) not in problems and (wrong := _wrong(build, pools)):
            problems[build.pool, build.label] = Problem(wrong[0], Where(file, build.line), wrong[1])
    if problems:
        raise EstateError(list(problems.values())[:_MOST_PROBLEMS])
    return list(trace.builds)


def wanted(build: TraceBuild, pool: AgentPool) -> Expr:
    """What an agent must have for a build: its own expression, or all labels of its pool."""
    return parse(build.label or pool.label)


def _wrong(build: TraceBuild, pools: Mapping[str, AgentPool]) -> tuple[str, str] | None:
    if build.pool not in pools:
        hint = suggestion(build.pool, pools) or f"pools are {', '.join(pools)}"
        return f"there is no pool {build.pool!r}", hint
    expression = wanted(build, pools[build.pool])
    if not any(expression.matches(pool.labels) for pool in pools.values()):
        labels = sorted({label for pool in pools.values() for label in pool.labels})
        return f"no pool has agents for {build.label!r}", f"labels are {', '.join(labels)}"
    return None
