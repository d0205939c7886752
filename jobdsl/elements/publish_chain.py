"""Publishers that lead on: other jobs, publishers under a condition, retries, scripts, tags in git."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Element, Form
from jobdsl.elements.fields import child, children, flag, names, number, result, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_conditions import Condition, Runner, as_runner, if_always, runner_fail
from jobdsl.elements.misc_trigger import job_parameters, trigger_config
from jobdsl.elements.slots import Misc, Publisher, Step

__all__ = [
    "branch_push",
    "conditional",
    "downstream",
    "downstream_ext",
    "fail_at_end",
    "fail_fast",
    "fixed_delay",
    "flexible",
    "git_push",
    "join",
    "log_text",
    "note_push",
    "pipeline_trigger",
    "post_build_task",
    "post_task",
    "progressive_delay",
    "retry",
    "tag_push",
    "trigger",
]


class downstream(Publisher, xml="hudson.tasks.BuildTrigger"):
    """Start other jobs when the build is good: `downstream("deploy, report")`."""

    jobs: str = names("childProjects", first=True)
    threshold: str = result(default="SUCCESS")


class trigger(
    Holder,
    Publisher,
    Step,
    xml="hudson.plugins.parameterizedtrigger.BuildTrigger",
    plugin="parameterized-trigger",
):
    """Start other jobs with parameters: `trigger("deploy", parameters={"VERSION": "$VERSION"})`.

    `parameters` takes a dict, `NAME=value` lines, or a list of `misc.current_parameters()` and the like.
    Several sets go into `configs=[misc.trigger_config(...), ...]`.
    """

    holds = "configs"
    held = trigger_config

    configs: Any = children(accepts=trigger_config)
    projects: str | None = sugar(first=True)
    when: str | None = sugar()
    parameters: Any = sugar()
    factories: Any = sugar()
    without_parameters: bool | None = sugar()
    from_children: bool | None = sugar()

    also = {"parameters": "Mapping[str, object] | str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Parameters may be a dict; projects a list."""
        if arguments["parameters"] is not None:
            arguments["parameters"] = job_parameters(arguments["parameters"])
        return super()._expand(arguments)


class downstream_ext(
    Publisher, xml="hudson.plugins.downstream_ext.DownstreamTrigger", plugin="downstream-ext"
):
    """Start other jobs under a condition on the result and on changes."""

    jobs: str = names("childProjects", first=True)
    threshold: str = result(default="SUCCESS")
    strategy: str = text(
        "thresholdStrategy", default="AND_HIGHER", choices=("AND_HIGHER", "EXACT", "AND_LOWER")
    )
    only_if_changes: bool = flag("onlyIfSCMChanges", default=False)
    only_if_local_changes: bool = flag("onlyIfLocalSCMChanges", default=False)


class pipeline_trigger(
    Publisher,
    xml="au.com.centrumsystems.hudson.plugin.buildpipeline.trigger.BuildPipelineTrigger",
    plugin="build-pipeline-plugin",
):
    """Offer jobs as the next step of a build pipeline view, started by hand."""

    forms = {"old": Form("downstreamProjectNames")}

    parameters: Any = children("configs", accepts=Misc)
    jobs: str = names("downstreamProjectNames", first=True)


class join(Publisher, xml="join.JoinTrigger", plugin="join"):
    """Start jobs or publish when all downstream jobs are done."""

    jobs: str = names("joinProjects", default="", first=True)
    publishers: Any = children("joinPublishers", accepts=Publisher)
    threshold: str | None = result("resultThreshold", default=None)
    even_if_unstable: bool | None = flag("evenIfDownstreamUnstable", default=None)


class fixed_delay(Misc, xml="com.chikli.hudson.plugin.naginator.FixedDelay", plugin="naginator"):
    """So many seconds between tries."""

    seconds: int | str = number("delay", default=0, first=True, least=0)


class progressive_delay(Misc, xml="com.chikli.hudson.plugin.naginator.ProgressiveDelay", plugin="naginator"):
    """Seconds between tries that grow by `increment` up to `max`."""

    increment: int | str = number(default=300, first=True, least=None)
    max: int | str = number(default=10800, first=True)


class retry(Publisher, xml="com.chikli.hudson.plugin.naginator.NaginatorPublisher", plugin="naginator"):
    """Build again after a failure, at most `times` times; 0 is without end."""

    forms = {"jjb": Form("regexpForRerun checkRegexp rerunIfUnstable rerunMatrixPart delay maxSchedule")}

    regexp: str = text("regexpForRerun", default="")
    if_unstable: bool = flag("rerunIfUnstable", default=False)
    matrix_part: bool = flag("rerunMatrixPart", default=False)
    check_regexp: bool = flag(default=False)
    matrix_regexp: str = text("regexpForMatrixStrategy", default="TestParent")
    no_child: str | None = text("noChildStrategy", default=None)
    delay: Any = child(accepts=Misc, convert=fixed_delay, default=progressive_delay(increment=300, max=10800))
    times: int | str = number("maxSchedule", default=0, first=True, least=0)


class fail_at_end(
    Misc,
    xml="org.jenkins_ci.plugins.flexible_publish.strategy.FailAtEndExecutionStrategy",
    plugin="flexible-publish",
):
    """All publishers run, whatever becomes of one."""


class fail_fast(
    Misc,
    xml="org.jenkins_ci.plugins.flexible_publish.strategy.FailFastExecutionStrategy",
    plugin="flexible-publish",
):
    """The first publisher that fails is the last."""


class conditional(
    Misc, xml="org.jenkins_ci.plugins.flexible_publish.ConditionalPublisher", plugin="flexible-publish"
):
    """Publishers or steps that run under a condition."""

    forms = {"one": Form("condition runner publisher", {})}

    condition: Any = child(accepts=Condition, default=if_always())
    publisher: Any = child(accepts=Publisher, default=None)
    publishers: Any = children("publisherList", accepts=Element, first=True)
    runner: Any = child(accepts=Runner, convert=as_runner, default=runner_fail())
    aggregation_condition: Any = child(accepts=Condition, default=None)
    aggregation_runner: Any = child(accepts=Runner, convert=as_runner, default=None)
    execution: Any = child("executionStrategy", accepts=Misc, default=fail_at_end())


class flexible(
    Holder,
    Publisher,
    xml="org.jenkins_ci.plugins.flexible_publish.FlexiblePublisher",
    plugin="flexible-publish",
):
    """Publish under a condition: `flexible([publish.archive("core.*")], condition=misc.if_true("$CORE"))`."""

    holds = "conditionals"
    held = conditional

    conditionals: Any = children("publishers", accepts=conditional)
    publishers: Any = sugar(first=True)
    condition: Any = sugar()
    runner: Any = sugar()
    execution: Any = sugar()


class log_text(Misc, xml="hudson.plugins.postbuildtask.LogProperties", plugin="postbuild-task"):
    """A text to find in the log, and how it goes with the next: AND or OR."""

    pattern: str = text("logText", default="", first=True)
    operator: str = text(default="AND", choices=("AND", "OR"))


class post_task(Misc, xml="hudson.plugins.postbuildtask.TaskProperties", plugin="postbuild-task"):
    """A script that runs when the log holds the texts."""

    logs: Any = children("logTexts", accepts=log_text, convert=log_text)
    escalate: bool = flag("EscalateStatus", default=False)
    if_successful: bool = flag("RunIfJobSuccessful", default=False)
    script: str = text(first=True)


class post_build_task(
    Holder, Publisher, xml="hudson.plugins.postbuildtask.PostbuildTask", plugin="postbuild-task"
):
    """Run a script when the build's log holds a text: `post_build_task("./clean.sh", logs=["aborted"])`."""

    holds = "tasks"
    held = post_task

    tasks: Any = children(accepts=post_task)
    script: str | None = sugar(first=True)
    logs: Any = sugar()
    escalate: bool | None = sugar()
    if_successful: bool | None = sugar()


class tag_push(Misc, xml="hudson.plugins.git.GitPublisher$TagToPush", plugin="git"):
    """A tag to push."""

    remote: str = text("targetRepoName", default="origin")
    name: str = text("tagName", first=True)
    message: str = text("tagMessage", default="")
    create: bool = flag("createTag", default=True)
    update: bool = flag("updateTag", default=False)


class branch_push(Misc, xml="hudson.plugins.git.GitPublisher$BranchToPush", plugin="git"):
    """A branch to push what was built to."""

    remote: str = text("targetRepoName", default="origin")
    name: str = text("branchName", first=True)
    rebase: bool | None = flag("rebaseBeforePush", default=None)


class note_push(Misc, xml="hudson.plugins.git.GitPublisher$NoteToPush", plugin="git"):
    """A note to push."""

    remote: str = text("targetRepoName", default="origin")
    message: str = text("noteMsg", first=True)
    namespace: str = text("noteNamespace", default="master")
    replace: bool = flag("noteReplace", default=False)


class git_push(Publisher, xml="hudson.plugins.git.GitPublisher", plugin="git"):
    """Push tags, branches or the merge that was built."""

    config_version: int | str = number(default=2)
    merge: bool = flag("pushMerge", default=False)
    only_if_success: bool = flag("pushOnlyIfSuccess", default=True)
    force: bool = flag("forcePush", default=False)
    tags: Any = children("tagsToPush", accepts=tag_push, convert=tag_push, default=None)
    branches: Any = children("branchesToPush", accepts=branch_push, convert=branch_push, default=None)
    notes: Any = children("notesToPush", accepts=note_push, default=None)
