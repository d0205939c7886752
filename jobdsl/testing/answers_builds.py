"""Answers about builds and the queue: triggering, cancelling, stopping, logs, artifacts, test reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jobdsl.testing.answers_api import api_headers
from jobdsl.testing.builds import Build
from jobdsl.testing.export import to_json
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.pages import Refusal, jetty, missing, page, redirect
from jobdsl.testing.parameters import definitions, values_for
from jobdsl.testing.queue import Queue
from jobdsl.testing.resolver import Artifact
from jobdsl.testing.routing import RoutedRequest, Router
from jobdsl.testing.store import StoredItem
from jobdsl.testing.suites import report
from jobdsl.testing.triggers import notify

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_builds"]

_BUILD = "hudson.model.Item.Build"
_PLAIN = ("Content-Type", "text/plain;charset=utf-8")
_DELAY = re.compile(r"(\d+)\s*(sec|min|)")
_DEFAULT_QUIET = 5.0
"""Seconds; hudson.model.Jenkins.getQuietPeriod."""


def _buildable(call: RoutedRequest) -> StoredItem:
    item: StoredItem = call.target
    if item.kind.holds_items:
        raise missing()
    if item.disabled:
        raise Refusal(jetty(409, call.request.path, f"{item.name} is not buildable"))
    return item


def quiet_period(item: StoredItem, delay: str | None) -> float:
    """Return the seconds a trigger waits: of the request, else of the job, else the controller's five."""
    match = _DELAY.fullmatch(delay.strip()) if delay is not None else None
    if match:
        return float(match[1]) * (60 if match[2] == "min" else 1)
    period = item.fields.get("quietPeriod", "").strip()
    return float(period) if period.isdigit() else _DEFAULT_QUIET


def _schedule(
    call: RoutedRequest, item: StoredItem, *, arguments: dict[str, str], repeated: int
) -> HttpResponse:
    plain = call.jenkins.store.rewriter.plain
    parameters = values_for(definitions(item), arguments, plain)
    quiet = quiet_period(item, call.request.form.get("delay"))
    scheduler = call.jenkins.scheduler
    entry, new = scheduler.schedule(item, user=call.caller.user.name, quiet=quiet, parameters=parameters)
    location = ("Location", f"{call.jenkins.url}/{entry.path}")
    return HttpResponse(201 if new else repeated, b"", [location])


def _build(call: RoutedRequest) -> HttpResponse:
    """POST build: 201 with the queue item, also for one that waits already; not for a parameterised job."""
    item = _buildable(call)
    if definitions(item):
        raise Refusal(jetty(400, call.request.path, "Nothing is submitted"))
    return _schedule(call, item, arguments={}, repeated=201)


def _build_with_parameters(call: RoutedRequest) -> HttpResponse:
    """POST buildWithParameters: 201, or 303 for a queue item with equal values that waits already."""
    item = _buildable(call)
    if not definitions(item):
        raise Refusal(jetty(400, call.request.path, f"{item.name} is not parameterized"))
    return _schedule(call, item, arguments=call.request.form, repeated=303)


def _cancel(call: RoutedRequest) -> HttpResponse:
    """POST queue/cancelItem?id=: 204, 404 for an unknown item, 500 for one that has left."""
    queue = call.jenkins.scheduler.queue
    text = call.request.form.get("id", "")
    entry = queue.find(int(text)) if text.isdigit() else None
    if entry is None:
        raise missing()
    if entry.state == "left":
        return page(500, "Jenkins - Oops")
    call.jenkins.scheduler.cancel(entry)
    return HttpResponse(204)


def _stop(call: RoutedRequest) -> HttpResponse:
    build: Build = call.target
    if build.building:
        call.jenkins.scheduler.stop(build, call.caller.user.name)
    return redirect(call.request.path.removesuffix("stop"))


def _delete(call: RoutedRequest) -> HttpResponse:
    build: Build = call.target
    del build.item.builds[build.number]
    return redirect(f"/{build.item.path}")


def _console(call: RoutedRequest) -> HttpResponse:
    return HttpResponse(200, call.target.console.encode(), [_PLAIN])


def _progressive(call: RoutedRequest) -> HttpResponse:
    """GET logText/progressiveText?start=: the log from a byte on, its size, and whether more will come."""
    build: Build = call.target
    log = build.console.encode()
    start = call.request.query.get("start", "0")
    offset = min(int(start), len(log)) if start.isdigit() else 0
    more = [("X-More-Data", "true")] if build.building else []
    return HttpResponse(200, log[offset:], [("X-Text-Size", str(len(log))), *more, _PLAIN])


def _test_report(call: RoutedRequest) -> HttpResponse:
    build: Build = call.target
    if not build.suites:
        raise missing()
    body = to_json(report(build.suites, build.number))
    return HttpResponse(200, body, api_headers(call.jenkins, "application/json;charset=utf-8"))


_TYPES = {"xml": "application/xml", "html": "text/html", "json": "application/json", "txt": "text/plain"}


def _artifact(call: RoutedRequest) -> HttpResponse:
    """GET artifact/path: what the build kept under that path."""
    artifact: Artifact = call.target
    content = artifact.build.artifacts.get(artifact.path)
    if content is None:
        raise missing()
    kind = _TYPES.get(artifact.path.rpartition(".")[2], "application/octet-stream")
    return HttpResponse(200, content, [("Content-Type", kind), ("Accept-Ranges", "bytes")])


def _notify(call: RoutedRequest) -> HttpResponse:
    """POST git/notifyCommit?url=: polls the jobs that use a repository."""
    lines = notify(call.jenkins, call.request.form.get("url", ""))
    return HttpResponse(200, "".join(f"{line}\n" for line in lines).encode(), [_PLAIN])


def add_builds(router: Router, root: type[ControllerState]) -> None:
    """Register what is answered about builds and the queue."""
    router.on(StoredItem, "build", permission=_BUILD, post=True)(_build)
    router.on(StoredItem, "buildWithParameters", permission=_BUILD, post=True)(_build_with_parameters)
    router.on(Queue, "cancelItem", permission="hudson.model.Item.Cancel", post=True)(_cancel)
    router.on(Build, "stop", permission="hudson.model.Item.Cancel", post=True)(_stop)
    router.on(Build, "doDelete", permission="hudson.model.Item.Delete", post=True)(_delete)
    router.on(Build, "consoleText")(_console)
    router.on(Build, "logText/progressiveText")(_progressive)
    router.on(Build, "testReport/api/json")(_test_report)
    router.on(Artifact, "")(_artifact)
    router.on(root, "git/notifyCommit")(_notify)
