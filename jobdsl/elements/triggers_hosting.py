"""Triggers that code hosting calls: GitHub, GitLab, Bitbucket, Stash, Docker Hub, Jira, any webhook."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, secret_text, strings, text
from jobdsl.elements.slots import Misc, Trigger
from jobdsl.elements.triggers_time import cron_text

__all__ = [
    "bitbucket",
    "docker_hub",
    "docker_image_names",
    "docker_images_of_job",
    "generic_webhook",
    "github_push",
    "gitlab",
    "gitlab_label_filter",
    "jira_changelog",
    "jira_comment",
    "jira_custom_field",
    "jira_field",
    "jira_parameter",
    "stash_pull_request",
    "webhook_header",
    "webhook_parameter",
    "webhook_variable",
]


class github_push(Trigger, xml="com.cloudbees.jenkins.GitHubPushTrigger", plugin="github"):
    """Build when GitHub announces a push to the job's repository."""

    spec: str = text(default="")


class bitbucket(Trigger, xml="com.cloudbees.jenkins.plugins.BitBucketTrigger", plugin="bitbucket"):
    """Build when Bitbucket announces a push; `override_url` where the job's repository has another URL."""

    spec: str = text(default="")
    override_url: str | None = text(default=None)
    build_on_created_branch: bool | None = flag(default=None)
    secret: str | None = secret_text("webhookSecret", default=None)


class gitlab_label_filter(
    Misc,
    xml="com.dabsquared.gitlabjenkins.trigger.filter.MergeRequestLabelFilterConfig",
    plugin="gitlab-plugin",
):
    """Labels a merge request must, or must not, have; separated by commas."""

    include: str = text(default="")
    exclude: str = text(default="")


_GITLAB_JJB = (
    "triggerOpenMergeRequestOnPush branchFilterType spec triggerOnPush triggerOnMergeRequest "
    "triggerOnlyIfNewCommitsPushed triggerOnAcceptedMergeRequest triggerOnClosedMergeRequest "
    "triggerOnNoteRequest noteRegex ciSkip skipWorkInProgressMergeRequest setBuildDescription "
    "cancelPendingBuildsOnUpdate addNoteOnMergeRequest addVoteOnMergeRequest acceptMergeRequestOnSuccess "
    "addCiMessage allowAllBranches sourceBranchRegex targetBranchRegex secretToken "
    "labelsThatForcesBuildIfAdded pendingBuildName includeBranchesSpec excludeBranchesSpec"
)
_GITLAB_JJB_EXTRA = {
    "addNoteOnMergeRequest": "true",
    "addVoteOnMergeRequest": "true",
    "acceptMergeRequestOnSuccess": "false",
    "addCiMessage": "true",
    "allowAllBranches": "false",
}


class gitlab(Trigger, xml="com.dabsquared.gitlabjenkins.GitLabPushTrigger", plugin="gitlab-plugin"):
    """Build when GitLab announces pushes, merge requests, notes or pipelines.

    Branches: `filter="NameBasedFilter"` with `include` and `exclude` (names, separated by commas), or
    `"RegexBasedFilter"` with `source_regex` and `target_regex`.
    """

    forms = {"jjb": Form(_GITLAB_JJB, _GITLAB_JJB_EXTRA)}

    spec: str = text(default="")
    on_push: bool = flag("triggerOnPush", default=True)
    on_branch_delete: bool = flag("triggerToBranchDeleteRequest", default=False)
    on_merge_request: bool = flag("triggerOnMergeRequest", default=True)
    only_new_commits: bool = flag("triggerOnlyIfNewCommitsPushed", default=False)
    on_pipeline: bool = flag("triggerOnPipelineEvent", default=False)
    on_accepted: bool = flag("triggerOnAcceptedMergeRequest", default=False)
    on_closed: bool = flag("triggerOnClosedMergeRequest", default=False)
    on_approved: bool = flag("triggerOnApprovedMergeRequest", default=True)
    rebuild_open: str = text(
        "triggerOpenMergeRequestOnPush", default="never", choices=("never", "source", "both")
    )
    on_note: bool = flag("triggerOnNoteRequest", default=True)
    note_regex: str = text(default="Jenkins please retry a build")
    ci_skip: bool = flag(default=True)
    skip_drafts: bool = flag("skipWorkInProgressMergeRequest", default=True)
    labels_that_force: str = text("labelsThatForcesBuildIfAdded", default="")
    set_description: bool = flag("setBuildDescription", default=True)
    filter: str = text(
        "branchFilterType", default="All", choices=("All", "NameBasedFilter", "RegexBasedFilter")
    )
    include: str = text("includeBranchesSpec", default="")
    exclude: str = text("excludeBranchesSpec", default="")
    source_regex: str = text("sourceBranchRegex", default="")
    target_regex: str = text("targetBranchRegex", default="")
    labels: Any = child(
        "mergeRequestLabelFilterConfig", accepts=gitlab_label_filter, plain=True, default=None
    )
    token: str | None = secret_text("secretToken", default=None)
    pending_build_name: str | None = text(default=None)
    cancel_pending: bool = flag("cancelPendingBuildsOnUpdate", default=False)
    cancel_running: bool = flag("cancelRunningBuildsOnUpdate", default=False)


class stash_pull_request(
    Trigger,
    xml="stashpullrequestbuilder.stashpullrequestbuilder.StashBuildTrigger",
    plugin="stash-pullrequest-builder",
):
    """Poll a Bitbucket Server repository for pull requests on a schedule, and build them."""

    forms = {
        "jjb": Form(
            "spec cron stashHost credentialsId projectCode repositoryName ciSkipPhrases ciBuildPhrases "
            "targetBranchesToBuild ignoreSsl checkDestinationCommit checkMergeable mergeOnSuccess "
            "checkNotConflicted onlyBuildOnComment deletePreviousBuildFinishComments "
            "cancelOutdatedJobsEnabled"
        )
    }

    spec: str = cron_text(default="* * * * *", first=True)
    cron: str = cron_text(default="* * * * *")
    host: str = text("stashHost")
    credentials: str = credentials_id("credentialsId")
    project: str = text("projectCode")
    repository: str = text("repositoryName")
    ignore_ssl: bool = flag(default=False)
    target_branches: str = text("targetBranchesToBuild", default="")
    check_destination_commit: bool = flag(default=False)
    check_not_conflicted: bool = flag(default=False)
    check_mergeable: bool = flag(default=False)
    check_probe_merge_status: bool = flag(default=True)
    merge_on_success: bool = flag(default=False)
    delete_previous_comments: bool = flag("deletePreviousBuildFinishComments", default=False)
    cancel_outdated: bool = flag("cancelOutdatedJobsEnabled", default=False)
    skip_phrases: str = text("ciSkipPhrases", default="NO TEST")
    only_on_comment: bool = flag("onlyBuildOnComment", default=False)
    build_phrases: str = text("ciBuildPhrases", default="test this please")
    ignored_commenters: str = text(default="")


class webhook_variable(
    Misc, xml="org.jenkinsci.plugins.gwt.GenericVariable", plugin="generic-webhook-trigger"
):
    """A variable taken from the body of the call: `webhook_variable("ref", "$.ref")`."""

    type: str = text("expressionType", default="JSONPath", choices=("JSONPath", "XPath"))
    key: str = text(first=True)
    value: str = text(first=True)
    filter: str = text("regexpFilter", default="")
    default: str = text("defaultValue", default="")


class webhook_parameter(
    Misc, xml="org.jenkinsci.plugins.gwt.GenericRequestVariable", plugin="generic-webhook-trigger"
):
    """A variable taken from the call's URL."""

    key: str = text(first=True)
    filter: str = text("regexpFilter", default="")


class webhook_header(
    Misc, xml="org.jenkinsci.plugins.gwt.GenericHeaderVariable", plugin="generic-webhook-trigger"
):
    """A variable taken from a header of the call."""

    key: str = text(first=True)
    filter: str = text("regexpFilter", default="")


def _variable(value: Any) -> webhook_variable:
    key, expression = value
    return webhook_variable(key=key, value=expression)


class generic_webhook(
    Trigger, xml="org.jenkinsci.plugins.gwt.GenericTrigger", plugin="generic-webhook-trigger"
):
    """Build when /generic-webhook-trigger/invoke is called: `variables=[("ref", "$.ref")]`, `token="..."`.

    `filter_text`, with its variables replaced, must match `filter`.
    """

    spec: str = text(default="")
    variables: Any = children(
        "genericVariables", accepts=webhook_variable, convert=_variable, default=None, first=True
    )
    filter_text: str = text("regexpFilterText", default="")
    filter: str = text("regexpFilterExpression", default="")
    parameters: Any = children(
        "genericRequestVariables", accepts=webhook_parameter, convert=webhook_parameter, default=None
    )
    headers: Any = children(
        "genericHeaderVariables", accepts=webhook_header, convert=webhook_header, default=None
    )
    print_content: bool = flag("printPostContent", default=False)
    print_variables: bool = flag("printContributedVariables", default=False)
    cause: str = text("causeString", default="Generic Cause")
    token: str = secret_text(default="")
    token_credentials: str = credentials_id("tokenCredentialId", default="")
    silent: bool = flag("silentResponse", default=False)
    override_quiet_period: bool = flag(default=False)
    no_flattening: bool = flag("shouldNotFlattern", default=False)
    several_per_build: bool = flag("allowSeveralTriggersPerBuild", default=False)


class docker_images_of_job(
    Misc,
    xml="org.jenkinsci.plugins.registry.notification.opt.impl.TriggerForAllUsedInJob",
    plugin="dockerhub-notification",
):
    """Every image the job uses."""


class docker_image_names(
    Misc,
    xml="org.jenkinsci.plugins.registry.notification.opt.impl.TriggerOnSpecifiedImageNames",
    plugin="dockerhub-notification",
):
    """Images by name."""

    names: Any = strings("repoNames", first=True)


class docker_hub(
    Trigger,
    xml="org.jenkinsci.plugins.registry.notification.DockerHubTrigger",
    plugin="dockerhub-notification",
):
    """Build when a registry announces a new image."""

    options: Any = children(accepts=Misc, first=True, attrs={"class": "vector"})


class jira_parameter(
    Misc,
    xml="com.ceilfors.jenkins.plugins.jiratrigger.parameter.IssueAttributePathParameterMapping",
    plugin="jira-trigger",
):
    """A parameter that takes a value of the issue."""

    parameter: str = text("jenkinsParameter", first=True)
    path: str = text("issueAttributePath", first=True)


class _JiraMatcher(Misc):
    """What of an issue must have changed."""

    slot = "a Jira field (triggers.jira_field, triggers.jira_custom_field)"


class jira_field(
    _JiraMatcher,
    xml="com.ceilfors.jenkins.plugins.jiratrigger.changelog.JiraFieldChangelogMatcher",
    plugin="jira-trigger",
):
    """A field of Jira's own."""

    type: str = text("fieldType", default="JIRA")
    field: str = text(first=True)
    new: str = text("newValue", default="")
    old: str = text("oldValue", default="")
    compare_new: bool = flag("comparingNewValue", default=False)
    compare_old: bool = flag("comparingOldValue", default=False)


class jira_custom_field(
    _JiraMatcher,
    xml="com.ceilfors.jenkins.plugins.jiratrigger.changelog.CustomFieldChangelogMatcher",
    plugin="jira-trigger",
):
    """A custom field."""

    type: str = text("fieldType", default="CUSTOM")
    field: str = text(first=True)
    new: str = text("newValue", default="")
    old: str = text("oldValue", default="")
    compare_new: bool = flag("comparingNewValue", default=False)
    compare_old: bool = flag("comparingOldValue", default=False)


class jira_changelog(
    Trigger, xml="com.ceilfors.jenkins.plugins.jiratrigger.JiraChangelogTrigger", plugin="jira-trigger"
):
    """Build when issues that fit a JQL filter change."""

    jql: str = text("jqlFilter", default="", first=True)
    fields: Any = children("changelogMatchers", accepts=_JiraMatcher)
    parameters: Any = children("parameterMappings", accepts=jira_parameter)


class jira_comment(
    Trigger, xml="com.ceilfors.jenkins.plugins.jiratrigger.JiraCommentTrigger", plugin="jira-trigger"
):
    """Build when a comment on issues that fit a JQL filter matches."""

    jql: str = text("jqlFilter", default="", first=True)
    pattern: str = text("commentPattern", default="(?i)build this please")
    parameters: Any = children("parameterMappings", accepts=jira_parameter)
