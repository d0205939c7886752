"""A team's request for a pool as a DSL file, ready for review; refused where it would not pass it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dynaslave.pools.defaults import lacking, with_defaults
from dynaslave.pools.pool import AgentPool, make
from dynaslave.pools.prices import dearest
from dynaslave.pools.quotas import fits
from dynaslave.pools.settings import ManagerSettings
from dynaslave.pools.settings import read as read_settings
from dynaslave.pools.watch import read
from jobdsl.documents.outdir import OutputDirectory
from jobdsl.errors import EstateError, JobdslError, Problem, Where, suggestion
from jobdsl.loading import dslfiles
from jobdsl.settings import config
from jobdsl.settings.config import Settings, Team

__all__ = ["RequestedPool", "source", "write"]

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class RequestedPool:
    """A file that was written."""

    path: Path
    pool: AgentPool
    variable: str
    monthly: float | None
    """Dollars a month if all of its agents ran all the time; None if no price is known."""
    problems: tuple[Problem, ...] = ()
    """What reviewers should know, and no error."""


def write(
    root: Path, arguments: Mapping[str, Any], *, team: str = "", file: str | None = None
) -> RequestedPool:
    """Write the file of a pool into the estate at `root`. Nothing is overwritten.

    EstateError with everything that speaks against it: a wrong argument, a name that is taken, a quota.
    """
    settings = config.load(root)
    owner = _team(settings, team)
    relative = file or _place(owner, team, str(arguments.get("name", "pool")))
    path = root / relative
    if not path.resolve().is_relative_to(root.resolve()):
        raise JobdslError(f"{relative} lies outside the estate")
    if os.path.lexists(path):
        raise JobdslError(
            f"{relative} is there already", hint="name another with --file, or add to it by hand"
        )
    _check_owner(settings, owner, relative)
    pools, manager = _declared(root, settings)
    arguments = {**arguments, "team": team} if team else arguments
    pool = replace(with_defaults(make(arguments), manager.defaults), where=Where(relative, 5))
    provider = manager.pools.provider
    problems = [*_taken(pool, pools), *fits([*pools, pool], manager), *lacking([pool], provider)]
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        raise EstateError(wrong)
    _put(root, relative, source(arguments, team))
    monthly = _monthly(pool, manager)
    return RequestedPool(path, pool, _variable(pool.name), monthly, tuple(problems))


def _put(root: Path, relative: str, text: str) -> None:
    """Write a file of the estate; a link in the estate is not followed. Raises JobdslError."""
    try:
        with OutputDirectory(root.resolve()) as directory:
            directory.stage(os.path.normpath(relative), text.encode())
            directory.commit()
    except OSError as error:
        raise JobdslError(f"{relative} cannot be written: {error.strerror}") from None


def _declared(root: Path, settings: Settings) -> tuple[tuple[AgentPool, ...], ManagerSettings]:
    """The estate's pools, and its quotas. The first file of an estate has none beside it."""
    if dslfiles.find(root, settings.files) == ([], []):
        return (), read_settings(root, settings)
    declared = read(root)
    return declared.pools, declared.manager


def source(arguments: Mapping[str, Any], team: str = "") -> str:
    """The text of the file, as a formatter would leave it."""
    name = str(arguments["name"])
    whose = f" of team {team}" if team else ""
    lines = [
        f'"""Build agents{whose}."""',
        "",
        "from dynaslave import agent_pool",
        "",
        f"{_variable(name)} = agent_pool(",
        f"    {_literal(name)},",
        *(_argument(key, value) for key, value in arguments.items() if key != "name"),
        ")",
        "",
    ]
    return "\n".join(lines)


def _argument(key: str, value: Any) -> str:
    line = f"    {key}={_literal(value)},"
    if len(line) <= _WIDTH or not isinstance(value, Sequence) or isinstance(value, str):
        return line
    return "\n".join([f"    {key}=[", *(f"        {_literal(item)}," for item in value), "    ],"])


def _literal(value: Any) -> str:
    """A value as Python, with double quotes."""
    if isinstance(value, str):
        quoted = repr(value)[1:-1]
        if repr(value)[0] == "'":
            quoted = quoted.replace("\\'", "'").replace('"', '\\"')
        return f'"{quoted}"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def _variable(name: str) -> str:
    word = re.sub(r"\W", "_", name, flags=re.ASCII).lower()
    return word if word.isidentifier() and not word[0].isdigit() else f"pool_{word}"


def _team(settings: Settings, name: str) -> Team | None:
    if not name:
        return None
    names = [team.name for team in settings.teams]
    team_found = next((team for team in settings.teams if team.name == name), None)
    if names and team_found is None:
        hint = suggestion(name, names) or f"the estate's teams are {', '.join(names)}"
        raise JobdslError(f"jobdsl.toml has no team {name!r}", hint=hint)
    return team_found


def _place(owner: Team | None, team: str, name: str) -> str:
    """Below the team's first folder, where its other files are."""
    plain = [folder for folder in (owner.folders or () if owner else ()) if not re.search(r"[*?\[]", folder)]
    if plain:
        return f"{plain[0]}/pools.py"
    return f"{team}/pools.py" if team else f"pools_{_variable(name)}.py"


def _check_owner(settings: Settings, owner: Team | None, relative: str) -> None:
    if not settings.files.has(relative):
        raise JobdslError(
            f"{relative} would not be a DSL file of this estate",
            hint="files.include in jobdsl.toml says which are; --file names another place",
        )
    if owner is not None and not owner.owns_file(relative):
        hint = "name a file of the team's with --file: files and folders of the team in jobdsl.toml say which"
        raise JobdslError(f"{relative} is no file of team {owner.name}", hint=hint)


def _taken(pool: AgentPool, others: Sequence[AgentPool]) -> list[Problem]:
    same = next((other for other in others if other.name.lower() == pool.name.lower()), None)
    if same is None:
        return []
    return [
        Problem(f"there is a pool {same.name!r} already", same.where, "give it another name, or use that one")
    ]


def _monthly(pool: AgentPool, manager: ManagerSettings) -> float | None:
    row = dearest(pool.instance_types, manager.prices)
    return None if row is None else row.dollars_hour * pool.max_agents * manager.account.hours_a_month
