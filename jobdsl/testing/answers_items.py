"""Answers about items: createItem, config.xml, deleting, moving, renaming, copying, disabling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobdsl.testing.access import VIEW_CONFIGURE, may, require
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.kinds import KINDS
from jobdsl.testing.names import check
from jobdsl.testing.pages import Refusal, failure, missing, redirect
from jobdsl.testing.routing import RoutedRequest, Router
from jobdsl.testing.store import ItemGroup, StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_items", "encoded_body", "xml_response"]

_CREATE = "hudson.model.Item.Create"
_CONFIGURE = "hudson.model.Item.Configure"
_DELETE = "hudson.model.Item.Delete"


def xml_response(text: str) -> HttpResponse:
    """Return a document as it is stored."""
    return HttpResponse(200, text.encode(), [("Content-Type", "application/xml")])


def encoded_body(call: RoutedRequest) -> bytes:
    """Return the body of a POST config.xml as UTF-8: there the Content-Type decides, not the declaration."""
    charset = call.request.headers.get("content-type", "").partition("charset=")[2].strip(' "') or "utf-8"
    try:
        text = call.request.body.decode(charset)
    except (LookupError, UnicodeDecodeError):
        text = call.request.body.decode("utf-8", "replace")
    return _redeclared(text).encode()


def _redeclared(text: str) -> str:
    end = text.find("?>")
    if not text.lstrip().startswith("<?xml") or end < 0:
        return text
    version = "1.1" if "1.1" in text[:end] else "1.0"
    return f'<?xml version="{version}" encoding="UTF-8"?>{text[end + 2 :]}'


def _group(call: RoutedRequest) -> ItemGroup:
    """Return the group a createItem is for: the root, or a folder; a job has no such page."""
    target = call.target
    if isinstance(target, StoredItem):
        if target.kind.shape != "folder":
            raise missing()
        return target.children
    root: ItemGroup = call.jenkins.root
    return root


def create_item(call: RoutedRequest) -> HttpResponse:
    """POST createItem?name=: an XML document, a copy, or an empty item of a kind."""
    group = _group(call)
    query = call.request.form
    name = query.get("name")
    if name is None:
        raise failure("Query parameter 'name' is required")
    call.jenkins.store.free_name(group, name)
    if query.get("mode") == "copy":
        return _copy(call, group, name)
    content_type = call.request.headers.get("content-type", "")
    if not content_type:
        raise failure("No Content-Type header set")
    if content_type.partition(";")[0].strip().lower() in ("application/xml", "text/xml"):
        call.jenkins.store.create(group, name, call.request.body)
        return HttpResponse()
    return _empty(call, group, name, query.get("mode", ""))


def _copy(call: RoutedRequest, group: ItemGroup, name: str) -> HttpResponse:
    source = call.request.form.get("from", "")
    if not source:
        raise failure("Specify which job to copy")
    item = call.jenkins.store.copy(group, name, source)
    return redirect(f"/{item.path}configure")


def _empty(call: RoutedRequest, group: ItemGroup, name: str, mode: str) -> HttpResponse:
    if not mode:
        raise failure("No mode given")
    kind = KINDS.get(mode)
    if kind is None:
        raise failure(f"No item type \u2018{mode}\u2019 is known")
    inner = "<publishers/>" if kind.shape == "matrix" else ""
    item = call.jenkins.store.create(group, name, f"<{kind.tag}>{inner}</{kind.tag}>".encode())
    return redirect(f"/{item.path}configure")


def get_config(call: RoutedRequest) -> HttpResponse:
    """GET config.xml."""
    return xml_response(call.target.document.text)


def post_config(call: RoutedRequest) -> HttpResponse:
    """POST config.xml: 200 when it was taken, 500 when not."""
    call.jenkins.store.update(call.target, encoded_body(call))
    return HttpResponse()


def _delete(call: RoutedRequest) -> HttpResponse:
    item: StoredItem = call.target
    call.jenkins.store.delete(item)
    call.jenkins.scheduler.forget(item)
    owner = item.parent.owner
    return (
        HttpResponse(204) if call.request.method == "DELETE" else redirect(f"/{owner.path if owner else ''}")
    )


def _move(call: RoutedRequest) -> HttpResponse:
    item: StoredItem = call.target
    moved = call.jenkins.store.move(item, call.request.form.get("destination", ""))
    return redirect(f"/{item.path}" if moved else f"/{item.path}move/")


def _rename(call: RoutedRequest) -> HttpResponse:
    item: StoredItem = call.target
    if not may(call.caller.user, _CONFIGURE, item, call.jenkins.root):
        require(call, _DELETE, item)
        require(call, _CREATE, item)
    call.jenkins.store.rename(item, call.request.form.get("newName", ""))
    return redirect(f"/{item.path.rstrip('/')}")


def _describe(call: RoutedRequest) -> HttpResponse:
    """POST submitDescription: of a folder of any kind, it is the primary view that is described."""
    item: StoredItem = call.target
    text = call.request.form.get("description", "")
    if item.kind.holds_items:
        view = call.jenkins.store.page_of(item)
        require(call, VIEW_CONFIGURE, view)
        call.jenkins.store.describe_view(view, text)
    else:
        require(call, _CONFIGURE, item)
        call.jenkins.store.describe(item, text)
    return redirect(f"/{item.path}")


def _set_disabled(call: RoutedRequest, disabled: bool) -> HttpResponse:
    call.jenkins.store.set_disabled(call.target, disabled)
    return redirect(f"/{call.target.path}")


def _reload(call: RoutedRequest) -> HttpResponse:
    call.jenkins.store.reload(call.target)
    return HttpResponse()


def _check_name(call: RoutedRequest) -> HttpResponse:
    """GET checkJobName?value=: a snippet for the form."""
    name = call.request.query.get("value", "")
    try:
        check(name)
        text = "<div/>"
    except Refusal as refusal:
        reason = dict(refusal.response.headers)["X-Error"]
        text = f'<div class="error">{reason}</div>'
    return HttpResponse(200, text.encode(), [("Content-Type", "text/html;charset=utf-8")])


def add_items(router: Router, root: type[ControllerState]) -> None:
    """Register what is answered about items."""
    for owner in (root, StoredItem):
        router.on(owner, "createItem", permission=_CREATE, post=True)(create_item)
    router.on(root, "checkJobName", permission="hudson.model.Hudson.Read")(_check_name)
    router.on(StoredItem, "config.xml", permission=_CONFIGURE, method="POST")(post_config)
    router.on(StoredItem, "config.xml", permission=_CONFIGURE)(get_config)
    router.on(StoredItem, "doDelete", permission=_DELETE, post=True)(_delete)
    router.on(StoredItem, "", permission=_DELETE, method="DELETE")(_delete)
    router.on(StoredItem, "move/move", permission="hudson.model.Item.Move", post=True)(_move)
    for name in ("confirmRename", "doRename"):
        router.on(StoredItem, name, post=True)(_rename)
    router.on(StoredItem, "submitDescription", post=True)(_describe)
    router.on(StoredItem, "description", method="POST")(_describe)
    router.on(StoredItem, "disable", permission=_CONFIGURE, post=True)(lambda call: _set_disabled(call, True))
    router.on(StoredItem, "enable", permission=_CONFIGURE, post=True)(lambda call: _set_disabled(call, False))
    router.on(StoredItem, "reload", permission=_CONFIGURE, post=True)(_reload)
