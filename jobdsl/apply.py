"""A plan on a controller: parents first, in parallel, every outcome told; safe to run again after any kill.

Each change is complete in itself and carries its marker, so a run that was cut short leaves objects
that the next plan recognises. What Jenkins did not keep of a document is an error, and the object is
marked so that the next run sends it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from queue import SimpleQueue
from typing import Literal

from jobdsl.changes import Action, Change, Plan
from jobdsl.compare import PluginOf
from jobdsl.errors import ControllerError, EstateError, JobdslError, Problem
from jobdsl.folders import keep_own
from jobdsl.inventory import Existing
from jobdsl.jenkins import AlreadyExistsError, Controller, NotFoundError, NotSignedInError
from jobdsl.marker import Marker, mark
from jobdsl.order import dependencies, stages
from jobdsl.readback import ReadBack, Verify
from jobdsl.renames import via

__all__ = ["Outcome", "Result", "Status", "apply"]

Status = Literal["done", "incomplete", "failed", "skipped", "queued"]
"""done; incomplete: made, but Jenkins dropped some of it; failed; skipped, for another's failure;
queued: a build was started as asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change."""

    change: Change
    status: Status
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return self.status in ("done", "queued")


@dataclass(slots=True)
class Result:
    """What became of a plan."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every change was made in full."""
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order they came up."""
        return [problem for outcome in self.outcomes for problem in outcome.problems]


def apply(
    plan: Plan,
    controller: Controller,
    *,
    workers: int = 8,
    verify: Verify = "shapes",
    finish: Callable[[str], str] = str,
    report: Callable[[Outcome], None] | None = None,
    plugin_of: PluginOf | None = None,
) -> Result:
    """Make the changes of a plan. Raises EstateError, before anything is sent, if the plan has errors
    or a document cannot be completed.

    `finish` completes a document just before it is sent (secrets). `report` is called for each outcome
    as it happens, in this thread. A failure does not stop the others, except that nobody is signed in.
    """
    if errors := plan.errors or _unfinished(plan, finish):
        raise EstateError(errors)
    run = _Run(plan.seed, controller, finish, ReadBack(controller, verify, plugin_of))
    result = Result()

    def note(outcome: Outcome) -> None:
        result.outcomes.append(outcome)
        if report is not None:
            report(outcome)

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="apply") as pool:
        try:
            for stage in stages(plan.changes):
                for outcome in _in_order(stage, pool, run):
                    note(outcome)
            for outcome in [one for one in result.outcomes if one.change.queue and one.status == "done"]:
                note(run.queue(outcome.change))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return result


def _unfinished(plan: Plan, finish: Callable[[str], str]) -> list[Problem]:
    """The documents that cannot be completed: told before the first of the others is sent."""
    problems: list[Problem] = []
    for change in plan.changes:
        try:
            finish(change.document)
        except JobdslError as error:
            problems.append(_problem(change, error))
    return problems


def _in_order(changes: Sequence[Change], pool: ThreadPoolExecutor, run: _Run) -> Iterator[Outcome]:
    """Outcomes as they come; nothing is begun before what it waits for is done."""
    before = dependencies(changes)
    sorter = TopologicalSorter(before)
    sorter.prepare()
    finished: SimpleQueue[tuple[int, Future[Outcome]]] = SimpleQueue()
    missing: set[int] = set()
    while sorter.is_active():
        for at in sorter.get_ready():
            change = changes[at]
            blocker = next((changes[other] for other in before[at] if other in missing), None)
            if blocker is not None:
                work = pool.submit(_skipped, change, f'"{blocker.full_name}" could not be made')
            else:
                work = pool.submit(run.change, change)
            work.add_done_callback(_deliver(finished, at))
        at, done = finished.get()
        outcome = done.result()  # what a worker raises ends the run, here
        if outcome.status in ("failed", "skipped") and _others_need(changes[at]):
            missing.add(at)
        sorter.done(at)
        yield outcome


def _deliver(
    finished: SimpleQueue[tuple[int, Future[Outcome]]], at: int
) -> Callable[[Future[Outcome]], None]:
    return lambda future: finished.put((at, future))


def _others_need(change: Change) -> bool:
    """Whether its failure leaves a place that others count on."""
    return change.action in (Action.CREATE, Action.MOVE, Action.REPLACE, Action.DELETE)


def _skipped(change: Change, why: str) -> Outcome:
    problem = Problem(f'"{change.full_name}" was left as it is: {why}', change.where, job=change.full_name)
    return Outcome(change, "skipped", (problem,))


class _Run:
    """What workers share."""

    def __init__(
        self,
        seed: str,
        controller: Controller,
        finish: Callable[[str], str],
        read_back: ReadBack,
    ) -> None:
        self.seed = seed
        self.controller = controller
        self.finish = finish
        self.read_back = read_back
        self.signed_out = False

    def change(self, change: Change) -> Outcome:
        """Make one change."""
        if self.signed_out:
            return _skipped(change, "the controller does not let us in")
        try:
            problems = self._remove(change) if change.is_removal else self._write(change)
        except JobdslError as error:
            self.signed_out |= isinstance(error, NotSignedInError)
            return _failed(change, error)
        lost = any(problem.severity == "error" for problem in problems)
        return Outcome(change, "incomplete" if lost else "done", problems)

    def queue(self, change: Change) -> Outcome:
        """Start the build a definition asked for."""
        try:
            self.controller.build(change.full_name)
        except ControllerError as error:
            return _failed(change, error)
        return Outcome(change, "queued")

    # writing

    def _write(self, change: Change) -> tuple[Problem, ...]:
        document = self.finish(change.document)
        if change.action is Action.MOVE:
            self._move(change)
        if change.action is Action.REPLACE:
            if change.before:  # a view taken over has no marker yet
                self._check_unchanged(change, self.controller.look(*change.key))
            self.controller.delete(*change.key)
        if change.action in (Action.CREATE, Action.REPLACE):
            self._create(change, document)
        else:
            document = self._update(change, document)
        return self.read_back.check(change, document)

    def _create(self, change: Change, document: str) -> None:
        try:
            self.controller.create(*change.key, document)
        except AlreadyExistsError as error:
            self._check_ours(change, error)
            self._update(change, document)
        if change.root == "matrix-project":
            # createItem resets the execution strategy, an update keeps it (measured)
            self.controller.update(*change.key, document)

    def _check_ours(self, change: Change, error: AlreadyExistsError) -> None:
        """An object that is there already may be updated only if it is this very one of ours."""
        existing = self.controller.look(*change.key)
        marker = existing.marker if existing else None
        if marker is None or (marker.seed, marker.name) != (self.seed, change.full_name):
            text = f'"{change.full_name}" appeared on the controller, and this seed did not make it'
            raise ControllerError(text, status=error.status, hint="plan again") from None

    def _update(self, change: Change, document: str) -> str:
        """Replace a document; gives back what was sent."""
        if change.is_folder:
            document = keep_own(document, self.controller.config(*change.key))
        self.controller.update(*change.key, document)
        return document

    def _move(self, change: Change) -> None:
        try:
            self.controller.move(change.source, change.full_name, via(change.source, change.full_name))
        except NotFoundError:
            # the answer to a first try may have been lost
            marker = getattr(self.controller.look(*change.key), "marker", None)
            if marker is None or (marker.seed, marker.digest) != (self.seed, change.before):
                raise

    # removing

    def _remove(self, change: Change) -> tuple[Problem, ...]:
        existing = self.controller.look(*change.key)
        if existing is None:
            return ()  # it is gone already
        marker = self._check_unchanged(change, existing)
        if change.action is Action.DISABLE:
            text = mark(existing.description, replace(marker, removed=True))
            self.controller.describe(*change.key, text)
            self.controller.disable(change.full_name)
            return ()
        if existing.is_folder and (held := self.controller.content(change.full_name)):
            text = f'"{change.full_name}" is not empty any more: it holds "{held[0]}"'
            raise ControllerError(text, hint="plan again")
        self.controller.delete(*change.key)
        return ()

    def _check_unchanged(self, change: Change, existing: Existing | None) -> Marker:
        """The marker of an object about to go, if it is still the one that was planned for."""
        marker = existing.marker if existing else None
        if marker is None or (marker.seed, marker.digest) != (self.seed, change.before):
            text = f'"{change.full_name}" is not what it was when this was planned'
            raise ControllerError(text, hint="plan again")
        return marker


def _failed(change: Change, error: JobdslError) -> Outcome:
    return Outcome(change, "failed", (_problem(change, error),))


def _problem(change: Change, error: JobdslError) -> Problem:
    return Problem(error.message, change.where, error.hint, job=change.full_name, rule="apply")
