"""What an object keeps when its document is replaced: state of its own that no definition sets.

Jenkins forgets what a posted document does not hold. A folder keeps its views, and what people stored in
it: credentials and configuration files (JENKINS-44681 and its like); a Pipeline what its Jenkinsfile set.
"""

from __future__ import annotations

from jobdsl.documents.aliases import tag_class
from jobdsl.documents.jenkinsfile import PIPELINE_ROOTS, keep_jenkinsfile
from jobdsl.documents.marker import Marker
from jobdsl.documents.roots import FOLDER_ROOTS
from jobdsl.documents.tree import Node, header, parse, to_text

__all__ = ["keep_own", "keeps_own", "with_own"]

COMPUTED_FOLDERS = frozenset(
    {
        "jenkins.branch.OrganizationFolder",
        "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
    }
)
"""Folders that make their children themselves; people store credentials in them as in any other."""
_VIEWS = ("folderViews", "views", "viewsTabBar", "primaryView")
_STORED = (
    "com.cloudbees.hudson.plugins.folder.properties.FolderCredentialsProvider$FolderCredentialsProperty",
    "org.jenkinsci.plugins.configfiles.folder.FolderConfigFileProperty",
)
"""Properties that hold what people stored in a folder."""


def keeps_own(root: str) -> bool:
    """Return whether objects with this root element have anything to keep: then they are read before."""
    return root in FOLDER_ROOTS or root in COMPUTED_FOLDERS or root in PIPELINE_ROOTS


def keep_own(document: str, live: bytes, name: str = "") -> str:
    """Add to the document of the object `name` those parts of the live one that it does not set itself."""
    desired = parse(document)
    complete = with_own(desired, parse(live), name)
    if complete == desired:
        return document
    body = to_text(complete).lstrip("\n")
    return header(body) + body + "\n"


def with_own(desired: Node, stored: Node, name: str = "") -> Node:
    """Copy the document of the object `name`, with the parts of the stored one that it does not set."""
    complete = _copy(desired)
    if desired.tag in PIPELINE_ROOTS:
        keep_jenkinsfile(complete, stored)
    elif desired.tag in FOLDER_ROOTS:
        _keep_views(complete, stored, name)
        _keep_stored(complete, stored)
    elif desired.tag in COMPUTED_FOLDERS:
        _keep_stored(complete, stored)
    return complete


def _copy(node: Node) -> Node:
    return Node(node.tag, node.text, [_copy(child) for child in node.children], dict(node.attrs))


def _keep_views(desired: Node, stored: Node, name: str) -> None:
    marker = _marker(stored)
    folder = {name, marker.name} if marker is not None else {name}
    live = [_without_strays(child, folder) for child in stored.children if child.tag in _VIEWS]
    parts = [child for child in live if desired.find(child.tag) is None]
    if any(map(_has_managed_view, live)):
        # views are definitions of their own: the folder's document has an old copy
        parts = live
        desired.children = [child for child in desired.children if child.tag not in _VIEWS]
    elif any(desired.find(tag) for tag in ("folderViews", "views")):
        parts = []  # the definition names the views
    desired.children += parts


def _marker(node: Node) -> Marker | None:
    own = node.find("description")
    return Marker.find(own.text) if own is not None else None


def _without_strays(part: Node, folder: set[str]) -> Node:
    """Copy a part without descriptions that carry the marker of the folder, by whichever of its names.

    They are the folder's own: submitDescription of a folder describes its primary view.
    """
    copy = _copy(part)
    for view in copy.walk():
        marker = _marker(view)
        if marker is not None and marker.name in folder:
            view.children = [child for child in view.children if child.tag != "description"]
    return copy


def _has_managed_view(part: Node) -> bool:
    return any(_marker(node) is not None for node in part.walk())


def _keep_stored(desired: Node, stored: Node) -> None:
    properties, live = desired.find("properties"), stored.find("properties")
    defined = {tag_class(child.tag) for child in properties.children} if properties else set()
    stored_only = [child for child in live.children if tag_class(child.tag) in _STORED] if live else []
    stored_only = [child for child in stored_only if tag_class(child.tag) not in defined]
    if stored_only and properties is None:
        properties = Node("properties")
        desired.children.append(properties)
    if properties is not None:
        properties.children += stored_only
