"""Words that settings use and other modules give their meaning: kinds of items and views, lint rules.

Constants, so that reading the settings loads neither the vocabulary nor lint.
"""

from __future__ import annotations

__all__ = ["ANY_VIEW", "KINDS", "RULES"]

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

RULES = (
    "missing-plugin",
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
    "trigger-cycle",
)
"""Names of the lint rules, in the order they are checked."""
