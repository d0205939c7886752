"""Steps: short forms, old documents, and wrong arguments."""

from __future__ import annotations

from typing import Any

import pytest

from jobdsl import element, freestyle, misc, steps
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def tree(value: Any) -> Node:
    return parse(value.write("\n"))


def test_a_shell_step_keeps_every_character_of_its_script() -> None:
    script = "#!/bin/bash\r\necho \"<&>\" '${A}' \t{x}\n"
    found = tree(steps.shell(script)).find("command")
    assert found is not None
    assert found.text == script


def test_a_script_of_an_old_document_stays_a_shell_step() -> None:
    found = parse("<hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>")
    made = reading.read_element(found)
    assert isinstance(made, steps.shell)
    assert tree(made) == found


def test_an_unknown_field_is_kept() -> None:
    found = parse("<hudson.tasks.Shell><command>a</command><future><x>1</x></future></hudson.tasks.Shell>")
    made = reading.read_element(found)
    assert isinstance(made, steps.shell)
    assert tree(made) == found


@pytest.mark.parametrize("given", [["make"], 3, None])
def test_a_script_must_be_text(given: Any) -> None:
    with pytest.raises(DslError, match="command takes text"):
        steps.shell(given)


def test_waiting_for_jobs() -> None:
    assert steps.trigger("a", wait=True) == steps.trigger("a", wait=misc.block())
    assert steps.trigger("a", wait=False) == steps.trigger("a")
    with pytest.raises(DslError, match="wait takes True, False"):
        steps.trigger("a", wait=3)


def test_jobs_may_be_named_by_their_definitions() -> None:
    made = steps.trigger([freestyle("deploy"), "audit"])
    projects = next(node for node in tree(made).walk() if node.tag == "projects")
    assert projects.text == "/deploy, audit"


def test_parameters_of_triggered_jobs_from_a_dict_or_text() -> None:
    assert steps.trigger("a", parameters={"A": True, "B": 2}) == steps.trigger("a", parameters="A=true\nB=2")


def test_a_condition_from_text_or_an_element() -> None:
    deploy = [steps.shell("./deploy")]
    assert steps.conditional(deploy, when="${D}") == steps.conditional(deploy, when=misc.if_true("${D}"))
    assert (
        steps.conditional(deploy, when=element("com.example.Condition")).when.tag == "com.example.Condition"
    )


def test_what_happens_on_an_error_is_one_of_five_words() -> None:
    with pytest.raises(DslError) as caught:
        steps.conditional([], when="${D}", on_error="skp")
    assert 'did you mean "skip"?' in str(caught.value.hint)


def test_conditions_given_one_by_one_are_put_into_containers() -> None:
    assert misc.if_any(["${A}", "${B}"]) == misc.if_any(
        [misc.condition_part("${A}"), misc.condition_part(misc.if_true("${B}"))]
    )


def test_comparing_numbers_by_sign() -> None:
    assert misc.if_number("1", "2", comparator=">=").comparator == misc.greater_or_equal()
    with pytest.raises(DslError, match="does not know '=>'"):
        misc.if_number("1", "2", comparator="=>")


def test_a_step_is_no_condition_and_a_condition_no_step() -> None:
    with pytest.raises(DslError, match="takes a condition"):
        steps.conditional([], when=steps.shell("true"))  # type: ignore[arg-type]
    with pytest.raises(DslError, match="takes a build step"):
        steps.conditional([misc.if_always()], when="${A}")  # type: ignore[list-item]


def test_a_job_dsl_script_is_run_when_it_is_given() -> None:
    assert steps.job_dsl(script="job('a')").inline
    assert not steps.job_dsl("jobs/*.groovy", script="unused").inline
    assert steps.job_dsl(script="job('a')").arguments() == {"script": "job('a')"}


def test_system_groovy_is_boxed_unless_told_otherwise() -> None:
    assert steps.system_groovy("a").source.script.sandbox
    assert not steps.system_groovy("a", sandbox=False).source.script.sandbox
    assert steps.system_groovy("a", sandbox=False).arguments() == {"source": "a", "sandbox": False}


@pytest.mark.parametrize("make", [steps.ant, steps.maven, steps.nant, steps.grails, steps.phing])
def test_properties_of_build_tools_from_a_dict(make: Any) -> None:
    assert make("x", properties={"a": True, "b": 2}) == make("x", properties="a=true\nb=2")


def test_maven_settings_by_id() -> None:
    made = steps.maven("verify", settings="team", global_settings="all")
    assert made.settings == steps.maven_settings("team")
    assert made.global_settings == steps.maven_global_settings("all")


@pytest.mark.parametrize(
    ("java", "document", "layout"),
    [
        (
            steps.conditional,
            "<conditionalbuilders/>"
            "<runCondition class='org.jenkins_ci.plugins.run_condition.core.AlwaysRun'/>"
            "<runner class='org.jenkins_ci.plugins.run_condition.BuildStepRunner$Fail'/>",
            "jjb",
        ),
        (
            steps.ant,
            "<targets>a</targets><buildFile>b</buildFile><antName>c</antName><properties>d=1</properties>",
            "jjb",
        ),
        (
            steps.copy_artifacts,
            "<project>a</project><filter>b</filter><target/><flatten>true</flatten><optional>false</optional>"
            "<doNotFingerprintArtifacts>false</doNotFingerprintArtifacts><parameters/><exclude/>"
            "<resultVariableSuffix/><selector class='hudson.plugins.copyartifact.StatusBuildSelector'/>",
            "jjb",
        ),
        (
            steps.gradle,
            "<description/><switches/><tasks>a</tasks><rootBuildScriptDir/><buildFile/><gradleName>b</gradleName>"
            "<useWrapper>true</useWrapper><makeExecutable>false</makeExecutable>"
            "<fromRootBuildScriptDir>true</fromRootBuildScriptDir><useWorkspaceAsHome>false</useWorkspaceAsHome>"
            "<passAllAsProperties>false</passAllAsProperties>",
            "old",
        ),
    ],
)
def test_documents_of_other_tools_have_a_name(java: Any, document: str, layout: str) -> None:
    found = parse(f"<x>{document}</x>")
    made = reading.read_as(java, found)
    assert made.layout == layout
    assert tree(made).children == found.children
