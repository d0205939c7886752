"""Which jobs a rule means, by name, class, and the user who started them: parts of job restrictions."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, flag, text
from jobdsl.elements.slots import Misc

__all__ = [
    "Restriction",
    "restrict_all_of",
    "restrict_and",
    "restrict_any_job",
    "restrict_class",
    "restrict_class_name",
    "restrict_group",
    "restrict_group_name",
    "restrict_name",
    "restrict_not",
    "restrict_one_of",
    "restrict_or",
    "restrict_user",
    "restrict_user_name",
]

_PLUGIN = "job-restrictions"
_R = "com.synopsys.arc.jenkinsci.plugins.jobrestrictions."


class Restriction(Misc):
    """A rule that a job fits or does not."""

    slot = "a restriction of jobs (misc.restrict_name, misc.restrict_user, ...)"


class restrict_name(Restriction, xml=_R + "restrictions.job.RegexNameRestriction", plugin=_PLUGIN):
    """Jobs whose full name, or name alone, matches."""

    regex: str = text("regexExpression", first=True)
    short_name: bool = flag("checkShortName", default=False)


class restrict_class_name(Misc, xml="io.jenkins.plugins.jobrestrictions.util.ClassSelector", plugin=_PLUGIN):
    """A class of jobs."""

    name: str | None = text("selectedClass", default=None, first=True)


class restrict_class(
    Restriction,
    xml="io.jenkins.plugins.jobrestrictions.restrictions.job.JobClassNameRestriction",
    plugin=_PLUGIN,
):
    """Jobs of these classes: `restrict_class(["hudson.model.FreeStyleProject"])`."""

    classes: Any = children(
        "jobClasses", accepts=restrict_class_name, convert=restrict_class_name, first=True
    )


class restrict_user_name(Misc, xml=_R + "util.UserSelector", plugin=_PLUGIN):
    """A user."""

    id: str | None = text("selectedUserId", default=None, first=True)


class restrict_user(Restriction, xml=_R + "restrictions.job.StartedByUserRestriction", plugin=_PLUGIN):
    """Builds these users started."""

    upstream: bool = flag("checkUpstreamProjects", default=False)
    users: Any = children("usersList", accepts=restrict_user_name, convert=restrict_user_name, first=True)
    automatic: bool = flag("acceptAutomaticRuns", default=False)
    anonymous: bool = flag("acceptAnonymousUsers", default=False)


class restrict_group_name(Misc, xml=_R + "util.GroupSelector", plugin=_PLUGIN):
    """A group of users."""

    id: str | None = text("selectedGroupId", default=None, first=True)


class restrict_group(
    Restriction, xml=_R + "restrictions.job.StartedByMemberOfGroupRestriction", plugin=_PLUGIN
):
    """Builds that members of these groups started."""

    upstream: bool = flag("checkUpstreamProjects", default=False)
    groups: Any = children("groupList", accepts=restrict_group_name, convert=restrict_group_name, first=True)


class restrict_any_job(Restriction, xml=_R + "restrictions.logic.AnyJobRestriction", plugin=_PLUGIN):
    """Every job."""


class restrict_not(Restriction, xml=_R + "restrictions.logic.NotJobRestriction", plugin=_PLUGIN):
    """Jobs that do not fit."""

    restriction: Any = child(accepts=Restriction, first=True)


class _Two(Restriction):
    """What two rules joined have."""

    left: Any = child("first", accepts=Restriction, first=True)
    right: Any = child("second", accepts=Restriction, first=True)


class restrict_and(_Two, xml=_R + "restrictions.logic.AndJobRestriction", plugin=_PLUGIN):
    """Jobs that fit both rules."""


class restrict_or(_Two, xml=_R + "restrictions.logic.OrJobRestriction", plugin=_PLUGIN):
    """Jobs that fit either rule."""


class restrict_all_of(Restriction, xml=_R + "restrictions.logic.MultipleAndJobRestriction", plugin=_PLUGIN):
    """Jobs that fit all rules."""

    restrictions: Any = children(accepts=Restriction, first=True)


class restrict_one_of(Restriction, xml=_R + "restrictions.logic.MultipleOrJobRestriction", plugin=_PLUGIN):
    """Jobs that fit one of the rules."""

    restrictions: Any = children(accepts=Restriction, first=True)
