"""The columns of list views; a column without settings may be named: `columns=["status", "job"]`."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import flag, number, raw, text
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError, suggestion

__all__ = [
    "all_statuses",
    "branch_description",
    "build_button",
    "build_description",
    "build_duration",
    "build_parameters",
    "built_on",
    "claims",
    "compact_success_and_failure",
    "configure_button",
    "console_view",
    "cron",
    "cron_view",
    "custom_icon",
    "disable_button",
    "favorite",
    "findbugs_count",
    "git_branches",
    "indented_job",
    "iq_quality",
    "issues_total",
    "jacoco_coverage",
    "job",
    "job_description",
    "job_kind",
    "job_type",
    "label",
    "last_build",
    "last_configured",
    "last_console",
    "last_duration",
    "last_failure",
    "last_failure_version",
    "last_node",
    "last_stable",
    "last_success",
    "last_success_version",
    "name_color",
    "next_execution",
    "next_possible_execution",
    "node_name",
    "number_of_builds",
    "priority",
    "progress_bar",
    "release_button",
    "robot_results",
    "schedule_button",
    "scm_type",
    "status",
    "test_results",
    "user_name",
    "weather",
    "workspace_link",
]


class Column(Misc):
    """A column of a list view."""

    slot = "a column (views.status(), views.job(), ... or their names)"


def column_named(word: Any) -> Any:
    """From a column's name to the column: `"last_success"` is `last_success()`."""
    column = globals().get(word) if isinstance(word, str) and word in __all__ else None
    if isinstance(column, type) and issubclass(column, Column):
        return column()
    hint = suggestion(str(word), __all__) or "for example status, weather, job, last_success"
    raise DslError(f"does not know the column {word!r}", hint=hint)


class status(Column, xml="hudson.views.StatusColumn"):
    """The colour of the last build."""


class weather(Column, xml="hudson.views.WeatherColumn"):
    """The health of the job."""


class job(Column, xml="hudson.views.JobColumn"):
    """The job's name."""


class last_success(Column, xml="hudson.views.LastSuccessColumn"):
    """When the last good build was."""


class last_failure(Column, xml="hudson.views.LastFailureColumn"):
    """When the last failed build was."""


class last_stable(Column, xml="hudson.views.LastStableColumn"):
    """When the last stable build was."""


class last_duration(Column, xml="hudson.views.LastDurationColumn"):
    """How long the last build took."""


class build_button(Column, xml="hudson.views.BuildButtonColumn"):
    """A button that starts a build."""


class branch_description(Column, xml="jenkins.branch.DescriptionColumn", plugin="branch-api"):
    """The job's description."""


class git_branches(Column, xml="hudson.plugins.git.GitBranchSpecifierColumn", plugin="git"):
    """The branches the job builds."""


class robot_results(Column, xml="hudson.plugins.robot.view.RobotListViewColumn", plugin="robot"):
    """Robot Framework results."""


class findbugs_count(Column, xml="hudson.plugins.findbugs.FindBugsColumn", plugin="findbugs"):
    """How many FindBugs warnings there are."""


class jacoco_coverage(Column, xml="hudson.plugins.jacococoveragecolumn.JaCoCoColumn", plugin="jacoco"):
    """JaCoCo's line coverage."""


class number_of_builds(
    Column, xml="hudson.plugins.projectstats.column.NumBuildsColumn", plugin="project-stats-plugin"
):
    """How many builds there are."""


class custom_icon(Column, xml="jenkins.plugins.jobicon.CustomIconColumn", plugin="custom-job-icon"):
    """The job's icon."""


class progress_bar(
    Column, xml="org.jenkins.ci.plugins.progress_bar.ProgressBarColumn", plugin="progress-bar-column-plugin"
):
    """How far the build is."""


class job_kind(Column, xml="hudson.plugins.jobtype_column.JobTypeColumn", plugin="jobtype-column"):
    """The kind of the job, as an icon."""


class node_name(Column, xml="hudson.plugins.nodenamecolumn.NodeNameColumn", plugin="nodenamecolumn"):
    """The label the job runs on."""


class console_view(Column, xml="de.fspengler.hudson.pview.ConsoleViewColumn", plugin="hudson-pview-plugin"):
    """The end of the log."""


class last_failure_version(
    Column,
    xml="hudson.plugins.lastfailureversioncolumn.LastFailureVersionColumn",
    plugin="lastfailureversioncolumn",
):
    """The version that failed last."""


class last_success_version(
    Column,
    xml="hudson.plugins.lastsuccessversioncolumn.LastSuccessVersionColumn",
    plugin="lastsuccessversioncolumn",
):
    """The version that was good last."""


class built_on(Column, xml="org.jenkins.plugins.builton.BuiltOnColumn", plugin="built-on-column"):
    """The agent of the last build."""


class favorite(Column, xml="hudson.plugins.favorite.column.FavoriteColumn", plugin="favorite"):
    """A star for favourite jobs."""


class next_execution(
    Column, xml="hudson.plugins.nextexecutions.columns.NextExecutionColumn", plugin="next-executions"
):
    """When the job runs next."""


class indented_job(
    Column, xml="org.jenkinsci.plugins.categorizedview.IndentedJobColumn", plugin="categorized-view"
):
    """The job's name, indented in its category."""


class claims(Column, xml="hudson.plugins.claim.ClaimColumn", plugin="claim"):
    """The user who has claimed the broken build."""


class priority(Column, xml="jenkins.advancedqueue.PrioritySorterJobColumn", plugin="PrioritySorter"):
    """The job's priority."""


class iq_quality(Column, xml="com.sonatype.insight.ci.hudson.QualityColumn", plugin="insight-ci"):
    """What Sonatype found."""


class schedule_button(
    Column, xml="org.jenkinsci.plugins.schedulebuild.ScheduleBuildButtonColumn", plugin="schedule-build"
):
    """A button that plans a build."""


class configure_button(
    Column, xml="jenkins.plugins.extracolumns.ConfigureProjectColumn", plugin="extra-columns"
):
    """A link to the job's configuration."""


class workspace_link(Column, xml="jenkins.plugins.extracolumns.WorkspaceColumn", plugin="extra-columns"):
    """A link to the workspace."""


class disable_button(Column, xml="jenkins.plugins.extracolumns.DisableProjectColumn", plugin="extra-columns"):
    """A button that disables the job."""


class last_console(Column, xml="jenkins.plugins.extracolumns.LastBuildConsoleColumn", plugin="extra-columns"):
    """A link to the last log."""


class last_node(Column, xml="jenkins.plugins.extracolumns.LastBuildNodeColumn", plugin="extra-columns"):
    """The agent of the last build."""


class cron(Column, xml="jenkins.plugins.extracolumns.CronTriggerColumn", plugin="extra-columns"):
    """The job's schedule."""


class scm_type(Column, xml="jenkins.plugins.extracolumns.SCMTypeColumn", plugin="extra-columns"):
    """The kind of source repository."""


class job_type(Column, xml="jenkins.plugins.extracolumns.JobTypeColumn", plugin="extra-columns"):
    """The kind of the job."""


class label(Column, xml="jenkins.plugins.extracolumns.SlaveOrLabelColumn", plugin="extra-columns"):
    """The label the job runs on."""


class user_name(Column, xml="jenkins.plugins.extracolumns.UserNameColumn", plugin="extra-columns"):
    """The user who started the last build."""


class cron_view(Column, xml="hudson.plugins.CronViewColumn", plugin="cron_column"):
    """The job's schedule, in words."""


class release_button(Column, xml="hudson.plugins.release.ReleaseButtonColumn", plugin="release"):
    """A button that starts a release."""


class last_configured(
    Column, xml="jenkins.plugins.extracolumns.LastJobConfigurationModificationColumn", plugin="extra-columns"
):
    """When the job was last configured."""


class next_possible_execution(
    Column, xml="hudson.plugins.nextexecutions.columns.PossibleNextExecutionColumn", plugin="next-executions"
):
    """The time of the job's next poll for changes."""

    trigger: str = text("triggerClass", default="hudson.triggers.SCMTrigger")


class test_results(Column, xml="jenkins.plugins.extracolumns.TestResultColumn", plugin="extra-columns"):
    """The tests of the last build; `format` 0 to 5 selects which numbers."""

    format: int | str = number("testResultFormat", default=0)


class build_description(
    Column, xml="jenkins.plugins.extracolumns.BuildDescriptionColumn", plugin="extra-columns"
):
    """The description of the last build."""

    width: int | str = number("columnWidth", default=80, least=0)
    force_width: bool = flag(default=False)


class build_duration(Column, xml="jenkins.plugins.extracolumns.BuildDurationColumn", plugin="extra-columns"):
    """How long builds take."""

    kind: int | str = number("buildDurationType", default=0)


class build_parameters(
    Column, xml="jenkins.plugins.extracolumns.BuildParametersColumn", plugin="extra-columns"
):
    """The parameters of the last build."""

    use_regex: bool = flag(default=False)
    regex: str = text(default="")


class job_description(Column, xml="jenkins.plugins.extracolumns.DescriptionColumn", plugin="extra-columns"):
    """The job's description, or its first lines."""

    display_name: bool = flag(default=False)
    trim: bool = flag(default=True)
    length: int | str = number("displayLength", default=1, least=0)
    width: int | str = number("columnWidth", default=80, least=0)
    force_width: bool = flag(default=False)


class last_build(Column, xml="jenkins.plugins.extracolumns.LastBuildColumn", plugin="extra-columns"):
    """When the last build was."""

    sort: int | str = number("sortType", default=0, least=None)
    kind: int | str = number("buildType", default=0)
    relative: bool = flag("useRelative", default=True)
    link: bool = flag("showLink", default=True)


class compact_success_and_failure(
    Column, xml="com.robestone.hudson.compactcolumns.LastSuccessAndFailedColumn", plugin="compact-columns"
):
    """When the last good and the last failed builds were."""

    time_ago: str = text("timeAgoTypeString", default="DIFF")


class all_statuses(
    Column, xml="com.robestone.hudson.compactcolumns.AllStatusesColumn", plugin="compact-columns"
):
    """The last builds by their status."""

    hint: str = text("colorblindHint", default="underlinehint")
    time_ago: str = text("timeAgoTypeString", default="DIFF")
    only_last: bool = flag("onlyShowLastStatus", default=False)
    hide_days: int | str = number(default=60, least=0)


class name_color(
    Column, xml="com.robestone.hudson.compactcolumns.JobNameColorColumn", plugin="compact-columns"
):
    """The job's name in the colour of its status."""

    hint: str = text("colorblindHint", default="nohint")
    color: bool = flag("showColor", default=True)
    description: bool = flag("showDescription", default=True)
    last_build: bool = flag("showLastBuild", default=True)


class issues_total(
    Column, xml="io.jenkins.plugins.analysis.core.columns.IssuesTotalColumn", plugin="warnings-ng"
):
    """How many issues static analysis found."""

    select_tools: bool = flag(default=False)
    tools: Any = raw(default="")
    name: str = text(default="# Issues")
    labels: Any = raw("labelProviderFactory", default=None)
    type: str = text(default="TOTAL")
