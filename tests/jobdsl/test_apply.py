"""Plans on a controller: order, outcomes, what was kept, and what happens in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from jobdsl.applying.apply import ChangeOutcome, apply
from jobdsl.applying.readback import shape
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.documents.marker import Marker
from jobdsl.documents.secrets import Secrets
from jobdsl.errors import EstateError, Where
from jobdsl.model import Definition, Estate
from jobdsl.planning.plan import Plan, plan
from jobdsl.settings.config import Removed
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.faults import Status
from jobdsl.testing.http import HttpRequest
from jobdsl.testing.users import READER

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
DELETE = Removed(jobs="delete", min_existing=1000)


def job(
    name: str, body: str = "", root: str = "project", renamed_from: str = "", queue: bool = False
) -> Definition:
    text = f"<{root}>\n  <keepDependencies>false</keepDependencies>{body}\n</{root}>\n"
    return Definition(name, root, HEADER + text, Where("jobs.py", 1), renamed_from=renamed_from, queue=queue)


def shell(name: str, command: str) -> Definition:
    step = f"<hudson.tasks.Shell>\n      <command>{command}</command>\n    </hudson.tasks.Shell>"
    return job(name, f"\n  <builders>\n    {step}\n  </builders>")


def folder(name: str, renamed_from: str = "") -> Definition:
    return Definition(name, FOLDER, f"<{FOLDER}/>\n", Where("jobs.py", 1), renamed_from=renamed_from)


def view(name: str) -> Definition:
    text = f"<hudson.model.ListView>\n  <name>{name.rpartition('/')[2]}</name>\n</hudson.model.ListView>\n"
    return Definition(name, "hudson.model.ListView", text, Where("jobs.py", 2))


def estate(*definitions: Definition) -> Estate:
    return Estate(tuple(sorted(definitions, key=lambda one: one.full_name)))


def reads(name: str) -> Callable[[HttpRequest], bool]:
    """Requests that read a document back."""
    return lambda request: (request.method, request.path) == ("GET", f"/job/{name}/config.xml")


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        yield simulated


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token, patience=1, sleep=lambda _: None)


def planned(
    controller: Controller, *definitions: Definition, removed: Removed = DELETE, adopt: Iterable[str] = ()
) -> Plan:
    made = plan(estate(*definitions), controller.inventory(), "main", removed, adopt=adopt)
    assert made.errors == []
    return made


def bring(controller: Controller, *definitions: Definition, removed: Removed = DELETE) -> list[str]:
    result = apply(planned(controller, *definitions, removed=removed), controller)
    assert planned(controller, *definitions, removed=removed).changes == ()
    return statuses(result.outcomes)


def statuses(outcomes: Iterable[ChangeOutcome]) -> list[str]:
    return sorted(f"{one.change.action} {one.change.full_name}: {one.status}" for one in outcomes)


# what a plan does


def test_an_estate_is_created_changed_moved_and_removed(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    first = [folder("a"), folder("a/b"), job("a/b/x"), view("v"), view("a/w"), job("y")]
    assert bring(controller, *first) == [
        "create a/b/x: done", "create a/b: done", "create a/w: done",
        "create a: done", "create v: done", "create y: done",
    ]  # fmt: skip
    moved = job("z/y", "<disabled>true</disabled>", renamed_from="y")
    second = [folder("z", "a"), folder("z/b"), job("z/b/x"), view("z/w"), moved]
    assert bring(controller, *second) == [
        "delete v: done", "move z/y: done", "move z: done",
        "update z/b/x: done", "update z/b: done", "update z/w: done",
    ]  # fmt: skip
    assert sorted(jenkins.items) == ["z", "z/b", "z/b/x", "z/y"]
    assert bring(controller) == [
        "delete z/b/x: done", "delete z/b: done", "delete z/w: done", "delete z/y: done", "delete z: done",
    ]  # fmt: skip
    assert len(jenkins.items) == 0


def test_two_requests_a_job_and_five_for_a_rerun(jenkins: SimulatedJenkins, controller: Controller) -> None:
    definitions = [shell(f"job-{number}", f"echo {number}") for number in range(60)]
    bring(controller, *definitions)
    assert len(jenkins.requests) <= 60 * 2 + 2
    jenkins.requests.clear()
    assert planned(controller, *definitions).changes == ()
    assert len(jenkins.requests) == 1


def test_outcomes_are_reported_as_they_come_parents_first(controller: Controller) -> None:
    told: list[str] = []
    apply(
        planned(controller, folder("a"), folder("a/b"), job("a/b/x")),
        controller,
        report=lambda outcome: told.append(outcome.change.full_name),
    )
    assert told == ["a", "a/b", "a/b/x"]


def test_what_moves_is_in_nobodys_way(jenkins: SimulatedJenkins, controller: Controller) -> None:
    """On its way it has neither its old nor its new name in either folder: others may take those."""
    bring(controller, folder("a"), job("a/x"), folder("b"))
    moved, taking = job("b/y", renamed_from="a/x"), job("a/x", renamed_from="a/w")
    assert bring(controller, folder("a"), folder("b"), moved, job("a/y"), job("b/x"), taking) == [
        "create a/x: done", "create a/y: done", "create b/x: done", "move b/y: done",
    ]  # fmt: skip
    asked = [
        one.target
        for one in jenkins.requests.of("POST", "")
        if "Rename" in one.target or "move" in one.target
    ]
    assert asked == [
        "/job/a/job/x/confirmRename?newName=x~y", "/job/a/job/x~y/move/move", "/job/b/job/x~y/confirmRename?newName=y",
    ]  # fmt: skip


def test_removed_jobs_are_disabled_once_and_come_back(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    keep = Removed(min_existing=1000)
    bring(controller, job("x"), removed=keep)
    assert bring(controller, removed=keep) == ["disable x: done"]
    assert "<disabled>true</disabled>" in jenkins.config("x")
    assert bring(controller, job("x"), removed=keep) == ["update x: done"]
    assert "<disabled>false</disabled>" in jenkins.config("x")


def test_adopting(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.create_item("hand", "<project><description>mine</description></project>")
    made = planned(controller, job("hand"), adopt=["hand"])
    assert statuses(apply(made, controller).outcomes) == ["adopt hand: done"]
    assert planned(controller, job("hand")).changes == ()


def test_another_type_replaces(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, job("x"), view("v"))
    other = Definition("v", "hudson.model.MyView", "<hudson.model.MyView/>\n", Where("jobs.py", 3))
    assert bring(controller, job("x", root="flow-definition"), other) == [
        "replace v: done",
        "replace x: done",
    ]


def test_builds_are_queued_once(jenkins: SimulatedJenkins, controller: Controller) -> None:
    one = job("x", queue=True)
    assert bring(controller, one) == ["create x: done", "create x: queued"]
    assert bring(controller, one) == []
    assert len(jenkins.requests.of("POST", "/build")) == 1


def test_secrets_are_filled_in_just_before_sending(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, shell("x", "use ${jobdsl:secret:db}"))
    result = apply(made, controller, finish=lambda text: text.replace("${jobdsl:secret:db}", "hunter2"))
    assert result.ok
    assert "hunter2" in jenkins.config("x")
    assert "hunter2" not in made.changes[0].document
    assert planned(controller, shell("x", "use ${jobdsl:secret:db}")).changes == ()


def test_a_folder_keeps_its_views_and_credentials(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, folder("a"), view("a/v"))
    described = Definition(
        "a", FOLDER, f"<{FOLDER}>\n  <displayName>A</displayName>\n</{FOLDER}>\n", Where("j", 1)
    )
    assert bring(controller, described, view("a/v")) == ["update a: done"]
    assert "<displayName>A</displayName>" in jenkins.config("a")
    assert ("view", "a/v") in controller.inventory().objects


def test_a_matrix_job_keeps_its_strategy(jenkins: SimulatedJenkins, controller: Controller) -> None:
    strategy = "hudson.matrix.DefaultMatrixExecutionStrategyImpl"
    how = f'<executionStrategy class="{strategy}"><runSequentially>true</runSequentially></executionStrategy>'
    body = f"<axes/><builders/><publishers/><buildWrappers/>{how}"
    assert bring(controller, job("m", body, "matrix-project")) == ["create m: done"]
    assert "<runSequentially>true</runSequentially>" in jenkins.config("m")


def test_a_plan_with_errors_is_not_applied(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = plan(estate(job("x:y"), job("y")), controller.inventory(), "main")
    with pytest.raises(EstateError, match="1 problem"):
        apply(made, controller)
    assert len(jenkins.items) == 0


# what Jenkins does not keep


def test_what_is_dropped_is_an_error_until_it_is_kept(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    step = "\n  <builders>\n    <org.acme.Unknown>\n      <a>1</a>\n    </org.acme.Unknown>\n  </builders>"
    made = planned(controller, job("x", step))
    result = apply(made, controller, plugin_of=lambda _: "acme")
    assert statuses(result.outcomes) == ["create x: incomplete"]
    assert str(result.problems[0]) == (
        'jobs.py:1: error: "x": Jenkins did not keep all of it: org.acme.Unknown was dropped'
        " (install the plugin acme)"
    )
    again = planned(controller, job("x", step))
    assert [change.reason for change in again.changes] == ["the controller did not keep all of it last time"]
    assert apply(again, controller, verify="none").ok
    assert planned(controller, job("x", step)).changes == ()


def test_a_class_that_is_dropped_although_its_plugin_is_there(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    revision = "<hudson.plugins.git.GitRevisionBuildParameters/>"
    inner = f"<configs>{revision}</configs><projects>x</projects><condition>SUCCESS</condition>"
    config = "hudson.plugins.parameterizedtrigger.BuildTriggerConfig"
    trigger = (
        f"<hudson.plugins.parameterizedtrigger.BuildTrigger><configs><{config}>{inner}</{config}></configs>"
    )
    body = f"<publishers>{trigger}</hudson.plugins.parameterizedtrigger.BuildTrigger></publishers>"
    result = apply(planned(controller, job("x", body)), controller, plugin_of=lambda _: "git")
    (problem,) = result.problems
    assert "GitRevisionBuildParameters was dropped" in problem.message
    assert problem.hint.startswith("the plugin git 5.10.1 is installed, but this class of it is not loaded")
    jenkins.add_user("seed", token="s", permissions=READER | {"hudson.model.Item.Configure"})
    seed = connect(jenkins.url, "seed", "s")
    (problem,) = apply(planned(seed, job("x", body)), seed, plugin_of=lambda _: "git").problems
    assert problem.hint.startswith("install the plugin git, or update it")


def test_a_dropped_attribute_is_an_error(controller: Controller) -> None:
    step = '\n  <builders>\n    <hudson.tasks.Shell mode="fast">\n      <command>a</command>\n    </hudson.tasks.Shell>\n  </builders>'
    result = apply(planned(controller, job("x", step)), controller, plugin_of=lambda _: "core")
    assert statuses(result.outcomes) == ["create x: incomplete"]
    assert str(result.problems[0]) == (
        'jobs.py:1: error: "x": Jenkins did not keep all of it: hudson.tasks.Shell @mode = "fast" was dropped'
        " (the plugin core does not know this field or value)"
    )


def test_only_the_first_of_a_shape_are_read_back(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, *(shell(f"job-{number}", f"echo {number}") for number in range(40)))
    apply(made, controller, workers=1)
    assert len(jenkins.requests.of("GET", "config.xml")) == 5
    made = planned(controller, *(shell(f"more-{number}", f"echo {number}") for number in range(9)))
    jenkins.requests.clear()
    apply(made, controller, workers=1, verify="all")
    assert len(jenkins.requests.of("GET", "config.xml")) == 9


def test_every_document_of_a_shape_that_lost_something_is_read_back(controller: Controller) -> None:
    step = "\n  <builders>\n    <org.acme.Unknown/>\n  </builders>"
    made = planned(controller, *(job(f"job-{number}", step) for number in range(20)))
    assert [one.status for one in apply(made, controller, workers=1).outcomes] == ["incomplete"] * 20


def test_shapes() -> None:
    def shaped(body: str) -> int:
        return shape(job("x", body).document)

    same = ["<command>a</command>", "<command>b c</command>"]
    assert len({shaped(one) for one in same}) == 1
    assert len({shaped(f"<url>https://git/{name}.git</url>") for name in "ab"}) == 1
    other = [
        "<spec>H 1 * * *</spec>",
        "<spec>H 2 * * *</spec>",
        "<n>1</n>",
        "<n>x</n>",
        "<n>5 6</n>",
        '<scm class="a"/>',
        '<scm class="b"/>',
        "<m>1</m>",
    ]
    assert len({shaped(one) for one in other}) == len(other)


# what happens in between


def test_an_object_made_by_hand_in_between_is_not_overwritten(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, job("x"), folder("a"), job("a/y"))
    jenkins.create_item("x", "<project><description>mine</description></project>")
    result = apply(made, controller)
    assert statuses(result.outcomes) == ["create a/y: done", "create a: done", "create x: failed"]
    assert "appeared on the controller, and this seed did not make it" in result.problems[0].message
    assert "mine" in jenkins.config("x")


def test_a_name_that_is_taken_by_something_unseen(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, job("x"))
    jenkins.create_item("X", "<project/>")
    result = apply(made, controller)
    assert result.problems[0].message == 'could not create "x": A job already exists with the name x'
    assert "letters differ in case" in result.problems[0].hint
    assert list(jenkins.items) == ["X"]


def test_a_folder_this_user_may_not_write_to_stops_only_what_lies_in_it(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, folder("a"), folder("a/b"), job("a/b/x"), job("a/y"), job("z"))
    jenkins.fail_next("/job/a/createItem", 403, times=9)
    result = apply(made, controller)
    assert statuses(result.outcomes) == [
        "create a/b/x: skipped", "create a/b: failed", "create a/y: failed", "create a: done", "create z: done",
    ]  # fmt: skip
    jenkins.heal()
    assert len(bring(controller, folder("a"), folder("a/b"), job("a/b/x"), job("a/y"), job("z"))) == 3


def test_what_was_edited_in_between_is_not_removed(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, job("x"), folder("a"), job("a/y"))
    made = planned(controller)
    jenkins.update_item("x", "<project><description>mine now</description></project>")
    jenkins.create_item("a/new", "<project/>")
    result = apply(made, controller)
    assert statuses(result.outcomes) == ["delete a/y: done", "delete a: failed", "delete x: failed"]
    assert sorted(jenkins.items) == ["a", "a/new", "x"]


def test_what_is_gone_in_between(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, job("x"))
    made = planned(controller)
    jenkins.delete_item("x")
    assert apply(made, controller).ok


def test_a_failure_stops_only_what_needs_it(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, folder("a"), job("a/x"), folder("b"), job("b/x"))
    jenkins.fail_next(lambda request: "createItem?name=a" in request.target, 500)
    result = apply(made, controller)
    assert statuses(result.outcomes) == [
        "create a/x: skipped", "create a: failed", "create b/x: done", "create b: done",
    ]  # fmt: skip
    assert '"a/x" was left as it is: "a" could not be made' in [
        problem.message for problem in result.problems
    ]
    assert bring(controller, folder("a"), job("a/x"), folder("b"), job("b/x")) == [
        "create a/x: done",
        "create a: done",
    ]


def test_nobody_signed_in_stops_all(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, *(job(f"x{number}") for number in range(9)))
    jenkins.fail_next(None, 401, times=1000)
    result = apply(made, controller, workers=1)
    assert [one.status for one in result.outcomes].count("skipped") >= 7
    assert len(jenkins.requests) < 5


def test_a_lost_answer_is_no_duplicate(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.fail_next("/createItem", "lose")
    assert bring(controller, job("x")) == ["create x: done"]
    bring(controller, job("x"))
    made = planned(controller, folder("a"), job("a/y", renamed_from="x"))
    jenkins.fail_next("/job/x/move", "lose")
    assert apply(made, controller).ok
    assert planned(controller, folder("a"), job("a/y", renamed_from="x")).changes == ()


def test_the_marker_is_what_people_read(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, job("x", "\n  <description>What it does.</description>"))
    found = controller.look("item", "x")
    assert found is not None
    assert found.description == f"What it does.\n\n{Marker.find(found.description)}"


def test_a_secret_without_a_value_is_told_before_anything_is_sent(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(
        controller, job("a"), shell("x", "${jobdsl:secret:one}"), shell("y", "${jobdsl:secret:two}")
    )
    with pytest.raises(EstateError) as caught:
        apply(made, controller, finish=Secrets().fill)
    told = [(one.job, one.message) for one in caught.value.problems]
    assert told == [("x", "no value for the secret one given"), ("y", "no value for the secret two given")]
    assert len(jenkins.items) == 0


def test_an_unexpected_failure_of_a_worker_ends_the_run(controller: Controller) -> None:
    class Broken:
        def doubt(self, *_: object) -> None:
            raise RuntimeError("no answer can be read")

    made = planned(controller, job("x"), job("y"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError, match="no answer can be read"):
        patch.setattr("jobdsl.applying.apply.ReadBack", lambda *_: Broken())
        apply(made, controller)


# what could not be made sure of


@pytest.mark.parametrize("status", [302, 403, 500, 503, "drop"])
def test_what_cannot_be_read_back_is_told_and_looked_at_again(
    jenkins: SimulatedJenkins, controller: Controller, status: Status
) -> None:
    jenkins.fail_next(reads("x"), status, times=99)
    result = apply(planned(controller, folder("x"), job("x/y")), controller)
    assert statuses(result.outcomes) == ["create x/y: done", "create x: incomplete"]
    (problem,) = result.problems
    assert problem.message.startswith('"x" was sent, but could not be read back: could not read')
    assert problem.where == Where("jobs.py", 1)
    jenkins.heal()
    again = planned(controller, folder("x"), job("x/y"))
    assert [change.reason for change in again.changes] == ["what was sent last time was not read back"]
    assert bring(controller, folder("x"), job("x/y")) == ["update x: done"]


def test_a_login_page_in_place_of_a_document_is_no_document(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, job("x"))
    jenkins.fail_next(reads("x"), "page")
    assert statuses(apply(made, controller).outcomes) == ["create x: incomplete"]
    assert bring(controller, job("x")) == ["update x: done"]


def test_a_controller_that_is_gone_before_it_is_read_back(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    step = "\n  <builders>\n    <org.acme.Unknown/>\n  </builders>"
    made = planned(controller, job("x", step))
    jenkins.kill_after(1)
    assert statuses(apply(made, controller).outcomes) == ["create x: incomplete"]
    jenkins.kill_after(None)
    again = planned(controller, job("x", step))
    assert statuses(apply(again, controller).outcomes) == ["update x: incomplete"]
    assert [change.full_name for change in planned(controller, job("x", step)).changes] == ["x"]


def test_a_later_one_of_a_shape_that_cannot_be_read_back_is_marked_as_well(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    bring(controller, *(shell(f"a{number}", "a") for number in range(3)))
    made = planned(controller, *(shell(f"a{number}", "b") for number in range(3)))
    jenkins.fail_next(reads("a2"), 403)
    assert statuses(apply(made, controller, workers=1).outcomes)[2] == "update a2: incomplete"
    assert [
        change.full_name
        for change in planned(controller, *(shell(f"a{number}", "b") for number in range(3))).changes
    ] == ["a2"]


def test_a_marker_that_cannot_be_finished_is_told(jenkins: SimulatedJenkins, controller: Controller) -> None:
    made = planned(controller, job("x"))
    jenkins.fail_next("/job/x/submitDescription", 403)
    result = apply(made, controller)
    assert statuses(result.outcomes) == ["create x: incomplete"]
    assert "the next run sends it again" in result.problems[0].hint
    assert bring(controller, job("x")) == ["update x: done"]


def test_nobody_signed_in_any_more_stops_all_when_it_is_read_back(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, *(job(f"x{number}") for number in range(9)))
    jenkins.fail_next(lambda request: request.method == "GET", 401, times=1000)
    result = apply(made, controller, workers=1)
    assert [one.status for one in result.outcomes] == ["incomplete", *["skipped"] * 8]


def test_a_matrix_job_that_was_only_created_is_not_done(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    one = job("m", "<axes/><builders/><publishers/><buildWrappers/>", "matrix-project")
    made = planned(controller, one)
    jenkins.kill_after(1)
    apply(made, controller, verify="none")
    jenkins.kill_after(None)
    assert bring(controller, one) == ["update m: done"]


# builds


def test_a_build_that_was_not_queued_before_a_kill_is_queued_by_the_next_run(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    one = job("x", queue=True)
    made = planned(controller, one)
    jenkins.kill_after(2)  # created and read back
    assert statuses(apply(made, controller).outcomes) == ["create x: done", "create x: unbuilt"]
    jenkins.kill_after(None)
    again = planned(controller, one)
    assert [change.reason for change in again.changes] == ["its build was not started last time"]
    assert bring(controller, one) == ["update x: done", "update x: queued"]
    assert bring(controller, one) == []
    assert [one.status for one in jenkins.requests.of("POST", "/build")][-2:] == [0, 201]


def test_a_build_is_not_lost_when_the_document_was(jenkins: SimulatedJenkins, controller: Controller) -> None:
    step = "\n  <builders>\n    <org.acme.Unknown/>\n  </builders>"
    one = job("x", step, queue=True)
    assert statuses(apply(planned(controller, one), controller).outcomes) == ["create x: incomplete"]
    jenkins.store.rewriter.accept_unknown = True
    assert bring(controller, one) == ["update x: done", "update x: queued"]


def test_a_build_that_is_refused_is_tried_again(jenkins: SimulatedJenkins, controller: Controller) -> None:
    one = job("x", queue=True)
    made = planned(controller, one)
    jenkins.fail_next("/job/x/build", 403)
    assert statuses(apply(made, controller).outcomes) == ["create x: done", "create x: unbuilt"]
    assert bring(controller, one) == ["update x: done", "update x: queued"]


def test_a_build_that_is_no_longer_wanted_is_forgotten(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, job("x", queue=True))
    jenkins.fail_next("/job/x/build", 403)
    apply(made, controller)
    assert bring(controller, job("x")) == ["update x: done"]


def test_a_disabled_job_is_built_once_it_is_not(jenkins: SimulatedJenkins, controller: Controller) -> None:
    assert bring(controller, job("x", "\n  <disabled>true</disabled>", queue=True)) == ["create x: done"]
    assert bring(controller, job("x", queue=True)) == ["update x: done", "update x: queued"]


def test_what_only_moves_is_not_built(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, folder("a"), job("a/x", queue=True), job("y", queue=True))
    moved = [folder("b", "a"), job("b/x", queue=True), job("z", renamed_from="y", queue=True)]
    assert bring(controller, *moved) == ["move b: done", "move z: done", "update b/x: done"]
