"""Creating the seed job, and keeping it up to date: an estate of one job under a seed name of its own.

The name, `main bootstrap` for the seed `main`, differs from every name an estate may have. So the runs of
the estate never take the seed job for one that is no longer defined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from jobdsl.checks import lint
from jobdsl.checks.plugins import PluginList
from jobdsl.controller.address import without_login
from jobdsl.controller.errors import allowed
from jobdsl.controller.jenkins import Controller
from jobdsl.dsl.requirements import index_problem
from jobdsl.errors import DslError, Problem, Where, suggestion
from jobdsl.grammar import names
from jobdsl.model import Definition, Estate
from jobdsl.planning.inventory import Inventory
from jobdsl.planning.plan import Plan, plan
from jobdsl.secrets.texts import secrets_in
from jobdsl.settings.config import Removed

__all__ = ["definition", "prepare", "seed_of"]

WHERE = Where("jobdsl bootstrap", 0)
"""Stands in the marker instead of a DSL file's line."""


def seed_of(seed_name: str) -> str:
    """Return the seed that owns the seed job of an estate whose seed is `seed_name`."""
    return f"{seed_name} bootstrap"


_NO_LOGIN = {
    "repo": "store it in Jenkins, and name it: --git-credentials ID",
    "controller_url": "the job takes user and token from Jenkins: --credentials ID",
}
"""Options that take an address and stand in the document of the job, and where a login goes instead."""


def definition(**options: Any) -> Definition:
    """Return the seed job, to be built whenever it was created or changed.

    `options` are the arguments of `jobdsl.seed_jobs.seed`. Raises DslError.
    """
    from jobdsl.seed_jobs import seed

    for option, hint in _NO_LOGIN.items():
        url = options.get(option) or ""
        if secrets_in(url):
            name = option.replace("_", "-")
            raise DslError(f"--{name} {without_login(url)} has a password in front of it", hint=hint)
    job = seed(**options)
    return Definition(job.full_name, job.xml_tag, job.render(), WHERE, queue=True)


def prepare(controller: Controller, *, adopt: Iterable[str] = (), check: bool = True, **options: Any) -> Plan:
    """Plan what creates or updates the seed job on the controller, and list what prevents it.

    `adopt`: globs of names, to take over a job that was made by hand. `check`: check that the controller
    has the plugins and credentials, as far as the user may see them. Credentials may follow later: without
    them the job is made all the same, but not built. Nothing is ever removed.
    """
    job = definition(**options)
    inventory = _around(controller, job.full_name)
    seed = seed_of(options.get("seed_name", "main"))
    removed = Removed(jobs="ignore", views="ignore")
    seed_plan = plan(Estate((job,)), inventory, seed, removed, adopt=adopt, partial=True)
    if not check:
        return seed_plan
    missing = tuple(_missing(controller, job, options))
    if by_name := index_problem(options.get("install"), WHERE):
        missing = (*missing, by_name)
    if any(problem.rule == _NO_CREDENTIALS for problem in missing):
        seed_plan = replace(
            seed_plan, changes=tuple(replace(change, queue=False) for change in seed_plan.changes)
        )
    return replace(seed_plan, problems=(*seed_plan.problems, *missing))


def _around(controller: Controller, full_name: str) -> Inventory:
    """The job and the folders above it, one request each: the rest of the controller is of no interest."""
    objects = (controller.look("item", name) for name in [*names.ancestors(full_name), full_name])
    return Inventory.of(existing for existing in objects if existing is not None)


def _missing(controller: Controller, job: Definition, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the job needs and the controller does not have: plugins, labels, credentials."""
    versions = allowed(controller.plugins)
    plugins = None if versions is None else PluginList(versions)
    known = lint.Known(plugins=plugins, labels=allowed(controller.labels))
    yield from lint.lint([job], known)
    identities: set[str] = set()
    for folder in ["", *names.ancestors(job.full_name)]:
        store = allowed(partial(controller.credentials, folder))
        if store is None:
            yield _unseen_credentials(job, options)
            return
        identities |= store
    for option, kind in _CREDENTIALS.items():
        if options.get(option) is not None and options[option] not in identities:
            yield _no_credentials(controller, job, options[option], kind, identities)


_NO_CREDENTIALS = "credentials"
_CREDENTIALS = {
    "credentials": "a Username with password: the name of the seed's user, and an API token of it",
    "git_credentials": "what the repository is read with",
    "secrets_file": "a Secret file: the values of the estate's secrets",
}
"""Options that name credentials, and what these hold."""


def _unseen_credentials(job: Definition, options: Mapping[str, Any]) -> Problem:
    """Return what this user may not see may be there."""
    named = ", ".join(repr(options[option]) for option in _CREDENTIALS if options.get(option) is not None)
    return Problem(
        f"this user may not see whether the controller has the credentials {named}",
        WHERE,
        'give it the permission "Credentials/View", or check on the controller: without them the build fails',
        severity="note",
        job=job.full_name,
    )


def _no_credentials(
    controller: Controller, job: Definition, identity: str, kind: str, identities: Iterable[str]
) -> Problem:
    page = f"{controller.url.rstrip('/')}/credentials/store/system/domain/_/newCredentials"
    hint = f"create it at {page} ({kind}), then build the job; --no-check, if it is in a domain of its own"
    near = suggestion(identity, identities)
    return Problem(
        f"the controller has no credentials {identity!r}",
        WHERE,
        f"{near} Else {hint}" if near else hint,
        severity="warning",
        rule=_NO_CREDENTIALS,
        job=job.full_name,
    )
