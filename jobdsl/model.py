"""A definition: what loading an estate gives back for one item or view, as plain values.

The child process that runs the DSL files sends these; everything after it (lint, policy,
plan, apply) works on them alone. A definition holds no Python objects of the user's.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from hashlib import sha256

from jobdsl.documents.roots import is_folder_root, is_view_root
from jobdsl.errors import Problem, Where

__all__ = ["Definition", "Estate", "digest"]


def digest(document: str) -> str:
    """Twelve hex digits that stand for a document; the marker is never part of it."""
    return sha256(document.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Definition:
    """One item or view an estate defines."""

    full_name: str
    """Path of names, `folder/job`; for a view the path of its owner and its name."""
    root: str
    """Root element of the document as written there, e.g. `project`, `flow-definition`."""
    document: str
    """The document, with an XML declaration, without our marker; ends with a newline."""
    where: Where
    """Line of the DSL file that defined it."""
    _: KW_ONLY
    renamed_from: str = ""
    queue: bool = False
    """Build once after it was created or changed."""
    template: Where | None = None
    """Line of the estate's function that made it, where another file or line called that."""

    @property
    def is_view(self) -> bool:
        """Whether it is a view, not an item."""
        return is_view_root(self.root)

    @property
    def is_folder(self) -> bool:
        """Whether it is a plain folder."""
        return is_folder_root(self.root)

    @property
    def key(self) -> tuple[str, str]:
        """What must be unique: an item and a view may share a name."""
        return ("view" if self.is_view else "item", self.full_name)

    @property
    def parent(self) -> str:
        """Full name of the folder it lives in; empty for the controller itself."""
        return self.full_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Last part of the full name."""
        return self.full_name.rpartition("/")[2]

    @property
    def digest(self) -> str:
        """Digest of the document."""
        return digest(self.document)


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything one load gave back, sorted by full name."""

    definitions: tuple[Definition, ...]
    _: KW_ONLY
    isolation: str = ""
    """How the DSL files were kept apart, in words for the user."""
    files: int = 0
    extra: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """Definitions of other kinds (agent pools), by kind, as JSON values with `file` and `line`."""
    partial: bool = False
    """Whether some files or items failed to load, so that these definitions are not all there are."""
    warnings: tuple[Problem, ...] = ()
    """What was odd about the files but no error: what they printed, the environment they asked for."""
