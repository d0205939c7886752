"""Why an agent does not come: what its log says is in status, in the decision and in the log."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_site import Site
from structlog.testing import capture_logs

from dynaslave.agentlog import reason
from dynaslave.controller.java import class_version, needed_java, version_of
from dynaslave.ec2.provider import Ec2Provider
from dynaslave.local import command
from dynaslave.local.provider import LocalAgents
from dynaslave.manager.status_text import lines
from dynaslave.pools.pool import make
from dynaslave.provider import Hand, LaunchRequest
from ec2_strict import account
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins

TOO_OLD = (
    "Error: LinkageError occurred while loading main class hudson.remoting.Launcher\n"
    "\tjava.lang.UnsupportedClassVersionError: hudson/remoting/Launcher has been compiled by a more recent "
    "version of the Java Runtime (class file version 65.0), this version of the Java Runtime only recognizes "
    "class file versions up to 61.0\n"
)
NEEDS = "it has Java 17, and the controller's agents need Java 21"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (TOO_OLD, NEEDS),
        (
            TOO_OLD.replace("65.0", "69.0").replace("61.0", "52.0"),
            "it has Java 8, and the controller's agents need Java 25",
        ),
        ("Unsupported major.minor: class file version 65.0\n", "it has an older Java"),
        ("dynaslave: not yet: [Errno 2] No such file or directory: 'java'\n", "there is no java on it"),
        ("/bin/sh: java: not found\n", "there is no java on it"),
        ("java.net.UnknownHostException: ci.example.com\n", "it cannot resolve ci.example.com"),
        ("dynaslave: not yet: <urlopen error [Errno 111] Connection refused>\n", "refuses connections"),
        ("Caused by: sun.security.validator...: PKIX path building failed: x\n", "does not trust"),
        ('dynaslave: not yet: SSM answers 400 {"__type":"AccessDeniedException"}\n', "its role may not read"),
        ("INFO: reconnect rejected, sleeping 10s\n", "the controller rejects its secret"),
        ("cp: No space left on device\n", "its disk is full"),
        (
            "dynaslave: not yet: something else\nkernel: hello\n",
            "its log ends with: dynaslave: not yet: something",
        ),
        ("", ""),
        ("\x1b[31mred\n", "its log ends with: "),
    ],
)
def test_what_a_log_says(log: str, said: str) -> None:
    assert reason(log).startswith(said) or said in reason(log)
    assert bool(reason(log)) == bool(log)
    assert "\x1b" not in reason(log)


@pytest.fixture
def site() -> Iterator[Site]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        yield Site(jenkins, clock)


def test_status_and_log_say_why_an_agent_never_came(site: Site) -> None:
    site.cloud.faults.never_connects = 1.0
    site.cloud.faults.log = TOO_OLD
    site.build("linux")
    site.run(310)  # half of its ten minutes
    shown = "\n".join(lines(site.manager.status))
    assert NEEDS in shown
    with capture_logs() as logs:
        site.run(310)
    drained = [str(entry["reason"]) for entry in logs if entry["event"] == "drain"]
    assert len(drained) == 1
    assert NEEDS in drained[0]


def test_what_an_agents_own_log_says_on_this_host(tmp_path: Path) -> None:
    script = f"cat >&2 <<'END'\n{TOO_OLD}END\nexit 1"
    agents = LocalAgents(tmp_path, command=("sh", "-c", script))
    pool = make({"name": "linux", "max_agents": 1})
    (one,) = agents.launch(LaunchRequest(pool, 1, "t1", ("linux-1",))).instances
    assert agents.explain(one) == ""
    agents.hand_over(one, Hand("linux-1", "s", "http://localhost/"))
    for _ in range(200):
        (seen,) = agents.list()
        if seen.state == "terminated":
            break
    assert agents.explain(seen).startswith(NEEDS)
    agents.terminate([seen])
    assert agents.explain(seen) == ""


def test_what_an_instances_console_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with account() as aws:
        provider = Ec2Provider("main", aws.clients, clock=aws.clock, sleep=aws.clock.sleep)
        pool = make(
            {
                "name": "p",
                "max_agents": 1,
                "instance_types": ["m5.large"],
                "image": aws.image,
                "instance_profile": aws.profile,
                "subnets": aws.subnets[:1],
            }
        )
        (one,) = provider.launch(LaunchRequest(pool, 1, "i1", ("n1",))).instances
        aws.clients.ec2.create_tags(Resources=[aws.image], Tags=[{"Key": "java", "Value": "17.0.2"}])
        monkeypatch.setattr(
            aws.clients.ec2, "get_console_output", lambda **_: {"Output": "boot\n" + TOO_OLD}, raising=False
        )
        assert provider.explain(one).startswith(NEEDS)
        aws.clock.sleep(400)
        (problem,) = provider.check(pool, 21)
        assert f"image {aws.image} has Java 17, and the controller's agents need 21" in str(problem)
        assert provider.check(pool, 17) == []
        aws.clients.ec2.delete_tags(Resources=[aws.image], Tags=[{"Key": "java"}])
        aws.clock.sleep(400)
        (warning,) = provider.check(pool, 21)
        assert warning.severity == "warning"


def jar(head: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hudson/remoting/Launcher.class", head)
    return packed.getvalue()


def test_what_the_controller_needs() -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token, patience=0)
        assert needed_java(controller) == 21
    assert class_version(jar(b"\xca\xfe\xba\xbe\0\0\0\x3d")) == 61
    assert [class_version(data) for data in (b"", b"PK", jar(b""), jar(b"\0" * 8))] == [None] * 4


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ('openjdk version "21.0.5" 2024-10-15', 21),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "25-ea" 2025', 25),
        ("command not found", None),
    ],
)
def test_versions_of_java(text: str, release: int | None) -> None:
    assert version_of(text) == release


def test_this_hosts_java_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert command.check_java(17) == []
    assert command.check_java(None) == []
    assert "this host has Java 17, and the controller's agents need 21" in str(command.check_java(21)[0])
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert "there is no java" in str(command.check_java(21)[0])
