"""What can be done to items: create, copy, update, move, rename, disable, delete; and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from jobdsl.documents.tree import Node
from jobdsl.errors import XmlError
from jobdsl.testing.documents import read, write
from jobdsl.testing.kinds import KINDS, ItemKind, kind_of
from jobdsl.testing.names import check
from jobdsl.testing.pages import failure, oops
from jobdsl.testing.quirks import refuse
from jobdsl.testing.store import ItemGroup, Settle, StoredDocument, StoredItem
from jobdsl.testing.stored import Rewriter
from jobdsl.testing.views import StoredView, default_view, embed, primary, shown_by, views_of

__all__ = ["Items"]

_LONGEST_NAME = 255
"""Bytes a file system allows for the item's folder."""


@dataclass(slots=True)
class Items:
    """All items of a controller, and the operations on them."""

    rewriter: Rewriter
    root: ItemGroup = field(default_factory=ItemGroup)
    views: dict[str, StoredView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = default_view(None, self.settle_view)
        self.views[first.name] = first

    def settle_view(self, root: Node) -> Node:
        """Return what the controller makes of the document of a view."""
        return self.rewriter.settle(root, new=False)

    def create(self, group: ItemGroup, name: str, data: bytes) -> StoredItem:
        """Create an item from a document; Refusal as the controller answers."""
        name = self.free_name(group, name)
        root = self._read(data)
        item = StoredItem(group, name, self._kind(root))
        if len(name.encode()) > _LONGEST_NAME:
            raise oops()
        self._assign(item, root, data, new=True)
        group.add(item)
        return item

    def update(self, item: StoredItem, data: bytes) -> None:
        """Another document for an item; it must be of the same class."""
        root = self._read(data)
        if self._kind(root).java != item.kind.java:
            raise oops()
        self._assign(item, root, data, new=False)

    def copy(self, group: ItemGroup, name: str, source: str) -> StoredItem:
        """Copy an item with everything below it."""
        name = self.free_name(group, name)
        original = (group.find(source) if not source.startswith("/") else None) or self.root.find(source)
        if original is None:
            raise failure(f"No such job: {source}")
        return self._copy(original, group, name)

    def _copy(self, source: StoredItem, group: ItemGroup, name: str) -> StoredItem:
        item = StoredItem(group, name, source.kind)
        data = source.document.text.encode()
        self._assign(item, read(data), data, new=False)
        group.add(item)
        for child in source.children:
            self._copy(child, item.children, child.name)
        return item

    def free_name(self, group: ItemGroup, name: str) -> str:
        """Return the name without spaces around it; refused if it is bad or taken."""
        check(name)
        name = name.strip()
        if group.get(name) is not None:
            raise failure(f"A job already exists with the name \u2018{name}\u2019")
        return name

    def _read(self, data: bytes) -> Node:
        try:
            return read(data)
        except XmlError:
            raise oops() from None

    def _kind(self, root: Node) -> ItemKind:
        kind = kind_of(root.tag)
        rewriter = self.rewriter
        known = kind.tag in KINDS
        if not known and (not rewriter.accept_unknown or rewriter.catalogue.fields_of(kind.java) is not None):
            raise oops()
        if kind.plugin and kind.plugin not in rewriter.plugins and not rewriter.accept_unknown:
            raise oops()
        return kind

    def _assign(self, item: StoredItem, root: Node, data: bytes, *, new: bool) -> None:
        refuse(item.kind.java, root)
        document = StoredDocument(data, partial(self.rewriter.settle, new=new))
        item.assign(root, document)
        if item.kind.shape == "folder":
            item.views = views_of(item, document.tree(), self.settle_view)

    def _edit(self, item: StoredItem, tag: str, text: str | None) -> None:
        """Set or remove one simple value of the stored document."""

        def change(root: Node) -> None:
            child = root.find(tag)
            if child is not None:
                root.children.remove(child)
            if text is not None:
                root.children.append(Node(tag, text))

        document = item.document.edited(change, partial(self.rewriter.settle, new=False))
        item.assign(document.tree(), document)

    def set_disabled(self, item: StoredItem, disabled: bool) -> None:
        """Disable or enable; a plain folder stays as it is."""
        if item.kind.shape != "folder":
            self._edit(item, "disabled", str(disabled).lower())

    def describe(self, item: StoredItem, text: str) -> None:
        """Another description of a job."""
        self._edit(item, "description", text)

    def page_of(self, item: StoredItem) -> StoredView:
        """The primary view of a folder of any kind: submitDescription describes that (AbstractFolder)."""
        return primary(shown_by(item))

    def assign_view(self, view: StoredView, root: Node, data: bytes) -> None:
        """Another document for a view, which keeps its name; its owner stores it."""
        name = root.find("name")
        if name is None:
            root.children.insert(0, Node("name", view.name))
        else:
            name.text = view.name
        settle = self.settle_view
        view.assign(root, StoredDocument(data, lambda posted: settle(_named(posted, view.name))), settle)

    def describe_view(self, view: StoredView, text: str) -> None:
        """Another description of a view (View.doSubmitDescription); one that is computed forgets it.

        A view whose class has a description of its own (`defined-in`) keeps that.
        """
        root = view.document.tree()
        root.children = [
            child for child in root.children if child.tag != "description" or "defined-in" in child.attrs
        ]
        root.children.append(Node("description", text))
        if not (isinstance(view.owner, StoredItem) and view.owner.kind.shape == "multibranch"):
            self.assign_view(view, root, write(root).encode())
            self.views_changed(view.owner)

    def delete_view(self, view: StoredView) -> None:
        """Remove a view; where it was the primary one, the first of the others is (ViewGroupMixIn)."""
        owner = view.owner
        views = owner.views if owner else self.views
        if len(views) == 1 and not isinstance(owner, StoredView):
            raise oops()
        del views[view.name]
        if view.primary:
            primary(views).primary = True
        self.views_changed(owner)

    def reload(self, item: StoredItem) -> None:
        """Read the item again from what is stored."""
        data = item.document.text.encode()
        self._assign(item, read(data), data, new=False)

    def delete(self, item: StoredItem) -> None:
        """Remove the item and everything below it."""
        item.parent.remove(item)

    def rename(self, item: StoredItem, name: str) -> None:
        """Another name in the same folder; refused while a build runs."""
        check(name)
        if any(_is_building(job) for job in (item, *item.children.walk())):
            subject = "a folder while a job inside it" if item.kind.holds_items else "a job while it"
            raise failure(f"Unable to rename {subject} is building.")
        name = name.strip()
        if item.parent.get(name) is not None:  # also the item itself, in other letters
            raise failure(f"The name \u2018{name}\u2019 is already in use.")
        item.parent.rename(item, name)

    def move(self, item: StoredItem, destination: str) -> bool:
        """Move to a folder (`/` is the root); False when the controller would not."""
        target = self.root.find(destination) if destination.strip("/") else None
        if destination.strip("/") and (
            target is None or target.kind.shape != "folder" or target.within(item)
        ):
            return False
        group = target.children if target else self.root
        if group.get(item.name) is not None:
            return False
        item.parent.remove(item)
        group.add(item)
        return True

    def views_changed(self, owner: StoredItem | StoredView | None) -> None:
        """Write changed views into the documents that hold them."""
        while isinstance(owner, StoredView):
            self._store_nested(owner)
            owner = owner.owner
        if isinstance(owner, StoredItem):
            item = owner
            settle: Settle = partial(self.rewriter.settle, new=False)
            item.document = item.document.edited(lambda root: embed(item, root), settle)

    def _store_nested(self, view: StoredView) -> None:
        def change(root: Node) -> None:
            root.children = [child for child in root.children if child.tag != "views"]
            nodes = []
            for inner in view.views.values():
                node = inner.document.tree()
                attrs = {"class": view.java, "reference": "../../.."}
                node.children.insert(0, Node("owner", attrs=attrs))
                nodes.append(node)
            root.children.append(Node("views", children=nodes))

        view.document = view.document.edited(change, self.settle_view)


def _is_building(item: StoredItem) -> bool:
    return any(build.building for build in item.builds.values())


def _named(root: Node, name: str) -> Node:
    root.children = [Node("name", name), *[child for child in root.children if child.tag != "name"]]
    return root
