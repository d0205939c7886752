"""Answers about nodes: creating by form and by XML, config.xml, secrets, taking offline, deleting."""

from __future__ import annotations

import json
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.errors import XmlError
from jobdsl.testing.answers_items import encoded_body, xml_response
from jobdsl.testing.computers import Computer, Computers, OfflineCause
from jobdsl.testing.documents import read, write
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.names import check
from jobdsl.testing.pages import Refusal, failure, forbidden, jetty, missing, oops, redirect
from jobdsl.testing.routing import RoutedRequest, Router

__all__ = ["add_computers"]

_CREATE = "hudson.model.Computer.Create"
_DELETE = "hudson.model.Computer.Delete"
_CONFIGURE = "hudson.model.Computer.Configure"
_CONNECT = "hudson.model.Computer.Connect"
_DISCONNECT = "hudson.model.Computer.Disconnect"
_FORM_TYPES = ("hudson.slaves.DumbSlave", "hudson.slaves.DumbSlave$DescriptorImpl")


def _read(data: bytes) -> Node:
    try:
        root = read(data)
    except XmlError:
        raise oops() from None
    if root.tag not in ("slave", "hudson.slaves.DumbSlave"):
        raise oops()
    return root


def _create_by_xml(call: RoutedRequest) -> HttpResponse:
    """POST computer/createItem?name= with a `slave` document: 200."""
    name = call.request.query.get("name", "")
    check(name)
    if name in call.jenkins.computers.agents:
        raise failure(f"Node '{name}' already exists")
    root = _read(call.request.body)
    root.children = [Node("name", name), *[child for child in root.children if child.tag != "name"]]
    call.jenkins.add_node(name, write(root))
    return HttpResponse()


def _create_by_form(call: RoutedRequest) -> HttpResponse:
    """POST computer/doCreateItem: the form of the UI, and of python-jenkins."""
    form = call.request.form
    name = form.get("name", "").strip()
    check(name)
    if name in call.jenkins.computers.agents:
        raise failure(f"Agent called \u2018{name}\u2019 already exists")
    if "json" not in form:
        raise Refusal(jetty(400, call.request.path, "This page expects a form submission"))
    if form.get("type") not in _FORM_TYPES:
        raise oops()
    try:
        submitted = json.loads(form["json"])
    except ValueError:
        raise oops() from None
    call.jenkins.add_node(name, write(_from_form(name, submitted)))
    return redirect("/computer/")


def _from_form(name: str, form: dict[str, Any]) -> Node:
    launcher = form.get("launcher") or {}
    retention = form.get("retentionStrategy") or form.get("") or {}
    strategy = retention.get("stapler-class") if isinstance(retention, dict) else None
    work_dir = {"disabled": "false", "internalDir": "remoting", "failIfWorkDirIsMissing": "false"}
    return Node(
        "slave",
        children=[
            Node("name", name),
            Node("description", str(form.get("nodeDescription", ""))),
            Node("remoteFS", str(form.get("remoteFS", ""))),
            Node("numExecutors", str(form.get("numExecutors", 1))),
            Node("mode", str(form.get("mode", "NORMAL"))),
            Node("retentionStrategy", attrs={"class": strategy or "hudson.slaves.RetentionStrategy$Always"}),
            Node(
                "launcher",
                attrs={"class": launcher.get("stapler-class", "hudson.slaves.JNLPLauncher")},
                children=[
                    Node("workDirSettings", children=[Node(key, value) for key, value in work_dir.items()]),
                    Node("webSocket", str(bool(launcher.get("webSocket"))).lower()),
                ],
            ),
            Node("label", str(form.get("labelString", ""))),
            Node("nodeProperties"),
        ],
    )


def _agent(call: RoutedRequest) -> Computer:
    computer: Computer = call.target
    if not computer.name:
        raise missing()
    return computer


def _get_config(call: RoutedRequest) -> HttpResponse:
    document = _agent(call).document
    return xml_response(document.text if document else "")


def _post_config(call: RoutedRequest) -> HttpResponse:
    data = encoded_body(call)
    _read(data)
    call.jenkins.configure_node(_agent(call), data)
    return HttpResponse()


def _delete(call: RoutedRequest) -> HttpResponse:
    """POST doDelete: the node does not exist any more, and a build that ran there has failed."""
    computer: Computer = call.target
    if not computer.name:
        return HttpResponse(400)
    call.jenkins.meet_others()
    if call.jenkins.computers.find(computer.name) is not None:
        call.jenkins.delete_node(computer.name)
    return redirect("/computer/")


def _secret(call: RoutedRequest) -> HttpResponse:
    """GET jenkins-agent.jnlp: the secret an agent dials in with."""
    computer = _agent(call)
    arguments = [computer.secret, computer.name, "-url", f"{call.jenkins.url}/"]
    inner = "".join(f"<argument>{argument}</argument>" for argument in arguments)
    text = f"<jnlp><application-desc>{inner}</application-desc></jnlp>"
    return HttpResponse(200, text.encode(), [("Content-Type", "application/x-java-jnlp-file")])


def _toggle(call: RoutedRequest) -> HttpResponse:
    """POST toggleOffline: no new builds, those that run go on; or the opposite."""
    computer: Computer = call.target
    if computer.mark is None:
        return _change_cause(call)
    if not call.caller.user.may(_CONNECT):
        raise Refusal(forbidden(call.caller, _CONNECT, call.request.path))
    computer.mark = None
    call.jenkins.scheduler.tick()
    return redirect(f"/{computer.path}")


def _change_cause(call: RoutedRequest) -> HttpResponse:
    """POST changeOfflineCause: marked from now on with this reason, whatever it was (Computer.java)."""
    computer: Computer = call.target
    reason = call.request.form.get("offlineMessage", "").strip()
    computer.mark = OfflineCause("UserCause", reason, call.caller.user.name, call.jenkins.clock.now())
    return redirect(f"/{computer.path}")


def _disconnect(call: RoutedRequest) -> HttpResponse:
    computer = _agent(call)
    computer.disconnect(call.caller.user.name, call.jenkins.clock.now())
    call.jenkins.runner.lines.pop(computer.name, None)
    call.jenkins.scheduler.lost(computer, "command execution failed")
    return redirect(f"/{computer.path}")


def _mark_page(call: RoutedRequest) -> HttpResponse:
    """GET markOffline: the form with Agent/Disconnect, in the side panel the deletion with Agent/Delete."""
    user = call.caller.user
    form = '<form method="post" action="toggleOffline"></form>' if user.may(_DISCONNECT) else ""
    panel = '<a data-url="doDelete"></a>' if call.target.name and user.may(_DELETE) else ""
    return _html(panel + form)


def _html(inner: str) -> HttpResponse:
    text = f"<!DOCTYPE html><html><body>{inner}</body></html>"
    return HttpResponse(200, text.encode(), [("Content-Type", "text/html;charset=utf-8")])


def _launch(call: RoutedRequest) -> HttpResponse:
    return redirect(f"/{_agent(call).path}log")


def add_computers(router: Router) -> None:
    """Register what is answered about nodes."""
    router.on(Computers, "createItem", permission=_CREATE, post=True)(_create_by_xml)
    router.on(Computers, "doCreateItem", permission=_CREATE, post=True)(_create_by_form)
    router.on(Computer, "config.xml", permission=_CONFIGURE, method="POST")(_post_config)
    router.on(Computer, "config.xml", permission=_CONFIGURE)(_get_config)
    router.on(Computers, "new", permission=_CREATE)(lambda _: _html("<form></form>"))
    router.on(Computer, "markOffline")(_mark_page)
    router.on(Computer, "logText/progressiveText", permission=_CONNECT)(lambda _: HttpResponse(200, b""))
    router.on(Computer, "doDelete", permission=_DELETE, post=True)(_delete)
    for name in ("jenkins-agent.jnlp", "slave-agent.jnlp"):
        router.on(Computer, name, permission=_CONNECT)(_secret)
    router.on(Computer, "toggleOffline", permission=_DISCONNECT, post=True)(_toggle)
    router.on(Computer, "changeOfflineCause", permission=_DISCONNECT, post=True)(_change_cause)
    router.on(Computer, "doDisconnect", permission=_DISCONNECT, post=True)(_disconnect)
    router.on(Computer, "launchSlaveAgent", permission=_CONNECT, post=True)(_launch)
