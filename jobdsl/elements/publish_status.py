"""Publishers that report the status of a commit to its git host: GitHub, GitLab, Bitbucket ..."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, credentials_id, flag, text
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "bitbucket_status",
    "ghprb_merge",
    "github_any_repository",
    "github_any_result",
    "github_better_than",
    "github_build_sha",
    "github_by_result",
    "github_context",
    "github_default_context",
    "github_default_link",
    "github_default_result",
    "github_error_result",
    "github_link",
    "github_message",
    "github_repository",
    "github_sha",
    "github_shallow_error",
    "github_status",
    "github_status_old",
    "gitlab_accept",
    "gitlab_comment",
    "gitlab_status",
    "gitlab_vote",
    "phabricator",
    "stash_status",
]

_GITHUB = "org.jenkinsci.plugins.github.status."
_SOURCES = _GITHUB + "sources."


class github_message(Misc, xml="org.jenkinsci.plugins.github.common.ExpandableMessage", plugin="github"):
    """A text with tokens such as ${BUILD_NUMBER}."""

    content: str = text(default="", first=True)


class github_status_old(Publisher, xml="com.cloudbees.jenkins.GitHubCommitNotifier", plugin="github"):
    """Set the commit's status on GitHub (older publisher)."""

    message: Any = child(
        "statusMessage",
        accepts=github_message,
        convert=github_message,
        plain=True,
        default=github_message(),
        first=True,
    )
    if_fails: str = text("resultOnFailure", default="FAILURE")


class github_build_sha(Misc, xml=_SOURCES + "BuildDataRevisionShaSource", plugin="github"):
    """The commit that was built."""


class github_sha(Misc, xml=_SOURCES + "ManuallyEnteredShaSource", plugin="github"):
    """A commit by its hash."""

    sha: str = text(first=True)


class github_any_repository(Misc, xml=_SOURCES + "AnyDefinedRepositorySource", plugin="github"):
    """The repositories of the job."""


class github_repository(Misc, xml=_SOURCES + "ManuallyEnteredRepositorySource", plugin="github"):
    """A repository by its URL."""

    url: str = text(first=True)


class github_default_context(Misc, xml=_SOURCES + "DefaultCommitContextSource", plugin="github"):
    """The status is named after the job."""


class github_context(Misc, xml=_SOURCES + "ManuallyEnteredCommitContextSource", plugin="github"):
    """A name for the status."""

    context: str = text(first=True)


class github_default_result(Misc, xml=_SOURCES + "DefaultStatusResultSource", plugin="github"):
    """The status follows the build's result."""


class github_any_result(Misc, xml=_SOURCES + "misc.AnyBuildResult", plugin="github"):
    """A state and message whatever the result is."""

    state: str = text(default="PENDING", first=True, choices=("PENDING", "SUCCESS", "ERROR", "FAILURE"))
    message: str = text(default="")


class github_better_than(Misc, xml=_SOURCES + "misc.BetterThanOrEqualBuildResult", plugin="github"):
    """A state and message where the result is this or better."""

    state: str = text(default="SUCCESS", choices=("PENDING", "SUCCESS", "ERROR", "FAILURE"))
    message: str = text(default="")
    result: str = text(default="SUCCESS", first=True)


class github_by_result(Misc, xml=_SOURCES + "ConditionalStatusResultSource", plugin="github"):
    """States and messages by result; the first that fits counts."""

    results: Any = children(accepts=Misc, first=True)


class github_default_link(Misc, xml=_SOURCES + "BuildRefBackrefSource", plugin="github"):
    """The status links to the build."""


class github_link(Misc, xml=_SOURCES + "ManuallyEnteredBackrefSource", plugin="github"):
    """The status links elsewhere."""

    url: str = text("backref", first=True)


class github_error_result(Misc, xml=_GITHUB + "err.ChangingBuildStatusErrorHandler", plugin="github"):
    """The build gets this result when the status cannot be set."""

    result: str = text(default="FAILURE", first=True)


class github_shallow_error(Misc, xml=_GITHUB + "err.ShallowAnyErrorHandler", plugin="github"):
    """Go on when the status cannot be set."""


def _context(name: Any) -> Any:
    return github_context(context=name)


class github_status(Publisher, xml=_GITHUB + "GitHubCommitStatusSetter", plugin="github"):
    """Set the commit's status on GitHub: `github_status(context="build")`."""

    sha: Any = child("commitShaSource", accepts=Misc, default=github_build_sha())
    repositories: Any = child("reposSource", accepts=Misc, default=github_any_repository())
    context: Any = child(
        "contextSource", accepts=Misc, convert=_context, default=github_default_context(), first=True
    )
    state: Any = child("statusResultSource", accepts=Misc, default=github_default_result())
    link: Any = child("statusBackrefSource", accepts=Misc, default=github_default_link())
    errors: Any = children("errorHandlers", accepts=Misc)


class ghprb_merge(Publisher, xml="org.jenkinsci.plugins.ghprb.GhprbPullRequestMerge", plugin="ghprb"):
    """Merge the pull request when its build is good."""

    only_admins: bool = flag("onlyAdminsMerge", default=False)
    not_own: bool = flag("disallowOwnCode", default=False)
    comment: str = text("mergeComment", default="")
    fail_if_not_merged: bool = flag("failOnNonMerge", default=False)
    delete_branch: bool = flag("deleteOnMerge", default=False)
    allow_without_trigger: bool | None = flag("allowMergeWithoutTriggerPhrase", default=None)


_GITLAB = "com.dabsquared.gitlabjenkins.publisher."


class gitlab_status(Publisher, xml=_GITLAB + "GitLabCommitStatusPublisher", plugin="gitlab-plugin"):
    """Set the commit's status on GitLab."""

    name: str = text(default="jenkins", first=True)
    unstable_is_success: bool = flag("markUnstableAsSuccess", default=False)


class gitlab_comment(Publisher, xml=_GITLAB + "GitLabMessagePublisher", plugin="gitlab-plugin"):
    """Comment on the GitLab merge request."""

    only_failure: bool = flag("onlyForFailure", default=False)
    replace_success: bool = flag("replaceSuccessNote", default=False)
    replace_failure: bool = flag("replaceFailureNote", default=False)
    replace_aborted: bool = flag("replaceAbortNote", default=False)
    replace_unstable: bool = flag("replaceUnstableNote", default=False)
    success: str | None = text("successNoteText", default=None)
    failure: str | None = text("failureNoteText", default=None)
    aborted: str | None = text("abortNoteText", default=None)
    unstable: str | None = text("unstableNoteText", default=None)


class gitlab_vote(Publisher, xml=_GITLAB + "GitLabVotePublisher", plugin="gitlab-plugin"):
    """Vote for or against the GitLab merge request."""


class gitlab_accept(Publisher, xml=_GITLAB + "GitLabAcceptMergeRequestPublisher", plugin="gitlab-plugin"):
    """Accept the GitLab merge request when the build is good."""

    delete_branch: bool | None = flag("deleteSourceBranch", default=None)


class stash_status(
    Publisher, xml="org.jenkinsci.plugins.stashNotifier.StashNotifier", plugin="stashNotifier"
):
    """Set the commit's status on Bitbucket Server."""

    url: str = text("stashServerBaseUrl", default="", first=True)
    credentials: str = credentials_id("credentialsId", default="")
    ignore_ssl: bool = flag("ignoreUnverifiedSSLPeer", default=False)
    commit: str = text("commitSha1", default="")
    build_status: str | None = text(default=None)
    build_name: str | None = text(default=None)
    build_url: str | None = text(default=None)
    number_in_key: bool = flag("includeBuildNumberInKey", default=False)
    project_key: str | None = text(default=None)
    parent_in_key: bool = flag("prependParentProjectKey", default=False)
    no_in_progress: bool = flag("disableInprogressNotification", default=False)
    unstable_is_success: bool = flag("considerUnstableAsSuccess", default=False)


class bitbucket_status(
    Publisher,
    xml="org.jenkinsci.plugins.bitbucket.BitbucketBuildStatusNotifier",
    plugin="bitbucket-build-status-notifier",
):
    """Set the commit's status on Bitbucket Cloud."""

    notify_start: bool = flag(default=True)
    notify_finish: bool = flag(default=True)
    override_latest: bool = flag("overrideLatestBuild", default=False)
    credentials: str | None = credentials_id("credentialsId", default=None)


class phabricator(
    Publisher, xml="com.uber.jenkins.phabricator.PhabricatorNotifier", plugin="phabricator-plugin"
):
    """Comment on the Phabricator revision."""

    on_success: bool = flag("commentOnSuccess", default=False)
    uberalls: bool = flag("uberallsEnabled", default=False)
    coverage_check: bool | None = flag("coverageCheck", default=None)
    comment_file: str | None = text(default=None)
    comment_size: str | None = text(default=None)
    preserve_formatting: bool | None = flag(default=None)
    link_on_failure: bool = flag("commentWithConsoleLinkOnFailure", default=False)
