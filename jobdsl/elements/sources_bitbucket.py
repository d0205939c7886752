"""Branches and pull requests of Bitbucket, in the cloud and on a server of one's own."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import credentials_id, flag, number, sugar, text
from jobdsl.elements.slots import Trait
from jobdsl.elements.sources_fields import BRANCHES, REQUESTS, coded, fork_trust, trait_list
from jobdsl.elements.sources_github import OwnedSource

__all__ = [
    "bitbucket",
    "bitbucket_avatar",
    "bitbucket_branches",
    "bitbucket_branches_2024",
    "bitbucket_discard_branches",
    "bitbucket_discard_tags",
    "bitbucket_forks",
    "bitbucket_forks_2024",
    "bitbucket_hooks",
    "bitbucket_hooks_2024",
    "bitbucket_notifications",
    "bitbucket_notifications_2024",
    "bitbucket_public_requests_only",
    "bitbucket_pull_requests",
    "bitbucket_pull_requests_2024",
    "bitbucket_skip_drafts",
    "bitbucket_ssh",
    "bitbucket_ssh_2024",
    "bitbucket_tags",
    "bitbucket_tags_2024",
    "bitbucket_target_refspec",
]

_P = "com.cloudbees.jenkins.plugins.bitbucket.trait."
_2024 = "com.cloudbees.jenkins.plugins.bitbucket."
_PLUGIN = "cloudbees-bitbucket-branch-source"


class bitbucket_branches(Trait, xml=_P + "BranchDiscoveryTrait", plugin=_PLUGIN):
    """Find branches: those `without-requests` of their own, `only-requests`, or `all`."""

    which: str = coded("strategyId", BRANCHES, default="without-requests", first=True)


class bitbucket_tags(Trait, xml=_P + "TagDiscoveryTrait", plugin=_PLUGIN):
    """Find tags."""


class bitbucket_pull_requests(Trait, xml=_P + "OriginPullRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find pull requests from the repository itself: built as `merge`, as `head`, or `both`."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)


class bitbucket_forks(Trait, xml=_P + "ForkPullRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find pull requests from forks; `trust`: from which authors the Jenkinsfile is used unchanged."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)
    trust: str = fork_trust(
        _P + "ForkPullRequestDiscoveryTrait", ("nobody", "team-forks", "everyone"), default="team-forks"
    )


class bitbucket_ssh(Trait, xml=_P + "SSHCheckoutTrait", plugin=_PLUGIN):
    """Check out by SSH with this key."""

    credentials: str = credentials_id("credentialsId", default="", first=True)


class bitbucket_hooks(Trait, xml=_P + "WebhookRegistrationTrait", plugin=_PLUGIN):
    """Whether webhooks are registered: `DISABLE`, `SYSTEM` (as the server is configured) or `ITEM`."""

    mode: str = text(default="ITEM", choices=("DISABLE", "SYSTEM", "ITEM"), first=True)


class bitbucket_notifications(Trait, xml=_P + "BitbucketBuildStatusNotificationsTrait", plugin=_PLUGIN):
    """The text of the status on the commit."""

    unstable_is_success: bool = flag("sendSuccessNotificationForUnstableBuild", default=False)
    aborted_is_stopped: bool = flag("sendStoppedNotificationForAbortBuild", default=False)
    none_for_not_built: bool = flag("disableNotificationForNotBuildJobs", default=False)
    readable_ids: bool = flag("useReadableNotificationIds", default=False)


class bitbucket_public_requests_only(Trait, xml=_P + "PublicRepoPullRequestFilterTrait", plugin=_PLUGIN):
    """Pull requests only where the repository is public."""


class bitbucket_skip_drafts(Trait, xml=_P + "SkipDraftPullRequestFilterTrait", plugin=_PLUGIN):
    """Leave out draft pull requests."""


class bitbucket_target_refspec(Trait, xml=_P + "PullRequestTargetBranchRefSpecTrait", plugin=_PLUGIN):
    """Fetch the target branch of a pull request too."""


class bitbucket_avatar(Trait, xml=_P + "ShowBitbucketAvatarTrait", plugin=_PLUGIN):
    """Show the project's picture."""


class bitbucket_discard_branches(Trait, xml=_P + "DiscardOldBranchTrait", plugin=_PLUGIN):
    """Leave out branches without a commit for so many days."""

    days: int | str = number("keepForDays", first=True, least=0)


class bitbucket_discard_tags(Trait, xml=_P + "DiscardOldTagTrait", plugin=_PLUGIN):
    """Leave out tags older than so many days."""

    days: int | str = number("keepForDays", first=True, least=0)


class bitbucket_branches_2024(bitbucket_branches, xml=_2024 + "BranchDiscoveryTrait", plugin=_PLUGIN):
    """`bitbucket_branches`, as plugins before 935 call it; newer ones understand it."""


class bitbucket_tags_2024(bitbucket_tags, xml=_2024 + "TagDiscoveryTrait", plugin=_PLUGIN):
    """`bitbucket_tags`, as plugins before 935 call it."""


class bitbucket_pull_requests_2024(
    bitbucket_pull_requests, xml=_2024 + "OriginPullRequestDiscoveryTrait", plugin=_PLUGIN
):
    """`bitbucket_pull_requests`, as plugins before 935 call it."""


class bitbucket_forks_2024(Trait, xml=_2024 + "ForkPullRequestDiscoveryTrait", plugin=_PLUGIN):
    """`bitbucket_forks`, as plugins before 935 call it."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)
    trust: str = fork_trust(
        _2024 + "ForkPullRequestDiscoveryTrait", ("nobody", "team-forks", "everyone"), default="team-forks"
    )


class bitbucket_ssh_2024(bitbucket_ssh, xml=_2024 + "SSHCheckoutTrait", plugin=_PLUGIN):
    """`bitbucket_ssh`, as plugins before 935 call it."""


class bitbucket_hooks_2024(bitbucket_hooks, xml=_2024 + "WebhookRegistrationTrait", plugin=_PLUGIN):
    """`bitbucket_hooks`, as plugins before 935 call it."""


class bitbucket_notifications_2024(
    bitbucket_notifications, xml=_2024 + "BitbucketBuildStatusNotificationsTrait", plugin=_PLUGIN
):
    """`bitbucket_notifications`, as plugins before 935 call it."""


class bitbucket(OwnedSource, xml=_2024 + "BitbucketSCMSource", plugin=_PLUGIN):
    """Branches and pull requests of Bitbucket: `bitbucket("OWNER/repository", credentials="bb")`.

    `server` is the URL of a Bitbucket Data Center; without it, bitbucket.org is meant.
    """

    forms = {"jjb": Form("id repoOwner repository credentialsId serverUrl? traits")}

    project: str | None = sugar(first=True)
    server: str = text("serverUrl", default="https://bitbucket.org")
    credentials: str | None = credentials_id("credentialsId", default=None)
    mirror: str | None = text("mirrorId", default=None)
    owner: str = text("repoOwner")
    repository: str = text()
    traits: Any = trait_list(default=(bitbucket_branches(), bitbucket_pull_requests(), bitbucket_forks()))
