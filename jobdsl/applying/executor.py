"""Makes one change on a controller; the object's marker records what is still to be done.

A document goes out with a marker of which the next run knows that it is not done with; only when the
document was read back and its build queued does the marker get its digest. So a run that is killed, or
cannot read back what was stored, forgets nothing. Of a shape that came through whole the marker is right at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from jobdsl.applying.descriptions import describe
from jobdsl.applying.outcomes import ChangeOutcome, failed, skipped
from jobdsl.applying.readback import ReadBack
from jobdsl.controller.jenkins import (
    AlreadyExistsError,
    Controller,
    LastViewError,
    NotFoundError,
    NotSignedInError,
)
from jobdsl.documents.kept import keep_own, keeps_own
from jobdsl.documents.marker import INCOMPLETE, UNBUILT, UNFINISHED, UNREAD, Marker, managed, mark
from jobdsl.documents.tree import parse
from jobdsl.errors import ControllerError, JobdslError, Problem
from jobdsl.grammar import names
from jobdsl.planning.changes import Action, Change
from jobdsl.planning.inventory import Existing, Key, class_of

__all__ = ["ChangeExecutor"]

_SENT_TWICE = frozenset({"hudson.matrix.MatrixProject", "jenkins.branch.OrganizationFolder"})
"""Classes whose createItem keeps less, or adds more, than an update (measured): the execution strategy of a
matrix is reset, an organization folder gains a trigger, and properties twice."""
_SHUT = "the controller refused the credentials"


class ChangeExecutor:
    """Makes changes for a seed. Safe to use from several threads."""

    def __init__(
        self,
        seed: str,
        controller: Controller,
        finish: Callable[[str], str],
        read_back: ReadBack,
        going: Collection[str] = (),
    ) -> None:
        self.seed = seed
        self.controller = controller
        self.finish = finish
        """Completes a document just before it is sent."""
        self.read_back = read_back
        self.going = going
        """Full names of folders that are deleted in the same run."""
        self.signed_out = False
        self.left: set[Key] = set()
        """Views that are the last of their folder: they go when it does."""

    def make(self, change: Change) -> ChangeOutcome:
        """Make one change."""
        if self.signed_out:
            return skipped(change, _SHUT)
        try:
            problems = self._remove(change) if change.is_removal else self._write(change)
        except JobdslError as error:
            self._heed(error)
            return failed(change, error)
        lost = any(problem.severity == "error" for problem in problems)
        return ChangeOutcome(change, "incomplete" if lost else "done", problems)

    def build(self, change: Change) -> ChangeOutcome:
        """Queue the build a definition asked for; only then is the object done with."""
        if self.signed_out:
            return skipped(change, _SHUT)
        try:
            self.controller.build(change.full_name)
        except ControllerError as error:
            self._heed(error)
            error.hint = error.hint or "the next run tries again"
            return failed(change, error, "unbuilt")
        problems = self._restate(change, self.finish(change.document), UNBUILT, change.after)
        return ChangeOutcome(change, "incomplete" if problems else "queued", problems)

    def _heed(self, error: JobdslError) -> None:
        """Stop trying further changes once the controller refused the credentials."""
        self.signed_out |= isinstance(error, NotSignedInError)

    # writing

    def _write(self, change: Change) -> tuple[Problem, ...]:
        self._make_room(change)
        document = self.finish(change.document)
        if change.action not in (Action.CREATE, Action.REPLACE):
            document = self._with_own(change, document)
        state = UNBUILT if change.queue else self.read_back.doubt(document) or change.after
        if change.action in (Action.CREATE, Action.REPLACE):
            self._create(change, document, state)
        else:
            self.controller.update(*change.key, self._marked(change, document, state))
        return self._verify(change, document, state)

    def _marked(self, change: Change, document: str, state: str) -> str:
        """Render what is sent: a document with the marker of its change."""
        return managed(document, change.marker(self.seed, state))

    def _make_room(self, change: Change) -> None:
        if change.action is Action.MOVE:
            self._move(change)
        if change.action is Action.REPLACE:
            if change.before:  # a view taken over has no marker yet
                self._check_unchanged(change, self.controller.look(*change.key))
            self.controller.delete(*change.key)

    def _with_own(self, change: Change, document: str) -> str:
        """Complete a document by what the object keeps, read at the last moment before it is written."""
        if not keeps_own(change.root):
            return document
        return keep_own(document, self.controller.config(*change.key), change.full_name)

    def _create(self, change: Change, document: str, state: str) -> None:
        twice = class_of(change.root) in _SENT_TWICE
        try:
            self.controller.create(*change.key, self._marked(change, document, UNREAD if twice else state))
        except AlreadyExistsError as error:
            self._check_ours(change, error)
            twice = True
        if twice:
            complete = self._with_own(change, document)
            self.controller.update(*change.key, self._marked(change, complete, state))

    def _check_ours(self, change: Change, error: AlreadyExistsError) -> None:
        """An object that is there already may be updated only if it is this very one of ours."""
        existing = self.controller.look(*change.key)
        if existing is None:
            error.hint = (
                "this user may not see it, or its letters differ in case: look in Jenkins, then plan again"
            )
            raise error
        marker = existing.marker
        if marker is None or (marker.seed, marker.name) != (self.seed, change.full_name):
            text = f'"{change.full_name}" appeared on the controller, and this seed did not make it'
            raise ControllerError(text, status=error.status, hint="plan again") from None

    def _move(self, change: Change) -> None:
        try:
            self.controller.move(change.source, change.full_name)
        except NotFoundError:
            # the answer to a first try may have been lost
            marker = getattr(self.controller.look(*change.key), "marker", None)
            if marker is None or (marker.seed, marker.digest) != (self.seed, change.before):
                raise

    # making sure

    def _verify(self, change: Change, document: str, state: str) -> tuple[Problem, ...]:
        """Compare what was sent with what is stored; the marker, sent with `state`, records the result."""
        digest = state if change.queue else change.after
        try:
            problems = self.read_back.check(change, document, self._marked(change, document, state))
        except JobdslError as error:
            self._heed(error)
            problems = (_unread(change, error),)
            digest = state if state in UNFINISHED else UNREAD
        else:
            if any(problem.severity == "error" for problem in problems):
                digest = INCOMPLETE
        return problems + self._restate(change, document, state, digest)

    def _restate(self, change: Change, document: str, state: str, digest: str) -> tuple[Problem, ...]:
        """Replace the state of a marker by `digest`, which builds nothing; problems where Jenkins refuses."""
        if state == digest:
            return ()
        own = parse(document).find("description")
        text = mark(own.text if own else "", change.marker(self.seed, digest))
        try:
            describe(self.controller, change.key, change.root, text)
        except ControllerError as error:
            self._heed(error)
            hint = "the next run sends it again"
            if state not in UNFINISHED:
                hint = "the next run cannot notice it otherwise: apply with --refresh"
            text = f'the marker of "{change.full_name}" could not be brought up to date: {error.message}'
            return (Problem(text, change.where, hint, job=change.full_name, rule="apply"),)
        return ()

    # removing

    def _remove(self, change: Change) -> tuple[Problem, ...]:
        existing = self.controller.look(*change.key)
        if existing is None:
            return ()  # it is gone already
        marker = self._check_unchanged(change, existing)
        if change.action is Action.DISABLE:
            text = mark(existing.description, replace(marker, removed=True))
            describe(self.controller, change.key, existing.class_name, text)
            self.controller.disable(change.full_name)
            return ()
        if existing.is_folder:
            remaining = [
                child for child in self.controller.content(change.full_name) if child.key not in self.left
            ]
            if remaining:
                text = f'"{change.full_name}" is not empty any more: it holds "{remaining[0].full_name}"'
                raise ControllerError(text, hint="plan again")
        try:
            self.controller.delete(*change.key)
        except LastViewError:
            if names.parent(change.full_name) not in self.going:
                raise
            self.left.add(change.key)
        return ()

    def _check_unchanged(self, change: Change, existing: Existing | None) -> Marker:
        """Return the marker of an object about to go, if it is still the one that was planned for."""
        marker = existing.marker if existing else None
        if marker is None or (marker.seed, marker.digest) != (self.seed, change.before):
            text = f'"{change.full_name}" is not what it was when this was planned'
            raise ControllerError(text, hint="plan again")
        return marker


def _unread(change: Change, error: JobdslError) -> Problem:
    text = f'"{change.full_name}" was sent, but could not be read back: {error.message}'
    hint = "; ".join(part for part in (error.hint, "the next run sends it again and checks it") if part)
    return Problem(text, change.where, hint, job=change.full_name, rule="read back")
