"""What a folder keeps when its document is replaced: its views, and the credentials people stored in it.

Jenkins forgets both when a posted document does not hold them (JENKINS-44681 and its like).
"""

from __future__ import annotations

from jobdsl.documents.tree import Node, header, parse, to_text
from jobdsl.planning.marker import Marker

__all__ = ["keep_own"]

_PARTS = ("folderViews", "views", "viewsTabBar", "primaryView")
_CREDENTIALS = "FolderCredentialsProvider_-FolderCredentialsProperty"


def keep_own(document: str, live: bytes) -> str:
    """The document with those parts of the live one that it does not set itself."""
    stored = parse(live)
    desired = parse(document)
    parts = [child for child in stored.children if child.tag in _PARTS and desired.find(child.tag) is None]
    if any(map(_has_managed_view, stored.children)):
        # views are definitions of their own: what the folder's document says of them is an old copy
        parts = [child for child in stored.children if child.tag in _PARTS]
        desired.children = [child for child in desired.children if child.tag not in _PARTS]
    elif any(desired.find(tag) for tag in ("folderViews", "views")):
        parts = []  # the definition says what views there are
    properties = _credentials(stored) if not _credentials(desired) else []
    if not parts and not properties:
        return document
    own = desired.find("properties")
    if own is None and properties:
        own = Node("properties")
        desired.children.append(own)
    if own is not None:
        own.children += properties
    desired.children += parts
    body = to_text(desired).lstrip("\n")
    return header(body) + body + "\n"


def _has_managed_view(child: Node) -> bool:
    return child.tag in _PARTS and any(
        one.tag == "description" and Marker.find(one.text) is not None for one in child.walk()
    )


def _credentials(root: Node) -> list[Node]:
    properties = root.find("properties")
    return [one for one in properties.children if one.tag.endswith(_CREDENTIALS)] if properties else []
