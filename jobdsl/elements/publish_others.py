"""Publishers of rarer plugins: Artifactory, Jira releases, Rundeck, Rails reports, other controllers."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, flag, number, raw, strings, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc import keep
from jobdsl.elements.slots import Misc, Publisher
from jobdsl.elements.wrappers_artifactory import artifactory_patterns, artifactory_server

__all__ = [
    "artifactory",
    "associated_files",
    "build_publisher",
    "debian_package",
    "disable_failed_job",
    "flog",
    "flow_tests",
    "ftp_entry",
    "ftp_site",
    "jira_issue",
    "jira_move",
    "jira_release",
    "jira_version",
    "mantis",
    "nexus_tasks",
    "rails_notes",
    "rails_stats",
    "rundeck",
    "selenium",
]


class artifactory(Publisher, xml="org.jfrog.hudson.ArtifactoryRedeployPublisher", plugin="artifactory"):
    """Deploy a Maven job's artifacts and its build information to Artifactory."""

    even_if_unstable: bool = flag(default=False)
    deployer: Any = child("deployerDetails", accepts=artifactory_server, plain=True, default=None)
    deploy: bool = flag("deployArtifacts", default=True)
    patterns: Any = child(
        "artifactDeploymentPatterns", accepts=artifactory_patterns, plain=True, default=artifactory_patterns()
    )
    credentials: Any = raw("deployerCredentialsConfig", default=None)
    env_vars: bool = flag("includeEnvVars", default=False)
    env_patterns: Any = child(
        "envVarsPatterns", accepts=artifactory_patterns, plain=True, default=artifactory_patterns()
    )
    pass_downstream: bool = flag("passIdentifiedDownstream", default=False)
    discard_builds: bool = flag("discardOldBuilds", default=False)
    discard_artifacts: bool = flag("discardBuildArtifacts", default=False)
    properties: str | None = text("deploymentProperties", default=None)
    issue_tracker: bool = flag("enableIssueTrackerIntegration", default=False)
    promote_any: bool = flag("allowPromotionOfNonStagedBuilds", default=False)
    filter_excluded: bool = flag("filterExcludedArtifactsFromBuild", default=False)
    record_dependencies: bool | None = flag("recordAllDependencies", default=None)
    promotion_repository: str | None = text("defaultPromotionTargetRepository", default=None)
    build_info: bool = flag("deployBuildInfo", default=True)
    aggregation_status: str | None = text("aggregationBuildStatus", default=None)
    aggregate_issues: bool = flag("aggregateBuildIssues", default=False)
    build_name: str | None = text("customBuildName", default=None)
    override_build_name: bool | None = flag(default=None)
    project: str | None = text(default=None)
    server: Any = child("details", accepts=artifactory_server, plain=True, default=None, first=True)
    matrix_params: str | None = text(default=None)


class jira_issue(Publisher, xml="hudson.plugins.jira.JiraCreateIssueNotifier", plugin="jira"):
    """Make a Jira issue when the build fails."""

    project: str = text("projectKey", first=True)
    description: str = text("testDescription", default="")
    assignee: str = text(default="")
    component: str = text(default="")


class jira_move(Publisher, xml="hudson.plugins.jira.JiraIssueMigrator", plugin="jira"):
    """Give Jira issues another version."""

    project: str = text("jiraProjectKey", first=True)
    release: str = text("jiraRelease", default="")
    replaces: str = text("jiraReplaceVersion", default="")
    query: str = text("jiraQuery", default="")


class jira_release(Publisher, xml="hudson.plugins.jira.JiraReleaseVersionUpdater", plugin="jira"):
    """Mark a Jira version as released."""

    project: str = text("jiraProjectKey", first=True)
    release: str = text("jiraRelease", first=True)


class jira_version(Publisher, xml="hudson.plugins.jira.JiraVersionCreator", plugin="jira"):
    """Make a Jira version."""

    project: str = text("jiraProjectKey", first=True)
    version: str = text("jiraVersion", first=True)


class mantis(Publisher, xml="hudson.plugins.mantis.MantisIssueUpdater", plugin="mantis"):
    """Comment on the Mantis issues that the changes name."""

    private: bool = flag("keepNotePrivate", default=False)
    changelog: bool = flag("recordChangelog", default=False)


class build_publisher(
    Publisher, xml="hudson.plugins.build_publisher.BuildPublisher", plugin="build-publisher"
):
    """Show the build on another, public controller."""

    server: str | None = text("serverName", default=None, first=True)
    unstable: bool = flag("publishUnstableBuilds", default=True)
    failed: bool = flag("publishFailedBuilds", default=True)
    keep: Any = child("logRotator", accepts=keep, plain=True, default=None)


class rundeck(Publisher, xml="org.jenkinsci.plugins.rundeck.RundeckNotifier", plugin="rundeck"):
    """Run a Rundeck job."""

    job: str = text("jobId", first=True)
    options: str = text(default="")
    node_filters: str = text(default="")
    tag: str = text("tag", default="")
    wait: bool = flag("shouldWaitForRundeckJob", default=False)
    fail: bool = flag("shouldFailTheBuild", default=False)


class disable_failed_job(
    Publisher, xml="disableFailedJob.disableFailedJob.DisableFailedJob", plugin="disable-failed-job"
):
    """Disable the job when it fails."""

    when: str = text(
        "whenDisable",
        default="Only Failure",
        choices=("Only Failure", "Failure and Unstable", "Unstable"),
        first=True,
    )
    times: int | str | None = number("failureTimes", default=None, least=0)
    several_times: bool = flag("optionalBrockChecked", default=False)


class ftp_entry(Misc, xml="com.zanox.hudson.plugins.Entry", plugin="ftppublisher"):
    """Files and where they go."""

    to: str = text("filePath", default="")
    files: str = text("sourceFile", first=True)


class ftp_site(Holder, Publisher, xml="com.zanox.hudson.plugins.FTPPublisher", plugin="ftppublisher"):
    """Send files to an FTP site of the controller's configuration (FTP publisher plugin)."""

    holds = "entries"
    held = ftp_entry

    entries: Any = children(accepts=ftp_entry)
    site: str = text("siteName", first=True)
    timestamps: bool = flag("useTimestamps", default=False)
    flatten: bool = flag(default=False)
    skip: bool = flag(default=False)
    files: str | None = sugar(first=True)
    to: str | None = sugar()


class flow_tests(
    Publisher,
    xml="org.zeroturnaround.jenkins.flowbuildtestaggregator.FlowTestAggregator",
    plugin="build-flow-test-aggregator",
):
    """Add up the test results of the jobs of a build flow."""

    trend: bool = flag("showTestResultTrend", default=False)


class debian_package(
    Publisher,
    xml="ru.yandex.jenkins.plugins.debuilder.DebianPackagePublisher",
    plugin="debian-package-builder",
):
    """Publish Debian packages to a repository of the controller's configuration."""

    repository: str = text("repoId", first=True)
    message: str = text("commitMessage", default="")
    commit: bool = flag("commitChanges", default=False)


class associated_files(
    Publisher, xml="org.jenkinsci.plugins.associatedfiles.AssociatedFilesPublisher", plugin="associated-files"
):
    """Files that are removed with the build."""

    files: str = text("associatedFiles", first=True)


class nexus_tasks(
    Publisher, xml="org.jenkinsci.plugins.nexus.NexusTaskPublisher", plugin="nexus-task-runner"
):
    """Run tasks of a Nexus repository manager."""

    tasks: str = text(first=True)
    server: Any = raw("selectedNexus", default=None)
    name: str = text("nexusName", default="")


class selenium(Publisher, xml="hudson.plugins.seleniumhq.SeleniumhqPublisher", plugin="seleniumhq"):
    """Publish Selenium's results."""

    results: str = text("testResults", default="", first=True)
    test_commands: bool = flag("useTestCommands", default=False)


class _RailsTask(Publisher):
    """A Rake task whose report is published."""

    installation: str = text("rakeInstallation", default="", first=True)
    dir: str = text("rakeWorkingDir", default="")
    task: str | None = text(default=None)
    rake: Any = raw(default=None)


class rails_notes(
    _RailsTask, xml="hudson.plugins.rubyMetrics.railsNotes.RailsNotesPublisher", plugin="rubyMetrics"
):
    """Publish `rake notes`."""


class rails_stats(
    _RailsTask, xml="hudson.plugins.rubyMetrics.railsStats.RailsStatsPublisher", plugin="rubyMetrics"
):
    """Publish `rake stats`."""


class flog(Publisher, xml="hudson.plugins.rubyMetrics.flog.FlogPublisher", plugin="rubyMetrics"):
    """Publish Flog's report."""

    dirs: str = text("rbDirectories", default="", first=True)
    split: tuple[str, ...] = strings("splittedDirectories", default=(".",))
