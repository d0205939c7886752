"""Answers about views: createView, config.xml, deleting; at the root, in folders, and in nested views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobdsl.documents.aliases import tag_class
from jobdsl.documents.tree import Node
from jobdsl.errors import XmlError
from jobdsl.testing.access import VIEW_CONFIGURE
from jobdsl.testing.answers_items import create_item, encoded_body, xml_response
from jobdsl.testing.documents import read
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.names import check
from jobdsl.testing.pages import failure, missing, oops, redirect
from jobdsl.testing.routing import RoutedRequest, Router
from jobdsl.testing.store import StoredItem
from jobdsl.testing.views import StoredView

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_views"]

_VIEWS = ("View", ".Dashboard")
"""How the names of views' classes end."""


def _read_view(call: RoutedRequest, data: bytes) -> Node:
    try:
        root = read(data)
    except XmlError:
        raise oops() from None
    java = tag_class(root.tag)
    if not java.endswith(_VIEWS) or not call.jenkins.store.rewriter.known(java):
        raise oops()
    return root


def _create(call: RoutedRequest) -> HttpResponse:
    owner = call.target
    if isinstance(owner, StoredItem) and owner.kind.shape != "folder":
        raise missing()
    name = call.request.query.get("name")
    if name is None:
        raise failure("Query parameter 'name' is required")
    check(name)
    if name in owner.views:
        raise failure(f'A view already exists with the name "{name}"')
    root = _read_view(call, call.request.body)
    view = StoredView(name, "", owner if isinstance(owner, StoredItem | StoredView) else None)
    call.jenkins.store.assign_view(view, root, call.request.body)
    owner.views[name] = view
    call.jenkins.store.views_changed(view.owner)
    return HttpResponse()


def _configure(call: RoutedRequest) -> HttpResponse:
    view: StoredView = call.target
    data = encoded_body(call)
    root = _read_view(call, data)
    if tag_class(root.tag) != view.java:
        raise oops()
    call.jenkins.store.assign_view(view, root, data)
    call.jenkins.store.views_changed(view.owner)
    return HttpResponse()


def _describe(call: RoutedRequest) -> HttpResponse:
    """POST view/x/submitDescription (View.doSubmitDescription)."""
    view: StoredView = call.target
    call.jenkins.store.describe_view(view, call.request.form.get("description", ""))
    return redirect(f"/{view.path}")


def _delete(call: RoutedRequest) -> HttpResponse:
    view: StoredView = call.target
    call.jenkins.store.delete_view(view)
    owner = view.owner
    return redirect(f"/{owner.path if owner else ''}")


def add_views(router: Router, root: type[ControllerState]) -> None:
    """Register what is answered about views."""
    for owner in (root, StoredItem, StoredView):
        router.on(owner, "createView", permission="hudson.model.View.Create", post=True)(_create)
    router.on(StoredView, "config.xml", permission=VIEW_CONFIGURE, method="POST")(_configure)
    router.on(StoredView, "config.xml")(lambda call: xml_response(call.target.document.text))
    router.on(StoredView, "submitDescription", permission=VIEW_CONFIGURE, post=True)(_describe)
    router.on(StoredView, "doDelete", permission="hudson.model.View.Delete", post=True)(_delete)
    router.on(StoredView, "createItem", permission="hudson.model.Item.Create", post=True)(_create_in_view)


def _create_in_view(call: RoutedRequest) -> HttpResponse:
    """POST view/x/createItem: the item goes to the owner of the view."""
    owner = call.target
    while isinstance(owner, StoredView):
        owner = owner.owner
    call.target = owner or call.jenkins
    return create_item(call)
