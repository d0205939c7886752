"""Builds whose artifacts go to and come from Artifactory."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, credentials_id, flag, raw, secret_text, text
from jobdsl.elements.slots import Misc, Wrapper

__all__ = [
    "artifactory_credentials",
    "artifactory_generic",
    "artifactory_gradle",
    "artifactory_login",
    "artifactory_maven",
    "artifactory_maven_native",
    "artifactory_patterns",
    "artifactory_server",
    "artifactory_spec",
]

_P = "org.jfrog.hudson."


class artifactory_patterns(Misc, xml="org.jfrog.hudson.util.IncludesExcludes", plugin="artifactory"):
    """What is taken and what is not."""

    include: str = text("includePatterns", default="", first=True)
    exclude: str = text("excludePatterns", default="")


class artifactory_server(Misc, xml=_P + "ServerDetails", plugin="artifactory"):
    """A server the controller knows, and its repositories."""

    name: str = text("artifactoryName", first=True)
    url: str | None = text("artifactoryUrl", default=None)
    releases: Any = raw("deployReleaseRepository", default=None)
    snapshots: Any = raw("deploySnapshotRepository", default=None)
    resolve_snapshots: Any = raw("resolveSnapshotRepository", default=None)
    resolve_releases: Any = raw("resolveReleaseRepository", default=None)
    staging: Any = raw("stagingPlugin", default=None)
    download: str | None = text("downloadRepositoryKey", default=None)


class artifactory_spec(Misc, xml="org.jfrog.hudson.util.SpecConfiguration", plugin="artifactory"):
    """A file spec: JSON written here, or a file of the workspace."""

    spec: str | None = text(default=None, first=True)
    path: str | None = text("filePath", default=None)


class artifactory_login(Misc, xml=_P + "util.Credentials", plugin="artifactory"):
    """A user and password, as older plugins kept them with a job."""

    username: str | None = text(default=None, first=True)
    password: str | None = secret_text(default=None)
    access_token: str | None = secret_text(default=None)


class artifactory_credentials(Misc, xml=_P + "CredentialsConfig", plugin="artifactory"):
    """The user for deploying or resolving, by the id of a credential."""

    username: str | None = secret_text(default=None)
    password: str | None = secret_text(default=None)
    id: str | None = credentials_id("credentialsId", default="", first=True)
    overriding: bool | None = flag("overridingCredentials", default=True)
    without_plugin: bool = flag("ignoreCredentialPluginDisabled", default=False)
    login: Any = child("credentials", accepts=artifactory_login, plain=True, default=None)


def _server(tag: str) -> Any:
    return child(tag, accepts=artifactory_server, plain=True, convert=artifactory_server, default=None)


def _credentials(tag: str) -> Any:
    return child(
        tag, accepts=artifactory_credentials, plain=True, convert=artifactory_credentials, default=None
    )


class artifactory_generic(Wrapper, xml=_P + "generic.ArtifactoryGenericConfigurator", plugin="artifactory"):
    """Send and fetch files by file specs or patterns.

    `server` and `properties` are for plugins before 2.9, `deployer` and `deployment_properties` for
    later ones; from 3.3 on there is a server for each of specs and patterns (`specs_deployer`, ...).
    """

    specs_deployer: Any = _server("specsDeployerDetails")
    specs_resolver: Any = _server("specsResolverDetails")
    patterns_deployer: Any = _server("legacyDeployerDetails")
    patterns_resolver: Any = _server("legacyResolverDetails")
    server: Any = _server("details")
    deployer: Any = _server("deployerDetails")
    resolver: Any = _server("resolverDetails")
    deployer_credentials: Any = _credentials("deployerCredentialsConfig")
    resolver_credentials: Any = _credentials("resolverCredentialsConfig")
    upload: Any = child(
        "uploadSpec", accepts=artifactory_spec, plain=True, convert=artifactory_spec, default=None
    )
    download: Any = child(
        "downloadSpec", accepts=artifactory_spec, plain=True, convert=artifactory_spec, default=None
    )
    use_specs: bool = flag(default=True)
    deploy_pattern: str | None = text(default="")
    resolve_pattern: str | None = text(default="")
    properties: str | None = text("matrixParams", default="")
    deployment_properties: str | None = text(default=None)
    build_info: bool = flag("deployBuildInfo", default=False)
    env_vars: bool = flag("includeEnvVars", default=False)
    discard_builds: bool = flag("discardOldBuilds", default=False)
    discard_artifacts: bool = flag("discardBuildArtifacts", default=True)
    asynchronous_discard: bool | None = flag("asyncBuildRetention", default=None)
    env_patterns: Any = child(
        "envVarsPatterns", accepts=artifactory_patterns, plain=True, default=artifactory_patterns()
    )
    combination_filter: str | None = text("artifactoryCombinationFilter", default=None)
    matrix: bool | None = flag("multiConfProject", default=None)
    build_name: str | None = text("customBuildName", default=None)
    override_build_name: bool | None = flag(default=None)
    project: str | None = text(default=None)
    deployer_login: Any = child(
        "overridingDeployerCredentials", accepts=artifactory_login, plain=True, default=None
    )
    resolver_login: Any = child(
        "overridingResolverCredentials", accepts=artifactory_login, plain=True, default=None
    )


class _Deploys(Wrapper):
    """What builds with Artifactory's own support have."""

    server: Any = child("details", accepts=artifactory_server, plain=True, convert=artifactory_server)
    resolver: Any = child("resolverDetails", accepts=artifactory_server, plain=True, default=None)
    patterns: Any = child(
        "artifactDeploymentPatterns", accepts=artifactory_patterns, plain=True, default=artifactory_patterns()
    )
    env_patterns: Any = child(
        "envVarsPatterns", accepts=artifactory_patterns, plain=True, default=artifactory_patterns()
    )
    properties: str | None = text("matrixParams", default=None)


class artifactory_maven(_Deploys, xml=_P + "maven3.ArtifactoryMaven3Configurator", plugin="artifactory"):
    """Maven steps deploy to and resolve from Artifactory."""

    deploy: bool = flag("deployArtifacts", default=True)
    env_vars: bool = flag("includeEnvVars", default=False)
    build_info: bool = flag("deployBuildInfo", default=True)


class artifactory_gradle(_Deploys, xml=_P + "gradle.ArtifactoryGradleConfigurator", plugin="artifactory"):
    """Gradle steps deploy to and resolve from Artifactory."""

    deploy: bool = flag("deployArtifacts", default=True)
    env_vars: bool = flag("includeEnvVars", default=False)
    build_info: bool = flag("deployBuildInfo", default=True)
    deploy_maven: bool = flag(default=True)
    deploy_ivy: bool = flag(default=False)


class artifactory_maven_native(
    Wrapper, xml=_P + "maven3.ArtifactoryMaven3NativeConfigurator", plugin="artifactory"
):
    """A Maven job resolves from Artifactory."""

    server: Any = child(
        "details", accepts=artifactory_server, plain=True, convert=artifactory_server, first=True
    )
