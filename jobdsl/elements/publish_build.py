"""What nearly every job does after a build: keep files, clean up, set the description, note fingerprints."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, flag, number, results, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_cleanup import cleanup_pattern
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.slots import Misc, Publisher, Step

__all__ = [
    "aggregate_tests",
    "archive",
    "artifact_deployer",
    "artifact_entry",
    "azure_agent_action",
    "blame_upstream",
    "claim",
    "clang_scan",
    "clean_workspace",
    "clone_workspace",
    "copy_to_controller",
    "description",
    "discard_builds",
    "disk_usage",
    "doxygen",
    "fingerprint",
    "groovy",
    "javadoc",
    "log_parser",
    "maven_linker",
    "publishers_of",
    "rich_text",
    "text_finder",
    "text_search",
    "upstream_changes",
]


class archive(Publisher, xml="hudson.tasks.ArtifactArchiver"):
    """Keep files of the workspace with the build: `archive("dist/*.whl, docs/**")`."""

    forms = {
        "jjb": Form(
            "artifacts allowEmptyArchive onlyIfSuccessful fingerprint defaultExcludes caseSensitive "
            "latestOnly followSymlinks",
        ),
        "old": Form(
            "artifacts allowEmptyArchive onlyIfSuccessful fingerprint defaultExcludes caseSensitive",
        ),
    }

    artifacts: str = text(first=True)
    excludes: str | None = text(default=None)
    latest_only: bool | None = flag(default=None)
    allow_empty: bool = flag("allowEmptyArchive", default=False)
    only_if_successful: bool = flag(default=False)
    fingerprint: bool = flag(default=False)
    default_excludes: bool = flag(default=True)
    case_sensitive: bool = flag(default=True)
    follow_symlinks: bool = flag(default=True)


class fingerprint(Publisher, Step, xml="hudson.tasks.Fingerprinter"):
    """Record which builds used which files."""

    targets: str = text(first=True)
    excludes: str | None = text(default=None)
    default_excludes: bool = flag(default=True)
    case_sensitive: bool = flag(default=True)


class javadoc(Publisher, xml="hudson.tasks.JavadocArchiver", plugin="javadoc"):
    """Keep Javadoc and link it from the job."""

    dir: str = text("javadocDir", first=True)
    keep_all: bool = flag(default=False)


class doxygen(Publisher, xml="hudson.plugins.doxygen.DoxygenArchiver", plugin="doxygen"):
    """Publish what Doxygen made."""

    doxyfile: str = text("doxyfilePath", first=True)
    run_on_child: str | None = text(default=None)
    run_in: str | None = text("folderWhereYouRunDoxygen", default=None)
    keep_all: bool = flag(default=False)


class aggregate_tests(Publisher, xml="hudson.tasks.test.AggregatedTestResultPublisher", plugin="junit"):
    """Add up the test results of downstream jobs; without names, of all that fingerprints connect."""

    jobs: str | None = text(default=None, first=True)
    include_failed: bool = flag("includeFailedBuilds", default=False)


class clean_workspace(Publisher, xml="hudson.plugins.ws_cleanup.WsCleanup", plugin="ws-cleanup"):
    """Empty the workspace after the build, or only the files that `patterns` name."""

    forms = {
        "jjb": Form(
            "patterns deleteDirs cleanupMatrixParent externalDelete disableDeferredWipeout cleanWhenSuccess "
            "cleanWhenUnstable cleanWhenFailure cleanWhenNotBuilt cleanWhenAborted notFailBuild",
        ),
        "old": Form(
            "patterns deleteDirs skipWhenFailed cleanWhenSuccess cleanWhenUnstable cleanWhenFailure "
            "cleanWhenNotBuilt cleanWhenAborted notFailBuild cleanupMatrixParent externalDelete",
        ),
        "empty-list": Form(
            "patterns@class=empty-list deleteDirs skipWhenFailed cleanWhenSuccess cleanWhenUnstable "
            "cleanWhenFailure cleanWhenNotBuilt cleanWhenAborted notFailBuild cleanupMatrixParent "
            "externalDelete",
        ),
    }

    patterns: Any = children(accepts=cleanup_pattern, convert=cleanup_pattern, default=None)
    delete_dirs: bool = flag(default=False)
    skip_when_failed: bool = flag(default=False)
    when_success: bool = flag("cleanWhenSuccess", default=True)
    when_unstable: bool = flag("cleanWhenUnstable", default=True)
    when_failure: bool = flag("cleanWhenFailure", default=True)
    when_not_built: bool = flag("cleanWhenNotBuilt", default=True)
    when_aborted: bool = flag("cleanWhenAborted", default=True)
    never_fail: bool = flag("notFailBuild", default=False)
    matrix_parent: bool = flag("cleanupMatrixParent", default=False)
    external_delete: str = text(default="")
    disable_deferred_wipeout: bool = flag(default=False)


class description(
    Publisher,
    xml="hudson.plugins.descriptionsetter.DescriptionSetterPublisher",
    plugin="description-setter",
):
    r"""Set the build's description, with \1 as what the first group of `regexp` found in the log."""

    regexp: str = text(default="", first=True)
    regexp_failed: str = text("regexpForFailed", default="")
    description: str | None = text(default=None)
    description_failed: str | None = text("descriptionForFailed", default=None)
    matrix: bool = flag("setForMatrix", default=False)
    append: bool | None = flag("appendMode", default=None)


class groovy(
    Publisher,
    xml="org.jvnet.hudson.plugins.groovypostbuild.GroovyPostbuildRecorder",
    plugin="groovy-postbuild",
):
    """Run a Groovy script after the build: `manager.addShortText("...")`, `manager.buildUnstable()` ...

    `if_fails`: 0 nothing happens, 1 the build is unstable, 2 it fails.
    """

    script: Any = child(accepts=groovy_script, convert=groovy_script, plain=True, first=True)
    if_fails: int | str = number("behavior", default=0)
    matrix_parent: bool = flag("runForMatrixParent", default=False)


class discard_builds(
    Publisher, xml="org.jenkinsci.plugins.discardbuild.DiscardBuildPublisher", plugin="discard-old-build"
):
    """Delete old builds by age, number, result, size of the log, or text of the log."""

    days: str = amount("daysToKeep", default=-1)
    builds: str = amount("numToKeep", default=-1)
    having: tuple[str, ...] = results("resultsToDiscard")
    min_log_size: str = amount("minLogFileSize", default=-1)
    max_log_size: str = amount("maxLogFileSize", default=-1)
    interval_days: str = amount("intervalDaysToKeep", default=-1)
    interval_builds: str = amount("intervalNumToKeep", default=-1)
    regexp: str = text(default="")


class text_search(Misc, xml="hudson.plugins.textfinder.TextFinder", plugin="text-finder"):
    """One expression to search for, and the result the build then gets."""

    regexp: str = text(first=True)
    files: str | None = text("fileSet", default=None)
    then: str = text("buildResult", default="FAILURE")
    when: str = text("changeCondition", default="MATCH_FOUND", choices=("MATCH_FOUND", "MATCH_NOT_FOUND"))
    console: bool = flag("alsoCheckConsoleOutput", default=False)


class text_finder(
    Holder, Publisher, xml="hudson.plugins.textfinder.TextFinderPublisher", plugin="text-finder"
):
    """Search files or the log for a regular expression, and change the build's result."""

    holds = "searches"
    held = text_search

    searches: Any = children("textFinders", accepts=text_search, convert=text_search)
    regexp: str | None = sugar(first=True)
    files: str | None = sugar()
    then: str | None = sugar()
    when: str | None = sugar()
    console: bool | None = sugar()


class log_parser(Publisher, xml="hudson.plugins.logparser.LogParserPublisher", plugin="log-parser"):
    """Mark errors and warnings in the log by rules from a file on the controller or in the workspace."""

    unstable_on_warning: bool = flag(default=False)
    fail_on_error: bool = flag("failBuildOnError", default=False)
    graphs: bool = flag("showGraphs", default=False)
    rules: str | None = text("parsingRulesPath", default=None, first=True)
    use_project_rules: bool = flag("useProjectRule", default=False)
    project_rules: str | None = text("projectRulePath", default=None)


class claim(Publisher, xml="hudson.plugins.claim.ClaimPublisher", plugin="claim"):
    """Let people claim broken builds."""


class disk_usage(
    Publisher,
    xml="hudson.plugins.disk_usage.project.DiskUsagePostBuildCalculation",
    plugin="disk-usage",
):
    """Work out the disk usage of every build."""


class upstream_changes(
    Publisher,
    xml="jenkins.plugins.displayupstreamchanges.DisplayUpstreamChangesRecorder",
    plugin="display-upstream-changes",
):
    """Show the changes of upstream builds with this one's."""


class blame_upstream(
    Publisher,
    xml="hudson.plugins.blame_upstream_commiters.BlameUpstreamCommitersPublisher",
    plugin="blame-upstream-commiters",
):
    """Mail those whose upstream changes broke this build."""

    to_individuals: bool = flag("sendToIndividuals", default=False)


class publishers_of(
    Publisher, xml="hudson.plugins.templateproject.ProxyPublisher", plugin="template-project"
):
    """Do what another job does after its builds."""

    job: str = text("projectName", first=True)


class clone_workspace(
    Publisher,
    xml="hudson.plugins.cloneworkspace.CloneWorkspacePublisher",
    plugin="clone-workspace-scm",
):
    """Keep the workspace, for jobs whose source is this workspace."""

    files: str = text("workspaceGlob", first=True)
    excludes: str | None = text("workspaceExcludeGlob", default=None)
    criteria: str = text(default="Any", choices=("Any", "Not Failed", "Successful"))
    archive_method: str = text(default="TAR", choices=("TAR", "ZIP"))
    override_default_excludes: bool = flag(default=False)


class copy_to_controller(
    Publisher,
    xml="com.michelin.cio.hudson.plugins.copytoslave.CopyToMasterNotifier",
    plugin="copy-to-slave",
):
    """Copy files of the workspace to the controller's disk."""

    includes: str = text(first=True)
    excludes: str = text(default="")
    override_destination: bool = flag("overrideDestinationFolder", default=False)
    destination: str = text("destinationFolder", default="")
    after_result: bool = flag("runAfterResultFinalised", default=True)


class artifact_entry(
    Misc, xml="org.jenkinsci.plugins.artifactdeployer.ArtifactDeployerEntry", plugin="artifactdeployer"
):
    """Files, and the directory on the agent or a share they are copied to."""

    includes: str = text(first=True)
    base_dir: str | None = text("basedir", default=None)
    excludes: str | None = text(default=None)
    remote: str = text(first=True)
    flatten: bool = flag(default=False)
    delete_remote: bool = flag(default=False)
    delete_remote_artifacts: bool = flag(default=False)
    fail_if_none: bool = flag("failNoFilesDeploy", default=False)
    groovy_expression: str | None = text(default=None)


class artifact_deployer(
    Holder,
    Publisher,
    xml="org.jenkinsci.plugins.artifactdeployer.ArtifactDeployerPublisher",
    plugin="artifactdeployer",
):
    """Copy artifacts to a directory outside the workspace."""

    holds = "entries"
    held = artifact_entry

    entries: Any = children(accepts=artifact_entry)
    even_if_failed: bool = flag("deployEvenBuildFail", default=False)
    includes: str | None = sugar(first=True)
    remote: str | None = sugar(first=True)
    base_dir: str | None = sugar()
    excludes: str | None = sugar()
    flatten: bool | None = sugar()
    fail_if_none: bool | None = sugar()


class azure_agent_action(
    Publisher, xml="com.microsoft.azure.vmagent.AzureVMAgentPostBuildAction", plugin="azure-vm-agents"
):
    """What happens to the Azure agent after the build."""

    action: str = text("agentPostBuildAction", first=True)


class rich_text(
    Publisher, xml="org.korosoft.jenkins.plugin.rtp.RichTextPublisher", plugin="rich-text-publisher-plugin"
):
    """Show a text on the pages of the job and its builds."""

    stable: str = text("stableText", first=True)
    unstable: str = text("unstableText", default="")
    failed: str = text("failedText", default="")
    unstable_as_stable: bool = flag(default=True)
    failed_as_stable: bool = flag(default=True)
    parser: str = text("parserName", default="WikiText", choices=("Confluence", "HTML", "WikiText"))


class maven_linker(
    Publisher,
    xml="hudson.plugins.mavendeploymentlinker.MavenDeploymentLinkerRecorder",
    plugin="maven-deployment-linker",
):
    """Link the artifacts a Maven build deployed; `regexp` selects them."""

    regexp: str = text(default="", first=True)


class clang_scan(
    Publisher,
    xml="jenkins.plugins.clangscanbuild.publisher.ClangScanBuildPublisher",
    plugin="clang-scanbuild",
):
    """Publish what Clang's scan-build found."""

    threshold: int | str = number("bugThreshold", default=0)
    excluded_paths: str = text("clangexcludedpaths", default="")
    report_dir: str = text("reportFolderName", default="clangScanBuildReports")
    mark_unstable: bool = flag("markBuildUnstableWhenThresholdIsExceeded", default=False)
