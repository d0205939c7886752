"""Filters that select the jobs of a list view, one after another (view job filters plugin)."""

from __future__ import annotations

from jobdsl.elements.fields import decimal, flag, number, text
from jobdsl.elements.slots import Misc

__all__ = [
    "all_jobs",
    "all_releases",
    "build_durations",
    "build_statuses",
    "build_trends",
    "by_enabled",
    "by_regex",
    "by_scm",
    "by_status",
    "by_type",
    "fallback",
    "most_recent",
    "of_other_view",
    "of_user",
    "releases",
    "secured",
    "unclassified",
    "up_and_downstream",
    "with_parameter",
    "with_permission",
]

_PLUGIN = "view-job-filters"
_MATCH = ("includeMatched", "includeUnmatched", "excludeMatched", "excludeUnmatched")


class JobFilter(Misc):
    """A step in the choice of jobs."""

    slot = "a filter of jobs (views.by_regex(), views.by_status(), ...)"


class _Matching(JobFilter):
    """What is done with the jobs that match."""

    match: str = text("includeExcludeTypeString", default="includeMatched", choices=_MATCH)


class _Trend(_Matching):
    """How many builds have to match."""

    builds: str = text("buildCountTypeString", default="Latest", choices=("Latest", "AtLeastOne", "All"))
    amount_type: str = text("amountTypeString", default="Hours", choices=("Hours", "Days", "Builds"))
    amount: float = decimal(default=0.0)


class all_jobs(JobFilter, xml="hudson.views.AllJobsFilter", plugin=_PLUGIN):
    """All jobs."""


class by_enabled(JobFilter, xml="hudson.views.StatusFilter"):
    """The jobs that are enabled, or with False the disabled ones, of those before it.

    `status_filter=` of a view stands for one after all other filters.
    """

    enabled: bool = flag("statusFilter", first=True)


class by_regex(_Matching, xml="hudson.views.RegExJobFilter", plugin=_PLUGIN):
    """Jobs whose name, description, source, node or schedule matches."""

    value: str = text(
        "valueTypeString",
        default="NAME",
        choices=("NAME", "FOLDER_NAME", "DESCRIPTION", "SCM", "EMAIL", "MAVEN", "SCHEDULE", "NODE"),
    )
    regex: str = text(first=True)
    name: bool | None = flag("matchName", default=None)
    full_name: bool | None = flag("matchFullName", default=None)
    display_name: bool | None = flag("matchDisplayName", default=None)
    full_display_name: bool | None = flag("matchFullDisplayName", default=None)


class by_status(_Matching, xml="hudson.views.JobStatusFilter", plugin=_PLUGIN):
    """Jobs by the result of their last build."""

    unstable: bool = flag(default=False)
    failed: bool = flag(default=False)
    aborted: bool = flag(default=False)
    disabled: bool = flag(default=False)
    stable: bool = flag(default=False)


class by_type(_Matching, xml="hudson.views.JobTypeFilter", plugin=_PLUGIN):
    """Jobs of one kind, by its class."""

    type: str = text("jobType", default="hudson.model.FreeStyleProject", first=True)


class by_scm(_Matching, xml="hudson.views.ScmTypeFilter", plugin=_PLUGIN):
    """Jobs of one kind of source repository, by its class."""

    type: str = text("scmType", default="hudson.plugins.git.GitSCM", first=True)


class build_statuses(_Matching, xml="hudson.views.BuildStatusFilter", plugin=_PLUGIN):
    """Jobs that were never built, are building, or are in the queue."""

    never_built: bool = flag(default=False)
    building: bool = flag(default=False)
    queued: bool = flag("inBuildQueue", default=False)


class build_trends(_Trend, xml="hudson.views.BuildTrendFilter", plugin=_PLUGIN):
    """Jobs by the status of several builds."""

    status: str = text("statusTypeString", default="Completed", first=True)


class build_durations(_Trend, xml="hudson.views.BuildDurationFilter", plugin=_PLUGIN):
    """Jobs whose builds take less or more than so many minutes."""

    less_than: bool = flag(default=True)
    minutes: float = decimal("buildDurationMinutes", default=0.0, first=True, least=0)


class most_recent(JobFilter, xml="hudson.views.MostRecentJobsFilter", plugin=_PLUGIN):
    """The jobs built last."""

    count: int | str = number("maxToInclude", default=0, first=True, least=0)
    by_start: bool = flag("checkStartTime", default=False)


class of_other_view(_Matching, xml="hudson.views.OtherViewsFilter", plugin=_PLUGIN):
    """Jobs another view shows."""

    view: str = text("otherViewName", first=True)


class with_parameter(_Matching, xml="hudson.views.ParameterFilter", plugin=_PLUGIN):
    """Jobs whose builds have a parameter that matches."""

    name: str = text("nameRegex", default="", first=True)
    value: str = text("valueRegex", default="")
    description: str = text("descriptionRegex", default="")
    default_value: bool = flag("useDefaultValue", default=True)
    in_progress: bool = flag("matchBuildsInProgress", default=False)
    all_builds: bool = flag("matchAllBuilds", default=False)
    max_builds: int | str = number("maxBuildsToMatch", default=0)


class secured(_Matching, xml="hudson.views.SecuredJobsFilter", plugin=_PLUGIN):
    """Jobs with permissions of their own."""


class with_permission(_Matching, xml="hudson.views.SecurityFilter", plugin=_PLUGIN):
    """Jobs one may configure, build, or see the workspace of."""

    configure: bool = flag(default=False)
    build: bool = flag(default=False)
    workspace: bool = flag(default=False)
    check: str = text("permissionCheckType", default="MustMatchAll", choices=("MustMatchAll", "AtLeastOne"))


class unclassified(_Matching, xml="hudson.views.UnclassifiedJobsFilter", plugin=_PLUGIN):
    """Jobs no other view shows."""


class up_and_downstream(JobFilter, xml="hudson.views.UpstreamDownstreamJobsFilter", plugin=_PLUGIN):
    """Jobs before and after those chosen so far."""

    downstream: bool = flag("includeDownstream", default=False)
    upstream: bool = flag("includeUpstream", default=False)
    recursive: bool = flag(default=False)
    without_originals: bool = flag("excludeOriginals", default=False)


class of_user(_Trend, xml="hudson.views.UserRelevanceFilter", plugin=_PLUGIN):
    """Jobs whose builds have to do with the user."""

    user_id: bool = flag("matchUserId", default=True)
    user_full_name: bool = flag("matchUserFullName", default=True)
    ignore_case: bool = flag(default=True)
    ignore_whitespace: bool = flag(default=True)
    ignore_non_alphanumeric: bool = flag("ignoreNonAlphaNumeric", default=True)
    builder: bool = flag("matchBuilder", default=True)
    email: bool = flag("matchEmail", default=True)
    changes: bool = flag("matchScmChanges", default=True)


class fallback(JobFilter, xml="hudson.views.AddRemoveFallbackFilter", plugin=_PLUGIN):
    """What is shown when no job is left."""

    type: str = text("fallbackTypeString", default="REMOVE_ALL_IF_ALL_INCLUDED", first=True)
    again: str = text("fallbackType", default="REMOVE_ALL_IF_ALL_INCLUDED")


class releases(JobFilter, xml="hudson.plugins.release.ReleaseJobsFilter", plugin="release"):
    """Jobs that can be released."""


class all_releases(JobFilter, xml="hudson.plugins.release.AllReleaseJobsFilter", plugin="release"):
    """All jobs that can be released."""
