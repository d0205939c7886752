"""Publishers: short forms, what old plugins wrote, and wrong arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl import freestyle, misc, publish, steps
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.elements.holders import Holder
from jobdsl.errors import DslError


def tree(value: Any) -> Node:
    return parse(value.write("\n"))


def texts(value: Any, tag: str) -> list[str]:
    return [node.text for node in tree(value).walk() if node.tag == tag]


def test_direct_arguments_are_those_of_the_one_part_held() -> None:
    short = publish.html("Coverage", "build/coverage", keep_all=True)
    assert short == publish.html(reports=[publish.html_report("Coverage", "build/coverage", keep_all=True)])
    assert isinstance(short, Holder)
    assert short.arguments() == {"name": "Coverage", "dir": "build/coverage", "keep_all": True}


def test_several_parts_stay_parts() -> None:
    both = [publish.html_report("A", "a"), publish.html_report("B", "b")]
    assert publish.html(reports=both).arguments() == {"reports": tuple(both)}


def test_direct_arguments_come_before_the_parts_given() -> None:
    made = publish.html("A", "a", reports=[publish.html_report("B", "b")])
    assert texts(made, "reportName") == ["A", "B"]


def test_a_part_with_something_unusual_is_shown_as_a_part() -> None:
    odd = publish.html_report("A", "a", extra={"future": "1"})
    assert "reports" in publish.html(reports=[odd]).arguments()


def test_an_argument_may_reach_through_several_levels() -> None:
    made = publish.ssh("web1", "dist/**", to="/srv", run="restart")
    assert texts(made, "configName") == ["web1"]
    assert texts(made, "execCommand") == ["restart"]
    changed = made.but(to="/opt", server="web2")
    assert changed == publish.ssh("web2", "dist/**", to="/opt", run="restart")


def test_a_wrong_argument_of_a_part_is_told() -> None:
    with pytest.raises(DslError, match=r"publish\.html_report: keep_all takes True or False"):
        publish.html("A", "a", keep_all="yes")  # type: ignore[arg-type]
    with pytest.raises(DslError, match=r"publish\.html has no argument 'keepall'"):
        publish.html("A", "a", keepall=True)  # type: ignore[call-arg]


def test_jobs_may_be_named_by_their_definitions() -> None:
    deploy = freestyle("deploy")
    assert texts(publish.downstream([deploy, "report"]), "childProjects") == ["/deploy, report"]
    assert texts(publish.trigger(deploy), "projects") == ["/deploy"]
    with pytest.raises(DslError, match="jobs takes text"):
        publish.downstream([3])  # type: ignore[list-item]


def test_parameters_from_a_dict_text_or_parts() -> None:
    lines = publish.trigger("a", parameters="A=true\nB=2")
    assert publish.trigger("a", parameters={"A": True, "B": 2}) == lines
    assert publish.trigger("a", parameters=[misc.predefined("A=true\nB=2")]) == lines


def test_mail_by_short_words() -> None:
    made = publish.email_ext("a@example.com", on=["failure", publish.on_fixed(to=["developers", "list"])])
    assert made.on == (
        publish.on_failure(),
        publish.on_fixed(to=[publish.to_developers(), publish.to_list()]),
    )


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: publish.email_ext(on=["fialure"]), 'did you mean "failure"?'),
        (lambda: publish.on_failure(to=["developer"]), 'did you mean "developers"?'),
        (lambda: publish.issues(["chekstyle"]), 'did you mean "checkstyle"?'),
        (lambda: publish.email_ext(on=["named"]), ""),
    ],
)
def test_a_word_nobody_knows(call: Any, hint: str) -> None:
    with pytest.raises(DslError, match="does not know") as caught:
        call()
    assert hint in caught.value.hint


def test_steps_after_the_build() -> None:
    made = publish.post_build_script([steps.shell("./report.sh")], results=["FAILURE"], role="SLAVE")
    inner = publish.after_step([steps.shell("./report.sh")], results=["FAILURE"], role="SLAVE")
    assert made == publish.post_build_script([inner])
    assert set(made.arguments()) == {"steps", "results", "role"}
    assert publish.post_build_script([steps.shell("a")]) == publish.post_build_script(
        [publish.after_step([steps.shell("a")])]
    )


def test_the_flat_form_of_old_post_build_scripts() -> None:
    found = parse(
        "<org.jenkinsci.plugins.postbuildscript.PostBuildScript><genericScriptFileList>"
        "<org.jenkinsci.plugins.postbuildscript.GenericScript><filePath>/opt/a.sh</filePath>"
        "</org.jenkinsci.plugins.postbuildscript.GenericScript></genericScriptFileList>"
        "<scriptOnlyIfFailure>true</scriptOnlyIfFailure>"
        "</org.jenkinsci.plugins.postbuildscript.PostBuildScript>"
    )
    made = reading.read_element(found)
    assert isinstance(made, publish.post_build_script)
    assert made.layout is None
    assert tree(made) == found


def test_other_layouts_have_names() -> None:
    old = parse(
        "<hudson.tasks.ArtifactArchiver><artifacts>a</artifacts><allowEmptyArchive>false</allowEmptyArchive>"
        "<onlyIfSuccessful>false</onlyIfSuccessful><fingerprint>false</fingerprint>"
        "<defaultExcludes>true</defaultExcludes><caseSensitive>true</caseSensitive>"
        "</hudson.tasks.ArtifactArchiver>"
    )
    assert reading.read_element(old) == publish.archive("a", layout="old")
    assert tree(publish.archive("a", layout="old")) == old


def test_a_missing_threshold_is_none() -> None:
    found = parse("<hudson.tasks.BuildTrigger><childProjects>a</childProjects></hudson.tasks.BuildTrigger>")
    assert reading.read_element(found) == publish.downstream("a", threshold=None)


PER_CENT = st.integers(0, 100) | st.integers(0, 10_000_000).map(lambda units: units / 100_000)
METRICS = st.sampled_from(["PACKAGES", "FILES", "CLASSES", "METHOD", "LINE", "CONDITIONAL"])


@given(st.dictionaries(METRICS, PER_CENT))
def test_coverage_targets_are_per_cent(targets: dict[str, float]) -> None:
    made = publish.cobertura(healthy=targets)
    again = reading.read_element(tree(made))
    assert again == made
    assert dict(again.healthy) == targets


@pytest.mark.parametrize("wrong", [{"LINES": 80}, {"LINE": 101}, {"LINE": "80"}, 80, {"LINE": True}])
def test_coverage_targets_that_cannot_be(wrong: Any) -> None:
    with pytest.raises(DslError, match=r"publish\.cobertura: healthy"):
        publish.cobertura(healthy=wrong)


def test_violations_are_kept_by_their_type() -> None:
    kinds = [publish.violation_type("pep8", min=0), publish.violation_type("cpd")]
    made = publish.violations(publish.violations_config(types=kinds))
    assert texts(made, "string") == ["pep8", "cpd"]
    assert reading.read_element(tree(made)) == made
    with pytest.raises(DslError, match="violation_type"):
        publish.violations_config(types=["pep8"])


def test_a_map_whose_keys_are_not_the_types_stays_as_it_is() -> None:
    made = tree(publish.violations(publish.violations_config(types=[publish.violation_type("pep8")])))
    key = next(node for node in made.walk() if node.tag == "string")
    key.text = "other"
    again = reading.read_element(made)
    assert tree(again) == made


def test_what_belongs_elsewhere_is_refused() -> None:
    with pytest.raises(DslError, match=r"takes a publisher \(publish\.\*\), not steps\.shell"):
        freestyle("a", publishers=[steps.shell("make")])  # type: ignore[list-item]
