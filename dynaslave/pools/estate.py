"""The pools of a loaded estate: read back, each name once, each with the team it counts for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dynaslave.pools.defaults import with_defaults
from dynaslave.pools.pool import KIND, AgentPool, from_plain
from jobdsl.errors import DslError, Problem, Where, suggestion

if TYPE_CHECKING:
    from dynaslave.pools.settings import ManagerSettings
    from jobdsl.model import Estate
    from jobdsl.settings.config import Settings

__all__ = ["pools_of"]


def pools_of(
    estate: Estate, settings: Settings, manager: ManagerSettings | None = None
) -> tuple[list[AgentPool], list[Problem]]:
    """Return the pools in the order of their lines, with teams and defaults, and what is wrong with them."""
    quotas: Collection[str] = manager.teams.keys() if manager else ()
    defaults: Mapping[str, Any] = manager.defaults if manager else {}
    pools: list[AgentPool] = []
    problems: list[Problem] = []
    for values in estate.extra.get(KIND, ()):
        try:
            pools.append(with_defaults(from_plain(values), defaults))
        except DslError as error:
            where = Where(str(values.get("file", "?")), int(str(values.get("line", 0))))
            problems.append(Problem(f"agent_pool: {error.message}", where, error.hint))
    once, twice = _distinct(pools)
    placed = [_with_team(pool, settings, quotas) for pool in once]
    problems += [*twice, *(problem for _, wrong in placed for problem in wrong)]
    return [pool for pool, _ in placed], problems


def _distinct(pools: list[AgentPool]) -> tuple[list[AgentPool], list[Problem]]:
    """The first of each name. Nodes are named after it, and Jenkins ignores letter case."""
    first: dict[str, AgentPool] = {}
    problems = []
    for pool in pools:
        other = first.setdefault(pool.name.lower(), pool)
        if other is not pool:
            message = f"pool {pool.name!r} is defined twice: here and at {other.where}"
            problems.append(Problem(message, pool.where, "give one another name, or remove it"))
    return list(first.values()), problems


def _with_team(
    pool: AgentPool, settings: Settings, quotas: Collection[str]
) -> tuple[AgentPool, list[Problem]]:
    if settings.teams:
        owners = [team.name for team in settings.teams_of(pool.where.file)] if pool.where else []
        problems = list(_wrong_team(pool, owners, settings))
    else:
        owners = _owner_by_place(pool, quotas)
        problems = list(_wrong_quota(pool, owners))
    if problems or pool.team or len(owners) != 1:
        return pool, problems
    return replace(pool, team=owners[0]), problems


def _owner_by_place(pool: AgentPool, quotas: Collection[str]) -> list[str]:
    """Return the team whose quota binds a file where no `[teams]` assign files to teams.

    It is the one whose name its first folder has (or the file itself): where `dynaslave request` writes.
    """
    place = pool.where.file.split("/")[0].removesuffix(".py") if pool.where else ""
    return [place] if place in quotas else []


def _wrong_quota(pool: AgentPool, owners: list[str]) -> Iterator[Problem]:
    if pool.team and owners and pool.team not in owners:
        message = f"this file counts for team {owners[0]!r}, which has a quota, not for {pool.team!r}"
        yield _refused(pool, message, "leave team= out, or say in [teams] whose files these are")


def _wrong_team(pool: AgentPool, owners: list[str], settings: Settings) -> Iterator[Problem]:
    """A file speaks for its own team only, and for labels its team may use."""
    if not settings.teams or pool.where is None:
        return
    names = [team.name for team in settings.teams]
    if not owners:
        if settings.policy.default == "deny":
            yield _refused(
                pool, f"{pool.where.file} belongs to no team", "name it in a team's files= in jobdsl.toml"
            )
        elif pool.team and pool.team not in names:
            yield _refused(pool, f"there is no team {pool.team!r}", suggestion(pool.team, names))
        return
    if pool.team and pool.team not in owners:
        hint = suggestion(pool.team, owners) or "leave team= out"
        yield _refused(pool, f"this file may not speak for team {pool.team!r}", hint)
    elif not pool.team and len(owners) > 1:
        yield _refused(
            pool,
            f"the file belongs to the teams {', '.join(owners)}",
            f'say whose pool it is: team="{owners[0]}"',
        )
    else:
        yield from _wrong_labels(pool, pool.team or owners[0], settings)


def _wrong_labels(pool: AgentPool, name: str, settings: Settings) -> Iterator[Problem]:
    """An agent with another team's label would be given that team's builds, and their secrets."""
    team = next(team for team in settings.teams if team.name == name)
    for label in pool.labels:
        if not team.may_use_label(label):
            hint = f"its labels: {', '.join(team.labels or ()) or 'none'}"
            yield _refused(pool, f"team {name} may not offer agents with the label {label!r}", hint)


def _refused(pool: AgentPool, message: str, hint: str) -> Problem:
    return Problem(f"pool {pool.name!r}: {message}", pool.where, hint, rule="policy")
