"""Steps that have to do with other jobs: starting them, phases of them, copying their artifacts, Job DSL."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, flag, names, number, raw, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_trigger import CONDITIONS, block, job_parameters
from jobdsl.elements.slots import Misc, Step
from jobdsl.errors import DslError

__all__ = [
    "Selector",
    "built_by_downstream",
    "built_by_multijob",
    "built_by_parameter",
    "built_in_workspace",
    "built_last",
    "built_number",
    "built_permalink",
    "built_saved",
    "built_successfully",
    "built_upstream",
    "built_with_artifacts",
    "copy_artifacts",
    "job_dsl",
    "phase",
    "phase_job",
    "proxy",
    "trigger",
    "triggered",
]

_TRIGGER = "parameterized-trigger"


def _waiting(value: Any) -> Any:
    """True waits as the form's defaults do."""
    if value is True:
        return block()
    if value is False:
        return None
    raise DslError(f"takes True, False or misc.block(...), not {value!r}")


class triggered(Misc, xml="hudson.plugins.parameterizedtrigger.BlockableBuildTriggerConfig", plugin=_TRIGGER):
    """Jobs to start, what they are given, and whether the build waits for them."""

    parameters: Any = children("configs", accepts=Misc)
    factories: Any = children("configFactories", accepts=Misc, default=None)
    projects: str = names(first=True)
    when: str = text("condition", default="ALWAYS", choices=CONDITIONS)
    without_parameters: bool = flag("triggerWithNoParameters", default=False)
    from_children: bool = flag("triggerFromChildProjects", default=False)
    wait: Any = child("block", accepts=block, plain=True, default=None, convert=_waiting)
    all_nodes: bool | None = flag("buildAllNodesWithLabel", default=None)

    forms = {
        "jjb": Form(
            "configs configFactories projects condition triggerWithNoParameters buildAllNodesWithLabel block",
            {"buildAllNodesWithLabel": "false"},
        ),
        "jjb-no-parameters": Form(
            "configs@class=java.util.Collections$EmptyList configFactories projects condition "
            "triggerWithNoParameters buildAllNodesWithLabel block",
            {"buildAllNodesWithLabel": "false"},
        ),
    }

    also = {"parameters": "Mapping[str, object] | str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Parameters from a dict or text."""
        arguments["parameters"] = job_parameters(arguments["parameters"])
        return arguments


class trigger(Holder, Step, xml="hudson.plugins.parameterizedtrigger.TriggerBuilder", plugin=_TRIGGER):
    """Start other jobs: `trigger("deploy", parameters={"VERSION": "${VERSION}"}, wait=True)`.

    With `wait` the build goes on when they are done, and takes over their result. Several groups with
    different parameters go into `triggered=[steps.triggered(...), ...]`.
    """

    holds = "triggered"
    held = triggered

    projects: Any = sugar(first=True)
    parameters: Any = sugar()
    factories: Any = sugar()
    when: str | None = sugar()
    wait: Any = sugar()
    triggered: Any = children("configs", accepts=triggered)


_KILL = ("FAILURE", "NEVER", "UNSTABLE")
_CONTINUE = ("SUCCESSFUL", "UNSTABLE", "COMPLETED", "FAILURE", "ALWAYS")
_MULTIJOB = "com.tikal.jenkins.plugins.multijob."


class phase_job(Misc, xml=_MULTIJOB + "PhaseJobsConfig", plugin="jenkins-multijob-plugin"):
    """A job of a phase: `phase_job("build-linux", parameters={"ARCH": "x86_64"})`."""

    job: str = text("jobName", first=True)
    alias: str | None = text("jobAlias", default="")
    job_properties: str | None = text(default=None)
    current_parameters: bool = flag("currParams", default=True)
    aggregate_tests: bool = flag("aggregatedTestResults", default=False)
    exposed_scm: bool = flag("exposedSCM", default=False)
    disable: bool = flag("disableJob", default=False)
    parsing_rules: str = text("parsingRulesPath", default="")
    max_retries: int | str = number(default=0, least=0)
    retry: bool = flag("enableRetryStrategy", default=False)
    enable_condition: bool = flag(default=False)
    abort_others: bool = flag("abortAllJob", default=False)
    condition: str = text(default="")
    parameters: Any = children("configs", accepts=Misc)
    kill_phase: str = text("killPhaseOnJobResultCondition", default="FAILURE", choices=_KILL)
    only_if_changes: bool = flag("buildOnlyIfSCMChanges", default=False)
    condition_if_no_changes: bool = flag("applyConditionOnlyIfNoSCMChanges", default=False)

    forms = {
        "jjb": Form(
            "jobName jobAlias currParams configs killPhaseOnJobResultCondition disableJob "
            "enableRetryStrategy parsingRulesPath maxRetries enableCondition abortAllJob condition"
        ),
        "jjb-short": Form("jobName currParams configs abortAllJob aggregatedTestResults enableRetryStrategy"),
    }

    also = {"parameters": "Mapping[str, object] | str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Parameters from a dict or text."""
        arguments["parameters"] = job_parameters(arguments["parameters"])
        return arguments


class phase(Step, xml=_MULTIJOB + "MultiJobBuilder", plugin="jenkins-multijob-plugin"):
    """A phase of a multijob: jobs side by side, and when the next phase starts.

    `phase("Tests", ["unit", "lint"])` with `go_on="UNSTABLE"` goes on when none failed.
    """

    name: str = text("phaseName", first=True)
    jobs: Any = children("phaseJobs", accepts=phase_job, convert=phase_job, first=True)
    go_on: str = text("continuationCondition", default="SUCCESSFUL", choices=_CONTINUE)
    execution: str | None = text("executionType", default="PARALLEL", choices=("PARALLEL", "SEQUENTIALLY"))
    quiet_period: str | None = text("quietPeriodGroovy", default="0")

    forms = {"jjb": Form("phaseName continuationCondition executionType phaseJobs")}


_COPY = "hudson.plugins.copyartifact."


class Selector(Misc):
    """Which build artifacts are copied from."""

    slot = "a build to copy from (steps.built_...)"


class built_successfully(Selector, xml=_COPY + "StatusBuildSelector", plugin="copyartifact"):
    """The last successful build; `stable=True` means no unstable one."""

    stable: bool | None = flag(default=None, first=True)


class built_last(Selector, xml=_COPY + "LastCompletedBuildSelector", plugin="copyartifact"):
    """The last build that is done, whatever its result."""


class built_number(Selector, xml=_COPY + "SpecificBuildSelector", plugin="copyartifact"):
    """The build with this number, or a variable that holds one."""

    number: int | str = amount("buildNumber", first=True)


class built_upstream(Selector, xml=_COPY + "TriggeredBuildSelector", plugin="copyartifact"):
    """The build that started this one."""

    fallback: bool | None = flag("fallbackToLastSuccessful", default=None)
    strategy: str = text(
        "upstreamFilterStrategy",
        default="UseGlobalSetting",
        choices=("UseGlobalSetting", "UseOldest", "UseNewest"),
    )
    allow_dependencies: bool = flag("allowUpstreamDependencies", default=False)


class built_saved(Selector, xml=_COPY + "SavedBuildSelector", plugin="copyartifact"):
    """The last build that is kept for ever."""


class built_permalink(Selector, xml=_COPY + "PermalinkBuildSelector", plugin="copyartifact"):
    """The build a permalink names: `lastStableBuild` and the like."""

    id: str = text(first=True)


class built_in_workspace(Selector, xml=_COPY + "WorkspaceSelector", plugin="copyartifact"):
    """What lies in the workspace of the last build."""


class built_by_parameter(Selector, xml=_COPY + "ParameterizedBuildSelector", plugin="copyartifact"):
    """The build that a build selector parameter names."""

    parameter: str = text("parameterName", default="BUILD_SELECTOR", first=True)


class built_by_downstream(Selector, xml=_COPY + "DownstreamBuildSelector", plugin="copyartifact"):
    """The build that a build of another job started."""

    job: str = text("upstreamProjectName", first=True)
    number: int | str = amount("upstreamBuildNumber", first=True)


class built_with_artifacts(Selector, xml=_COPY + "LastBuildWithArtifactSelector", plugin="copyartifact"):
    """The last build that has artifacts."""


class built_by_multijob(Selector, xml=_MULTIJOB + "MultiJobBuildSelector", plugin="jenkins-multijob-plugin"):
    """The build that this multijob started."""


class copy_artifacts(Step, xml=_COPY + "CopyArtifact", plugin="copyartifact"):
    """Copy artifacts of another job: `copy_artifacts("app", "dist/**", to="dist")`."""

    job: str = text("project", first=True)
    parameters: str | None = text(default=None)
    files: str = text("filter", default="", first=True)
    to: str = text("target", default="")
    number_in_path: bool = flag("includeBuildNumberInTargetPath", default=False)
    excludes: str = text(default="")
    build: Any = child("selector", accepts=Selector, default=built_successfully(), convert=built_number)
    flatten: bool | None = flag(default=None)
    optional: bool | None = flag(default=None)
    no_fingerprints: bool = flag("doNotFingerprintArtifacts", default=False)
    result_suffix: str | None = text("resultVariableSuffix", default=None)

    forms = {
        "jjb": Form(
            "project filter target flatten optional doNotFingerprintArtifacts parameters exclude "
            "resultVariableSuffix selector",
            {"exclude": None, "parameters": None, "resultVariableSuffix": None},
        ),
        "old": Form("project filter target selector flatten doNotFingerprintArtifacts"),
    }


class proxy(Step, xml="hudson.plugins.templateproject.ProxyBuilder", plugin="template-project"):
    """The steps of another job."""

    job: str = text("projectName", first=True)


_ON_REMOVED = ("IGNORE", "DISABLE", "DELETE")


class job_dsl(Step, xml="javaposse.jobdsl.plugin.ExecuteDslScripts", plugin="job-dsl"):
    """Run Groovy Job DSL: files of the workspace (`targets`), or a script written here."""

    targets: str | None = text(default=None, first=True)
    script: str | None = text("scriptText", default=None)
    inline: bool = flag("usingScriptText", default=False)
    sandbox: bool = flag(default=False)
    ignore_existing: bool = flag(default=False)
    ignore_missing_files: bool = flag(default=False)
    fail_on_missing_plugin: bool = flag(default=False)
    fail_on_seed_collision: bool = flag(default=False)
    unstable_on_deprecation: bool = flag(default=False)
    removed_jobs: str = text("removedJobAction", default="IGNORE", choices=_ON_REMOVED)
    removed_views: str = text("removedViewAction", default="IGNORE", choices=("IGNORE", "DELETE"))
    removed_config_files: str | None = text(
        "removedConfigFilesAction", default=None, choices=("IGNORE", "DELETE")
    )
    lookup: str = text("lookupStrategy", default="JENKINS_ROOT", choices=("JENKINS_ROOT", "SEED_JOB"))
    classpath: str | None = text("additionalClasspath", default=None)
    parameters: Any = raw("additionalParameters", default=None)

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments; a script that is given is run."""
        arguments["inline"] = arguments["inline"] or (
            arguments["script"] is not None and arguments["targets"] is None
        )
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Return the arguments without `inline` where it follows from the script."""
        arguments = super().arguments()
        if self.script is not None and self.targets is None:
            arguments.pop("inline", None)
        return arguments
