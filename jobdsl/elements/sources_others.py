"""Branches of Gitea, Gerrit, Subversion and Mercurial."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, credentials_id, flag, sugar, text
from jobdsl.elements.scm_others import HgBrowser
from jobdsl.elements.scm_svn import SvnBrowser, SvnUpdater, svn_update
from jobdsl.elements.slots import Trait
from jobdsl.elements.sources_fields import BRANCHES, REQUESTS, coded, fork_trust, trait_list
from jobdsl.elements.sources_git import IdentifiedSource, TraitedSource
from jobdsl.elements.sources_github import OwnedSource

__all__ = [
    "gerrit",
    "gerrit_changes",
    "gerrit_checks",
    "gitea",
    "gitea_branches",
    "gitea_forks",
    "gitea_hooks",
    "gitea_pull_requests",
    "gitea_releases",
    "gitea_ssh",
    "gitea_tags",
    "hg",
    "hg_browser",
    "hg_clean",
    "hg_installation",
    "svn",
]

_G = "org.jenkinsci.plugin.gitea."


class gitea_branches(Trait, xml=_G + "BranchDiscoveryTrait", plugin="gitea"):
    """Find branches: those `without-requests` of their own, `only-requests`, or `all`."""

    which: str = coded("strategyId", BRANCHES, default="without-requests", first=True)


class gitea_tags(Trait, xml=_G + "TagDiscoveryTrait", plugin="gitea"):
    """Find tags."""


class gitea_releases(Trait, xml=_G + "ReleaseDiscoveryTrait", plugin="gitea"):
    """Find releases."""

    pre_releases: bool = flag("includePreReleases", default=False)
    map_artifacts: bool = flag("artifactToAssetMappingEnabled", default=False)


class gitea_pull_requests(Trait, xml=_G + "OriginPullRequestDiscoveryTrait", plugin="gitea"):
    """Find pull requests from the repository itself: built as `merge`, as `head`, or `both`."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)


class gitea_forks(Trait, xml=_G + "ForkPullRequestDiscoveryTrait", plugin="gitea"):
    """Find pull requests from forks; `trust`: from which authors the Jenkinsfile is used unchanged."""

    build: str = coded("strategyId", REQUESTS, default="merge", first=True)
    trust: str = fork_trust(
        _G + "ForkPullRequestDiscoveryTrait", ("nobody", "contributors", "everyone"), default="contributors"
    )


class gitea_ssh(Trait, xml=_G + "SSHCheckoutTrait", plugin="gitea"):
    """Check out by SSH with this key."""

    credentials: str = credentials_id("credentialsId", default="", first=True)


class gitea_hooks(Trait, xml=_G + "WebhookRegistrationTrait", plugin="gitea"):
    """Whether webhooks are registered: `DISABLE`, `SYSTEM` (as the server is configured) or `ITEM`."""

    mode: str = text(default="SYSTEM", choices=("DISABLE", "SYSTEM", "ITEM"), first=True)


class gitea(OwnedSource, xml=_G + "GiteaSCMSource", plugin="gitea"):
    """Branches and pull requests of a Gitea or Forgejo repository: `gitea("owner/repo",
    server="https://...")`.
    """

    project: str | None = sugar(first=True)
    server: str = text("serverUrl")
    owner: str = text("repoOwner")
    repository: str = text()
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(gitea_branches(), gitea_pull_requests(), gitea_forks()))


class gerrit_changes(
    Trait, xml="jenkins.plugins.gerrit.traits.ChangeDiscoveryTrait", plugin="gerrit-code-review"
):
    """Find open changes that fit a query."""

    query: str | None = text("queryString", default=None, first=True)


class gerrit_checks(
    Trait, xml="jenkins.plugins.gerrit.traits.FilterChecksTrait", plugin="gerrit-code-review"
):
    """Find changes whose check is pending: by the checker's `ID` or its `SCHEME`."""

    by: str = text("queryOperator", default="SCHEME", choices=("ID", "SCHEME"))
    query: str = text("queryString", first=True)


class gerrit(TraitedSource, xml="jenkins.plugins.gerrit.GerritSCMSource", plugin="gerrit-code-review"):
    """Branches and changes of a Gerrit project."""

    remote: str = text(first=True)
    insecure_https: bool | None = flag(default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(gerrit_changes(),))


class svn(IdentifiedSource, xml="jenkins.scm.impl.subversion.SubversionSCMSource", plugin="subversion"):
    """Branches of a Subversion repository, by the directories `includes` and `excludes` name."""

    remote: str = text("remoteBase", first=True)
    credentials: str = credentials_id("credentialsId", default="")
    includes: str = text(default="trunk,branches/*,tags/*,sandbox/*")
    excludes: str = text(default="")
    browser: Any = child(accepts=SvnBrowser, default=None)
    updater: Any = child("workspaceUpdater", accepts=SvnUpdater, default=svn_update())


_HG = "hudson.plugins.mercurial.traits."


class hg_clean(Trait, xml=_HG + "CleanMercurialSCMSourceTrait", plugin="mercurial"):
    """Remove files Mercurial does not track."""


class hg_browser(Trait, xml=_HG + "MercurialBrowserSCMSourceTrait", plugin="mercurial"):
    """The browser of the repository."""

    browser: Any = child(accepts=HgBrowser, first=True)


class hg_installation(Trait, xml=_HG + "MercurialInstallationSCMSourceTrait", plugin="mercurial"):
    """Which Mercurial installation is used."""

    installation: str = text(first=True)


class hg(IdentifiedSource, xml="hudson.plugins.mercurial.MercurialSCMSource", plugin="mercurial"):
    """Branches of a Mercurial repository."""

    url: str = text("source", first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list()
