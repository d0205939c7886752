"""Other version control: Mercurial, Android's repo, Team Foundation Server, Bazaar, Team Concert."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, credentials_id, flag, number, raw, secret_text, strings, text
from jobdsl.elements.slots import Misc, Scm

__all__ = [
    "HgBrowser",
    "bzr",
    "hg",
    "hg_bitbucket",
    "hg_fisheye",
    "hg_kallithea",
    "hg_kiln",
    "hg_rhodecode",
    "hg_web",
    "repo",
    "rtc",
    "rtc_build_type",
    "tfs",
]


class HgBrowser(Misc):
    """A web page that shows a Mercurial repository."""

    slot = "a Mercurial browser (scm.hg_web, ...)"

    url: str = text(first=True)


_B = "hudson.plugins.mercurial.browser."


class hg_bitbucket(HgBrowser, xml=_B + "BitBucket", plugin="mercurial"):
    """Bitbucket, while it still had Mercurial."""


class hg_fisheye(HgBrowser, xml=_B + "FishEye", plugin="mercurial"):
    """FishEye."""


class hg_kallithea(HgBrowser, xml=_B + "Kallithea", plugin="mercurial"):
    """Kallithea."""


class hg_kiln(HgBrowser, xml=_B + "KilnHG", plugin="mercurial"):
    """Kiln."""


class hg_rhodecode(HgBrowser, xml=_B + "RhodeCode", plugin="mercurial"):
    """RhodeCode."""


class hg_web(HgBrowser, xml=_B + "HgWeb", plugin="mercurial"):
    """hgweb, which comes with Mercurial."""


class hg(Scm, xml="hudson.plugins.mercurial.MercurialSCM", plugin="mercurial"):
    """Sources from Mercurial: `hg("https://hg.example.com/app", revision="default", credentials="hg")`."""

    forms = {
        "jjb": Form(
            "source credentialsId revisionType revision subdir clean modules disableChangeLog browser "
            "installation"
        )
    }

    installation: str | None = text(default=None)
    url: str = text("source", first=True)
    modules: str = text(default="")
    revision_type: str = text(default="BRANCH", choices=("BRANCH", "TAG", "CHANGESET", "REVSET"))
    revision: str = text(default="default")
    subdirectory: str | None = text("subdir", default=None)
    clean: bool = flag(default=False)
    browser: Any = child(accepts=HgBrowser, default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    disable_changelog: bool = flag("disableChangeLog", default=False)


class repo(Scm, xml="hudson.plugins.repo.RepoScm", plugin="repo"):
    """Many git repositories by a manifest, as Android does: `repo("https://git.example.com/manifest")`."""

    forms = {
        "jjb": Form(
            "manifestRepositoryUrl jobs depth currentBranch resetFirst quiet forceSync noTags trace "
            "showAllChanges manifestBranch manifestFile manifestGroup destinationDir repoUrl "
            "mirrorDir localManifest ignoreProjects"
        )
    }

    url: str = text("manifestRepositoryUrl", first=True)
    manifest_file: str | None = text(default=None)
    group: str | None = text("manifestGroup", default=None)
    platform: str | None = text("manifestPlatform", default=None)
    repo_url: str | None = text(default=None)
    repo_branch: str | None = text(default=None)
    mirror: str | None = text("mirrorDir", default=None)
    branch: str | None = text("manifestBranch", default=None)
    jobs: int | str = number(default=0)
    depth: int | str = number(default=0, least=0)
    local_manifest: str | None = text(default=None)
    directory: str | None = text("destinationDir", default=None)
    current_branch: bool = flag(default=False)
    reset_first: bool = flag(default=False)
    clean_first: bool = flag(default=False)
    quiet: bool = flag(default=False)
    force_sync: bool = flag(default=False)
    trace: bool = flag(default=False)
    show_all_changes: bool = flag(default=False)
    no_tags: bool = flag(default=False)
    manifest_submodules: bool = flag(default=False)
    fetch_submodules: bool = flag(default=False)
    ignore_projects: Any = strings(default=None, attrs={"class": "linked-hash-set"})
    no_clone_bundle: bool = flag(default=False)
    worktree: bool = flag(default=False)
    no_sync: bool = flag(default=False)
    git_lfs: bool = flag(default=False)


class tfs(Scm, xml="hudson.plugins.tfs.TeamFoundationServerScm", plugin="tfs"):
    """Sources from Team Foundation Server's own version control (TFVC)."""

    server: str = text("serverUrl", first=True)
    path: str = text("projectPath", first=True)
    local_path: str = text(default=".")
    workspace_name: str = text(default="Hudson-${JOB_NAME}-${NODE_NAME}")
    password: str | None = secret_text("userPassword", default=None)
    user: str = text("userName", default="")
    update: bool = flag("useUpdate", default=True)
    browser: Any = raw("repositoryBrowser")


class rtc_build_type(Misc, xml="com.ibm.team.build.internal.hjplugin.RTCScm$BuildType", plugin="teamconcert"):
    """What `scm.rtc` builds: a build definition, or a repository workspace."""

    value: str = text(
        default="buildDefinition",
        choices=("buildDefinition", "buildWorkspace", "buildStream", "buildSnapshot"),
    )
    definition: str | None = text("buildDefinition", default=None)
    workspace: str | None = text("buildWorkspace", default=None)
    directory: str | None = text("loadDirectory", default=None)
    clear_directory: bool = flag("clearLoadDirectory", default=False)
    folders_for_components: bool = flag("createFoldersForComponents", default=False)
    accept_before_load: bool | None = flag(default=True)
    changelog_with_good_build: bool = flag("generateChangelogWithGoodBuild", default=False)
    snapshot_name: bool = flag("overrideDefaultSnapshotName", default=False)
    customized_snapshot_name: str = text(default="")
    load_policy: str | None = text(default=None)
    component_load: str | None = text("componentLoadConfig", default=None)
    dynamic_load_rules: bool = flag("useDynamicLoadRules", default=False)


class rtc(Scm, xml="com.ibm.team.build.internal.hjplugin.RTCScm", plugin="teamconcert"):
    """Sources from Rational Team Concert (Engineering Workflow Management).

    The plugin stores the contents of `build` a second time next to it; other fields go into `extra`.
    """

    override_global: bool = flag(default=False)
    timeout: int | str = number(default=0, least=0)
    build: Any = child("buildType", accepts=rtc_build_type, plain=True, first=True)
    build_type: str | None = text("buildTypeStr", default="buildDefinition")
    definition: str | None = text("buildDefinition", default=None)
    workspace: str | None = text("buildWorkspace", default=None)
    directory: str | None = text("loadDirectory", default=None)
    clear_directory: bool = flag("clearLoadDirectory", default=False)
    folders_for_components: bool = flag("createFoldersForComponents", default=False)
    accept_before_load: bool | None = flag(default=True)
    changelog_with_good_build: bool = flag("generateChangelogWithGoodBuild", default=False)
    avoid_toolkit: bool = flag("avoidUsingToolkit", default=False)
    snapshot_name: bool = flag("overrideDefaultSnapshotName", default=False)
    customized_snapshot_name: str = text(default="")
    load_policy: str | None = text(default=None)
    component_load: str | None = text("componentLoadConfig", default=None)
    dynamic_load_rules: bool = flag("useDynamicLoadRules", default=False)


class bzr(Scm, xml="hudson.plugins.bazaar.BazaarSCM", plugin="bazaar"):
    """Sources from Bazaar: `bzr("lp:project")`; `checkout` is heavyweight, a branch otherwise."""

    url: str = text("source", first=True)
    clean_tree: bool = flag("cleantree", default=False)
    checkout: bool = flag(default=False)
    browser: Any = raw()
