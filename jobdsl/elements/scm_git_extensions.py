"""How a git checkout is done: the extensions of the git plugin."""

from __future__ import annotations

from typing import Any, ClassVar

from jobdsl.documents.tree import Node
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, computed, flag, meta, number, text
from jobdsl.elements.kinds import TextField, Unfit
from jobdsl.elements.slots import Misc, Trait

__all__ = [
    "GitExtension",
    "ancestry_chooser",
    "author_in_changelog",
    "build_chooser",
    "changelog_options",
    "changelog_to_branch",
    "checkout",
    "clean_before_checkout",
    "clean_checkout",
    "clone",
    "default_chooser",
    "exclude_messages",
    "exclude_users",
    "first_build_changelog",
    "gerrit_chooser",
    "identity",
    "ignore_push",
    "inverse_chooser",
    "lfs_pull",
    "local_branch",
    "merge_before_build",
    "merge_options",
    "no_remote_poll",
    "poll_paths",
    "prune_branches",
    "prune_tags",
    "scm_name",
    "single_revision",
    "source_defaults",
    "sparse_checkout",
    "sparse_path",
    "subdirectory",
    "submodules",
    "tag_builds",
    "wipe_workspace",
]

_P = "hudson.plugins.git.extensions.impl."
_TEXT = TextField("").check
_PERHAPS = TextField("", default=None).check
_FAST_FORWARD = ("FF", "FF_ONLY", "NO_FF")


class GitExtension(Misc):
    """Something that changes how git is used."""

    slot = "a git extension (scm.clone, scm.submodules, ...)"
    carrier: ClassVar[type[Trait] | None] = None
    """The trait that brings it to a branch source, where there is one."""


class author_in_changelog(GitExtension, xml=_P + "AuthorInChangelog", plugin="git"):
    """Show the author of a commit in the list of changes, not the committer."""


class changelog_options(Misc, xml="hudson.plugins.git.ChangelogToBranchOptions", plugin="git"):
    """What `changelog_to_branch` compares with."""

    remote: str = text("compareRemote")
    branch: str = text("compareTarget")


class changelog_to_branch(GitExtension, xml=_P + "ChangelogToBranch", plugin="git"):
    """Show the changes since a branch, not since the build before."""

    branch: str = meta(_TEXT, first=True)
    remote: str = meta(_TEXT, default="origin")
    _options = computed("options", child(accepts=changelog_options, plain=True), "_compared")

    def _compared(self) -> changelog_options:
        return changelog_options(remote=self.remote, branch=self.branch)

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        return _flat(changelog_options, node) if tag == "options" else {}


class checkout(GitExtension, xml=_P + "CheckoutOption", plugin="git"):
    """Give up a checkout after that many minutes."""

    timeout: int | str | None = number(default=None, first=True, least=0)


class clean_before_checkout(GitExtension, xml=_P + "CleanBeforeCheckout", plugin="git"):
    """Remove files git does not track before every checkout; `nested` takes untracked repositories too."""

    nested: bool = flag("deleteUntrackedNestedRepositories", default=False)


class clean_checkout(GitExtension, xml=_P + "CleanCheckout", plugin="git"):
    """Remove files git does not track after every checkout; `nested` takes untracked repositories too."""

    nested: bool = flag("deleteUntrackedNestedRepositories", default=False)


class clone(GitExtension, xml=_P + "CloneOption", plugin="git"):
    """How it is cloned: shallow to a `depth`, without tags, from a `reference` repository, within minutes."""

    forms = {"jjb": Form("shallow depth reference noTags? timeout honorRefspec?")}

    shallow: bool = flag(default=False)
    no_tags: bool = flag(default=False)
    reference: str | None = text(default=None)
    timeout: int | str | None = number(default=None, least=0)
    depth: int | str | None = number(default=None, least=0)
    honor_refspec: bool = flag(default=False)


class no_remote_poll(GitExtension, xml=_P + "DisableRemotePoll", plugin="git"):
    """Poll in a workspace, which some exclusions need."""


class first_build_changelog(GitExtension, xml=_P + "FirstBuildChangelog", plugin="git"):
    """Show changes for the first build of a branch."""

    make_changelog: bool = flag(default=True)


class lfs_pull(GitExtension, xml=_P + "GitLFSPull", plugin="git"):
    """Pull the files of git LFS after checkout."""


class ignore_push(GitExtension, xml=_P + "IgnoreNotifyCommit", plugin="git"):
    """Do not build when the server announces a commit."""


class local_branch(GitExtension, xml=_P + "LocalBranch", plugin="git"):
    """Check out a branch of that name; `**` or nothing takes the remote branch's own name."""

    name: str | None = text("localBranch", default=None, first=True)


class exclude_messages(GitExtension, xml=_P + "MessageExclusion", plugin="git"):
    """Polling ignores commits whose message fits this regular expression."""

    pattern: str = text("excludedMessage", first=True)


class poll_paths(GitExtension, xml=_P + "PathRestriction", plugin="git"):
    """Poll these paths only: regular expressions, one a line."""

    forms = {"jjb": Form("includedRegions? excludedRegions?")}

    included: str = text("includedRegions", default="", first=True)
    excluded: str = text("excludedRegions", default="")


class tag_builds(GitExtension, xml=_P + "PerBuildTag", plugin="git"):
    """Make a tag for every build."""


class merge_options(Misc, xml="hudson.plugins.git.UserMergeOptions", plugin="git"):
    """What `merge_before_build` merges."""

    remote: str | None = text("mergeRemote", default=None)
    branch: str = text("mergeTarget")
    strategy: str | None = text("mergeStrategy", default=None)
    fast_forward: str | None = text("fastForwardMode", default=None, choices=_FAST_FORWARD)


class merge_before_build(GitExtension, xml=_P + "PreBuildMerge", plugin="git"):
    """Merge into this branch before building, to see whether it would work."""

    branch: str = meta(_TEXT, first=True)
    remote: str | None = meta(_PERHAPS, default="origin")
    strategy: str | None = meta(_PERHAPS, default="default")
    fast_forward: str | None = meta(TextField("", _FAST_FORWARD, default=None).check, default="FF")
    _options = computed("options", child(accepts=merge_options, plain=True), "_merge")

    def _merge(self) -> merge_options:
        return merge_options(
            remote=self.remote, branch=self.branch, strategy=self.strategy, fast_forward=self.fast_forward
        )

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        return _flat(merge_options, node) if tag == "options" else {}


class prune_branches(GitExtension, xml=_P + "PruneStaleBranch", plugin="git"):
    """Forget remote branches that are gone."""


class prune_tags(GitExtension, xml=_P + "PruneStaleTag", plugin="git"):
    """Forget tags that are gone."""

    prune: bool = flag("pruneTags", default=True)


class subdirectory(GitExtension, xml=_P + "RelativeTargetDirectory", plugin="git"):
    """Check out into a directory below the workspace."""

    path: str = text("relativeTargetDir", first=True)


class scm_name(GitExtension, xml=_P + "ScmName", plugin="git"):
    """A name that distinguishes several checkouts of one job."""

    name: str = text(first=True)


class sparse_path(Misc, xml=_P + "SparseCheckoutPath", plugin="git"):
    """One path of a sparse checkout."""

    path: str = text(first=True)


class sparse_checkout(GitExtension, xml=_P + "SparseCheckoutPaths", plugin="git"):
    """Check out these paths only: `sparse_checkout(["docs", "src/app"])`."""

    paths: Any = children("sparseCheckoutPaths", accepts=sparse_path, convert=sparse_path, first=True)


class submodules(GitExtension, xml=_P + "SubmoduleOption", plugin="git"):
    """What happens with submodules; `timeout` is in minutes."""

    forms = {
        "jjb": Form(
            "disableSubmodules recursiveSubmodules trackingSubmodules parentCredentials reference timeout "
            "threads shallow? depth"
        ),
    }

    disable: bool = flag("disableSubmodules", default=False)
    recursive: bool = flag("recursiveSubmodules", default=False)
    tracking: bool = flag("trackingSubmodules", default=False)
    reference: str | None = text(default="")
    parent_credentials: bool = flag(default=False)
    timeout: int | str | None = number(default=None, least=0)
    shallow: bool = flag(default=False)
    depth: int | str | None = number(default=None, least=0)
    threads: int | str | None = number(default=None, least=0)


class exclude_users(GitExtension, xml=_P + "UserExclusion", plugin="git"):
    """Polling ignores commits of these users, one a line."""

    users: str = text("excludedUsers", first=True)


class identity(GitExtension, xml=_P + "UserIdentity", plugin="git"):
    """The identity for commits and tags in this build."""

    name: str = text(default="")
    email: str = text(default="")


class wipe_workspace(GitExtension, xml=_P + "WipeWorkspace", plugin="git"):
    """Delete the workspace and clone afresh for every build."""


class source_defaults(GitExtension, xml="jenkins.plugins.git.GitSCMSourceDefaults", plugin="git"):
    """What branch sources add to the git of the jobs they make."""

    include_tags: bool = flag(default=False)


class single_revision(GitExtension, xml=_P + "BuildSingleRevisionOnly", plugin="git"):
    """Build one revision even where several branches have changed."""


class GitChooser(Misc):
    """Which of several candidates is built."""

    slot = "a build chooser (scm.gerrit_chooser, ...)"


class default_chooser(GitChooser, xml="hudson.plugins.git.util.DefaultBuildChooser", plugin="git"):
    """The branches that were named."""


class inverse_chooser(GitChooser, xml="hudson.plugins.git.util.InverseBuildChooser", plugin="git"):
    """Every branch but those that were named."""


class ancestry_chooser(GitChooser, xml="hudson.plugins.git.util.AncestryBuildChooser", plugin="git"):
    """Branches younger than `days`, or that descend from a `commit`."""

    days: int | str | None = number("maximumAgeInDays", default=None, least=0)
    commit: str | None = text("ancestorCommitSha1", default=None)


class gerrit_chooser(
    GitChooser,
    xml="com.sonyericsson.hudson.plugins.gerrit.trigger.hudsontrigger.GerritTriggerBuildChooser",
    plugin="gerrit-trigger",
):
    """The change that started `triggers.gerrit`."""

    separator: str | None = text(default=None)


class build_chooser(GitExtension, xml=_P + "BuildChooserSetting", plugin="git"):
    """Which revision is built; a job with `triggers.gerrit` wants `scm.gerrit_chooser()`."""

    chooser: Any = child("buildChooser", accepts=GitChooser, default=gerrit_chooser(), first=True)


def _flat(part: type[Misc], node: Node) -> dict[str, Any]:
    """Return the fields of a plain part as arguments of what holds it. Raises Unfit."""
    value = child(accepts=part, plain=True).read(node)
    if value.layout is not None or value.extra:
        raise Unfit
    return {name: getattr(value, name) for name in value._fields}
