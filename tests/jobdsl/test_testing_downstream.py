"""What builds of the simulated controller start when they are over, and what they copy from others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from jobdsl import freestyle, misc, params, publish, steps
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build

NUMBER = params.string("NUMBER", "none")


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True) as running:
        yield running


def add(jenkins: SimulatedJenkins, folder: str, *jobs: freestyle) -> None:
    for job in jobs:
        jenkins.create_item(f"{folder}{job.name}", job.xml)


def first(jenkins: SimulatedJenkins, name: str) -> Build:
    jenkins.build(name)
    return jenkins.wait_for_build(name)


def test_parameters_are_handed_on(jenkins: SimulatedJenkins) -> None:
    handed = [
        misc.predefined("NUMBER=$BUILD_NUMBER\nUNKNOWN=x"),
        misc.parameters_file("out.properties", fail_if_missing=True),
    ]
    first_job = freestyle(
        "first",
        steps=[steps.shell("printf '# made here\\nIMAGE=ami-1\\n' >out.properties")],
        publishers=[publish.trigger("second, ../top", parameters=handed)],
    )
    second = freestyle(
        "second",
        parameters=[NUMBER, params.string("IMAGE")],
        steps=[steps.shell('echo "got $NUMBER $IMAGE ${UNKNOWN-nothing}"')],
    )
    add(jenkins, "a/", first_job, second)
    add(jenkins, "", freestyle("top", steps=[steps.shell("true")]))
    assert "Triggering a new build of a/second" in first(jenkins, "a/first").console
    done = jenkins.wait_for_build("a/second")
    assert "got 1 ami-1 nothing" in done.console
    assert 'Started by upstream project "a/first" build number 1' in done.console
    assert jenkins.wait_for_build("top").result == "SUCCESS"
    url = f"{jenkins.url}/job/a/job/second/1/api/json?tree=actions[causes[upstreamProject,upstreamBuild]]"
    told = requests.get(url, auth=(jenkins.user, jenkins.token), timeout=10).json()
    assert {"upstreamProject": "a/first", "upstreamBuild": 1} in [
        {key: cause[key] for key in cause if key != "_class"}
        for action in told["actions"]
        for cause in action.get("causes", [])
    ]


@pytest.mark.parametrize(
    ("command", "condition", "starts"),
    [
        ("true", "SUCCESS", True),
        ("exit 1", "SUCCESS", False),
        ("exit 3", "SUCCESS", False),
        ("exit 3", "UNSTABLE_OR_BETTER", True),
        ("exit 3", "UNSTABLE", True),
        ("exit 1", "UNSTABLE_OR_WORSE", True),
        ("exit 1", "FAILED", True),
        ("exit 1", "FAILED_OR_BETTER", True),
        ("true", "FAILED", False),
        ("exit 1", "ALWAYS", True),
        ("true", "ABORTED", False),
    ],
)
def test_a_condition_decides(
    command: str, condition: str, *, starts: bool, jenkins: SimulatedJenkins
) -> None:
    chain = publish.trigger("next", when=condition, parameters={"NUMBER": "$BUILD_NUMBER"})
    add(
        jenkins,
        "",
        freestyle("one", steps=[steps.shell(command, unstable_return=3)], publishers=[chain]),
        freestyle("next", parameters=[NUMBER], steps=[steps.shell("true")]),
    )
    assert ("Triggering a new build of next" in first(jenkins, "one").console) is starts


def test_a_file_that_is_missing_triggers_nothing(jenkins: SimulatedJenkins) -> None:
    file = misc.parameters_file("out.properties", fail_if_missing=True)
    add(
        jenkins,
        "",
        freestyle(
            "one", steps=[steps.shell("true")], publishers=[publish.trigger("next", parameters=[file])]
        ),
        freestyle("next", steps=[steps.shell("true")]),
    )
    assert "the properties file out.properties did not exist" in first(jenkins, "one").console
    assert jenkins.builds("next") == []


def test_plain_triggers_know_a_threshold_and_who_is_there(jenkins: SimulatedJenkins) -> None:
    add(
        jenkins,
        "",
        freestyle(
            "one",
            steps=[steps.shell("exit 3", unstable_return=3)],
            publishers=[publish.downstream("next, gone", threshold="UNSTABLE")],
        ),
        freestyle("two", steps=[steps.shell("exit 1")], publishers=[publish.downstream("next")]),
        freestyle("next", steps=[steps.shell("true")]),
    )
    console = first(jenkins, "one").console
    assert "Triggering a new build of next" in console
    assert "gone is not there" in console
    assert "Triggering" not in first(jenkins, "two").console


MADE = freestyle(
    "made",
    parameters=[params.string("RESULT", "0")],
    steps=[
        steps.shell(
            "mkdir -p dist/deep; echo $BUILD_NUMBER >dist/a.txt; echo b >dist/deep/b.txt; exit $RESULT"
        )
    ],
    publishers=[publish.archive("dist/**")],
)


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        (steps.copy_artifacts("made", "dist/*.txt", to="got"), ["got/dist/a.txt"]),
        (steps.copy_artifacts("made", "**/*.txt", to="got", flatten=True), ["got/a.txt", "got/b.txt"]),
        (steps.copy_artifacts("made", "dist/", excludes="**/b.txt", to="got"), ["got/dist/a.txt"]),
        (steps.copy_artifacts("made", to="got/$BUILD_NUMBER", flatten=True), ["got/1/a.txt", "got/1/b.txt"]),
        (steps.copy_artifacts("made", "*.none", optional=True, to="got"), []),
        (steps.copy_artifacts("gone", optional=True, to="got"), []),
    ],
)
def test_artifacts_are_copied(jenkins: SimulatedJenkins, copy: object, expected: list[str]) -> None:
    look = steps.shell("mkdir -p got; find got -type f | sort | sed 's/^/found /'")
    add(jenkins, "", MADE, freestyle("user", steps=[copy, look]))  # type: ignore[list-item]
    assert first(jenkins, "made").result == "SUCCESS"
    done = first(jenkins, "user")
    assert done.result == "SUCCESS", done.console
    assert [line[6:] for line in done.console.splitlines() if line.startswith("found ")] == expected


@pytest.mark.parametrize(
    ("build", "number"),
    [
        (steps.built_successfully(), "1"),
        (steps.built_last(), "2"),
        (steps.built_permalink("lastFailedBuild"), "2"),
        (steps.built_number("${WHICH}"), "1"),
        (steps.built_number("${PERMALINK}"), "1"),
    ],
)
def test_a_selector_says_which_build(jenkins: SimulatedJenkins, build: object, number: str) -> None:
    user = freestyle(
        "user",
        parameters=[params.string("WHICH", "1"), params.string("PERMALINK", "lastSuccessfulBuild")],
        steps=[
            steps.copy_artifacts("made", "dist/a.txt", flatten=True, build=build, result_suffix="MADE"),  # type: ignore[arg-type]
            steps.shell('echo "copied $(cat a.txt) $COPYARTIFACT_BUILD_NUMBER_MADE"'),
        ],
    )
    add(jenkins, "", MADE, user)
    assert first(jenkins, "made").result == "SUCCESS"
    url = f"{jenkins.url}/job/made/buildWithParameters?delay=0sec"
    requests.post(url, {"RESULT": "1"}, auth=(jenkins.user, jenkins.token), timeout=10)
    assert jenkins.wait_for_build("made", 2).result == "FAILURE"
    jenkins.build("user")
    assert f"copied {number} {number}" in jenkins.wait_for_build("user").console


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (steps.copy_artifacts("gone"), "Unable to find project for artifact copy from: gone"),
        (steps.copy_artifacts("made"), "Unable to find a build for artifact copy from: made"),
        (steps.copy_artifacts("made", build=steps.built_saved()), "are not chosen by SavedBuildSelector"),
    ],
)
def test_what_cannot_be_copied_fails_the_build(jenkins: SimulatedJenkins, copy: object, said: str) -> None:
    add(jenkins, "", MADE, freestyle("user", steps=[copy, steps.shell("echo went on")]))  # type: ignore[list-item]
    done = first(jenkins, "user")
    assert done.result == "FAILURE"
    assert said in done.console
    assert "went on" not in done.console
