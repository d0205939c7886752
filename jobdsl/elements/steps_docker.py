"""Steps that build, push and pull container images."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, credentials_id, flag, raw, strings, text
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "docker_build",
    "docker_build_publish",
    "docker_command",
    "docker_pull",
    "docker_registry",
    "docker_server",
]


class docker_server(
    Misc, xml="org.jenkinsci.plugins.docker.commons.credentials.DockerServerEndpoint", plugin="docker-commons"
):
    """A Docker daemon: its address and the credentials for it."""

    uri: str | None = text(default=None, first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)

    forms = {"jjb": Form("credentialsId uri")}


class docker_registry(
    Misc,
    xml="org.jenkinsci.plugins.docker.commons.credentials.DockerRegistryEndpoint",
    plugin="docker-commons",
):
    """A registry of images: its address and the credentials for it."""

    url: str | None = text(default=None, first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)

    forms = {"jjb": Form("credentialsId url")}


class docker_build_publish(
    Step, xml="com.cloudbees.dockerpublish.DockerBuilder", plugin="docker-build-publish"
):
    """Build an image from the workspace and push it: `docker_build_publish("team/app", tag="${VERSION}")`."""

    server: Any = child(accepts=docker_server, plain=True, convert=docker_server, default=docker_server())
    registry: Any = child(
        accepts=docker_registry, plain=True, convert=docker_registry, default=docker_registry()
    )
    name: str = text("repoName", first=True)
    no_cache: bool = flag(default=False)
    force_pull: bool = flag(default=True)
    context: str | None = text("buildContext", default=None)
    dockerfile: str | None = text("dockerfilePath", default=None)
    skip_build: bool = flag(default=False)
    skip_decorate: bool = flag(default=False)
    tag: str | None = text("repoTag", default=None)
    skip_push: bool = flag(default=False)
    fingerprint: bool = flag("createFingerprint", default=True)
    skip_latest: bool = flag("skipTagLatest", default=False)
    args: str = text("buildAdditionalArgs", default="")
    force_tag: bool = flag(default=False)
    tool: str | None = text("dockerToolName", default=None)

    forms = {
        "jjb": Form(
            "repoName repoTag noCache noForcePull skipBuild skipDecorate skipTagLatest skipPush "
            "dockerfilePath buildContext createFingerprint buildAdditionalArgs forceTag server? registry?",
            {"noForcePull": "false"},
        ),
    }


class docker_build(
    Step, xml="com.nirima.jenkins.plugins.docker.builder.DockerBuilderPublisher", plugin="docker-plugin"
):
    """Build an image on a Docker cloud of the controller and push it."""

    from_registry: Any = child(accepts=docker_registry, plain=True, default=None)
    tags: Any = strings(first=True)
    dockerfile_dir: str = text("dockerFileDirectory", default=".")
    pull_credentials: str | None = credentials_id("pullCredentialsId", default=None)
    push: bool = flag("pushOnSuccess", default=False)
    push_credentials: str | None = credentials_id("pushCredentialsId", default=None)
    clean_images: bool = flag(default=False)
    clean_with_job: bool = flag("cleanupWithJenkinsJobDelete", default=False)
    cloud: str | None = text(default=None)
    no_cache: bool | None = flag(default=None)
    pull: bool | None = flag(default=None)


class docker_pull(
    Step,
    xml="org.jenkinsci.plugins.registry.notification.DockerPullImageBuilder",
    plugin="dockerhub-notification",
):
    """Pull an image."""

    registry: Any = child(
        accepts=docker_registry, plain=True, convert=docker_registry, default=docker_registry()
    )
    image: str = text(first=True)


class docker_command(
    Step, xml="org.jenkinsci.plugins.dockerbuildstep.DockerBuilder", plugin="docker-build-step"
):
    """Run a Docker command; its fields depend on the command, so it is given as an element."""

    command: Any = raw("dockerCmd", first=True)
