"""Publishers of quality findings with thresholds: Cppcheck, violations, SonarQube's gate, WhiteSource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.tree import Node, escape, tag_name
from jobdsl.elements.fields import amount, child, constant, flag, number, raw, secret_text, text
from jobdsl.elements.kinds import Field, Unfit, ordered
from jobdsl.elements.slots import Misc, Publisher
from jobdsl.errors import DslError

__all__ = [
    "cppcheck",
    "cppcheck_config",
    "cppcheck_graph",
    "cppcheck_limits",
    "sonar",
    "sonar_gate",
    "sonar_gate_config",
    "sonar_triggers",
    "violation_type",
    "violations",
    "violations_config",
    "violations_reporter",
    "whitesource",
]


class cppcheck_limits(
    Misc, xml="org.jenkinsci.plugins.cppcheck.config.CppcheckConfigSeverityEvaluation", plugin="cppcheck"
):
    """From how many errors on the build changes, and which severities count."""

    threshold: int | str = amount("threshold")
    new_threshold: int | str = amount("newThreshold")
    failure: int | str = amount("failureThreshold")
    new_failure: int | str = amount("newFailureThreshold")
    healthy: int | str = amount("healthy")
    unhealthy: int | str = amount("unHealthy")
    error: bool = flag("severityError", default=True)
    warning: bool = flag("severityWarning", default=True)
    style: bool = flag("severityStyle", default=True)
    performance: bool = flag("severityPerformance", default=True)
    information: bool = flag("severityInformation", default=True)
    no_category: bool = flag("severityNoCategory", default=True)
    portability: bool = flag("severityPortability", default=True)


class cppcheck_graph(
    Misc, xml="org.jenkinsci.plugins.cppcheck.config.CppcheckConfigGraph", plugin="cppcheck"
):
    """What the trend shows."""

    width: int | str = number("xSize", default=500, least=0)
    height: int | str = number("ySize", default=200, least=0)
    builds: int | str = number("numBuildsInGraph", default=0, least=0)
    all_errors: bool = flag("displayAllErrors", default=True)
    error: bool = flag("displayErrorSeverity", default=False)
    warning: bool = flag("displayWarningSeverity", default=False)
    style: bool = flag("displayStyleSeverity", default=False)
    performance: bool = flag("displayPerformanceSeverity", default=False)
    information: bool = flag("displayInformationSeverity", default=False)
    no_category: bool = flag("displayNoCategorySeverity", default=False)
    portability: bool = flag("displayPortabilitySeverity", default=False)


class cppcheck_config(Misc, xml="org.jenkinsci.plugins.cppcheck.config.CppcheckConfig", plugin="cppcheck"):
    """Which files are read and how they are judged."""

    files: str = text("pattern", default="", first=True)
    ignore_blank: bool = flag("ignoreBlankFiles", default=False)
    allow_none: bool = flag("allowNoReport", default=False)
    limits: Any = child(
        "configSeverityEvaluation", accepts=cppcheck_limits, plain=True, default=cppcheck_limits()
    )
    graph: Any = child("configGraph", accepts=cppcheck_graph, plain=True, default=cppcheck_graph())


class cppcheck(Publisher, xml="org.jenkinsci.plugins.cppcheck.CppcheckPublisher", plugin="cppcheck"):
    """Publish Cppcheck's XML report."""

    config: Any = child(
        "cppcheckConfig",
        accepts=cppcheck_config,
        convert=cppcheck_config,
        plain=True,
        default=cppcheck_config(),
        first=True,
    )


class violation_type(Misc, xml="hudson.plugins.violations.TypeConfig", plugin="violations"):
    """How many violations of one kind are fine (min), stormy (max) or unstable."""

    type: str = text(first=True)
    min: int | str = number(default=10)
    max: int | str = number(default=999)
    unstable: int | str = number(default=999)
    use_pattern: bool = flag(default=False)
    pattern: str = text(default="")


class _ByType(Field):
    """A sorted map from the type to its settings."""

    kind = "by type"

    def check(self, value: Any) -> Any:
        members = ordered(value, "a list of publish.violation_type(...)")
        if not all(isinstance(member, violation_type) for member in members):
            raise DslError(f"takes a list of publish.violation_type(...), not {value!r}")
        return members

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        """Return the map as XStream writes it."""
        i2, i4 = indent + "  ", indent + "    "
        inner = "".join(
            f"{i2}<entry>{i4}<string>{escape(violation.type)}</string>{violation.write(i4)}{i2}</entry>"
            for violation in value
        )
        return f"{indent}<{self.tag}>{inner}{indent}</{self.tag}>" if inner else f"{indent}<{self.tag}/>"

    def read(self, node: Node) -> Any:
        return tuple(_entry(child) for child in node.children)


def _entry(node: Node) -> Any:
    from jobdsl.elements import reading

    if [child.tag for child in node.children] != ["string", tag_name(violation_type.java)]:
        raise Unfit
    value = reading.read_element(node.children[1])
    if not isinstance(value, violation_type) or value.type != node.children[0].text:
        raise Unfit
    return value


_KINDS = (
    "checkstyle",
    "codenarc",
    "cpd",
    "cpplint",
    "csslint",
    "findbugs",
    "fxcop",
    "gendarme",
    "jcreport",
    "jslint",
    "pep8",
    "perlcritic",
    "pmd",
    "pylint",
    "simian",
    "stylecop",
)


class violations_config(Misc, xml="hudson.plugins.violations.ViolationsConfig", plugin="violations"):
    """Settings of every kind of violations."""

    suppressions: Any = constant(attrs={"class": "sorted-set"})
    types: Any = _ByType("typeConfigs", default=tuple(violation_type(type=kind) for kind in _KINDS))
    limit: int | str = number(default=100)
    source_paths: str | None = text("sourcePathPattern", default=None)
    faux_project: str | None = text("fauxProjectPath", default=None)
    encoding: str = text(default="default")


class violations(Publisher, xml="hudson.plugins.violations.ViolationsPublisher", plugin="violations"):
    """Publish violations of many tools (older plugin)."""

    config: Any = child(accepts=violations_config, plain=True, default=violations_config(), first=True)


class violations_reporter(
    Misc, xml="hudson.plugins.violations.hudson.maven.ViolationsMavenReporter", plugin="violations"
):
    """Publish violations of a Maven job (in `reporters`)."""

    config: Any = child(accepts=violations_config, plain=True, default=violations_config(), first=True)


class sonar_triggers(Misc, xml="hudson.plugins.sonar.model.TriggersConfig", plugin="sonar"):
    """For which builds there is no analysis."""

    skip_scm: bool = flag("skipScmCause", default=False)
    skip_upstream: bool = flag("skipUpstreamCause", default=False)
    variable: str = text("envVar", default="")


class sonar(Publisher, xml="hudson.plugins.sonar.SonarPublisher", plugin="sonar"):
    """Analyse a Maven project with SonarQube (older publisher; the scanner step is the newer way)."""

    installation: str | None = text("installationName", default=None, first=True)
    jdk: str | None = text(default=None)
    maven: str | None = text("mavenInstallationName", default=None)
    branch: str = text(default="")
    language: str | None = text(default=None)
    root_pom: str | None = text("rootPom", default=None)
    maven_opts: str = text(default="")
    properties: str = text("jobAdditionalProperties", default="")
    triggers: Any = child(accepts=sonar_triggers, plain=True, default=None)
    settings: Any = child(accepts=Misc, default=None)
    global_settings: Any = child(accepts=Misc, default=None)
    private_repository: bool = flag("usePrivateRepository", default=False)


class sonar_gate_config(
    Misc, xml="org.quality.gates.jenkins.plugin.JobConfigData", plugin="sonar-quality-gates"
):
    """The project whose quality gate counts."""

    project: str = text("projectKey", first=True)
    server: str = text("sonarInstanceName", default="")
    attempts: int | str | None = number("attemptsToRepeat", default=None, least=0)
    then: str = text("buildStatus", default="FAILED")


class sonar_gate(Publisher, xml="org.quality.gates.jenkins.plugin.QGPublisher", plugin="sonar-quality-gates"):
    """Fail the build when SonarQube's quality gate is red."""

    config: Any = child(
        "jobConfigData", accepts=sonar_gate_config, convert=sonar_gate_config, plain=True, first=True
    )
    decision: Any = raw("buildDecision", default=None)
    configuration_service: Any = raw("jobConfigurationService", default=None)
    execution_service: Any = raw("jobExecutionService", default=None)
    instance: Any = raw("sonarInstance", default=None)


class whitesource(Publisher, xml="org.whitesource.jenkins.WhiteSourcePublisher", plugin="whitesource"):
    """Send what was built to WhiteSource."""

    check_policies: str = text("jobCheckPolicies", default="global")
    force_update: str | None = text("jobForceUpdate", default=None)
    token: str = secret_text("jobApiToken", default="")
    product: str = text(default="", first=True)
    product_version: str = text(default="")
    project_token: str | None = secret_text(default=None)
    maven_project_token: str | None = secret_text(default=None)
    email: str = text("requesterEmail", default="")
    includes: str | None = text("libIncludes", default=None)
    excludes: str | None = text("libExcludes", default=None)
    module_tokens: str | None = text(default=None)
    modules: str | None = text("modulesToInclude", default=None)
    modules_excluded: str | None = text("modulesToExclude", default=None)
    ignore_pom: bool = flag("ignorePomModules", default=False)
