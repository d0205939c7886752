"""Triggers: schedules are checked, intervals are words, old layouts are typed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl import triggers
from jobdsl.documents.tree import parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def read(xml: str) -> Any:
    return reading.read_element(parse(xml))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: triggers.cron("61 * * * *"), "triggers.cron: spec is wrong: minute: 61 is outside 0-59"),
        (lambda: triggers.cron("H * * *"), "4 fields, not the five"),
        (lambda: triggers.cron("H 4 * * *\nH 25 * * *"), "line 2, column 3: hour: 25 is outside 0-23"),
        (lambda: triggers.cron("@dayly"), 'did you mean "@daily"?'),
        (lambda: triggers.cron(), "spec must be given"),  # type: ignore[call-arg]
        (lambda: triggers.cron(4), "spec takes text"),  # type: ignore[arg-type]
        (lambda: triggers.poll_scm("TZ=Mars/Phobos\nH 4 * * *"), "knows no time zone"),
        (lambda: triggers.parameterized_cron("99 4 * * * % A=1"), "minute: 99 is outside"),
        (lambda: triggers.parameterized_cron("H 4 * * * % A=1;B"), "'B' is not NAME=value"),
        (lambda: triggers.ghprb(cron="nightly"), "triggers.ghprb: cron is wrong"),
        (lambda: triggers.periodic_folder("2w"), "takes a time from 1m to 30d"),
        (lambda: triggers.periodic_folder("31d"), "takes a time from 1m to 30d"),
        (lambda: triggers.periodic_folder(4), "takes a time such as '4h'"),  # type: ignore[arg-type]
        (lambda: triggers.upstream(4), "projects takes text"),
        (lambda: triggers.upstream("a", threshold="OK"), "one of: SUCCESS"),
        (lambda: triggers.gerrit(["app"]), "takes a part of an element"),  # type: ignore[list-item]
        (lambda: triggers.gerrit([], events=[triggers.cron("@daily")]), "takes an event of Gerrit"),  # type: ignore[list-item]
        (lambda: triggers.gitlab(filter="Regex"), "RegexBasedFilter"),
    ],
)
def test_a_wrong_call_says_what_and_the_way_out(wrong: Any, said: str) -> None:
    with pytest.raises(DslError) as caught:
        wrong()
    assert said in f"{caught.value} {caught.value.hint}"


def test_a_schedule_jenkins_would_refuse_is_still_read() -> None:
    xml = "<hudson.triggers.TimerTrigger><spec>H * * *</spec></hudson.triggers.TimerTrigger>"
    assert parse(read(xml).write("")) == parse(xml)
    polled = xml.replace("TimerTrigger", "SCMTrigger")
    assert parse(read(polled).write("")) == parse(polled)


def test_several_schedules_zones_and_comments_are_one_text() -> None:
    spec = "TZ=Europe/Berlin\n# nightly\nH 4 * * 1-5\n@weekly"
    assert triggers.cron(spec).spec == spec


@given(st.integers(1, 30 * 24 * 60))
def test_an_interval_comes_back_as_the_largest_unit(minutes: int) -> None:
    one = triggers.periodic_folder(f"{minutes}m")
    found = read(one.write(""))
    assert (found.layout, found.extra, found.schedule) == (None, None, None)
    assert found.write("") == one.write("")
    if minutes % 1440 == 0:
        assert found.interval == f"{minutes // 1440}d"


def test_an_interval_no_word_says_is_kept() -> None:
    xml = triggers.periodic_folder("1d").write("").replace("86400000", "90500")
    found = read(xml)
    assert found.extra == {"interval": "90500"}
    assert parse(found.write("")) == parse(xml)


def test_a_folder_trigger_of_an_old_plugin_keeps_its_schedule() -> None:
    xml = triggers.periodic_folder("12h").write("").replace("H H/4 * * *", "H/12 * * * *")
    found = read(xml)
    assert found == triggers.periodic_folder("12h", schedule="H/12 * * * *")
    assert found.but(interval="1d").schedule == "H/12 * * * *"


def test_upstream_takes_a_list() -> None:
    assert triggers.upstream(["a", "b"]) == triggers.upstream("a, b")


def test_patterns_with_a_star_are_compared_as_ant_does() -> None:
    project = triggers.gerrit_project("app", branches=["main", "release-*"], files=["src/**"])
    assert [one.compare for one in project.branches] == ["PLAIN", "ANT"]
    assert [one.compare for one in project.files] == ["ANT"]


def test_messages_are_pairs() -> None:
    status = triggers.ghprb_status("ci", completed=[("SUCCESS", "good"), ("FAILURE", "bad")])
    assert [(one.result, one.message) for one in status.completed] == [
        ("SUCCESS", "good"),
        ("FAILURE", "bad"),
    ]


def reordered(value: Any, layout: str) -> str:
    """The element as another tool writes it."""
    return str(value.but(layout=layout).write(""))


@pytest.mark.parametrize(
    "value",
    [
        triggers.ghprb(admins="alice", extensions=[triggers.ghprb_cancel_on_update()]),
        triggers.gerrit([triggers.gerrit_project("app", branches=["main"])], failed_verified=-1),
        triggers.gitlab(on_push=False),
        triggers.folder_content("/srv", spec="@daily"),
        triggers.script("true", spec="@daily"),
        triggers.groovy_script("true", spec="@daily"),
    ],
)
def test_the_layout_of_jenkins_job_builder_has_a_name(value: Any) -> None:
    xml = reordered(value, "jjb")
    assert xml != value.write("")
    found = read(xml)
    assert (found.layout, found.extra) == ("jjb", None)
    assert parse(found.write("")) == parse(xml)


def test_tokens_are_secrets() -> None:
    for cls in (triggers.gitlab, triggers.generic_webhook, triggers.folder_webhook, triggers.rabbitmq):
        assert cls._fields["token"].kind == "secret"
