"""What branches of a multibranch job share: their properties, and when they are built."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, number, text
from jobdsl.elements.misc import keep
from jobdsl.elements.slots import Misc, Source
from jobdsl.elements.sources_fields import array

__all__ = [
    "BranchProperty",
    "BuildStrategy",
    "all_branches_same",
    "all_of",
    "any_of",
    "branch_source",
    "build_branches",
    "build_change_requests",
    "build_named",
    "build_on_comment",
    "build_on_label",
    "build_on_review",
    "build_on_update",
    "build_tags",
    "durability",
    "keep_builds",
    "name_is",
    "name_like",
    "name_matches",
    "named",
    "named_exceptions",
    "no_trigger",
    "none_of",
    "rate_limit",
    "skip_first_indexing",
    "untrusted",
]


class BranchProperty(Misc):
    """A property of every job a branch source makes."""

    slot = "a branch property (sources.no_trigger, sources.durability, ...)"


class no_trigger(BranchProperty, xml="jenkins.branch.NoTriggerBranchProperty", plugin="branch-api"):
    """Do not build by itself, except branches whose name fits `allowed`; by hand it still builds."""

    allowed: str | None = text("triggeredBranchesRegex", default=None)
    suppress: str | None = text("strategy", default=None, choices=("NONE", "INDEXING", "EVENTS"))


class rate_limit(BranchProperty, xml="jenkins.branch.RateLimitBranchProperty", plugin="branch-api"):
    """At most so many builds in a time: `rate_limit(4, "hour")`."""

    per: str = text(
        "durationName", default="hour", choices=("second", "minute", "hour", "day", "week", "month", "year")
    )
    count: int | str = number(first=True, least=0)
    user_boost: bool = flag(default=False)


class keep_builds(BranchProperty, xml="jenkins.branch.BuildRetentionBranchProperty", plugin="branch-api"):
    """How long builds of a branch are kept."""

    keep: Any = child("buildDiscarder", accepts=Misc, first=True, default=keep())


class durability(
    BranchProperty,
    xml="org.jenkinsci.plugins.workflow.multibranch.DurabilityHintBranchProperty",
    plugin="workflow-multibranch",
):
    """How much of a running Pipeline survives a crash of the controller."""

    hint: str = text(
        first=True, choices=("PERFORMANCE_OPTIMIZED", "SURVIVABLE_NONATOMIC", "MAX_SURVIVABILITY")
    )


class untrusted(BranchProperty, xml="jenkins.branch.UntrustedBranchProperty", plugin="branch-api"):
    """Do not trust the contents of these branches."""


class _OnRequest(BranchProperty):
    """What of a GitHub pull request starts a build of it."""

    allow_untrusted: bool = flag(default=False)
    minimum_permissions: str | None = text(default=None, choices=("NONE", "READ", "WRITE", "ADMIN"))


_COMMENT = "com.adobe.jenkins.github_pr_comment_build."


class build_on_comment(
    _OnRequest, xml=_COMMENT + "TriggerPRCommentBranchProperty", plugin="github-pr-comment-build"
):
    """Build a pull request when a comment fits this regular expression."""

    pattern: str = text("commentBody", first=True)
    add_reaction: bool = flag(default=False)


class build_on_update(
    _OnRequest, xml=_COMMENT + "TriggerPRUpdateBranchProperty", plugin="github-pr-comment-build"
):
    """Build a pull request when its title or description changes."""


class build_on_review(
    _OnRequest, xml=_COMMENT + "TriggerPRReviewBranchProperty", plugin="github-pr-comment-build"
):
    """Build a pull request when it is reviewed."""


class build_on_label(
    _OnRequest, xml=_COMMENT + "TriggerPRLabelBranchProperty", plugin="github-pr-comment-build"
):
    """Build a pull request when it gets this label."""

    label: str = text(first=True)


class _PropertyStrategy(Misc):
    """Which branch has which properties."""

    slot = "all_branches_same(...) or named_exceptions(...)"


class all_branches_same(
    _PropertyStrategy, xml="jenkins.branch.DefaultBranchPropertyStrategy", plugin="branch-api"
):
    """Every branch has the same properties."""

    properties: Any = array("properties", "jenkins.branch.BranchProperty", BranchProperty, first=True)


class named(Misc, xml="jenkins.branch.NamedExceptionsBranchPropertyStrategy$Named", plugin="branch-api"):
    """Branches by name (with *) and what properties they have instead."""

    forms = {"jjb": Form("name props")}

    properties: Any = array("props", "jenkins.branch.BranchProperty", BranchProperty)
    name: str = text(first=True)


class named_exceptions(
    _PropertyStrategy, xml="jenkins.branch.NamedExceptionsBranchPropertyStrategy", plugin="branch-api"
):
    """Branches have the usual properties, or those of the first exception that names them."""

    default: Any = array("defaultProperties", "jenkins.branch.BranchProperty", BranchProperty)
    exceptions: Any = array(
        "namedExceptions", "jenkins.branch.NamedExceptionsBranchPropertyStrategy$Named", named, first=True
    )


class BuildStrategy(Misc):
    """When a branch that was found or has changed is built by itself."""

    slot = "a build strategy (sources.build_tags, ...)"


_BASIC = "jenkins.branch.buildstrategies.basic."
_PLUGIN = "basic-branch-build-strategies"


class build_branches(BuildStrategy, xml=_BASIC + "BranchBuildStrategyImpl", plugin=_PLUGIN):
    """Build branches."""


class build_change_requests(BuildStrategy, xml=_BASIC + "ChangeRequestBuildStrategyImpl", plugin=_PLUGIN):
    """Build pull requests."""

    ignore_target_only_changes: bool = flag(default=False)
    ignore_untrusted_changes: bool = flag(default=False)


class build_tags(BuildStrategy, xml=_BASIC + "TagBuildStrategyImpl", plugin=_PLUGIN):
    """Build tags of that age in milliseconds; -1 is no limit. Else tags are never built by themselves."""

    forms = {"jjb": Form("atMostMillis atLeastMillis")}

    at_least: int | str = number("atLeastMillis", default=-1)
    at_most: int | str = number("atMostMillis", default=-1)


class skip_first_indexing(
    BuildStrategy, xml=_BASIC + "SkipInitialBuildOnFirstBranchIndexing", plugin=_PLUGIN
):
    """Do not build a branch just because it was found for the first time."""


class _NameFilter(Misc):
    """A name a branch may have."""

    slot = "a name filter (sources.name_is, sources.name_like, sources.name_matches)"


class name_is(_NameFilter, xml=_BASIC + "NamedBranchBuildStrategyImpl$ExactNameFilter", plugin=_PLUGIN):
    """This very name."""

    name: str = text(first=True)
    case_sensitive: bool = flag(default=False)


class name_matches(_NameFilter, xml=_BASIC + "NamedBranchBuildStrategyImpl$RegexNameFilter", plugin=_PLUGIN):
    """Names that fit a regular expression."""

    regex: str = text(default="^.*$", first=True)
    case_sensitive: bool = flag(default=False)


class name_like(_NameFilter, xml=_BASIC + "NamedBranchBuildStrategyImpl$WildcardsNameFilter", plugin=_PLUGIN):
    """Names with * in them, separated by blanks."""

    includes: str = text(default="*", first=True)
    excludes: str = text(default="")
    case_sensitive: bool = flag(default=False)


class build_named(BuildStrategy, xml=_BASIC + "NamedBranchBuildStrategyImpl", plugin=_PLUGIN):
    """Build branches by name: `build_named(["main", sources.name_like("release-*")])`."""

    filters: Any = children(accepts=_NameFilter, convert=name_is, first=True)


class all_of(BuildStrategy, xml=_BASIC + "AllBranchBuildStrategyImpl", plugin=_PLUGIN):
    """Build where all of these would."""

    strategies: Any = children(accepts=BuildStrategy, first=True)


class any_of(BuildStrategy, xml=_BASIC + "AnyBranchBuildStrategyImpl", plugin=_PLUGIN):
    """Build where any of these would."""

    strategies: Any = children(accepts=BuildStrategy, first=True)


class none_of(BuildStrategy, xml=_BASIC + "NoneBranchBuildStrategyImpl", plugin=_PLUGIN):
    """Build where none of these would."""

    strategies: Any = children(accepts=BuildStrategy, first=True)


class branch_source(Source, xml="jenkins.branch.BranchSource", plugin="branch-api"):
    """A source of branches with what its branches share. A source alone may stand in its place."""

    source: Any = child(accepts=Source, first=True)
    strategy: Any = child(accepts=_PropertyStrategy, default=all_branches_same())
    build_strategies: Any = children(accepts=BuildStrategy, default=None)

    def with_id(self, identity: str) -> branch_source:
        """Return the same with that id, where the source is to have one made."""
        if getattr(self.source, "id", None) != "":
            return self
        changed: branch_source = self.but(source=self.source.but(id=identity))
        return changed
