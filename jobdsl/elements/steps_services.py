"""Steps that talk to other systems: SonarQube, Ansible, HTTP, Nexus, Salt, files sent to servers."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, number, secret_text, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_publish_over import OfCifs, OfFtp, OfSsh
from jobdsl.elements.publish_transfer import cifs, ftp, ssh
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "AnsibleInventory",
    "ansible_command",
    "ansible_playbook",
    "dependency_check",
    "extra_var",
    "header",
    "http_request",
    "inventory_content",
    "inventory_none",
    "inventory_path",
    "maven_artifact",
    "maven_asset",
    "maven_coordinate",
    "maven_package",
    "nexus_artifact",
    "nexus_publish",
    "nexus_upload",
    "publish_cifs",
    "publish_ftp",
    "publish_ssh",
    "resolve_artifacts",
    "scriptler",
    "scriptler_parameter",
    "sonar_scanner",
]


class sonar_scanner(Step, xml="hudson.plugins.sonar.SonarRunnerBuilder", plugin="sonar"):
    """Analyse with SonarQube Scanner: properties written here, or in the file `project`."""

    installation: str | None = text("installationName", default=None)
    project: str = text(default="")
    properties: str = text(default="", first=True)
    java_opts: str = text(default="")
    args: str = text("additionalArguments", default="")
    jdk: str = text(default="(Inherit From Job)")
    scanner: str | None = text("sonarScannerName", default=None)
    task: str | None = text(default="")

    forms = {
        "jjb": Form(
            "installationName sonarScannerName task project properties javaOpts additionalArguments jdk?"
        ),
    }


class AnsibleInventory(Misc):
    """Which hosts Ansible knows."""

    slot = "an inventory (steps.inventory_path, inventory_content or inventory_none)"


class inventory_path(AnsibleInventory, xml="org.jenkinsci.plugins.ansible.InventoryPath", plugin="ansible"):
    """An inventory file or host list."""

    path: str = text(first=True)


class inventory_content(
    AnsibleInventory, xml="org.jenkinsci.plugins.ansible.InventoryContent", plugin="ansible"
):
    """An inventory written in the job; `dynamic` makes it a script."""

    content: str = text(first=True)
    dynamic: bool = flag(default=False)


class inventory_none(
    AnsibleInventory, xml="org.jenkinsci.plugins.ansible.InventoryDoNotSpecify", plugin="ansible"
):
    """The inventory of Ansible's own configuration."""


class extra_var(Misc, xml="org.jenkinsci.plugins.ansible.ExtraVar", plugin="ansible"):
    """An extra variable for Ansible; hidden ones do not stand in the log."""

    key: str = text(first=True)
    value: str | None = secret_text(default=None, first=True)
    secret_value: str | None = secret_text(default=None)
    hidden: bool = flag(default=True)


class ansible_playbook(Step, xml="org.jenkinsci.plugins.ansible.AnsiblePlaybookBuilder", plugin="ansible"):
    """Run an Ansible playbook: `ansible_playbook("site.yml", inventory="hosts/test")`."""

    playbook: str = text(first=True)
    inventory: Any = child(accepts=AnsibleInventory, convert=inventory_path, default=None)
    installation: str | None = text("ansibleName", default=None)
    limit: str | None = text(default=None)
    tags: str | None = text(default=None)
    skipped_tags: str | None = text(default=None)
    start_at: str | None = text("startAtTask", default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    vault_credentials: str | None = credentials_id("vaultCredentialsId", default=None)
    vault_tmp_path: str | None = text(default=None)
    become: bool = flag(default=False)
    become_user: str | None = text(default="root")
    check_mode: bool = flag(default=False)
    sudo: bool = flag(default=False)
    sudo_user: str | None = text(default="root")
    forks: int | str = number(default=0, least=0)
    unbuffered: bool = flag("unbufferedOutput", default=True)
    colorized: bool = flag("colorizedOutput", default=False)
    no_host_key_check: bool = flag("disableHostKeyChecking", default=False)
    parameters: str | None = text("additionalParameters", default=None)
    copy_credentials: bool = flag("copyCredentialsInWorkspace", default=False)
    extra_vars: Any = children(accepts=extra_var, default=None)

    forms = {
        "jjb": Form(
            "playbook inventory limit tags skippedTags startAtTask credentialsId vaultCredentialsId sudo "
            "sudoUser? become becomeUser? forks unbufferedOutput colorizedOutput disableHostKeyChecking "
            "hostKeyChecking additionalParameters copyCredentialsInWorkspace extraVars?",
            {"hostKeyChecking": "true"},
        ),
    }


class ansible_command(Step, xml="org.jenkinsci.plugins.ansible.AnsibleAdHocCommandBuilder", plugin="ansible"):
    """Run one Ansible module on hosts: `ansible_command("web*", module="ping")`."""

    installation: str | None = text("ansibleName", default=None)
    credentials: str | None = credentials_id("credentialsId", default=None)
    vault_credentials: str | None = credentials_id("vaultCredentialsId", default=None)
    vault_tmp_path: str | None = text(default=None)
    hosts: str = text("hostPattern", first=True)
    inventory: Any = child(accepts=AnsibleInventory, convert=inventory_path, default=None)
    module: str | None = text(default=None)
    command: str | None = text(default=None)
    become: bool = flag(default=False)
    become_user: str | None = text(default="root")
    sudo: bool = flag(default=False)
    sudo_user: str | None = text(default="root")
    forks: int | str = number(default=0, least=0)
    unbuffered: bool = flag("unbufferedOutput", default=True)
    colorized: bool = flag("colorizedOutput", default=False)
    no_host_key_check: bool = flag("disableHostKeyChecking", default=False)
    parameters: str | None = text("additionalParameters", default=None)
    extra_vars: Any = children(accepts=extra_var, default=None)


class header(Misc, xml="pair", plugin="http_request"):
    """An HTTP header."""

    name: str = text(first=True)
    value: str = text(first=True)
    mask: bool = flag("maskValue", default=False)


_MODES = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "MKCOL")


class http_request(Step, xml="jenkins.plugins.http_request.HttpRequest", plugin="http_request"):
    """Send an HTTP request: `http_request("https://hooks.example.com/built", mode="POST", body="{}")`.

    The timeout is in seconds, 0 for none. Types are names like `APPLICATION_JSON`.
    """

    url: str = text(first=True)
    ignore_ssl_errors: bool | None = flag(default=False)
    mode: str = text("httpMode", default="GET", choices=_MODES)
    proxy: str | None = text("httpProxy", default="")
    proxy_authentication: str | None = text(default=None)
    pass_parameters: bool = flag("passBuildParameters", default=False)
    valid_codes: str = text("validResponseCodes", default="100:399")
    valid_content: str = text("validResponseContent", default="")
    accept_type: str = text("acceptType", default="NOT_SET")
    content_type: str = text(default="NOT_SET")
    output_file: str = text(default="")
    timeout: int | str = number(default=0, least=0)
    log_body: bool = flag("consoleLogResponseBody", default=False)
    quiet: bool = flag(default=False)
    authentication: str = text(default="")
    body: str = text("requestBody", default="")
    upload_file: str | None = text(default="")
    multipart_name: str | None = text(default="")
    multipart: bool | None = flag("wrapAsMultipart", default=True)
    system_properties: bool | None = flag("useSystemProperties", default=False)
    ntlm: bool | None = flag("useNtlm", default=False)
    headers: Any = children("customHeaders", accepts=header)
    form_data: Any = children(accepts=Misc, default=None)

    forms = {
        "jjb": Form(
            "url httpMode contentType acceptType outputFile consoleLogResponseBody passBuildParameters "
            "timeout validResponseCodes validResponseContent authentication? requestBody? customHeaders?"
        ),
    }


class maven_coordinate(Misc, xml="org.sonatype.nexus.ci.nxrm.MavenCoordinate", plugin="nexus-jenkins-plugin"):
    """A Maven coordinate."""

    group: str = text("groupId", first=True)
    artifact: str = text("artifactId", first=True)
    version: str = text(first=True)
    packaging: str = text(default="jar")


class maven_asset(Misc, xml="org.sonatype.nexus.ci.nxrm.MavenAsset", plugin="nexus-jenkins-plugin"):
    """A file of a Maven package."""

    file: str = text("filePath", first=True)
    classifier: str = text(default="")
    extension: str = text(default="")


class maven_package(Misc, xml="org.sonatype.nexus.ci.nxrm.MavenPackage", plugin="nexus-jenkins-plugin"):
    """Files and the coordinate they are uploaded as."""

    coordinate: Any = child(accepts=maven_coordinate, plain=True, first=True)
    assets: Any = children(accepts=maven_asset, convert=maven_asset, first=True)


class nexus_publish(
    Step, xml="org.sonatype.nexus.ci.nxrm.NexusPublisherBuildStep", plugin="nexus-jenkins-plugin"
):
    """Upload Maven packages to a Nexus repository the controller knows."""

    instance: str = text("nexusInstanceId", first=True)
    repository: str = text("nexusRepositoryId", first=True)
    packages: Any = children(accepts=maven_package, default=None)


class nexus_artifact(Misc, xml="sp.sd.nexusartifactuploader.Artifact", plugin="nexus-artifact-uploader"):
    """A file to upload."""

    artifact: str = text("artifactId", first=True)
    type: str = text(default="jar")
    classifier: str = text(default="")
    file: str = text(first=True)


class nexus_upload(
    Step, xml="sp.sd.nexusartifactuploader.NexusArtifactUploader", plugin="nexus-artifact-uploader"
):
    """Upload files to a Nexus server."""

    nexus: str = text("nexusVersion", default="nexus3", choices=("nexus2", "nexus3"))
    protocol: str = text(default="https", choices=("http", "https"))
    url: str = text("nexusUrl", first=True)
    group: str = text("groupId")
    version: str = text()
    repository: str = text()
    credentials: str = credentials_id("credentialsId")
    artifacts: Any = children(accepts=nexus_artifact, default=None)


class maven_artifact(
    Misc, xml="org.jvnet.hudson.plugins.repositoryconnector.Artifact", plugin="repository-connector"
):
    """An artifact to fetch."""

    group: str = text("groupId", first=True)
    artifact: str = text("artifactId", first=True)
    classifier: str = text(default="")
    version: str = text(first=True)
    extension: str = text(default="jar")
    file: str = text("targetFileName", default="")

    forms = {"jjb": Form("groupId artifactId version classifier extension targetFileName")}


_POLICIES = ("never", "daily", "always", "interval")
_CHECKSUMS = ("warn", "fail", "ignore")


class resolve_artifacts(
    Step, xml="org.jvnet.hudson.plugins.repositoryconnector.ArtifactResolver", plugin="repository-connector"
):
    """Fetch artifacts from Maven repositories."""

    to: str = text("targetDirectory", default="")
    artifacts: Any = children(accepts=maven_artifact, first=True)
    fail_on_error: bool = flag(default=True)
    log: bool = flag("enableRepoLogging", default=True)
    snapshot_updates: str = text("snapshotUpdatePolicy", default="daily", choices=_POLICIES)
    release_updates: str = text("releaseUpdatePolicy", default="daily", choices=_POLICIES)
    snapshot_checksums: str = text("snapshotChecksumPolicy", default="warn", choices=_CHECKSUMS)
    release_checksums: str = text("releaseChecksumPolicy", default="warn", choices=_CHECKSUMS)

    forms = {
        "jjb": Form(
            "targetDirectory failOnError enableRepoLogging snapshotUpdatePolicy releaseUpdatePolicy "
            "snapshotChecksumPolicy releaseChecksumPolicy artifacts"
        ),
    }


class dependency_check(
    Step,
    xml="org.jenkinsci.plugins.DependencyCheck.DependencyCheckToolBuilder",
    plugin="dependency-check-jenkins-plugin",
):
    """Check dependencies for known vulnerabilities."""

    installation: str | None = text("odcInstallation", default=None)
    args: str | None = text("additionalArguments", default=None, first=True)
    skip_on_scm_change: bool = flag(default=False)
    skip_on_upstream_change: bool = flag(default=False)
    stop_build: bool = flag(default=False)
    nvd_credentials: str | None = credentials_id("nvdCredentialsId", default=None)


class scriptler_parameter(Misc, xml="org.jenkinsci.plugins.scriptler.config.Parameter", plugin="scriptler"):
    """A parameter for a Scriptler script."""

    name: str = text(first=True)
    value: str = text(first=True)


class scriptler(Step, xml="org.jenkinsci.plugins.scriptler.builder.ScriptlerBuilder", plugin="scriptler"):
    """Run a Groovy script of Scriptler, by its id."""

    builder_id: str = text(default="")
    script: str = text("scriptId", first=True)
    propagate: bool = flag("propagateParams", default=False)
    parameters: Any = children(accepts=scriptler_parameter)


class publish_ssh(
    OfSsh,
    Holder,
    Step,
    xml="jenkins.plugins.publish_over_ssh.BapSshBuilderPlugin",
    plugin="publish-over-ssh",
):
    """Send files by SSH and run a command there: `publish_ssh("web1", "dist/**", to="/srv/app")`.

    The server's name is one of the controller's configuration.
    """

    holds = "publisher"
    held = ssh

    prefix: str | None = sugar()
    delegate: Any = sugar()
    publisher: Any = child("delegate", accepts=ssh, plain=True)


class publish_ftp(
    OfFtp,
    Holder,
    Step,
    xml="jenkins.plugins.publish_over_ftp.BapFtpBuilder",
    plugin="publish-over-ftp",
):
    """Send files by FTP: `publish_ftp("mirror", "dist/**", to="/pub")`."""

    holds = "publisher"
    held = ftp

    prefix: str | None = sugar()
    delegate: Any = sugar()
    publisher: Any = child("delegate", accepts=ftp, plain=True)


class publish_cifs(
    OfCifs,
    Holder,
    Step,
    xml="jenkins.plugins.publish_over_cifs.CifsBuilderPlugin",
    plugin="publish-over-cifs",
):
    """Copy files to a Windows share: `publish_cifs("share", "dist/**", to="builds")`."""

    holds = "publisher"
    held = cifs

    prefix: str | None = sugar()
    delegate: Any = sugar()
    publisher: Any = child("delegate", accepts=cifs, plain=True)
