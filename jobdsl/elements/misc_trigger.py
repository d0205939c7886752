"""What a build hands to the builds it starts: the parameterized trigger plugin's parts.

Steps, publishers and promotions start builds with the same parts, so they stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, flag, label_text, names, result, text
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError

__all__ = [
    "CONDITIONS",
    "all_nodes_for_label",
    "block",
    "boolean_parameter",
    "boolean_parameters",
    "counter_factory",
    "current_parameters",
    "file_factory",
    "file_parameters",
    "git_revision",
    "job_parameters",
    "matrix_subset",
    "node_label",
    "node_parameters",
    "parameter_file_factory",
    "parameters_file",
    "predefined",
    "properties_text",
    "subversion_revision",
    "trigger_config",
]

_PLUGIN = "parameterized-trigger"
_P = "hudson.plugins.parameterizedtrigger."
CONDITIONS = (
    "SUCCESS",
    "UNSTABLE",
    "UNSTABLE_OR_BETTER",
    "UNSTABLE_OR_WORSE",
    "FAILED",
    "FAILED_OR_BETTER",
    "ALWAYS",
    "ABORTED",
)
"""When a finished build starts others (the plugin's ResultCondition)."""


def properties_text(properties: Mapping[str, Any]) -> str:
    """Return names and values as lines of a properties file; booleans as Jenkins spells them."""
    shown = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in properties.items()
    }
    return "\n".join(f"{name}={value}" for name, value in shown.items())


class current_parameters(Misc, xml=_P + "CurrentBuildParameters", plugin=_PLUGIN):
    """The parameters of the build that triggers."""


class predefined(Misc, xml=_P + "PredefinedBuildParameters", plugin=_PLUGIN):
    """Parameters written here, one `NAME=value` a line."""

    forms = {"old": Form("properties")}

    properties: str = text(first=True)
    text_on_new_line: bool = flag("textParamValueOnNewLine", default=False)


class parameters_file(Misc, xml=_P + "FileBuildParameters", plugin=_PLUGIN):
    """Parameters from a properties file in the workspace."""

    forms = {
        "jjb": Form("propertiesFile failTriggerOnMissing textParamValueOnNewLine"),
        "old": Form("propertiesFile failTriggerOnMissing useMatrixChild onlyExactRuns"),
    }

    file: str = text("propertiesFile", first=True)
    encoding: str | None = text(default=None)
    fail_if_missing: bool = flag("failTriggerOnMissing", default=False)
    text_on_new_line: bool = flag("textParamValueOnNewLine", default=False)
    from_matrix: bool = flag("useMatrixChild", default=False)
    combination_filter: str | None = text(default=None)
    only_exact_runs: bool = flag(default=False)


class node_parameters(Misc, xml=_P + "NodeParameters", plugin=_PLUGIN):
    """The triggered build runs on the same agent."""


class node_label(
    Misc,
    xml="org.jvnet.jenkins.plugins.nodelabelparameter.parameterizedtrigger.NodeLabelBuildParameter",
    plugin="nodelabelparameter",
):
    """Run the triggered build on agents with this label; `name` is the label parameter of the job."""

    name: str = text(first=True)
    label: str = label_text("nodeLabel", first=True)


class git_revision(Misc, xml="hudson.plugins.git.GitRevisionBuildParameters", plugin="git"):
    """The triggered build uses the same git commit."""

    combine_queued: bool = flag("combineQueuedCommits", default=False)


class subversion_revision(Misc, xml=_P + "SubversionRevisionBuildParameters", plugin=_PLUGIN):
    """The triggered build uses the same Subversion revision."""

    include_upstream: bool = flag("includeUpstreamParameters", default=False)


class matrix_subset(Misc, xml=_P + "matrix.MatrixSubsetBuildParameters", plugin=_PLUGIN):
    """Only the combinations of a matrix that this Groovy expression lets through."""

    filter: str = text(first=True)


class boolean_parameter(Misc, xml=_P + "BooleanParameterConfig", plugin=_PLUGIN):
    """One parameter that is true or false."""

    name: str = text(first=True)
    value: bool = flag(first=True, default=False)


class boolean_parameters(Misc, xml=_P + "BooleanParameters", plugin=_PLUGIN):
    """Parameters that are true or false."""

    parameters: Any = children("configs", accepts=boolean_parameter, first=True)


class counter_factory(Misc, xml=_P + "CounterBuildParameterFactory", plugin=_PLUGIN):
    """One build for every number; `$COUNT` in the parameters is the number."""

    first: str = text("from", first=True)
    last: str = text("to", first=True)
    step: str = text(default="1")
    parameters: str = text("paramExpr", default="")
    validation_fail: str = text(default="FAIL", choices=("FAIL", "SKIP", "NOPARMS"))


class parameter_file_factory(Misc, xml=_P + "FileBuildParameterFactory", plugin=_PLUGIN):
    """One build for every properties file of the workspace that matches."""

    pattern: str = text("filePattern", first=True)
    encoding: str | None = text(default=None)
    if_none: str = text("noFilesFoundAction", default="SKIP", choices=("FAIL", "SKIP", "NOPARMS"))


class file_factory(Misc, xml=_P + "BinaryFileParameterFactory", plugin=_PLUGIN):
    """One build for every file that matches; the file is handed over as the parameter."""

    parameter: str = text("parameterName", first=True)
    pattern: str = text("filePattern", first=True)
    if_none: str = text("noFilesFoundAction", default="SKIP", choices=("FAIL", "SKIP", "NOPARMS"))


class file_parameters(Misc, xml=_P + "BinaryFileParameters", plugin=_PLUGIN):
    """A file of the workspace, handed over as a file parameter."""

    parameter: str = text("parameterName", first=True)
    pattern: str = text("filePattern", first=True)


class all_nodes_for_label(
    Misc,
    xml="org.jvnet.jenkins.plugins.nodelabelparameter.parameterizedtrigger.AllNodesForLabelBuildParameterFactory",
    plugin="nodelabelparameter",
):
    """One build on every agent with a label."""

    name: str = text(first=True)
    label: str = label_text("nodeLabel", first=True)
    ignore_offline: bool = flag("ignoreOfflineNodes", default=True)


class block(Misc, xml=_P + "BlockingBehaviour", plugin=_PLUGIN):
    """Wait for the triggered builds; from which result on the step fails, the build is unstable or failed."""

    step_fails: str | None = result("buildStepFailureThreshold", default="FAILURE")
    unstable: str | None = result("unstableThreshold", default="UNSTABLE")
    fails: str | None = result("failureThreshold", default="FAILURE")


def job_parameters(parameters: Any) -> Any:
    """A list of what is handed over, from what people write: a dict or text is predefined parameters."""
    if isinstance(parameters, Mapping):
        return (predefined(properties=properties_text(parameters)),)
    if isinstance(parameters, str):
        return (predefined(properties=parameters),)
    return parameters


def _one(parameter: Any) -> Any:
    if isinstance(parameter, str):
        return predefined(properties=parameter)
    raise DslError(f"takes a part like misc.current_parameters() or NAME=value, not {parameter!r}")


class trigger_config(Misc, xml=_P + "BuildTriggerConfig", plugin=_PLUGIN):
    """Jobs to start when a build is done, and what they are given."""

    forms = {
        "jjb": Form("configs projects condition triggerFromChildProjects triggerWithNoParameters"),
        "old": Form("configs projects condition triggerWithNoParameters"),
    }

    parameters: Any = children("configs", accepts=Misc, convert=_one)
    factories: Any = children("configFactories", accepts=Misc, default=None)
    projects: str = names(first=True)
    when: str = text("condition", default="SUCCESS", choices=CONDITIONS)
    without_parameters: bool = flag("triggerWithNoParameters", default=False)
    from_children: bool = flag("triggerFromChildProjects", default=False)
