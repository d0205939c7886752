"""The line of `python -m jobdsl.testing.agent`: a protocol of our own in place of Jenkins' remoting."""

from __future__ import annotations

import base64
import io
import json
import secrets
import time
import zipfile
from typing import TYPE_CHECKING

from jobdsl.testing.agent_channel import AgentChannel
from jobdsl.testing.build_spec import work_of
from jobdsl.testing.build_steps import BuildOutcome
from jobdsl.testing.computers import Computer
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.pages import Refusal, missing
from jobdsl.testing.resolver import AgentLine
from jobdsl.testing.routing import RoutedRequest, Router

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_agents"]

_TICK = 0.2
_PATIENCE = 20.0
"""Seconds an agent's question for work waits for an answer."""


def _line(call: RoutedRequest) -> tuple[Computer, AgentChannel]:
    """Return the node and its line; refused without its secret, or before it has connected."""
    computer: Computer = call.target.computer
    if not secrets.compare_digest(call.request.headers.get("x-agent-secret", ""), computer.secret):
        raise Refusal(HttpResponse(403))
    line = call.jenkins.runner.lines.get(computer.name)
    if line is None:
        raise missing()
    return computer, line


def _connect(call: RoutedRequest) -> HttpResponse:
    """POST connect: the node is online for as long as this connection stays open."""
    computer: Computer = call.target.computer
    if not secrets.compare_digest(call.request.headers.get("x-agent-secret", ""), computer.secret):
        raise Refusal(HttpResponse(403))
    jenkins = call.jenkins
    line = jenkins.runner.lines[computer.name] = AgentChannel()
    computer.connect()
    jenkins.scheduler.reconnected(computer)
    jenkins.scheduler.tick()
    jenkins.changed.notify_all()

    def gone() -> None:
        with jenkins.changed:
            if jenkins.runner.lines.get(computer.name) is line:
                _lost(jenkins, computer)

    body = json.dumps({"workspace": computer.remote_fs}).encode()
    return HttpResponse(200, body, [("Content-Type", "application/json")], on_close=gone)


def _lost(jenkins: ControllerState, computer: Computer) -> None:
    del jenkins.runner.lines[computer.name]
    computer.disconnect("", jenkins.clock.now())
    jenkins.scheduler.lost(computer, "command execution failed")
    jenkins.changed.notify_all()


def _take(call: RoutedRequest) -> HttpResponse:
    """POST take: the next build as JSON, or 204 after a while without one."""
    computer, line = _line(call)
    jenkins = call.jenkins
    deadline = time.monotonic() + _PATIENCE

    def cut() -> bool:
        return jenkins.runner.lines.get(computer.name) is not line

    while not (line.waiting or cut() or jenkins.closing) and time.monotonic() < deadline:
        jenkins.changed.wait(_TICK)
        jenkins.scheduler.tick()
    if not line.waiting or cut():
        return HttpResponse(204)
    build = line.waiting.popleft()
    key = f"{build.item.full_name}#{build.number}"
    line.taken[key] = build
    body = json.dumps({"key": key, "work": work_of(jenkins, build).to_values()}).encode()
    return HttpResponse(200, body, [("Content-Type", "application/json")])


def _log(call: RoutedRequest) -> HttpResponse:
    """POST log?key=: a piece of the log; the answer has whether to stop."""
    _, line = _line(call)
    key = call.request.query.get("key", "")
    build = line.taken.get(key)
    if build is not None and call.request.body:
        call.jenkins.runner.log(build, call.request.body.decode("utf-8", "replace"))
    stop = build is None or key in line.stopping
    return HttpResponse(200, json.dumps({"stop": stop}).encode(), [("Content-Type", "application/json")])


def _done(call: RoutedRequest) -> HttpResponse:
    """POST done?key=: the result and what was kept."""
    _, line = _line(call)
    build = line.taken.pop(call.request.query.get("key", ""), None)
    if build is None:
        raise missing()
    values = json.loads(call.request.body)
    outcome = BuildOutcome(
        result=values["result"],
        artifacts={path: base64.b64decode(data) for path, data in values["artifacts"].items()},
        reports=[base64.b64decode(data) for data in values["reports"]],
        commit=values["commit"],
        handed=values["handed"],
    )
    call.jenkins.runner.done(build, outcome)
    return HttpResponse()


def _jar(call: RoutedRequest) -> HttpResponse:  # noqa: ARG001 - one signature
    """GET jnlpJars/agent.jar: where Jenkins' agent would be. Anybody may have it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as jar:
        jar.writestr("hudson/remoting/Launcher.class", b"\xca\xfe\xba\xbe\0\0\0\x41")  # of Java 21
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nCreated-By: a simulation\r\n\r\n")
    return HttpResponse(200, packed.getvalue(), [("Content-Type", "application/java-archive")])


def add_agents(router: Router, root: type[ControllerState]) -> None:
    """Register the agents' line."""
    router.on(root, "jnlpJars/agent.jar")(_jar)
    router.on(AgentLine, "connect", post=True)(_connect)
    router.on(AgentLine, "take", post=True)(_take)
    router.on(AgentLine, "log", post=True)(_log)
    router.on(AgentLine, "done", post=True)(_done)
