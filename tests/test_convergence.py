"""What holds for any estate on any controller: others are left alone, a rerun is quiet, a kill is healed.

Estates and controllers are drawn at random: two seeds, objects made by hand, copies and renames made
in Jenkins. First against a model of a controller, then over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobdsl import names
from jobdsl.apply import apply
from jobdsl.config import Removed
from jobdsl.errors import Where
from jobdsl.inventory import Existing, Inventory, class_of
from jobdsl.jenkins import Controller, connect
from jobdsl.marker import Marker
from jobdsl.model import Definition, Estate
from jobdsl.plan import Action, Change, Plan, plan
from jobdsl.planfile import dumps
from jobdsl.testing import SimulatedJenkins

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
ROOTS = {"job": "project", "pipeline": "flow-definition", "folder": FOLDER, "view": "hudson.model.ListView"}
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
POLICIES = (
    Removed("disable", min_existing=1000),
    Removed("delete", min_existing=1000),
    Removed("ignore", "ignore"),
)


def define(full_name: str, kind: str, text: str = "", renamed_from: str = "") -> Definition:
    inner = f"\n  <name>{names.leaf(full_name)}</name>" if kind == "view" else ""
    body = f"<{ROOTS[kind]}>\n  <description>{text}</description>{inner}\n</{ROOTS[kind]}>\n"
    return Definition(full_name, ROOTS[kind], HEADER + body, Where("jobs.py", 1), renamed_from)


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
SEEDS = st.sampled_from(["main", "other"])
kinds = st.sampled_from(["job", "job", "pipeline", "folder", "view"])


@st.composite
def estates(draw: st.DrawFn, renames: bool = True) -> Estate:
    """An estate with the folders its jobs need; items and views may share names."""
    drawn = draw(st.dictionaries(paths, st.tuples(kinds, st.sampled_from(["", "x"])), max_size=7))
    found: dict[tuple[str, str], Definition] = {}
    for path, (kind, text) in drawn.items():
        for above in names.ancestors(path):
            found["item", above] = define(above, "folder")
        definition = define(path, kind, text)
        found.setdefault(definition.key, definition)
    definitions = sorted(found.values(), key=lambda one: one.full_name)
    if renames and draw(st.booleans()):
        former = draw(st.lists(paths, max_size=3, unique=True))
        for name in former:
            at = draw(st.integers(0, max(len(definitions) - 1, 0)))
            if definitions and not definitions[at].is_view:
                definitions[at] = replace(definitions[at], renamed_from=name)
    return Estate(tuple(definitions))


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
            "view" if kind == "view" else "item", definition.full_name, java, text, disabled, marker
        )

    def by_hand(self, estate: Estate) -> None:
        """Objects somebody made in Jenkins, where there is room."""
        for definition in estate.definitions:
            parent = self.objects.get(("item", definition.parent))
            if definition.key not in self.objects and (
                not definition.parent or (parent and parent.is_folder)
            ):
                self.put(definition, None)

    @property
    def inventory(self) -> Inventory:
        return Inventory(dict(self.objects))

    def apply(self, made: Plan) -> None:
        removals = [change for change in made.changes if change.is_removal]
        for change in [one for one in made.changes if one not in removals] + removals:
            self._apply(change)

    def _apply(self, change: Change) -> None:
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
            written = Marker.find(change.document)
            definition = Definition(change.full_name, change.root, change.document, Where("", 0))
            self.put(definition, written)


def foreign(objects: Inventory, seed: str) -> dict[tuple[str, str], Existing]:
    """What a seed must leave as it is: everything without its marker, or with one for another name."""
    return {
        one.key: one
        for one in objects
        if one.marker is None or one.marker.seed != seed or one.marker.name != one.full_name
    }


def copies(model: Model, draw_from: list[str]) -> None:
    """Copies of managed jobs, made in Jenkins, marker and all."""
    for name in draw_from:
        found = model.objects.get(("item", name))
        copy = f"{name}-copy"
        if found and not found.is_folder:
            model.objects["item", copy] = replace(found, full_name=copy)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(SEEDS, estates(), st.sampled_from(POLICIES)), min_size=1, max_size=4),
    estates(renames=False),
    st.lists(paths, max_size=2),
)  # fmt: skip
def test_no_run_touches_what_it_does_not_own(
    runs: list[tuple[str, Estate, Removed]], hand: Estate, copied: list[str]
) -> None:
    model = Model()
    model.by_hand(hand)
    for seed, estate, removed in runs:
        before = foreign(model.inventory, seed)
        renamed = {one.renamed_from for one in estate.definitions}
        made = plan(estate, model.inventory, seed, removed)
        assert dumps(replace(made, problems=()), model.inventory) == dumps(
            replace(plan(estate, model.inventory, seed, removed), problems=()), model.inventory
        )
        model.apply(made)
        after = foreign(model.inventory, seed)
        for key, one in before.items():
            ours_once = one.marker is not None and one.marker.seed == seed
            if not (
                ours_once and any(one.marker and one.marker.name.startswith(name) for name in renamed if name)
            ):
                assert after.get(key) == one
        copies(model, copied)


@settings(max_examples=150, deadline=None)
@given(st.lists(estates(), min_size=1, max_size=3), estates(renames=False), st.sampled_from(POLICIES))
def test_a_second_run_is_quiet(runs: list[Estate], hand: Estate, removed: Removed) -> None:
    model = Model()
    model.by_hand(hand)
    for estate in runs:
        made = plan(estate, model.inventory, "main", removed)
        model.apply(made)
        again = plan(estate, model.inventory, "main", removed)
        if not made.errors:
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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(SEEDS, estates()), min_size=2, max_size=3),
    st.lists(st.sampled_from(["a", "b/c", "c/a/b"]), max_size=2, unique=True),
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
    define("n", "job"), define("w", "view"),
)  # fmt: skip
AFTER = (
    define("c", "folder", renamed_from="a"), define("c/b", "folder"), define("c/b/x", "job", "changed"),
    define("c/y", "job"), define("c/v", "view"), define("c/m2", "job", renamed_from="m"),
    define("m", "job", "new"), define("new", "folder"), define("new/p", "job"), define("new/q", "pipeline"),
    define("new/v", "view"),
)  # fmt: skip


def run(controller: Controller, definitions: tuple[Definition, ...], workers: int = 2) -> bool:
    """One run of the seed; whether it came through. A plan with errors is a failure of the test."""
    from jobdsl.errors import ControllerError

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


@pytest.mark.parametrize("workers", [1, 4])
def test_killed_at_any_request_and_run_again_it_converges(workers: int) -> None:
    with simulated() as (jenkins, controller):
        assert run(controller, BEFORE)
        assert run(controller, AFTER)
        expected = settled(jenkins, controller)
        assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
    for kill in range(1, 200):
        with simulated() as (jenkins, controller):
            assert run(controller, BEFORE)
            jenkins.kill_after(kill)
            whole = run(controller, AFTER, workers)
            jenkins.kill_after(None)
            assert run(controller, AFTER)
            assert settled(jenkins, controller) == expected
            assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
        if whole:
            break
    assert kill > 30


@pytest.mark.parametrize("status", ["lose", 500])
def test_any_one_request_may_fail(status: int | str) -> None:
    for at in range(1, 200):
        with simulated() as (jenkins, controller):
            assert run(controller, BEFORE)
            jenkins.requests.clear()
            seen = [0]

            def nth(_request: object, seen: list[int] = seen, at: int = at) -> bool:
                seen[0] += 1
                return seen[0] == at

            jenkins.fail_next(nth, status)  # type: ignore[arg-type]
            run(controller, AFTER)
            if seen[0] < at:
                break  # none was left to fail
            assert run(controller, AFTER)
            assert plan(Estate(AFTER), controller.inventory(), "main", POLICIES[1]).changes == ()
    assert at > 30
