"""What `plan` and `apply` do before anything is written: the plan, how documents would change, reports.

`workflow.py` has the steps before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.cli.commit import commit_of
from jobdsl.cli.workflow import Access, Checked, Findings, check, connect, write_text
from jobdsl.errors import EstateError, JobdslError, Problem
from jobdsl.reports.about import About
from jobdsl.settings import config

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller
    from jobdsl.planning.inventory import Key
    from jobdsl.planning.plan import Plan

__all__ = ["PlanOptions", "Planned", "about", "plan", "plan_json", "saved_plan", "write_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """How to plan, from the options of the command."""

    isolation: str | None = None
    adopt: Sequence[str] = ()
    only: Sequence[str] = ()
    """Globs of the full names that are planned; without any, everything."""
    allow_removals: int | None = None
    """Removals this run may make, in place of those of the settings."""
    allow_replace: Sequence[str] = ()
    """Items whose kind may change."""
    refresh: bool = False
    """Compare the stored documents too."""
    workers: int = 8

    def removed(self, settings: config.Removed) -> config.Removed:
        """Return the removal policy: the settings, overridden by this run's options."""
        allowed = replace(settings, replace=(*settings.replace, *self.allow_replace))
        if self.allow_removals is None:
            return allowed
        return replace(allowed, max_count=self.allow_removals, max_percent=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan for a checked estate, and how the documents that change would change."""

    checked: Checked
    plan: Plan
    diffs: Mapping[Key, list[str]]
    blocking: Sequence[Problem]
    """Every problem of lint, policy and planning that keeps it from being applied."""
    documents: Mapping[Key, bytes]
    """Stored documents that were read; with `to_save` all that the plan replaces, moves or removes."""


def plan(
    root: Path, access: Access, options: PlanOptions, *, diffs: int | None = None, to_save: bool = False
) -> Planned:
    """Plan what a run would do.

    `diffs` is how many differences to fetch. `to_save` reads what a saved plan remembers: ControllerError
    where the user may not.
    """
    from jobdsl.controller import stored
    from jobdsl.planning import plan as planning
    from jobdsl.planning import planfile
    from jobdsl.planning import refresh as live
    from jobdsl.planning.selection import Selection

    workers = options.workers
    checked = check(root, access, options.isolation, workers)
    settings = checked.settings
    definitions = checked.estate.definitions
    known = {defined.full_name for defined in (*definitions, *checked.inventory)}
    selection = Selection(options.only, known)
    documents: dict[Key, bytes] = {}
    drift: dict[Key, str] = {}
    unreadable: list[Key] = []
    if options.refresh:
        chosen = [definition for definition in definitions if selection.has(definition.full_name)]
        keys = live.owned(chosen, checked.inventory, settings.seed.name)
        documents, unreadable = stored.fetch_readable(checked.controller, keys, workers)
        drift = live.drift(chosen, documents)
    result = planning.plan(
        checked.estate,
        checked.inventory,
        settings.seed.name,
        options.removed(settings.removed),
        adopt=options.adopt,
        drift=drift,
        uses=checked.findings.uses,
        only=options.only,
        folders=settings.seed.folders,
    )
    elsewhere = _used_elsewhere(result, checked, workers)
    result = replace(result, problems=(*result.problems, *live.not_read(unreadable), *elsewhere))
    problems = [problem for problem in checked.findings.problems if selection.concerns(problem)]
    checked = replace(checked, findings=replace(checked.findings, problems=problems))
    blocking = _blocking(checked.findings, result)
    if to_save and not blocking:
        missing = [key for key in planfile.read_first(result) if key not in documents]
        documents |= stored.fetch(checked.controller, missing, workers)
    limit = live.DIFFS if diffs is None else diffs
    read = stored.fetch_missing(checked.controller, live.shown(result, limit), documents, workers)
    shown = live.diffs(result, read, limit, checked.secrets.values)
    return Planned(
        checked=checked,
        plan=live.explained(result, read),
        diffs=shown,
        blocking=blocking,
        documents=documents,
    )


def _used_elsewhere(plan: Plan, checked: Checked, workers: int) -> list[Problem]:
    """Uses of the jobs that go by jobs that are not of this estate, as far as the controller knows them."""
    from jobdsl.controller.neighbours import neighbours
    from jobdsl.planning.still_used import used_elsewhere

    gone = [change.full_name for change in plan.changes if change.kind == "item" and change.is_removal]
    defined = {definition.full_name for definition in checked.estate.definitions if not definition.is_view}
    return list(used_elsewhere(plan.changes, neighbours(checked.controller, gone, workers), defined))


def _blocking(findings: Findings, plan: Plan) -> list[Problem]:
    severe = ("error", "warning") if findings.strict else ("error",)
    return [problem for problem in findings.problems if problem.severity in severe] + plan.blocking


def saved_plan(path: Path, access: Access, threads: int) -> tuple[Plan, Controller]:
    """Return a reviewed plan and its controller.

    Raises JobdslError when another controller is named than the one it was made for, EstateError when
    that one has moved on since.
    """
    from jobdsl.controller.address import without_login
    from jobdsl.controller.stored import fetch
    from jobdsl.planning import planfile

    try:
        saved = planfile.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise JobdslError(f"{path}: cannot be read: {error}") from None
    made_for, named = without_login(saved.url), without_login(access.url or "")
    if made_for and named and made_for.rstrip("/") != named.rstrip("/"):
        raise JobdslError(
            f"{path} was made for {made_for}, not for {named}",
            hint="plan again for that controller, or remove --url and JENKINS_URL",
        )
    if made_for and not named and access.token:
        raise JobdslError(
            f"{path} names the controller that would get your token: {made_for}",
            hint=f"name the controller yourself: --url {made_for}, or JENKINS_URL",
        )
    controller = connect(
        Access(access.url or made_for or None, access.user, access.token), config.Settings(), threads
    )
    stored = fetch(controller, saved.stored, threads)
    if moved := planfile.moved_on(saved, controller.inventory(), stored):
        raise EstateError(moved)
    return saved.plan, controller


def about(controller: Controller, root: Path | None) -> About:
    """Return where and when a plan is made: now, for this controller, of the estate in this directory."""
    return About(controller.url, datetime.now(UTC), commit_of(root) if root else "")


def write_report(
    path: Path,
    plan: Plan,
    diffs: Mapping[Key, list[str]],
    form: str = "",
    *,
    about: About | None = None,
    values: Mapping[str, str] | None = None,
) -> None:
    """Write the plan as a file in the format of `form`, or of its suffix: .html, .md, .json or .txt.

    A page has the controller, time and commit of `about`, and new documents; `values` of the secrets file
    are hidden there.
    """
    from jobdsl.reports.html import to_html
    from jobdsl.reports.markdown import to_markdown
    from jobdsl.reports.plans import to_text

    writers: dict[str, Callable[[Plan, Mapping[Key, Sequence[str]]], str]] = {
        ".html": partial(to_html, about=about, values=values),
        ".json": plan_json,
        ".md": to_markdown,
        ".txt": to_text,
    }
    write = writers.get(form or path.suffix.lower())
    if write is None:
        raise JobdslError(f"{path}: a plan is written as .html, .md, .json or .txt", hint="change the suffix")
    write_text(path, write(plan, diffs))


def plan_json(plan: Plan, diffs: Mapping[Key, Sequence[str]] | None = None) -> str:
    """Write a plan as JSON text."""
    from jobdsl.printable import json_text
    from jobdsl.reports import plans as report

    return json_text(report.to_json(plan, diffs)) + "\n"
