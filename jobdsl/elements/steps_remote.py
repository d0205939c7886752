"""Builds of jobs on other controllers."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import (
    absent,
    child,
    children,
    credentials_id,
    flag,
    number,
    raw,
    secret_text,
    strings,
    text,
)
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "RemoteLogin",
    "RemoteParameters",
    "remote_anonymous",
    "remote_bearer",
    "remote_build",
    "remote_credentials",
    "remote_default",
    "remote_parameter",
    "remote_parameters",
    "remote_parameters_file",
    "remote_parameters_text",
    "remote_token",
]

_PLUGIN = "Parameterized-Remote-Trigger"
_P = "org.jenkinsci.plugins.ParameterizedRemoteTrigger."


class RemoteLogin(Misc):
    """The user that builds a job on another controller."""

    slot = "a login (steps.remote_credentials, steps.remote_token, ...)"


class remote_default(RemoteLogin, xml=_P + "auth2.NullAuth", plugin=_PLUGIN):
    """The user in the configuration of the other controller."""


class remote_anonymous(RemoteLogin, xml=_P + "auth2.NoneAuth", plugin=_PLUGIN):
    """The anonymous user."""


class remote_credentials(RemoteLogin, xml=_P + "auth2.CredentialsAuth", plugin=_PLUGIN):
    """With a user and password or token among the credentials of this controller."""

    id: str = credentials_id("credentials", first=True)


class remote_token(RemoteLogin, xml=_P + "auth2.TokenAuth", plugin=_PLUGIN):
    """With a user's API token."""

    user: str = text("userName", first=True)
    token: str = secret_text("apiToken")


class remote_bearer(RemoteLogin, xml=_P + "auth2.BearerTokenAuth", plugin=_PLUGIN):
    """With a bearer token."""

    token: str = secret_text()


class RemoteParameters(Misc):
    """What the other build is given."""

    slot = "parameters of a remote build (steps.remote_parameters, ...)"


class remote_parameter(Misc, xml=_P + "parameters2.MapParameter", plugin=_PLUGIN):
    """One parameter."""

    name: str = text(first=True)
    value: str | None = text(default="", first=True)


class remote_parameters(RemoteParameters, xml=_P + "parameters2.MapParameters", plugin=_PLUGIN):
    """Parameters one by one: `remote_parameters([remote_parameter("A", "1")])`."""

    parameters: Any = children(accepts=remote_parameter, first=True)


class remote_parameters_text(RemoteParameters, xml=_P + "parameters2.StringParameters", plugin=_PLUGIN):
    """Parameters as lines `NAME=value`."""

    parameters: str = text(first=True)


class remote_parameters_file(RemoteParameters, xml=_P + "parameters2.FileParameters", plugin=_PLUGIN):
    """Parameters as lines of a file of the workspace."""

    path: str = text("filePath", first=True)


def _parameters(text: str) -> remote_parameters_text:
    return remote_parameters_text(text)


class remote_build(Step, xml=_P + "RemoteBuildConfiguration", plugin=_PLUGIN):
    """Build a job of another controller: its name or URL, and the user to build it as.

    `remote_build("deploy", server="production", login=remote_credentials("deployer"))`. `server` is the
    name of a controller that the configuration of this one has, `url` the address of any. What follows
    `disabled` is what plugins before 3.1.6 had.
    """

    server: str | None = text("remoteJenkinsName", default=None)
    url: str | None = text("remoteJenkinsUrl", default=None)
    login: Any = child("auth2", accepts=RemoteLogin, default=remote_default())
    parameters: Any = child(
        "parameters2", accepts=RemoteParameters, convert=_parameters, default=remote_parameters(())
    )
    ignore_failure: bool = flag("shouldNotFailBuild", default=False)
    trust_all_certificates: bool = flag(default=False)
    override_trust: bool = flag("overrideTrustAllCertificates", default=False)
    wait_in_queue: bool = flag("preventRemoteBuildQueue", default=False)
    post_timeout_ms: int | str = number("httpPostReadTimeout", default=30000, least=0)
    get_timeout_ms: int | str = number("httpGetReadTimeout", default=10000, least=0)
    poll_seconds: int | str = number("pollInterval", default=10, least=0)
    wait: bool = flag("blockBuildUntilComplete", default=True)
    job: str = text(first=True)
    token: str | None = secret_text(default=None)
    enhanced_logging: bool = flag(default=False)
    connections: int | str = number("maxConn", default=1, least=0)
    use_crumb_cache: bool = flag(default=False)
    use_job_info_cache: bool = flag(default=False)
    abort_remote: bool = flag("abortTriggeredJob", default=False)
    disabled: bool = flag(default=False)
    old_parameters: str | None = text("parameters", default=None)
    old_parameter_list: tuple[str, ...] | None = strings("parameterList", default=None)
    old_retries: int | str | None = number("connectionRetryLimit", default=None, least=0)
    override_login: bool | None = flag("overrideAuth", default=None)
    old_login: Any = raw("auth", default=None)
    load_parameters: bool | None = flag("loadParamsFromFile", default=None)
    parameter_file: str | None = text(default=None)
    query_string: str | None = text(default=None)
    _permits = absent("hostPermits")
