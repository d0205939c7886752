"""Browsers of git repositories: the links on a build's page of changes."""

from __future__ import annotations

from jobdsl.elements.fields import text
from jobdsl.elements.slots import Misc

__all__ = [
    "GitBrowser",
    "assembla_web",
    "bitbucket_server",
    "bitbucket_web",
    "cgit",
    "fisheye_git",
    "gitblit",
    "gitea_web",
    "github_web",
    "gitiles",
    "gitlab_source_web",
    "gitlab_web",
    "gitlist",
    "gitorious_web",
    "gitweb",
    "gogs",
    "kiln_git",
    "phabricator_git",
    "redmine_web",
    "rhodecode_git",
    "stash",
    "tfs2013",
    "trac_web",
    "viewgit",
]

_P = "hudson.plugins.git.browser."


class GitBrowser(Misc):
    """A web page that shows a git repository; `url` is the repository's own page."""

    slot = "a git browser (scm.github_web, scm.gitlab_web, ...)"

    url: str = text(first=True, default="")


class assembla_web(GitBrowser, xml=_P + "AssemblaWeb", plugin="git"):
    """Assembla."""


class bitbucket_server(GitBrowser, xml=_P + "BitbucketServer", plugin="git"):
    """Bitbucket Server and Data Center."""


class bitbucket_web(GitBrowser, xml=_P + "BitbucketWeb", plugin="git"):
    """bitbucket.org."""


class cgit(GitBrowser, xml=_P + "CGit", plugin="git"):
    """cgit."""


class fisheye_git(GitBrowser, xml=_P + "FisheyeGitRepositoryBrowser", plugin="git"):
    """FishEye."""


class gitblit(GitBrowser, xml=_P + "GitBlitRepositoryBrowser", plugin="git"):
    """Gitblit."""

    project: str = text("projectName")


class gitea_web(GitBrowser, xml="org.jenkinsci.plugin.gitea.GiteaBrowser", plugin="gitea"):
    """Gitea and Forgejo."""


class github_web(GitBrowser, xml=_P + "GithubWeb", plugin="git"):
    """GitHub."""


class gitiles(GitBrowser, xml=_P + "Gitiles", plugin="git"):
    """Gitiles, the browser of Gerrit."""


class gitlab_web(GitBrowser, xml=_P + "GitLab", plugin="git"):
    """GitLab; `version` only for servers older than 8, as `"7.9"`."""

    version: str | None = text(default=None)


class gitlab_source_web(
    GitBrowser,
    xml="io.jenkins.plugins.gitlabbranchsource.helpers.GitLabBrowser",
    plugin="gitlab-branch-source",
):
    """GitLab, as its branch source writes it."""


class gitlist(GitBrowser, xml=_P + "GitList", plugin="git"):
    """GitList."""


class gitorious_web(GitBrowser, xml=_P + "GitoriousWeb", plugin="git"):
    """Gitorious."""


class gitweb(GitBrowser, xml=_P + "GitWeb", plugin="git"):
    """gitweb, which comes with git."""


class gogs(GitBrowser, xml=_P + "GogsGit", plugin="git"):
    """Gogs."""


class kiln_git(GitBrowser, xml=_P + "KilnGit", plugin="git"):
    """Kiln."""


class phabricator_git(GitBrowser, xml=_P + "Phabricator", plugin="git"):
    """Phabricator; `repository` is its name there."""

    repository: str = text("repo")


class redmine_web(GitBrowser, xml=_P + "RedmineWeb", plugin="git"):
    """Redmine."""


class rhodecode_git(GitBrowser, xml=_P + "RhodeCode", plugin="git"):
    """RhodeCode."""


class stash(GitBrowser, xml=_P + "Stash", plugin="git"):
    """Stash, as Bitbucket Server was called."""


class tfs2013(GitBrowser, xml=_P + "TFS2013GitRepositoryBrowser", plugin="git"):
    """Team Foundation Server from 2013 on, and Azure DevOps Server."""


class trac_web(GitBrowser, xml="hudson.plugins.trac.TracGitRepositoryBrowser", plugin="trac"):
    """Trac; its address is that of the job's `properties.trac`."""

    url: str | None = text(default=None, first=True)  # type: ignore[assignment]  # it may have none


class viewgit(GitBrowser, xml=_P + "ViewGitWeb", plugin="git"):
    """ViewGit."""

    project: str = text("projectName")
