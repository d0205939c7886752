"""Wrappers: timeouts in a word, credentials by id, variables."""

from __future__ import annotations

from typing import Any

import pytest

from jobdsl import misc, steps, wrappers
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def tree(value: Any) -> Node:
    return parse(value.write("\n"))


def test_a_timeout_in_minutes() -> None:
    made = wrappers.timeout(minutes=30)
    assert made == wrappers.timeout(30)
    assert made.strategy == wrappers.after_minutes(30)
    assert made.then == (wrappers.abort_build(),)
    assert made.arguments() == {"minutes": 30}


def test_a_timeout_without_activity() -> None:
    made = wrappers.timeout(idle_seconds=600, then=["fail", wrappers.describe_build("silent")])
    assert made.strategy == wrappers.no_activity(600)
    assert made.then == (wrappers.fail_build(), wrappers.describe_build("silent"))
    assert made.arguments()["idle_seconds"] == 600


def test_a_timeout_has_one_rule() -> None:
    with pytest.raises(DslError, match="minutes and idle_seconds exclude each other"):
        wrappers.timeout(minutes=3, idle_seconds=3)
    with pytest.raises(DslError, match="minutes and strategy exclude each other"):
        wrappers.timeout(3, strategy=wrappers.likely_stuck())
    with pytest.raises(DslError, match="strategy must be given"):
        wrappers.timeout()


def test_what_happens_is_said_in_a_word() -> None:
    assert wrappers.timeout(3, then="restart").then == (wrappers.abort_and_restart(),)
    with pytest.raises(DslError) as caught:
        wrappers.timeout(3, then="abrt")
    assert 'did you mean "abort"?' in str(caught.value.hint)


def test_a_timeout_takes_a_variable() -> None:
    assert wrappers.timeout("${MINUTES}").strategy.minutes == "${MINUTES}"
    with pytest.raises(DslError, match="whole number"):
        wrappers.timeout("soon")


ARRAY = """<hudson.plugins.build__timeout.BuildTimeoutWrapper>
  <strategy class="hudson.plugins.build_timeout.impl.AbsoluteTimeOutStrategy">
    <timeoutMinutes>30</timeoutMinutes>
  </strategy>
  <operationList class="java.util.Arrays$ArrayList">
    <a class="hudson.plugins.build_timeout.BuildTimeOutOperation-array">
      <hudson.plugins.build__timeout.operations.FailOperation/>
    </a>
  </operationList>
</hudson.plugins.build__timeout.BuildTimeoutWrapper>"""


def test_operations_in_a_java_array_stay_there() -> None:
    found = parse(ARRAY)
    made = reading.read_element(found)
    assert made.then == (wrappers.fail_build(),)
    assert tree(made) == found
    emptied = tree(made.but(then=()))
    assert emptied.find("operationList") is not None
    assert reading.read_element(emptied).then == ()


def test_an_array_of_something_else_is_kept_as_it_is() -> None:
    found = parse(ARRAY.replace("BuildTimeOutOperation-array", "Other-array"))
    assert tree(reading.read_element(found)) == found


def test_secret_texts_by_variable() -> None:
    assert wrappers.credentials({"TOKEN": "deploy"}) == wrappers.credentials(
        [wrappers.secret("deploy", "TOKEN")]
    )
    assert wrappers.credentials(wrappers.secret("deploy", "TOKEN")).bindings[0].variable == "TOKEN"


def test_a_binding_is_wanted() -> None:
    with pytest.raises(DslError, match="credentials binding"):
        wrappers.credentials([wrappers.timestamps()])  # type: ignore[list-item]


@pytest.mark.parametrize("kind", [wrappers.secret, wrappers.secret_file, wrappers.secret_zip])
def test_bindings_of_other_tools_come_in_another_order(kind: Any) -> None:
    found = parse("<x><variable>A</variable><credentialsId>b</credentialsId></x>")
    made = reading.read_as(kind, found)
    assert made.layout == "jjb"
    assert (made.credentials, made.variable) == ("b", "A")


def test_one_key_or_several() -> None:
    assert wrappers.ssh_agent("deploy") == wrappers.ssh_agent(["deploy"])


def test_variables_are_said_in_one_place() -> None:
    direct = wrappers.inject_env({"A": 1}, file="env.properties")
    assert direct == wrappers.inject_env(info=misc.job_env_info("A=1", file="env.properties"))
    assert direct.arguments() == {"properties": "A=1", "file": "env.properties"}


def test_groovy_for_variables_is_boxed() -> None:
    assert wrappers.inject_env(groovy="return [:]").info.groovy.sandbox


def test_a_step_before_the_sources() -> None:
    with pytest.raises(DslError, match="build step"):
        wrappers.pre_scm_steps([wrappers.timestamps()])  # type: ignore[list-item]
    assert wrappers.pre_scm_steps([steps.shell("df")]).steps == (steps.shell("df"),)
