"""What a folder keeps when its document is replaced: its views, and the credentials people stored in it.

Jenkins forgets both when a posted document does not hold them (JENKINS-44681 and its like).
"""

from __future__ import annotations

from jobdsl.tree import Node, header, parse, to_text

__all__ = ["keep_own"]

_PARTS = ("folderViews", "views", "viewsTabBar", "primaryView")
_CREDENTIALS = "FolderCredentialsProvider_-FolderCredentialsProperty"


def keep_own(document: str, live: bytes) -> str:
    """The document with those parts of the live one that it does not set itself."""
    stored = parse(live)
    desired = parse(document)
    parts = [child for child in stored.children if child.tag in _PARTS and desired.find(child.tag) is None]
    if any(desired.find(tag) for tag in ("folderViews", "views")):
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


def _credentials(root: Node) -> list[Node]:
    properties = root.find("properties")
    return [one for one in properties.children if one.tag.endswith(_CREDENTIALS)] if properties else []
