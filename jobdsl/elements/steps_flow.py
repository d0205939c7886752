"""Steps around other steps: conditions, variables, files, names and descriptions of builds."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, raw, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_conditions import Condition, Runner, as_runner, if_true, runner_fail
from jobdsl.elements.misc_envinject import env_info
from jobdsl.elements.misc_files import managed_file
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "build_name",
    "chain",
    "conditional",
    "conditional_step",
    "config_files",
    "critical_block_end",
    "critical_block_start",
    "description",
    "github_status",
    "inject_env",
    "set_build_description",
    "set_build_name",
    "text_file",
]


class conditional(
    Step, xml="org.jenkinsci.plugins.conditionalbuildstep.ConditionalBuilder", plugin="conditional-buildstep"
):
    """Steps that run when a condition holds: `conditional([...], when=misc.if_file_exists("deploy.sh"))`.

    `when` is a `misc.if_...`, or text that is true or false once its variables are replaced. `on_error` is
    what happens when the condition cannot be evaluated: fail, unstable, unstable_and_run, run or skip.
    """

    on_error: Any = child("runner", accepts=Runner, default=runner_fail(), convert=as_runner)
    when: Any = child("runCondition", accepts=Condition, convert=if_true)
    steps: Any = children("conditionalbuilders", accepts=Step, first=True)

    forms = {
        "jjb": Form("conditionalbuilders runCondition runner"),
        "jjb-old": Form("runner conditionalbuilders runCondition"),
    }


class conditional_step(
    Step,
    xml="org.jenkinsci.plugins.conditionalbuildstep.singlestep.SingleConditionalBuilder",
    plugin="conditional-buildstep",
):
    """One step that runs when a condition holds: `conditional_step(steps.shell("make"), when="${BUILD}")`."""

    when: Any = child("condition", accepts=Condition, convert=if_true)
    step: Any = child("buildStep", accepts=Step, first=True)
    on_error: Any = child("runner", accepts=Runner, default=runner_fail(), convert=as_runner)

    forms = {"jjb": Form("condition runner buildStep")}


class chain(
    Step, xml="org.jenkinsci.plugins.conditionalbuildstep.BuilderChain", plugin="conditional-buildstep"
):
    """Several steps as one."""

    steps: Any = children("conditionalbuilders", accepts=Step, first=True)


class inject_env(Holder, Step, xml="EnvInjectBuilder", plugin="envinject"):
    """Variables for the steps that follow: `inject_env({"STAGE": "test"})` or `inject_env(file="env")`."""

    holds = "info"
    held = env_info

    properties: Any = sugar(first=True)
    file: str | None = sugar()
    info: Any = child(accepts=env_info, plain=True, default=env_info())


class config_files(
    Step,
    xml="org.jenkinsci.plugins.configfiles.builder.ConfigFileBuildStep",
    plugin="config-file-provider",
):
    """Files the controller keeps, put into the workspace: `config_files(["npmrc"])`."""

    files: Any = children("managedFiles", accepts=managed_file, convert=managed_file, first=True)


class description(
    Step, xml="hudson.plugins.descriptionsetter.DescriptionSetterBuilder", plugin="description-setter"
):
    """Describe the build: with text, or with what a regular expression finds in the log."""

    regexp: str = text(default="")
    description: str | None = text(default=None, first=True)


class build_name(
    Step, xml="org.jenkinsci.plugins.buildnameupdater.BuildNameUpdater", plugin="build-name-setter"
):
    """Name the build, from a template or a file."""

    file: str = text("buildName", default="version.txt")
    template: str = text("macroTemplate", default="#${BUILD_NUMBER}", first=True)
    from_file: bool = flag(default=False)
    from_template: bool = flag("fromMacro", default=True)
    template_first: bool = flag("macroFirst", default=False)


class set_build_name(Step, xml="org.jenkinsci.plugins.pipeline.BuildNameStep", plugin="build-name-setter"):
    """Name the build from a template, there and then."""

    template: str = text("nameTemplate", first=True)


class set_build_description(
    Step, xml="org.jenkinsci.plugins.pipeline.BuildDescriptionStep", plugin="build-name-setter"
):
    """Describe the build from a template, there and then."""

    template: str = text("descriptionTemplate", first=True)


class critical_block_start(
    Step, xml="org.jvnet.hudson.plugins.exclusion.CriticalBlockStart", plugin="Exclusion"
):
    """From here on no other build holds the same resources (`wrappers.exclusion`)."""


class critical_block_end(Step, xml="org.jvnet.hudson.plugins.exclusion.CriticalBlockEnd", plugin="Exclusion"):
    """Up to here no other build holds the same resources."""


class github_status(Step, xml="com.cloudbees.jenkins.GitHubSetCommitStatusBuilder", plugin="github"):
    """Set the status of this commit on GitHub to pending."""

    message: Any = raw("statusMessage", default=None)
    context: Any = child("contextSource", accepts=Misc, default=None)


class text_file(
    Step, xml="com.etas.jenkins.plugins.CreateTextFile.CreateFileBuilder", plugin="text-file-operations"
):
    """Write a text file."""

    path: str = text("textFilePath", first=True)
    content: str = text("textFileContent", default="", first=True)
    overwrite: str | None = text("fileOption", default=None)
    in_workspace: bool = flag("useWorkspace", default=True)
