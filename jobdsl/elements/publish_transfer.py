"""Publishers that send what was built somewhere: SSH, FTP, shares, object stores, containers, Maven."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, number, raw, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_publish_over import OfCifs, OfFtp, OfSsh, cifs_delegate, ftp_delegate, ssh_delegate
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "cifs",
    "deploy",
    "ftp",
    "gcs",
    "gcs_expiry",
    "gcs_log",
    "gcs_upload",
    "jboss7",
    "maven_deploy",
    "metadata",
    "s3",
    "s3_entry",
    "scp",
    "scp_entry",
    "ssh",
    "tomcat7",
    "tomcat8",
    "tomcat9",
]


class ssh(
    OfSsh,
    Holder,
    Publisher,
    xml="jenkins.plugins.publish_over_ssh.BapSshPublisherPlugin",
    plugin="publish-over-ssh",
):
    """Send files by SSH and run a command there: `ssh("web1", "dist/**", to="/srv/app", run="./restart")`.

    The server's name is one of the controller's configuration. Several go into
    `delegate=misc.ssh_delegate(servers=[...])`.
    """

    holds = "delegate"
    held = ssh_delegate

    prefix: str = text("consolePrefix", default="SSH: ")
    delegate: Any = child(accepts=ssh_delegate, plain=True)


class ftp(
    OfFtp,
    Holder,
    Publisher,
    xml="jenkins.plugins.publish_over_ftp.BapFtpPublisherPlugin",
    plugin="publish-over-ftp",
):
    """Send files by FTP to a server of the controller's configuration."""

    holds = "delegate"
    held = ftp_delegate

    prefix: str = text("consolePrefix", default="FTP: ")
    delegate: Any = child(accepts=ftp_delegate, plain=True)


class cifs(
    OfCifs,
    Holder,
    Publisher,
    xml="jenkins.plugins.publish_over_cifs.CifsPublisherPlugin",
    plugin="publish-over-cifs",
):
    """Copy files to a Windows share of the controller's configuration."""

    holds = "delegate"
    held = cifs_delegate

    prefix: str = text("consolePrefix", default="CIFS: ")
    delegate: Any = child(accepts=cifs_delegate, plain=True)


class scp_entry(Misc, xml="be.certipost.hudson.plugin.Entry", plugin="scp"):
    """Files and where they go."""

    to: str = text("filePath", default="")
    files: str = text("sourceFile", first=True)
    keep_hierarchy: bool = flag(default=False)
    console_log: bool = flag("copyConsoleLog", default=False)
    after_failure: bool = flag("copyAfterFailure", default=False)


class scp(Holder, Publisher, xml="be.certipost.hudson.plugin.SCPRepositoryPublisher", plugin="scp"):
    """Copy files by SCP to a site of the controller's configuration."""

    holds = "entries"
    held = scp_entry

    site: str = text("siteName", first=True)
    entries: Any = children(accepts=scp_entry)
    files: str | None = sugar(first=True)
    to: str | None = sugar()
    keep_hierarchy: bool | None = sugar()
    console_log: bool | None = sugar()
    after_failure: bool | None = sugar()


class metadata(Misc, xml="hudson.plugins.s3.MetadataPair", plugin="s3"):
    """A name and a value kept with an object."""

    key: str = text(first=True)
    value: str = text(first=True)


class s3_entry(Misc, xml="hudson.plugins.s3.Entry", plugin="s3"):
    """Files and the bucket they go to."""

    forms = {"old": Form("bucket sourceFile")}

    bucket: str = text(first=True)
    files: str = text("sourceFile", first=True)
    excludes: str | None = text("excludedFile", default=None)
    storage_class: str = text(default="STANDARD")
    region: str = text("selectedRegion", default="us-east-1")
    not_on_failure: bool = flag("noUploadOnFailure", default=True)
    from_agent: bool = flag("uploadFromSlave", default=False)
    managed: bool = flag("managedArtifacts", default=False)
    encrypt: bool = flag("useServerSideEncryption", default=False)
    flatten: bool = flag(default=False)
    gzip: bool = flag("gzipFiles", default=False)
    show_in_browser: bool = flag("showDirectlyInBrowser", default=False)
    keep_forever: bool = flag(default=False)
    metadata: Any = children("userMetadata", accepts=metadata, default=None)


class s3(Holder, Publisher, xml="hudson.plugins.s3.S3BucketPublisher", plugin="s3"):
    """Upload files to Amazon S3 with a profile of the controller's configuration."""

    holds = "entries"
    held = s3_entry
    forms = {"old": Form("profileName entries")}
    order = (
        "profileName entries dontWaitForConcurrentBuildCompletion dontSetBuildResultOnFailure "
        "consoleLogLevel pluginFailureResultConstraint userMetadata"
    )

    profile: str = text("profileName", first=True)
    entries: Any = children(accepts=s3_entry)
    dont_wait: bool = flag("dontWaitForConcurrentBuildCompletion", default=False)
    never_fail: bool = flag("dontSetBuildResultOnFailure", default=False)
    log_level: Any = raw("consoleLogLevel", default=None)
    failure_result: Any = raw("pluginFailureResultConstraint", default=None)
    user_metadata: Any = children("userMetadata", accepts=metadata)
    bucket: str | None = sugar(first=True)
    files: str | None = sugar(first=True)
    excludes: str | None = sugar()
    storage_class: str | None = sugar()
    region: str | None = sugar()
    not_on_failure: bool | None = sugar()
    from_agent: bool | None = sugar()
    managed: bool | None = sugar()
    encrypt: bool | None = sugar()
    flatten: bool | None = sugar()
    gzip: bool | None = sugar()
    show_in_browser: bool | None = sugar()
    keep_forever: bool | None = sugar()


class _GcsUpload(Misc):
    """Fields that all uploads to Google Cloud Storage share."""

    bucket: str = text("bucketNameWithVars", first=True)
    public: bool = flag("sharedPublicly", default=False)
    when_failed: bool = flag("forFailedJobs", default=False)
    show_inline: bool = flag(default=False)
    strip_prefix: str | None = text("pathPrefix", default=None)
    module: Any = raw(default="")


class gcs_upload(
    _GcsUpload, xml="com.google.jenkins.plugins.storage.ClassicUpload", plugin="google-storage-plugin"
):
    """Files of the workspace and the bucket they go to."""

    files: str = text("sourceGlobWithVars", first=True)


class gcs_log(
    _GcsUpload, xml="com.google.jenkins.plugins.storage.StdoutUpload", plugin="google-storage-plugin"
):
    """The build's log, kept in a bucket."""

    name: str = text("logName", first=True)


class gcs_expiry(
    Misc,
    xml="com.google.jenkins.plugins.storage.ExpiringBucketLifecycleManager",
    plugin="google-storage-plugin",
):
    """How many days objects of a bucket live."""

    bucket: str = text("bucketNameWithVars", first=True)
    public: bool = flag("sharedPublicly", default=False)
    when_failed: bool = flag("forFailedJobs", default=False)
    days: int | str = number("bucketObjectTTL", first=True, least=0)
    module: Any = raw(default="")


class gcs(
    Publisher,
    xml="com.google.jenkins.plugins.storage.GoogleCloudStorageUploader",
    plugin="google-storage-plugin",
):
    """Upload to Google Cloud Storage: `gcs("credentials", [publish.gcs_upload("gs://b", "dist/*")])`."""

    credentials: str = credentials_id("credentialsId", first=True)
    uploads: Any = children(accepts=Misc, first=True)


_CONTAINERS = "hudson.plugins.deploy."


class _Container(Misc):
    """An application server, and the credentials to deploy there."""

    credentials: str = credentials_id("credentialsId", first=True)
    url: str = text(first=True)


class _Tomcat(_Container):
    """A Tomcat server's manager."""

    context: str | None = text("alternativeDeploymentContext", default=None)
    path: str | None = text(default=None)


class tomcat7(_Tomcat, xml=_CONTAINERS + "tomcat.Tomcat7xAdapter", plugin="deploy"):
    """Tomcat 7."""


class tomcat8(_Tomcat, xml=_CONTAINERS + "tomcat.Tomcat8xAdapter", plugin="deploy"):
    """Tomcat 8."""


class tomcat9(_Tomcat, xml=_CONTAINERS + "tomcat.Tomcat9xAdapter", plugin="deploy"):
    """Tomcat 9."""


class jboss7(_Container, xml=_CONTAINERS + "jboss.JBoss7xAdapter", plugin="deploy"):
    """JBoss 7."""


class deploy(Publisher, xml="hudson.plugins.deploy.DeployPublisher", plugin="deploy"):
    """Deploy a war or ear to running containers.

    For example `deploy("target/*.war", containers=[publish.tomcat9("credentials-id", "http://app:8080")])`.
    """

    containers: Any = children("adapters", accepts=Misc)
    context_path: str = text(default="")
    war: str = text(first=True)
    on_failure: bool = flag(default=False)


class maven_deploy(Publisher, xml="hudson.maven.RedeployPublisher", plugin="maven-plugin"):
    """Deploy all modules of a Maven job once all are built."""

    repository: str = text("id", default="", first=True)
    url: str | None = text(default=None, first=True)
    unique_version: bool = flag(default=True)
    even_if_unstable: bool = flag(default=False)
    release_variable: str | None = text("releaseEnvVar", default=None)
