"""What the root element of a document shows: whether it is a folder, a job, or a view."""

from __future__ import annotations

from functools import lru_cache

from jobdsl.documents.aliases import tag_class

__all__ = [
    "COMPUTED_ROOTS",
    "FOLDER_ROOTS",
    "JOB_ROOTS",
    "REQUIRED_CHILDREN",
    "VIEW_ROOTS",
    "is_folder_root",
    "is_job_root",
    "is_view_root",
]

FOLDER_ROOTS = frozenset({"com.cloudbees.hudson.plugins.folder.Folder"})
"""Roots of items that hold the items we define. Computed folders make their own children."""

JOB_ROOTS = frozenset(
    {
        "hudson.model.FreeStyleProject",
        "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        "hudson.matrix.MatrixProject",
        "hudson.maven.MavenModuleSet",
        "com.tikal.jenkins.plugins.multijob.MultiJobProject",
        "hudson.model.ExternalJob",
    }
)
"""Classes of items that hold no items."""

COMPUTED_ROOTS = frozenset(
    {
        "jenkins.branch.OrganizationFolder",
        "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
    }
)
"""Roots of items that make their own children: one for each branch or repository."""

REQUIRED_CHILDREN = {
    "hudson.matrix.MatrixProject": ("axes", "builders", "publishers", "buildWrappers"),
    "jenkins.branch.OrganizationFolder": ("navigators", "projectFactories"),
}
"""Children without which Jenkins answers an item's document with 500, without a reason.

Measured on Jenkins 2.568.2 (matrix-project 870, branch-api 2.1280) by leaving out one child after another; a
freestyle job, a Pipeline, a folder and a multibranch project can do without any."""

VIEW_ROOTS = frozenset(
    {
        "hudson.model.ListView",
        "hudson.model.AllView",
        "hudson.model.MyView",
        "hudson.plugins.view.dashboard.Dashboard",
    }
)


@lru_cache(maxsize=1000)
def is_view_root(root: str) -> bool:
    """Return whether a document with this root element is a view (not an item)."""
    return tag_class(root) in VIEW_ROOTS or root.endswith("View")


@lru_cache(maxsize=1000)
def is_folder_root(root: str) -> bool:
    """Return whether a document with this root element is a plain folder."""
    return tag_class(root) in FOLDER_ROOTS


@lru_cache(maxsize=1000)
def is_job_root(root: str) -> bool:
    """Return whether a root element, or a class, is known as that of a job: of no folder of any kind."""
    return tag_class(root) in JOB_ROOTS
