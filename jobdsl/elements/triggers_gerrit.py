"""The Gerrit trigger: projects with their branches and files, events, votes."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, constant, flag, number, text
from jobdsl.elements.slots import Misc, Trigger

__all__ = [
    "GerritEvent",
    "change_abandoned",
    "change_merged",
    "change_restored",
    "comment_added",
    "comment_contains",
    "draft_published",
    "gerrit",
    "gerrit_branch",
    "gerrit_cancellation",
    "gerrit_file",
    "gerrit_hashtag",
    "gerrit_project",
    "gerrit_topic",
    "gerrit_topic_association",
    "hashtags_changed",
    "patchset_created",
    "private_state_changed",
    "ref_updated",
    "rerun_check",
    "skip_vote",
    "topic_changed",
    "wip_state_changed",
]

_P = "com.sonyericsson.hudson.plugins.gerrit.trigger.hudsontrigger."
_COMPARE = ("PLAIN", "ANT", "REG_EXP")


class _Pattern(Misc):
    """Something compared with a pattern: `PLAIN`, `ANT` (with * and **) or `REG_EXP`."""

    compare: str = text("compareType", default="PLAIN", choices=_COMPARE)
    pattern: str = text(first=True)


class gerrit_branch(_Pattern, xml=_P + "data.Branch", plugin="gerrit-trigger"):
    """A branch of a Gerrit project."""


class gerrit_file(_Pattern, xml=_P + "data.FilePath", plugin="gerrit-trigger"):
    """A file a change must touch."""


class gerrit_topic(_Pattern, xml=_P + "data.Topic", plugin="gerrit-trigger"):
    """A topic a change must have."""


class gerrit_hashtag(_Pattern, xml=_P + "data.Hashtag", plugin="gerrit-trigger"):
    """A hashtag a change must have."""


def _ant_branch(pattern: Any) -> gerrit_branch:
    return gerrit_branch(compare="ANT" if "*" in pattern else "PLAIN", pattern=pattern)


def _ant_file(pattern: Any) -> gerrit_file:
    return gerrit_file(compare="ANT" if "*" in pattern else "PLAIN", pattern=pattern)


class gerrit_project(_Pattern, xml=_P + "data.GerritProject", plugin="gerrit-trigger"):
    """A Gerrit project: `gerrit_project("app", branches=["main"], files=["src/**"])`.

    Branches and files given as text are compared as `ANT` where they hold a star, else as `PLAIN`.
    """

    branches: Any = children(accepts=gerrit_branch, convert=_ant_branch)
    files: Any = children("filePaths", accepts=gerrit_file, convert=_ant_file, default=None)
    topics: Any = children(accepts=gerrit_topic, default=None)
    hashtags: Any = children(accepts=gerrit_hashtag, default=None)
    forbidden_files: Any = children(
        "forbiddenFilePaths", accepts=gerrit_file, convert=_ant_file, default=None
    )
    lenient_forbidden_files: bool = flag("disableStrictForbiddenFileVerification", default=False)


class skip_vote(Misc, xml=_P + "data.SkipVote", plugin="gerrit-trigger"):
    """Results for which no vote is given."""

    successful: bool = flag("onSuccessful", default=False)
    failed: bool = flag("onFailed", default=False)
    unstable: bool = flag("onUnstable", default=False)
    not_built: bool = flag("onNotBuilt", default=False)
    aborted: bool = flag("onAborted", default=False)


class gerrit_cancellation(Misc, xml=_P + "data.BuildCancellationPolicy", plugin="gerrit-trigger"):
    """Which running builds of a change are aborted when something newer comes."""

    enabled: bool = flag(default=True)
    new_patchsets: bool = flag("abortNewPatchsets", default=False)
    manual_patchsets: bool = flag("abortManualPatchsets", default=False)
    same_topic: bool = flag("abortSameTopic", default=False)
    abandoned: bool = flag("abortAbandonedPatchsets", default=False)


class gerrit_topic_association(Misc, xml=_P + "data.TopicAssociation", plugin="gerrit-trigger"):
    """Build the changes of a topic together; states that are left out."""

    ignore_new: bool = flag("ignoreNewChangeStatus", default=False)
    ignore_merged: bool = flag("ignoreMergedChangeStatus", default=False)
    ignore_abandoned: bool = flag("ignoreAbandonedChangeStatus", default=False)


class GerritEvent(Misc):
    """What happens in Gerrit."""

    slot = "an event of Gerrit (triggers.patchset_created, ...)"


class patchset_created(GerritEvent, xml=_P + "events.PluginPatchsetCreatedEvent", plugin="gerrit-trigger"):
    """A change or a new patch set of it is uploaded."""

    exclude_drafts: bool = flag(default=False)
    exclude_trivial_rebase: bool = flag(default=False)
    exclude_no_code_change: bool = flag(default=False)
    exclude_private: bool = flag("excludePrivateState", default=False)
    exclude_wip: bool = flag("excludeWipState", default=False)
    message_regex: str = text("commitMessageContainsRegEx", default="")
    uploader_regex: str | None = text("uploaderNameContainsRegEx", default=None)


class change_merged(GerritEvent, xml=_P + "events.PluginChangeMergedEvent", plugin="gerrit-trigger"):
    """A change is merged."""

    message_regex: str | None = text("commitMessageContainsRegEx", default=None)


class change_abandoned(GerritEvent, xml=_P + "events.PluginChangeAbandonedEvent", plugin="gerrit-trigger"):
    """A change is abandoned."""


class change_restored(GerritEvent, xml=_P + "events.PluginChangeRestoredEvent", plugin="gerrit-trigger"):
    """An abandoned change is taken up again."""


class comment_added(GerritEvent, xml=_P + "events.PluginCommentAddedEvent", plugin="gerrit-trigger"):
    """A vote on the change: `comment_added("CRVW", "+2")`."""

    category: str = text("verdictCategory", first=True)
    value: str = text("commentAddedTriggerApprovalValue", first=True)


class comment_contains(
    GerritEvent, xml=_P + "events.PluginCommentAddedContainsEvent", plugin="gerrit-trigger"
):
    """A comment whose text matches this regular expression, as `"^recheck$"`."""

    pattern: str = text("commentAddedCommentContains", first=True)


class draft_published(GerritEvent, xml=_P + "events.PluginDraftPublishedEvent", plugin="gerrit-trigger"):
    """A draft is published."""


class ref_updated(GerritEvent, xml=_P + "events.PluginRefUpdatedEvent", plugin="gerrit-trigger"):
    """A branch or tag moves."""


class topic_changed(GerritEvent, xml=_P + "events.PluginTopicChangedEvent", plugin="gerrit-trigger"):
    """A change gets another topic."""


class hashtags_changed(GerritEvent, xml=_P + "events.PluginHashtagsChangedEvent", plugin="gerrit-trigger"):
    """A change gets other hashtags."""

    hashtag: str = text("hashtagChanged", default="", first=True)


class private_state_changed(
    GerritEvent, xml=_P + "events.PluginPrivateStateChangedEvent", plugin="gerrit-trigger"
):
    """A change becomes private or public."""


class wip_state_changed(GerritEvent, xml=_P + "events.PluginWipStateChangedEvent", plugin="gerrit-trigger"):
    """A change becomes work in progress, or ready."""


class rerun_check(GerritEvent, xml=_P + "events.PluginRerunCheckEvent", plugin="gerrit-trigger"):
    """A request of Gerrit's checks plugin for another run."""


_MODES = ("PLAIN", "BASE64", "NONE")
_VOTES = " ".join(
    f"gerritBuild{when}{what}Value"
    for what in ("Verified", "CodeReview")
    for when in ("Started", "Successful", "Failed", "Unstable", "NotBuilt", "Aborted")
)
_JJB = (
    "spec gerritProjects skipVote silentMode silentStartMode escapeQuotes dependencyJobsNames "
    "commitMessageParameterMode nameAndEmailParameterMode changeSubjectParameterMode "
    "commentTextParameterMode notificationLevel dynamicTriggerConfiguration triggerConfigURL "
    "dynamicGerritProjects "
    f"triggerInformationAction triggerOnEvents {_VOTES} buildStartMessage buildFailureMessage "
    "buildSuccessfulMessage buildUnstableMessage buildNotBuiltMessage buildUnsuccessfulFilepath customUrl "
    "serverName buildAbortedMessage"
)


_JJB_2 = (
    "spec gerritProjects skipVote? silentMode silentStartMode escapeQuotes noNameAndEmailParameters "
    "readableMessage dependencyJobsNames notificationLevel dynamicTriggerConfiguration triggerConfigURL "
    f"triggerInformationAction allowTriggeringUnreviewedPatches triggerOnEvents {_VOTES} buildStartMessage "
    "buildFailureMessage buildSuccessfulMessage buildUnstableMessage buildNotBuiltMessage "
    "buildUnsuccessfulFilepath customUrl serverName"
)
_JJB_2_EXTRA = {
    "noNameAndEmailParameters": "false",
    "readableMessage": "false",
    "allowTriggeringUnreviewedPatches": "false",
}


def _vote(tag: str) -> Any:
    return number(tag, default=None)


class gerrit(Trigger, xml=_P + "GerritTrigger", plugin="gerrit-trigger"):
    """Build changes in Gerrit, and vote: `gerrit([triggers.gerrit_project("app", branches=["main"])])`.

    Without `events`, patch sets that are created are built. The git source wants `refspec="$GERRIT_REFSPEC"`,
    `branch="$GERRIT_BRANCH"` and `scm.build_chooser()`. Votes left out are the server's usual ones.
    """

    forms = {"jjb": Form(_JJB), "jjb-2": Form(_JJB_2, _JJB_2_EXTRA)}

    spec: str = text(default="")
    projects: Any = children("gerritProjects", accepts=gerrit_project, first=True)
    dynamic_projects: Any = children(
        "dynamicGerritProjects", accepts=gerrit_project, attrs={"class": "empty-list"}
    )
    skip_vote: Any = child(accepts=skip_vote, plain=True, default=skip_vote())
    started_verified: int | str | None = _vote("gerritBuildStartedVerifiedValue")
    started_code_review: int | str | None = _vote("gerritBuildStartedCodeReviewValue")
    successful_verified: int | str | None = _vote("gerritBuildSuccessfulVerifiedValue")
    successful_code_review: int | str | None = _vote("gerritBuildSuccessfulCodeReviewValue")
    failed_verified: int | str | None = _vote("gerritBuildFailedVerifiedValue")
    failed_code_review: int | str | None = _vote("gerritBuildFailedCodeReviewValue")
    unstable_verified: int | str | None = _vote("gerritBuildUnstableVerifiedValue")
    unstable_code_review: int | str | None = _vote("gerritBuildUnstableCodeReviewValue")
    not_built_verified: int | str | None = _vote("gerritBuildNotBuiltVerifiedValue")
    not_built_code_review: int | str | None = _vote("gerritBuildNotBuiltCodeReviewValue")
    aborted_verified: int | str | None = _vote("gerritBuildAbortedVerifiedValue")
    aborted_code_review: int | str | None = _vote("gerritBuildAbortedCodeReviewValue")
    silent: bool = flag("silentMode", default=False)
    topic_association: Any = child(accepts=gerrit_topic_association, plain=True, default=None)
    topic_abort: bool | None = flag(default=None)
    notification_level: str = text(default="", choices=("", "NONE", "OWNER", "OWNER_REVIEWERS", "ALL"))
    silent_start: bool = flag("silentStartMode", default=False)
    escape_quotes: bool = flag(default=True)
    cancellation: Any = child(
        "buildCancellationPolicy", accepts=gerrit_cancellation, plain=True, default=None
    )
    name_and_email_mode: str = text("nameAndEmailParameterMode", default="PLAIN", choices=_MODES)
    dependency_jobs: str = text("dependencyJobsNames", default="")
    commit_message_mode: str = text("commitMessageParameterMode", default="BASE64", choices=_MODES)
    change_subject_mode: str = text("changeSubjectParameterMode", default="PLAIN", choices=_MODES)
    comment_text_mode: str = text("commentTextParameterMode", default="BASE64", choices=_MODES)
    start_message: str = text("buildStartMessage", default="")
    failure_message: str = text("buildFailureMessage", default="")
    successful_message: str = text("buildSuccessfulMessage", default="")
    unstable_message: str = text("buildUnstableMessage", default="")
    not_built_message: str = text("buildNotBuiltMessage", default="")
    aborted_message: str = text("buildAbortedMessage", default="")
    unsuccessful_file: str = text("buildUnsuccessfulFilepath", default="")
    custom_url: str = text(default="")
    server: str = text("serverName", default="__ANY__")
    replication_slave: str | None = text("gerritSlaveId", default=None)
    events: Any = children("triggerOnEvents", accepts=GerritEvent, default=(patchset_created(),))
    dynamic: bool = flag("dynamicTriggerConfiguration", default=False)
    dynamic_url: str = text("triggerConfigURL", default="")
    _information = constant("triggerInformationAction")
