"""Kinds of views that show how jobs follow each other: build pipelines and delivery pipelines."""

from __future__ import annotations

from typing import Any

from jobdsl.dsl.viewkinds_basic import View
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, number, text
from jobdsl.elements.slots import Misc
from jobdsl.elements.views_parts import (
    downstream_grid,
    no_column_header,
    pipeline_component,
    pipeline_regex,
    simple_header,
    standard_card,
    workflow_component,
)
from jobdsl.errors import DslError

__all__ = ["build_pipeline_view", "delivery_pipeline_view", "workflow_pipeline_view"]

_PIPELINE = "au.com.centrumsystems.hudson.plugin.buildpipeline."


def _grid(job: Any) -> Any:
    return downstream_grid(job=job)


class build_pipeline_view(View, xml=_PIPELINE + "BuildPipelineView", plugin="build-pipeline-plugin"):
    """A job and its downstream jobs as a pipeline: `build_pipeline_view("release", grid="compile")`."""

    forms = {
        "1.5": Form(
            "owner? name description? filterExecutors filterQueue properties selectedJob? gridBuilder "
            "noOfDisplayedBuilds buildViewTitle consoleOutputLinkStyle cssUrl triggerOnlyLatestJob "
            "alwaysAllowManualTrigger showPipelineParameters showPipelineParametersInHeaders "
            "startsWithParameters refreshFrequency showPipelineDefinitionHeader"
        ),
    }

    selected_job: str | None = text(default=None)
    grid: Any = child("gridBuilder", accepts=Misc, convert=_grid, default=None)
    builds: int | str = number("noOfDisplayedBuilds", default=1, least=0)
    title: str = text("buildViewTitle", default="")
    console_link: str = text("consoleOutputLinkStyle", default="Lightbox")
    css: str = text("cssUrl", default="")
    only_latest: bool = flag("triggerOnlyLatestJob", default=False)
    manual: bool = flag("alwaysAllowManualTrigger", default=True)
    parameters: bool = flag("showPipelineParameters", default=True)
    row_headers: Any = child(accepts=Misc, default=simple_header())
    parameters_in_headers: bool = flag("showPipelineParametersInHeaders", default=False)
    column_headers: Any = child(accepts=Misc, default=no_column_header())
    card: Any = child("buildCard", accepts=Misc, default=standard_card())
    starts_with_parameters: bool = flag("startsWithParameters", default=False)
    refresh_seconds: int | str = number("refreshFrequency", default=3, least=0)
    definition_header: bool = flag("showPipelineDefinitionHeader", default=False)


def _name_and_job(value: Any) -> tuple[Any, Any]:
    """Return a pipeline's name and its job, from both or from the job alone."""
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2:
        raise DslError(f"takes (name, job) or the job alone, not {value!r}")
    return pair[0], pair[1]


def _component(value: Any) -> Any:
    name, first_job = _name_and_job(value)
    return pipeline_component(name=name, first_job=first_job)


def _workflow(value: Any) -> Any:
    name, job = _name_and_job(value)
    return workflow_component(name=name, job=job)


class delivery_pipeline_view(
    View, xml="se.diabol.jenkins.pipeline.DeliveryPipelineView", plugin="delivery-pipeline-plugin"
):
    """Delivery pipelines from their first jobs on.

    For example `delivery_pipeline_view("wall", pipelines=[("App", "app-build")])`.
    """

    order = (
        "owner name filterExecutors filterQueue properties componentSpecs noOfPipelines "
        "showAggregatedPipeline noOfColumns sorting fullScreenCss embeddedCss showAvatars updateInterval "
        "showChanges allowManualTriggers showTotalBuildTime allowRebuild allowPipelineStart allowAbort "
        "showDescription showPromotions showTestResults showStaticAnalysisResults linkRelative pagingEnabled "
        "showAbsoluteDateTime showAggregatedChanges aggregatedChangesGroupingPattern theme "
        "maxNumberOfVisiblePipelines regexpFirstJobs linkToConsoleLog description"
    )

    pipelines: Any = children("componentSpecs", accepts=pipeline_component, convert=_component)
    number_of_pipelines: int | str = number("noOfPipelines", default=3, least=0)
    aggregated: bool = flag("showAggregatedPipeline", default=False)
    columns: int | str = number("noOfColumns", default=1, least=0)
    sorting: str = text(default="none")
    full_screen_css: str | None = text(default=None)
    embedded_css: str | None = text(default=None)
    avatars: bool = flag("showAvatars", default=False)
    update_seconds: int | str = number("updateInterval", default=2, least=0)
    changes: bool = flag("showChanges", default=False)
    manual: bool = flag("allowManualTriggers", default=False)
    total_time: bool = flag("showTotalBuildTime", default=False)
    rebuild: bool = flag("allowRebuild", default=False)
    start: bool = flag("allowPipelineStart", default=False)
    abort: bool | None = flag("allowAbort", default=None)
    descriptions: bool = flag("showDescription", default=False)
    promotions: bool = flag("showPromotions", default=False)
    test_results: bool = flag("showTestResults", default=False)
    analysis_results: bool = flag("showStaticAnalysisResults", default=False)
    relative_links: bool = flag("linkRelative", default=False)
    paging: bool = flag("pagingEnabled", default=False)
    absolute_time: bool | None = flag("showAbsoluteDateTime", default=None)
    aggregated_changes: bool = flag("showAggregatedChanges", default=False)
    changes_pattern: str = text("aggregatedChangesGroupingPattern", default="")
    theme: str = text(default="default")
    max_visible: int | str = number("maxNumberOfVisiblePipelines", default=-1)
    regexes: Any = children("regexpFirstJobs", accepts=pipeline_regex, convert=pipeline_regex)
    link_to_log: bool = flag("linkToConsoleLog", default=False)


class workflow_pipeline_view(
    View, xml="se.diabol.jenkins.workflow.WorkflowPipelineView", plugin="delivery-pipeline-plugin"
):
    """Pipeline jobs as delivery pipelines.

    For example `workflow_pipeline_view("wall", pipelines=[("App", "app-pipeline")])`.
    """

    order = (
        "owner name filterExecutors filterQueue properties updateInterval noOfPipelines noOfColumns sorting "
        "allowPipelineStart allowAbort showChanges showAbsoluteDateTime theme maxNumberOfVisiblePipelines "
        "project componentSpecs linkToConsoleLog description"
    )

    update_seconds: int | str = number("updateInterval", default=2, least=0)
    number_of_pipelines: int | str = number("noOfPipelines", default=3, least=0)
    columns: int | str = number("noOfColumns", default=1, least=0)
    sorting: str = text(default="none")
    start: bool = flag("allowPipelineStart", default=False)
    abort: bool | None = flag("allowAbort", default=None)
    changes: bool = flag("showChanges", default=False)
    absolute_time: bool | None = flag("showAbsoluteDateTime", default=None)
    theme: str = text(default="default")
    max_visible: int | str | None = number("maxNumberOfVisiblePipelines", default=None)
    project: str | None = text(default=None)
    pipelines: Any = children("componentSpecs", accepts=workflow_component, convert=_workflow)
    link_to_log: bool = flag("linkToConsoleLog", default=False)
