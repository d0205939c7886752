"""Live documents beside their definitions: what somebody changed, and how documents would change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from jobdsl.applying.apply import apply
from jobdsl.cli.main import run
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.controller.stored import fetch, fetch_missing
from jobdsl.errors import ControllerError, Where
from jobdsl.model import Definition, Estate
from jobdsl.planning.inventory import Inventory, Key
from jobdsl.planning.plan import Plan, plan
from jobdsl.planning.refresh import DIFFS, diff, diffs, drift, owned, shown
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.users import READER

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def job(name: str, command: str, renamed_from: str = "") -> Definition:
    step = f"<hudson.tasks.Shell>\n      <command>{command}</command>\n    </hudson.tasks.Shell>"
    body = f"<project>\n  <disabled>false</disabled>\n  <builders>\n    {step}\n  </builders>\n</project>\n"
    return Definition(name, "project", HEADER + body, Where("jobs.py", 1), renamed_from=renamed_from)


ONE, TWO = job("one", "make"), job("two", "make")


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        yield simulated


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    controller = connect(jenkins.url, jenkins.user, jenkins.token)
    apply(planned(controller, ONE, TWO), controller)
    return controller


def planned(controller: Controller, *definitions: Definition, **found: dict[Key, str]) -> Plan:
    return plan(Estate(definitions), controller.inventory(), "main", **found)  # type: ignore[arg-type]


def shown_diffs(
    made: Plan, controller: Controller, limit: int = DIFFS, known: Mapping[Key, bytes] | None = None
) -> dict[Key, list[str]]:
    return diffs(made, fetch_missing(controller, shown(made, limit), known or {}), limit)


def changed(controller: Controller, *definitions: Definition) -> dict[Key, str]:
    keys = owned(definitions, controller.inventory(), "main")
    return drift(definitions, fetch(controller, keys, workers=2))


def test_what_jenkins_made_of_a_document_is_no_drift(controller: Controller) -> None:
    assert changed(controller, ONE, TWO) == {}


def test_what_somebody_changed_is_put_right(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.update_item("one", jenkins.config("one").replace("make", "rm -rf /").encode())
    controller.disable("two")
    found = changed(controller, ONE, TWO)
    assert found == {
        ("item", "one"): 'changed in Jenkins: hudson.tasks.Shell command: "make" became "rm -rf /"',
        ("item", "two"): 'changed in Jenkins: project disabled: "false" became "true"',
    }
    made = planned(controller, ONE, TWO, drift=found)
    assert [change.full_name for change in made.changes] == ["one", "two"]
    assert apply(made, controller).ok
    assert changed(controller, ONE, TWO) == {}


def test_only_what_the_digest_does_not_tell_is_fetched(controller: Controller) -> None:
    live = controller.inventory()
    assert owned([ONE, job("two", "new"), job("three", "make")], live, "main") == [("item", "one")]
    assert owned([ONE], live, "other") == []
    assert owned([ONE], Inventory.of([]), "main") == []


def test_differences_show_what_would_really_change(controller: Controller) -> None:
    made = planned(controller, job("one", "make all"), TWO)
    assert shown_diffs(made, controller)["item", "one"] == [
        "--- one (now)",
        "+++ one (planned)",
        "@@ -2,7 +2,7 @@",
        "   <disabled>false</disabled>",
        "   <builders>",
        "     <hudson.tasks.Shell>",
        "-      <command>make</command>",
        "+      <command>make all</command>",
        "     </hudson.tasks.Shell>",
        "   </builders>",
        " </project>",
    ]


def test_differences_are_bounded_and_reuse_what_is_known(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    made = planned(controller, job("one", "a"), job("two", "b"))
    known = fetch(controller, [("item", "one")])
    jenkins.requests.clear()
    assert list(shown_diffs(made, controller, limit=1, known=known)) == [("item", "one")]
    assert len(jenkins.requests) == 0
    assert len(shown_diffs(made, controller, known=known)) == 2
    assert len(jenkins.requests) == 1


def test_a_moved_job_is_compared_with_what_it_was(controller: Controller) -> None:
    made = planned(controller, job("new", "make it", renamed_from="one"), TWO)
    lines = shown_diffs(made, controller)["item", "new"]
    assert "-      <command>make</command>" in lines


def test_what_moves_along_is_compared_with_what_it_was(
    jenkins: SimulatedJenkins, controller: Controller
) -> None:
    root = "com.cloudbees.hudson.plugins.folder.Folder"
    old, new = (
        Definition(name, root, f"<{root}/>\n", Where("j", 1), renamed_from=former)
        for name, former in (("a", ""), ("c", "a"))
    )
    assert apply(planned(controller, ONE, TWO, old, job("a/x", "make")), controller).ok
    made = planned(controller, ONE, TWO, new, job("c/x", "make it"))
    assert "-      <command>make</command>" in shown_diffs(made, controller)["item", "c/x"]


def test_secrets_do_not_show(controller: Controller) -> None:
    change = planned(controller, job("one", "x")).changes[0]
    stored = b"<project><builders/><apiToken>s3cret</apiToken></project>"
    assert "s3cret" not in "\n".join(diff(change, stored))


def test_what_a_secret_is_now_does_not_show_either(controller: Controller) -> None:
    change = planned(controller, job("one", "curl -u a:${jobdsl:secret:db} x")).changes[0]
    stored = job("one", "curl -u a:hunter2 y").document.encode()
    assert "hunter2" not in "\n".join(diff(change, stored, {"db": "hunter2"}))


def test_what_is_gone_or_broken(controller: Controller) -> None:
    change = planned(controller, job("one", "x")).changes[0]
    assert diff(change, None) == []
    assert diff(change, b"<project") == ["(what is stored cannot be read as XML)"]
    assert fetch(controller, [("item", "none")]) == {}
    assert drift([ONE], {("item", "one"): b"<project"}) == {}


def test_who_may_not_read_documents_may_plan(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.add_user("reader", token="r", permissions=READER)
    reader = connect(jenkins.url, "reader", "r")
    made = planned(reader, job("one", "make all"), TWO)
    assert [change.full_name for change in made.changes] == ["one"]
    assert shown_diffs(made, reader) == {}
    with pytest.raises(ControllerError, match="may not do that"):
        fetch(reader, [ONE.key])


def test_a_refresh_goes_on_past_documents_the_user_may_not_read(
    jenkins: SimulatedJenkins,
    controller: Controller,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A view is readable, jobs and folders are not: one note names them, and the view's change is found."""
    names = [f"job-{number}" for number in range(6)]
    (tmp_path / "jobdsl.toml").write_text('[seed]\nname = "reading"\n')
    (tmp_path / "jobs.py").write_text(
        "from jobdsl import *\n"
        f'for name in {names}:\n    freestyle(name)\nwith folder("f"):\n    freestyle("inner")\n'
        'list_view("v", regex="x")\n'
    )
    for name, value in (("URL", jenkins.url), ("USER", jenkins.user), ("TOKEN", jenkins.token)):
        monkeypatch.setenv(f"JENKINS_{name}", value)
    assert run(["apply", str(tmp_path), "--yes"]) == 0
    view = controller.config("view", "v").decode().replace(">x<", ">y<")
    controller.update("view", "v", view)
    jenkins.add_user("reader", token="r", permissions=READER)
    monkeypatch.setenv("JENKINS_USER", "reader")
    monkeypatch.setenv("JENKINS_TOKEN", "r")
    capsys.readouterr()
    assert run(["plan", str(tmp_path), "--refresh", "--json"]) == 2
    made = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["reason"]) for one in made["changes"]] == [
        ("v", 'changed in Jenkins: hudson.model.ListView includeRegex: "x" became "y"')
    ]
    notes = [one for one in made["problems"] if "may not read" in one["message"]]
    assert [(one["message"], one["severity"]) for one in notes] == [
        ("this user may not read the stored documents of f, f/inner, job-0, job-1, job-2 and 3 more", "note")
    ]
