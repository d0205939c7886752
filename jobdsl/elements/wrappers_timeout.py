"""Builds that take too long: when that is, and what happens then."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, flag, number, sugar, text
from jobdsl.elements.kinds import REQUIRED
from jobdsl.elements.slots import Misc, Step, Wrapper
from jobdsl.elements.xstream_lists import list_or_array
from jobdsl.errors import DslError, suggestion

__all__ = [
    "TimeoutOperation",
    "TimeoutStrategy",
    "abort_and_restart",
    "abort_build",
    "after_deadline",
    "after_minutes",
    "describe_build",
    "elastic",
    "fail_build",
    "likely_stuck",
    "no_activity",
    "run_step",
    "timeout",
]

_P = "hudson.plugins.build_timeout."
_PLUGIN = "build-timeout"


class TimeoutStrategy(Misc):
    """When a build takes too long."""

    slot = "a strategy (wrappers.after_minutes, no_activity, elastic, likely_stuck or after_deadline)"


class after_minutes(TimeoutStrategy, xml=_P + "impl.AbsoluteTimeOutStrategy", plugin=_PLUGIN):
    """After so many minutes, at least three."""

    minutes: int | str = number("timeoutMinutes", first=True, least=0)


class no_activity(TimeoutStrategy, xml=_P + "impl.NoActivityTimeOutStrategy", plugin=_PLUGIN):
    """When the log has not grown for so many seconds."""

    seconds: int | str = number("timeoutSecondsString", first=True, least=0)


class likely_stuck(TimeoutStrategy, xml=_P + "impl.LikelyStuckTimeOutStrategy", plugin=_PLUGIN):
    """When Jenkins believes the build is stuck: ten times its usual time, or a day."""


class elastic(TimeoutStrategy, xml=_P + "impl.ElasticTimeOutStrategy", plugin=_PLUGIN):
    """At so many percent of the mean of the last builds; `default_minutes` while there are none.

    `fail_safe` never waits less than `default_minutes`.
    """

    percent: int | str = number("timeoutPercentage", default=150, first=True, least=0)
    builds: int | str = number("numberOfBuilds", default=3, least=0)
    fail_safe: bool = flag("failSafeTimeoutDuration", default=False)
    default_minutes: int | str = number("timeoutMinutesElasticDefault", default=60, least=0)

    forms = {
        "jjb": Form("timeoutPercentage numberOfBuilds timeoutMinutesElasticDefault"),
    }


class after_deadline(TimeoutStrategy, xml=_P + "impl.DeadlineTimeOutStrategy", plugin=_PLUGIN):
    """At a time of day, as `HH:MM:SS`; builds that start within the tolerance after it are spared."""

    time: str = text("deadlineTime", first=True)
    tolerance_minutes: int | str = number("deadlineToleranceInMinutes", default=1, least=0)


class TimeoutOperation(Misc):
    """What happens to a build that takes too long."""

    slot = '"abort", "fail", "restart", or wrappers.describe_build(...), wrappers.run_step(...)'


class abort_build(TimeoutOperation, xml=_P + "operations.AbortOperation", plugin=_PLUGIN):
    """The build is aborted."""


class fail_build(TimeoutOperation, xml=_P + "operations.FailOperation", plugin=_PLUGIN):
    """The build fails."""


class abort_and_restart(TimeoutOperation, xml=_P + "operations.AbortAndRestartOperation", plugin=_PLUGIN):
    """The build is aborted and started again, so many times (needs the Naginator plugin)."""

    restarts: int | str = number("maxRestarts", default=1, first=True, least=0)


class describe_build(TimeoutOperation, xml=_P + "operations.WriteDescriptionOperation", plugin=_PLUGIN):
    """The build gets a description; `{0}` stands for the minutes."""

    description: str = text(first=True)


class run_step(TimeoutOperation, xml=_P + "operations.BuildStepOperation", plugin=_PLUGIN):
    """A step runs."""

    step: Any = child("buildstep", accepts=Step, first=True)
    continue_if_failed: bool = flag("continueEvenFailed", default=False)
    launcher: bool = flag("createLauncher", default=False)


_OPERATIONS: dict[str, type[TimeoutOperation]] = {
    "abort": abort_build,
    "fail": fail_build,
    "restart": abort_and_restart,
}


def _operation(word: Any) -> Any:
    """Return an operation by its word. Raises DslError for an unknown one."""
    if word in _OPERATIONS:
        return _OPERATIONS[word]()
    hint = suggestion(str(word), _OPERATIONS) or "one of: " + ", ".join(_OPERATIONS)
    raise DslError(f"does not know {word!r}", hint=hint)


class timeout(Wrapper, xml=_P + "BuildTimeoutWrapper", plugin=_PLUGIN):
    """End builds that take too long: `timeout(minutes=30)`, `timeout(idle_seconds=600, then="fail")`.

    `minutes` counts from the start, `idle_seconds` since the last line of the log; other rules go into
    `strategy=wrappers.elastic(...)` and the like. `then` is "abort", "fail", "restart" or a list of what
    happens, one after another. `variable` holds the timeout in milliseconds.
    """

    minutes: int | str | None = sugar(first=True)
    idle_seconds: int | str | None = sugar()
    strategy: Any = child(accepts=TimeoutStrategy)
    variable: str | None = text("timeoutEnvVar", default=None)
    then: Any = list_or_array(
        "operationList",
        accepts=TimeoutOperation,
        array=_P + "BuildTimeOutOperation-array",
        default=(abort_build(),),
        convert=_operation,
    )

    forms = {
        "jjb": Form("strategy operationList timeoutEnvVar"),
        "job-dsl": Form("strategy operationList@class=java.util.Arrays$ArrayList"),
    }

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the strategy that the short arguments mean."""
        short = [name for name in ("minutes", "idle_seconds") if arguments[name] is not None]
        if arguments["strategy"] is not REQUIRED:
            short.append("strategy")
        if len(short) > 1:
            problem = f"wrappers.timeout: {' and '.join(short)} exclude each other"
            context.complain(DslError(problem, hint="leave all but one out"))
        if arguments["minutes"] is not None:
            arguments["strategy"] = after_minutes(minutes=arguments["minutes"])
        elif arguments["idle_seconds"] is not None:
            arguments["strategy"] = no_activity(seconds=arguments["idle_seconds"])
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Return the arguments with `minutes` or `idle_seconds` where those are enough."""
        arguments = super().arguments()
        strategy = self.strategy
        if type(strategy) is after_minutes and not strategy.layout and not strategy.extra:
            del arguments["strategy"]
            return {"minutes": strategy.minutes, **arguments}
        if type(strategy) is no_activity and not strategy.layout and not strategy.extra:
            del arguments["strategy"]
            return {"idle_seconds": strategy.seconds, **arguments}
        return arguments
