"""Steps of plugins that fewer use: policies, prerequisites, packages, scripts of other languages."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, flag, raw, secret_text, text
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "IqApplication",
    "change_assembly_version",
    "clang_scan",
    "cloudformation",
    "debian_package",
    "developer_profile",
    "fix_result",
    "iq_manual",
    "iq_pattern",
    "iq_policy",
    "iq_selected",
    "jira_update",
    "jira_variables",
    "jython",
    "prerequisite",
    "ruby",
    "stack",
    "xshell",
]

_IQ = "org.sonatype.nexus.ci.iq."
_IQ_FIELD = "com__sonatype__nexus__ci__iq__IqPolicyEvaluator____"


class IqApplication(Misc):
    """Which application is evaluated."""

    slot = "an application (steps.iq_selected or steps.iq_manual)"


class iq_selected(IqApplication, xml=_IQ + "SelectedApplication", plugin="nexus-jenkins-plugin"):
    """An application chosen from Nexus IQ's list."""

    id: str = text("applicationId", first=True)


class iq_manual(IqApplication, xml=_IQ + "ManualApplication", plugin="nexus-jenkins-plugin"):
    """An application by its id, or a variable that holds one."""

    id: str = text("applicationId", first=True)


class iq_pattern(Misc, xml=_IQ + "ScanPattern", plugin="nexus-jenkins-plugin"):
    """Files that are scanned."""

    pattern: str = text("scanPattern", first=True)


class iq_policy(Step, xml=_IQ + "IqPolicyEvaluatorBuildStep", plugin="nexus-jenkins-plugin"):
    """Evaluate an application's components against policies: `iq_policy("build", application="app")`."""

    stage: str = text(_IQ_FIELD + "iqStage", first=True)
    fail_on_network_error: bool = flag(_IQ_FIELD + "failBuildOnNetworkError", default=False)
    application: Any = child(_IQ_FIELD + "iqApplication", accepts=IqApplication, convert=iq_manual)
    patterns: Any = children(
        _IQ_FIELD + "iqScanPatterns", accepts=iq_pattern, convert=iq_pattern, default=None
    )


class prerequisite(Step, xml="dk.hlyh.ciplugins.prereqbuildstep.PrereqBuilder", plugin="prereq-buildstep"):
    """Go on only where the last builds of other jobs are good; names with commas, without blanks."""

    projects: str = text(first=True)
    warning_only: bool = flag(default=False)


class debian_package(
    Step, xml="ru.yandex.jenkins.plugins.debuilder.DebianPackageBuilder", plugin="debian-package-builder"
):
    """Build a Debian package."""

    path: str = text("pathToDebian", first=True)
    next_version: str = text(default="")
    changelog: bool = flag("generateChangelog", default=False)
    sign: bool = flag("signPackage", default=True)
    always: bool = flag("buildEvenWhenThereAreNoChanges", default=False)


class clang_scan(Step, xml="jenkins.plugins.clangscanbuild.ClangScanBuildBuilder", plugin="clang-scanbuild"):
    """Analyse an Xcode project with clang's scan-build."""

    target: str | None = text(default=None)
    sdk: str | None = text("targetSdk", default=None)
    config: str | None = text(default=None)
    installation: str = text("clangInstallationName", first=True)
    project_path: str | None = text("xcodeProjectSubPath", default=None)
    workspace: str = text(default="")
    scheme: str | None = text(default=None)
    scan_args: str | None = text("scanbuildargs", default=None)
    xcode_args: str | None = text("xcodebuildargs", default=None)
    output: str | None = text("outputFolderName", default=None)


class developer_profile(Step, xml="au.com.rayh.DeveloperProfileLoader", plugin="xcode-plugin"):
    """Load an Apple developer profile, by its credentials id."""

    id: str = text(first=True)


class change_assembly_version(
    Step,
    xml="org.jenkinsci.plugins.changeassemblyversion.ChangeAssemblyVersion",
    plugin="change-assembly-version-plugin",
):
    """Write a version into AssemblyInfo files."""

    version: str = text("task", first=True)
    file: str = text("assemblyFile", default="")


class stack(
    Misc,
    xml="com.syncapse.jenkinsci.plugins.awscloudformationwrapper.PostBuildStackBean",
    plugin="jenkins-cloudformation-plugin",
):
    """A CloudFormation stack; times are in seconds."""

    name: str = text("stackName", first=True)
    access_key: str | None = secret_text("awsAccessKey", default=None)
    secret_key: str | None = secret_text("awsSecretKey", default=None)
    region: str = text("awsRegion", default="US_East_Northern_Virginia")
    description: str | None = text(default=None)
    parameters: str | None = text(default=None)
    timeout: str = text(default="0")
    sleep: str = text(default="0")
    recipe: str = text("cloudFormationRecipe", first=True)


class cloudformation(
    Step,
    xml="com.syncapse.jenkinsci.plugins.awscloudformationwrapper.CloudFormationBuildStep",
    plugin="jenkins-cloudformation-plugin",
):
    """Create CloudFormation stacks."""

    stacks: Any = children(accepts=stack, first=True)


class fix_result(
    Step, xml="org.jenkins_ci.plugins.fail_the_build.FixResultBuilder", plugin="fail-the-build-plugin"
):
    """End with a result: the default one, or another for some job names."""

    default_result: str = text("defaultResultName", default="", first=True)
    success: str = text(default="")
    unstable: str = text(default="")
    failure: str = text(default="")
    aborted: str = text(default="")


class jira_update(Step, xml="hudson.plugins.jira.JiraIssueUpdateBuilder", plugin="jira"):
    """Move the Jira issues a query finds along their workflow."""

    query: str = text("jqlSearch", first=True)
    action: str = text("workflowActionName", default="", first=True)
    comment: str = text(default="")


class jira_variables(Step, xml="hudson.plugins.jira.JiraEnvironmentVariableBuilder", plugin="jira"):
    """The build's Jira issues in a variable."""

    selector: Any = raw("issueSelector", default=None)


class _Script(Step):
    """What hands a text to an interpreter."""

    command: str = text(first=True)


class ruby(_Script, xml="hudson.plugins.ruby.Ruby", plugin="ruby"):
    """Run a Ruby script with the agent's `ruby`."""


class jython(_Script, xml="org.jvnet.hudson.plugins.Jython", plugin="jython"):
    """Run a Jython script."""


class xshell(Step, xml="hudson.plugins.xshell.XShellBuilder", plugin="xshell"):
    """Run a command on any system."""

    command: str = text("commandLine", first=True)
    in_workspace: bool = flag("executeFromWorkingDir", default=False)
    regex_to_kill: str | None = text(default=None)
    time_allocated: str | None = text(default=None)
