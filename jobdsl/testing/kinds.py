"""The kinds of items, by the root element of their document: class names, plugin, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jobdsl.documents.aliases import tag_class

__all__ = ["CONFIGURATION", "FOLDER", "FREESTYLE", "KINDS", "ItemKind", "kind_of"]

Shape = Literal["project", "matrix", "pipeline", "job", "folder", "multibranch", "configuration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemKind:
    """One kind of item."""

    tag: str
    """Root element of its documents, as written."""
    java: str
    """`_class` in the API."""
    shape: Shape
    plugin: str = ""
    """Empty for core."""
    build: str = ""
    """`_class` of its builds."""

    @property
    def holds_items(self) -> bool:
        """Whether it has children."""
        return self.shape in ("folder", "multibranch")


_PIPELINE = "org.jenkinsci.plugins.workflow"
FREESTYLE = ItemKind(
    tag="project",
    java="hudson.model.FreeStyleProject",
    shape="project",
    plugin="",
    build="hudson.model.FreeStyleBuild",
)
FOLDER = ItemKind(
    tag="com.cloudbees.hudson.plugins.folder.Folder",
    java="com.cloudbees.hudson.plugins.folder.Folder",
    shape="folder",
    plugin="cloudbees-folder",
)
CONFIGURATION = ItemKind(
    tag="matrix-config",
    java="hudson.matrix.MatrixConfiguration",
    shape="configuration",
    plugin="matrix-project",
    build="hudson.matrix.MatrixRun",
)
"""A configuration of a matrix; it is never posted."""
_ALL = [
    FREESTYLE,
    FOLDER,
    ItemKind(
        tag="matrix-project",
        java="hudson.matrix.MatrixProject",
        shape="matrix",
        plugin="matrix-project",
        build="hudson.matrix.MatrixBuild",
    ),
    ItemKind(
        tag="flow-definition",
        java=f"{_PIPELINE}.job.WorkflowJob",
        shape="pipeline",
        plugin="workflow-job",
        build=f"{_PIPELINE}.job.WorkflowRun",
    ),
    ItemKind(
        tag=f"{_PIPELINE}.multibranch.WorkflowMultiBranchProject",
        java=f"{_PIPELINE}.multibranch.WorkflowMultiBranchProject",
        shape="multibranch",
        plugin="workflow-multibranch",
    ),
    ItemKind(
        tag="jenkins.branch.OrganizationFolder",
        java="jenkins.branch.OrganizationFolder",
        shape="multibranch",
        plugin="branch-api",
    ),
    ItemKind(
        tag="maven2-moduleset",
        java="hudson.maven.MavenModuleSet",
        shape="project",
        plugin="maven-plugin",
        build="hudson.maven.MavenModuleSetBuild",
    ),
    ItemKind(
        tag="com.tikal.jenkins.plugins.multijob.MultiJobProject",
        java="com.tikal.jenkins.plugins.multijob.MultiJobProject",
        shape="project",
        plugin="jenkins-multijob-plugin",
        build="com.tikal.jenkins.plugins.multijob.MultiJobBuild",
    ),
    ItemKind(
        tag="hudson.model.ExternalJob",
        java="hudson.model.ExternalJob",
        shape="job",
        plugin="external-monitor-job",
    ),
]
KINDS: dict[str, ItemKind] = {kind.tag: kind for kind in _ALL} | {kind.java: kind for kind in _ALL}
"""By root element; the full class name works as well as its alias."""


def kind_of(tag: str) -> ItemKind:
    """Return the kind of a root element; for an unknown one, a plain job of that class."""
    java = tag_class(tag)
    return KINDS.get(java) or ItemKind(tag=tag, java=java, shape="project", plugin="", build=f"{java}$Build")
