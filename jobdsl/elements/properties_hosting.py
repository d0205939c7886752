"""Properties that tie a job to other systems: GitHub, GitLab, chats, containers, promotions."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import (
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
from jobdsl.elements.notification_fields import Telling
from jobdsl.elements.slots import Misc, Property
from jobdsl.elements.steps_docker import docker_registry

__all__ = [
    "batch_task",
    "batch_tasks",
    "branch",
    "cachet",
    "deploy_now",
    "docker_images",
    "docker_template",
    "fact",
    "gitbucket",
    "github",
    "gitlab",
    "gitlab_logo",
    "gogs",
    "google_code",
    "html5_notifier",
    "jira",
    "link",
    "links",
    "macro",
    "maven_info",
    "notification",
    "notification_endpoint",
    "office365",
    "office365_webhook",
    "pipeline_stage",
    "promotions",
    "slack",
    "zeromq",
]


class github(Property, xml="com.coravy.hudson.plugins.github.GithubProjectProperty", plugin="github"):
    """The job's project on GitHub: `github("https://github.com/org/repo/")`."""

    url: str = text("projectUrl", first=True)
    display_name: str | None = text(default="")


class gitlab(
    Property, xml="com.dabsquared.gitlabjenkins.connection.GitLabConnectionProperty", plugin="gitlab-plugin"
):
    """The GitLab server the job uses, by the name of a connection of the controller."""

    connection: str = text("gitLabConnection", default="", first=True)
    credentials: str | None = credentials_id("jobCredentialId", default=None)
    own_credentials: bool = flag("useAlternativeCredential", default=False)


class gitlab_logo(Property, xml="org.jenkinsci.plugins.gitlablogo.GitlabLogoProperty", plugin="gitlab-logo"):
    """The logo of a GitLab project."""

    repository: str = text("repositoryName", first=True)


class gogs(Property, xml="org.jenkinsci.plugins.gogs.GogsProjectProperty", plugin="gogs-webhook"):
    """Webhooks of Gogs or Gitea."""

    secret: str | None = secret_text("gogsSecret", default=None)
    branch_filter: str | None = text("gogsBranchFilter", default=None)

    forms = {"jjb": Form("gogsBranchFilter gogsSecret")}


class gitbucket(Property, xml="org.jenkinsci.plugins.gitbucket.GitBucketProjectProperty", plugin="gitbucket"):
    """The job's project on GitBucket."""

    url: str = text(first=True)
    link: bool = flag("linkEnabled", default=False)


class google_code(Property, xml="hudson.plugins.googlecode.GoogleCodeProjectProperty", plugin="googlecode"):
    """The job's project on Google Code."""

    website: str = text("googlecodeWebsite", first=True)
    project: str | None = text("projectName", default=None)


class jira(Property, xml="hudson.plugins.jira.JiraProjectProperty", plugin="jira"):
    """The Jira the job's issues are in."""

    site: str | None = text("siteName", default=None, first=True)


class link(Misc, xml="hudson.plugins.sidebar_link.LinkAction", plugin="sidebar-link"):
    """A link beside the job."""

    url: str = text(first=True)
    label: str = text("text", first=True)
    icon: str = text(default="")


class links(Property, xml="hudson.plugins.sidebar_link.ProjectLinks", plugin="sidebar-link"):
    """Links beside the job: `links([properties.link("https://wiki.example.com", "Wiki")])`."""

    links: Any = children(accepts=link, first=True)


class slack(Telling, Property, xml="jenkins.plugins.slack.SlackNotifier$SlackJobProperty", plugin="slack"):
    """What old versions of the Slack plugin kept here; `publish.slack` has replaced it."""

    inherits_after = "room"

    domain: str | None = text("teamDomain", default=None)
    token: str | None = secret_text(default=None)
    room: str | None = text(default="", first=True)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    test_summary: bool = flag("includeTestSummary", default=False)
    show_commits: bool | None = flag("showCommitList", default=None)
    custom: bool = flag("includeCustomMessage", default=False)
    message: str | None = text("customMessage", default=None)

    forms = {
        "jjb": Form(
            "startNotification notifySuccess notifyAborted notifyNotBuilt notifyUnstable notifyFailure "
            "notifyBackToNormal notifyRepeatedFailure includeTestSummary includeCustomMessage "
            "customMessage room"
        ),
    }


_OFFICE = "jenkins.plugins.office365connector."


class macro(Misc, xml=_OFFICE + "model.Macro", plugin="Office-365-Connector"):
    """A condition for a webhook."""

    template: str = text(first=True)
    value: str = text(first=True)


class fact(Misc, xml=_OFFICE + "model.FactDefinition", plugin="Office-365-Connector"):
    """A line in a message."""

    name: str = text(first=True)
    template: str = text(first=True)


class office365_webhook(Telling, Misc, xml=_OFFICE + "Webhook", plugin="Office-365-Connector"):
    """A webhook of Microsoft Teams, and when it is called; the timeout is in milliseconds."""

    inherits_after = "url_credentials"

    name: str = text(default="")
    url: str = text(first=True)
    url_credentials: str | None = credentials_id("urlCredentialsId", default=None)
    unstable: bool = flag("notifyUnstable", default=True)
    failure: bool = flag("notifyFailure", default=True)
    back_to_normal: bool = flag("notifyBackToNormal", default=True)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    timeout: int | str = number(default=30000, least=0)
    facts: Any = children("factDefinitions", accepts=fact)
    macros: Any = children(accepts=macro)

    forms = {
        "jjb": Form(
            "url name startNotification notifySuccess notifyAborted notifyNotBuilt notifyUnstable "
            "notifyFailure notifyBackToNormal notifyRepeatedFailure timeout macros? factDefinitions?"
        ),
    }


class office365(Property, xml=_OFFICE + "WebhookJobProperty", plugin="Office-365-Connector"):
    """Messages to Microsoft Teams: `office365(["https://example.webhook.office.com/..."])`."""

    webhooks: Any = children(accepts=office365_webhook, convert=office365_webhook, first=True)


_NOTIFICATION = "com.tikal.hudson.plugins.notification."


class notification_endpoint(Misc, xml=_NOTIFICATION + "Endpoint", plugin="notification"):
    """Where the state of builds is sent, and as what; the timeout is in milliseconds."""

    protocol: str = text(default="HTTP", choices=("HTTP", "TCP", "UDP"))
    format: str = text(default="JSON", choices=("JSON", "XML"))
    url_info: Any = raw("urlInfo", default=None)
    url: str | None = text(default=None, first=True)
    event: str = text(default="all")
    timeout: int | str = number(default=30000, least=0)
    log_lines: int | str = number("loglines", default=0, least=0)
    build_notes: str | None = text(default=None)
    retries: int | str | None = number(default=None, least=0)
    branch: str | None = text(default=None)


class notification(Property, xml=_NOTIFICATION + "HudsonNotificationProperty", plugin="notification"):
    """Report the state of builds to other systems."""

    endpoints: Any = children(accepts=notification_endpoint, convert=notification_endpoint, first=True)


class zeromq(
    Property,
    xml="org.jenkinsci.plugins.ZMQEventPublisher.HudsonNotificationProperty",
    plugin="zmq-event-publisher",
):
    """Events of builds over ZeroMQ."""

    enabled: bool = flag(default=True)


class html5_notifier(
    Property, xml="org.jenkins.ci.plugins.html5_notifier.JobPropertyImpl", plugin="html5-notifier-plugin"
):
    """Whether browsers show notifications of builds."""

    skip: bool = flag(default=False)


class docker_images(
    Property, xml="com.nirima.jenkins.plugins.docker.DockerJobProperty", plugin="docker-plugin"
):
    """What happens to the container a build ran in."""

    tag_on_completion: bool | None = flag(default=False)
    registry: Any = child(accepts=docker_registry, plain=True, default=None)
    additional_tag: str | None = text(default="")
    push: bool = flag("pushOnSuccess", default=False)
    clean: bool = flag("cleanImages", default=True)

    forms = {"jjb": Form("registry tagOnCompletion additionalTag pushOnSuccess cleanImages")}


class docker_template(
    Property, xml="com.nirima.jenkins.plugins.docker.DockerJobTemplateProperty", plugin="docker-plugin"
):
    """A container template of the job's own, given as an element."""

    cloud: str | None = text("cloudname", default=None)
    template: Any = raw(first=True)


class promotions(Property, xml="hudson.plugins.promoted_builds.JobPropertyImpl", plugin="promoted-builds"):
    """Names of the promotions a job has; the promotions themselves are kept beside the job."""

    names: Any = strings("activeProcessNames", first=True)


class pipeline_stage(
    Property, xml="se.diabol.jenkins.pipeline.PipelineProperty", plugin="delivery-pipeline-plugin"
):
    """Stage and task of the job in a delivery pipeline view."""

    task: str | None = text("taskName", default=None)
    stage: str | None = text("stageName", default=None, first=True)
    description: str | None = text("descriptionTemplate", default=None)

    forms = {"jjb": Form("stageName taskName descriptionTemplate")}


class batch_task(Misc, xml="hudson.plugins.batch_task.BatchTask", plugin="batch-task"):
    """A script that is run by hand."""

    name: str = text(first=True)
    script: str = text(first=True)


class batch_tasks(Property, xml="hudson.plugins.batch_task.BatchTaskProperty", plugin="batch-task"):
    """Scripts that are run by hand in the job's workspace."""

    tasks: Any = children(accepts=batch_task, first=True)


class cachet(Property, xml="com.redhat.jenkins.plugins.cachet.CachetJobProperty", plugin="cachet-gating"):
    """Resources that must be operational according to Cachet."""

    required: bool = flag("requiredResources", default=True)
    resources: Any = strings(first=True)


class deploy_now(
    Property, xml="com.cloudbees.plugins.deployer.DeployNowJobProperty", plugin="cloudbees-deployer-plugin"
):
    """Deploy by hand (CloudBees Deployer)."""

    one_click: bool = flag("oneClickDeploy", default=False)
    hosts: Any = raw(default="")


class maven_info(Property, xml="jenkins.plugins.maveninfo.config.MavenInfoJobConfig", plugin="maven-info"):
    """Names and descriptions of builds from the Maven project."""

    main_module: str = text("mainModulePattern", default="")
    dependencies: str = text("dependenciesPattern", default="")
    assign_name: bool = flag(default=False)
    name: str = text("nameTemplate", default="")
    assign_description: bool = flag(default=False)
    description: str = text("descriptionTemplate", default="")


class branch(
    Property,
    xml="org.jenkinsci.plugins.workflow.multibranch.BranchJobProperty",
    plugin="workflow-multibranch",
):
    """Which branch a job of a multibranch project builds; Jenkins writes it."""

    branch: Any = raw(first=True)
