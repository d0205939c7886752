"""Conditions under which steps and publishers run (run condition plugin), and what an error in one means."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, number, result, strings, text
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError, suggestion

__all__ = [
    "Condition",
    "Runner",
    "as_runner",
    "condition_part",
    "day",
    "equal_to",
    "greater_or_equal",
    "greater_than",
    "if_all",
    "if_always",
    "if_any",
    "if_batch",
    "if_cause",
    "if_day",
    "if_equal",
    "if_file_exists",
    "if_files_match",
    "if_legacy",
    "if_matches",
    "if_never",
    "if_node",
    "if_not",
    "if_number",
    "if_shell",
    "if_status",
    "if_time",
    "if_true",
    "if_variable",
    "in_artifacts",
    "in_jenkins_home",
    "in_workspace",
    "less_or_equal",
    "less_than",
    "not_equal",
    "runner_fail",
    "runner_run",
    "runner_skip",
    "runner_unstable",
    "runner_unstable_and_run",
    "some_days",
    "weekdays",
    "weekends",
]

_PLUGIN = "run-condition"
_P = "org.jenkins_ci.plugins.run_condition."


class Condition(Misc):
    """When something runs."""

    slot = "a condition (misc.if_...)"


class Runner(Misc):
    """What happens when a condition cannot be evaluated."""

    slot = 'a runner: "fail", "unstable", "unstable_and_run", "run" or "skip"'


class runner_fail(Runner, xml=_P + "BuildStepRunner$Fail", plugin=_PLUGIN):
    """The build fails when the condition cannot be evaluated."""


class runner_unstable(Runner, xml=_P + "BuildStepRunner$Unstable", plugin=_PLUGIN):
    """The build is unstable when the condition cannot be evaluated."""


class runner_unstable_and_run(Runner, xml=_P + "BuildStepRunner$RunUnstable", plugin=_PLUGIN):
    """The build is unstable when the condition cannot be evaluated, and the steps run."""


class runner_run(Runner, xml=_P + "BuildStepRunner$Run", plugin=_PLUGIN):
    """The steps run when the condition cannot be evaluated."""


class runner_skip(Runner, xml=_P + "BuildStepRunner$DontRun", plugin=_PLUGIN):
    """The steps do not run when the condition cannot be evaluated."""


_RUNNERS: dict[str, type[Runner]] = {
    "fail": runner_fail,
    "unstable": runner_unstable,
    "unstable_and_run": runner_unstable_and_run,
    "run": runner_run,
    "skip": runner_skip,
}


def as_runner(word: Any) -> Any:
    """Return a runner by its word. Raises DslError for an unknown one."""
    if word in _RUNNERS:
        return _RUNNERS[word]()
    hint = suggestion(str(word), _RUNNERS) or "one of: " + ", ".join(_RUNNERS)
    raise DslError(f"does not know {word!r}", hint=hint)


class _BaseDir(Misc):
    """Where files are looked for."""

    slot = "a directory (misc.in_workspace(), misc.in_artifacts() or misc.in_jenkins_home())"


class in_workspace(_BaseDir, xml=_P + "common.BaseDirectory$Workspace", plugin=_PLUGIN):
    """Search the workspace."""


class in_artifacts(_BaseDir, xml=_P + "common.BaseDirectory$ArtifactsDir", plugin=_PLUGIN):
    """Search the artifacts of the build."""


class in_jenkins_home(_BaseDir, xml=_P + "common.BaseDirectory$JenkinsHome", plugin=_PLUGIN):
    """Search the controller's home."""


class if_always(Condition, xml=_P + "core.AlwaysRun", plugin=_PLUGIN):
    """Always."""


class if_never(Condition, xml=_P + "core.NeverRun", plugin=_PLUGIN):
    """Never."""


class if_true(Condition, xml=_P + "core.BooleanCondition", plugin=_PLUGIN):
    """The text is 1, Y, YES, T, TRUE, ON or RUN once its variables are replaced: `if_true("${DEPLOY}")`."""

    token: str = text(first=True)


class if_equal(Condition, xml=_P + "core.StringsMatchCondition", plugin=_PLUGIN):
    """Two texts are the same once their variables are replaced."""

    left: str = text("arg1", first=True)
    right: str = text("arg2", first=True)
    ignore_case: bool = flag(default=False)


class if_matches(Condition, xml=_P + "core.ExpressionCondition", plugin=_PLUGIN):
    """The regular expression matches all of the text: `if_matches("release-.*", "${BRANCH}")`."""

    expression: str = text(first=True)
    label: str = text(first=True)


class if_status(Condition, xml=_P + "core.StatusCondition", plugin=_PLUGIN):
    """The build's result so far is between two results, both included."""

    worst: str = result("worstResult", default="SUCCESS")
    best: str = result("bestResult", default="SUCCESS", first=True)


class if_file_exists(Condition, xml=_P + "core.FileExistsCondition", plugin=_PLUGIN):
    """A file is there."""

    file: str = text(first=True)
    base_dir: Any = child(accepts=_BaseDir, default=in_workspace())


class if_files_match(Condition, xml=_P + "core.FilesMatchCondition", plugin=_PLUGIN):
    """Some file matches Ant patterns."""

    includes: str = text(first=True)
    excludes: str = text(default="")
    base_dir: Any = child(accepts=_BaseDir, default=in_workspace())


class if_shell(Condition, xml=_P + "contributed.ShellCondition", plugin=_PLUGIN):
    """A shell script ends with 0."""

    command: str = text(first=True)


class if_batch(Condition, xml=_P + "contributed.BatchFileCondition", plugin=_PLUGIN):
    """A Windows batch script ends with 0."""

    command: str = text(first=True)


_CAUSES = (
    "USER_CAUSE",
    "CLI_CAUSE",
    "REMOTE_CAUSE",
    "SCM_CAUSE",
    "TIMER_CAUSE",
    "UPSTREAM_CAUSE",
    "FS_CAUSE",
    "URL_CAUSE",
    "IVY_CAUSE",
    "SCRIPT_CAUSE",
    "BUILDRESULT_CAUSE",
)


class if_cause(Condition, xml=_P + "core.CauseCondition", plugin=_PLUGIN):
    """The build was started by this: USER_CAUSE, SCM_CAUSE, TIMER_CAUSE, UPSTREAM_CAUSE ..."""

    cause: str = text("buildCause", default="USER_CAUSE", first=True, choices=_CAUSES)
    only: bool = flag("exclusiveCause", default=False)


class if_variable(Condition, xml=_P + "core.VariableExistsCondition", plugin=_PLUGIN):
    """A variable of the build is set."""

    name: str = text("variableName", first=True)


class if_node(Condition, xml=_P + "core.NodeCondition", plugin=_PLUGIN):
    """The build runs on one of these nodes; the controller's own is `master` or `built-in`."""

    nodes: Any = strings("allowedNodes", first=True)


class if_time(Condition, xml=_P + "core.TimeCondition", plugin=_PLUGIN):
    """The time of day, in the controller's zone, is between two times."""

    from_hour: int | str = number("earliestHours", default=9, least=0)
    from_minute: int | str = number("earliestMinutes", default=0, least=0)
    to_hour: int | str = number("latestHours", default=17, least=0)
    to_minute: int | str = number("latestMinutes", default=30, least=0)
    of_build: bool = flag("useBuildTime", default=False)


class _Days(Misc):
    """Which days."""

    slot = "days (misc.weekdays(), misc.weekends() or misc.some_days([...]))"


class day(Misc, xml=_P + "core.DayCondition$Day", plugin=_PLUGIN):
    """One day of the week, 1 for Sunday to 7 for Saturday."""

    day: int | str = number(first=True, least=None)
    selected: bool = flag(default=True)


class weekdays(_Days, xml=_P + "core.DayCondition$Weekday", plugin=_PLUGIN):
    """Monday to Friday."""


class weekends(_Days, xml=_P + "core.DayCondition$Weekend", plugin=_PLUGIN):
    """Saturday and Sunday."""


class some_days(_Days, xml=_P + "core.DayCondition$SelectDays", plugin=_PLUGIN):
    """These days: `some_days([misc.day(2), misc.day(4)])`."""

    days: Any = children(accepts=day, convert=day, first=True)


class if_day(Condition, xml=_P + "core.DayCondition", plugin=_PLUGIN):
    """It is one of these days."""

    of_build: bool = flag("useBuildTime", default=False)
    days: Any = child("daySelector", accepts=_Days, default=weekdays(), first=True)

    forms = {"jjb": Form("daySelector useBuildTime")}


class _Comparator(Misc):
    """How two numbers are compared."""

    slot = "a comparison (misc.equal_to(), misc.less_than() ...)"


_C = _P + "core.NumericalComparisonCondition$"


class equal_to(_Comparator, xml=_C + "EqualTo", plugin=_PLUGIN):
    """Left is right."""


class not_equal(_Comparator, xml=_C + "NotEqualTo", plugin=_PLUGIN):
    """Left is not right."""


class less_than(_Comparator, xml=_C + "LessThan", plugin=_PLUGIN):
    """Left is less than right."""


class less_or_equal(_Comparator, xml=_C + "LessThanOrEqualTo", plugin=_PLUGIN):
    """Left is less than right, or the same."""


class greater_than(_Comparator, xml=_C + "GreaterThan", plugin=_PLUGIN):
    """Left is more than right."""


class greater_or_equal(_Comparator, xml=_C + "GreaterThanOrEqualTo", plugin=_PLUGIN):
    """Left is more than right, or the same."""


_COMPARATORS: dict[str, type[_Comparator]] = {
    "==": equal_to,
    "!=": not_equal,
    "<": less_than,
    "<=": less_or_equal,
    ">": greater_than,
    ">=": greater_or_equal,
}


def _comparator(sign: Any) -> Any:
    if sign in _COMPARATORS:
        return _COMPARATORS[sign]()
    raise DslError(f"does not know {sign!r}", hint="one of: " + ", ".join(_COMPARATORS))


class if_number(Condition, xml=_P + "core.NumericalComparisonCondition", plugin=_PLUGIN):
    """Two numbers compare so: `if_number("${FAILURES}", "3", comparator="<")`."""

    left: str = text("lhs", first=True)
    right: str = text("rhs", first=True)
    comparator: Any = child(accepts=_Comparator, default=equal_to(), convert=_comparator)


class if_legacy(
    Condition,
    xml="org.jenkinsci.plugins.conditionalbuildstep.LegacyBuildstepCondition",
    plugin="conditional-buildstep",
):
    """What the first versions of conditional steps had: the text is `true`, or with `invert` it is not."""

    condition: str = text(first=True)
    invert: bool = flag("invertCondition", default=False)


class if_not(Condition, xml=_P + "logic.Not", plugin=_PLUGIN):
    """The condition does not hold."""

    condition: Any = child(accepts=Condition, convert=if_true, first=True)


class condition_part(Misc, xml=_P + "logic.ConditionContainer", plugin=_PLUGIN):
    """One of several conditions."""

    condition: Any = child(accepts=Condition, convert=if_true, first=True)


class _Several(Condition):
    """Conditions joined; those given are put into containers."""

    also = {"conditions": "_parts.Many[str | Condition] | Condition | str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        conditions = arguments["conditions"]
        many = conditions if isinstance(conditions, list | tuple) else (conditions,)
        arguments["conditions"] = tuple(
            condition_part(condition) if isinstance(condition, str | Condition) else condition
            for condition in many
        )
        return arguments


class if_all(_Several, xml=_P + "logic.And", plugin=_PLUGIN):
    """All of these conditions hold."""

    conditions: Any = children(accepts=condition_part, first=True)


class if_any(_Several, xml=_P + "logic.Or", plugin=_PLUGIN):
    """One of these conditions holds."""

    conditions: Any = children(accepts=condition_part, first=True)
