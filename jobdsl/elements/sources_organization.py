"""Organization folders: where repositories are found, and what makes a job of one."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, constant, credentials_id, flag, strings, text
from jobdsl.elements.slots import Misc, Property, Scm, Trait, Trigger
from jobdsl.elements.sources_bitbucket import bitbucket_branches, bitbucket_forks, bitbucket_pull_requests
from jobdsl.elements.sources_fields import trait_list
from jobdsl.elements.sources_git import plain_traits
from jobdsl.elements.sources_github import github_branches, github_forks, github_pull_requests
from jobdsl.elements.sources_gitlab import gitlab_branches, gitlab_forks, gitlab_merge_requests
from jobdsl.elements.sources_others import gitea_branches, gitea_forks, gitea_pull_requests

__all__ = [
    "Navigator",
    "ProjectFactory",
    "bitbucket_team",
    "child_health",
    "child_orphans",
    "child_triggers",
    "default_jenkinsfile",
    "default_jenkinsfile_projects",
    "exclude_archived",
    "gitea_exclude_archived",
    "gitea_organization",
    "github_exclude_forks",
    "github_exclude_private",
    "github_exclude_public",
    "github_organization",
    "github_team",
    "github_topics",
    "gitlab_exclude_archived",
    "gitlab_group",
    "gitlab_names",
    "gitlab_shared_projects",
    "gitlab_subgroups",
    "inherit_orphans",
    "jenkinsfile_projects",
    "organization_trigger",
    "remote_jenkinsfile",
    "remote_jenkinsfile_projects",
    "repositories_like",
    "repositories_matching",
]


class Navigator(Misc):
    """Where the repositories of an organization are found."""

    slot = "a navigator (sources.github_organization, sources.gitlab_group, ...)"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments, with git extensions instead of the traits that carry them."""
        return plain_traits(super().arguments())


class github_organization(
    Navigator,
    xml="org.jenkinsci.plugins.github_branch_source.GitHubSCMNavigator",
    plugin="github-branch-source",
):
    """The repositories of a GitHub organization or user: `github_organization("acme", credentials="app")`."""

    owner: str = text("repoOwner", first=True)
    api: str | None = text("apiUri", default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    avatar: bool | None = flag("enableAvatar", default=False)
    traits: Any = trait_list(default=(github_branches(), github_pull_requests(), github_forks()))


class gitlab_group(
    Navigator, xml="io.jenkins.plugins.gitlabbranchsource.GitLabSCMNavigator", plugin="gitlab-branch-source"
):
    """The projects of a GitLab group or user; `server` is its name in Jenkins' configuration."""

    owner: str = text("projectOwner", first=True)
    server: str = text("serverName", default="default")
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(gitlab_branches(), gitlab_merge_requests(), gitlab_forks()))
    found: Any = strings("navigatorProjects")
    """What Jenkins has found; empty it must still be there, or the scan fails."""
    is_group: bool | None = flag(default=None)
    subgroups: bool | None = flag("wantSubGroupProjects", default=None)


class bitbucket_team(
    Navigator,
    xml="com.cloudbees.jenkins.plugins.bitbucket.BitbucketSCMNavigator",
    plugin="cloudbees-bitbucket-branch-source",
):
    """The repositories of a Bitbucket workspace, team or project."""

    server: str = text("serverUrl", default="https://bitbucket.org")
    credentials: str | None = credentials_id("credentialsId", default=None)
    mirror: str | None = text("mirrorId", default=None)
    owner: str = text("repoOwner", first=True)
    project: str | None = text("projectKey", default=None)
    traits: Any = trait_list(default=(bitbucket_branches(), bitbucket_pull_requests(), bitbucket_forks()))


class gitea_organization(Navigator, xml="org.jenkinsci.plugin.gitea.GiteaSCMNavigator", plugin="gitea"):
    """The repositories of a Gitea organization or user."""

    server: str = text("serverUrl")
    owner: str = text("repoOwner", first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(gitea_branches(), gitea_pull_requests(), gitea_forks()))


class repositories_matching(Trait, xml="jenkins.scm.impl.trait.RegexSCMSourceFilterTrait", plugin="scm-api"):
    """Only repositories whose name fits this regular expression."""

    regex: str = text(default=".*", first=True)


class repositories_like(Trait, xml="jenkins.scm.impl.trait.WildcardSCMSourceFilterTrait", plugin="scm-api"):
    """Only repositories that fit `includes` and not `excludes`: with *, separated by blanks."""

    includes: str = text(default="*", first=True)
    excludes: str = text(default="")


_GITHUB = "org.jenkinsci.plugins.github_branch_source."


class exclude_archived(
    Trait, xml=_GITHUB + "ExcludeArchivedRepositoriesTrait", plugin="github-branch-source"
):
    """Leave out archived repositories of GitHub."""


class github_exclude_forks(
    Trait, xml=_GITHUB + "ExcludeForkedRepositoriesTrait", plugin="github-branch-source"
):
    """Leave out forks."""


class github_exclude_private(
    Trait, xml=_GITHUB + "ExcludePrivateRepositoriesTrait", plugin="github-branch-source"
):
    """Leave out private repositories."""


class github_exclude_public(
    Trait, xml=_GITHUB + "ExcludePublicRepositoriesTrait", plugin="github-branch-source"
):
    """Leave out public repositories."""


class github_topics(Trait, xml=_GITHUB + "TopicsTrait", plugin="github-branch-source"):
    """Only repositories with all these topics, separated by commas."""

    topics: str = text("topicList", first=True)


class github_team(Trait, xml=_GITHUB + "TeamSlugTrait", plugin="github-branch-source"):
    """Only repositories of a team."""

    team: str = text("teamSlug", first=True)


_GITLAB = "io.jenkins.plugins.gitlabbranchsource."


class gitlab_exclude_archived(
    Trait, xml=_GITLAB + "ExcludeArchivedRepositoriesTrait", plugin="gitlab-branch-source"
):
    """Leave out archived projects."""


class gitlab_subgroups(Trait, xml=_GITLAB + "SubGroupProjectDiscoveryTrait", plugin="gitlab-branch-source"):
    """Find projects of subgroups too."""


class gitlab_shared_projects(
    Trait, xml=_GITLAB + "SharedProjectsDiscoveryTrait", plugin="gitlab-branch-source"
):
    """Find projects shared with the group too."""


class gitlab_names(Trait, xml=_GITLAB + "ProjectNamingStrategyTrait", plugin="gitlab-branch-source"):
    """How jobs are named by the plugin's number: 1 full path, 2 name, 3 path in the group, 4 simple path."""

    strategy: str = text("strategyId", default="1", choices=("1", "2", "3", "4"), first=True)


class gitea_exclude_archived(
    Trait, xml="org.jenkinsci.plugin.gitea.ExcludeArchivedRepositoriesTrait", plugin="gitea"
):
    """Leave out archived repositories of Gitea."""


class ProjectFactory(Misc):
    """What makes a multibranch job of a repository."""

    slot = "a project factory (sources.jenkinsfile_projects, ...)"


class jenkinsfile_projects(
    ProjectFactory,
    xml="org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory",
    plugin="workflow-multibranch",
):
    """Repositories that hold this file in some branch."""

    script_path: str = text(default="Jenkinsfile", first=True)


class default_jenkinsfile_projects(
    ProjectFactory,
    xml="org.jenkinsci.plugins.pipeline.multibranch.defaults.PipelineMultiBranchDefaultsProjectFactory",
    plugin="pipeline-multibranch-defaults",
):
    """Every repository, with a Jenkinsfile kept in Jenkins."""

    script_id: str = text(default="Jenkinsfile", first=True)
    sandbox: bool = flag("useSandbox", default=False)


_OWNER = {
    "class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
    "reference": "../..",
}


class default_jenkinsfile(
    Misc,
    xml="org.jenkinsci.plugins.pipeline.multibranch.defaults.PipelineBranchDefaultsProjectFactory",
    plugin="pipeline-multibranch-defaults",
):
    """A multibranch job's `factory`: every branch, with a Jenkinsfile kept in Jenkins."""

    _owner = constant("owner", attrs=_OWNER)
    script_id: str = text(default="Jenkinsfile", first=True)
    sandbox: bool = flag("useSandbox", default=False)


_REMOTE = "org.jenkinsci.plugins.workflow.multibranch.extended."


class remote_jenkinsfile(
    Misc, xml=_REMOTE + "RemoteJenkinsFileWorkflowBranchProjectFactory", plugin="remote-file"
):
    """A multibranch job's `factory`: branches that hold `marker`, the Jenkinsfile of another repository."""

    _owner = constant("owner", attrs=_OWNER)
    script_path: str | None = text(default=None)
    marker: str = text("localMarker", default="")
    path: str = text("remoteJenkinsFile", default="Jenkinsfile", first=True)
    scm: Any = child("remoteJenkinsFileSCM", accepts=Scm)
    match_branches: bool = flag(default=False)
    branch: str | None = text("scmSourceBranchName", default=None)
    fallback_branch: str = text(default="master")
    lookup_in_parameters: bool = flag(default=False)


class remote_jenkinsfile_projects(
    ProjectFactory, xml=_REMOTE + "RemoteJenkinsFileWorkflowMultiBranchProjectFactory", plugin="remote-file"
):
    """Repositories that hold `marker`, with a Jenkinsfile of another repository."""

    marker: str = text("localMarker", default="")
    path: str = text("remoteJenkinsFile", default="Jenkinsfile", first=True)
    lookup_in_parameters: bool = flag(default=False)
    match_branches: bool = flag(default=False)
    branch: str | None = text("scmSourceBranchName", default=None)
    fallback_branch: str = text(default="master")
    scm: Any = child("remoteJenkinsFileSCM", accepts=Scm)


class child_health(
    Property, xml="jenkins.branch.OrganizationChildHealthMetricsProperty", plugin="branch-api"
):
    """Health metrics of every multibranch job in the organization."""

    metrics: Any = children("templates", accepts=Misc, first=True)


class inherit_orphans(
    Misc, xml="jenkins.branch.OrganizationChildOrphanedItemsProperty$Inherit", plugin="branch-api"
):
    """As the organization itself does."""


class child_orphans(
    Property, xml="jenkins.branch.OrganizationChildOrphanedItemsProperty", plugin="branch-api"
):
    """What multibranch jobs in the organization do with jobs whose branch is gone."""

    strategy: Any = child(accepts=Misc, default=inherit_orphans(), first=True)


class child_triggers(Property, xml="jenkins.branch.OrganizationChildTriggersProperty", plugin="branch-api"):
    """Triggers of every multibranch job in the organization."""

    triggers: Any = children("templates", accepts=Trigger, first=True)


class organization_trigger(
    Property, xml="jenkins.branch.NoTriggerOrganizationFolderProperty", plugin="branch-api"
):
    """Branches that are built by themselves, by a regular expression on their names."""

    branches: str = text(default=".*", first=True)
    suppress: str | None = text("strategy", default="NONE", choices=("NONE", "INDEXING", "EVENTS"))
