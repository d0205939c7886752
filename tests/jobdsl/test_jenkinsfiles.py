"""What a Jenkinsfile set on its own job survives every change of the definition, and only that does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobdsl.applying.apply import apply
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.controller.stored import fetch
from jobdsl.documents.jenkinsfile import Owned, owned, without_jenkinsfile
from jobdsl.documents.kept import keep_own
from jobdsl.documents.tree import Node, class_name, parse, tag_name, to_text
from jobdsl.errors import Where
from jobdsl.model import Definition, Estate
from jobdsl.planning import planfile, refresh
from jobdsl.planning.plan import Plan, plan
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.jenkinsfiles import Jenkinsfile, play

RECORDED = Path(__file__).parents[1] / "recordings" / "declarative_pipeline_after_first_build.xml"
JOB = "org.jenkinsci.plugins.workflow.job.properties."
TRIGGERS, ALONE = f"{JOB}PipelineTriggersJobProperty", f"{JOB}DisableConcurrentBuildsJobProperty"
PARAMETERS, DISCARDER = "hudson.model.ParametersDefinitionProperty", "jenkins.model.BuildDiscarderProperty"
CRON, POLL = "hudson.triggers.TimerTrigger", "hudson.triggers.SCMTrigger"


def cron(spec: str, java: str = CRON) -> str:
    return f"<{java}><spec>{spec}</spec></{java}>"


def text(name: str, default: str) -> str:
    java = "hudson.model.StringParameterDefinition"
    return (
        f"<{java}><name>{name}</name><description>who</description>"
        f"<defaultValue>{default}</defaultValue><trim>false</trim></{java}>"
    )


def keep(builds: int) -> str:
    strategy = (
        f"<daysToKeep>-1</daysToKeep><numToKeep>{builds}</numToKeep><artifactDaysToKeep>-1</artifactDaysToKeep>"
        "<artifactNumToKeep>-1</artifactNumToKeep><removeLastBuild>false</removeLastBuild>"
    )
    return f'<{DISCARDER}><strategy class="hudson.tasks.LogRotator">{strategy}</strategy></{DISCARDER}>'


def alone() -> str:
    return f"<{ALONE}><abortPrevious>false</abortPrevious></{ALONE}>"


NIGHTLY = Jenkinsfile((cron("H 3 * * 0"),), (text("WHO", "world"),), (keep(7), alone()))
SCRIPTED = Jenkinsfile(NIGHTLY.triggers, NIGHTLY.parameters, NIGHTLY.properties, declarative=False)
BOTH = pytest.mark.parametrize("jenkinsfile", [NIGHTLY, SCRIPTED], ids=["declarative", "properties()"])


def pipeline(
    script: str = "node { }", properties: str = "", fields: str = "", root: str = "flow-definition"
) -> Definition:
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n  <keepDependencies>false</keepDependencies>{fields}\n'
        f"  <properties>{properties}</properties>\n"
        '  <definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition">\n'
        f"    <script>{script}</script>\n    <sandbox>true</sandbox>\n  </definition>\n"
        f"  <disabled>false</disabled>\n</{root}>\n"
    )
    return Definition("app", root, document, Where("jobs.py", 4))


def triggers(*members: str) -> str:
    return f"<{TRIGGERS}><triggers>{''.join(members)}</triggers></{TRIGGERS}>"


def parameters(*members: str) -> str:
    return f"<{PARAMETERS}><parameterDefinitions>{''.join(members)}</parameterDefinitions></{PARAMETERS}>"


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        yield simulated


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token, patience=1, sleep=lambda _: None)


def planned(
    controller: Controller, definition: Definition, *, look: bool = False, adopt: tuple[str, ...] = ()
) -> Plan:
    inventory = controller.inventory()
    drift = {}
    if look:
        keys = refresh.owned([definition], inventory, "main")
        drift = refresh.drift([definition], fetch(controller, keys))
    return plan(Estate((definition,)), inventory, "main", adopt=adopt, drift=drift)


def bring(controller: Controller, definition: Definition) -> None:
    """Apply, and see that neither the next plan nor one that reads the documents has anything to do."""
    assert apply(planned(controller, definition), controller).ok
    assert planned(controller, definition).changes == ()
    assert planned(controller, definition, look=True).changes == ()


def stored(jenkins: SimulatedJenkins) -> dict[str, Node]:
    """The properties of the job by class."""
    properties = parse(jenkins.config("app")).find("properties")
    assert properties is not None
    found = {class_name(child.tag): child for child in properties.children}
    assert len(found) == len(properties.children), "a property is there twice"
    return found


def specs(node: Node) -> dict[str, str]:
    """Schedules of triggers, and defaults of parameters."""
    return {
        (name.text if (name := one.find("name")) else class_name(one.tag)): next(
            child.text for child in one.children if child.tag in ("spec", "defaultValue")
        )
        for one in node.children[0].children
    }


# the simulator


def test_a_simulated_first_build_writes_what_a_real_one_wrote(jenkins: SimulatedJenkins) -> None:
    real = parse(RECORDED.read_bytes())
    bare = without_jenkinsfile(real)
    assert bare.find("properties") == Node("properties")
    jenkins.create_item("decl", to_text(bare))
    play(jenkins, "decl", NIGHTLY)
    # the record is a set: its order is that of hashes
    assert sorted(jenkins.config("decl").splitlines()) == sorted(RECORDED.read_text("utf-8").splitlines())
    assert _sorted(parse(jenkins.config("decl"))) == _sorted(real)


def test_the_next_build_takes_away_what_its_jenkinsfile_no_longer_sets(jenkins: SimulatedJenkins) -> None:
    for first in (NIGHTLY, SCRIPTED):
        jenkins.create_item("app", pipeline(properties=triggers(cron("@weekly", POLL))).document)
        if not first.declarative:
            jenkins.update_item("app", pipeline().document)
        play(jenkins, "app", first)
        play(jenkins, "app", Jenkinsfile(declarative=first.declarative))
        left = {TRIGGERS} if first.declarative else set()
        assert set(stored(jenkins)) == left
        jenkins.delete_item("app")


def test_a_post_without_them_takes_the_actions_away(jenkins: SimulatedJenkins) -> None:
    jenkins.create_item("app", pipeline().document)
    play(jenkins, "app", NIGHTLY)
    jenkins.update_item("app", pipeline().document)
    assert parse(jenkins.config("app")).find("actions") is None


def _sorted(root: Node) -> Node:
    for node in root.walk():
        if node.tag == "jobProperties":
            node.children.sort(key=lambda child: child.text)
    return root


# what is kept


def test_what_the_actions_of_a_real_job_list() -> None:
    assert owned(parse(RECORDED.read_bytes())) == Owned(
        frozenset({ALONE, DISCARDER}), frozenset({CRON}), frozenset({"WHO"})
    )


@BOTH
def test_an_edit_of_the_definition_keeps_them(
    jenkins: SimulatedJenkins, controller: Controller, jenkinsfile: Jenkinsfile
) -> None:
    bring(controller, pipeline())
    play(jenkins, "app", jenkinsfile)
    before = parse(jenkins.config("app"))
    assert planned(controller, pipeline(), look=True).changes == ()
    bring(controller, pipeline("node { echo 1 }"))
    assert set(stored(jenkins)) == {TRIGGERS, PARAMETERS, ALONE, DISCARDER}
    assert parse(jenkins.config("app")).find("actions") == before.find("actions")
    play(jenkins, "app", Jenkinsfile(declarative=jenkinsfile.declarative))
    assert stored(jenkins) == {}, "the next build can still take them away"


@BOTH
def test_a_real_class_name_as_root_keeps_them_as_well(
    jenkins: SimulatedJenkins, controller: Controller, jenkinsfile: Jenkinsfile
) -> None:
    live = parse(keep_own(pipeline().document, RECORDED.read_bytes()))
    other = parse(
        keep_own(
            pipeline(root="org.jenkinsci.plugins.workflow.job.WorkflowJob").document, RECORDED.read_bytes()
        )
    )
    assert live.find("properties") == other.find("properties")
    assert len(live.find("properties").children) == 4  # type: ignore[union-attr]


@BOTH
def test_what_the_definition_sets_stays_as_it_says(
    jenkins: SimulatedJenkins, controller: Controller, jenkinsfile: Jenkinsfile
) -> None:
    bring(controller, pipeline())
    play(jenkins, "app", jenkinsfile)
    own = (
        triggers(cron("@daily"), cron("H/5 * * * *", POLL))
        + parameters(text("WHO", "me"), text("A", "1"))
        + keep(99)
    )
    bring(controller, pipeline("node { echo 1 }", own))
    found = stored(jenkins)
    assert specs(found[TRIGGERS]) == {CRON: "@daily", POLL: "H/5 * * * *"}
    assert specs(found[PARAMETERS]) == {"WHO": "me", "A": "1"}
    assert found[DISCARDER].children[0].children[1].text == "99"
    assert ALONE in found


@BOTH
def test_members_of_lists_are_merged(
    jenkins: SimulatedJenkins, controller: Controller, jenkinsfile: Jenkinsfile
) -> None:
    bring(controller, pipeline())
    play(jenkins, "app", jenkinsfile)
    bring(controller, pipeline("x", triggers(cron("@daily", POLL)) + parameters(text("A", "1"))))
    found = stored(jenkins)
    assert specs(found[TRIGGERS]) == {POLL: "@daily", CRON: "H 3 * * 0"}
    assert specs(found[PARAMETERS]) == {"A": "1", "WHO": "world"}


@pytest.mark.parametrize(
    ("field", "java"),
    [
        ("<concurrentBuild>false</concurrentBuild>", ALONE),
        ("<logRotator><daysToKeep>3</daysToKeep></logRotator>", DISCARDER),
        (f"<triggers>{cron('@daily')}</triggers>", CRON),
    ],
)
def test_an_old_field_sets_its_property(field: str, java: str) -> None:
    kept = parse(keep_own(pipeline(fields=field).document, RECORDED.read_bytes())).find("properties")
    assert kept is not None
    assert tag_name(java) not in [node.tag for node in kept.walk()]


def test_nothing_is_added_where_no_build_ran(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, pipeline())
    assert keep_own(pipeline("x").document, jenkins.config("app").encode()) == pipeline("x").document


def test_a_parameter_stays_where_the_definition_has_it_in_a_second_property() -> None:
    """The step `properties([...])` adds its own property beside one that was there before."""
    first, second = parameters(text("MINE", "1")), parameters(text("THEIRS", "2"))
    action = "org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction"
    listed = f"<jobPropertyDescriptors><string>{PARAMETERS}</string></jobPropertyDescriptors>"
    document = pipeline(properties=first + second).document
    live = document.replace(
        "<flow-definition>", f"<flow-definition><actions><{action}>{listed}</{action}></actions>"
    )
    assert live != document
    assert parse(keep_own(document, live.encode())).find("properties") == parse(document).find("properties")


# what is not


def test_what_somebody_set_by_hand_goes_and_stands_in_the_plan(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    bring(controller, pipeline())
    play(jenkins, "app", Jenkinsfile(parameters=(text("WHO", "world"),)))
    live = jenkins.config("app")
    by_hand = live.replace("<parameterDefinitions>", f"<parameterDefinitions>{text('HAND', 'x')}").replace(
        "</properties>", f"{alone()}</properties>"
    )
    jenkins.update_item("app", by_hand)
    made = planned(controller, pipeline(), look=True)
    assert [change.reason for change in made.changes] == [
        "changed in Jenkins: hudson.model.StringParameterDefinition was added and 1 more"
    ]
    made = planned(controller, pipeline("node { echo 1 }"))
    documents = fetch(controller, refresh.shown(made))
    (lines,) = refresh.diffs(made, documents).values()
    taken = [line for line in lines if line.startswith("-") and not line.startswith("---")]
    assert any("<name>HAND</name>" in line for line in taken)
    assert any(ALONE in line for line in taken)
    assert not any("WHO" in line for line in taken)
    bring(controller, pipeline("node { echo 1 }"))
    assert set(stored(jenkins)) == {PARAMETERS}
    assert specs(stored(jenkins)[PARAMETERS]) == {"WHO": "world"}


def test_what_the_definition_no_longer_sets_goes(jenkins: SimulatedJenkins, controller: Controller) -> None:
    bring(controller, pipeline(properties=triggers(cron("@daily")) + keep(5)))
    play(jenkins, "app", Jenkinsfile(parameters=(text("WHO", "world"),)))
    bring(controller, pipeline())
    assert set(stored(jenkins)) == {PARAMETERS}


# on the way


def test_adopting_and_moving_keep_them(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.create_item("app", pipeline().document)
    play(jenkins, "app", NIGHTLY)
    assert apply(planned(controller, pipeline("x"), adopt=("app",)), controller).ok
    assert set(stored(jenkins)) == {TRIGGERS, PARAMETERS, ALONE, DISCARDER}
    moved = Definition(
        "web", "flow-definition", pipeline("y").document, Where("jobs.py", 4), renamed_from="app"
    )
    made = plan(Estate((moved,)), controller.inventory(), "main")
    assert [change.action for change in made.changes] == ["move"]
    assert apply(made, controller).ok
    properties = parse(jenkins.config("web")).find("properties")
    assert properties is not None
    assert len(properties.children) == 4


def test_a_build_between_plan_and_apply_loses_nothing_and_does_not_spoil_a_saved_plan(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    bring(controller, pipeline())
    made = planned(controller, pipeline("x"))
    documents = fetch(controller, planfile.read_first(made))
    saved = planfile.loads(planfile.dumps(made, controller.inventory(), documents))
    play(jenkins, "app", NIGHTLY)
    assert planfile.moved_on(saved, controller.inventory(), fetch(controller, saved.stored)) == []
    assert apply(saved.plan, controller).ok
    assert set(stored(jenkins)) == {TRIGGERS, PARAMETERS, ALONE, DISCARDER}


def test_requests(jenkins: SimulatedJenkins, controller: Controller) -> None:
    """A Pipeline's document is read before it is replaced; nothing is read before a job is made."""
    made = planned(controller, pipeline())
    jenkins.requests.clear()
    apply(made, controller, verify="none")
    assert [one.method for one in jenkins.requests] == ["POST"]
    made = planned(controller, pipeline("x"))
    jenkins.requests.clear()
    apply(made, controller, verify="none")
    assert [one.method for one in jenkins.requests] == ["GET", "POST"]
