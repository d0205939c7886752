"""Line ends and blanks around a description are no difference, with a marker below it or without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from settling import definition, settle

import jobdsl
from jobdsl.controller.jenkins import connect
from jobdsl.documents.compare import compare
from jobdsl.documents.marker import Marker
from jobdsl.documents.tree import parse
from jobdsl.testing import SimulatedJenkins

DESCRIPTIONS = [
    "Nightly build\n", "Nightly build\n\n\n", "\nNightly build", "\n\n\r\nNightly build\r\n\r\n", "a\rb", "a\r\nb\r\n",
    "a\r", "\r", "\n", "\r\n\r\n", " ", "  \n \t\n", "", "\ta\n b \n", "a\n\n\n\nb", "a\u2028", "a\x85\n", "a\x0b\n\x0c",
]  # fmt: skip


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as made:
        yield made


@pytest.mark.parametrize("text", DESCRIPTIONS, ids=ascii)
def test_every_kind_of_object_settles(jenkins: SimulatedJenkins, text: str) -> None:
    made = [
        jobdsl.folder("team", description=text),
        jobdsl.freestyle("job", description=text),
        jobdsl.pipeline("pipeline", description=text, script="echo 1"),
        jobdsl.matrix("matrix", description=text),
        jobdsl.multibranch("branches", description=text),
        jobdsl.list_view("view", description=text),
        jobdsl.list_view("team/view", description=text),
        jobdsl.freestyle("team/job", description=text, parameters=[jobdsl.params.string("P", description=text)]),
    ]  # fmt: skip
    settled = settle([definition(one) for one in made], jenkins)
    assert settled.problems == []
    assert settled.changes == []
    assert settled.drift == []


@pytest.mark.parametrize("text", DESCRIPTIONS, ids=ascii)
def test_a_description_saved_in_the_browser_is_no_drift(jenkins: SimulatedJenkins, text: str) -> None:
    """A form sends every line end as CR and LF, without those at the start."""
    job = definition(jobdsl.freestyle("job", description=text))
    settle([job], jenkins)
    controller = connect(jenkins.url, jenkins.user, jenkins.token)
    existing = controller.look("item", "job")
    assert existing is not None
    lines = re.sub("\r\n|[\r\n]", "\r\n", existing.description).lstrip("\r\n")
    controller.describe("item", "job", lines + "\r\n")
    existing = controller.look("item", "job")
    assert existing is not None
    assert Marker.find(existing.description) is not None
    settled = settle([job], jenkins)
    assert (settled.problems, settled.changes, settled.drift) == ([], [], [])


def test_other_words_are_drift() -> None:
    for one, other in (("a\n", "b\n"), ("a\n", "a\nb"), ("a", "a \nb"), ("a b", "ab")):
        desired = parse(f"<project><description>{one}</description></project>")
        stored = parse(f"<project><description>{other}</description></project>")
        assert len(compare(desired, stored).drift) == 1


@pytest.mark.parametrize("step", ["shell", "batch"])
@pytest.mark.parametrize("command", ["a\n", "a\r\nb\r\n", "a\nb\n\n", "\na", "a\rb", "a\u2028b"])
def test_line_ends_of_commands_are_the_controllers_business(
    jenkins: SimulatedJenkins, step: str, command: str
) -> None:
    made = jobdsl.freestyle("job", steps=[getattr(jobdsl.steps, step)(command)])
    assert settle([definition(made)], jenkins).is_settled
