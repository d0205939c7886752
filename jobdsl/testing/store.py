"""The tree of items in memory: folders, jobs, their names, and the document each of them has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from jobdsl.documents.tree import Node, class_name
from jobdsl.testing.documents import read, write
from jobdsl.testing.kinds import CONFIGURATION, ItemKind

if TYPE_CHECKING:  # an item has builds and views, which know their item: one structure in three files
    from jobdsl.testing.builds import Build
    from jobdsl.testing.views import StoredView

__all__ = ["AXIS_LABEL", "ItemGroup", "StoredDocument", "StoredItem"]

AXIS_LABEL = "label of its axes"
"""Field of a matrix configuration: the label its builds need."""
_SCALARS = frozenset(
    {"assignedNode", "canRoam", "concurrentBuild", "description", "disabled", "displayName", "quietPeriod"}
)
_BRANCH_PROPERTY = "org.jenkinsci.plugins.workflow.multibranch.BranchJobProperty"
Settle = Callable[[Node], Node]
"""What the controller makes of a posted tree."""


class StoredDocument:
    """A config.xml: kept as posted, and written as the controller stores it when someone reads it."""

    __slots__ = ("_outline", "_posted", "_settle", "_text")

    def __init__(self, posted: bytes, settle: Settle) -> None:
        self._posted: bytes | None = posted
        self._settle = settle
        self._text = ""
        self._outline: tuple[str, tuple[str, ...]] | None = None

    @property
    def text(self) -> str:
        """What GET config.xml answers."""
        if self._posted is not None:
            self._text = write(self._settle(read(self._posted)))
            self._posted = None
        return self._text

    def tree(self) -> Node:
        """Return the stored document as a tree of its own."""
        return read(self.text.encode())

    def mentions(self, name: str) -> bool:
        """Return whether a text occurs in it, posted or stored, without rendering it."""
        return name.encode() in self._posted if self._posted is not None else name in self._text

    @property
    def outline(self) -> tuple[str, tuple[str, ...]]:
        """Class of the source control, and classes of the properties."""
        if self._outline is None:
            root = self.tree()
            scm, properties = root.find("scm"), root.find("properties")
            classes = tuple(class_name(child.tag) for child in properties.children) if properties else ()
            self._outline = (scm.attrs.get("class", "") if scm else "", classes)
        return self._outline

    def edited(self, change: Callable[[Node], None], settle: Settle) -> StoredDocument:
        """Return the document after a change made by the controller itself."""
        root = self.tree()
        change(root)
        return StoredDocument(write(root).encode(), settle)


class StoredItem:
    """A job or folder of any kind."""

    __slots__ = (
        "builds",
        "children",
        "configurations",
        "document",
        "fields",
        "kind",
        "name",
        "next_build",
        "parent",
        "views",
    )

    def __init__(self, parent: ItemGroup, name: str, kind: ItemKind) -> None:
        self.parent = parent
        self.name = name
        self.kind = kind
        self.children = ItemGroup(self)
        self.document: StoredDocument
        self.fields: dict[str, str] = {}
        """The simple values of its document that are asked for often."""
        self.builds: dict[int, Build] = {}
        self.next_build = 1
        self.views: dict[str, StoredView] = {}
        self.configurations: dict[str, StoredItem] = {}
        """Of a matrix job: its configurations by name."""

    def assign(self, root: Node, document: StoredDocument) -> None:
        """Give the item a document; `root` is the same, already read."""
        self.document = document
        self.fields = {child.tag: child.text for child in root.children if child.tag in _SCALARS}

    @property
    def full_name(self) -> str:
        """Names from the root down, with slashes."""
        owner = self.parent.owner
        return f"{owner.full_name}/{self.name}" if owner else self.name

    @property
    def path(self) -> str:
        """The path of its page below the controller's URL: job/a/job/b/."""
        owner = self.parent.owner
        base = owner.path if owner else ""
        if self.kind is CONFIGURATION:
            return f"{base}{quote(self.name, safe='=,')}/"
        return f"{base}job/{quote(self.name, safe='')}/"

    @property
    def disabled(self) -> bool:
        """Whether it refuses to build."""
        return self.fields.get("disabled", "").strip().lower() == "true"

    @property
    def is_branch(self) -> bool:
        """Return whether a multibranch made it: it cannot be configured or deleted."""
        document = self.document
        return document.mentions("BranchJobProperty") and _BRANCH_PROPERTY in document.outline[1]

    @property
    def description(self) -> str | None:
        """The description, marker and all."""
        return self.fields.get("description")

    @property
    def label(self) -> str | None:
        """The label expression it is tied to as written, None where it may roam."""
        roams = self.fields.get("canRoam", "").strip().lower() == "true"
        return None if roams else self.fields.get("assignedNode") or None

    @property
    def tied_to(self) -> str | None:
        """Return the label its builds need: without canRoam and a label, the built-in node's own."""
        if self.kind is CONFIGURATION:
            return self.fields[AXIS_LABEL] or None
        if self.label is not None or self.kind.shape not in ("project", "matrix"):
            return self.label
        roams = self.fields.get("canRoam", "").strip().lower() == "true"
        return None if roams else "built-in"

    def within(self, other: StoredItem) -> bool:
        """Return whether it is `other` or below it."""
        owner: StoredItem | None = self
        while owner is not None and owner is not other:
            owner = owner.parent.owner
        return owner is other


class ItemGroup:
    """The children of the root or of a folder; names differ in more than letter case."""

    __slots__ = ("_items", "_sorted", "owner")

    def __init__(self, owner: StoredItem | None = None) -> None:
        self.owner = owner
        self._items: dict[str, StoredItem] = {}
        self._sorted: list[StoredItem] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[StoredItem]:
        if self._sorted is None:
            self._sorted = [self._items[key] for key in sorted(self._items)]
        return iter(self._sorted)

    def get(self, name: str) -> StoredItem | None:
        """Return the child of that name in any letter case, as the controller finds it."""
        return self._items.get(name.lower())

    def add(self, item: StoredItem) -> None:
        """Take a child in."""
        item.parent = self
        self._items[item.name.lower()] = item
        self._sorted = None

    def remove(self, item: StoredItem) -> None:
        """Let a child go."""
        del self._items[item.name.lower()]
        self._sorted = None

    def rename(self, item: StoredItem, name: str) -> None:
        """Give a child another name."""
        self.remove(item)
        item.name = name
        self.add(item)

    def find(self, full_name: str) -> StoredItem | None:
        """Return the item of a full name below this group."""
        group, item = self, None
        for name in full_name.strip("/").split("/"):
            item = group.get(name)
            if item is None:
                return None
            group = item.children
        return item

    def walk(self) -> Iterator[StoredItem]:
        """Yield every item below, parents first."""
        for item in self:
            yield item
            yield from item.children.walk()
