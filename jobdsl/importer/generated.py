"""What Jenkins itself puts into documents: no part of a definition, so an import reads it as nothing.

- The marker of a seed, wherever a copy of a description has one.
- Actions that builds and scans leave in a job: which properties a Jenkinsfile set, where a repository is
  found on the web. An update keeps those of a Pipeline; a scan writes the others again.
- The view `All` of a folder. The other views of a folder are definitions of their own.
- Which of two like comparators a view orders names with.
- An empty `<actions/>`, which comes and goes, and an empty description of an item or view.
"""

from __future__ import annotations

from jobdsl.documents.marker import Marker, strip, stripped
from jobdsl.documents.roots import is_folder_root
from jobdsl.documents.tree import Node, class_name
from jobdsl.planning.inventory import BORN_VIEW

__all__ = [
    "defined",
    "essence",
    "is_generated_view",
    "is_plain_action_list",
    "leads_out",
    "separate_views",
    "without_owner",
]

_ACTIONS = (
    "org.jenkinsci.plugins.pipeline.modeldefinition.actions.",
    "org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction",
    "io.jenkins.blueocean.service.embedded.BlueOceanUrlAction",
    "jenkins.scm.api.metadata.",
    "org.jenkinsci.plugins.github_branch_source.",
    "com.cloudbees.jenkins.plugins.bitbucket.",
    "io.jenkins.plugins.gitlabbranchsource.",
)
"""Actions that are written by builds and scans alone: classes, and packages where a dot ends them."""
_HOLDER = "com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder"
_TAB_BAR = "hudson.views.DefaultViewsTabBar"
_OLD_PARTS = ("views", "viewsTabBar", "primaryView")
"""Where folders had their views before they had a holder (cloudbees-folder 4)."""
_USUAL_IN_ALL = {"filterExecutors": "false", "filterQueue": "false", "description": "", "properties": ""}
_COMPARATOR = {"class": "hudson.util.CaseInsensitiveComparator"}
_JAVA_COMPARATOR = {"class": "java.lang.String$CaseInsensitiveComparator"}
"""What a view made in the browser has instead; it compares alike."""


def defined(root: Node) -> Node:
    """Return a document without what Jenkins generates; views that are separate definitions are left out.

    The nodes of the given tree may be changed.
    """
    root = stripped(root)
    for node in root.walk():
        if node.tag == "comparator" and node.attrs == _JAVA_COMPARATOR:
            node.attrs = dict(_COMPARATOR)
        node.children = [child for child in node.children if not _is_bare_marker(child)]
        for child in node.children:
            if child.tag == "description" and Marker.find(child.text):
                child.text = strip(child.text)
    children = root.children
    if is_folder_root(root.tag) and _views(root) is not None:
        children = [child for child in children if child.tag != "folderViews" and child.tag not in _OLD_PARTS]
    actions = root.find("actions")
    if actions is not None and any(map(_is_generated_action, actions.children)):
        own_actions = [child for child in actions.children if not _is_generated_action(child)]
        fresh = [Node("actions", "", own_actions, actions.attrs)] if own_actions else []
        at = children.index(actions)
        children = [*children[:at], *fresh, *children[at + 1 :]]
    return Node(root.tag, root.text, children, root.attrs)


def essence(root: Node) -> Node:
    """Return what two documents must have in common to define the same."""
    own = defined(root)
    own.children = [child for child in own.children if not (is_plain_action_list(child) or _is_empty(child))]
    return own


def _is_empty(node: Node) -> bool:
    """Return whether a node is an empty description."""
    return node.tag == "description" and not (node.children or node.text or node.attrs)


def is_plain_action_list(node: Node) -> bool:
    """Return whether a node is an empty list of actions."""
    return node.tag == "actions" and not (node.children or node.text or node.attrs)


def separate_views(root: Node) -> list[Node]:
    """Return the views of a folder that are definitions of their own, as their own documents hold them.

    There are none where the folder has more than a list of views: another primary view, a tab
    bar of a plugin. They are then part of its document.
    """
    views = _views(root) if is_folder_root(root.tag) else None
    return [without_owner(view) for view in views or () if not is_generated_view(view)]


def is_generated_view(view: Node, name: str = BORN_VIEW) -> bool:
    """Return whether a view is the one of that name that Jenkins made with its folder, as it made it."""
    view = stripped(view)
    usual = {**_USUAL_IN_ALL, "name": name}
    return view.tag == "hudson.model.AllView" and all(
        child.tag == "owner" or (usual.get(child.tag) == child.text and not child.children)
        for child in view.children
    )


def _is_bare_marker(node: Node) -> bool:
    return node.tag == "description" and Marker.find(node.text) is not None and not strip(node.text)


def _is_generated_action(node: Node) -> bool:
    java = class_name(node.tag)
    return any(java.startswith(known) if known[-1] == "." else java == known for known in _ACTIONS)


def _views(root: Node) -> list[Node] | None:
    """Return the views of a folder that only lists them; None where there is more, or nothing at all."""
    holder = root.find("folderViews")
    if holder is None:
        parts = [child for child in root.children if child.tag in _OLD_PARTS]
        views = root.find("views")
        if views is None or not views.children:
            return None
    elif holder.attrs == {"class": _HOLDER} and root.find("views") is None:
        parts = holder.children
    else:
        return None
    members: list[Node] = []
    for part in parts:
        if part.tag == "views" and not (part.attrs.keys() - {"class"} or part.text):
            members += part.children
        elif not _says_nothing(part):
            return None
    names = [_name(view) for view in members]
    if len(set(names)) < len(names) or any(not name or "/" in name for name in names):
        return None
    return None if any(map(leads_out, members)) else members


def _says_nothing(part: Node) -> bool:
    if part.tag in ("tabBar", "viewsTabBar"):
        return part.attrs == {"class": _TAB_BAR} and not part.children
    return part.tag == "primaryView" and part.text in ("", BORN_VIEW) and not part.children


def _name(view: Node) -> str:
    name = view.find("name")
    return name.text if name is not None else ""


def leads_out(view: Node) -> bool:
    """Return whether a view refers to something outside it, but for its owner and a comparator."""
    row, depth = [view], 0
    while row:
        for node in row:
            steps = node.attrs.get("reference", "").split("/").count("..")
            if steps > depth and not (node.tag == "comparator" or (depth == 1 and node.tag == "owner")):
                return True
        row, depth = [child for node in row for child in node.children], depth + 1
    return False


def without_owner(view: Node) -> Node:
    """Return a view as it stands alone: without its folder, and with a comparator of its own."""
    for node in view.walk():
        if node.tag == "comparator" and "reference" in node.attrs:
            node.attrs = dict(_COMPARATOR)
    children = [child for child in view.children if child.tag != "owner"]
    return Node(view.tag, view.text, children, view.attrs)
