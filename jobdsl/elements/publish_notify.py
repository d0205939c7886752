"""Publishers that notify people or other systems: team chats, brokers, issue trackers."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import credentials_id, flag, number, raw, secret_text, text
from jobdsl.elements.notification_fields import Telling
from jobdsl.elements.slots import Publisher

__all__ = [
    "emotional",
    "flowdock",
    "google_chat",
    "hipchat",
    "jira",
    "logstash",
    "mattermost",
    "mqtt",
    "rocketchat",
    "slack",
    "telegram",
    "zulip",
]


class slack(Publisher, xml="jenkins.plugins.slack.SlackNotifier", plugin="slack"):
    """Notify a Slack channel: `slack("#builds", failure=True, back_to_normal=True)`.

    The workspace and its token are the controller's, unless `team` and `credentials` name others.
    """

    forms = {
        "2.2": Form(
            "baseUrl teamDomain authToken authTokenCredentialId botUser room startNotification notifySuccess "
            "notifyAborted notifyNotBuilt notifyUnstable notifyRegression notifyFailure notifyBackToNormal "
            "notifyRepeatedFailure includeTestSummary includeFailedTests commitInfoChoice "
            "includeCustomMessage customMessage",
            {"authToken": None, "authTokenCredentialId": None},
        ),
        "2.0": Form(
            "teamDomain authToken buildServerUrl room startNotification notifySuccess notifyAborted "
            "notifyNotBuilt notifyUnstable notifyFailure notifyBackToNormal notifyRepeatedFailure "
            "includeTestSummary commitInfoChoice includeCustomMessage customMessage",
            {"authToken": None},
        ),
    }

    base_url: str = text(default="")
    team: str = text("teamDomain", default="")
    token: str | None = secret_text("authToken", default=None)
    build_server: str | None = text("buildServerUrl", default=None)
    old_credentials: str | None = credentials_id("authTokenCredentialId", default=None)
    credentials: str = credentials_id("tokenCredentialId", default="")
    bot: bool = flag("botUser", default=False)
    room: str = text(default="", first=True)
    send_as: str | None = text(default=None)
    as_text: bool = flag("sendAsText", default=False)
    icon: str | None = text("iconEmoji", default=None)
    username: str | None = text(default=None)
    start: bool = flag("startNotification", default=False)
    success: bool = flag("notifySuccess", default=False)
    aborted: bool = flag("notifyAborted", default=False)
    not_built: bool = flag("notifyNotBuilt", default=False)
    unstable: bool = flag("notifyUnstable", default=False)
    regression: bool = flag("notifyRegression", default=False)
    failure: bool = flag("notifyFailure", default=False)
    every_failure: bool = flag("notifyEveryFailure", default=False)
    back_to_normal: bool = flag("notifyBackToNormal", default=False)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    test_summary: bool = flag("includeTestSummary", default=False)
    failed_tests: bool = flag("includeFailedTests", default=False)
    upload_files: bool = flag("uploadFiles", default=False)
    artifacts: str | None = text("artifactIncludes", default=None)
    matrix_mode: str | None = text("matrixTriggerMode", default=None)
    commits: str = text(
        "commitInfoChoice",
        default="NONE",
        choices=("NONE", "AUTHORS", "AUTHORS_AND_TITLES", "TITLES", "DETAILS"),
    )
    custom: bool = flag("includeCustomMessage", default=False)
    message: str = text("customMessage", default="")
    message_success: str | None = text("customMessageSuccess", default=None)
    message_aborted: str | None = text("customMessageAborted", default=None)
    message_not_built: str | None = text("customMessageNotBuilt", default=None)
    message_unstable: str | None = text("customMessageUnstable", default=None)
    message_failure: str | None = text("customMessageFailure", default=None)
    user_ids: Any = raw("slackUserIdResolver", default=None)


class hipchat(Telling, Publisher, xml="jenkins.plugins.hipchat.HipChatNotifier", plugin="hipchat"):
    """Notify a HipChat room."""

    inherits_after = "notifications"

    forms = {
        "old": Form(
            "token room startNotification notifySuccess notifyAborted notifyNotBuilt notifyUnstable "
            "notifyFailure notifyBackToNormal startJobMessage? completeJobMessage?"
        ),
    }

    token: str = secret_text(default="")
    credentials: str | None = credentials_id("credentialId", default=None)
    room: str = text(default="", first=True)
    notifications: Any = raw(default=None)
    matrix_mode: str | None = text("matrixTriggerMode", default=None)
    start_message: str = text("startJobMessage", default="")
    complete_message: str = text("completeJobMessage", default="")


class rocketchat(
    Telling,
    Publisher,
    xml="jenkins.plugins.rocketchatnotifier.RocketChatNotifier",
    plugin="rocketchatnotifier",
):
    """Notify a Rocket.Chat channel; server and user are the controller's."""

    inherits_after = "build_server"

    server: str | None = text("rocketServerUrl", default=None)
    trust_ssl: bool = flag("trustSSL", default=False)
    username: str | None = text(default=None)
    password: str | None = secret_text(default=None)
    channel: str = text(default="", first=True)
    build_server: str | None = text("buildServerUrl", default=None)
    start: bool = flag("notifyStart", default=False)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    test_summary: bool = flag("includeTestSummary", default=False)
    test_log: bool = flag("includeTestLog", default=False)
    commits: str = text("commitInfoChoice", default="NONE")
    custom: bool = flag("includeCustomMessage", default=False)
    message: str = text("customMessage", default="")
    raw_message: bool = flag(default=False)
    attachments: Any = raw(default=None)
    webhook: str | None = secret_text("webhookToken", default=None)
    credentials: str | None = credentials_id("webhookTokenCredentialId", default=None)


class mattermost(
    Telling, Publisher, xml="jenkins.plugins.mattermost.MattermostNotifier", plugin="mattermost"
):
    """Notify a Mattermost channel; the endpoint is the controller's unless given."""

    inherits_after = "send_as"

    endpoint: str | None = secret_text(default=None)
    build_server: str | None = text("buildServerUrl", default=None)
    room: str = text(default="", first=True)
    icon: str = text(default="")
    send_as: str | None = text(default=None)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    test_summary: bool = flag("includeTestSummary", default=False)
    commits: str = text("commitInfoChoice", default="NONE")
    custom_attachment: bool = flag("includeCustomAttachmentMessage", default=False)
    attachment_message: str | None = text("customAttachmentMessage", default=None)
    custom: bool = flag("includeCustomMessage", default=False)
    message: str | None = text("customMessage", default=None)


class telegram(
    Publisher, xml="jenkinsci.plugins.telegrambot.TelegramBotPublisher", plugin="telegram-notifications"
):
    """Notify a Telegram chat."""

    message: str = text(first=True)
    success: bool = flag("whenSuccess", default=False)
    unstable: bool = flag("whenUnstable", default=False)
    failure: bool = flag("whenFailed", default=False)
    aborted: bool = flag("whenAborted", default=False)


class flowdock(Publisher, xml="com.flowdock.jenkins.FlowdockNotifier", plugin="jenkins-flowdock-plugin"):
    """Notify Flowdock."""

    token: str = secret_text("flowToken", first=True)
    tags: str = text("notificationTags", default="")
    chat: bool = flag("chatNotification", default=False)
    success: bool = flag("notifySuccess", default=True)
    failure: bool = flag("notifyFailure", default=True)
    fixed: bool = flag("notifyFixed", default=True)
    unstable: bool = flag("notifyUnstable", default=False)
    aborted: bool = flag("notifyAborted", default=False)
    not_built: bool = flag("notifyNotBuilt", default=False)
    by_result: Any = raw("notifyMap", default=None)


class google_chat(Publisher, xml="io.cnaik.GoogleChatNotification", plugin="google-chat-notification"):
    """Notify a Google Chat space; `url` may be `id:` and a credentials id."""

    url: str = secret_text(first=True)
    message: str = text(first=True)
    format: Any = raw("messageFormat", default=None)
    same_thread: bool = flag("sameThreadNotification", default=False)
    thread_key: str | None = text(default=None)
    aborted: bool = flag("notifyAborted", default=False)
    failure: bool = flag("notifyFailure", default=False)
    single_failure: bool = flag("notifySingleFailure", default=False)
    repeated_failure: bool = flag("notifyRepeatedFailure", default=False)
    regression: bool = flag("notifyRegression", default=False)
    not_built: bool = flag("notifyNotBuilt", default=False)
    success: bool = flag("notifySuccess", default=False)
    unstable: bool = flag("notifyUnstable", default=False)
    back_to_normal: bool = flag("notifyBackToNormal", default=False)
    quiet: bool = flag("suppressInfoLoggers", default=False)


class zulip(Publisher, xml="hudson.plugins.humbug.HumbugNotifier", plugin="zulip"):
    """Notify Zulip as the controller is configured (older publisher)."""


class jira(Publisher, xml="hudson.plugins.jira.JiraIssueUpdater", plugin="jira"):
    """Comment on the Jira issues that the changes name."""


class logstash(Publisher, xml="jenkins.plugins.logstash.LogstashNotifier", plugin="logstash"):
    """Send the end of the log to Logstash."""

    max_lines: int | str = number(default=1000, first=True, least=0)
    fail_build: bool = flag(default=False)


class mqtt(Publisher, xml="jenkins.plugins.mqttnotification.MqttNotifier", plugin="mqtt-notification-plugin"):
    """Publish the result to an MQTT broker."""

    broker: str = text("brokerUrl", first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    topic: str = text(default="jenkins/$PROJECT_URL")
    message: str = text(default="$BUILD_RESULT")
    qos: int | str = number(default=0)
    retain: bool = flag("retainMessage", default=False)


class emotional(
    Publisher,
    xml="org.jenkinsci.plugins.emotional_jenkins.EmotionalJenkinsPublisher",
    plugin="emotional-jenkins-plugin",
):
    """Show Jenkins angry, sad or happy, depending on the build's result."""
