"""The static analysis publishers of old (Checkstyle, FindBugs, PMD ...), which share nearly all their fields.

Newer controllers use `publish.issues` instead. Thresholds are the number of warnings from which on the build
changes: `thresholds=publish.warning_limits(unstable_all=10)`.
"""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, flag, number, text
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "analysis",
    "android_lint",
    "ccm",
    "checkstyle",
    "checkstyle_reporter",
    "console_parser",
    "dependency_check_old",
    "dry",
    "dry_reporter",
    "file_parser",
    "findbugs",
    "findbugs_reporter",
    "pmd",
    "pmd_reporter",
    "tasks",
    "tasks_reporter",
    "warning_limits",
    "warnings",
    "warnings_reporter",
]

_TOTALS = (
    "unstableTotalAll unstableTotalHigh unstableTotalNormal unstableTotalLow "
    "failedTotalAll failedTotalHigh failedTotalNormal failedTotalLow"
)


class warning_limits(Misc, xml="hudson.plugins.analysis.core.Thresholds", plugin="analysis-core"):
    """From how many warnings on a build is unstable or failed; empty for never."""

    forms = {"totals": Form(_TOTALS)}

    unstable_all: int | str = amount("unstableTotalAll")
    unstable_high: int | str = amount("unstableTotalHigh")
    unstable_normal: int | str = amount("unstableTotalNormal")
    unstable_low: int | str = amount("unstableTotalLow")
    unstable_new_all: int | str = amount("unstableNewAll")
    unstable_new_high: int | str = amount("unstableNewHigh")
    unstable_new_normal: int | str = amount("unstableNewNormal")
    unstable_new_low: int | str = amount("unstableNewLow")
    failed_all: int | str = amount("failedTotalAll")
    failed_high: int | str = amount("failedTotalHigh")
    failed_normal: int | str = amount("failedTotalNormal")
    failed_low: int | str = amount("failedTotalLow")
    failed_new_all: int | str = amount("failedNewAll")
    failed_new_high: int | str = amount("failedNewHigh")
    failed_new_normal: int | str = amount("failedNewNormal")
    failed_new_low: int | str = amount("failedNewLow")


_LIMIT = ("low", "normal", "high")


def _limits() -> Any:
    return child(accepts=warning_limits, plain=True, default=warning_limits())


_HEAD = (
    "healthy unHealthy thresholdLimit pluginName defaultEncoding canRunOnFailed usePreviousBuildAsReference "
    "useStableBuildAsReference useDeltaValues thresholds shouldDetectModules dontComputeNew "
    "doNotResolveRelativePaths"
)
_JJB = (
    "healthy unHealthy thresholdLimit pluginName defaultEncoding canRunOnFailed useStableBuildAsReference "
    "usePreviousBuildAsReference useDeltaValues thresholds shouldDetectModules dontComputeNew "
    "doNotResolveRelativePaths pattern"
)


class _Analysis(Publisher):
    """Fields they share after a build of any kind."""

    forms = {"jjb": Form(_JJB)}

    healthy: int | str = amount("healthy")
    unhealthy: int | str = amount("unHealthy")
    limit: str = text("thresholdLimit", default="low", choices=_LIMIT)
    prefix: str = text("pluginName", default="")
    encoding: str = text("defaultEncoding", default="")
    when_failed: bool = flag("canRunOnFailed", default=False)
    previous_is_reference: bool = flag("usePreviousBuildAsReference", default=False)
    stable_is_reference: bool = flag("useStableBuildAsReference", default=False)
    deltas: bool = flag("useDeltaValues", default=False)
    thresholds: Any = _limits()
    detect_modules: bool = flag("shouldDetectModules", default=False)
    no_new: bool = flag("dontComputeNew", default=True)
    keep_paths: bool = flag("doNotResolveRelativePaths", default=False)


class _Reporter(Misc):
    """Fields they share for a module of a Maven job."""

    healthy: int | str = amount("healthy")
    unhealthy: int | str = amount("unHealthy")
    prefix: str = text("pluginName", default="")
    limit: str = text("thresholdLimit", default="low", choices=_LIMIT)
    when_failed: bool = flag("canRunOnFailed", default=False)
    deltas: bool = flag("useDeltaValues", default=False)
    thresholds: Any = _limits()
    no_new: bool = flag("dontComputeNew", default=True)
    previous_is_reference: bool = flag("usePreviousBuildAsReference", default=False)
    stable_is_reference: bool = flag("useStableBuildAsReference", default=False)


class checkstyle(_Analysis, xml="hudson.plugins.checkstyle.CheckStylePublisher", plugin="checkstyle"):
    """Publish Checkstyle's warnings."""

    prefix: str = text("pluginName", default="[CHECKSTYLE] ")
    pattern: str = text(default="", first=True)


class checkstyle_reporter(_Reporter, xml="hudson.plugins.checkstyle.CheckStyleReporter", plugin="checkstyle"):
    """Publish Checkstyle's warnings of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[CHECKSTYLE] ")


class findbugs(_Analysis, xml="hudson.plugins.findbugs.FindBugsPublisher", plugin="findbugs"):
    """Publish FindBugs' warnings."""

    forms = {"jjb": Form("isRankActivated includePattern excludePattern " + _JJB)}

    prefix: str = text("pluginName", default="[FINDBUGS] ")
    pattern: str = text(default="", first=True)
    rank: bool = flag("isRankActivated", default=False)
    excludes: str = text("excludePattern", default="")
    includes: str = text("includePattern", default="")


class findbugs_reporter(_Reporter, xml="hudson.plugins.findbugs.FindBugsReporter", plugin="findbugs"):
    """Publish FindBugs' warnings of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[FINDBUGS] ")
    rank: bool = flag("isRankActivated", default=False)
    excludes: str = text("excludePattern", default="")
    includes: str = text("includePattern", default="")


class pmd(_Analysis, xml="hudson.plugins.pmd.PmdPublisher", plugin="pmd"):
    """Publish PMD's warnings."""

    prefix: str = text("pluginName", default="[PMD] ")
    pattern: str = text(default="", first=True)


class pmd_reporter(_Reporter, xml="hudson.plugins.pmd.PmdReporter", plugin="pmd"):
    """Publish PMD's warnings of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[PMD] ")


class dry(_Analysis, xml="hudson.plugins.dry.DryPublisher", plugin="dry"):
    """Publish duplicate code; the thresholds are lines."""

    forms = {"jjb": Form(_JJB + " highThreshold normalThreshold")}

    prefix: str = text("pluginName", default="[DRY] ")
    pattern: str = text(default="", first=True)
    high: int | str = number("highThreshold", default=50)
    normal: int | str = number("normalThreshold", default=25)


class dry_reporter(_Reporter, xml="hudson.plugins.dry.DryReporter", plugin="dry"):
    """Publish duplicate code of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[DRY] ")
    high: int | str = number("highThreshold", default=50)
    normal: int | str = number("normalThreshold", default=25)


class tasks(_Analysis, xml="hudson.plugins.tasks.TasksPublisher", plugin="tasks"):
    """Publish open tasks, such as TODO and FIXME, in the sources."""

    prefix: str = text("pluginName", default="[TASKS] ")
    pattern: str = text(default="", first=True)
    excludes: str = text("excludePattern", default="")
    high: str = text(default="")
    normal: str = text(default="")
    low: str = text(default="")
    ignore_case: bool = flag(default=False)
    regexp: bool = flag("asRegexp", default=False)


class tasks_reporter(_Reporter, xml="hudson.plugins.tasks.TasksReporter", plugin="tasks"):
    """Publish open tasks of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[TASKS] ")
    pattern: str = text(default="", first=True)
    excludes: str = text("excludePattern", default="")
    high: str = text(default="")
    normal: str = text(default="")
    low: str = text(default="")
    ignore_case: bool = flag(default=False)
    regexp: bool = flag("asRegexp", default=False)


class console_parser(Misc, xml="hudson.plugins.warnings.ConsoleParser", plugin="warnings"):
    """Warnings of one compiler in the log, by the parser's name."""

    parser: str = text("parserName", first=True)


class file_parser(Misc, xml="hudson.plugins.warnings.ParserConfiguration", plugin="warnings"):
    """Warnings of one compiler in files."""

    pattern: str = text(first=True)
    parser: str = text("parserName", first=True)


class warnings(_Analysis, xml="hudson.plugins.warnings.WarningsPublisher", plugin="warnings"):
    """Publish compilers' warnings: `warnings(console=["Java Compiler (javac)"])`."""

    forms = {"old": Form(_HEAD + " parserConfigurations consoleParsers")}

    prefix: str = text("pluginName", default="[WARNINGS] ")
    includes: str = text("includePattern", default="")
    excludes: str = text("excludePattern", default="")
    messages: str = text("messagesPattern", default="")
    categories: str = text("categoriesPattern", default="")
    files: Any = children("parserConfigurations", accepts=file_parser)
    console: Any = children("consoleParsers", accepts=console_parser, convert=console_parser)


class warnings_reporter(_Reporter, xml="hudson.plugins.warnings.WarningsReporter", plugin="warnings"):
    """Publish compilers' warnings of a Maven job (in `reporters`)."""

    prefix: str = text("pluginName", default="[WARNINGS] ")


class ccm(_Analysis, xml="hudson.plugins.ccm.CcmPublisher", plugin="ccm"):
    """Publish complexity of C# sources."""

    prefix: str = text("pluginName", default="[CCM] ")
    pattern: str = text(default="", first=True)


class android_lint(_Analysis, xml="org.jenkinsci.plugins.android_lint.LintPublisher", plugin="android-lint"):
    """Publish Android Lint's warnings."""

    prefix: str = text("pluginName", default="[android-lint] ")
    pattern: str = text(default="", first=True)


class dependency_check_old(
    _Analysis,
    xml="org.jenkinsci.plugins.DependencyCheck.DependencyCheckPublisher",
    plugin="dependency-check-jenkins-plugin",
):
    """Publish OWASP Dependency-Check's findings (up to version 4 of the plugin)."""

    prefix: str = text("pluginName", default="[DependencyCheck] ")
    pattern: str = text(default="", first=True)


class analysis(
    _Analysis, xml="hudson.plugins.analysis.collector.AnalysisPublisher", plugin="analysis-collector"
):
    """Add up the warnings of the other static analysis publishers."""

    forms = {
        "old": Form(
            _HEAD + " isCheckStyleDeactivated isDryDeactivated isFindBugsDeactivated isPmdDeactivated "
            "isOpenTasksDeactivated isWarningsDeactivated"
        ),
    }

    prefix: str = text("pluginName", default="[ANALYSIS-COLLECTOR] ")
    no_checkstyle: bool = flag("isCheckStyleDeactivated", default=False)
    no_dry: bool = flag("isDryDeactivated", default=False)
    no_findbugs: bool = flag("isFindBugsDeactivated", default=False)
    no_pmd: bool = flag("isPmdDeactivated", default=False)
    no_tasks: bool = flag("isOpenTasksDeactivated", default=False)
    no_warnings: bool = flag("isWarningsDeactivated", default=False)
    no_android_lint: bool = flag("isAndroidLintDeactivated", default=False)
