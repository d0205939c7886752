"""Parameters of Jenkins itself: text, yes or no, a choice, a file, a build, a password, credentials."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobdsl import context
from jobdsl.elements.base import Form
from jobdsl.elements.fields import credentials_id, flag, secret_text, sugar
from jobdsl.elements.fields import text as line
from jobdsl.elements.kinds import REQUIRED, ordered
from jobdsl.elements.slots import Parameter
from jobdsl.elements.xstream_lists import array_of_strings
from jobdsl.errors import DslError

__all__ = [
    "base64_file",
    "boolean",
    "choice",
    "credentials",
    "file",
    "global_variable",
    "hidden",
    "hidden_string",
    "password",
    "persistent_boolean",
    "persistent_choice",
    "persistent_string",
    "persistent_text",
    "random_string",
    "run",
    "separator",
    "stashed_file",
    "string",
    "text",
    "validating_string",
]


class Named(Parameter):
    """What every parameter has."""

    name: str = line(first=True)
    description: str | None = line(default="")


class _Line(Named):
    """Text, one line or several."""

    default: str | None = line("defaultValue", default="", first=True)
    trim: bool = flag(default=False)


class string(_Line, xml="hudson.model.StringParameterDefinition"):
    """A line of text: `string("VERSION", "1.0", description="What to build")`."""


class text(_Line, xml="hudson.model.TextParameterDefinition"):
    """Text of several lines."""


class _YesNo(Named):
    """Yes or no."""

    default: bool = flag("defaultValue", default=False, first=True)


class boolean(_YesNo, xml="hudson.model.BooleanParameterDefinition"):
    """Yes or no: `boolean("DRY_RUN", True)`."""


def _known(choices: Iterable[str]) -> str:
    return "choices: " + ", ".join(map(str, choices))


class _Choice(Named):
    """One of several texts."""

    choices: Any = array_of_strings(default=REQUIRED, first=True)
    default: str | None = sugar()

    forms = {"list": Form("name description choices@")}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments with the default as the first choice."""
        choices, default = arguments["choices"], arguments["default"]
        if default is None or choices is REQUIRED:
            return arguments
        try:
            arguments["choices"] = choices = ordered(choices, "a list of texts")
        except DslError:
            return arguments  # reported by the field
        if default not in choices:
            context.complain(
                DslError(
                    f"params.choice: the default {default!r} is none of the choices", hint=_known(choices)
                )
            )
            return arguments
        arguments["choices"] = (default, *(choice for choice in choices if choice != default))
        return arguments


class choice(_Choice, xml="hudson.model.ChoiceParameterDefinition"):
    """One of several texts, the first by default: `choice("STAGE", ["test", "production"])`.

    `default` is moved to the front.
    """


class password(Named, xml="hudson.model.PasswordParameterDefinition"):
    """A text that is hidden in the form. Prefer credentials: `params.credentials`."""

    default: str | None = secret_text("defaultValue", default="")


class file(Named, xml="hudson.model.FileParameterDefinition"):
    """A file to upload; its name is where it lies in the workspace."""


class stashed_file(
    Named, xml="io.jenkins.plugins.file_parameters.StashedFileParameterDefinition", plugin="file-parameters"
):
    """A file to upload, which a Pipeline unstashes."""


class base64_file(
    Named, xml="io.jenkins.plugins.file_parameters.Base64FileParameterDefinition", plugin="file-parameters"
):
    """A small file to upload, in a variable as Base64."""


class run(Named, xml="hudson.model.RunParameterDefinition"):
    """A build of another job; `which` is ALL, STABLE, SUCCESSFUL or COMPLETED."""

    project: str = line("projectName", first=True)
    run_id: str | None = line(default=None)
    which: str | None = line("filter", default="ALL", choices=("ALL", "STABLE", "SUCCESSFUL", "COMPLETED"))


class credentials(
    Named, xml="com.cloudbees.plugins.credentials.CredentialsParameterDefinition", plugin="credentials"
):
    """Credentials of the controller, by id; `type` is the Java class of the kind wanted."""

    default: str = credentials_id("defaultValue", default="", first=True)
    type: str = line("credentialType", default="com.cloudbees.plugins.credentials.common.StandardCredentials")
    required: bool = flag(default=False)


class validating_string(
    Named,
    xml="hudson.plugins.validating_string_parameter.ValidatingStringParameterDefinition",
    plugin="validating-string-parameter",
):
    """A line of text that must match a regular expression."""

    default: str = line("defaultValue", default="")
    regex: str = line(first=True)
    message: str = line("failedValidationMessage", default="", first=True)


class hidden(Named, xml="com.wangyin.parameter.WHideParameterDefinition", plugin="hidden-parameter"):
    """A value the form does not show. It is no secret: users who may see the job's builds see it."""

    default: str = line("defaultValue", default="", first=True)


class hidden_string(
    Named,
    xml="com.michelin.cio.hudson.plugins.passwordparam.PasswordParameterDefinition",
    plugin="mask-passwords",
):
    """A text that masking hides in logs."""

    default: str | None = secret_text("defaultValue", default="")


class random_string(
    Named,
    xml="hudson.plugins.random_string_parameter.RandomStringParameterDefinition",
    plugin="random-string-parameter",
):
    """A random text, new for every build."""

    message: str = line("failedValidationMessage", default="")


class separator(
    Parameter,
    xml="jenkins.plugins.parameter_separator.ParameterSeparatorDefinition",
    plugin="parameter-separator",
):
    """A line in the form that sets parameters apart."""

    name: str = line(first=True)
    description: str | None = line(default=None)
    style: str = line("separatorStyle", default="")
    header: str = line("sectionHeader", default="", first=True)
    header_style: str = line("sectionHeaderStyle", default="")

    forms = {"jjb": Form("description name sectionHeader sectionHeaderStyle separatorStyle")}


_PERSISTENT = "com.gem.persistentparameter.Persistent"


class persistent_string(_Line, xml=_PERSISTENT + "StringParameterDefinition", plugin="persistent-parameter"):
    """A line of text that is by default what the last build had."""

    successful_only: bool = flag(default=False)


class persistent_text(_Line, xml=_PERSISTENT + "TextParameterDefinition", plugin="persistent-parameter"):
    """Text of several lines that is by default what the last build had."""

    successful_only: bool = flag(default=False)


class persistent_boolean(
    _YesNo, xml=_PERSISTENT + "BooleanParameterDefinition", plugin="persistent-parameter"
):
    """Yes or no, by default as in the last build."""

    successful_only: bool = flag(default=False)


class persistent_choice(
    _Choice, xml=_PERSISTENT + "ChoiceParameterDefinition", plugin="persistent-parameter"
):
    """One of several texts, by default as in the last build."""

    successful_only: bool = flag(default=False)


class global_variable(
    Named,
    xml="hudson.plugins.global_variable_string_parameter.GlobalVariableStringParameterDefinition",
    plugin="global-variable-string-parameter",
):
    """A line of text whose `${VARIABLES}` of the controller are replaced."""

    default: str | None = line("defaultValue", default="", first=True)
