"""The simulated controller beyond what was recorded: views, faults, names, time, its own process."""

from __future__ import annotations

import http.client
import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.http import HttpRequest
from jobdsl.testing.treequery import TreeError, TreeNode, parse_tree
from jobdsl.testing.users import READER

FREE = "<project><description>d</description></project>"
FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder/>"
LIST = "<hudson.model.ListView><name>x</name><includeRegex>{}</includeRegex></hudson.model.ListView>"
XML = {"Content-Type": "text/xml; charset=utf-8"}
Send = Callable[..., requests.Response]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jenkins(clock: ManualClock) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=clock) as running:
        yield running


@pytest.fixture
def send(jenkins: SimulatedJenkins) -> Iterator[Send]:
    with requests.Session() as session:
        session.auth = (jenkins.user, jenkins.token)

        def one(method: str, path: str, data: str | None = None) -> requests.Response:
            headers = XML if data else {}
            return session.request(
                method, jenkins.url + path, data=data, headers=headers, allow_redirects=False, timeout=30
            )

        yield one


def names(send: Send, path: str) -> list[str]:
    return [job["name"] for job in send("GET", f"{path}/api/json?tree=jobs[name]").json()["jobs"]]


def test_folders_keep_their_views_in_their_document(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("f", FOLDER)
    for name in ("one", "two", "other"):
        jenkins.create_item(f"f/{name}", FREE)
    assert send("POST", "/job/f/createView?name=v", LIST.format("o.*")).status_code == 200
    assert names(send, "/job/f/view/v") == ["one", "other"]
    assert "<name>v</name>" in send("GET", "/job/f/view/v/config.xml").text
    stored = send("GET", "/job/f/config.xml").text
    assert "<includeRegex>o.*</includeRegex>" in stored
    assert send("POST", "/job/f/config.xml", stored).status_code == 200
    assert names(send, "/job/f/view/v") == ["one", "other"]
    assert send("POST", "/job/f/view/v/doDelete").headers["Location"] == "/job/f/"
    assert "includeRegex" not in send("GET", "/job/f/config.xml").text
    assert send("GET", "/job/f/view/v/api/json").status_code == 404


def test_views_nest(send: Send) -> None:
    nested = "<hudson.plugins.nested__view.NestedView><name>n</name></hudson.plugins.nested__view.NestedView>"
    assert send("POST", "/createView?name=n", nested).status_code == 200
    assert send("POST", "/view/n/createView?name=inner", LIST.format(".*")).status_code == 200
    assert "<name>inner</name>" in send("GET", "/view/n/config.xml").text
    views = send("GET", "/view/n/api/json?tree=views[name]").json()["views"]
    assert [view["name"] for view in views] == ["inner"]
    assert send("POST", "/view/n/view/inner/doDelete").status_code == 302
    assert "<name>inner</name>" not in send("GET", "/view/n/config.xml").text


def test_kinds_of_views(send: Send) -> None:
    for java in ("hudson.model.MyView", "hudson.plugins.view.dashboard.Dashboard"):
        assert send("POST", f"/createView?name={java}", f"<{java}><name>x</name></{java}>").status_code == 200
    for java in ("hudson.model.FreeStyleProject", "hudson.tasks.Shell"):
        assert send("POST", "/createView?name=no", f"<{java}/>").status_code == 500


def test_a_moved_folder_takes_its_children_along(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("a/b/job", FREE)
    jenkins.create_item("c", FOLDER)
    assert send("POST", "/job/a/job/b/move/move?destination=/c").headers["Location"] == "/job/c/job/b/"
    assert sorted(jenkins.items) == ["a", "c", "c/b", "c/b/job"]
    assert send("POST", "/job/c/move/move?destination=/c/b").headers["Location"] == "/job/c/move/"


def test_items_are_found_in_any_letter_case(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("Job", FREE)
    assert send("GET", "/job/JOB/api/json?tree=name").json()["name"] == "Job"
    # AbstractItem.checkIfNameIsUsed finds the item itself
    assert send("POST", "/job/Job/confirmRename?newName=JOB").status_code == 400
    assert send("POST", "/job/Job/confirmRename?newName=x").status_code == 302
    assert send("POST", "/job/x/confirmRename?newName=JOB").status_code == 302
    assert list(jenkins.items) == ["JOB"]


def test_what_the_ui_changes_shows_in_the_document(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("j", FREE)
    send("POST", "/job/j/disable")
    assert "<disabled>true</disabled>" in jenkins.config("j")
    assert send("GET", "/api/json?tree=jobs[color,buildable]").json()["jobs"][0]["color"] == "disabled"
    send("POST", "/job/j/enable")
    assert "<disabled>false</disabled>" in jenkins.config("j")


def test_requests_are_counted(jenkins: SimulatedJenkins, send: Send) -> None:
    send("GET", "/api/json?tree=mode")
    send("GET", "/job/none/api/json")
    assert [(one.method, one.path, one.status) for one in jenkins.requests] == [
        ("GET", "/api/json", 200),
        ("GET", "/job/none/api/json", 404),
    ]
    jenkins.requests.clear()
    assert jenkins.requests.count == 0


def test_planned_failures_happen_once(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.fail_next("/createItem", 502, times=2)
    assert [send("POST", "/createItem?name=a", FREE).status_code for _ in range(3)] == [502, 502, 200]
    assert send("GET", "/api/json?tree=mode").status_code == 200


def test_a_dropped_request_does_nothing_and_a_lost_answer_does(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.fail_next(lambda request: request.query.get("name") == "a", "drop")
    with pytest.raises(requests.ConnectionError):
        send("POST", "/createItem?name=a", FREE)
    jenkins.fail_next(None, "lose")
    with pytest.raises(requests.ConnectionError):
        send("POST", "/createItem?name=b", FREE)
    assert list(jenkins.items) == ["b"]


def test_a_killed_controller_answers_no_more(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.kill_after(2)
    assert [send("POST", f"/createItem?name={name}", FREE).status_code for name in "ab"] == [200, 200]
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            send("POST", "/createItem?name=c", FREE)
    jenkins.kill_after(None)
    assert send("POST", "/createItem?name=c", FREE).status_code == 200


def test_plugins_come_and_go(jenkins: SimulatedJenkins, send: Send) -> None:
    maven = "<maven2-moduleset/>"
    assert send("POST", "/createItem?name=m", maven).status_code == 500
    jenkins.install_plugins({"maven-plugin": "3.23"})
    assert send("POST", "/createItem?name=m", maven).status_code == 200
    url = "/pluginManager/api/json?tree=plugins[shortName]"
    assert {"shortName": "maven-plugin"} in send("GET", url).json()["plugins"]
    jenkins.remove_plugins("maven-plugin")
    assert {"shortName": "maven-plugin"} not in send("GET", url).json()["plugins"]


def test_a_controller_without_plugins(clock: ManualClock) -> None:
    with SimulatedJenkins(plugins={}, clock=clock) as bare:
        bare.create_item("j", "<project/>")
        assert bare.config("j").startswith('<?xml version="1.1"')


def test_a_reader_only_reads(jenkins: SimulatedJenkins) -> None:
    reader = jenkins.add_user("reader", permissions=READER)
    jenkins.create_item("j", FREE)
    auth = ("reader", reader.token)
    assert requests.get(f"{jenkins.url}/api/json?tree=jobs[name]", auth=auth, timeout=30).status_code == 200
    assert requests.post(f"{jenkins.url}/job/j/doDelete", auth=auth, timeout=30).status_code == 403


def test_builds_take_their_time_by_the_clock(
    jenkins: SimulatedJenkins, clock: ManualClock, send: Send
) -> None:
    jenkins.create_item("j", "<project><canRoam>true</canRoam></project>")
    item = send("POST", "/job/j/build").headers["Location"].removeprefix(jenkins.url)
    assert send("GET", f"{item}api/json").json()["why"] == "In the quiet period. Expires in 5.0 sec"
    clock.advance(5)
    assert send("GET", f"{item}api/json").json()["executable"]["number"] == 1
    assert send("GET", "/job/j/1/api/json?tree=building").json()["building"] is True
    clock.advance(1)
    assert send("GET", "/job/j/1/api/json?tree=result,duration").json()["duration"] == 1000
    assert [build.result for build in jenkins.builds("j")] == ["SUCCESS"]


def test_quiet_mode_lets_nothing_start(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("j", "<project><canRoam>true</canRoam></project>")
    send("POST", "/quietDown")
    send("POST", "/job/j/build?delay=0sec")
    assert jenkins.builds("j") == []
    send("POST", "/cancelQuietDown")
    assert len(jenkins.builds("j")) == 1


def test_a_deleted_job_leaves_the_queue(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("f/j", "<project><assignedNode>nowhere</assignedNode></project>")
    send("POST", "/job/f/job/j/build?delay=0sec")
    assert len(send("GET", "/queue/api/json").json()["items"]) == 1
    send("POST", "/job/f/doDelete")
    assert send("GET", "/queue/api/json").json()["items"] == []


def test_large_and_chunked_bodies(jenkins: SimulatedJenkins) -> None:
    host = jenkins.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    big = FREE.replace(">d<", f">{'x' * 3_000_000}<").encode()
    headers = {**XML, "Authorization": requests.auth._basic_auth_str(jenkins.user, jenkins.token)}
    pieces = iter([big[:1000], big[1000:]])
    connection.request("POST", "/createItem?name=big", pieces, headers, encode_chunked=True)
    assert connection.getresponse().read() == b""
    connection.close()
    assert len(jenkins.config("big")) > 3_000_000


def test_it_is_a_process_too(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"

    def run(check: Callable[[str, tuple[str, str]], None]) -> None:
        command = [sys.executable, "-m", "jobdsl.testing", "--persist", str(kept), "--token", "abc"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = dict(process.stdout.readline().split() for _ in range(3))
            assert lines["token"] == "abc"
            try:
                check(lines["url"], (lines["user"], lines["token"]))
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0

    def create(url: str, auth: tuple[str, str]) -> None:
        for path, document in (("/createItem?name=f", FOLDER), ("/job/f/createItem?name=j", FREE)):
            assert requests.post(url + path, document, headers=XML, auth=auth, timeout=30).status_code == 200

    def look(url: str, auth: tuple[str, str]) -> None:
        assert (
            requests.get(f"{url}/job/f/job/j/api/json?tree=description", auth=auth, timeout=30).json()[
                "description"
            ]
            == "d"
        )

    run(create)
    assert sorted(json.loads(kept.read_text())["items"]) == ["f", "f/j"]
    run(look)


@pytest.mark.parametrize("text", ["jobs[name", "a,,b", "[a]", "a]", "a,", "jobs[]", "a{x}", ""])
def test_bad_trees(text: str) -> None:
    with pytest.raises(TreeError):
        parse_tree(text)


def test_ranges() -> None:
    ranges = {"a{1,3}": (1, 3), "a{,3}": (0, 3), "a{2,}": (2, None), "a{2}": (2, 3)}
    for text, wanted in ranges.items():
        node = parse_tree(text).children["a"]
        assert (node.start, node.stop) == wanted


words = st.text("abcxyz", min_size=1, max_size=4)
trees: st.SearchStrategy[dict[str, object]] = st.recursive(
    st.dictionaries(words, st.just({}), min_size=1, max_size=3),
    lambda inner: st.dictionaries(words, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def printed(tree: dict[str, object]) -> str:
    return ",".join(f"{name}[{printed(inner)}]" if inner else name for name, inner in tree.items())  # type: ignore[arg-type]


def as_names(node: TreeNode) -> dict[str, object]:
    return {name: as_names(child) for name, child in node.children.items()}


@given(trees)
def test_a_printed_tree_reads_as_itself(tree: dict[str, object]) -> None:
    assert as_names(parse_tree(printed(tree))) == tree


@given(st.text("ab[]{},1 ", max_size=20))
def test_no_text_breaks_the_tree_parser(text: str) -> None:
    try:
        parse_tree(text)
    except TreeError:
        return


NODE = "<slave><label>x</label></slave>"


def reason(send: Send, name: str) -> tuple[bool, str]:
    found = send("GET", f"/computer/{name}/api/json").json()
    return found["temporarilyOffline"], found["offlineCauseReason"]


def test_a_mark_lasts_whatever_the_agent_does(jenkins: SimulatedJenkins, send: Send) -> None:
    send("POST", "/computer/createItem?name=a", NODE)
    send("POST", "/computer/a/toggleOffline?offlineMessage=mine")
    jenkins.connect_agent("a")
    assert reason(send, "a") == (True, "mine")
    assert not jenkins.computer("a").online
    send("POST", "/computer/a/doDisconnect")
    assert reason(send, "a") == (True, "mine")
    send("POST", "/computer/a/toggleOffline")
    assert reason(send, "a") == (False, "Connection was broken")


def test_changing_the_cause_marks_a_node_that_was_online(jenkins: SimulatedJenkins, send: Send) -> None:
    send("POST", "/computer/createItem?name=a", NODE)
    jenkins.connect_agent("a")
    send("POST", "/computer/a/changeOfflineCause?offlineMessage=+new+")
    assert reason(send, "a") == (True, "new")
    assert not jenkins.computer("a").online


@pytest.mark.parametrize(
    ("given", "shown"),
    [("", ""), ("a: b", "a: b"), ("a : b", "b"), ("<b>'&", "&lt;b&gt;&#039;&amp;"), ("a\nb", "a<br>b")],
)
def test_what_jenkins_shows_of_a_reason(
    jenkins: SimulatedJenkins, send: Send, given: str, shown: str
) -> None:
    send("POST", "/computer/createItem?name=a", NODE)
    jenkins.mark_offline("a", given)
    assert reason(send, "a") == (True, shown)
    jenkins.mark_offline("a", None)
    assert reason(send, "a") == (False, "")


def test_others_act_between_requests(jenkins: SimulatedJenkins, send: Send) -> None:
    jenkins.create_item("j", "<project/>")
    seen = []

    def somebody(request: HttpRequest) -> None:
        seen.append(request.path)
        if len(seen) == 2:
            jenkins.build("j")

    jenkins.before_each(somebody)
    assert [send("GET", "/job/j/api/json").json()["nextBuildNumber"] for _ in range(3)] == [1, 2, 2]
    jenkins.before_each(None)
    send("GET", "/job/j/api/json")
    assert len(seen) == 3


def test_the_agent_can_be_downloaded_by_anybody(jenkins: SimulatedJenkins) -> None:
    found = requests.get(f"{jenkins.url}/jnlpJars/agent.jar", timeout=30)
    assert found.status_code == 200
    assert zipfile.is_zipfile(io.BytesIO(found.content))
