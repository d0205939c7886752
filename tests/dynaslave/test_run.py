"""The manager as a process: forty builds in three pools; agents come, builds finish, agents go, nothing is left.

Once with agents as processes of this host, once on EC2 (a moto server) where a hypervisor of ours plays the
instances, and once more on a real controller where JENKINS_URL, JENKINS_USER and JENKINS_TOKEN name one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from dynaslave.local.processes import supported
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.testing import SimulatedJenkins

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not supported(), reason="agents on this host need /proc")]
BUILDS = 40
ESTATE = """
from dynaslave import agent_pool
from jobdsl import folder, freestyle, steps

SIZES = [("alpha", 4, 1), ("beta", 2, 2), ("gamma", 2, 1)]
pools = [
    agent_pool(name, label=name, max_agents=most, executors=executors, idle_minutes=0.05, {more})
    for name, most, executors in SIZES
]
with folder("{folder}"):
    for number in range({builds}):
        freestyle(
            f"job-{{number}}", agent=pools[number % 3], steps=[steps.shell("echo ran on $NODE_NAME")]
        )
"""


def write_estate(root: Path, folder: str = "run", more: str = "") -> Path:
    root.mkdir()
    (root / "jobs.py").write_text(ESTATE.format(folder=folder, builds=BUILDS, more=more))
    return root


def wait(until: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Real time passes here: processes do what they do."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        threading.Event().wait(0.1)


class Run:
    """A manager in a process of its own."""

    def __init__(self, estate: Path, environment: Mapping[str, str], *options: str) -> None:
        self.log = Path(environment["HOME"]) / "manager.log"
        command = [
            sys.executable,
            "-m",
            "dynaslave.cli.main",
            "run",
            str(estate),
            "--interval",
            "0.3",
            "--web",
            ":0",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*command, *options], env=dict(environment), stderr=log)

    @property
    def page(self) -> str:
        """URL of the status page, once it is there."""
        words = self.log.read_text().split()
        return words[words.index("page:") + 1] if "page:" in words else ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def command(estate: Path, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    module = "jobdsl" if words[0] in ("apply", "plan") else "dynaslave.cli.main"
    return subprocess.run(
        [sys.executable, "-m", module, words[0], str(estate), *words[1:]],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True) as jenkins:
        yield jenkins


def environment(url: str, user: str, token: str, home: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
    return {**kept, "HOME": str(home), "JENKINS_URL": url, "JENKINS_USER": user, "JENKINS_TOKEN": token}


def queue_everything(controller: Controller, folder: str = "run") -> None:
    for number in range(BUILDS):
        controller.build(f"{folder}/job-{number}")


def done(jenkins: SimulatedJenkins) -> list[str | None]:
    return [
        one.result
        for number in range(BUILDS)
        for one in jenkins.builds(f"run/job-{number}")
        if not one.building
    ]


def test_agents_on_this_host(jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    estate = write_estate(tmp_path / "estate")
    env = environment(jenkins.url, jenkins.user, jenkins.token, tmp_path)
    assert command(estate, env, "apply", "--yes").returncode == 0
    queue_everything(connect(jenkins.url, jenkins.user, jenkins.token))
    local = ("--provider", "local", "--agent-command", "stand-in", "--run-directory", str(tmp_path / "run"))
    wait(
        lambda: any(one.state == "buildable" for one in list(jenkins.scheduler.queue.items.values())),
        "demand",
    )
    dry = command(estate, env, "once", "--dry-run", *local)
    assert dry.returncode == 2, dry.stderr
    assert "launch 4 x alpha" in dry.stdout
    assert not jenkins.computers.agents
    run = Run(estate, env, *local)
    try:
        wait(lambda: bool(run.page), "the status page")
        wait(lambda: len(done(jenkins)) >= 10, "ten builds")
        run.kill()  # and the next one goes on with the agents it finds
        run = Run(estate, env, *local, "--log", "json")
        wait(lambda: len(done(jenkins)) == BUILDS, "all builds")
        wait(lambda: bool(run.page), "the status page again")
        shown = command(estate, env, "status", "--from", run.page)
        assert "alpha" in shown.stdout, shown.stderr
        wait(lambda: not jenkins.computers.agents, "agents have gone")
        with urllib.request.urlopen(run.page + "healthz") as answer:
            assert answer.status == 200
        assert run.stop() == 0
    finally:
        run.kill()
    assert set(done(jenkins)) == {"SUCCESS"}
    assert not list((tmp_path / "run" / "agents").iterdir())
    assert "Traceback" not in run.log.read_text()


@pytest.mark.thorough
def test_drain_takes_a_pool_offline_and_the_manager_ends_it(
    jenkins: SimulatedJenkins, tmp_path: Path
) -> None:
    estate = write_estate(tmp_path / "estate", more="min_agents=1")
    env = environment(jenkins.url, jenkins.user, jenkins.token, tmp_path)
    local = ("--provider", "local", "--agent-command", "stand-in", "--run-directory", str(tmp_path / "run"))
    run = Run(estate, env, *local)
    try:
        agents = jenkins.computers.agents
        wait(lambda: sum(one.online for one in list(agents.values())) == 3, "one agent a pool")
        before = next(name for name in agents if name.startswith("beta"))
        drained = command(Path("beta"), env, "drain", "--reason", "new image")
        assert drained.stdout == f"{before}: draining\n", drained.stderr
        wait(
            lambda: before not in agents and any(one.startswith("beta") for one in list(agents)), "a new one"
        )
        unknown = command(Path("delta"), env, "drain")
        assert unknown.returncode == 1
        assert "alpha, beta, gamma" in unknown.stderr
        assert run.stop(signal.SIGINT) == 0
    finally:
        run.kill()
        again = Run(write_estate(tmp_path / "none"), env, *local)
        (tmp_path / "none" / "jobs.py").write_text("")
        wait(lambda: not jenkins.computers.agents, "nothing left")
        again.stop()


class Hypervisor:
    """Plays what instances of a moto server do: wait for their node, fetch the secret, dial in, die."""

    def __init__(self, endpoint: str) -> None:
        where: dict[str, Any] = {"region_name": "eu-west-1", "endpoint_url": endpoint}
        self._ec2, self._ssm = boto3.client("ec2", **where), boto3.client("ssm", **where)
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.wait(0.3):
            self.poll()

    def instances(self) -> list[Any]:
        pages = self._ec2.get_paginator("describe_instances").paginate()
        return [one for page in pages for group in page["Reservations"] for one in group["Instances"]]

    def poll(self) -> None:
        """Start and end what has come and gone."""
        live = set()
        for one in self.instances():
            tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", ())}
            if one["State"]["Name"] != "running":
                continue
            live.add(one["InstanceId"])
            if one["InstanceId"] not in self._agents and "dynaslave:node" in tags:
                self._dial_in(one["InstanceId"], tags)
        for id in set(self._agents) - live:
            self._end(self._agents.pop(id))

    def _dial_in(self, id: str, tags: Mapping[str, str]) -> None:
        name = f"/dynaslave/{tags['dynaslave:manager']}/{id}"
        told = json.loads(self._ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        words = ["--url", told["url"], "--name", told["node"], "--retry", "1"]
        self._agents[id] = subprocess.Popen(
            [sys.executable, "-m", "jobdsl.testing.agent", *words],
            env={"JENKINS_SECRET": told["secret"], "PATH": os.environ["PATH"]},
            stderr=subprocess.DEVNULL,
        )

    def _end(self, agent: subprocess.Popen[bytes]) -> None:
        agent.kill()
        agent.wait()

    def secrets(self) -> list[Any]:
        return self._ssm.describe_parameters()["Parameters"]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._ec2.close()
        self._ssm.close()
        for agent in self._agents.values():
            self._end(agent)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A moto server in a process of its own, and the settings that lead there."""
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    code = (
        "import threading; from moto.server import ThreadedMotoServer as S;"
        "s = S(ip_address='127.0.0.1', port=0, verbose=False); s.start();"
        "print(s.get_host_and_port()[1], flush=True); threading.Event().wait()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    port = next(line for line in lines if line.strip().isdecimal()).strip()
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.thorough
def test_agents_on_ec2(jenkins: SimulatedJenkins, tmp_path: Path, aws: str) -> None:
    ec2 = boto3.client("ec2", region_name="eu-west-1", endpoint_url=aws)
    image = ec2.register_image(Name="agent-1", RootDeviceName="/dev/xvda")["ImageId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    iam = boto3.client("iam", region_name="eu-west-1", endpoint_url=aws)
    iam.create_instance_profile(InstanceProfileName="agents")
    more = f'image="{image}", subnets=["{subnet}"], instance_types=["c7i.large", "c6i.large"], '
    more += 'instance_profile="agents"'
    estate = write_estate(tmp_path / "estate", more=more)
    env = environment(jenkins.url, jenkins.user, jenkins.token, tmp_path) | {
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    assert command(estate, env, "apply", "--yes").returncode == 0
    queue_everything(connect(jenkins.url, jenkins.user, jenkins.token))
    hypervisor = Hypervisor(aws)
    run = Run(estate, env, "--lease", "dynaslave", "--log", "json")
    (tmp_path / "other").mkdir()
    standby = Run(estate, env | {"HOME": str(tmp_path / "other")}, "--lease", "dynaslave")
    try:
        wait(lambda: len(done(jenkins)) == BUILDS, "all builds")
        wait(lambda: not jenkins.computers.agents, "agents have gone")
        wait(lambda: not hypervisor.secrets(), "secrets are deleted")
        states = {one["State"]["Name"] for one in hypervisor.instances()}
        assert states == {"terminated"}
        assert len(hypervisor.instances()) <= 12
        assert run.stop() == 0
        assert standby.stop() == 0
    finally:
        run.kill()
        standby.kill()
        hypervisor.close()
    assert set(done(jenkins)) == {"SUCCESS"}


@pytest.mark.skipif("JENKINS_URL" not in os.environ, reason="JENKINS_URL names no real controller")
@pytest.mark.skipif(shutil.which("java") is None, reason="agents of a real controller need java")
def test_agents_of_a_real_controller(tmp_path: Path) -> None:
    folder = f"dynaslave-test-{os.getpid()}"
    estate = write_estate(tmp_path / "estate", folder)
    (estate / "jobdsl.toml").write_text(f'[seed]\nname = "{folder}"\n[pools]\nmanager = "{folder}"\n')
    env = environment(
        os.environ["JENKINS_URL"], os.environ["JENKINS_USER"], os.environ["JENKINS_TOKEN"], tmp_path
    )
    assert command(estate, env, "apply", "--yes").returncode == 0
    controller = connect(env["JENKINS_URL"], env["JENKINS_USER"], env["JENKINS_TOKEN"])
    local = ("--provider", "local", "--run-directory", str(tmp_path / "run"))

    def results() -> list[str]:
        jobs = controller.tree(folder, "jobs[lastBuild[result]]")["jobs"]
        return [job["lastBuild"]["result"] for job in jobs if (job["lastBuild"] or {}).get("result")]

    def agents() -> list[str]:
        found = controller.json("computer/api/json", "computer[displayName,description]", "list agents")
        return [
            one["displayName"] for one in found["computer"] if f'"{folder}"' in (one["description"] or "")
        ]

    try:
        queue_everything(controller, folder)
        run = Run(estate, env, *local)
        try:
            wait(lambda: len(results()) == BUILDS, "all builds", 600)
            wait(lambda: not agents(), "agents have gone", 300)
            assert run.stop() == 0
        finally:
            run.kill()
        assert set(results()) == {"SUCCESS"}
    finally:
        controller.delete("item", folder)
