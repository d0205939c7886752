"""Builders of definitions, objects and plans for tests of planning."""

from __future__ import annotations

from collections.abc import Iterable

from jobdsl.documents.marker import Marker
from jobdsl.errors import Where
from jobdsl.model import Definition, Estate
from jobdsl.planning.inventory import Existing, Inventory, class_of
from jobdsl.planning.plan import Plan, plan
from jobdsl.settings.config import Removed

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
LIST = "hudson.model.ListView"
DELETE = Removed(jobs="delete", min_existing=1000)


def job(
    name: str, text: str = "", root: str = "project", renamed_from: str = "", line: int = 1
) -> Definition:
    body = f"<{root}>\n  <a>{text}</a>\n</{root}>\n"
    return Definition(
        name, root, body, Where("jobs.py", line), renamed_from=renamed_from, queue=text == "queued"
    )


def folder(name: str, renamed_from: str = "") -> Definition:
    return job(name, root=FOLDER, renamed_from=renamed_from)


def view(name: str) -> Definition:
    return job(name, root=LIST)


def live(
    one: Definition, seed: str = "main", name: str = "", digest: str = "", removed: bool = False
) -> Existing:
    """The object a definition has made, at its name or at another one."""
    marker = Marker(
        seed=seed, name=one.full_name, where=one.where, digest=digest or one.digest, removed=removed
    )
    return Existing(
        "view" if one.is_view else "item",
        name or one.full_name,
        class_of(one.root),
        description=str(marker),
        disabled=removed if class_of(one.root) != FOLDER else None,
        marker=marker,
    )


def by_hand(name: str, java: str = "hudson.model.FreeStyleProject", kind: str = "item") -> Existing:
    return Existing("view" if kind == "view" else "item", name, java)


def planned(
    defined: Iterable[Definition],
    existing: Iterable[Existing] = (),
    removed: Removed | None = None,
    **options: object,
) -> Plan:
    estate = Estate(tuple(sorted(defined, key=lambda one: one.full_name)))
    return plan(estate, Inventory.of(existing), "main", removed, **options)  # type: ignore[arg-type]


def told(made: Plan) -> list[str]:
    return [f"{change.action} {change.full_name}" for change in made.changes]


def errors(made: Plan) -> list[str]:
    return [str(problem) for problem in made.errors]
