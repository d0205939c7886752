"""Credentials as variables of a build: by their ids, never by their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, credentials_id, flag, raw, strings, text
from jobdsl.elements.slots import Misc, Wrapper

__all__ = [
    "Binding",
    "aws_keys",
    "azure_principal",
    "certificate",
    "conjur_secret",
    "credentials",
    "docker_certificates",
    "git_password",
    "mask_passwords",
    "secret",
    "secret_file",
    "secret_zip",
    "ssh_agent",
    "ssh_key",
    "username_and_password",
    "username_password",
    "vault_token",
]

_P = "org.jenkinsci.plugins.credentialsbinding.impl."
_PLUGIN = "credentials-binding"


class Binding(Misc):
    """Credentials and the variables they go into."""

    slot = "a credentials binding (wrappers.secret, wrappers.username_password, wrappers.ssh_key ...)"

    credentials: str = credentials_id("credentialsId", first=True)


class _Variable(Binding):
    """Credentials that fill one variable."""

    variable: str = text(first=True)

    forms = {"jjb": Form("variable credentialsId")}


class secret(_Variable, xml=_P + "StringBinding", plugin=_PLUGIN):
    """A secret text in a variable: `secret("deploy-token", "TOKEN")`."""


class secret_file(_Variable, xml=_P + "FileBinding", plugin=_PLUGIN):
    """The path of a secret file in a variable."""


class secret_zip(_Variable, xml=_P + "ZipFileBinding", plugin=_PLUGIN):
    """The path of an unpacked secret zip file in a variable."""


class username_and_password(_Variable, xml=_P + "UsernamePasswordBinding", plugin=_PLUGIN):
    """User name and password in one variable, with a colon between them."""


class docker_certificates(
    _Variable,
    xml="org.jenkinsci.plugins.docker.commons.credentials.DockerServerCredentialsBinding",
    plugin="docker-commons",
):
    """The path of a Docker server's certificates in a variable."""


class username_password(Binding, xml=_P + "UsernamePasswordMultiBinding", plugin=_PLUGIN):
    """User name and password in two variables: `username_password("nexus", "USER", "PASSWORD")`."""

    user: str = text("usernameVariable", first=True)
    password: str = text("passwordVariable", first=True)

    forms = {"jjb": Form("usernameVariable passwordVariable credentialsId")}


class ssh_key(Binding, xml=_P + "SSHUserPrivateKeyBinding", plugin=_PLUGIN):
    """The path of an SSH key in a variable; its user and passphrase in others if wanted."""

    file: str = text("keyFileVariable", first=True)
    user: str | None = text("usernameVariable", default=None)
    passphrase: str | None = text("passphraseVariable", default=None)

    forms = {"jjb": Form("keyFileVariable usernameVariable passphraseVariable credentialsId")}


class certificate(Binding, xml=_P + "CertificateMultiBinding", plugin=_PLUGIN):
    """The path of a keystore in a variable; its password and alias in others if wanted."""

    keystore: str = text("keystoreVariable", first=True)
    password: str | None = text("passwordVariable", default=None)
    alias: str | None = text("aliasVariable", default=None)

    forms = {"jjb": Form("keystoreVariable passwordVariable aliasVariable credentialsId")}


class aws_keys(
    Binding,
    xml="com.cloudbees.jenkins.plugins.awscredentials.AmazonWebServicesCredentialsBinding",
    plugin="aws-credentials",
):
    """AWS access key and secret key in two variables; with `role` those of an assumed role."""

    access_key: str = text("accessKeyVariable", default="AWS_ACCESS_KEY_ID")
    secret_key: str = text("secretKeyVariable", default="AWS_SECRET_ACCESS_KEY")
    role: str | None = text("roleArn", default=None)
    role_session: str | None = text("roleSessionName", default=None)
    role_seconds: int | str | None = text("roleSessionDurationSeconds", default=None)

    forms = {"jjb": Form("accessKeyVariable secretKeyVariable credentialsId")}


class azure_principal(
    Binding, xml="com.microsoft.azure.util.AzureCredentialsBinding", plugin="azure-credentials"
):
    """An Azure service principal in variables."""

    subscription: str = text("subscriptionIdVariable", default="AZURE_SUBSCRIPTION_ID")
    client: str = text("clientIdVariable", default="AZURE_CLIENT_ID")
    secret: str = text("clientSecretVariable", default="AZURE_CLIENT_SECRET")
    tenant: str = text("tenantIdVariable", default="AZURE_TENANT_ID")


class git_password(Binding, xml="jenkins.plugins.git.GitUsernamePasswordBinding", plugin="git"):
    """User name and password for git over HTTP; git finds them by itself."""

    tool: str | None = text("gitToolName", default=None)


class conjur_secret(
    _Variable,
    xml="org.conjur.jenkins.conjursecrets.ConjurSecretCredentialsBinding",
    plugin="conjur-credentials",
):
    """A secret of Conjur in a variable."""


class vault_token(
    Binding,
    xml="com.datapipe.jenkins.vault.credentials.VaultTokenCredentialBinding",
    plugin="hashicorp-vault-plugin",
):
    """Address and token of a Vault in two variables."""

    address: str = text("addrVariable", default="VAULT_ADDR")
    token: str = text("tokenVariable", default="VAULT_TOKEN")
    url: str = text("vaultAddr", default="")


class credentials(Wrapper, xml=_P + "SecretBuildWrapper", plugin=_PLUGIN):
    """Credentials as variables of the build, masked in its log.

    `credentials({"TOKEN": "deploy-token"})` binds secret texts by variable and credentials id; others are
    bound as `credentials([wrappers.username_password("nexus", "NEXUS_USER", "NEXUS_PASSWORD"), ...])`.
    """

    bindings: Any = children(accepts=Binding, first=True)

    also = {"bindings": "Mapping[str, str | Binding]"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Secret texts from a dict of variables."""
        if isinstance(arguments["bindings"], Mapping):
            arguments["bindings"] = tuple(
                secret(credentials=binding, variable=name) if isinstance(binding, str) else binding
                for name, binding in arguments["bindings"].items()
            )
        return arguments


class ssh_agent(
    Wrapper, xml="com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper", plugin="ssh-agent"
):
    """An SSH agent that holds keys: `ssh_agent(["deploy-key"])`, by their credentials ids."""

    credentials: Any = strings("credentialIds", first=True, refers="credentials")
    ignore_missing: bool = flag(default=False)

    also = {"credentials": "str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments; a single key may be given without a list."""
        if isinstance(arguments["credentials"], str):
            arguments["credentials"] = (arguments["credentials"],)
        return arguments


class mask_passwords(
    Wrapper,
    xml="com.michelin.cio.hudson.plugins.maskpasswords.MaskPasswordsBuildWrapper",
    plugin="mask-passwords",
):
    """Hide password parameters in the log; passwords and regular expressions of its own are elements."""

    passwords: Any = raw("varPasswordPairs", default=None)
    regexes: Any = raw("varMaskRegexes", default=None)
