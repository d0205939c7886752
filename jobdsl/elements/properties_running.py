"""Properties for when, where and how often builds run, and what they are given."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, flag, number, raw, strings, text
from jobdsl.elements.misc_envinject import InjectsEnv, job_env_info
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.slots import Misc, Property

__all__ = [
    "agent_utilization",
    "automatic_fingerprints",
    "build_blocker",
    "custom_icon",
    "disable_resume",
    "disk_usage",
    "durability",
    "failure_scanner",
    "groovy_label",
    "heavy_job",
    "inject_env",
    "job_prerequisites",
    "least_load",
    "libvirt_snapshot",
    "lockable_resources",
    "matrix_throttling",
    "maven_cleaner",
    "naginator_opt_out",
    "periodic_reincarnation",
    "preserve_stashes",
    "priority",
    "priority_group",
    "priority_sorter",
    "rate_limit",
    "rebuild",
    "shelve",
    "throttle",
    "wall_display",
    "zen_timestamp",
]


class matrix_throttling(
    Misc, xml="hudson.plugins.throttleconcurrents.ThrottleMatrixProjectOptions", plugin="throttle-concurrents"
):
    """Whether a matrix' builds and its combinations count."""

    builds: bool = flag("throttleMatrixBuilds", default=True)
    combinations: bool = flag("throttleMatrixConfigurations", default=False)


class throttle(
    Property, xml="hudson.plugins.throttleconcurrents.ThrottleJobProperty", plugin="throttle-concurrents"
):
    """Builds at a time: `throttle(total=2, per_node=1)`, or `throttle(categories=["database"])`.

    Limits of categories are the controller's; 0 stands for no limit.
    """

    per_node: int | str = number("maxConcurrentPerNode", default=0, least=0)
    total: int | str = number("maxConcurrentTotal", default=0, least=0)
    categories: Any = strings(attrs={"class": "java.util.concurrent.CopyOnWriteArrayList"}, default=())
    enabled: bool = flag("throttleEnabled", default=True)
    by: str | None = text("throttleOption", default=None, choices=("project", "category"))
    same_parameters: bool = flag("limitOneJobWithMatchingParams", default=False)
    matrix: Any = child("matrixOptions", accepts=matrix_throttling, plain=True, default=None)
    parameters: str | None = text("paramsToUseForLimit", default="")
    version: int | str | None = number("configVersion", default=1)

    forms = {
        "jjb": Form(
            "maxConcurrentPerNode maxConcurrentTotal throttleEnabled categories@ throttleOption "
            "configVersion limitOneJobWithMatchingParams matrixOptions paramsToUseForLimit"
        ),
        "jjb-project": Form(
            "maxConcurrentPerNode maxConcurrentTotal throttleEnabled throttleOption configVersion "
            "limitOneJobWithMatchingParams matrixOptions paramsToUseForLimit"
        ),
    }

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """By category where there are some."""
        if arguments["by"] is None and arguments["enabled"]:
            arguments["by"] = "category" if arguments["categories"] else "project"
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Return the arguments without `by` where it follows from the categories."""
        arguments = super().arguments()
        if self.enabled and self.by == ("category" if self.categories else "project"):
            del arguments["by"]
        return arguments


class build_blocker(
    Property, xml="hudson.plugins.buildblocker.BuildBlockerProperty", plugin="build-blocker-plugin"
):
    """Wait while jobs run whose names match one of these regular expressions, one a line."""

    enabled: bool = flag("useBuildBlocker", default=True)
    level: str = text("blockLevel", default="GLOBAL", choices=("GLOBAL", "NODE"))
    scan_queue: str = text("scanQueueFor", default="DISABLED", choices=("DISABLED", "ALL", "BUILDABLE"))
    jobs: str = text("blockingJobs", first=True)

    forms = {"jjb": Form("useBuildBlocker blockingJobs blockLevel scanQueueFor")}


class rebuild(Property, xml="com.sonyericsson.rebuild.RebuildSettings", plugin="rebuild"):
    """Whether builds can be run again, and whether without asking."""

    auto: bool = flag("autoRebuild", default=False)
    disabled: bool = flag("rebuildDisabled", default=False)


class inject_env(InjectsEnv, Property, xml="EnvInjectJobProperty", plugin="envinject"):
    """Variables for the build from its very start: `inject_env({"STAGE": "test"})`."""

    info: Any = child(accepts=job_env_info, plain=True, default=job_env_info())
    enabled: bool = flag("on", default=True)
    keep_system_variables: bool = flag("keepJenkinsSystemVariables", default=True)
    keep_build_variables: bool = flag(default=True)
    override_parameters: bool = flag("overrideBuildParameters", default=False)
    contributors: Any = raw(default=None)


class priority(
    Property, xml="jenkins.advancedqueue.priority.strategy.PriorityJobProperty", plugin="PrioritySorter"
):
    """The priority of builds in the queue; 1 comes first."""

    enabled: bool = flag("useJobPriority", default=True)
    priority: int | str = number(first=True, least=None)


class priority_group(
    Property,
    xml="jenkins.advancedqueue.jobinclusion.strategy.JobInclusionJobProperty",
    plugin="PrioritySorter",
):
    """The group of the controller's priorities the job is in."""

    enabled: bool = flag("useJobGroup", default=True)
    group: str = text("jobGroupName", first=True)


class priority_sorter(Property, xml="hudson.queueSorter.PrioritySorterJobProperty", plugin="PrioritySorter"):
    """The priority in old versions of the plugin; more comes first."""

    priority: int | str = number(default=100, first=True, least=None)


class lockable_resources(
    Property,
    xml="org.jenkins.plugins.lockableresources.RequiredResourcesProperty",
    plugin="lockable-resources",
):
    """Resources a build holds: `lockable_resources("database")`, or some of those with a label."""

    names: str | None = text("resourceNames", default=None, first=True)
    variable: str | None = text("resourceNamesVar", default=None)
    number: int | str | None = amount("resourceNumber", default=None)
    label: str | None = text("labelName", default=None)
    script: Any = child(
        "resourceMatchScript", accepts=groovy_script, plain=True, convert=groovy_script, default=None
    )
    lock_timeout: int | str | None = amount(default=None, least=0)
    lock_timeout_unit: str | None = text(
        default=None, choices=("MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")
    )


class naginator_opt_out(
    Property, xml="com.chikli.hudson.plugin.naginator.NaginatorOptOutProperty", plugin="naginator"
):
    """Whether failed builds are not started again."""

    opt_out: bool = flag(default=True, first=True)


class failure_scanner(
    Property,
    xml="com.sonyericsson.jenkins.plugins.bfa.model.ScannerJobProperty",
    plugin="build-failure-analyzer",
):
    """Whether failures are not looked into."""

    skip: bool = flag("doNotScan", default=False)


class disk_usage(Property, xml="hudson.plugins.disk_usage.DiskUsageProperty", plugin="disk-usage"):
    """What the disk usage plugin knows of the job."""


class shelve(
    Property,
    xml="org.jvnet.hudson.plugins.shelveproject.ShelveProjectProperty",
    plugin="shelve-project-plugin",
):
    """The job can be shelved."""


class custom_icon(Property, xml="jenkins.plugins.jobicon.CustomIconProperty", plugin="custom-job-icon"):
    """The job's picture, by the name of a file of the controller."""

    file: str | None = text("iconfile", default=None, first=True)


class least_load(
    Property, xml="org.bstick12.jenkinsci.plugins.leastload.LeastLoadDisabledProperty", plugin="leastload"
):
    """Whether builds ignore the load of agents."""

    disabled: bool = flag("leastLoadDisabled", default=False)


class heavy_job(Property, xml="hudson.plugins.heavy_job.HeavyJobProperty", plugin="heavy-job"):
    """A build takes so many executors."""

    weight: int | str = number(default=1, first=True, least=0)


class agent_utilization(
    Property, xml="com.suryagaddipati.jenkins.SlaveUtilizationProperty", plugin="slave-utilization-plugin"
):
    """A build takes this share of an agent."""

    exclusive: bool = flag("needsExclusiveAccessToNode", default=False)
    percent: int | str = number("slaveUtilizationPercentage", default=0, least=0)
    single: bool = flag("singleInstancePerSlave", default=False)


class groovy_label(
    Property,
    xml="jp.ikedam.jenkins.plugins.groovy_label_assignment.GroovyLabelAssignmentProperty",
    plugin="groovy-label-assignment",
):
    """Groovy decides where a build runs."""

    script: Any = child(
        "secureGroovyScript", accepts=groovy_script, plain=True, convert=groovy_script, first=True
    )


class job_prerequisites(Property, xml="com.cloudbees.plugins.JobPrerequisites", plugin="slave-prerequisites"):
    """A script that must succeed before an agent gets a build."""

    script: str = text(first=True)
    interpreter: str = text(default="shell script", choices=("shell script", "windows batch command"))


class automatic_fingerprints(
    Property,
    xml="org.jenkinsci.plugins.buildschainfingerprinter.AutomaticFingerprintJobProperty",
    plugin="builds-chain-fingerprinter",
):
    """Builds that start each other are tied by fingerprints."""

    per_builds: bool = flag("isPerBuildsChainEnabled", default=True)
    per_jobs: bool = flag("isPerJobsChainEnabled", default=True)


class periodic_reincarnation(
    Property,
    xml="org.jenkinsci.plugins.periodicreincarnation.JobLocalConfiguration",
    plugin="periodic-reincarnation",
):
    """Failed builds are started again from time to time."""

    local: bool = flag("isLocallyConfigured", default=False)
    off: bool = flag("isLocallyDeactivated", default=False)
    cron: str | None = text("cronTime", default=None)


class libvirt_snapshot(
    Property, xml="hudson.plugins.libvirt.BeforeJobSnapshotJobProperty", plugin="libvirt-slave"
):
    """The virtual machine goes back to a snapshot before the build."""

    snapshot: str | None = text("snapshotName", default=None, first=True)


class maven_cleaner(
    Property,
    xml="org.jenkinsci.plugins.mavenrepocleaner.MavenRepoCleanerProperty",
    plugin="maven-repo-cleaner",
):
    """Whether the job's Maven repository is not cleaned."""

    skip: bool = flag("notOnThisProject", default=False)


class rate_limit(Property, xml="jenkins.branch.RateLimitBranchProperty$JobPropertyImpl", plugin="branch-api"):
    """At most so many builds in an hour, day, week ..."""

    duration: str = text(
        "durationName",
        default="hour",
        choices=("second", "minute", "hour", "day", "week", "month", "year"),
    )
    count: int | str = number(default=1, first=True, least=0)
    user_boost: bool = flag(default=False)


_WORKFLOW = "org.jenkinsci.plugins.workflow.job.properties."


class disable_resume(Property, xml=_WORKFLOW + "DisableResumeJobProperty", plugin="workflow-job"):
    """A Pipeline does not go on after the controller was restarted."""


class durability(Property, xml=_WORKFLOW + "DurabilityHintJobProperty", plugin="workflow-job"):
    """How much of a Pipeline outlives the controller, against speed."""

    hint: str = text(
        default="PERFORMANCE_OPTIMIZED",
        first=True,
        choices=("PERFORMANCE_OPTIMIZED", "SURVIVABLE_NONATOMIC", "MAX_SURVIVABILITY"),
    )


class preserve_stashes(
    Property,
    xml="org.jenkinsci.plugins.pipeline.modeldefinition.properties.PreserveStashesJobProperty",
    plugin="pipeline-model-definition",
):
    """Stashes are kept so that stages can be run again, for so many builds."""

    builds: int | str = number("buildCount", default=1, first=True, least=0)


class wall_display(
    Property, xml="de.pellepelster.jenkins.walldisplay.WallDisplayJobProperty", plugin="jenkinswalldisplay"
):
    """The job's name and picture on a wall display."""

    name: str | None = text("wallDisplayName", default=None, first=True)
    picture: str | None = text("wallDisplayBgPicture", default=None)


class zen_timestamp(
    Property, xml="hudson.plugins.zentimestamp.ZenTimestampJobProperty", plugin="zentimestamp"
):
    """How BUILD_TIMESTAMP is written."""

    change_build_id: bool = flag("changeBUILDID", default=True)
    pattern: str = text(first=True)
