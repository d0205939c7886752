"""Agents as processes on this host: started, found again by another manager, ended with all they started."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dynaslave.controller.nodes import Nodes
from dynaslave.local import processes
from dynaslave.local.command import JAVA, STAND_IN, Jar, filled, jar_of
from dynaslave.local.provider import LocalAgents
from dynaslave.model import Instance
from dynaslave.pools.pool import make
from dynaslave.provider import Denied, Hand, LaunchRequest, Unavailable
from jobdsl.controller.jenkins import connect
from jobdsl.errors import ControllerError
from jobdsl.testing import SimulatedJenkins

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not processes.supported(), reason="needs Linux' /proc")]

POOL = make({"name": "heavy", "max_agents": 99})
SECRET = "5ec4e7" * 10 + "beef"
SLEEPER = ("/bin/sh", "-c", "echo {node} at work; exec sleep 1000")
Local = Callable[..., LocalAgents]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    made: list[LocalAgents] = []

    def make_one(**values: object) -> LocalAgents:
        found = LocalAgents(tmp_path / "run", **{"command": SLEEPER, "grace": 2.0} | values)  # type: ignore[arg-type]
        made.append(found)
        return found

    yield make_one
    for one in made:
        one.terminate(one.list())


def request(count: int = 1, intent: str = "abc") -> LaunchRequest:
    return LaunchRequest(POOL, count, intent, tuple(f"heavy-{number}" for number in range(count)))


def hand(node: str = "heavy-0", **values: object) -> Hand:
    return Hand(node, SECRET, "http://127.0.0.1:1/", **values)  # type: ignore[arg-type]


def started(agents: LocalAgents, node: str = "heavy-0", intent: str = "abc") -> Instance:
    (instance,) = agents.launch(request(1, intent)).instances
    agents.hand_over(instance, hand(node))
    return next(one for one in agents.list() if one.id == instance.id)


def pid_of(agents: LocalAgents, instance: Instance) -> int:
    note = agents._path(instance.id) / "started"
    return int(note.read_text().split()[0])


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not come to pass")


def test_what_becomes_of_an_agent(local: Local) -> None:
    agents = local(clock=lambda: 5.0)
    (instance,) = agents.launch(request()).instances
    assert instance == Instance("abc-1", "heavy", "abc", "pending", 5.0, type="local")
    agents.hand_over(instance, hand())
    (instance,) = agents.list()
    assert (instance.state, instance.node) == ("running", "heavy-0")
    pid = pid_of(agents, instance)
    assert os.getsid(pid) == pid
    agents.terminate([instance])
    agents.terminate([instance])
    assert agents.list() == []
    assert not Path(f"/proc/{pid}").exists()


def test_the_same_intent_is_the_same_launch(local: Local) -> None:
    agents = local()
    assert agents.launch(request(2)).instances == agents.launch(request(2)).instances
    assert len(agents.list()) == 2


def test_handing_over_again_changes_nothing(local: Local) -> None:
    agents = local()
    instance = started(agents)
    pid = pid_of(agents, instance)
    agents.hand_over(instance, hand())
    assert pid_of(agents, instance) == pid
    with pytest.raises(Denied, match="has the node heavy-0"):
        agents.hand_over(instance, hand("heavy-1"))
    agents.terminate([instance])
    with pytest.raises(Unavailable, match="is gone"):
        agents.hand_over(instance, hand())


def test_a_host_bears_only_so_many(local: Local) -> None:
    agents = local(slots=2)
    launched = agents.launch(request(3))
    assert len(launched.instances) == len(agents.list()) == 2
    assert [str(error) for error in launched.refused.values()] == ["this host supports 2 agents"]
    agents.terminate(launched.instances[:1])
    assert len(agents.launch(request(1, "d")).instances) == 1


def test_another_manager_finds_the_agents_and_their_notes(local: Local) -> None:
    first = local()
    instance = started(first)
    first.note([instance], {"uses": "2", "suspect": "7"})
    first.note([instance], {"uses": "3", "other": ""})
    first.close()
    second = local()
    (found,) = second.list()
    assert (found.id, found.state, found.node) == (instance.id, "running", "heavy-0")
    assert (found.suspect, found.notes, found.launched) == (7.0, {"uses": "3"}, instance.launched)
    second.note([found], {"suspect": ""})
    assert second.list()[0].suspect == 0.0
    second.terminate([found])
    assert first.list() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from dynaslave.local.provider import LocalAgents
from dynaslave.pools.pool import make
from dynaslave.provider import Hand, LaunchRequest
agents = LocalAgents(Path(sys.argv[1]), command=("/bin/sleep", "1000"))
pool = make({"name": "heavy", "max_agents": 9})
for instance in agents.launch(LaunchRequest(pool, 2, "abc", ("a", "b"))).instances:
    agents.hand_over(instance, Hand("node-" + instance.id, "secret", "url"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_manager_leaves_its_agents_to_the_next(local: Local, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], check=False)
    assert killed.returncode == -9
    agents = local()
    assert [(one.state, one.node) for one in agents.list()] == [
        ("running", "node-abc-1"),
        ("running", "node-abc-2"),
    ]
    agents.terminate(agents.list()[:1])
    assert [one.node for one in agents.list()] == ["node-abc-2"]


def test_a_process_that_ended_is_seen_and_is_no_zombie(local: Local) -> None:
    agents = local(command=("/bin/true",))
    (instance,) = agents.launch(request()).instances
    agents.hand_over(instance, hand())
    wait_until(lambda: agents.list()[0].state == "terminated")
    wait_until(lambda: not Path(f"/proc/{pid_of(agents, instance)}").exists())
    assert agents.list()[0].node == "heavy-0"


def test_what_an_agent_started_ends_with_it(local: Local, tmp_path: Path) -> None:
    """Also what left its session, what ignores SIGTERM, and what outlived the agent."""
    pids = tmp_path / "pids"
    pids.mkdir()
    script = (
        f"trap '' TERM; setsid sh -c 'echo $$ >{pids}/a; sleep 1000' & "
        f"sh -c 'trap \"\" TERM; echo $$ >{pids}/b; while :; do sleep 1; done' & echo $$ >{pids}/c; wait"
    )
    agents = local(command=("/bin/sh", "-c", script), grace=0.3)
    instance = started(agents)
    wait_until(lambda: len(list(pids.iterdir())) == 3 and all(one.read_text() for one in pids.iterdir()))
    agents.terminate([instance])
    for one in pids.iterdir():
        wait_until(lambda one=one: not processes._read(int(one.read_text()), "environ"))  # type: ignore[misc]


def test_another_process_with_its_number_is_not_it(local: Local) -> None:
    agents = local()
    instance = started(agents)
    note = agents._path(instance.id) / "started"
    real = note.read_text()
    stranger = subprocess.Popen(["/bin/sleep", "1000"])
    try:
        wait_until(lambda: processes._read(stranger.pid, "environ") != b"")  # it has become the command
        lines = Path(f"/proc/{stranger.pid}/stat").read_text()
        note.write_text(f"{lines.strip()}\nheavy-0\n")
        assert agents.list()[0].state == "terminated"
        agents.terminate([])
        processes.end([processes.Started.read(note, "x") or pytest.fail("no note")], frozenset(), 0.1)
        assert stranger.poll() is None
    finally:
        note.write_text(real)
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("started", ""),
        ("started", "1 (x)\n"),
        ("launch", ""),
        ("launch", "[]"),
        ("notes", '{"suspect": [1]}'),
    ],
)
def test_a_file_a_crash_left_broken_is_no_crash_of_ours(local: Local, name: str, text: str) -> None:
    agents = local()
    (instance,) = agents.launch(request()).instances
    (agents._path(instance.id) / name).write_text(text)
    (found,) = agents.list()
    assert found.id == instance.id
    assert found.state == ("terminated" if name == "started" else "pending")
    agents.terminate([found])
    assert agents.list() == []


def test_what_ended_agents_leave_is_swept_and_logs_are_kept(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynaslave.local.provider._LOGS", 2)
    agents = local(command=("/bin/echo", "hello from {node}"))
    for number in range(4):
        started(agents, f"heavy-{number}", f"i{number}")
    wait_until(lambda: all(one.state == "terminated" for one in agents.list()))
    (_,) = agents.launch(request(1, "waiting")).instances
    agents.sweep(frozenset({"heavy-0"}), frozenset())
    assert [one.id for one in agents.list()] == ["i0-1", "waiting-1"]
    logs = sorted(path.read_text() for path in (tmp_path / "run/logs").iterdir())
    assert len(logs) == 2
    assert all(log.startswith("hello from heavy-") for log in logs)
    assert [path.name for path in (tmp_path / "run/homes").iterdir()] == ["heavy-0"]


# secrets


def test_the_secret_stands_in_a_file_of_this_user_and_nowhere_else(local: Local, tmp_path: Path) -> None:
    agents = local(command=("/bin/sh", "-c", "cat {secret_file}; env; exec sleep 1000", "@{secret_file}"))
    instance = started(agents)
    pid = pid_of(agents, instance)
    wait_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    secret = agents._path(instance.id) / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert SECRET not in Path(f"/proc/{pid}/cmdline").read_text()
    assert SECRET not in Path(f"/proc/{pid}/environ").read_text()
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file() and path.name not in ("secret", "log"):
            assert SECRET not in path.read_text()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "run", agents._path(instance.id))}
    assert modes == {0o700}
    agents.terminate([instance])
    assert not secret.exists()


def test_agents_do_not_inherit_our_credentials(
    local: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JENKINS_TOKEN", "t0ken")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "k3y")
    agents = local(command=("/bin/sh", "-c", "env; pwd"), environment={"MORE": "yes"})
    instance = started(agents)
    wait_until(lambda: agents.list()[0].state == "terminated")
    log = (agents._path(instance.id) / "log").read_text()
    assert "t0ken" not in log
    assert "k3y" not in log
    assert f"PATH={os.environ['PATH']}" in log
    assert "MORE=yes" in log
    assert log.endswith(f"{agents.home(POOL, 'heavy-0')}\n")


# commands


def test_the_command_of_a_real_agent(tmp_path: Path) -> None:
    values = {"url": "http://x/", "node": "n", "secret_file": "/s f", "workdir": "/w"}
    jar = Jar(tmp_path, lambda: b"PK1")
    words = filled(JAVA, values, jar=jar, websocket=True)
    assert words == [
        *("java", "-jar", f"{tmp_path}/agent.jar", "-url", "http://x/", "-name", "n"),
        *("-secret", "@/s f", "-workDir", "/w", "-webSocket"),
    ]
    assert (tmp_path / "agent.jar").read_bytes() == b"PK1"
    assert filled(JAVA, values, jar=jar, websocket=False) == words[:-1]
    assert filled(["a{b}", "{c", '{"d"}', "{node}{node}"], values, jar=jar, websocket=True) == [
        *("a{b}", "{c", '{"d"}', "nn")
    ]


def test_agent_jar_comes_from_the_controller_once(tmp_path: Path) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token, patience=0)
        jar = Jar(tmp_path, jar_of(controller))
        jenkins.fail_next("/jnlpJars/", 503)
        with pytest.raises(Unavailable, match="503"):
            jar.path()
        assert jar.path() == jar.path() == tmp_path / "agent.jar"
        assert jar.path().read_bytes().startswith(b"PK")
        assert len(jenkins.requests.of("GET", "/jnlpJars/agent.jar")) == 2
        login = connect(f"{jenkins.url}", jenkins.user, jenkins.token, patience=0)
        login.ask = lambda *_, **__: type("Page", (), {"body": b"<html>"})()  # type: ignore[method-assign]
        with pytest.raises(ControllerError, match="something else"):
            jar_of(login)()


def test_what_cannot_be_started_is_told(local: Local) -> None:
    agents = local(command=("no-such-program", "{node}"))
    (instance,) = agents.launch(request()).instances
    with pytest.raises(Denied, match="there is no no-such-program on this host"):
        agents.hand_over(instance, hand())
    agents = local(command=JAVA)
    with pytest.raises(Denied, match=r"no address of agent\.jar"):
        agents.hand_over(instance, hand())
    assert [one.state for one in agents.list()] == ["pending"]


def test_elsewhere_than_linux_it_says_so(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Denied, match="need Linux"):
        local()


def test_a_stand_in_agent_runs_builds_and_dies(local: Local) -> None:
    job = (
        "<project><assignedNode>heavy</assignedNode><canRoam>false</canRoam><builders><hudson.tasks.Shell>"
        "<command>echo on $NODE_NAME in $WORKSPACE; env</command></hudson.tasks.Shell></builders></project>"
    )
    with SimulatedJenkins(executors=0) as jenkins:
        nodes = Nodes(connect(jenkins.url, jenkins.user, jenkins.token), "main")
        agents = local(command=STAND_IN)
        jenkins.create_item("j", job)
        jenkins.build("j")
        nodes.create(POOL, "heavy-0", "abc", 0.0, agents.home(POOL, "heavy-0"))
        (instance,) = agents.launch(request()).instances
        secret = nodes.secret("heavy-0")
        agents.hand_over(instance, Hand("heavy-0", secret, jenkins.url))
        done = jenkins.wait_for_build("j")
        assert (done.result, done.node) == ("SUCCESS", "heavy-0"), done.console
        assert f"on heavy-0 in {agents.home(POOL, 'heavy-0')}/workspace/j" in done.console
        assert secret not in done.console
        agents.terminate([instance])
        wait_until(lambda: not jenkins.computer("heavy-0").connected)
        assert not Path(agents.home(POOL, "heavy-0")).exists()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
def test_it_works_for_any_user() -> None:
    """As root all other tests run; this one gives its rights away first."""
    script = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "import json; seen = agents.list()")
    script += "agents.terminate(seen)\nprint(json.dumps([[one.state for one in seen], len(agents.list())]))\n"
    with tempfile.TemporaryDirectory() as root:
        os.chown(root, 65534, 65534)
        away = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        command = [*away, sys.executable, "-c", script, f"{root}/run"]
        if subprocess.run(
            [*command[:5], "-c", "import dynaslave"], capture_output=True, check=False
        ).returncode:
            pytest.skip("another user cannot read this installation")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    assert json.loads(done.stdout) == [["running", "running"], 0]


def test_a_home_that_takes_long_to_remove_stops_nobody(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    agents = local()
    first = started(agents)
    second = started(agents, "heavy-1", "def")
    home = Path(agents.home(POOL, "heavy-0"))
    (home / "workspace").mkdir()
    began, go_on = threading.Event(), threading.Event()
    remove = shutil.rmtree

    def slow(path: Path, **values: object) -> None:
        if "trash" in Path(path).parts:
            began.set()
            assert go_on.wait(30)
        remove(path, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "rmtree", slow)
    agents.terminate([first])
    assert began.wait(30)
    assert not home.exists()
    assert {one.id for one in agents.list()} == {second.id}
    agents.terminate([second])
    assert agents.list() == []
    go_on.set()
    trash = home.parent.parent / "trash"
    wait_until(lambda: not list(trash.iterdir()))


def test_what_a_killed_manager_left_of_homes_is_removed_by_the_next(local: Local, tmp_path: Path) -> None:
    left = tmp_path / "run/trash/heavy-7-abc/workspace"
    left.mkdir(parents=True)
    (left / "file").write_text("x")
    agents = local()
    wait_until(lambda: not list((tmp_path / "run/trash").iterdir()))
    agents.close()


def test_a_home_on_another_file_system_is_removed_where_it_is(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = local()
    first = started(agents)
    home = Path(agents.home(POOL, "heavy-0"))

    def refused(_: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(target))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        agents.terminate([first])
    wait_until(lambda: not home.exists())
