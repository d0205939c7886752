"""Branches and pull requests of GitHub."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.elements.base import Form
from jobdsl.elements.fields import credentials_id, flag, sugar, text
from jobdsl.elements.holders import twice
from jobdsl.elements.kinds import REQUIRED
from jobdsl.elements.slots import Trait
from jobdsl.elements.sources_fields import BRANCHES, REQUESTS, coded, fork_trust, trait_list
from jobdsl.elements.sources_git import TraitedSource
from jobdsl.errors import DslError

__all__ = [
    "OwnedSource",
    "github",
    "github_branches",
    "github_checks",
    "github_context",
    "github_forks",
    "github_ignore_drafts",
    "github_no_status",
    "github_pull_requests",
    "github_ssh",
    "github_status",
    "github_tags",
]

_P = "org.jenkinsci.plugins.github_branch_source."
_PLUGIN = "github-branch-source"


class github_branches(Trait, xml=_P + "BranchDiscoveryTrait", plugin=_PLUGIN):
    """Find branches: those `without-requests` of their own, `only-requests`, or `all`."""

    which: str = coded("strategyId", BRANCHES, default="without-requests", first=True)


class github_tags(Trait, xml=_P + "TagDiscoveryTrait", plugin=_PLUGIN):
    """Find tags."""


class github_pull_requests(Trait, xml=_P + "OriginPullRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find pull requests from the repository itself: built as `merge`, as `head`, or `both`."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)


class github_forks(Trait, xml=_P + "ForkPullRequestDiscoveryTrait", plugin=_PLUGIN):
    """Find pull requests from forks; `trust`: from which authors the Jenkinsfile is used unchanged."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)
    trust: str = fork_trust(
        _P + "ForkPullRequestDiscoveryTrait",
        ("nobody", "contributors", "permission", "everyone"),
        default="permission",
    )


class github_ssh(Trait, xml=_P + "SSHCheckoutTrait", plugin=_PLUGIN):
    """Check out by SSH with this key; without an id, with the agent's own."""

    credentials: str = credentials_id("credentialsId", default="", first=True)


class github_ignore_drafts(Trait, xml=_P + "IgnoreDraftPullRequestFilterTrait", plugin=_PLUGIN):
    """Leave out draft pull requests."""


class github_context(
    Trait,
    xml="org.jenkinsci.plugins.githubScmTraitNotificationContext.NotificationContextTrait",
    plugin="github-scm-trait-notification-context",
):
    """What the status on the commit is called, instead of continuous-integration/jenkins."""

    label: str = text("contextLabel", first=True)
    type_suffix: bool = flag(default=True)
    multiple_statuses: bool | None = flag(default=None)
    delimiter: str | None = text("multipleStatusDelimiter", default=None)


class github_no_status(
    Trait,
    xml="com.adobe.jenkins.disable_github_multibranch_status.DisableStatusUpdateTrait",
    plugin="disable-github-multibranch-status",
):
    """Set no status on commits."""


class github_status(
    Trait,
    xml="io.jenkins.plugins.checks.github.status.GitHubSCMSourceStatusChecksTrait",
    plugin="github-checks",
):
    """The text of the check on GitHub."""

    skip: bool = flag(default=False)
    skip_notifications: bool = flag(default=False)
    unstable_is_neutral: bool = flag("unstableBuildNeutral", default=False)
    name: str = text(default="Jenkins", first=True)
    suppress_logs: bool = flag(default=False)
    skip_progress_updates: bool = flag(default=False)


class github_checks(
    Trait, xml="io.jenkins.plugins.checks.github.config.GitHubSCMSourceChecksTrait", plugin="github-checks"
):
    """How much checks write into the build's log."""

    verbose: bool = flag("verboseConsoleLog", default=False)


class OwnedSource(TraitedSource):
    """A source of one repository, whose owner and name may be given as one: `project="owner/repository"`."""

    __slots__ = ()

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """`project` taken apart."""
        project = arguments["project"]
        if project is None:
            return arguments
        if arguments["owner"] is not REQUIRED or arguments["repository"] is not REQUIRED:
            context.complain(twice(self.dsl_name(), "project", ["owner", "repository"]))
        owner, slash, repository = str(project).rpartition("/")
        if not (isinstance(project, str) and owner and slash and repository):
            context.complain(DslError(f"{self.dsl_name()}: project {project!r} is not owner/repository"))
        return {**arguments, "owner": owner or "?", "repository": repository}

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed."""
        if "project" in changes:
            changes = {"owner": REQUIRED, "repository": REQUIRED, **changes}
        return super().but(**changes)

    def arguments(self) -> dict[str, Any]:
        """Owner and repository put together, where both are plain."""
        arguments = super().arguments()
        owner, repository = arguments.get("owner"), arguments.get("repository")
        if not owner or not repository or "/" in owner + repository:
            return arguments
        rest = {name: value for name, value in arguments.items() if name not in ("owner", "repository")}
        return {"project": f"{owner}/{repository}", **rest}


class github(OwnedSource, xml=_P + "GitHubSCMSource", plugin=_PLUGIN):
    """Branches and pull requests of a GitHub repository: `github("owner/repository", credentials="app")`.

    Without `traits`, it finds branches and pull requests, those from forks too; a fork's Jenkinsfile is only
    used where its author may push.
    """

    forms = {"jjb": Form("id repoOwner repository apiUri? credentialsId repositoryUrl traits")}

    project: str | None = sugar(first=True)
    api: str = text("apiUri", default="https://api.github.com")
    credentials: str | None = credentials_id("credentialsId", default=None)
    owner: str = text("repoOwner")
    repository: str = text()
    url: str | None = text("repositoryUrl", default=None)
    traits: Any = trait_list(default=(github_branches(), github_pull_requests(), github_forks()))
