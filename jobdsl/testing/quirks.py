"""What single classes do to their documents beyond their fields, found by posting and reading back."""

from __future__ import annotations

from collections.abc import Callable

from jobdsl.documents.roots import REQUIRED_CHILDREN
from jobdsl.documents.tree import Node
from jobdsl.grammar.cron import CronError, parse
from jobdsl.testing.pages import oops

__all__ = ["after", "complete", "loaded", "refuse"]

Quirk = Callable[[Node, Node, bool], None]
"""Changes a written node, given the posted one and whether the item is new."""


def _unix_lines(_posted: Node, written: Node, _new: bool) -> None:
    """Shell: every line ends in LF."""
    command = written.find("command")
    if command is not None:
        command.text = command.text.replace("\r\n", "\n")


def _windows_lines(_posted: Node, written: Node, _new: bool) -> None:
    """BatchFile: every line ends in CR and LF."""
    command = written.find("command")
    if command is not None:
        command.text = command.text.replace("\r\n", "\n").replace("\n", "\r\n")


def _fresh_strategy(_posted: Node, written: Node, new: bool) -> None:
    """createItem forgets a matrix's execution strategy; the next POST of the same document does not."""
    strategy = written.find("executionStrategy")
    if new and strategy is not None:
        strategy.attrs["class"] = "hudson.matrix.DefaultMatrixExecutionStrategyImpl"
        strategy.children = [Node("runSequentially", "false")]


def _sorted_permissions(_posted: Node, written: Node, _new: bool) -> None:
    """Sort the entries of AuthorizationMatrixProperty, and write how it inherits."""
    if written.find("inheritanceStrategy") is None:
        java = "org.jenkinsci.plugins.matrixauth.inheritance.InheritParentStrategy"
        written.children.append(Node("inheritanceStrategy", attrs={"class": java}))
    written.children.sort(key=lambda child: (child.tag, child.text if child.tag == "permission" else ""))


_GIT = "hudson.plugins.git.extensions.impl."
_LEGACY_GIT = [
    ("skipTag", "false", "PerBuildTag"),
    ("wipeOutWorkspace", "true", "WipeWorkspace"),
    ("clean", "true", "CleanCheckout"),
    ("pruneBranches", "true", "PruneStaleBranch"),
    ("ignoreNotifyCommit", "true", "IgnoreNotifyCommit"),
]


def _git_extensions(posted: Node, written: Node, _new: bool) -> None:
    """GitSCM turns fields of its old versions into extensions, unless there are extensions."""
    values = {child.tag: child.text for child in posted.children}
    extensions = written.find("extensions")
    if extensions is not None and "extensions" not in values:
        extensions.children = [
            Node(_GIT + name) for field, value, name in _LEGACY_GIT if values.get(field) == value
        ]


def _unlimited(_posted: Node, written: Node, _new: bool) -> None:
    """A multibranch's orphan strategy: keeping 0 means keeping any number."""
    for child in written.children:
        if child.tag in ("daysToKeep", "numToKeep") and child.text == "0":
            child.text = "-1"


def _owned_by_root(posted: Node, written: Node, _new: bool) -> None:
    """A NestedView at the top writes its owner, unlike other views."""
    if posted.find("owner") is None:
        attrs = {"class": "hudson.model.Hudson", "ignore": "true"}
        written.children.insert(0, Node("owner", attrs=attrs))


_PIPELINE = "org.jenkinsci.plugins.workflow.job."
_ALONE = f"{_PIPELINE}properties.DisableConcurrentBuildsJobProperty"


def _one_at_a_time(posted: Node, written: Node, _new: bool) -> None:
    """A Pipeline's old concurrentBuild=false becomes a property."""
    old = posted.find("concurrentBuild")
    properties = written.find("properties")
    if old is None or old.text != "false" or properties is None or properties.find(_ALONE):
        return
    properties.children.insert(0, Node(_ALONE, children=[Node("abortPrevious", "false")]))


def _no_sources(posted: Node, _new: bool) -> None:
    """A multibranch without sources gains an empty list of them."""
    _child(posted, "sources")


_CHILD_TRIGGERS = "jenkins.branch.OrganizationChildTriggersProperty"
_CHILD_ORPHANS = "jenkins.branch.OrganizationChildOrphanedItemsProperty"
_FACTORY = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory"
_DAILY = "com.cloudbees.hudson.plugins.folder.computed.PeriodicFolderTrigger"


def _organization(posted: Node, new: bool) -> None:
    """An organization folder gains two properties when it is loaded.

    When it is new it gains them again, a trigger, and a factory where it has none (onCreatedFromScratch).
    """
    properties = _child(posted, "properties")
    for default in (_child_triggers, _child_orphans):
        missing = properties.find(default().tag) is None
        properties.children += [default()] if missing else []
    if new:
        properties.children += [_child_triggers(), _child_orphans()]
        factories = _child(posted, "projectFactories")
        factories.children = factories.children or [
            Node(_FACTORY, children=[Node("scriptPath", "Jenkinsfile")])
        ]
        triggers = _child(posted, "triggers")
        triggers.children = [child for child in triggers.children if child.tag != _DAILY] + [_daily()]


def _child(node: Node, tag: str) -> Node:
    """Return the child of that tag, made where it is missing."""
    child = node.find(tag)
    if child is None:
        child = Node(tag)
        node.children.append(child)
    return child


def _daily() -> Node:
    return Node(_DAILY, children=[Node("spec", "H H/4 * * *"), Node("interval", "86400000")])


def _child_triggers() -> Node:
    return Node(_CHILD_TRIGGERS, children=[Node("templates", children=[_daily()])])


def _child_orphans() -> Node:
    strategy = Node("strategy", attrs={"class": f"{_CHILD_ORPHANS}$Inherit"})
    return Node(_CHILD_ORPHANS, children=[strategy])


_LOADED: dict[str, Callable[[Node, bool], None]] = {
    "jenkins.branch.OrganizationFolder": _organization,
    "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject": _no_sources,
}


def loaded(java: str, posted: Node, new: bool) -> None:
    """Change a posted node as its class does when it has been read, before it is written."""
    change = _LOADED.get(java)
    if change is not None:
        change(posted, new)


_QUIRKS: dict[str, Quirk] = {
    "hudson.matrix.MatrixProject": _fresh_strategy,
    "com.cloudbees.hudson.plugins.folder.computed.DefaultOrphanedItemStrategy": _unlimited,
    f"{_PIPELINE}WorkflowJob": _one_at_a_time,
    "hudson.plugins.git.GitSCM": _git_extensions,
    "hudson.plugins.nested_view.NestedView": _owned_by_root,
    "hudson.security.AuthorizationMatrixProperty": _sorted_permissions,
    "hudson.tasks.BatchFile": _windows_lines,
    "hudson.tasks.Shell": _unix_lines,
}


def after(java: str, posted: Node, written: Node, new: bool) -> Node:
    """Return the written node after what its class does to it."""
    quirk = _QUIRKS.get(java)
    if quirk is not None:
        quirk(posted, written, new)
    return written


_REQUIRED = {"jenkins.branch.BranchSource": "source"}
_SCHEDULED = ("hudson.triggers.TimerTrigger", "hudson.triggers.SCMTrigger")


def complete(java: str, written: Node) -> bool:
    """Return whether an object can be made: some need a value, triggers a schedule."""
    if java in _SCHEDULED:
        return _is_schedule(written)
    field = _REQUIRED.get(java)
    return field is None or written.find(field) is not None


def _is_schedule(trigger: Node) -> bool:
    spec = trigger.find("spec")
    try:
        parse(spec.text if spec else "")
    except CronError:
        return False
    return True


def refuse(java: str, root: Node) -> None:
    """500 where the class fails on a document: a matrix without publishers is a NullPointerException."""
    if any(root.find(tag) is None for tag in REQUIRED_CHILDREN.get(java, ())):
        raise oops()
