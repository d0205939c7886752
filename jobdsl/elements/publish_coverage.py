"""Publishers of code coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, decimal, flag, number, raw, text
from jobdsl.elements.kinds import Field, Unfit
from jobdsl.elements.slots import Misc, Publisher
from jobdsl.errors import DslError

__all__ = [
    "clover",
    "clover_php",
    "clover_target",
    "cobertura",
    "cobertura_adapter",
    "coverage",
    "coverage_api",
    "coverage_complexity",
    "coverage_gate",
    "coverage_py",
    "coverage_threshold",
    "coverage_tool",
    "emma",
    "istanbul_adapter",
    "jacoco",
    "jacoco_adapter",
    "llvm_adapter",
    "rcov",
    "scoverage",
    "source_directory",
]

_METRIC = "hudson.plugins.cobertura.targets.CoverageMetric"
_METRICS = ("PACKAGES", "FILES", "CLASSES", "METHOD", "LINE", "CONDITIONAL")
_PER_CENT = 100_000
"""What Cobertura's plugin stores for one per cent."""


class _Targets(Field):
    """Cobertura's targets: per cent by metric, `{"LINE": 80, "METHOD": 75.5}`."""

    kind = "targets"

    def check(self, value: Any) -> Any:
        pairs = value.items() if isinstance(value, Mapping) else value
        try:
            return tuple((str(metric), self._share(metric, share)) for metric, share in pairs)
        except (TypeError, ValueError):
            raise DslError(
                f"takes per cent by metric, not {value!r}", hint='for example {"LINE": 80}'
            ) from None

    def _share(self, metric: Any, share: Any) -> int | float:
        if metric not in _METRICS:
            raise DslError(f"does not know the metric {metric!r}", hint="one of: " + ", ".join(_METRICS))
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 100:
            raise DslError(f"takes per cent from 0 to 100 for {metric}, not {share!r}")
        return int(share) if share == int(share) else share

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        """Return the enum map as XStream writes it."""
        i2, i4, i6 = (indent + " " * deep for deep in (2, 4, 6))
        entries = "".join(
            f"{i4}<entry>{i6}<{_METRIC}>{metric}</{_METRIC}>"
            f"{i6}<int>{round(share * _PER_CENT)}</int>{i4}</entry>"
            for metric, share in value
        )
        head = f'targets class="enum-map" enum-type="{_METRIC}"'
        held = f"{i2}<{head}>{entries}{i2}</targets>" if entries else f"{i2}<{head}/>"
        return f"{indent}<{self.tag}>{held}{indent}</{self.tag}>"

    def read(self, node: Node) -> Any:
        targets = node.find("targets")
        if targets is None or len(node.children) != 1:
            raise Unfit
        return tuple(_target(entry) for entry in targets.children)


def _target(entry: Node) -> tuple[str, int | float]:
    texts = [child.text for child in entry.children]
    if len(texts) != 2 or not texts[1].isdigit():
        raise Unfit
    share = int(texts[1]) / _PER_CENT
    return texts[0], int(share) if share == int(share) else share


def _targets(tag: str, share: Mapping[str, int]) -> Any:
    return _Targets(tag, default=tuple(share.items()))


class cobertura(Publisher, xml="hudson.plugins.cobertura.CoberturaPublisher", plugin="cobertura"):
    """Publish Cobertura's coverage; targets are per cent: `healthy={"LINE": 80}`."""

    forms = {
        "jjb": Form(
            "coberturaReportFile onlyStable failUnhealthy failUnstable autoUpdateHealth autoUpdateStability "
            "zoomCoverageChart failNoReports healthyTarget unhealthyTarget failingTarget sourceEncoding",
        ),
    }

    files: str = text("coberturaReportFile", default="**/coverage.xml", first=True)
    only_stable: bool = flag(default=False)
    fail_unhealthy: bool = flag(default=False)
    fail_unstable: bool = flag(default=False)
    auto_health: bool = flag("autoUpdateHealth", default=False)
    auto_stability: bool = flag("autoUpdateStability", default=False)
    zoom: bool = flag("zoomCoverageChart", default=False)
    max_builds: int | str = number("maxNumberOfBuilds", default=0)
    fail_if_none: bool = flag("failNoReports", default=True)
    line_targets: str | None = text("lineCoverageTargets", default=None)
    package_targets: str | None = text("packageCoverageTargets", default=None)
    file_targets: str | None = text("fileCoverageTargets", default=None)
    class_targets: str | None = text("classCoverageTargets", default=None)
    method_targets: str | None = text("methodCoverageTargets", default=None)
    conditional_targets: str | None = text("conditionalCoverageTargets", default=None)
    healthy: Any = _targets("healthyTarget", {"METHOD": 80, "LINE": 80, "CONDITIONAL": 70})
    unhealthy: Any = _targets("unhealthyTarget", {"METHOD": 0, "LINE": 0, "CONDITIONAL": 0})
    failing: Any = _targets("failingTarget", {"METHOD": 0, "LINE": 0, "CONDITIONAL": 0})
    encoding: str = text("sourceEncoding", default="ASCII")
    new_api: bool | None = flag("enableNewApi", default=None)


class jacoco(Publisher, xml="hudson.plugins.jacoco.JacocoPublisher", plugin="jacoco"):
    """Publish JaCoCo's coverage. Minimums and maximums are per cent, for the build's health."""

    forms = {
        "old": Form(
            "execPattern classPattern sourcePattern inclusionPattern exclusionPattern skipCopyOfSrcFiles "
            "minimumInstructionCoverage minimumBranchCoverage minimumComplexityCoverage minimumLineCoverage "
            "minimumMethodCoverage minimumClassCoverage maximumInstructionCoverage maximumBranchCoverage "
            "maximumComplexityCoverage maximumLineCoverage maximumMethodCoverage maximumClassCoverage "
            "changeBuildStatus deltaInstructionCoverage deltaBranchCoverage deltaComplexityCoverage "
            "deltaLineCoverage deltaMethodCoverage deltaClassCoverage buildOverBuild",
        ),
        "jjb": Form(
            "execPattern classPattern sourcePattern sourceInclusionPattern changeBuildStatus "
            "inclusionPattern exclusionPattern maximumInstructionCoverage? minimumInstructionCoverage? "
            "maximumBranchCoverage? minimumBranchCoverage? maximumComplexityCoverage? "
            "minimumComplexityCoverage? maximumLineCoverage? minimumLineCoverage? "
            "maximumMethodCoverage? minimumMethodCoverage? maximumClassCoverage? "
            "minimumClassCoverage?",
        ),
    }

    health: Any = raw("healthReports", default=None)
    delta_health: Any = raw("deltaHealthReport", default=None)
    exec_files: str = text("execPattern", default="**/**.exec", first=True)
    classes: str = text("classPattern", default="**/classes")
    sources: str = text("sourcePattern", default="**/src/main/java")
    source_includes: str = text("sourceInclusionPattern", default="**/*.java,**/*.groovy,**/*.kt,**/*.kts")
    source_excludes: str = text("sourceExclusionPattern", default="")
    includes: str = text("inclusionPattern", default="")
    excludes: str = text("exclusionPattern", default="")
    skip_source_copy: bool = flag("skipCopyOfSrcFiles", default=False)
    min_instruction: int | str = amount("minimumInstructionCoverage", default=0)
    min_branch: int | str = amount("minimumBranchCoverage", default=0)
    min_complexity: int | str = amount("minimumComplexityCoverage", default=0)
    min_line: int | str = amount("minimumLineCoverage", default=0)
    min_method: int | str = amount("minimumMethodCoverage", default=0)
    min_class: int | str = amount("minimumClassCoverage", default=0)
    max_instruction: int | str = amount("maximumInstructionCoverage", default=0)
    max_branch: int | str = amount("maximumBranchCoverage", default=0)
    max_complexity: int | str = amount("maximumComplexityCoverage", default=0)
    max_line: int | str = amount("maximumLineCoverage", default=0)
    max_method: int | str = amount("maximumMethodCoverage", default=0)
    max_class: int | str = amount("maximumClassCoverage", default=0)
    change_status: bool = flag("changeBuildStatus", default=False)
    always: bool = flag("runAlways", default=False)
    delta_instruction: int | str = amount("deltaInstructionCoverage", default=0, least=None)
    delta_branch: int | str = amount("deltaBranchCoverage", default=0, least=None)
    delta_complexity: int | str = amount("deltaComplexityCoverage", default=0, least=None)
    delta_line: int | str = amount("deltaLineCoverage", default=0, least=None)
    delta_method: int | str = amount("deltaMethodCoverage", default=0, least=None)
    delta_class: int | str = amount("deltaClassCoverage", default=0, least=None)
    build_over_build: bool = flag(default=False)


class clover_target(Misc, xml="hudson.plugins.clover.targets.CoverageTarget", plugin="clover"):
    """Per cent of coverage."""

    method: int | str | None = number("methodCoverage", default=None)
    conditional: int | str | None = number("conditionalCoverage", default=None)
    statement: int | str | None = number("statementCoverage", default=None)
    element: int | str | None = number("elementCoverage", default=None, least=None)


class clover(Publisher, xml="hudson.plugins.clover.CloverPublisher", plugin="clover"):
    """Publish Clover's coverage."""

    dir: str = text("cloverReportDir", default="target/site/clover", first=True)
    file: str = text("cloverReportFileName", default="clover.xml")
    report_id: str | None = text(default=None)
    healthy: Any = child(
        "healthyTarget",
        accepts=clover_target,
        plain=True,
        default=clover_target(method=70, conditional=80, statement=80),
    )
    unhealthy: Any = child("unhealthyTarget", accepts=clover_target, plain=True, default=clover_target())
    failing: Any = child("failingTarget", accepts=clover_target, plain=True, default=clover_target())


class clover_php(Publisher, xml="org.jenkinsci.plugins.cloverphp.CloverPHPPublisher", plugin="cloverphp"):
    """Publish PHPUnit's coverage in Clover's format."""

    html: bool = flag("publishHtmlReport", default=False)
    dir: str | None = text("reportDir", default=None)
    file: str = text("xmlLocation", first=True)
    no_archive: bool = flag("disableArchiving", default=False)
    healthy: Any = child(
        "healthyTarget", accepts=clover_target, plain=True, default=clover_target(method=70, statement=80)
    )
    unhealthy: Any = child("unhealthyTarget", accepts=clover_target, plain=True, default=clover_target())
    failing: Any = child("failingTarget", accepts=clover_target, plain=True, default=clover_target())


class source_directory(Misc, xml="io.jenkins.plugins.prism.SourceCodeDirectory", plugin="prism-api"):
    """Where sources are, from the workspace."""

    path: str = text(first=True)


_METRICS_STEPS = "io.jenkins.plugins.coverage.metrics.steps."


class coverage_tool(Misc, xml=_METRICS_STEPS + "CoverageTool", plugin="coverage"):
    """Reports of one tool: JACOCO, COBERTURA, CLOVER, LCOV, OPENCOVER, PIT, JUNIT, VECTORCAST, ..."""

    jenkins: Any = raw(default="")
    pattern: str = text(default="", first=True)
    parser: str = text(default="JACOCO")


class coverage_gate(Misc, xml=_METRICS_STEPS + "CoverageQualityGate", plugin="coverage"):
    """The coverage a build needs."""

    threshold: float = decimal(default=0.0, first=True)
    criticality: str = text(default="UNSTABLE", choices=("NOTE", "UNSTABLE", "ERROR", "FAILURE"))
    metric: str = text(default="LINE")
    baseline: str = text(default="PROJECT")


class coverage(Publisher, xml=_METRICS_STEPS + "CoverageRecorder", plugin="coverage"):
    """Record coverage: `coverage([publish.coverage_tool("**/jacoco.xml")])`."""

    tools: Any = children(accepts=coverage_tool, convert=coverage_tool, first=True)
    gates: Any = children("qualityGates", accepts=coverage_gate)
    id: str = text(default="")
    name: str = text(default="")
    skip_checks: bool = flag("skipPublishingChecks", default=False)
    checks_name: str = text(default="")
    checks_scope: str = text("checksAnnotationScope", default="MODIFIED_LINES")
    ignore_errors: bool = flag("ignoreParsingErrors", default=False)
    fail_on_error: bool = flag(default=False)
    when_failed: bool = flag("enabledForFailure", default=False)
    skip_symlinks: bool = flag("skipSymbolicLinks", default=False)
    scm: str = text(default="")
    encoding: str = text("sourceCodeEncoding", default="")
    sources: Any = children("sourceDirectories", accepts=source_directory, convert=source_directory)
    keep_sources: str = text("sourceCodeRetention", default="LAST_BUILD")


_API = "io.jenkins.plugins.coverage."


class coverage_threshold(Misc, xml=_API + "threshold.Threshold", plugin="code-coverage-api"):
    """Below which coverage the build is unhealthy or unstable, in per cent."""

    target: str = text("thresholdTarget", default="Line", first=True)
    unhealthy: float = decimal("unhealthyThreshold", default=0.0)
    unstable: float = decimal("unstableThreshold", default=0.0)
    fail_unhealthy: bool = flag(default=False)


class _Adapter(Misc):
    """Reports of one kind."""

    path: str = text(first=True)
    merge: bool = flag("mergeToOneReport", default=False)
    thresholds: Any = children(accepts=coverage_threshold)


class jacoco_adapter(_Adapter, xml=_API + "adapter.JacocoReportAdapter", plugin="code-coverage-api"):
    """JaCoCo's XML reports."""


class istanbul_adapter(
    _Adapter, xml=_API + "adapter.IstanbulCoberturaReportAdapter", plugin="code-coverage-api"
):
    """Istanbul's reports in Cobertura's format."""


class cobertura_adapter(_Adapter, xml=_API + "adapter.CoberturaReportAdapter", plugin="cobertura"):
    """Cobertura's reports."""


class llvm_adapter(_Adapter, xml="io.jenkins.plugins.llvm.LLVMAdapter", plugin="llvm-cov"):
    """LLVM's JSON reports."""


class coverage_api(Publisher, xml=_API + "CoveragePublisher", plugin="code-coverage-api"):
    """Publish coverage with the older Code Coverage API plugin."""

    adapters: Any = children(accepts=Misc, first=True)
    thresholds: Any = children("globalThresholds", accepts=coverage_threshold)
    fail_unhealthy: bool = flag(default=False)
    fail_unstable: bool = flag(default=False)
    fail_if_none: bool = flag("failNoReports", default=False)
    recursive: bool = flag("applyThresholdRecursively", default=False)
    source_files: Any = raw("sourceFileResolver", default=None)
    tag: str | None = text("tag", default=None)


class coverage_complexity(
    Publisher, xml="hudson.plugins.covcomplplot.CovComplPlotPublisher", plugin="covcomplplot"
):
    """Plot coverage against complexity."""

    analyzer: str = text(default="Cobertura", first=True, choices=("Cobertura", "Clover"))
    verbose: bool = flag(default=False)
    exclude_accessors: bool = flag("excludeGetterSetter", default=False)
    topmost: bool = flag("locateTopMost", default=True)


class coverage_py(
    Publisher, xml="jenkins.plugins.shiningpanda.publishers.CoveragePublisher", plugin="shiningpanda"
):
    """Publish coverage.py's HTML report."""

    dir: str = text("htmlDir", first=True)


class scoverage(Publisher, xml="org.jenkinsci.plugins.scoverage.ScoveragePublisher", plugin="scoverage"):
    """Publish Scoverage's coverage."""

    dir: str = text("reportDir", first=True)
    file: str = text("reportFile", default="scoverage.xml", first=True)


class emma(Publisher, xml="hudson.plugins.emma.EmmaPublisher", plugin="emma"):
    """Publish EMMA's coverage."""

    files: str = text("includes", default="", first=True)
    health: Any = raw("healthReports", default=None)


class rcov(Publisher, xml="hudson.plugins.rubyMetrics.rcov.RcovPublisher", plugin="rubyMetrics"):
    """Publish RCov's coverage."""

    dir: str = text("reportDir", first=True)
    targets: Any = raw(default="")
