"""What dashboards, pipeline views and other special views are made of."""

from __future__ import annotations

from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, flag, number, strings, text
from jobdsl.elements.jobnames import JobNames, job_names, listed, read_jobs
from jobdsl.elements.slots import Misc
from jobdsl.elements.views_columns import Column, column_named

__all__ = [
    "agent_statistics",
    "build_statistics",
    "cobertura_table",
    "column_header",
    "downstream_grid",
    "failed_jobs",
    "graphs_section",
    "grouping_rule",
    "iframe",
    "image",
    "jacoco_chart",
    "jacoco_grid",
    "job_statistics",
    "jobs_grid",
    "jobs_list",
    "latest_builds",
    "list_section",
    "no_column_header",
    "pipeline_component",
    "pipeline_regex",
    "simple_header",
    "standard_card",
    "test_grid",
    "test_pie",
    "test_section",
    "test_trend",
    "text_section",
    "variables_header",
    "views_section",
    "workflow_component",
]

_DASHBOARD = "hudson.plugins.view.dashboard."
_BUILD_PIPELINE = "au.com.centrumsystems.hudson.plugin.buildpipeline."


class Portlet(Misc):
    """A part of a dashboard."""

    slot = "a part of a dashboard (views.jobs_list(), views.test_trend(), ...)"
    id: str | None = text(default=None)


class jobs_list(Portlet, xml=_DASHBOARD + "core.HudsonStdJobsPortlet", plugin="dashboard-view"):
    """The usual list of jobs."""

    name: str = text(default="Jenkins jobs list", first=True)


class jobs_grid(Portlet, xml=_DASHBOARD + "core.JobsPortlet", plugin="dashboard-view"):
    """Jobs in a grid."""

    name: str = text(default="Jobs Grid", first=True)
    columns: int | str = number("columnCount", default=3, least=0)
    column_first: bool = flag("fillColumnFirst", default=False)


class failed_jobs(Portlet, xml=_DASHBOARD + "core.UnstableJobsPortlet", plugin="dashboard-view"):
    """Jobs that are unstable or failed."""

    name: str = text(default="Unstable Jobs", first=True)
    only_failed: bool = flag("showOnlyFailedJobs", default=False)
    recurse: bool = flag(default=False)


class iframe(Portlet, xml=_DASHBOARD + "core.IframePortlet", plugin="dashboard-view"):
    """A page of another site."""

    name: str = text(default="", first=True)
    source: str = text("iframeSource", default="", first=True)
    url: str = text("effectiveUrl", default="")
    style: str = text("divStyle", default="")


class image(Portlet, xml=_DASHBOARD + "core.ImagePortlet", plugin="dashboard-view"):
    """An image."""

    name: str = text(default="Image", first=True)
    url: str = text(default="", first=True)


class latest_builds(Portlet, xml=_DASHBOARD + "builds.LatestBuilds", plugin="dashboard-view"):
    """The latest builds."""

    name: str = text(default="Latest builds", first=True)
    builds: int | str = number("numBuilds", default=10, least=0)


class build_statistics(Portlet, xml=_DASHBOARD + "stats.StatBuilds", plugin="dashboard-view"):
    """Builds by status."""

    name: str = text(default="Build statistics", first=True)


class job_statistics(Portlet, xml=_DASHBOARD + "stats.StatJobs", plugin="dashboard-view"):
    """Jobs by health."""

    name: str = text(default="Job statistics", first=True)


class agent_statistics(Portlet, xml=_DASHBOARD + "stats.StatSlaves", plugin="dashboard-view"):
    """Agents by state."""

    name: str = text(default="Slaves statistics", first=True)


class test_pie(Portlet, xml=_DASHBOARD + "test.TestStatisticsChart", plugin="dashboard-view"):
    """Test results as a chart."""

    name: str = text(default="Test Statistics Chart", first=True)


class test_grid(Portlet, xml=_DASHBOARD + "test.TestStatisticsPortlet", plugin="dashboard-view"):
    """Test results by job."""

    forms = {"old": Form("id name useBackgroundColors skippedColor successColor failureColor")}

    name: str = text(default="Test Statistics Grid", first=True)
    colors: bool = flag("useBackgroundColors", default=False)
    skipped_color: str = text(default="FDB813")
    success_color: str = text(default="71E66D")
    failure_color: str = text(default="E86850")
    hide_without_tests: bool = flag("hideZeroTestProjects", default=False)
    alternate_limits: bool = flag("useAlternatePercentagesOnLimits", default=False)


class test_trend(Portlet, xml=_DASHBOARD + "test.TestTrendChart", plugin="dashboard-view"):
    """Test results over time."""

    name: str = text(default="Test Trend Chart", first=True)
    width: int | str = number("graphWidth", default=300, least=0)
    height: int | str = number("graphHeight", default=220, least=0)
    days: int | str = number("dateRange", default=0, least=0)
    shift: int | str = number("dateShift", default=0, least=None)
    show: str = text("displayStatus", default="ALL", choices=("ALL", "SUCCESS", "SKIPPED", "FAILED"))


class jacoco_chart(
    Portlet, xml="hudson.plugins.jacoco.portlet.chart.JacocoBuilderTrendChart", plugin="jacoco"
):
    """JaCoCo's coverage over time."""

    name: str = text(default="JaCoCo Coverage Trend Chart", first=True)
    width: int | str = number(default=500, least=0)
    height: int | str = number(default=250, least=0)
    days: int | str = number("daysNumber", default=30, least=0)


class jacoco_grid(Portlet, xml="hudson.plugins.jacoco.portlet.grid.JacocoBuilderGrid", plugin="jacoco"):
    """JaCoCo's coverage by job."""

    name: str = text(default="JaCoCo Coverage Statistics Grid", first=True)


class cobertura_table(
    Portlet, xml="hudson.plugins.cobertura.dashboard.CoverageTablePortlet", plugin="cobertura"
):
    """Cobertura's coverage by job."""

    name: str = text(default="Code Coverages(Cobertura)", first=True)


class downstream_grid(
    Misc, xml=_BUILD_PIPELINE + "DownstreamProjectGridBuilder", plugin="build-pipeline-plugin"
):
    """The pipeline that starts with a job and goes on with its downstream jobs."""

    job: str | None = text("firstJob", default=None, first=True)
    link: str | None = text("firstJobLink", default=None)


class variables_header(
    Misc, xml=_BUILD_PIPELINE + "extension.BuildVariablesHeader", plugin="build-pipeline-plugin"
):
    """The build's variables beside it."""


class simple_header(Misc, xml=_BUILD_PIPELINE + "extension.SimpleRowHeader", plugin="build-pipeline-plugin"):
    """The build's number beside it."""


class no_column_header(
    Misc, xml=_BUILD_PIPELINE + "extension.NullColumnHeader", plugin="build-pipeline-plugin"
):
    """Nothing above the columns."""


class column_header(
    Misc, xml=_BUILD_PIPELINE + "extension.SimpleColumnHeader", plugin="build-pipeline-plugin"
):
    """The job's name above its column."""


class standard_card(
    Misc, xml=_BUILD_PIPELINE + "extension.StandardBuildCard", plugin="build-pipeline-plugin"
):
    """The usual card for a build."""


class pipeline_component(
    Misc,
    xml="se.diabol.jenkins.pipeline.DeliveryPipelineView$ComponentSpec",
    plugin="delivery-pipeline-plugin",
):
    """One pipeline of a delivery pipeline view, from its first job on."""

    name: str = text(first=True)
    first_job: str = text(first=True)
    last_job: str | None = text(default=None)
    upstream: bool | None = flag("showUpstream", default=None)


class pipeline_regex(
    Misc,
    xml="se.diabol.jenkins.pipeline.DeliveryPipelineView$RegExpSpec",
    plugin="delivery-pipeline-plugin",
):
    """Pipelines from every job that matches; the first group is the name."""

    regexp: str = text(first=True)
    upstream: bool | None = flag("showUpstream", default=None)


class workflow_component(
    Misc,
    xml="se.diabol.jenkins.workflow.WorkflowPipelineView$ComponentSpec",
    plugin="delivery-pipeline-plugin",
):
    """One Pipeline job of a delivery pipeline view."""

    name: str = text(first=True)
    job: str = text(first=True)


class grouping_rule(
    Misc, xml="org.jenkinsci.plugins.categorizedview.GroupingRule", plugin="categorized-view"
):
    """Jobs that match stand together under this name."""

    regex: str = text("groupRegex", first=True)
    name: str = text("namingRule", default="", first=True)
    display_name: bool = flag("useDisplayName", default=False)


class _Section(Misc):
    """Fields that all sections of a sectioned view share."""

    orders = frozenset({"jobNames"})

    jobs: tuple[str, ...] = strings("jobNames")
    _job_names = job_names("_listed")
    filters: object = children("jobFilters", accepts=Misc)
    name: str = text(default="", first=True)
    regex: str | None = text("includeRegex", default=None)
    width: str = text(default="FULL", choices=("FULL", "HALF", "THIRD", "TWO_THIRDS"))
    alignment: str = text(default="CENTER", choices=("CENTER", "LEFT", "RIGHT"))

    def _listed(self) -> JobNames:
        return listed(self.jobs, self.layout)

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        return read_jobs(node) if tag == "jobNames" else {}


class list_section(_Section, xml="hudson.plugins.sectioned_view.ListViewSection", plugin="sectioned-view"):
    """Jobs in columns."""

    columns: Any = children(accepts=Column, convert=column_named)


class text_section(_Section, xml="hudson.plugins.sectioned_view.TextSection", plugin="sectioned-view"):
    """A text."""

    content: str = text("text", default="")
    style: str = text(default="NONE")


class graphs_section(_Section, xml="hudson.plugins.sectioned_view.JobGraphsSection", plugin="sectioned-view"):
    """The trends of jobs."""


class test_section(
    _Section, xml="hudson.plugins.sectioned_view.TestResultViewSection", plugin="sectioned-view"
):
    """Test results of jobs."""


class views_section(
    _Section, xml="hudson.plugins.sectioned_view.ViewListingSection", plugin="sectioned-view"
):
    """Links to views."""

    views: tuple[str, ...] = strings(default=())
    columns: int | str = number(default=1, least=0)
