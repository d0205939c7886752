"""Branches from git, and the traits of every source that checks out with git."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jobdsl.elements import scm_git_extensions as ext
from jobdsl.elements.fields import child, children, credentials_id, text
from jobdsl.elements.scm_git_browsers import GitBrowser
from jobdsl.elements.slots import Misc, Scm, Source, Trait
from jobdsl.elements.sources_fields import identity as identity_field
from jobdsl.elements.sources_fields import trait_list
from jobdsl.elements.untyped import Value

__all__ = [
    "ExtensionTrait",
    "IdentifiedSource",
    "TraitedSource",
    "author_in_changelog",
    "branches",
    "browser",
    "checkout",
    "clean_after_checkout",
    "clean_before_checkout",
    "clone",
    "first_build_changelog",
    "git",
    "git_tool",
    "identity",
    "ignore_push",
    "lfs_pull",
    "local_branch",
    "other_refs",
    "prune_branches",
    "prune_tags",
    "refspec",
    "refspecs",
    "regex_filter",
    "remote_name",
    "request_regex_filter",
    "request_wildcard_filter",
    "single",
    "sparse_checkout",
    "submodules",
    "tags",
    "wildcard_filter",
    "wipe_workspace",
]

_T = "jenkins.plugins.git.traits."


class IdentifiedSource(Source):
    """A source with an id, by which Jenkins knows it again; where none is given, a stable one is made."""

    id: str | None = identity_field()

    @classmethod
    def _from(cls, values: Mapping[str, Any], layout: str | None, extra: Mapping[str, Value]) -> Any:
        """Return the value; a source read from a document without an id stays without."""
        return super()._from({"id": None, **values}, layout, extra)


class TraitedSource(IdentifiedSource):
    """A source whose traits select what is found; git extensions may be listed among them."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments, with git extensions instead of the traits that carry them."""
        return plain_traits(super().arguments())


def plain_traits(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments with git extensions instead of the traits that carry them."""
    if "traits" in arguments:
        arguments["traits"] = tuple(
            trait.bare() if isinstance(trait, ExtensionTrait) else trait for trait in arguments["traits"]
        )
    return arguments


class ExtensionTrait(Trait):
    """A trait that carries a git extension; writing the extension itself among the traits is the same."""

    carries: ClassVar[type[ext.GitExtension]]

    extension: Any = child(accepts=ext.GitExtension, first=True)

    def bare(self) -> Any:
        """Return the extension where the trait has nothing else, else the trait itself."""
        usual = type(self.extension) is self.carries and not self.layout and not self.extra
        return self.extension if usual else self


class author_in_changelog(ExtensionTrait, xml=_T + "AuthorInChangelogTrait", plugin="git"):
    """Carries `scm.author_in_changelog`."""

    carries = ext.author_in_changelog


class checkout(ExtensionTrait, xml=_T + "CheckoutOptionTrait", plugin="git"):
    """Carries `scm.checkout`."""

    carries = ext.checkout


class clean_after_checkout(ExtensionTrait, xml=_T + "CleanAfterCheckoutTrait", plugin="git"):
    """Carries `scm.clean_checkout`."""

    carries = ext.clean_checkout


class clean_before_checkout(ExtensionTrait, xml=_T + "CleanBeforeCheckoutTrait", plugin="git"):
    """Carries `scm.clean_before_checkout`."""

    carries = ext.clean_before_checkout


class clone(ExtensionTrait, xml=_T + "CloneOptionTrait", plugin="git"):
    """Carries `scm.clone`."""

    carries = ext.clone


class first_build_changelog(ExtensionTrait, xml=_T + "FirstBuildChangelogTrait", plugin="git"):
    """Carries `scm.first_build_changelog`."""

    carries = ext.first_build_changelog


class lfs_pull(ExtensionTrait, xml=_T + "GitLFSPullTrait", plugin="git"):
    """Carries `scm.lfs_pull`."""

    carries = ext.lfs_pull


class local_branch(ExtensionTrait, xml=_T + "LocalBranchTrait", plugin="git"):
    """Carries `scm.local_branch`."""

    carries = ext.local_branch


class prune_branches(ExtensionTrait, xml=_T + "PruneStaleBranchTrait", plugin="git"):
    """Carries `scm.prune_branches`."""

    carries = ext.prune_branches


class prune_tags(ExtensionTrait, xml=_T + "PruneStaleTagTrait", plugin="git"):
    """Carries `scm.prune_tags`."""

    carries = ext.prune_tags


class sparse_checkout(ExtensionTrait, xml=_T + "SparseCheckoutPathsTrait", plugin="git"):
    """Carries `scm.sparse_checkout`."""

    carries = ext.sparse_checkout


class submodules(ExtensionTrait, xml=_T + "SubmoduleOptionTrait", plugin="git"):
    """Carries `scm.submodules`."""

    carries = ext.submodules


class identity(ExtensionTrait, xml=_T + "UserIdentityTrait", plugin="git"):
    """Carries `scm.identity`."""

    carries = ext.identity


class wipe_workspace(ExtensionTrait, xml=_T + "WipeWorkspaceTrait", plugin="git"):
    """Carries `scm.wipe_workspace`."""

    carries = ext.wipe_workspace


for _carrier in ExtensionTrait.__subclasses__():
    _carrier.carries.carrier = _carrier


class branches(Trait, xml=_T + "BranchDiscoveryTrait", plugin="git"):
    """Find branches of plain git."""


class tags(Trait, xml=_T + "TagDiscoveryTrait", plugin="git"):
    """Find tags of plain git."""


class other_refs(Trait, xml=_T + "DiscoverOtherRefsTrait", plugin="git"):
    """Find other refs: `other_refs("pull/*/head", "PR-@{1}")`."""

    ref: str = text(first=True)
    name: str | None = text("nameMapping", default=None, first=True)


class ignore_push(Trait, xml=_T + "IgnoreOnPushNotificationTrait", plugin="git"):
    """Ignore announcements of pushes."""


class git_tool(Trait, xml=_T + "GitToolSCMSourceTrait", plugin="git"):
    """Which git installation is used."""

    tool: str = text("gitTool", first=True)


class browser(Trait, xml=_T + "GitBrowserSCMSourceTrait", plugin="git"):
    """The browser of the repository."""

    browser: Any = child(accepts=GitBrowser, first=True)


class remote_name(Trait, xml=_T + "RemoteNameSCMSourceTrait", plugin="git"):
    """What the remote is called, instead of origin."""

    name: str = text("remoteName", first=True)


class refspec(Misc, xml=_T + "RefSpecsSCMSourceTrait$RefSpecTemplate", plugin="git"):
    """One refspec; `@{remote}` stands for the remote's name."""

    value: str = text(first=True)


class refspecs(Trait, xml=_T + "RefSpecsSCMSourceTrait", plugin="git"):
    """What is fetched: `refspecs(["+refs/heads/*:refs/remotes/@{remote}/*"])`."""

    templates: Any = children(accepts=refspec, convert=refspec, first=True)


class regex_filter(Trait, xml="jenkins.scm.impl.trait.RegexSCMHeadFilterTrait", plugin="scm-api"):
    """Only branches, tags and pull requests whose name fits this regular expression."""

    regex: str = text(default=".*", first=True)


class wildcard_filter(Trait, xml="jenkins.scm.impl.trait.WildcardSCMHeadFilterTrait", plugin="scm-api"):
    """Only names that fit `includes` and not `excludes`: with *, separated by blanks."""

    includes: str = text(default="*", first=True)
    excludes: str = text(default="")


_BY_TARGET = "scm-filter-branch-pr"


class request_regex_filter(
    Trait, xml="net.gleske.scmfilter.impl.trait.RegexSCMHeadFilterTrait", plugin=_BY_TARGET
):
    """Only branches, and pull requests into branches, that fit; tags by an expression of their own."""

    regex: str = text(default=".*", first=True)
    tag_regex: str = text(default="")


class request_wildcard_filter(
    Trait, xml="net.gleske.scmfilter.impl.trait.WildcardSCMHeadFilterTrait", plugin=_BY_TARGET
):
    """Only branches, and pull requests into branches, that fit; tags by patterns of their own."""

    includes: str = text(default="*", first=True)
    excludes: str = text(default="")
    tag_includes: str = text(default="")
    tag_excludes: str = text(default="*")


class git(TraitedSource, xml="jenkins.plugins.git.GitSCMSource", plugin="git"):
    """Branches of a git repository: `git("https://git.example.com/app.git", credentials="git")`.

    `traits` select what is found and how it is checked out: `[sources.branches(), sources.tags(),
    sources.wildcard_filter("main release-*"), scm.clone(shallow=True)]`. Where no `id` is given, a stable one
    is made.
    """

    remote: str = text(first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    traits: Any = trait_list(default=(branches(),))


class single(IdentifiedSource, xml="jenkins.scm.impl.SingleSCMSource", plugin="scm-api"):
    """One branch of any version control: `single("main", scm.git(...))`."""

    name: str = text(first=True)
    scm: Any = child(accepts=Scm, first=True)
