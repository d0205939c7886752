"""What a build has for itself, and what it leaves: locks, ports, versions, releases, builds kept for ever."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, flag, number, text
from jobdsl.elements.misc_conditions import Condition
from jobdsl.elements.slots import Misc, Parameter, Step, Wrapper

__all__ = [
    "KeepPolicy",
    "build_keeper",
    "exclusion",
    "exclusive",
    "keep_by_day",
    "keep_by_number",
    "keep_first_failed",
    "keep_if",
    "keep_since",
    "latch",
    "locks",
    "m2_release",
    "pipeline_version",
    "pooled_port",
    "port",
    "port_allocator",
    "release",
    "resource",
    "version_number",
]


_LOCKS = "hudson.plugins.locksandlatches.LockWrapper"


class latch(Misc, xml=_LOCKS + "$LockWaitConfig", plugin="locks-and-latches"):
    """A lock by its name."""

    name: str = text(first=True)


class locks(Wrapper, xml=_LOCKS, plugin="locks-and-latches"):
    """Locks that no other build holds meanwhile: `locks(["database"])`."""

    locks: Any = children(accepts=latch, convert=latch, first=True)


class resource(Misc, xml="org.jvnet.hudson.plugins.exclusion.DefaultIdType", plugin="Exclusion"):
    """A resource by its name."""

    name: str = text(first=True)


class exclusion(Wrapper, xml="org.jvnet.hudson.plugins.exclusion.IdAllocator", plugin="Exclusion"):
    """Resources that no other build holds between the steps of its critical block."""

    resources: Any = children("ids", accepts=resource, convert=resource, first=True)


class exclusive(
    Wrapper, xml="hudson.plugins.execution.exclusive.ExclusiveBuildWrapper", plugin="exclusive-execution"
):
    """Nothing else runs on the controller meanwhile."""

    skip_wait: bool = flag("skipWaitOnRunningJobs", default=False)


_PORTS = "org.jvnet.hudson.plugins.port_allocator."


class port(Misc, xml=_PORTS + "DefaultPortType", plugin="port-allocator"):
    """A free port, in a variable; a number stands for that port."""

    name: str = text(first=True)


class pooled_port(Misc, xml=_PORTS + "PooledPortType", plugin="port-allocator"):
    """A port of a pool the controller has."""

    name: str = text(first=True)


class port_allocator(Wrapper, xml=_PORTS + "PortAllocator", plugin="port-allocator"):
    """Ports that no other build has: `port_allocator(["HTTP_PORT"])`."""

    ports: Any = children(accepts=Misc, convert=port, first=True)


class pipeline_version(
    Wrapper, xml="se.diabol.jenkins.pipeline.PipelineVersionContributor", plugin="delivery-pipeline-plugin"
):
    """The version of a delivery pipeline, in PIPELINE_VERSION."""

    template: str = text("versionTemplate", first=True)
    display_name: bool = flag("updateDisplayName", default=False)


class version_number(
    Wrapper, xml="org.jvnet.hudson.tools.versionnumber.VersionNumberBuilder", plugin="versionnumber"
):
    """A version for the build: `version_number("1.${BUILDS_ALL_TIME}", variable="VERSION")`."""

    format: str = text("versionNumberString", first=True)
    start_date: str = text("projectStartDate", default="1970-01-01 00:00:00.0 UTC")
    variable: str = text("environmentVariableName", default="VERSION")
    prefix_variable: str | None = text("environmentPrefixVariable", default="")
    today: int | str | None = amount("oBuildsToday", default="")
    this_week: int | str | None = amount("oBuildsThisWeek", default="")
    this_month: int | str | None = amount("oBuildsThisMonth", default="")
    this_year: int | str | None = amount("oBuildsThisYear", default="")
    all_time: int | str | None = amount("oBuildsAllTime", default="")
    worst_result: str | None = text("worstResultForIncrement", default="SUCCESS")
    skip_failed: bool = flag("skipFailedBuilds", default=False)
    display_name: bool = flag("useAsBuildDisplayName", default=False)

    forms = {
        "jjb": Form(
            "environmentVariableName versionNumberString environmentPrefixVariable skipFailedBuilds "
            "useAsBuildDisplayName projectStartDate oBuildsToday oBuildsThisMonth oBuildsThisYear "
            "oBuildsAllTime"
        ),
    }


class m2_release(Wrapper, xml="org.jvnet.hudson.plugins.m2release.M2ReleaseBuildWrapper", plugin="m2release"):
    """Release Maven projects with the release plugin."""

    user_variable: str = text("scmUserEnvVar", default="")
    password_variable: str = text("scmPasswordEnvVar", default="")
    variable: str = text("releaseEnvVar", default="IS_M2RELEASEBUILD")
    goals: str = text("releaseGoals", default="-Dresume=false release:prepare release:perform")
    dry_run_goals: str = text(default="-Dresume=false -DdryRun=true release:prepare")
    select_comment_prefix: bool = flag("selectCustomScmCommentPrefix", default=False)
    select_append_user: bool = flag("selectAppendHudsonUsername", default=False)
    select_credentials: bool = flag("selectScmCredentials", default=False)
    keep: int | str = number("numberOfReleaseBuildsToKeep", default=1)

    forms = {
        "jjb": Form(
            "releaseGoals dryRunGoals numberOfReleaseBuildsToKeep selectCustomScmCommentPrefix "
            "selectAppendHudsonUsername selectScmCredentials releaseEnvVar scmUserEnvVar scmPasswordEnvVar"
        ),
    }


class release(Wrapper, xml="hudson.plugins.release.ReleaseWrapper", plugin="release"):
    """A release is a build with steps and parameters of its own."""

    version: str | None = text("releaseVersionTemplate", default="")
    forget_log: bool = flag("doNotKeepLog", default=False)
    override_parameters: bool = flag("overrideBuildParameters", default=False)
    parameters: Any = children("parameterDefinitions", accepts=Parameter)
    before: Any = children("preBuildSteps", accepts=Step)
    after: Any = children("postBuildSteps", accepts=Step)
    after_success: Any = children("postSuccessfulBuildSteps", accepts=Step)
    after_failure: Any = children("postFailedBuildSteps", accepts=Step)
    matrix_before: Any = children("preMatrixBuildSteps", accepts=Step)
    matrix_after_success: Any = children("postSuccessfulMatrixBuildSteps", accepts=Step)
    matrix_after_failure: Any = children("postFailedMatrixBuildSteps", accepts=Step)
    matrix_after: Any = children("postMatrixBuildSteps", accepts=Step)

    forms = {
        "jjb": Form(
            "doNotKeepLog overrideBuildParameters releaseVersionTemplate parameterDefinitions? "
            "preBuildSteps? postBuildSteps? postSuccessfulBuildSteps? postFailedBuildSteps? "
            "preMatrixBuildSteps? "
            "postSuccessfulMatrixBuildSteps? postFailedMatrixBuildSteps? postMatrixBuildSteps?"
        ),
    }


class KeepPolicy(Misc):
    """Which builds are kept for ever."""

    slot = "a policy (wrappers.keep_...)"


_KEEPER = "org.jenkins_ci.plugins.build_keeper."


class keep_by_number(KeepPolicy, xml=_KEEPER + "BuildNumberPolicy", plugin="build-keeper-plugin"):
    """Every so many builds."""

    period: int | str = number("buildPeriod", first=True, least=0)
    not_failed: bool = flag("dontKeepFailed", default=False)


class keep_by_day(KeepPolicy, xml=_KEEPER + "ByDayPolicy", plugin="build-keeper-plugin"):
    """One every so many days."""

    period: int | str = number("buildPeriod", first=True, least=0)
    not_failed: bool = flag("dontKeepFailed", default=False)


class keep_since(KeepPolicy, xml=_KEEPER + "KeepSincePolicy", plugin="build-keeper-plugin"):
    """Where the last one kept is so many builds ago."""

    period: int | str = number("buildPeriod", first=True, least=0)
    not_failed: bool = flag("dontKeepFailed", default=False)


class keep_first_failed(KeepPolicy, xml=_KEEPER + "KeepFirstFailedPolicy", plugin="build-keeper-plugin"):
    """The first of so many failures."""

    fails: int | str = number("numberOfFails", first=True)


class keep_if(KeepPolicy, xml=_KEEPER + "RunConditionPolicy", plugin="build-keeper-plugin"):
    """Where a condition holds."""

    condition: Any = child("runCondition", accepts=Condition, first=True)
    keep_if_unknown: bool = flag("keepBuildIfEvalFails", default=False)


class build_keeper(Wrapper, xml=_KEEPER + "BuildKeeper", plugin="build-keeper-plugin"):
    """Keep some builds for ever."""

    policy: Any = child(accepts=KeepPolicy, first=True)
