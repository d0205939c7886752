"""Records of runs: what they say, that they are only appended to, and that no deploy fails for them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import cli, tags
from delivery.errors import SettingsError
from delivery.history import record as records
from delivery.history.record import GroupVersion, RunEvent, RunRecord, merged
from delivery.history.store import DynamoStore, SqliteStore, open_store
from delivery.provenance import RunOrigin
from delivery.settings import HistorySettings, LockSettings, load_settings, loads
from deploy_case import NEW, OLD, Case, cases, commands
from ec2_strict import Fault, KillError

pytestmark = pytest.mark.slow

BUILD = {
    "BUILD_USER_ID": "alice",
    "JOB_NAME": "shop/deploy",
    "BUILD_NUMBER": "12",
    "BUILD_URL": "https://jenkins.example.com/job/shop/job/deploy/12/",
}
Run = Callable[..., int]


@pytest.fixture
def one() -> Iterator[Case]:
    """A cluster whose runs are recorded, and an image whose tags say what is in it."""
    with cases() as make:
        case = make()
        case.settings = replace(case.settings, history=HistorySettings(), lock=LockSettings())
        written = tags.written(
            {"application": "shop", "version": "1.4", "release": "2", "commit": "0a1b2c3d"}
        )
        case.world.raw("ec2").create_tags(Resources=[case.image], Tags=written)
        yield case


@pytest.fixture
def run(one: Case, monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands(one, monkeypatch, BUILD, pause_seconds=60)


def recorded(one: Case, application: str = "") -> list[RunRecord]:
    """The runs of the cluster, the newest first."""
    one.strict.revive()
    store = open_store(one.world.aws, one.settings, one.world.clock)
    assert store is not None
    return [*merged(store.of_application(application) if application else store.of_cluster("shop"))]


def test_a_deploy_is_recorded_with_who_what_from_and_to(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image, "--change-request", "CHG12") == 0
    (record,) = recorded(one)
    assert (record.kind, record.outcome, record.cluster, record.application) == (
        "deploy",
        "deployed",
        "shop",
        "shop",
    )
    assert (record.account, record.region) == (one.world.aws.account, "eu-west-1")
    assert record.trigger == RunOrigin(
        deployer=one.world.aws.caller, jenkins_user="alice", job="shop/deploy", build="12",
        build_url=BUILD["BUILD_URL"], change_request="CHG12",
    )  # fmt: skip
    assert record.source == GroupVersion(group=OLD, image=one.old_image)
    assert record.target == GroupVersion(group=NEW, image=one.image, version="1.4-2")
    assert record.message == f"{NEW} (shop 1.4-2) is active"
    assert record.begun < record.ended
    assert {"check", "group", "healthy", "traffic"} <= {step["name"] for step in record.timeline}
    assert recorded(one, "shop") == [record]
    assert recorded(one, "cart") == []


def test_every_kind_of_run_is_recorded_in_order(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image, "--strategy", "canary") == 4
    assert run("promote") == 0
    assert run("rollback", "--reason", "too slow") == 0
    assert run("resume") == 0
    found = [
        (each.kind, each.outcome, each.source.group, each.target.group) for each in reversed(recorded(one))
    ]
    assert found == [
        ("deploy", "waiting", OLD, NEW),
        ("promote", "deployed", OLD, NEW),
        ("rollback", "rolled back", NEW, OLD),
        ("resume", "nothing to do", OLD, ""),
    ]
    assert recorded(one)[1].reason == "too slow (by alice)"


def test_a_deploy_that_fails_and_one_that_is_refused_are_recorded(one: Case, run: Run) -> None:
    one.strict.broken.add(one.image)
    assert run("deploy", "--image", one.image) == 3
    assert run("promote") == 2
    refused, failed = recorded(one)
    assert (failed.outcome, failed.source.group, failed.target.group) == ("rolled back", OLD, NEW)
    assert "healthy" in failed.reason
    assert (refused.kind, refused.outcome, refused.message) == (
        "promote",
        "refused",
        "no canary of shop waits",
    )


def test_records_are_appended_and_never_changed(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image) == 0
    said = [(name, given) for name, given in one.strict.calls if name.endswith("Item") and "Item" in given]
    assert [given["Item"]["kind"]["S"] for _, given in said] == ["begin", "begin", "end"]  # no table yet
    assert all(given["ConditionExpression"] == "attribute_not_exists(#at)" for _, given in said)
    (before,) = recorded(one)
    store = DynamoStore(one.world.aws, "delivery-history", one.world.clock)
    store.append(RunEvent("end", replace(before, outcome="forged")))
    assert recorded(one) == [before]


def history_calls(one: Case) -> list[int]:
    """Numbers of the calls that deal with the table of records."""
    return [
        number
        for number, (_, given) in enumerate(one.strict.calls)
        if given.get("TableName") == "delivery-history"
    ]


def operations_of_history(run: Run, one: Case) -> list[str]:
    assert run("deploy", "--image", one.image) == 0
    return [one.strict.calls[number][0] for number in history_calls(one)]


OPERATIONS = ["PutItem", "CreateTable", "DescribeTable", "PutItem", "Query", "PutItem"]


def test_these_calls_deal_with_records(one: Case, run: Run) -> None:
    assert operations_of_history(run, one) == OPERATIONS


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "InternalServerError", "ThrottlingException", "Strange"]
)
@pytest.mark.parametrize("place", range(len(OPERATIONS)))
def test_a_deploy_goes_on_whatever_happens_to_its_record(
    one: Case, run: Run, place: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def fail(model: Any, params: Any, **_: Any) -> Any:
        if "delivery-history" in str(params.get("body", "")):
            seen.append(model.name)
            if len(seen) > place:  # from here on nothing answers
                return _refusal(code)
        return None

    one.world.listen("dynamodb", "before-call", fail)
    assert run("deploy", "--image", one.image) == 0
    assert one.taking() == [NEW]
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning: " in line]
    assert 1 <= len(warnings) <= 2
    assert all("the run goes on (" in line for line in warnings)


def _refusal(code: str) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(status_code=400, headers={}, content=b""), {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }


def test_where_no_table_may_be_made_the_warning_says_how(
    one: Case, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    one.settings = replace(one.settings, lock=LockSettings("none"))
    one.strict.faults = [Fault("AccessDeniedException", operation="CreateTable", times=2)]
    assert run("deploy", "--image", one.image) == 0
    err = capsys.readouterr().err
    assert (
        "table 'delivery-history' for records of runs does not exist, and this caller may not create it"
        in err
    )
    assert '[history] table = "none"' in err


@pytest.mark.parametrize(
    "operation", ["CreateAutoScalingGroup", "AttachLoadBalancerTargetGroups", "CreateTags"]
)
def test_a_killed_deploy_is_closed_by_the_next_run_by_what_the_tags_say(
    one: Case, run: Run, operation: str
) -> None:
    one.strict.faults = [Fault(KillError(), "after", operation=operation)]
    with pytest.raises(KillError):
        run("deploy", "--image", one.image)
    (record,) = recorded(one)
    assert record.is_open
    assert run("resume") == 0
    resumed, killed = recorded(one)
    assert killed.id == record.id
    assert killed.outcome == "interrupted"
    assert killed.target == GroupVersion(group=NEW, image=one.image, version="1.4-2")
    over = operation == "CreateTags"  # which notes that the image ran, after the deploy is done
    way = (
        f"{NEW} is active"
        if over
        else f"the deploy of {NEW} is not over: delivery resume or delivery rollback"
    )
    assert killed.message == f"the run was killed; {way}"
    assert killed.ended >= resumed.begun
    assert resumed.outcome == ("nothing to do" if over else "deployed")


def test_a_deploy_that_is_killed_before_it_made_anything_says_so(one: Case, run: Run) -> None:
    one.strict.faults = [Fault(KillError(), "before", operation="CreateAutoScalingGroup")]
    with pytest.raises(KillError):
        run("deploy", "--image", one.image)
    assert run("deploy", "--image", one.image) == 0
    _, killed = recorded(one)
    assert (killed.outcome, killed.message) == ("interrupted", "the run was killed; it has made no group")
    assert killed.target == GroupVersion()


@pytest.mark.parametrize("place", range(len(OPERATIONS)))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_call_of_the_record_the_next_run_finds_its_way(
    one: Case, run: Run, place: int, when: Any
) -> None:
    calls: list[str] = []

    def kill(model: Any, context: Any, **_: Any) -> None:
        if context.get("said", {}).get("TableName") == "delivery-history":
            calls.append(model.name)
            if len(calls) == place + 1:
                one.strict.killed = KillError()
                raise one.strict.killed

    one.world.listen("dynamodb", f"{when}-call", kill)
    with pytest.raises(KillError):
        run("deploy", "--image", one.image)
    assert run("resume") == 0
    if one.taking() != [NEW]:
        assert run("deploy", "--image", one.image) == 0
    assert not any(each.is_open for each in recorded(one))


def test_a_rollback_that_takes_over_from_a_live_deploy_leaves_that_its_own_end(one: Case, run: Run) -> None:
    def take_over(operation: str) -> None:
        if operation == "CreateAutoScalingGroup":
            one.strict.watching.clear()
            assert cli.run(["rollback", "--cluster", "shop"]) == 0

    one.strict.watching.append(take_over)
    assert run("deploy", "--image", one.image) == 6
    rollback, deploy = sorted(recorded(one), key=lambda each: each.kind, reverse=True)
    assert rollback.outcome == "rolled back"
    assert deploy.outcome == "interrupted"
    assert "the lock of shop was lost" in deploy.message


def test_records_in_a_file_of_one_host(one: Case, run: Run, tmp_path: Path) -> None:
    (tmp_path / "delivery.toml").write_text('[history]\nfile = "history.db"\n')
    settings = load_settings(tmp_path / "delivery.toml")
    assert settings.history.file == str(tmp_path / "history.db")
    one.settings = replace(one.settings, history=settings.history)
    assert recorded(one) == []
    assert not (tmp_path / "history.db").exists()
    assert run("deploy", "--image", one.image) == 0
    assert run("rollback") == 0
    assert [each.outcome for each in recorded(one)] == ["rolled back", "deployed"]
    assert recorded(one, "shop") == recorded(one)
    assert not history_calls(one)
    (before, *_) = recorded(one)
    store = SqliteStore(tmp_path / "history.db", f"{one.world.aws.account_id}:eu-west-1:")
    store.append(RunEvent("end", replace(before, outcome="forged")))
    assert recorded(one)[0] == before


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20, None])
def test_a_file_that_cannot_be_written_ends_no_deploy(
    one: Case, run: Run, tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ("history.db" if content else "absent/history.db")
    if content:
        file.write_bytes(content)
    one.settings = replace(one.settings, history=HistorySettings(file=str(file)))
    assert run("deploy", "--image", one.image) == 0
    assert f"warning: the begin of this run could not be recorded: {file}: " in capsys.readouterr().err


def test_none_does_without(one: Case, run: Run) -> None:
    one.settings = replace(one.settings, history=HistorySettings(table="none"))
    assert run("deploy", "--image", one.image) == 0
    assert not history_calls(one)
    assert open_store(one.world.aws, one.settings, one.world.clock) is None


def test_settings_take_a_table_or_a_file() -> None:
    assert loads('[history]\ntable = "x"').history.table == "x"
    with pytest.raises(SettingsError) as caught:
        loads('[history]\ntable = "x"\nfile = "y"\n')
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.message) == ("delivery.toml:3", "history has table and file")


TEXT = st.text(max_size=20)
VERSIONS = st.builds(GroupVersion, group=TEXT, image=TEXT, version=TEXT)
NAMES = st.text(min_size=1, max_size=10)
STEPS = st.lists(st.fixed_dictionaries({"name": TEXT, "seconds": st.floats(0, 9)}), max_size=3)
RECORDS = st.builds(
    RunRecord, id=NAMES, kind=NAMES, application=NAMES, cluster=NAMES, account=NAMES, region=NAMES, begun=NAMES,
    ended=TEXT, trigger=st.builds(RunOrigin, deployer=TEXT, jenkins_user=TEXT, job=TEXT, build=TEXT, build_url=TEXT,
    change_request=TEXT), source=VERSIONS, target=VERSIONS, outcome=NAMES, message=TEXT, reason=TEXT,
    evidence=st.dictionaries(TEXT, TEXT, max_size=2), timeline=STEPS.map(tuple),
)  # fmt: skip


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(record: RunRecord) -> None:
    assert records.loads("end", records.dumps(record)) == RunEvent("end", record)


def test_what_is_too_long_loses_notes_before_steps() -> None:
    step = {"name": "healthy", "text": "x", "notes": [{"after": 1, "text": "y" * 1000}] * 300}
    plain = RunRecord(id="r", kind="deploy", application="a", cluster="a", account="t", region="r", begun="b")
    text = records.dumps(replace(plain, timeline=(step,), message="short"))
    assert len(text) < 1000
    assert json.loads(text)["timeline"] == [{"name": "healthy", "text": "x"}]
    huge = replace(plain, evidence={"console_output": {"i-1": "z" * 900_000}}, message="m" * 9000)
    assert len(records.dumps(huge)) < 10_000


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 1}', "null", "{"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        records.loads("end", text)


def test_rows_of_others_are_left_out(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "h.db", "")
    record = RunRecord(
        id="r", kind="deploy", application="a", cluster="a", account="t", region="r", begun="b"
    )
    store.append(RunEvent("begin", record))
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection, connection:
        connection.execute("insert into events values ('a', 'z', 'a', 'end', '[]')")
    assert [*store.of_cluster("a")] == [RunEvent("begin", record)]


def test_the_later_event_of_a_run_wins_in_any_order() -> None:
    record = RunRecord(
        id="r", kind="deploy", application="a", cluster="a", account="t", region="r", begun="b"
    )
    begin, close, end = (RunEvent(kind, replace(record, outcome=kind)) for kind in ("begin", "close", "end"))
    for events in ([begin, close, end], [end, close, begin], [close, end, begin]):
        assert [each.outcome for each in merged(events)] == ["end"]
    assert [each.outcome for each in merged([close, begin])] == ["close"]
