"""Plans: what a seed knows to be its own after people deleted markers, renamed, moved or copied in Jenkins."""

from __future__ import annotations

import pytest
from plan_case import DELETE, FOLDER, LIST, by_hand, errors, folder, job, live, planned, told, view

from jobdsl.errors import Problem
from jobdsl.planning.changes import Plan
from jobdsl.planning.inventory import Existing


def only(made: Plan) -> Problem:
    """The one problem of a plan."""
    assert len(made.problems) == 1, [str(problem) for problem in made.problems]
    return made.problems[0]


# refusals concern one object


@pytest.mark.parametrize(
    ("definition", "existing"),
    [
        (job("x"), [by_hand("x")]),
        (view("x"), [by_hand("x", LIST, "view")]),
        (folder("x"), [by_hand("x", FOLDER)]),
        (job("x"), [live(job("x"), seed="other")]),
        (job("x", root="flow-definition"), [live(job("x"))]),
        (job("X"), [by_hand("x")]),
        (job("x", renamed_from="was"), [by_hand("was")]),
        (job("f/x"), []),
        (job("f/x"), [by_hand("f")]),
        (job("x"), [live(job("x"), name="y")]),
    ],
)
def test_what_is_on_the_controller_stops_one_object_alone(
    definition: object, existing: list[Existing]
) -> None:
    made = planned([definition, job("other"), job("changed", "new")], [*existing, live(job("changed"))])  # type: ignore[list-item]
    assert told(made) == ["update changed", "create other"] or told(made) == [
        "create other",
        "update changed",
    ]
    assert (len(made.refused), made.blocking) == (1, [])


def test_mistakes_in_the_estate_stop_everything() -> None:
    for made in (
        planned([job("x:y"), job("z")]),
        planned([job("a"), job("a/x")]),
        planned([job("b", renamed_from="a"), job("a")], [live(job("a"))]),
        planned([], [live(job(f"j{number}")) for number in range(20)]),
    ):
        assert made.blocking


def test_what_lies_in_a_folder_without_a_marker_is_still_kept_up_to_date() -> None:
    made = planned(
        [folder("f"), job("f/x", "new"), job("f/y"), view("f/v")],
        [by_hand("f", FOLDER), live(job("f/x")), live(job("f/gone"))],
        DELETE,
    )
    assert told(made) == ["create f/v", "update f/x", "create f/y", "delete f/gone"]
    assert [problem.job for problem in made.refused] == ["f"]


def test_nothing_is_removed_below_a_folder_whose_move_is_refused() -> None:
    made = planned(
        [folder("new", renamed_from="old"), job("new/x"), job("z")],
        [by_hand("old", FOLDER), live(job("old/x")), live(job("old/gone"))],
        DELETE,
    )
    assert told(made) == ["create z"]
    assert [problem.job for problem in made.refused] == ["new"]


def test_a_move_into_a_folder_that_is_refused_is_not_made() -> None:
    made = planned(
        [folder("f"), job("f/x", renamed_from="x"), job("y")], [by_hand("f"), live(job("x"))], DELETE
    )
    assert told(made) == ["create y"]
    assert [problem.job for problem in made.refused] == ["f"]
    made = planned([job("none/x", renamed_from="x"), job("y")], [live(job("x"))], DELETE)
    assert (told(made), [problem.job for problem in made.refused]) == (["create y"], ["none/x"])
    made = planned(
        [folder("none/g", "g"), job("none/g/x")],
        [live(folder("g")), live(job("g/x")), live(job("g/y"))],
        DELETE,
    )
    assert (told(made), [problem.job for problem in made.refused]) == ([], ["none/g"])


def test_what_could_not_move_away_is_not_written_over() -> None:
    made = planned(
        [job("none/b", renamed_from="a"), job("a", "another", renamed_from="never")], [live(job("a"))], DELETE
    )
    assert told(made) == []
    assert [problem.job for problem in made.refused] == ["none/b", "a"]


# the seed's own folders


OWN = ["team", "nightly-*"]


def test_an_object_without_a_marker_in_the_seeds_own_folder_is_taken_over() -> None:
    existing = [
        by_hand("team", FOLDER),
        by_hand("team/x"),
        by_hand("team/v", LIST, "view"),
        by_hand("nightly-x"),
    ]
    defined = [folder("team"), job("team/x"), view("team/v"), job("nightly-x")]
    made = planned(defined, existing, folders=OWN)
    assert (told(made), made.problems) == (
        ["adopt nightly-x", "adopt team", "adopt team/v", "adopt team/x"],
        (),
    )
    assert {change.reason for change in made.changes} == {"its marker was deleted"}
    assert all('Managed by jobdsl seed "main"' in str(change.marker(made.seed)) for change in made.changes)


def test_no_other_object_is_taken_over() -> None:
    outside = planned(
        [job("x"), job("other/x")], [by_hand("x"), by_hand("other", FOLDER), by_hand("other/x")], folders=OWN
    )
    assert (told(outside), len(outside.refused)) == ([], 2)
    others = planned(
        [folder("team"), job("team/x"), job("team/y")],
        [
            live(folder("team")),
            live(job("team/x"), seed="other"),
            live(job("z"), seed="other", name="team/y"),
        ],
        folders=OWN,
    )
    assert (told(others), len(others.refused)) == ([], 2)


def test_what_is_not_defined_there_is_left_alone_and_told() -> None:
    made = planned(
        [folder("team")],
        [live(folder("team")), by_hand("team/x"), by_hand("team/All", "hudson.model.AllView", "view")],
        DELETE,
        folders=OWN,
    )
    assert told(made) == []
    assert only(made).severity == "note"
    assert '"team/x"' in only(made).message


def test_a_job_of_another_type_without_a_marker_is_not_deleted() -> None:
    made = planned([job("nightly-x", root="flow-definition")], [by_hand("nightly-x")], DELETE, folders=OWN)
    assert (told(made), len(made.refused)) == ([], 1)
    board = job("team/v", root="hudson.model.MyView")
    made = planned(
        [folder("team"), board], [live(folder("team")), by_hand("team/v", LIST, "view")], folders=OWN
    )
    assert [(change.action, change.before) for change in made.changes] == [("replace", "")]


def test_a_copy_at_a_name_that_is_defined_is_written_over_in_its_own_folder_alone() -> None:
    defined, existing = [job("nightly-x"), job("nightly-y")], [live(job("nightly-x"))]
    copy = live(job("nightly-x"), name="nightly-y")
    assert told(planned(defined, [*existing, copy], folders=OWN)) == ["adopt nightly-y"]
    assert told(planned(defined, [*existing, copy])) == []
    renamed = planned(defined, [copy], folders=OWN)
    assert (told(renamed), [problem.job for problem in renamed.refused]) == ([], ["nightly-x", "nightly-y"])


def test_a_rename_finds_its_job_without_a_marker() -> None:
    made = planned([job("nightly-new", renamed_from="nightly-old")], [by_hand("nightly-old")], folders=OWN)
    assert [(change.action, change.source) for change in made.changes] == [("move", "nightly-old")]
    folders = planned(
        [folder("team/b", "team/a"), job("team/b/x"), folder("team")],
        [live(folder("team")), by_hand("team/a", FOLDER), by_hand("team/a/x")],
        folders=OWN,
    )
    assert (told(folders), folders.errors) == (["move team/b", "update team/b/x"], []) or told(folders) == [
        "move team/b",
        "adopt team/b/x",
    ]


# renamed, moved and copied in Jenkins


def test_a_renamed_job_is_not_made_a_second_time() -> None:
    made = planned([job("api", line=7), job("other")], [live(job("api"), name="api2")], DELETE)
    assert told(made) == ["create other"]
    problem = only(made)
    assert (str(problem.where), problem.job) == ("jobs.py:7", "api")
    assert problem.message == 'job "api": it was renamed or moved in Jenkins: "api2" carries its marker'


def test_each_way_out_of_a_rename_is_accepted() -> None:
    there = live(job("api"), name="f/api2")
    around = live(folder("f"))
    kept = planned([folder("f"), job("f/api2", renamed_from="api")], [around, there], DELETE)
    assert (told(kept), kept.problems) == (["update f/api2"], ())
    followed = planned([folder("f"), job("f/api2")], [around, there], DELETE)
    assert (told(followed), followed.problems) == (["update f/api2"], ())
    undone = planned([folder("f"), job("api", renamed_from="f/api2")], [around, there], DELETE)
    assert [(change.action, change.source) for change in undone.changes] == [("move", "f/api2")]
    assert undone.problems == ()
    deleted = planned([folder("f"), job("api")], [around], DELETE)
    assert told(deleted) == ["create api"]


def test_a_renamed_folder_is_told_once_and_moves_back_with_what_lies_in_it() -> None:
    defined = [folder("team"), job("team/x"), view("team/v"), folder("team/g"), job("team/g/y")]
    existing = [live(one, name=one.full_name.replace("team", "crew", 1)) for one in defined]
    made = planned(defined, existing, DELETE)
    assert told(made) == []
    assert '"crew" carries its marker' in only(made).message
    back = planned([folder("team", "crew"), *defined[1:]], existing, DELETE)
    assert (told(back), back.problems) == (["move team"], ())
    followed = [job(one.full_name.replace("team", "crew", 1), root=one.root) for one in defined]
    assert planned(followed, existing, DELETE).problems == ()
    assert {change.action for change in planned(followed, existing, DELETE).changes} == {"update"}


def test_what_people_made_in_a_folder_goes_back_with_it() -> None:
    existing = [
        live(folder("team"), name="crew"),
        by_hand("crew/hand"),
        live(job("team/x"), name="crew/copy"),
    ]
    made = planned([folder("team", "crew")], existing, DELETE)
    assert (told(made), made.errors) == (["move team"], [])


def test_several_that_carry_one_marker_are_all_named() -> None:
    made = planned([job("api")], [live(job("api"), name="b"), live(job("api"), name="c")])
    assert '"b", "c" carry its marker' in only(made).message
    assert "those that are copies" in only(made).hint


def test_a_job_moved_out_of_a_folder_that_people_made_is_told() -> None:
    made = planned([job("f/x")], [by_hand("g", FOLDER), live(job("f/x"), name="g/x")])
    assert '"g/x" carries its marker' in only(made).message


def test_a_renamed_view_is_told() -> None:
    made = planned([view("v")], [live(view("v"), name="w")], DELETE)
    assert told(made) == []
    assert only(made).message == 'view "v": it was renamed or moved in Jenkins: "w" carries its marker'
    assert "renamed_from" not in only(made).hint


def test_a_copy_is_told_as_a_copy() -> None:
    made = planned([job("x", line=4)], [live(job("x")), live(job("x"), name="copy of x")], DELETE)
    assert told(made) == []
    problem = only(made)
    assert (problem.severity, problem.rule, str(problem.where)) == ("warning", "copy", "jobs.py:4")
    assert problem.message == (
        'job "copy of x" is a copy of "x" (jobs.py:4), made in Jenkins, and nothing manages it'
    )


def test_a_copied_folder_is_told_once() -> None:
    defined = [folder("f"), job("f/x"), view("f/v")]
    copies = [live(one, name=one.full_name.replace("f", "copy", 1)) for one in defined]
    assert 'folder "copy" is a copy of "f"' in only(planned(defined, [*map(live, defined), *copies])).message


def test_a_job_that_was_renamed_and_is_not_defined_any_more_is_told() -> None:
    made = planned([], [live(job("x"), name="y")], DELETE)
    assert told(made) == []
    assert 'carries the marker of "x" (jobs.py:1), which is not defined now' in only(made).message


def test_jobs_that_changed_places_in_jenkins_are_not_written_over() -> None:
    a, b = job("a"), job("b")
    made = planned([a, b], [live(a, name="b"), live(b, name="a")], DELETE)
    assert (told(made), [problem.job for problem in made.refused]) == ([], ["a", "b"])
    made = planned([a, b], [live(a, name="b")], DELETE)
    assert (told(made), [problem.job for problem in made.refused]) == ([], ["a", "b"])
    assert '"b" is defined as well' in errors(made)[0]


def test_what_a_renamed_definition_was_is_found_where_people_put_it() -> None:
    made = planned([job("b", renamed_from="a")], [live(job("a"), name="c")], DELETE)
    assert (told(made), 'renamed_from="c"' in made.refused[0].hint) == ([], True)
    found = planned([job("b", renamed_from="c")], [live(job("a"), name="c")], DELETE)
    assert [(change.action, change.source) for change in found.changes] == [("move", "c")]
    assert found.problems == ()


# views that a user may not see


def test_hidden_views_are_told_once_and_not_created() -> None:
    hidden = [Existing("view", f"v{number}", "", hidden=True) for number in range(5)]
    made = planned([view(f"v{number}") for number in range(6)], hidden)
    assert told(made) == ["create v5"]
    assert only(made).severity == "warning"
    assert '"v0", "v1", "v2" and 2 more' in only(made).message
