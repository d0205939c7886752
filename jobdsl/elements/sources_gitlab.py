"""Branches and merge requests of GitLab."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import credentials_id, flag, number, text
from jobdsl.elements.slots import Trait
from jobdsl.elements.sources_fields import BRANCHES, REQUESTS, coded, fork_trust, trait_list
from jobdsl.elements.sources_git import TraitedSource

__all__ = [
    "gitlab",
    "gitlab_avatar",
    "gitlab_branches",
    "gitlab_comment",
    "gitlab_forks",
    "gitlab_hooks",
    "gitlab_log_comment",
    "gitlab_merge_requests",
    "gitlab_skip_notifications",
    "gitlab_ssh",
    "gitlab_status_name",
    "gitlab_tags",
    "gitlab_unstable_is_success",
    "gitlab_webhook_conditions",
]

_P = "io.jenkins.plugins.gitlabbranchsource."
_PLUGIN = "gitlab-branch-source"


class gitlab_branches(Trait, xml=_P + "BranchDiscoveryTrait", plugin=_PLUGIN):
    """Find branches: those `without-requests` of their own, `only-requests`, or `all`."""

    which: str = coded("strategyId", BRANCHES, default="without-requests", first=True)
    always: str | None = text("branchesAlwaysIncludedRegex", default=None)


class gitlab_tags(Trait, xml=_P + "TagDiscoveryTrait", plugin=_PLUGIN):
    """Find tags."""


class gitlab_merge_requests(Trait, xml=_P + "OriginMergeRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find merge requests from the project itself: built as `merge` with the target, as `head`, or `both`."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)


class gitlab_forks(Trait, xml=_P + "ForkMergeRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find merge requests from forks; `trust`: from which authors the Jenkinsfile is used unchanged."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)
    trust: str = fork_trust(
        _P + "ForkMergeRequestDiscoveryTrait",
        ("nobody", "members", "permission", "everyone"),
        default="permission",
    )
    build_forks_not_mirrors: bool = flag("buildMRForksNotMirror", default=False)


class gitlab_ssh(Trait, xml=_P + "SSHCheckoutTrait", plugin=_PLUGIN):
    """Check out by SSH with this key."""

    credentials: str = credentials_id("credentialsId", default="", first=True)


class gitlab_hooks(Trait, xml=_P + "HookRegistrationTrait", plugin=_PLUGIN):
    """Whether webhooks are registered: `DISABLE`, `SYSTEM` (as the server is configured) or `ITEM`."""

    web: str = text("webHookMode", default="SYSTEM", choices=("DISABLE", "SYSTEM", "ITEM"))
    system: str = text("systemHookMode", default="SYSTEM", choices=("DISABLE", "SYSTEM", "ITEM"))


class gitlab_comment(Trait, xml=_P + "TriggerMRCommentTrait", plugin=_PLUGIN):
    """Build a merge request when a comment fits."""

    comment: str = text("commentBody", default="REBUILD", first=True)
    only_trusted: bool = flag("onlyTrustedMembersCanTrigger", default=False)


class gitlab_log_comment(Trait, xml=_P + "LogCommentTrait", plugin=_PLUGIN):
    """Comment on merge requests with the result."""

    user: str = text("sudoUser", default="")
    log_success: bool = flag(default=False)


class gitlab_skip_notifications(Trait, xml=_P + "GitLabSkipNotificationsTrait", plugin=_PLUGIN):
    """Set no status on commits."""


class gitlab_status_name(Trait, xml=_P + "BuildStatusNameCustomPartTrait", plugin=_PLUGIN):
    """What the status on the commit is called."""

    part: str = text("buildStatusNameCustomPart", first=True)
    overwrite: bool = flag("buildStatusNameOverwrite", default=False)
    ignore_type: bool = flag("ignoreTypeInStatusName", default=False)


class gitlab_unstable_is_success(Trait, xml=_P + "GitLabMarkUnstableAsSuccessTrait", plugin=_PLUGIN):
    """An unstable build is a success on GitLab."""

    enabled: bool = flag("markUnstableAsSuccess", default=True)


class gitlab_avatar(Trait, xml=_P + "GitLabAvatarTrait", plugin=_PLUGIN):
    """Whether the project's picture is shown."""

    disable: bool = flag("disableProjectAvatar", default=True)


class gitlab_webhook_conditions(Trait, xml=_P + "WebhookListenerBuildConditionsTrait", plugin=_PLUGIN):
    """Which webhook events build merge requests."""

    build_opened: bool = flag("alwaysBuildMROpen", default=True)
    build_reopened: bool = flag("alwaysBuildMRReOpen", default=True)
    ignore_approval: bool = flag("alwaysIgnoreMRApproval", default=False)
    ignore_unapproval: bool = flag("alwaysIgnoreMRUnApproval", default=False)
    ignore_approved: bool = flag("alwaysIgnoreMRApproved", default=False)
    ignore_unapproved: bool = flag("alwaysIgnoreMRUnApproved", default=False)
    ignore_non_code: bool = flag("alwaysIgnoreNonCodeRelatedUpdates", default=False)
    ignore_drafts: bool = flag("alwaysIgnoreMRWorkInProgress", default=False)


class gitlab(TraitedSource, xml=_P + "GitLabSCMSource", plugin=_PLUGIN):
    """Branches and merge requests of a GitLab project: `gitlab("group/project", server="gitlab")`.

    `server` is the name the server has in Jenkins' configuration; `owner` is the group.
    """

    server: str = text("serverName", default="default")
    owner: str | None = text("projectOwner", default=None)
    project: str = text("projectPath", first=True)
    name: str | None = text("projectName", default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(gitlab_branches(), gitlab_merge_requests(), gitlab_forks()))
    ssh_remote: str | None = text(default=None)
    http_remote: str | None = text(default=None)
    project_id: int | str | None = number(default=None, least=None)

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments, with the group taken from the path."""
        if arguments["owner"] is None and isinstance(arguments["project"], str):
            arguments["owner"] = _group(arguments["project"])
        return arguments

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed; another project brings its own group."""
        return super().but(**{"owner": None, **changes} if "project" in changes else changes)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments with the group only where it does not follow from the path."""
        arguments = super().arguments()
        if arguments.get("owner") == _group(self.project):
            del arguments["owner"]
        return arguments


def _group(project: str) -> str:
    return project.rpartition("/")[0] or project
