"""What is on the controller: every item and view with class, description and marker, from one tree request.

Six levels of folders come with the first answer; each folder found at the last level costs one more.
Children of computed folders (branches of a multibranch project) are their own business and not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.marker import Marker
from jobdsl.documents.roots import FOLDER_ROOTS
from jobdsl.grammar import names

__all__ = [
    "BORN_VIEW",
    "LEVELS",
    "Existing",
    "Inventory",
    "Key",
    "Kind",
    "class_of",
    "existing",
    "read",
    "text",
    "tree_query",
]

Kind = Literal["item", "view"]
Key = tuple[str, str]
"""Kind and full name: an item and a view may share a name."""
LEVELS = 6
"""Levels of folders in one tree request."""
BORN_VIEW = "All"
"""Name of the view every plain folder is born with (cloudbees-folder 6.1053, measured)."""
_FIELDS = "name,description,disabled"
_VIEWS = "views[name,description]"


@dataclass(frozen=True, slots=True)
class Existing:
    """One item or view on the controller."""

    kind: Kind
    full_name: str
    class_name: str
    """Java class as the API names it, or its name of today; empty where the controller gives none."""
    _: KW_ONLY
    description: str = ""
    disabled: bool | None = None
    """None where the API does not have it (folders, views)."""
    marker: Marker | None = None
    hidden: bool = False
    """Whether it is there, but the user may not see it; nothing else is known of it then."""

    @property
    def key(self) -> Key:
        """Kind and full name."""
        return (self.kind, self.full_name)

    @property
    def is_folder(self) -> bool:
        """Whether it is a plain folder, one that can hold what we define."""
        return self.class_name in FOLDER_ROOTS

    @property
    def is_default_view(self) -> bool:
        """Whether it is the view of all items that every folder is born with."""
        return self.class_name == "hudson.model.AllView" and self.marker is None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything found, by kind and full name."""

    objects: Mapping[Key, Existing]

    @classmethod
    def of(cls, objects: Iterable[Existing]) -> Inventory:
        """Return an inventory of these objects."""
        return cls({existing.key: existing for existing in objects})

    def __iter__(self) -> Iterator[Existing]:
        return iter(self.objects.values())

    def __len__(self) -> int:
        return len(self.objects)

    def get(self, kind: str, full_name: str) -> Existing | None:
        """Return the object of that kind and exact name."""
        return self.objects.get((kind, full_name))


def class_of(root: str) -> str:
    """Return the Java class a document's root stands for; empty for an alias we do not know."""
    java = tag_class(root)
    return java if "." in java else ""


def tree_query(levels: int = LEVELS) -> str:
    """Return the `tree=` value for so many levels of items and their views."""
    query = f"jobs[{_FIELDS}]"
    for _ in range(levels - 1):
        query = f"jobs[{_FIELDS},{_VIEWS},{query}]"
    return f"{_VIEWS},{query}"


def read(ask: Callable[[str, str], Mapping[str, Any]]) -> Inventory:
    """Return the inventory; `ask(folder, tree)` sends a tree query for a folder, "" at the top."""
    objects: list[Existing] = []
    pending = [""]
    query = tree_query()
    while pending:
        folder = pending.pop()
        pending += _walk(ask(folder, query), folder, LEVELS, objects)
    objects.sort(key=lambda existing: existing.key)
    return Inventory.of(objects)


def _walk(answer: Mapping[str, Any], folder: str, levels: int, objects: list[Existing]) -> list[str]:
    """Collect the objects of a folder from an answer. Returns the folders the answer does not cover."""
    objects += [existing("view", folder, view) for view in answer.get("views") or ()]
    unknown = []
    for job in answer.get("jobs") or ():
        item = existing("item", folder, job)
        objects.append(item)
        if not item.is_folder:
            continue
        if levels > 1:
            unknown += _walk(job, item.full_name, levels - 1, objects)
        else:
            unknown.append(item.full_name)
    return unknown


def existing(kind: Kind, folder: str, answer: Mapping[str, Any]) -> Existing:
    """Return the object an API answer with name, description and `disabled` speaks of.

    AttributeError, KeyError or TypeError if it is no answer of a Jenkins.
    """
    description = text(answer.get("description") or "")
    marker = Marker.find(description)
    if kind == "view" and marker is not None and marker.name == folder:
        marker = None  # submitDescription of the folder put it there: it is not the view's
    return Existing(
        kind,
        names.join(folder, text(answer["name"])),
        canonical(text(answer.get("_class", ""))),
        description=description,
        disabled=answer.get("disabled"),
        marker=marker,
    )


def text(value: Any) -> str:
    """Return a value of an API answer that must be text; TypeError if it is not."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not a text")
