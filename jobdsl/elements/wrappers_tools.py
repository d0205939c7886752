"""Tools and other systems around a build: Node.js, SonarQube, displays, Kubernetes, containers, Vault."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, number, raw, secret_text, text
from jobdsl.elements.slots import Misc, Wrapper
from jobdsl.elements.steps_docker import docker_server
from jobdsl.elements.triggers_ghprb import ghprb_message

__all__ = [
    "ImageSelector",
    "android_emulator",
    "applitools",
    "cache_default",
    "cache_per_executor",
    "cache_per_job",
    "clouds",
    "custom_tools",
    "docker_container",
    "ghprb_message",
    "ghprb_status",
    "go",
    "hardware",
    "image",
    "image_from_dockerfile",
    "jclouds",
    "jclouds_single_use",
    "kubectl",
    "nodejs",
    "openstack_single_use",
    "selected_tool",
    "sonar_env",
    "ssh",
    "terraform",
    "tools_in_matrix",
    "vault",
    "vault_config",
    "vault_secret",
    "vault_value",
    "volume",
    "xvfb",
    "xvfb_wrapper",
    "xvnc",
]


class cache_default(Misc, xml="jenkins.plugins.nodejs.cache.DefaultCacheLocationLocator", plugin="nodejs"):
    """npm's own cache."""


class cache_per_executor(
    Misc, xml="jenkins.plugins.nodejs.cache.PerExecutorCacheLocationLocator", plugin="nodejs"
):
    """A cache for every executor."""


class cache_per_job(Misc, xml="jenkins.plugins.nodejs.cache.PerJobCacheLocationLocator", plugin="nodejs"):
    """A cache in the workspace."""


class nodejs(Wrapper, xml="jenkins.plugins.nodejs.NodeJSBuildWrapper", plugin="nodejs"):
    """Node.js and npm in the path: `nodejs("node-22")`; `config` is the id of a kept npmrc."""

    installation: str = text("nodeJSInstallationName", first=True)
    config: str | None = text("configId", default=None)
    cache: Any = child("cacheLocationStrategy", accepts=Misc, default=cache_default())


class go(Wrapper, xml="org.jenkinsci.plugins.golang.GolangBuildWrapper", plugin="golang"):
    """Go in the path, by the name of an installation."""

    version: str = text("goVersion", first=True)


class sonar_env(Wrapper, xml="hudson.plugins.sonar.SonarBuildWrapper", plugin="sonar"):
    """Address and token of a SonarQube server in variables."""

    installation: str | None = text("installationName", default=None, first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    env_only: bool = flag(default=False)


class selected_tool(
    Misc,
    xml="com.cloudbees.jenkins.plugins.customtools.CustomToolInstallWrapper$SelectedTool",
    plugin="custom-tools-plugin",
):
    """A custom tool by its name."""

    name: str = text(first=True)


class tools_in_matrix(
    Misc,
    xml="com.cloudbees.jenkins.plugins.customtools.MulticonfigWrapperOptions",
    plugin="custom-tools-plugin",
):
    """What custom tools do in matrix jobs."""

    skip_controller: bool = flag("skipMasterInstallation", default=False)


class custom_tools(
    Wrapper,
    xml="com.cloudbees.jenkins.plugins.customtools.CustomToolInstallWrapper",
    plugin="custom-tools-plugin",
):
    """Custom tools of the controller: `custom_tools(["protoc"])`."""

    tools: Any = children("selectedTools", accepts=selected_tool, convert=selected_tool, first=True)
    matrix: Any = child("multiconfigOptions", accepts=tools_in_matrix, plain=True, default=tools_in_matrix())
    uppercase: bool = flag("convertHomesToUppercase", default=False)


class _Display(Wrapper):
    """A virtual display."""

    installation: str = text("installationName", default="default", first=True)
    display: int | str | None = number("displayName", default=None, least=0)
    screen: str = text(default="1024x768x24")
    debug: bool = flag(default=False)
    timeout: int | str = number(default=0, least=0)
    offset: int | str = number("displayNameOffset", default=1, least=None)
    options: str | None = text("additionalOptions", default=None)
    shutdown_with_build: bool = flag(default=False)
    auto_display: bool = flag("autoDisplayName", default=False)
    labels: str | None = text("assignedLabels", default=None)
    parallel: bool = flag("parallelBuild", default=False)

    forms = {
        "jjb": Form(
            "installationName autoDisplayName displayName assignedLabels parallelBuild timeout screen "
            "displayNameOffset additionalOptions debug shutdownWithBuild"
        ),
    }


class xvfb(_Display, xml="org.jenkinsci.plugins.xvfb.Xvfb", plugin="xvfb"):
    """A virtual display (Xvfb) for programs with windows; the timeout is in seconds."""


class xvfb_wrapper(_Display, xml="org.jenkinsci.plugins.xvfb.XvfbBuildWrapper", plugin="xvfb"):
    """What old versions of the Xvfb plugin, and Jenkins Job Builder, write for `xvfb`."""


class xvnc(Wrapper, xml="hudson.plugins.xvnc.Xvnc", plugin="xvnc"):
    """A VNC display for programs with windows."""

    screenshot: bool = flag("takeScreenshot", default=False)
    xauthority: bool = flag("useXauthority", default=True)


class kubectl(
    Wrapper, xml="org.jenkinsci.plugins.kubernetes.cli.KubectlBuildWrapper", plugin="kubernetes-cli"
):
    """kubectl that knows a cluster: `kubectl("https://k8s.example.com", credentials="deployer")`."""

    server: str | None = text("serverUrl", default=None, first=True)
    credentials: str = credentials_id("credentialsId", default="")
    ca_certificate: str | None = text(default=None)
    context: str | None = text("contextName", default=None)
    cluster: str | None = text("clusterName", default=None)
    namespace: str | None = text(default=None)
    restrict_access: bool | None = flag("restrictKubeConfigAccess", default=None)


_OKIDOCKI = "com.cloudbees.jenkins.plugins.okidocki."
_CUSTOM_ENV = "docker-custom-build-environment"


class ImageSelector(Misc):
    """Which image the container is made from."""

    slot = "an image (wrappers.image or wrappers.image_from_dockerfile)"


class image(ImageSelector, xml=_OKIDOCKI + "PullDockerImageSelector", plugin=_CUSTOM_ENV):
    """An image of a registry."""

    image: str = text(first=True)


class image_from_dockerfile(ImageSelector, xml=_OKIDOCKI + "DockerfileImageSelector", plugin=_CUSTOM_ENV):
    """An image built from a Dockerfile of the workspace."""

    context: str = text("contextPath", default=".", first=True)
    dockerfile: str = text(default="Dockerfile")


class volume(Misc, xml=_OKIDOCKI + "Volume", plugin=_CUSTOM_ENV):
    """A directory of the agent that the container sees."""

    host_path: str = text(first=True)
    path: str = text(first=True)


class docker_container(Wrapper, xml=_OKIDOCKI + "DockerBuildWrapper", plugin=_CUSTOM_ENV):
    """The steps run in a container: `docker_container("maven:3.9")`."""

    image: Any = child("selector", accepts=ImageSelector, convert=image, first=True)
    installation: str | None = text("dockerInstallation", default=None)
    server: Any = child("dockerHost", accepts=docker_server, plain=True, default=docker_server())
    registry_credentials: str | None = credentials_id("dockerRegistryCredentials", default="")
    verbose: bool = flag(default=False)
    volumes: Any = children(accepts=volume)
    privileged: bool = flag(default=False)
    group: str | None = text(default="")
    command: str | None = text(default="/bin/cat")
    force_pull: bool = flag(default=False)
    net: str | None = text(default="bridge")
    memory: str | None = text(default=None)
    cpu: str | None = text(default=None)

    forms = {
        "jjb": Form(
            "selector dockerInstallation dockerHost dockerRegistryCredentials volumes forcePull privileged "
            "verbose group command net memory cpu"
        ),
    }


_VAULT = "com.datapipe.jenkins.vault."


class vault_config(Misc, xml=_VAULT + "configuration.VaultConfiguration", plugin="hashicorp-vault-plugin"):
    """Which Vault, with which credentials."""

    url: str | None = text("vaultUrl", default=None, first=True)
    credentials: str | None = credentials_id("vaultCredentialId", default=None)
    namespace: str | None = text("vaultNamespace", default=None)
    prefix_path: str | None = text(default=None)
    engine_version: int | str | None = number(default=None)
    fail_if_not_found: bool | None = flag(default=None)
    skip_ssl_verification: bool | None = flag(default=None)
    timeout: int | str | None = number(default=None, least=0)


class vault_value(Misc, xml=_VAULT + "model.VaultSecretValue", plugin="hashicorp-vault-plugin"):
    """A key of a secret, in a variable."""

    variable: str = text("envVar", first=True)
    key: str = text("vaultKey", first=True)
    required: bool | None = flag("isRequired", default=None)


class vault_secret(Misc, xml=_VAULT + "model.VaultSecret", plugin="hashicorp-vault-plugin"):
    """A secret by its path, and what is taken from it."""

    path: str = text(first=True)
    engine_version: int | str | None = number(default=None)
    values: Any = children("secretValues", accepts=vault_value, first=True)


class vault(Wrapper, xml=_VAULT + "VaultBuildWrapper", plugin="hashicorp-vault-plugin"):
    """Secrets of HashiCorp Vault in variables."""

    config: Any = child("configuration", accepts=vault_config, plain=True, default=None)
    secrets: Any = children("vaultSecrets", accepts=vault_secret, first=True)

    forms = {
        "jjb": Form(
            "configuration vaultSecrets valuesToMask vaultAccessor",
            {"valuesToMask": None, "vaultAccessor": None},
        ),
    }


class terraform(Wrapper, xml="org.jenkinsci.plugins.terraform.TerraformBuildWrapper", plugin="terraform"):
    """Terraform applies a configuration before the build."""

    variables: str = text(default="")
    installation: str = text("terraformInstallation", first=True)
    do_get_update: bool = flag(default=True)
    do_not_apply: bool = flag(default=False)
    do_destroy: bool = flag(default=False)
    config: Any = raw(default=None)


class ssh(Wrapper, xml="org.jvnet.hudson.plugins.SSHBuildWrapper", plugin="ssh"):
    """Commands on another machine, before and after the build."""

    site: str = text("siteName", first=True)
    before: str = text("preScript", default="")
    after: str = text("postScript", default="")
    hide: bool = flag("hideCommand", default=False)


class openstack_single_use(
    Wrapper, xml="jenkins.plugins.openstack.compute.JCloudsOneOffSlave", plugin="openstack-cloud"
):
    """The OpenStack agent serves this build only."""


class jclouds_single_use(
    Wrapper, xml="jenkins.plugins.jclouds.compute.JCloudsOneOffSlave", plugin="jclouds-jenkins"
):
    """The JClouds agent serves this build only."""


class clouds(Misc, xml="jenkins.plugins.jclouds.compute.InstancesToRun", plugin="jclouds-jenkins"):
    """Instances of a template."""

    cloud: str = text("cloudName", first=True)
    template: str = text("templateName", first=True)
    count: int | str = number(default=1, least=0)
    suspend: bool = flag("suspendOrTerminate", default=False)

    forms = {"jjb": Form("templateName cloudName count suspendOrTerminate")}


class jclouds(Wrapper, xml="jenkins.plugins.jclouds.compute.JCloudsBuildWrapper", plugin="jclouds-jenkins"):
    """Instances for the time of the build."""

    instances: Any = children("instancesToRun", accepts=clouds, first=True)


class hardware(
    Misc, xml="hudson.plugins.android_emulator.AndroidEmulator$HardwareProperty", plugin="android-emulator"
):
    """A property of the emulated device."""

    key: str = text(first=True)
    value: str = text(first=True)


class android_emulator(
    Wrapper, xml="hudson.plugins.android_emulator.AndroidEmulator", plugin="android-emulator"
):
    """An Android emulator: one that is there (`avd`), or one made for the build."""

    avd: str | None = text("avdName", default=None)
    version: str | None = text("osVersion", default=None, first=True)
    density: str | None = text("screenDensity", default=None)
    resolution: str | None = text("screenResolution", default=None)
    locale: str | None = text("deviceLocale", default=None)
    abi: str | None = text("targetAbi", default=None)
    sd_card: str | None = text("sdCardSize", default=None)
    hardware: Any = children("hardwareProperties", accepts=hardware)
    wipe: bool = flag("wipeData", default=True)
    window: bool = flag("showWindow", default=True)
    snapshots: bool = flag("useSnapshots", default=True)
    delete: bool = flag("deleteAfterBuild", default=False)
    delay: int | str = number("startupDelay", default=0, least=0)
    options: str | None = text("commandLineOptions", default="")
    executable: str | None = text(default="")


class ghprb_status(Wrapper, xml="org.jenkinsci.plugins.ghprb.upstream.GhprbUpstreamStatus", plugin="ghprb"):
    """Report to the pull request that started the build further up."""

    matrix: bool = flag("showMatrixStatus", default=False)
    context: str = text("commitStatusContext", default="")
    triggered: str = text("triggeredStatus", default="")
    started: str = text("startedStatus", default="")
    url: str = text("statusUrl", default="")
    test_results: bool = flag("addTestResults", default=False)
    completed: Any = children("completedStatus", accepts=Misc)


class applitools(Wrapper, xml="com.applitools.jenkins.ApplitoolsBuildWrapper", plugin="applitools-eyes"):
    """Results of Applitools Eyes with the build."""

    server: str = text("serverURL", default="https://eyes.applitools.com", first=True)
    notify: bool = flag("notifyByCompletion", default=True)
    key: str | None = secret_text("applitoolsApiKey", default="")
