"""Static analysis as the Warnings plugin of today records it: issues of any number of tools.

`issues(["checkstyle", "spotbugs"])`, or with files of their own `issues([publish.tool_gcc("build.log")])`.
"""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, decimal, flag, number, raw, text
from jobdsl.elements.publish_coverage import source_directory
from jobdsl.elements.publish_warnings_tools import Tool, tool_named
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "exclude_category",
    "exclude_file",
    "exclude_message",
    "exclude_module",
    "exclude_package",
    "exclude_type",
    "include_category",
    "include_file",
    "include_message",
    "include_module",
    "include_package",
    "include_type",
    "issue_gate",
    "issue_gate_old",
    "issues",
    "severity",
]

_PLUGIN = "warnings-ng"
_CORE = "io.jenkins.plugins.analysis.core."


class severity(Misc, xml="edu.hm.hafner.analysis.Severity", plugin="analysis-model-api"):
    """How bad an issue is: LOW, NORMAL, HIGH or ERROR."""

    name: str = text(first=True, choices=("LOW", "NORMAL", "HIGH", "ERROR"))


class issue_gate(Misc, xml=_CORE + "util.WarningsQualityGate", plugin=_PLUGIN):
    """From how many issues on the build changes: `issue_gate(1, type="NEW", criticality="FAILURE")`."""

    threshold: float = decimal(first=True)
    criticality: str = text(default="UNSTABLE", choices=("NOTE", "UNSTABLE", "ERROR", "FAILURE"))
    type: str = text(default="TOTAL")


class issue_gate_old(Misc, xml=_CORE + "util.QualityGate", plugin=_PLUGIN):
    """The same in versions before 10 of the plugin."""

    threshold: int | str = number(first=True)
    type: str = text(default="TOTAL")
    status: str = text(default="WARNING", choices=("WARNING", "FAILED"))


class _Filter(Misc):
    pattern: str = text(first=True)


class include_file(_Filter, xml=_CORE + "filter.IncludeFile", plugin=_PLUGIN):
    """Only issues whose file matches this regular expression."""


class include_package(_Filter, xml=_CORE + "filter.IncludePackage", plugin=_PLUGIN):
    """Only issues whose package matches this regular expression."""


class include_module(_Filter, xml=_CORE + "filter.IncludeModule", plugin=_PLUGIN):
    """Only issues whose module matches this regular expression."""


class include_category(_Filter, xml=_CORE + "filter.IncludeCategory", plugin=_PLUGIN):
    """Only issues whose category matches this regular expression."""


class include_type(_Filter, xml=_CORE + "filter.IncludeType", plugin=_PLUGIN):
    """Only issues whose type matches this regular expression."""


class include_message(_Filter, xml=_CORE + "filter.IncludeMessage", plugin=_PLUGIN):
    """Only issues whose message matches this regular expression."""


class exclude_file(_Filter, xml=_CORE + "filter.ExcludeFile", plugin=_PLUGIN):
    """No issues whose file matches this regular expression."""


class exclude_package(_Filter, xml=_CORE + "filter.ExcludePackage", plugin=_PLUGIN):
    """No issues whose package matches this regular expression."""


class exclude_module(_Filter, xml=_CORE + "filter.ExcludeModule", plugin=_PLUGIN):
    """No issues whose module matches this regular expression."""


class exclude_category(_Filter, xml=_CORE + "filter.ExcludeCategory", plugin=_PLUGIN):
    """No issues whose category matches this regular expression."""


class exclude_type(_Filter, xml=_CORE + "filter.ExcludeType", plugin=_PLUGIN):
    """No issues whose type matches this regular expression."""


class exclude_message(_Filter, xml=_CORE + "filter.ExcludeMessage", plugin=_PLUGIN):
    """No issues whose message matches this regular expression."""


_BEFORE_12 = (
    "analysisTools sourceCodeEncoding sourceDirectory ignoreQualityGate ignoreFailedBuilds? "
    "referenceJobName? failOnError healthy unhealthy minimumSeverity filters isEnabledForFailure "
    "isAggregatingResults isBlameDisabled isForensicsDisabled? skipPublishingChecks publishAllIssues? "
    "qualityGates trendChartType scm"
)


class issues(Publisher, xml=_CORE + "steps.IssuesRecorder", plugin=_PLUGIN):
    """Record the issues that tools found."""

    forms = {"before-12": Form(_BEFORE_12, {"sourceDirectory": None})}

    tools: Any = children("analysisTools", accepts=Tool, convert=tool_named, first=True)
    encoding: str = text("sourceCodeEncoding", default="")
    sources: Any = children("sourceDirectories", accepts=source_directory, convert=source_directory)
    keep_sources: str = text(
        "sourceCodeRetention",
        default="EVERY_BUILD",
        choices=("NEVER", "LAST_BUILD", "EVERY_BUILD", "MODIFIED"),
    )
    ignore_gate: bool = flag("ignoreQualityGate", default=False)
    ignore_failed: bool | None = flag("ignoreFailedBuilds", default=None)
    reference_job: str | None = text("referenceJobName", default=None)
    fail_on_error: bool = flag(default=False)
    stop_build: bool | None = flag(default=None)
    healthy: int | str = number(default=0)
    unhealthy: int | str = number(default=0)
    minimum: Any = child(
        "minimumSeverity", accepts=severity, convert=severity, plain=True, default=severity(name="LOW")
    )
    filters: Any = children(accepts=Misc)
    files_filter: Any = raw(default=None)
    when_failed: bool = flag("isEnabledForFailure", default=False)
    aggregate: bool = flag("isAggregatingResults", default=False)
    quiet: bool = flag(default=False)
    no_blame: bool = flag("isBlameDisabled", default=False)
    no_forensics: bool | None = flag("isForensicsDisabled", default=None)
    skip_checks: bool = flag("skipPublishingChecks", default=False)
    checks_scope: str | None = text("checksAnnotationScope", default=None)
    publish_all: bool | None = flag("publishAllIssues", default=None)
    skip_postprocessing: bool | None = flag("skipPostProcessing", default=None)
    skip_deltas: bool | None = flag("skipDeltaCalculation", default=None)
    id: str | None = text(default=None)
    name: str | None = text(default=None)
    icon: str | None = text(default=None)
    gates: Any = children("qualityGates", accepts=Misc)
    trend: str = text("trendChartType", default="AGGREGATION_TOOLS")
    scm: str = text(default="")
