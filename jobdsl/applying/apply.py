"""Apply a plan to a controller: parents first, in parallel, outcomes reported; a killed run can be repeated.

Each change is complete in itself and carries its marker, so a run that was cut short leaves objects
that the next plan recognises. What Jenkins did not keep of a document is an error, and the object is
marked so that the next run sends it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import TopologicalSorter
from queue import SimpleQueue

from jobdsl.applying.executor import ChangeExecutor
from jobdsl.applying.outcomes import ApplyResult, ChangeOutcome, problem_of, skipped
from jobdsl.applying.readback import ReadBack, Verify
from jobdsl.controller.jenkins import Controller
from jobdsl.documents.compare import PluginOf
from jobdsl.errors import EstateError, JobdslError, Problem
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.order import dependencies, stages

__all__ = ["ApplyResult", "ChangeOutcome", "apply"]


def apply(
    plan: Plan,
    controller: Controller,
    *,
    workers: int = 8,
    verify: Verify = "shapes",
    finish: Callable[[str], str] = str,
    report: Callable[[ChangeOutcome], None] | None = None,
    plugin_of: PluginOf | None = None,
) -> ApplyResult:
    """Make the changes of a plan. Raises EstateError, before anything is sent, if the plan has errors that
    concern more than one object, or a document cannot be completed.

    `finish` completes a document just before it is sent (secrets). `report` is called for each outcome
    as it happens, in this thread. A failure does not stop the others, unless authentication failed.
    """
    if errors := plan.blocking or _unfinished(plan, finish):
        raise EstateError(errors)
    deleted = {
        change.full_name
        for change in plan.changes
        if change.action is Action.DELETE and change.kind == "item"
    }
    maker = ChangeExecutor(plan.seed, controller, finish, ReadBack(controller, verify, plugin_of), deleted)
    result = ApplyResult()

    def note(outcome: ChangeOutcome) -> None:
        result.outcomes.append(outcome)
        if report is not None:
            report(outcome)

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="apply") as pool:
        try:
            for stage in stages(plan.changes):
                for outcome in _in_order(stage, pool, maker):
                    note(outcome)
            queued = [
                outcome.change
                for outcome in result.outcomes
                if outcome.change.queue and outcome.status == "done"
            ]
            for outcome in pool.map(maker.build, queued):
                note(outcome)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return result


def _unfinished(plan: Plan, finish: Callable[[str], str]) -> list[Problem]:
    """Return problems of documents that cannot be completed; known before anything is sent."""
    problems: list[Problem] = []
    for change in plan.changes:
        try:
            finish(change.document)
        except JobdslError as error:
            problems.append(problem_of(change, error))
    return problems


def _in_order(
    changes: Sequence[Change], pool: ThreadPoolExecutor, maker: ChangeExecutor
) -> Iterator[ChangeOutcome]:
    """Outcomes as they come; nothing is begun before what it waits for is done."""
    before = dependencies(changes)
    sorter = TopologicalSorter(before)
    sorter.prepare()
    finished: SimpleQueue[tuple[int, Future[ChangeOutcome]]] = SimpleQueue()
    missing: set[int] = set()
    while sorter.is_active():
        for at in sorter.get_ready():
            change = changes[at]
            blocker = next((changes[other] for other in before[at] if other in missing), None)
            if blocker is not None:
                work = pool.submit(skipped, change, f'"{blocker.full_name}" could not be made')
            else:
                work = pool.submit(maker.make, change)
            work.add_done_callback(_deliver(finished, at))
        at, done = finished.get()
        outcome = done.result()  # what a worker raises ends the run, here
        if outcome.status in ("failed", "skipped") and _others_need(changes[at]):
            missing.add(at)
        sorter.done(at)
        yield outcome


def _deliver(
    finished: SimpleQueue[tuple[int, Future[ChangeOutcome]]], at: int
) -> Callable[[Future[ChangeOutcome]], None]:
    return lambda future: finished.put((at, future))


def _others_need(change: Change) -> bool:
    """Return whether its failure leaves a place that others count on."""
    return change.action in (Action.CREATE, Action.MOVE, Action.REPLACE, Action.DELETE)
