"""Views: their owners, their items, and how they nest; a folder keeps its own in its document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from jobdsl.documents.aliases import tag_class
from jobdsl.documents.tree import Node, tag_name
from jobdsl.testing.store import ItemGroup, Settle, StoredDocument, StoredItem

__all__ = [
    "FOLDER_VIEWS",
    "StoredView",
    "default_view",
    "embed",
    "group_of",
    "primary",
    "shown_by",
    "views_of",
]

_NESTED = "hudson.plugins.nested_view.NestedView"
_ALL = "hudson.model.AllView"
_MY = "hudson.model.MyView"
FOLDER_VIEWS = "folderViews"
_WELCOME = "jenkins.branch.MultiBranchProjectEmptyView"
_OF_BRANCHES = "jenkins.branch.MultiBranchProjectViewHolder$ViewImpl"


class StoredView:
    """One view of the root, of a folder, or of a nested view."""

    __slots__ = ("document", "java", "name", "owner", "primary", "views")

    def __init__(self, name: str, java: str, owner: StoredItem | StoredView | None) -> None:
        self.name = name
        self.java = java
        self.owner = owner
        self.primary = False
        self.document: StoredDocument
        self.views: dict[str, StoredView] = {}

    @property
    def path(self) -> str:
        """Path below the controller's URL; a primary view is its owner's page."""
        base = self.owner.path if self.owner else ""
        return base if self.primary else f"{base}view/{quote(self.name, safe='')}/"

    @property
    def description(self) -> str | None:
        """Return the description in its document."""
        node = self.document.tree().find("description")
        return node.text if node else None

    @property
    def is_of_branches(self) -> bool:
        """Return whether a multibranch computes it of its branches, so that it cannot be changed."""
        return self.java == _OF_BRANCHES

    def assign(self, root: Node, document: StoredDocument, settle: Settle) -> None:
        """Give the view a document, and views to a nested one."""
        self.document = document
        self.java = tag_class(root.tag)
        self.views = {}
        inner = root.find("views") if self.java == _NESTED else None
        for node in inner.children if inner else ():
            child = view_from(node, self, settle)
            self.views[child.name] = child

    def items(self, group: ItemGroup) -> list[StoredItem]:
        """Return what it shows of its owner's items: names in order, then what the pattern matches."""
        if self.java in (_ALL, _OF_BRANCHES, _MY):
            return list(group)
        if self.java == _NESTED:
            return []
        tree = self.document.tree()
        recurse = _text(tree, "recurse") == "true"
        candidates = list(group.walk()) if recurse else list(group)
        names = _names(tree)
        pattern = _text(tree, "includeRegex")
        prefix = f"{group.owner.full_name}/" if group.owner else ""
        relative = {item: item.full_name.removeprefix(prefix) for item in candidates}
        listed = [item for item in candidates if relative[item] in names]
        matched = [item for item in candidates if item not in listed and _matches(pattern, relative[item])]
        return [*listed, *matched]


def _text(tree: Node, tag: str) -> str:
    node = tree.find(tag)
    return node.text if node else ""


def _names(tree: Node) -> set[str]:
    node = tree.find("jobNames")
    return {child.text for child in node.children if child.tag == "string"} if node else set()


def _matches(pattern: str, name: str) -> bool:
    try:
        return bool(pattern) and re.fullmatch(pattern, name) is not None
    except re.error:
        return False  # a pattern of Java that Python cannot read


def view_from(node: Node, owner: StoredItem | StoredView | None, settle: Settle) -> StoredView:
    """Return a view from the element that stands for it in its owner's document."""
    from jobdsl.testing.documents import write

    named = node.find("name")
    view = StoredView(named.text if named else "", tag_class(node.tag), owner)
    alone = Node(
        node.tag, children=[child for child in node.children if child.tag != "owner"], attrs=node.attrs
    )
    view.assign(alone, StoredDocument(write(alone).encode(), settle), settle)
    return view


def default_view(owner: StoredItem | None, settle: Settle) -> StoredView:
    """Return the view everything has at first: all items, called `all` at the root and `All` in a folder."""
    name = "All" if owner else "all"
    children = [Node("name", name), Node("filterExecutors", "false"), Node("filterQueue", "false")]
    view = view_from(Node(_ALL, children=children), owner, settle)
    view.primary = True
    return view


def views_of(item: StoredItem, root: Node, settle: Settle) -> dict[str, StoredView]:
    """Return the views a folder's document holds; the default one where it holds none."""
    holder = root.find(FOLDER_VIEWS)
    nodes = holder.find("views") if holder else None
    views = {view.name: view for view in _each(nodes, item, settle)}
    if not views:
        first = default_view(item, settle)
        return {first.name: first}
    chosen = holder.find("primaryView") if holder else None
    primary(views, chosen.text if chosen else "").primary = True
    return views


def primary(views: dict[str, StoredView], name: str = "") -> StoredView:
    """The view that is its owner's page: the one of that name, the one chosen before, else the first."""
    chosen = (view for view in views.values() if view.primary)
    return views.get(name) or next(chosen, None) or next(iter(views.values()))


def shown_by(item: StoredItem) -> dict[str, StoredView]:
    """Return the views of an item: its own, or the one that a multibranch computes each time it is asked."""
    if item.kind.shape != "multibranch":
        return item.views
    name, java = ("default", _OF_BRANCHES) if len(item.children) else ("welcome", _WELCOME)
    view = StoredView(name, java, item)
    view.primary = True
    tag = tag_name(java)
    view.document = StoredDocument(f"<{tag}><name>{name}</name></{tag}>".encode(), lambda root: root)
    return {name: view}


def group_of(view: StoredView, root: ItemGroup) -> ItemGroup:
    """Return the items a view chooses from: those of the folder that owns it, or at the root."""
    owner = view.owner
    while isinstance(owner, StoredView):
        owner = owner.owner
    return owner.children if owner else root


def _each(nodes: Node | None, item: StoredItem, settle: Settle) -> Iterator[StoredView]:
    for node in nodes.children if nodes else ():
        yield view_from(node, item, settle)


def embed(item: StoredItem, root: Node) -> None:
    """Write a folder's views into its document, as the controller keeps them."""
    from jobdsl.testing.documents import read

    if not item.views:
        return
    holder = root.find(FOLDER_VIEWS)
    if holder is None:
        holder = Node(FOLDER_VIEWS)
        root.children.append(holder)
    nodes = []
    for view in item.views.values():
        node = read(view.document.text.encode())
        owner = {"class": item.kind.java, "reference": "../../../.."}
        node.children.insert(0, Node("owner", attrs=owner))
        nodes.append(node)
    rest = [child for child in holder.children if child.tag != "views"]  # primaryView stays as it was set
    holder.children = [Node("views", children=nodes), *rest]
