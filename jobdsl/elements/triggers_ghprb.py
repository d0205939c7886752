"""The GitHub pull request builder (ghprb): the trigger, its messages on GitHub, and its admins."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, computed, flag, number, text
from jobdsl.elements.slots import Misc, Trigger
from jobdsl.elements.triggers_time import cron_text

__all__ = [
    "GhprbExtension",
    "ghprb",
    "ghprb_branch",
    "ghprb_build_log",
    "ghprb_cancel_on_update",
    "ghprb_comment_file",
    "ghprb_comments",
    "ghprb_message",
    "ghprb_no_status",
    "ghprb_status",
]

_P = "org.jenkinsci.plugins.ghprb."


class ghprb_branch(Misc, xml=_P + "GhprbBranch", plugin="ghprb"):
    """A branch by regular expression."""

    branch: str = text(first=True)


class ghprb_message(Misc, xml=_P + "extensions.comments.GhprbBuildResultMessage", plugin="ghprb"):
    """The message for a result: `ghprb_message("well done", "SUCCESS")`."""

    message: str = text(first=True)
    result: str = text(first=True, choices=("SUCCESS", "ERROR", "FAILURE", "PENDING"))


def _message(value: Any) -> ghprb_message:
    result, message = value
    return ghprb_message(result=result, message=message)


class GhprbExtension(Misc):
    """What the pull request builder does besides building."""

    slot = "an extension of the pull request builder (triggers.ghprb_status, ...)"


class ghprb_status(GhprbExtension, xml=_P + "extensions.status.GhprbSimpleStatus", plugin="ghprb"):
    """The status set on the commit: `ghprb_status("unit tests", completed=[("SUCCESS", "all passed")])`."""

    forms = {
        "jjb": Form(
            "commitStatusContext triggeredStatus startedStatus statusUrl addTestResults showMatrixStatus? "
            "completedStatus"
        )
    }

    context: str = text("commitStatusContext", default="", first=True)
    show_matrix: bool | None = flag("showMatrixStatus", default=None)
    triggered: str = text("triggeredStatus", default="")
    started: str = text("startedStatus", default="")
    url: str = text("statusUrl", default="")
    add_test_results: bool = flag(default=False)
    completed: Any = children("completedStatus", accepts=ghprb_message, convert=_message, default=None)


class ghprb_no_status(GhprbExtension, xml=_P + "extensions.status.GhprbNoCommitStatus", plugin="ghprb"):
    """Set no status on the commit."""


class ghprb_comments(GhprbExtension, xml=_P + "extensions.comments.GhprbBuildStatus", plugin="ghprb"):
    """Comment on the pull request: `ghprb_comments([("FAILURE", "please check")])`."""

    messages: Any = children(accepts=ghprb_message, convert=_message, first=True)


class ghprb_comment_file(GhprbExtension, xml=_P + "extensions.comments.GhprbCommentFile", plugin="ghprb"):
    """Comment with what stands in a file of the workspace."""

    path: str = text("commentFilePath", first=True)


class ghprb_build_log(GhprbExtension, xml=_P + "extensions.comments.GhprbBuildLog", plugin="ghprb"):
    """Comment with the last lines of the log."""

    lines: int | str = number("logExcerptLines", first=True, least=0)


class ghprb_cancel_on_update(
    GhprbExtension, xml=_P + "extensions.build.GhprbCancelBuildsOnUpdate", plugin="ghprb"
):
    """Abort builds of a pull request when it is updated."""

    override_global: bool | None = flag(default=None)


_JJB = (
    "configVersion spec cron adminlist whitelist orgslist blackListCommitAuthor whiteListLabels "
    "blackListLabels excludedRegions includedRegions buildDescTemplate allowMembersOfWhitelistedOrgsAsAdmin "
    "triggerPhrase skipBuildPhrase onlyTriggerPhrase useGitHubHooks permitAll autoCloseFailedPullRequests "
    "displayBuildErrorsOnDownstreamBuilds whiteListTargetBranches blackListTargetBranches gitHubAuthId "
    "extensions?"
)


_JJB_2 = (
    "adminlist whitelist orgslist blackListCommitAuthor? whiteListLabels blackListLabels excludedRegions "
    "includedRegions buildDescTemplate? spec allowMembersOfWhitelistedOrgsAsAdmin cron triggerPhrase "
    "skipBuildPhrase onlyTriggerPhrase useGitHubHooks permitAll autoCloseFailedPullRequests "
    "displayBuildErrorsOnDownstreamBuilds? whiteListTargetBranches? blackListTargetBranches? gitHubAuthId "
    "extensions?"
)


class ghprb(Trigger, xml=_P + "GhprbTrigger", plugin="ghprb"):
    """Build pull requests of the job's GitHub repository. A `multibranch` job does it better today.

    Lists of people, organisations and labels are texts with one entry a line. The job needs
    `properties.github_project` and, in its git source, `refspec="+refs/pull/*:refs/remotes/origin/pr/*"`
    with `branch="${sha1}"`.
    """

    forms = {"jjb": Form(_JJB), "jjb-2": Form(_JJB_2)}

    _spec = computed("spec", text(), "_schedule")
    config_version: int | str | None = number(default=3)
    admins: str = text("adminlist", default="")
    admins_by_organisation: bool = flag("allowMembersOfWhitelistedOrgsAsAdmin", default=False)
    organisations: str = text("orgslist", default="")
    cron: str = cron_text(default="")
    description: str = text("buildDescTemplate", default="")
    only_trigger_phrase: bool = flag(default=False)
    use_hooks: bool = flag("useGitHubHooks", default=True)
    permit_all: bool = flag(default=False)
    allowed: str = text("whitelist", default="")
    auto_close_failed: bool = flag("autoCloseFailedPullRequests", default=False)
    display_downstream_errors: bool = flag("displayBuildErrorsOnDownstreamBuilds", default=False)
    target_branches: Any = children(
        "whiteListTargetBranches", accepts=ghprb_branch, convert=ghprb_branch, default=()
    )
    excluded_target_branches: Any = children(
        "blackListTargetBranches", accepts=ghprb_branch, convert=ghprb_branch, default=()
    )
    auth: str | None = text("gitHubAuthId", default=None)
    trigger_phrase: str = text(default="")
    skip_phrase: str = text("skipBuildPhrase", default=".*\\[skip\\W+ci\\].*")
    excluded_authors: str = text("blackListCommitAuthor", default="")
    excluded_labels: str = text("blackListLabels", default="")
    labels: str = text("whiteListLabels", default="")
    included_regions: str = text(default="")
    excluded_regions: str = text(default="")
    extensions: Any = children(accepts=GhprbExtension)

    def _schedule(self) -> str:
        return self.cron
