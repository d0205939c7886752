"""Words that settings use and other modules give their meaning: kinds of items and views, groups of
elements, lint rules.

Constants, so that reading the settings loads neither the vocabulary nor lint.
"""

from __future__ import annotations

__all__ = ["ANY_VIEW", "FORBIDDEN", "GROUPS", "KINDS", "RULES"]

KINDS = {
    "project": "freestyle",
    "flow-definition": "pipeline",
    "matrix-project": "matrix",
    "maven2-moduleset": "maven",
    "com.cloudbees.hudson.plugins.folder.Folder": "folder",
    "com.tikal.jenkins.plugins.multijob.MultiJobProject": "multijob",
    "jenkins.branch.OrganizationFolder": "organization_folder",
    "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject": "multibranch",
    "au.com.centrumsystems.hudson.plugin.buildpipeline.BuildPipelineView": "build_pipeline_view",
    "com.smartcodeltd.jenkinsci.plugins.buildmonitor.BuildMonitorView": "build_monitor_view",
    "hudson.model.AllView": "all_view",
    "hudson.model.ListView": "list_view",
    "hudson.model.MyView": "my_view",
    "hudson.model.RadiatorView": "radiator_view",
    "hudson.plugins.nested__view.NestedView": "nested_view",
    "hudson.plugins.sectioned__view.SectionedView": "sectioned_view",
    "hudson.plugins.view.dashboard.Dashboard": "dashboard_view",
    "listView": "list_view",
    "view": "list_view",
    "org.jenkinsci.plugins.categorizedview.CategorizedJobsView": "categorized_view",
    "se.diabol.jenkins.pipeline.DeliveryPipelineView": "delivery_pipeline_view",
    "se.diabol.jenkins.workflow.WorkflowPipelineView": "workflow_pipeline_view",
}
"""What the DSL calls a kind of item or view, by the root of its document."""

ANY_VIEW = "view"
"""Stands for every kind of view."""

GROUPS = {
    "controller-scripts": "it runs a script in the controller",
    "job-generators": "it makes or changes other jobs",
    "permissions": "it sets permissions",
    "controller-files": "it reads or writes files of the controller",
    "folder-settings": "everything in the folder gets it",
    "unknown-classes": "the vocabulary does not have this class",
    "shell-scripts": "it runs a script on an agent",
    "pipeline-scripts": "its Pipeline script is in the job",
}
"""Groups of elements, each with what is special about what belongs to it."""

FORBIDDEN = frozenset(
    {"controller-scripts", "job-generators", "permissions", "controller-files", "folder-settings"}
)
"""Groups that a team with limits may not write unless its elements allow it."""

RULES = (
    "missing-plugin",
    "missing-step",
    "unknown-job",
    "bad-cron",
    "empty-step",
    "unknown-label",
    "unknown-folder",
    "bad-name",
    "same-name",
    "renamed-from",
    "control-character",
    "unknown-field",
    "clear-secret",
    "not-top-level",
    "dangling-reference",
    "unknown-shown-job",
    "missing-secret",
    "bad-parameter",
    "bad-number",
    "empty-pipeline",
    "repeated-trigger",
    "bad-address",
    "bad-regex",
    "misplaced-element",
    "incomplete-item",
    "trigger-cycle",
)
"""Names of the lint rules, in the order they are checked."""
