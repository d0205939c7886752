"""What holds for any estate on any controller: others are left alone, a rerun is quiet, a kill is healed.

Estates and controllers are drawn at random: two seeds, objects made by hand, copies and renames made
in Jenkins. First against a model of a controller, then over HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobdsl.applying.apply import apply
from jobdsl.checks.renames import FormerNames
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.documents.marker import Marker
from jobdsl.errors import ControllerError, Where
from jobdsl.grammar import names
from jobdsl.model import Definition, Estate
from jobdsl.planning.inventory import Existing, Inventory, class_of
from jobdsl.planning.plan import Action, Change, Plan, plan
from jobdsl.planning.planfile import dumps
from jobdsl.settings.config import Removed
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.faults import Status

pytestmark = pytest.mark.slow

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
ROOTS = {"job": "project", "pipeline": "flow-definition", "folder": FOLDER, "view": "hudson.model.ListView"}
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
POLICIES = (
    Removed(jobs="disable", min_existing=1000),
    Removed(jobs="delete", min_existing=1000),
    Removed(jobs="ignore", views="ignore"),
)


def define(full_name: str, kind: str, text: str = "", renamed_from: str = "") -> Definition:
    inner = f"\n  <name>{names.leaf(full_name)}</name>" if kind == "view" else ""
    body = f"<{ROOTS[kind]}>\n  <description>{text}</description>{inner}\n</{ROOTS[kind]}>\n"
    return Definition(full_name, ROOTS[kind], HEADER + body, Where("jobs.py", 1), renamed_from=renamed_from)


paths: st.SearchStrategy[str] = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)
kinds = st.sampled_from(["job", "job", "pipeline", "folder", "view"])


def complete(definitions: Iterable[Definition]) -> Estate:
    """An estate of these definitions and the folders they need."""
    found = {one.key: one for one in definitions}
    for _, name in list(found):
        for above in names.ancestors(name):
            if ("item", above) not in found or not found["item", above].is_folder:
                found["item", above] = define(above, "folder")
    former_names = FormerNames(found.values())
    for key, one in list(found.items()):
        if former_names.refusal(one):
            found[key] = replace(one, renamed_from="")
    return Estate(tuple(sorted(found.values(), key=lambda one: one.full_name)))


drawn: st.SearchStrategy[Definition] = st.builds(define, paths, kinds, st.sampled_from(["", "x"]))
estates: st.SearchStrategy[Estate] = st.lists(drawn, max_size=5).map(complete)


@st.composite
def histories(draw: st.DrawFn) -> list[Estate]:
    """An estate and what becomes of it: things are renamed, dropped, changed and added."""
    versions = [draw(estates)]
    for _ in range(draw(st.integers(0, 3))):
        before = list(versions[-1].definitions)
        at = draw(st.integers(0, max(len(before) - 1, 0)))
        kept = [replace(one, renamed_from="") for one in before if draw(st.integers(0, 4))]
        moving: bool = draw(st.booleans())
        if before and moving:
            kept = renamed(kept, before[at].full_name, draw(paths))
        versions.append(complete([*kept, *draw(st.lists(drawn, max_size=1))]))
    return versions


def renamed(definitions: list[Definition], old: str, new: str) -> list[Definition]:
    """The definitions with one renamed, and all below it."""
    found = []
    for one in definitions:
        if one.full_name == old and not one.is_view:
            found.append(replace(one, full_name=new, renamed_from=old))
        elif one.full_name.startswith(old + "/"):
            found.append(replace(one, full_name=new + one.full_name[len(old) :]))
        else:
            found.append(one)
    return found


@st.composite
def interleaved(draw: st.DrawFn) -> list[tuple[str, Estate]]:
    """Two seeds with an estate each, run in any order."""
    left = {"main": draw(histories()), "other": draw(histories())}
    runs = []
    while any(left.values()):
        seed = draw(st.sampled_from([seed for seed, versions in left.items() if versions]))
        runs.append((seed, left[seed].pop(0)))
    return runs


class Model:
    """A controller as the planner sees it, with what it does to planned changes."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Existing] = {}

    def put(self, definition: Definition, marker: Marker | None) -> None:
        """Set an object as a definition's document makes it."""
        kind = "view" if definition.is_view else "item"
        text = str(marker or "by hand")
        java = class_of(definition.root)
        disabled = None if definition.is_folder or definition.is_view else False
        self.objects[definition.key] = Existing(
            "view" if kind == "view" else "item",
            definition.full_name,
            java,
            description=text,
            disabled=disabled,
            marker=marker,
        )

    def by_hand(self, full_names: Iterable[str]) -> None:
        """Jobs somebody made in Jenkins, where there is room."""
        for name in full_names:
            folder = self.objects.get(("item", names.parent(name)))
            if ("item", name) not in self.objects and ("/" not in name or (folder and folder.is_folder)):
                self.put(define(name, "job"), None)

    @property
    def inventory(self) -> Inventory:
        return Inventory(dict(self.objects))

    def apply(self, made: Plan) -> None:
        removals = [change for change in made.changes if change.is_removal]
        for change in [one for one in made.changes if one not in removals] + removals:
            self._apply(change, made.seed)

    def _apply(self, change: Change, seed: str) -> None:
        if change.action is Action.MOVE:
            for kind, name in list(self.objects):
                if (kind, name) == ("item", change.source) or name.startswith(change.source + "/"):
                    one = self.objects.pop((kind, name))
                    moved = change.full_name + name[len(change.source) :]
                    assert (kind, moved) not in self.objects
                    self.objects[kind, moved] = replace(one, full_name=moved)
        if change.action is Action.DELETE:
            for key in [key for key in self.objects if key[1].startswith(change.full_name + "/")]:
                assert change.kind == "view", f"{key} went with its folder"
            del self.objects[change.key]
        elif change.action is Action.DISABLE:
            one = self.objects[change.key]
            assert one.marker is not None
            marker = replace(one.marker, removed=True)
            self.objects[change.key] = replace(one, marker=marker, description=str(marker), disabled=True)
        else:
            written = change.marker(seed)
            definition = Definition(change.full_name, change.root, change.document, Where("", 0))
            self.put(definition, written)


def foreign(objects: Inventory, seed: str) -> dict[tuple[str, str], Existing]:
    """What a seed must leave as it is: everything without its marker, or with one for another name."""
    return {
        one.key: one
        for one in objects
        if one.marker is None or one.marker.seed != seed or one.marker.name != one.full_name
    }


def copies(model: Model, count: int) -> None:
    """Copies of managed jobs, made in Jenkins, marker and all."""
    jobs = [one for one in model.objects.values() if one.marker and one.kind == "item" and not one.is_folder]
    for one in jobs[:count]:
        copy = replace(one, full_name=f"{one.full_name}-copy")
        model.objects.setdefault(copy.key, copy)


hands = st.lists(st.lists(paths.map(lambda path: f"{path}c"), max_size=1), min_size=8, max_size=8)


@settings(max_examples=150, deadline=None)
@given(interleaved(), hands, st.lists(st.integers(0, 1), min_size=8, max_size=8), st.sampled_from(POLICIES))
def test_no_run_touches_what_it_does_not_own(
    runs: list[tuple[str, Estate]], by_hand: list[list[str]], copied: list[int], removed: Removed
) -> None:
    model = Model()
    for (seed, estate), hand, count in zip(runs, by_hand, copied, strict=False):
        model.by_hand(hand)
        before = foreign(model.inventory, seed)
        made = plan(estate, model.inventory, seed, removed)
        if not made.errors:  # a plan with errors is never applied
            model.apply(made)
        after = foreign(model.inventory, seed)
        assert {key: after.get(key) for key in before} == before
        copies(model, count)


@settings(max_examples=150, deadline=None)
@given(histories(), st.lists(paths, max_size=1), st.sampled_from(POLICIES))
def test_a_second_run_is_quiet_and_a_plan_is_always_the_same(
    versions: list[Estate], hand: list[str], removed: Removed
) -> None:
    model = Model()
    model.by_hand(hand)
    for estate in versions:
        made = plan(estate, model.inventory, "main", removed)
        assert made == plan(estate, model.inventory, "main", removed)
        if not made.errors:
            assert dumps(made, model.inventory, {}) == dumps(made, model.inventory, {})
            model.apply(made)
            again = plan(estate, model.inventory, "main", removed)
            assert [(change.action, change.full_name, change.reason) for change in again.changes] == []


# over HTTP


@contextmanager
def simulated() -> Iterator[tuple[SimulatedJenkins, Controller]]:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token, patience=0, sleep=lambda _: None)
        yield jenkins, controller


def documents(jenkins: SimulatedJenkins) -> dict[str, str]:
    return {name: jenkins.config(name) for name in jenkins.items}


def own(jenkins: SimulatedJenkins, seed: str) -> set[str]:
    found = {name: Marker.find(item.description) for name, item in jenkins.items.items()}
    return {name for name, marker in found.items() if marker and (marker.seed, marker.name) == (seed, name)}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    interleaved(),
    st.lists(st.sampled_from(["a", "b/a", "b/c"]), max_size=1),
    st.sampled_from(POLICIES),
)
def test_the_same_over_http(runs: list[tuple[str, Estate]], hand: list[str], removed: Removed) -> None:
    with simulated() as (jenkins, controller):
        for name in hand:
            jenkins.create_item(name, "<project><description>mine</description></project>")
        for seed, estate in runs:
            made = plan(estate, controller.inventory(), seed, removed)
            if made.errors:
                continue
            before, owned = documents(jenkins), own(jenkins, seed)
            result = apply(made, controller, workers=4)
            assert result.ok, result.problems
            for name in before.keys() - owned:
                marker = Marker.find(jenkins.items[name].description) if name in jenkins.items else None
                if marker is None or marker.seed != seed:
                    assert documents(jenkins)[name] == before[name]
            assert plan(estate, controller.inventory(), seed, removed).changes == ()


BEFORE = (
    define("a", "folder"), define("a/b", "folder"), define("a/b/x", "job"), define("a/y", "pipeline"),
    define("a/v", "view"), define("gone", "folder"), define("gone/z", "job"), define("m", "job"),
    define("n", "job"), define("w", "view"), define("s", "job"), define("t", "job"), define("a/s", "job"),
)  # fmt: skip
AFTER = (
    define("c", "folder", renamed_from="a"), define("c/b", "folder"), define("c/b/x", "job", "changed"),
    define("c/y", "job"), define("c/v", "view"), define("c/m2", "job", renamed_from="m"),
    define("m", "job", "new", "n"), define("new", "folder"), define("new/p", "job"), define("new/q", "pipeline"),
    define("new/v", "view"), define("c/t", "job", renamed_from="s"), define("t", "job"), define("c/s", "job"),
)  # fmt: skip


def run(controller: Controller, definitions: tuple[Definition, ...], workers: int = 2) -> bool:
    """One run of the seed; whether it came through. A plan with errors is a failure of the test."""
    try:
        made = plan(Estate(definitions), controller.inventory(), "main", POLICIES[1])
        assert made.errors == []
        return apply(made, controller, workers=workers).ok
    except ControllerError:
        return False


def settled(
    jenkins: SimulatedJenkins, controller: Controller
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Everything on the controller."""
    return documents(jenkins), sorted(one.key for one in controller.inventory())


def test_killed_at_any_request_and_run_again_it_converges() -> None:
    with simulated() as (jenkins, controller):
        assert run(controller, BEFORE)
        assert run(controller, AFTER)
        expected = settled(jenkins, controller)
        assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
    for kill in range(1, 200):
        with simulated() as (jenkins, controller):
            assert run(controller, BEFORE)
            jenkins.kill_after(kill)
            whole = run(controller, AFTER, workers=4)
            jenkins.kill_after(None)
            assert run(controller, AFTER)
            assert settled(jenkins, controller) == expected
            assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
        if whole:
            break
    assert kill > 30


MATRIX = """<matrix-project>
  <axes/>
  <builders/>
  <publishers/>
  <buildWrappers/>
  <executionStrategy class="hudson.matrix.DefaultMatrixExecutionStrategyImpl">
    <runSequentially>true</runSequentially>
  </executionStrategy>
</matrix-project>
"""
LOSSY = "<project>\n  <builders>\n    <org.acme.Unknown/>\n  </builders>\n</project>\n"
UNEASY = (
    define("a", "folder"),
    replace(define("a/built", "job"), queue=True),
    Definition("a/lossy", "project", HEADER + LOSSY, Where("jobs.py", 2)),
    Definition("a/matrix", "matrix-project", HEADER + MATRIX, Where("jobs.py", 3)),
    define("a/view", "view"),
    replace(define("built", "pipeline", "x"), queue=True),
)


def losses(controller: Controller) -> list[str]:
    """One run; what it says was lost."""
    try:
        result = apply(plan(Estate(UNEASY), controller.inventory(), "main"), controller, workers=3)
    except ControllerError:
        return []
    return [problem.job for problem in result.problems if problem.rule == "kept"]


def test_killed_at_any_request_no_loss_and_no_build_is_forgotten() -> None:
    with simulated() as (jenkins, controller):
        assert losses(controller) == ["a/lossy"]
        expected = settled(jenkins, controller)
    for kill in range(1, 200):
        with simulated() as (jenkins, controller):
            jenkins.kill_after(kill)
            losses(controller)
            done = len(jenkins.requests) <= kill
            jenkins.kill_after(None)
            assert losses(controller) == ["a/lossy"]
            assert settled(jenkins, controller) == expected
            built = Counter(one.target for one in jenkins.requests.of("POST", "/build") if one.status == 201)
            assert set(built) == {"/job/a/job/built/build", "/job/built/build"}
            assert max(built.values()) <= 2  # twice only where the kill fell between build and marker
            left = plan(Estate(UNEASY), controller.inventory(), "main")
            assert [change.full_name for change in left.changes] == ["a/lossy"]
        if done:
            break
    assert kill > 15


@pytest.mark.parametrize("status", ["lose", "cut", "page", 500])
def test_any_one_request_may_fail(status: Status) -> None:
    for at in range(1, 200):
        with simulated() as (jenkins, controller):
            assert run(controller, BEFORE)
            jenkins.requests.clear()
            seen = [0]

            def nth(_request: object, seen: list[int] = seen, at: int = at) -> bool:
                seen[0] += 1
                return seen[0] == at

            jenkins.fail_next(nth, status)
            whole = run(controller, AFTER)
            if seen[0] < at:
                break  # none was left to fail
            assert not whole or status in ("lose", "cut")  # what was done all the same may pass
            assert run(controller, AFTER)
            assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
    assert at > 30
