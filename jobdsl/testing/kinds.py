"""The kinds of items, by the root element of their document: class names, plugin, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jobdsl.documents.aliases import tag_class

__all__ = ["CONFIGURATION", "FOLDER", "FREESTYLE", "KINDS", "ItemKind", "kind_of"]

Shape = Literal["project", "matrix", "pipeline", "job", "folder", "multibranch", "configuration"]


@dataclass(frozen=True, slots=True)
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
FREESTYLE = ItemKind("project", "hudson.model.FreeStyleProject", "project", "", "hudson.model.FreeStyleBuild")
FOLDER = ItemKind(
    "com.cloudbees.hudson.plugins.folder.Folder",
    "com.cloudbees.hudson.plugins.folder.Folder",
    "folder",
    "cloudbees-folder",
)
CONFIGURATION = ItemKind(
    "matrix-config",
    "hudson.matrix.MatrixConfiguration",
    "configuration",
    "matrix-project",
    "hudson.matrix.MatrixRun",
)
"""A configuration of a matrix; it is never posted."""
_ALL = [
    FREESTYLE,
    FOLDER,
    ItemKind(
        "matrix-project",
        "hudson.matrix.MatrixProject",
        "matrix",
        "matrix-project",
        "hudson.matrix.MatrixBuild",
    ),
    ItemKind(
        "flow-definition",
        f"{_PIPELINE}.job.WorkflowJob",
        "pipeline",
        "workflow-job",
        f"{_PIPELINE}.job.WorkflowRun",
    ),
    ItemKind(
        f"{_PIPELINE}.multibranch.WorkflowMultiBranchProject",
        f"{_PIPELINE}.multibranch.WorkflowMultiBranchProject",
        "multibranch",
        "workflow-multibranch",
    ),
    ItemKind(
        "jenkins.branch.OrganizationFolder", "jenkins.branch.OrganizationFolder", "multibranch", "branch-api"
    ),
    ItemKind(
        "maven2-moduleset",
        "hudson.maven.MavenModuleSet",
        "project",
        "maven-plugin",
        "hudson.maven.MavenModuleSetBuild",
    ),
    ItemKind(
        "com.tikal.jenkins.plugins.multijob.MultiJobProject",
        "com.tikal.jenkins.plugins.multijob.MultiJobProject",
        "project",
        "jenkins-multijob-plugin",
        "com.tikal.jenkins.plugins.multijob.MultiJobBuild",
    ),
    ItemKind("hudson.model.ExternalJob", "hudson.model.ExternalJob", "job", "external-monitor-job"),
]
KINDS: dict[str, ItemKind] = {kind.tag: kind for kind in _ALL} | {kind.java: kind for kind in _ALL}
"""By root element; the full class name works as well as its alias."""


def kind_of(tag: str) -> ItemKind:
    """Return the kind of a root element; for an unknown one, a plain job of that class."""
    java = tag_class(tag)
    return KINDS.get(java) or ItemKind(tag, java, "project", "", f"{java}$Build")
