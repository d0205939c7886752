"""Plans: what changes, why, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import DELETE, FOLDER, LIST, by_hand, errors, folder, job, live, planned, told, view

from jobdsl.documents.marker import INCOMPLETE
from jobdsl.planning.inventory import Existing
from jobdsl.planning.order import dependencies, stages
from jobdsl.planning.plan import Action
from jobdsl.settings.config import Removed

# creating and updating


def test_what_is_not_there_is_created_with_its_marker() -> None:
    made = planned([folder("a"), job("a/x"), view("a/v")])
    assert told(made) == ["create a", "create a/v", "create a/x"]
    assert str(made.changes[0].marker(made.seed)).startswith('Managed by jobdsl seed "main" from jobs.py:1 (')
    assert "Managed by" not in made.changes[0].document


def test_an_equal_digest_is_nothing_to_do() -> None:
    made = planned([job("x")], [live(job("x"))])
    assert (made.changes, made.unchanged, made.problems) == ((), 1, ())


def test_a_moved_line_is_no_change() -> None:
    assert planned([job("x", line=9)], [live(job("x", line=1))]).changes == ()


def test_a_changed_definition_is_an_update() -> None:
    made = planned([job("x", "new")], [live(job("x", "old"))])
    assert told(made) == ["update x"]
    change = made.changes[0]
    assert (change.reason, change.before, change.after) == (
        "definition changed",
        job("x", "old").digest,
        job("x", "new").digest,
    )


def test_what_was_disabled_as_removed_comes_back() -> None:
    made = planned([job("x")], [live(job("x"), removed=True)])
    assert [(change.action, change.reason) for change in made.changes] == [(Action.UPDATE, "defined again")]


def test_what_did_not_come_through_is_sent_again() -> None:
    made = planned([job("x")], [live(job("x"), digest=INCOMPLETE)])
    assert [change.reason for change in made.changes] == ["the controller did not keep all of it last time"]


def test_drift_is_an_update_with_its_reason() -> None:
    made = planned([job("x")], [live(job("x"))], drift={("item", "x"): "changed in Jenkins: a"})
    assert [(change.action, change.reason) for change in made.changes] == [
        (Action.UPDATE, "changed in Jenkins: a")
    ]


def test_builds_are_queued_for_jobs_only() -> None:
    made = planned([job("x", "queued"), job("v", "queued", root=LIST)])
    assert {change.full_name: change.queue for change in made.changes} == {"x": True, "v": False}


# ownership


def test_an_object_made_by_hand_is_refused_with_the_way_out() -> None:
    made = planned([job("a/x"), folder("a")], [by_hand("a/x"), live(folder("a"))])
    assert made.changes == ()
    assert errors(made) == [
        'jobs.py:1: error: job "a/x": it exists on the controller and was not made by this seed, or its marker'
        " was deleted (take it over with --adopt 'a/x', or name its folder in jobdsl.toml if all in it is this"
        " seed's own: seed.folders)"
    ]


def test_adopting_by_glob() -> None:
    existing = [by_hand("a/x"), by_hand("a/y"), by_hand("b"), live(folder("a"))]
    made = planned([folder("a"), job("a/x"), job("a/y"), job("b")], existing, adopt=["a/*"])
    assert told(made) == ["adopt a/x", "adopt a/y"]
    assert [problem.job for problem in made.errors] == ["b"]


def test_another_seed_keeps_its_object_even_when_adopted() -> None:
    made = planned([job("x")], [live(job("x"), seed="other")], adopt=["**"])
    assert made.changes == ()
    assert 'it belongs to the seed "other", line 1 of its jobs.py' in errors(made)[0]


def test_a_copy_made_in_jenkins_is_not_ours() -> None:
    copy = live(job("x"), name="copy of x")
    made = planned([job("x")], [live(job("x")), copy], DELETE)
    assert (made.changes, made.errors) == ((), [])
    made = planned([job("x"), job("copy of x")], [live(job("x")), copy])
    assert 'carries the marker of "x": a copy, or renamed by hand' in errors(made)[0]


# places and types


def test_a_folder_must_be_somewhere() -> None:
    made = planned([job("payment/x"), folder("payments")])
    assert errors(made) == [
        'jobs.py:1: error: job "payment/x": its folder "payment" is neither in the estate nor on the'
        ' controller (did you mean "payments"?)'
    ]


def test_a_folder_made_by_hand_will_do() -> None:
    assert told(planned([job("a/x")], [by_hand("a", FOLDER)])) == ["create a/x"]


@pytest.mark.parametrize("existing", [[], [live(job("a"))]])
def test_a_job_is_no_folder(existing: list[Existing]) -> None:
    defined = [job("a/x")] if existing else [job("a"), job("a/x")]
    assert errors(planned(defined, existing, Removed(jobs="ignore"))) == [
        'jobs.py:1: error: job "a/x": "a" is not a folder (only a plain folder can hold jobs and views)'
    ]


def test_jenkins_does_not_tell_letter_cases_apart() -> None:
    made = planned([job("API")], [by_hand("api")])
    assert 'Jenkins takes it for "api"' in errors(made)[0]
    assert told(planned([view("API")], [by_hand("api", LIST, "view")])) == ["create API"]


def test_a_name_jenkins_refuses_is_only_refused_where_it_would_be_new() -> None:
    old, new = job("a&b", line=4), job("x:y", line=5)
    made = planned([old, new], [live(old)])
    assert made.unchanged == 1
    assert errors(made) == ['jobs.py:5: error: job "x:y": Jenkins allows no ":" in a name ("x-y" would do)']
    board = view("a|b")
    assert errors(planned([board], [live(board)])) == []
    assert len(errors(planned([board]))) == 1


def test_a_rename_to_a_name_jenkins_refuses_is_refused() -> None:
    was = job("a&b")
    made = planned([job("a:b", renamed_from="a&b")], [live(was)])
    assert errors(made) == [
        'jobs.py:1: error: job "a:b": "a&b" cannot move here: Jenkins allows no ":" in a name ("a-b" would do)'
    ]
    assert told(made) == []
    moved = planned([folder("f"), job("f/a&b", renamed_from="a&b")], [live(was)])
    assert errors(moved) == []  # it keeps its name


def test_what_could_not_be_made_anew_is_not_replaced() -> None:
    was, now = job("a&b"), job("a&b", root="flow-definition")
    made = planned([now], [live(was)], DELETE)
    assert told(made) == []
    assert errors(made)[0].startswith('jobs.py:1: error: job "a&b": it is a ')


def test_another_type_is_refused_or_replaced() -> None:
    existing = [live(job("x"))]
    defined = [job("x", root="flow-definition")]
    assert "Jenkins cannot change the type of an item" in errors(planned(defined, existing))[0]
    assert told(planned(defined, existing, DELETE)) == ["replace x"]


def test_a_folder_is_never_replaced() -> None:
    made = planned([job("a")], [live(folder("a")), by_hand("a/x")], DELETE)
    assert (told(made), len(made.errors)) == ([], 1)


def test_a_view_of_another_type_is_replaced() -> None:
    defined = job("v", root="hudson.model.MyView")
    assert told(planned([defined], [live(view("v"))])) == ["replace v"]


def test_a_type_named_by_an_unknown_alias_is_left_to_jenkins() -> None:
    assert told(planned([job("x", "new", root="alias")], [live(job("x"))])) == ["update x"]


# removing


def test_removed_definitions_by_policy() -> None:
    existing = [live(folder("a")), live(job("a/x")), live(view("v")), by_hand("hand")]
    assert told(planned([], existing)) == ["disable a/x", "delete v"]
    assert told(planned([], existing, Removed(jobs="ignore", views="ignore"))) == []
    assert told(planned([], existing, DELETE)) == ["delete a/x", "delete a", "delete v"]


def test_what_is_disabled_is_not_disabled_again() -> None:
    assert planned([], [live(job("x"), removed=True)]).changes == ()
    assert told(planned([], [live(job("x"), removed=True)], DELETE)) == ["delete x"]


def test_a_part_of_an_estate_removes_nothing() -> None:
    assert planned([], [live(job("x"))], DELETE, partial=True).changes == ()


def test_a_folder_stays_while_something_stays_in_it() -> None:
    existing = [live(folder("a")), live(folder("a/b")), live(job("a/b/x")), by_hand("a/b/hand")]
    made = planned([], existing, DELETE)
    assert told(made) == ["delete a/b/x"]
    assert [problem.message for problem in made.problems] == [
        'folder "a/b" is no longer defined but stays: it holds "a/b/hand"',
        'folder "a" is no longer defined but stays: it holds "a/b/hand"',
    ]


def test_a_folder_stays_for_a_definition_in_it() -> None:
    made = planned([job("a/x")], [live(folder("a"))], DELETE)
    assert told(made) == ["create a/x"]


def test_a_new_folder_has_a_view_of_its_own() -> None:
    """So no other of that name can be made at once."""
    made = planned([folder("f"), view("f/All"), view("f/all")])
    assert told(made) == ["create f", "create f/all"]
    assert 'view "f/All": Jenkins creates a view "All"' in errors(made)[0]
    assert told(planned([folder("f"), view("f/All")], [live(folder("f"))])) == ["create f/All"]
    own = f"<{FOLDER}>\n  <folderViews/>\n</{FOLDER}>\n"
    assert errors(planned([replace(folder("f"), document=own), view("f/All")])) == []


def test_the_view_a_folder_was_born_with_goes_with_it() -> None:
    existing = [live(folder("a")), by_hand("a/All", "hudson.model.AllView", "view")]
    assert told(planned([], existing, DELETE)) == ["delete a"]


def test_too_many_removals_are_refused() -> None:
    existing = [live(job(f"x{number}")) for number in range(10)]
    defined = [job(f"x{number}") for number in range(6)]
    assert errors(planned(defined, existing)) == [
        "error: too much at once: 4 of 10, 40 % to remove, over 30 % (removed.max_percent)"
        " (if that is meant: --allow-removals 4, or raise the limit in jobdsl.toml)"
    ]
    assert planned(defined, existing, Removed(max_percent=40)).errors == []
    assert len(planned(defined, existing, Removed(max_percent=100, max_count=3)).errors) == 1


# renaming


def test_a_rename_moves_the_job() -> None:
    made = planned([job("new", renamed_from="old")], [live(job("old"))])
    assert [(c.action, c.source, c.full_name, c.reason) for c in made.changes] == [
        (Action.MOVE, "old", "new", "renamed from old")
    ]


def test_a_rename_that_was_made_is_no_change() -> None:
    assert planned([job("new", renamed_from="old")], [live(job("new"))]).changes == ()


def test_a_renamed_job_that_never_was_is_created() -> None:
    assert told(planned([job("new", renamed_from="old")])) == ["create new"]


def test_a_former_name_that_is_still_defined_is_refused_with_both_lines() -> None:
    defined = [job("new", renamed_from="old", line=3), job("old", line=9)]
    for existing in ([], [live(job("old"))], [live(job("new")), live(job("old"))]):
        made = planned(defined, existing)
        assert [str(problem.where) for problem in made.errors] == ["jobs.py:3"]
        assert 'renamed_from "old" is still defined (jobs.py:9)' in made.errors[0].message
        assert "new" not in [change.full_name for change in made.changes]
        assert [change.action for change in made.changes if change.full_name == "old"] in (
            [],
            [Action.CREATE],
        )
    by_case = planned([job("new", renamed_from="OLD"), job("old")])
    assert "is still defined" in errors(by_case)[0]
    for moved_up in (job("api", renamed_from="x/api"), job("x/web", renamed_from="x/api")):
        assert "is still defined" in errors(planned([folder("x"), job("x/api"), moved_up]))[0]


def test_its_own_name_and_two_of_one_origin_are_refused() -> None:
    made = planned([job("a", renamed_from="a", line=2)], [live(job("a"))])
    assert [str(problem.where) for problem in made.errors] == ["jobs.py:2"]
    assert 'renamed_from "a" is its own name' in errors(made)[0]
    made = planned([job("a", renamed_from="c", line=2), job("b", renamed_from="c", line=5)], [live(job("c"))])
    assert [str(problem.where) for problem in made.errors] == ["jobs.py:5"]
    assert 'renamed_from "c" is said of "a" as well (jobs.py:2)' in errors(made)[0]


def test_a_name_that_another_rename_gives_away_may_be_taken() -> None:
    """The job that has the former name now comes from elsewhere itself, or its folder does."""
    assert errors(planned([job("b", renamed_from="a"), job("c", renamed_from="b")])) == []
    inside = [folder("a", "z"), job("a/x"), job("y", renamed_from="a/x")]
    assert errors(planned(inside, [live(folder("a")), live(job("a/x"))])) == []


def test_a_folder_moves_with_what_is_in_it() -> None:
    existing = [live(folder("a")), live(job("a/x")), live(folder("a/b")), live(job("a/b/y"))]
    defined = [folder("z", "a"), job("z/x", "new"), folder("z/b"), job("z/b/y")]
    made = planned(defined, existing)
    assert told(made) == ["move z", "update z/b", "update z/b/y", "update z/x"]
    assert [change.reason for change in made.changes][1:] == [
        "moved along from a/b",
        "moved along from a/b/y",
        "definition changed",
    ]


def test_a_job_may_leave_a_folder_that_moves() -> None:
    existing = [live(folder("a")), live(job("a/x"))]
    made = planned([folder("z", "a"), job("x", renamed_from="a/x")], existing)
    assert [(c.source, c.full_name) for c in made.changes] == [("a", "z"), ("z/x", "x")]


def test_renames_in_a_chain_free_each_others_names() -> None:
    defined = [job("b", renamed_from="a"), job("c", renamed_from="b"), job("d", renamed_from="c")]
    made = planned(defined, [live(job("a")), live(job("b")), live(job("c"))])
    assert told(made) == ["move d", "move c", "move b"]


def test_what_moves_along_is_known_by_the_name_it_has_now() -> None:
    before = [folder("a"), folder("a/b"), job("a/b/x"), view("a/b"), job("m"), job("n")]
    after = [
        folder("c", "a"), folder("c/b"), job("c/b/x"), view("c/b"), job("c/m", renamed_from="m"),
        job("m", renamed_from="n"), job("c/new"),
    ]  # fmt: skip
    made = planned(after, map(live, before))
    assert made.errors == []
    origins = {f"{change.kind} {change.full_name}": made.origins()[change.key][1] for change in made.changes}
    assert origins == {
        "item c": "a", "item c/b": "a/b", "item c/b/x": "a/b/x", "view c/b": "a/b", "item c/m": "m",
        "item m": "n", "item c/new": "a/new",
    }  # fmt: skip


def test_a_half_made_move_is_finished() -> None:
    defined = [folder("old"), folder("new"), job("new/y", renamed_from="old/x")]
    folders = [live(folder("old")), live(folder("new"))]
    for halfway in ("old/y", "new/x"):
        made = planned(defined, [*folders, live(job("old/x"), name=halfway)])
        assert [(c.action, c.source) for c in made.changes] == [(Action.MOVE, halfway)]


def test_a_half_made_move_of_a_folder_is_finished_with_what_lies_in_it() -> None:
    inside = live(job("b/x"), name="a/b/x")
    made = planned(
        [folder("a"), folder("a/a", "b"), job("a/a/x")],
        [live(folder("a")), live(folder("b"), name="a/b"), inside],
    )
    assert errors(made) == []
    assert [(c.action, c.source, c.full_name) for c in made.changes] == [
        (Action.MOVE, "a/b", "a/a"),
        (Action.UPDATE, "", "a/a/x"),
    ]


def test_a_folder_may_leave_one_that_moves_and_is_found_there_after_a_kill() -> None:
    before = [folder("a"), folder("a/b"), job("a/b/x")]
    after = [folder("c", "a"), folder("d", "a/b"), job("d/x")]
    made = planned(after, map(live, before))
    assert errors(made) == []
    assert [(c.source, c.full_name) for c in made.changes] == [("a", "c"), ("c/b", "d"), ("", "d/x")]
    for halfway in ("c/b", "c/d", "b"):
        names = {"a/b": halfway, "a/b/x": f"{halfway}/x", "a": "c"}
        again = planned(after, [live(one, name=names[one.full_name]) for one in before])
        assert errors(again) == []
        assert [(c.source, c.full_name) for c in again.changes] == [(halfway, "d"), ("", "c"), ("", "d/x")]


def test_what_has_the_former_name_of_something_that_moved_is_another() -> None:
    moved, inside = live(folder("a/b"), name="a"), live(job("a/b/b"), name="a/b")
    made = planned([folder("a", "a/b")], [moved, inside])
    assert errors(made) == []
    assert told(made) == ["update a", "disable a/b"]


def test_a_former_name_that_was_given_to_another_before_a_kill() -> None:
    again = [folder("b"), folder("b/a", "q"), job("b/a/x", "new")]
    after = [folder("a", "b/a"), folder("a/b"), job("a/b/x", renamed_from="b/a/x"), *again]
    taken_along = live(job("b/a/x"), name="a/x")
    made = planned(after, [live(folder("b/a"), name="a"), taken_along, *map(live, again)])
    assert errors(made) == []
    assert [(c.action, c.source, c.full_name) for c in made.changes] == [
        (Action.MOVE, "a/x", "a/b/x"),
        (Action.UPDATE, "", "a"),
        (Action.CREATE, "", "a/b"),
    ]


def test_a_folder_moves_with_nothing_of_others_in_it() -> None:
    for other in (
        by_hand("a/b/y"),
        live(job("a/b/y"), "other"),
        live(job("z"), name="a/b/y"),
        live(job("b/z"), name="a/b/y"),
    ):
        made = planned(
            [folder("a"), folder("a/a", "b")], [live(folder("a")), live(folder("b"), name="a/b"), other]
        )
        assert "it holds what this seed did not make (a/b/y)" in errors(made)[0]


def test_renames_that_are_refused() -> None:
    cases = {
        "change places": planned(
            [job("a", renamed_from="b"), job("b", renamed_from="a")], [live(job("a")), live(job("b"))], DELETE
        ),
        'said of "a" as well': planned(
            [job("a", renamed_from="c"), job("b", renamed_from="c")], [live(job("c"))], DELETE
        ),
        "is on the controller already": planned(
            [job("new", renamed_from="old")], [live(job("old")), live(job("new"))], DELETE
        ),
        "was not made by this seed": planned([job("new", renamed_from="old")], [by_hand("old")], DELETE),
        "remove renamed_from": planned(
            [job("new", root="flow-definition", renamed_from="old")], [live(job("old"))], DELETE
        ),
        "cannot move into itself": planned(
            [folder("a/b", "a"), folder("a")][:1], [live(folder("a"))], DELETE
        ),
        "it holds what this seed did not make (a/hand)": planned(
            [folder("z", "a")], [live(folder("a")), by_hand("a/hand")], DELETE
        ),
    }
    for words, made in cases.items():
        assert words in " ".join(errors(made)), words
        assert not [change for change in made.changes if change.is_removal], words


def test_a_rename_in_letter_case_alone() -> None:
    assert told(planned([job("API", renamed_from="api")], [live(job("api"))])) == ["move API"]


# order


def test_parents_come_first_and_removals_last_from_the_inside() -> None:
    existing = [live(folder("old")), live(job("old/x")), live(job("m"))]
    made = planned([folder("a"), job("a/x"), job("a/m", renamed_from="m")], existing, DELETE)
    first, last = stages(made.changes)
    names = [change.full_name for change in first]
    before = {names[at]: {names[other] for other in others} for at, others in dependencies(first).items()}
    assert before == {"a": set(), "a/x": {"a"}, "a/m": {"a"}}
    assert [change.full_name for change in last] == ["old/x", "old"]
    assert dependencies(last) == {0: set(), 1: {0}}
    assert dependencies([]) == {}


def test_a_name_is_free_only_when_its_job_has_left() -> None:
    defined = [job("new", renamed_from="old"), job("old", "another", renamed_from="older")]
    changes, _ = stages(planned(defined, [live(job("old"))]).changes)
    assert [change.action for change in changes] == [Action.MOVE, Action.CREATE]
    assert dependencies(changes) == {0: set(), 1: {0}}


def test_a_job_leaves_a_folder_after_the_folder_has_moved() -> None:
    existing = [live(folder("a")), live(job("a/x"))]
    changes, _ = stages(planned([folder("z", "a"), job("x", renamed_from="a/x")], existing).changes)
    assert dependencies(changes) == {0: set(), 1: {0}}


def test_a_job_leaves_a_folder_deep_in_one_that_moves_after_that() -> None:
    before = [folder("a"), folder("a/k"), folder("a/k/l"), job("a/k/l/x")]
    after = [folder("n"), folder("n/a", "a"), job("y", renamed_from="a/k/l/x"), job("n/a/k/l/new")]
    changes = list(planned(after, map(live, before)).changes)
    at = {change.full_name: place for place, change in enumerate(changes)}
    assert dependencies(changes) == {
        at["n/a"]: {at["n"]}, at["y"]: {at["n/a"]}, at["n"]: set(), at["n/a/k/l/new"]: {at["n/a"]},
    }  # fmt: skip


def test_moves_that_wait_for_one_another_are_refused() -> None:
    existing = [live(folder("a")), live(folder("b"))]
    made = planned([folder("a", "b"), folder("b", "q"), folder("b/a"), folder("b/a/b", "a")], existing)
    assert "the renames wait for one another" in errors(made)[0]
    made = planned([folder("a"), folder("a/b", "a")], [live(folder("a"))])
    assert "is still defined" in errors(made)[0]


def test_what_lies_in_a_refused_folder_is_not_planned() -> None:
    made = planned([folder("a"), job("a/x")], [by_hand("a")])
    assert ([problem.job for problem in made.errors], made.changes) == (["a"], ())


def test_the_counts_of_a_plan() -> None:
    made = planned([job("x"), job("y", "2")], [live(job("y")), live(job("z"))])
    assert made.counts() == {"create": 1, "update": 1, "disable": 1}


@pytest.mark.parametrize(
    ("target", "former", "existing"),
    [
        ("team/new", "old", "team/old"),
        ("team/sub/new", "old", "team/sub/old"),
        ("team/sub/new", "sub/old", "team/sub/old"),
        ("team/new", "sub/old", "team/sub/old"),
        ("team/new", "Team/Old", "team/old"),
        ("new", "OLD", "old"),
        ("team/new", "p+q", "team/p+q"),
    ],
)
def test_a_former_name_that_is_no_full_name_loses_no_job(target: str, former: str, existing: str) -> None:
    folders = [folder("team"), folder("team/sub")]
    made = planned(
        [*folders, job(target, renamed_from=former), job("more")],
        [*map(live, folders), live(job(existing))],
        DELETE,
    )
    assert told(made) == ["create more"]
    (only,) = made.errors
    assert (only.rule, str(only.where)) == ("refused", "jobs.py:1")
    assert f'renamed_from="{existing}"' in only.hint
    right = planned(
        [*folders, job(target, renamed_from=existing)], [*map(live, folders), live(job(existing))], DELETE
    )
    assert [change.action for change in right.changes] == ["move"]


def test_a_folder_that_is_renamed_within_its_folder_says_a_full_name() -> None:
    existing = [folder("team"), folder("team/old"), job("team/old/x")]
    made = planned(
        [folder("team"), folder("team/new", "old"), job("team/new/x")], map(live, existing), DELETE
    )
    assert not [change for change in made.changes if change.is_removal]
    assert 'renamed_from="team/old"' in made.errors[0].hint


def test_a_former_name_stays_in_the_file_and_on_a_fresh_controller_it_is_nothing() -> None:
    definitions = [folder("team"), job("team/new", renamed_from="old")]
    assert told(planned(definitions, [])) == ["create team", "create team/new"]
    assert told(planned(definitions, [live(one) for one in definitions])) == []
    theirs = live(job("team/old"), seed="other")
    assert told(planned(definitions, [live(definitions[0]), theirs])) == ["create team/new"]
