"""The user data, run: on a stand-in for an instance, against metadata, SSM and a controller on loopback."""

from __future__ import annotations

import ast
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

from dynaslave.ec2 import agent as ec2_agent
from dynaslave.ec2.clients import Clients
from dynaslave.ec2.secrets import AgentSecrets
from dynaslave.ec2.templates import packed
from dynaslave.ec2.userdata import script
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import Hand

INSTANCE = "i-0123456789abcdef0"
REGION = "eu-west-1"
ME = getpass.getuser()
KEYS = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "wJalr/secret", "Token": "a-token"}
TOOLS = ("bash", "cat", "chmod", "env", "id", "mkdir", "sed", "sh", "touch")
JAVA = """#!{python}
import os, sys, urllib.request
if "-version" in sys.argv:
    sys.exit(print('openjdk version "{version}" 2024-07-16', file=sys.stderr))
path = sys.argv[sys.argv.index("-secret") + 1][1:]
secret, mode = open(path).read(), oct(os.stat(path).st_mode & 0o777)
with open("{log}", "a") as log:
    print("java", *sys.argv[1:], "in", os.getcwd(), "mode", mode, "user", os.environ["USER"], file=log)
node = sys.argv[sys.argv.index("-name") + 1]
answer = urllib.request.urlopen(sys.argv[sys.argv.index("-url") + 1] + "dial-in", (node + " " + secret).encode()).read()
print("INFO: Handshaking", flush=True)
if answer == b"yes":
    print("INFO: Connected", flush=True)
    print("INFO: Terminated", flush=True)
sys.exit(3)
"""


class Server(ThreadingHTTPServer):
    """The instance's metadata and the controller, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        self.jar = b"PK\x03\x04 an agent.jar"
        self.accepts = 1
        """Connections it takes."""
        self.dialled: list[str] = []
        self.polls = 0
        self.at_poll: dict[int, Callable[[], object]] = {}
        self.role = "agents"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_PUT(self) -> None:
        assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._say(200, b"the-token" if self.path == "/latest/api/token" else b"")

    def do_POST(self) -> None:
        self.server.dialled.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._say(200, b"yes" if len(self.server.dialled) <= self.server.accepts else b"no")

    def do_GET(self) -> None:
        if self.path == "/jnlpJars/agent.jar":
            self._say(200, self.server.jar)
        elif self.headers["X-aws-ec2-metadata-token"] != "the-token":
            self._say(401, b"")
        else:
            known = self._metadata().get(self.path.removeprefix("/latest/meta-data/"))
            self._say(200 if known else 404, (known or "").encode())

    def _metadata(self) -> dict[str, str]:
        if self.path.endswith("/instance-id"):
            self.server.polls += 1
            self.server.at_poll.pop(self.server.polls, lambda: None)()
        role = {"iam/security-credentials/": "agents", "iam/security-credentials/agents": json.dumps(KEYS)}
        here = {"instance-id": INSTANCE, "placement/region": REGION, "services/domain": "amazonaws.com"}
        return here | (role if self.server.role else {})

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to the console."""


@dataclass
class Host:
    """A directory that stands for an instance: its programs, files, and a log of what was run."""

    root: Path
    server: Server
    ssm: str
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin = self.root / "bin"
        self.bin.mkdir()
        (self.root / "run").mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        (self.bin / "python3").symlink_to(os.path.realpath(sys.executable))
        for name in ("shutdown", "systemctl", "useradd"):
            self.program(name)
        self.java("21.0.4")
        self.environment = {
            "PATH": str(self.bin),
            "DYNASLAVE_ROOT": str(self.root),
            "DYNASLAVE_IMDS": self.server.url.rstrip("/"),
            "DYNASLAVE_PAUSE": "0.01",
            "AWS_ENDPOINT_URL_SSM": self.ssm,
        }

    @property
    def log(self) -> list[str]:
        path = self.root / "log"
        return path.read_text().splitlines() if path.exists() else []

    def program(self, name: str, then: str = "") -> None:
        """A program that is only noted."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {self.root}/log\n{then}\n')
        path.chmod(0o755)

    def java(self, version: str, name: str = "java") -> Path:
        """A Java whose agent dials in over HTTP."""
        path = self.bin / name
        text = JAVA.format(python=self.bin / "python3", log=self.root / "log", version=version)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, pool: AgentPool, user: str = ME) -> subprocess.CompletedProcess[str]:
        """What cloud-init does with the user data."""
        file = self.root / "part-001"
        file.write_bytes(packed(script(pool, "main", user=user, run=str(self.root / "run"))))
        file.chmod(0o700)
        return self._run([str(self.bin / "bash"), str(file)])

    def serve(self, **settings: Any) -> str:
        """What systemd does with the unit, until the agent gives up; what it says."""
        return self._run(self._service(reconnect_seconds=0.1, **settings)).stdout

    def serve_until(self, words: str) -> str:
        """The same with all the time in the world, until it has said something."""
        service = self._service()
        running = subprocess.Popen(
            service,
            env=self.environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = ""
        with running:
            for line in running.stdout or ():
                said += line
                if words in said:
                    break
            running.kill()
        return said

    def _service(self, **settings: Any) -> list[str]:
        path = self.root / "var/lib/dynaslave/settings.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | settings))
        unit = (self.root / "etc/systemd/system/dynaslave-agent.service").read_text()
        (command,) = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
        program, *arguments = command.split()
        assert program == "/usr/bin/env"
        return [str(self.bin / "env"), *arguments]

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def ssm() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def host(tmp_path: Path, ssm: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Host(tmp_path, server, ssm)
    secrets(ssm).delete([INSTANCE])
    server.shutdown()
    server.server_close()


def secrets(ssm: str) -> AgentSecrets:
    return AgentSecrets(
        Clients(region=REGION, endpoint=ssm), "main", lambda one: f"arn:aws:ec2:eu-west-1:1:instance/{one}"
    )


def hand_over(host: Host, **more: Any) -> None:
    said = {
        "node": "linux-1",
        "secret": "hush-hush",
        "url": host.server.url,
        "workdir": str(host.root / "work"),
        **more,
    }
    secrets(host.ssm).put(INSTANCE, Hand(**said))


def pool(**more: Any) -> AgentPool:
    return make({"name": "linux", "max_agents": 3, **more})


# From the launch to the end.


def test_an_instance_becomes_an_agent_and_ends_itself_when_its_controller_is_gone(host: Host) -> None:
    hand_over(host)
    started = host.start(pool(user_data=f"touch {host.root}/prepared", boot_minutes=7.5))
    assert started.returncode == 0, started.stderr
    assert (host.root / "prepared").exists()
    served = host.serve()
    assert host.server.dialled[0] == "linux-1 hush-hush"
    arguments = (
        f"-url {host.server.url} -name linux-1 -secret @{host.root}/run/secret -workDir {host.root}/work"
    )
    java = f"java -jar {host.root}/run/agent.jar {arguments} -noReconnect -webSocket in {host.root}/work mode 0o600 user {ME}"
    assert host.log[:5] == [
        "shutdown -h +10 dynaslave: no agent has connected",
        "systemctl daemon-reload",
        "systemctl enable --now dynaslave-agent.service",
        java,
        "shutdown -c",
    ]
    assert {"shutdown -h now"} <= set(host.log[5:]) <= {java, "shutdown -h now"}
    assert (host.root / "run/agent.jar").read_bytes() == host.server.jar
    assert "INFO: Connected" in served
    assert "shutting down: no agent for 0 s" in served


def test_a_secret_is_in_no_argument_no_output_and_no_user_data(host: Host) -> None:
    hand_over(host)
    said = host.start(pool()).stdout + host.serve()
    assert host.server.dialled
    assert "hush-hush" not in said + "\n".join(host.log) + (host.root / "part-001").read_text()
    first = host.log.index("shutdown -c")
    assert not any("hush-hush" in line for line in host.log[: first + 1])


def test_a_secret_that_was_read_is_deleted(host: Host) -> None:
    hand_over(host)
    host.start(pool())
    (host.bin / "ls").symlink_to(shutil.which("ls") or "ls")
    host.program("shutdown", f"ls {host.root}/run >> {host.root}/log")
    host.serve()
    connected = host.log.index("shutdown -c")
    assert host.log[connected + 1] == "agent.jar"


def test_over_tcp_there_is_no_websocket_and_the_pools_directory_is_the_default(host: Host) -> None:
    hand_over(host, websocket=False, workdir="")
    host.start(pool(remote_fs=str(host.root / "agent")))
    host.serve()
    (line, *_) = [one for one in host.log if one.startswith("java")]
    assert "-webSocket" not in line
    assert f"-workDir {host.root}/agent" in line


def test_an_agent_connects_again_as_often_as_it_must(host: Host) -> None:
    hand_over(host)
    host.server.accepts = 4
    host.start(pool())
    said = host.serve_until("INFO: Handshaking\ndynaslave: the agent ended with 3")
    assert said.count("INFO: Connected") == 4
    assert host.server.dialled == ["linux-1 hush-hush"] * 5
    assert not any(line.startswith("shutdown -h now") for line in host.log)


def test_an_instance_waits_for_what_it_is_told(host: Host) -> None:
    host.server.at_poll[5] = lambda: hand_over(host)
    host.start(pool())
    served = host.serve()
    assert "not yet: SSM answers 400" in served
    assert "ParameterNotFound" in served
    assert host.server.dialled[0] == "linux-1 hush-hush"


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda host: None, "ParameterNotFound"),
        (lambda host: setattr(host.server, "role", ""), "HTTP Error 404"),
        (
            lambda host: setattr(host.server, "jar", b"<html>log in</html>"),
            "gives no agent.jar but b'<html>log in",
        ),
        (lambda host: host.environment.update(AWS_ENDPOINT_URL_SSM=nowhere()), "Connection refused"),
        (lambda host: host.environment.update(DYNASLAVE_IMDS=nowhere()), "Connection refused"),
        (lambda host: setattr(host.server, "accepts", 0), "the agent ended with 3"),
        (lambda host: (host.bin / "java").unlink(), "No such file or directory: 'java'"),
    ],
)
def test_whatever_is_missing_is_said_and_tried_again(host: Host, break_it: Any, says: str) -> None:
    if says != "ParameterNotFound":
        hand_over(host)
    host.start(pool())
    break_it(host)
    assert host.serve_until(says).count("INFO: Connected") == 0
    assert "shutdown -c" not in host.log


def test_an_instance_that_does_not_connect_in_time_ends_itself(host: Host) -> None:
    host.start(pool())
    assert "shutting down: no agent for 0 s" in host.serve(boot_seconds=0.1)
    assert host.log[-1] == "shutdown -h now"


def nowhere() -> str:
    """An address nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def test_an_agent_that_hangs_before_it_is_connected_is_no_agent(host: Host) -> None:
    hand_over(host)
    host.start(pool())
    (host.bin / "java").write_text("#!/bin/sh\nexec sleep 30\n")
    (host.bin / "sleep").symlink_to(shutil.which("sleep") or "sleep")
    host.serve(boot_seconds=0.3)
    assert host.log[-1] == "shutdown -h now"


# The pool's commands.


def test_commands_arrive_as_they_were_written(host: Host) -> None:
    said = 'it\'s "$HOME" `x` \\n {{ jinja }} {% raw %} é'
    commands = f"cat > {host.root}/said <<'END'\n{said}\nEND\n"
    assert host.start(pool(user_data=commands)).returncode == 0
    assert (host.root / "said").read_text() == said + "\n"


def test_commands_may_be_of_another_language(host: Host) -> None:
    commands = f"#!{host.bin}/python3\nopen('{host.root}/said', 'w').write('hello')"
    assert host.start(pool(user_data=commands)).returncode == 0
    assert (host.root / "said").read_text() == "hello"


def test_a_command_that_fails_ends_the_instance(host: Host) -> None:
    started = host.start(pool(user_data="false\ntouch never"))
    assert started.returncode != 0
    assert host.log == ["shutdown -h +12 dynaslave: no agent has connected", "shutdown -h +1"]
    assert "failed; shutting down in a minute" in started.stderr


def test_what_commands_set_is_their_own(host: Host) -> None:
    assert host.start(pool(user_data="cd /\nset +e\nfalse\nexit 0")).returncode == 0
    assert host.log[-1] == "systemctl enable --now dynaslave-agent.service"


# What an image lacks.


def test_java_is_installed_where_there_is_none(host: Host) -> None:
    java = host.java("21.0.4").rename(host.root / "java")
    host.program(
        "dnf",
        f'case "$*" in *java-21-openjdk*) {shutil.which("mv")} {java} {host.bin}/java;; *) exit 1;; esac',
    )
    assert host.start(pool()).returncode == 0
    assert [line for line in host.log if line.startswith("dnf")] == [
        "dnf install -y -q java-21-amazon-corretto-headless",
        "dnf install -y -q java-21-openjdk-headless",
    ]


def test_java_that_is_too_old_is_replaced(host: Host) -> None:
    host.java("11.0.2")
    java = host.java("17.0.9", "newer").rename(host.root / "java")
    host.program("apt-get", f'case "$*" in *jre*) {shutil.which("mv")} {java} {host.bin}/java;; esac')
    assert host.start(pool()).returncode == 0
    assert [line for line in host.log if line.startswith("apt-get")] == [
        "apt-get update -qq -o DPkg::Lock::Timeout=300",
        "apt-get install -y -qq -o DPkg::Lock::Timeout=300 openjdk-21-jre-headless",
    ]


def test_without_java_there_is_no_agent(host: Host) -> None:
    (host.bin / "java").unlink()
    started = host.start(pool())
    assert started.returncode != 0
    assert "put one into the image" in started.stderr
    assert host.log[-1] == "shutdown -h +1"


def test_the_user_builds_run_as_is_made_where_there_is_none(host: Host) -> None:
    assert host.start(pool(), user="nobody-of-this-name").returncode == 0
    assert "useradd --system --create-home --shell /bin/bash nobody-of-this-name" in host.log


def test_the_agent_runs_as_its_user(host: Host) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        open_host = Host(Path(directory), host.server, host.ssm)
        hand_over(open_host)
        open_host.start(pool(), user="nobody")
        tools = {name: shutil.which(name) for name in ("cat", "id", "pwd")}
        (open_host.bin / "java").write_text(
            f"#!/bin/sh\necho $({tools['id']} -un) in $({tools['pwd']}) as $USER reads $({tools['cat']} {directory}/run/secret)\n"
        )
        said = open_host.serve_until("the agent ended")
        assert f"nobody in {directory}/work as nobody reads hush-hush" in said
        assert (open_host.root / "work").owner() == "nobody"


# The texts themselves.


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"user_data": "echo prepared"},
        {"user_data": "#!/usr/bin/python3\nprint(1)"},
        {"boot_minutes": 0.5},
    ],
)
def test_the_script_is_clean(more: Any, tmp_path: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    file = tmp_path / "user-data.sh"
    file.write_text(script(pool(**more), "main"))
    done = subprocess.run([shellcheck, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_program_is_one_file_for_python_3_9_with_nothing_but_its_library() -> None:
    source = Path(ec2_agent.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    imported |= {
        str(node.module).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names


def test_a_plain_pool_leaves_room_for_its_own_commands() -> None:
    assert len(packed(script(pool(), "main"))) < 12_288
    assert packed(script(pool(user_data="x" * 11_900), "main"))[:2] == b"\x1f\x8b"


def test_the_signature_is_the_one_aws_wants() -> None:
    body, host = b'{"Name": "/dynaslave/main/i-1", "WithDecryption": true}', "ssm.eu-west-1.amazonaws.com"
    ours = ec2_agent.signed(host, REGION, KEYS, body, 1_800_000_000.0)
    sent = {
        name: value for name, value in ours.items() if name not in ("Authorization", "x-amz-security-token")
    }
    theirs = AWSRequest(method="POST", url=f"https://{host}/", data=body, headers=sent)
    theirs.context["timestamp"] = ours["x-amz-date"]
    auth = SigV4Auth(Credentials(KEYS["AccessKeyId"], KEYS["SecretAccessKey"], KEYS["Token"]), "ssm", REGION)
    theirs.headers["X-Amz-Security-Token"] = KEYS["Token"]
    text = auth.string_to_sign(theirs, auth.canonical_request(theirs))
    assert ours["Authorization"].endswith("Signature=" + auth.signature(text, theirs))
