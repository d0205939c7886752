"""One small class for each service that is informed of deploys; each sends one event, or raises."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from delivery.aws import asking
from delivery.errors import DeliveryError
from delivery.notify.event import DeployEvent
from delivery.notify.secrets import read_secret

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings.notify import NotifySettings

__all__ = ["EventSender", "sender_of"]

_TIMEOUT_S = 10.0
_LONGEST_SUBJECT = 100
"""Characters of an SNS subject (SNS API, Publish)."""
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class EventSender(Protocol):
    """Sends events to one service."""

    def send(self, event: DeployEvent) -> None:
        """Send an event. Any exception counts as not sent."""
        ...


def sender_of(settings: NotifySettings, aws: Aws) -> EventSender:
    """Return the sender for a `[notify.NAME]`; nothing is connected to yet."""
    kinds = {
        "slack": Slack,
        "teams": Teams,
        "webhook": Webhook,
        "mail": Mail,
        "sns": Sns,
        "grafana": Grafana,
        "cloudwatch": CloudWatchMarker,
    }
    return kinds[str(settings.kind)](settings, aws)


class _Base:
    def __init__(self, settings: NotifySettings, aws: Aws) -> None:
        self._settings, self._aws = settings, aws

    @property
    def _secret(self) -> str:
        reference = self._settings.secret
        return read_secret(self._aws, reference) if reference else ""

    def send(self, event: DeployEvent) -> None:
        raise NotImplementedError


def _post(url: str, body: Mapping[str, Any], token: str = "") -> None:
    """POST JSON; errors name the host alone, as the address of a webhook is its password. DeliveryError."""
    import requests

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        with requests.post(
            url, json=body, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except (requests.RequestException, ValueError) as error:
        raise DeliveryError(f"{type(error).__name__} at {host}") from None
    if not 200 <= status < 300:
        raise DeliveryError(f"HTTP {status} from {host}")


class Slack(_Base):
    """An incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat)."""

    def send(self, event: DeployEvent) -> None:
        """Post a line of text."""
        text = event.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        _post(self._secret, {"text": f"{text} <{event.build_url}|build>" if event.build_url else text})


class Teams(_Base):
    """A Teams workflow that posts what a webhook receives: an Adaptive Card."""

    def send(self, event: DeployEvent) -> None:
        """Post a card with the facts."""
        facts = [
            {"title": name, "value": value}
            for name, value in event.values.items()
            if value and name in ("release", "outcome", "user", "change_request")
        ]
        body: list[dict[str, Any]] = [{"type": "TextBlock", "text": event.title, "wrap": True}]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [*body, {"type": "FactSet", "facts": facts}] if facts else body,
        }
        if event.build_url:
            card["actions"] = [{"type": "Action.OpenUrl", "title": "Build", "url": event.build_url}]
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        _post(self._secret, {"type": "message", "attachments": [attachment]})


class Webhook(_Base):
    """Any address that takes JSON."""

    def send(self, event: DeployEvent) -> None:
        """Post all of the event, with the secret as bearer token."""
        _post(str(self._settings.url), event.values, self._secret)


class Grafana(_Base):
    """Annotations of Grafana: a moment for a begin or a decision, the time of the whole run at its end."""

    def send(self, event: DeployEvent) -> None:
        """Post an annotation (Grafana HTTP API, POST /api/annotations); times are milliseconds."""
        is_end = event.event == "end"
        tags = ["deploy", event.application, event.cluster, event.account, event.region, event.event]
        body = {
            "time": int((event.begun if is_end else event.at) * 1000),
            "tags": [*tags, event.outcome] if event.outcome else tags,
            "text": event.title,
        }
        if is_end:
            body["timeEnd"] = int(event.at * 1000)
        _post(f"{str(self._settings.url).rstrip('/')}/api/annotations", body, self._secret)


class Mail(_Base):
    """A mail server."""

    def send(self, event: DeployEvent) -> None:
        """Send a mail in plain text."""
        settings = self._settings
        host, _, port = (
            str(settings.server).partition(":") if "[" not in str(settings.server) else _v6(settings)
        )
        number = int(port or _PORTS[settings.tls])
        kind: Any = smtplib.SMTP_SSL if settings.tls == "tls" else smtplib.SMTP
        more = {"context": ssl.create_default_context()} if settings.tls == "tls" else {}
        with kind(host, number, timeout=_TIMEOUT_S, **more) as server:
            if settings.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.user:
                server.login(settings.user, self._secret)
            server.send_message(self._message(event))

    def _message(self, event: DeployEvent) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], message["From"] = event.title[:200], self._settings.sender
        message["To"] = ", ".join(self._settings.to)
        message["Date"], message["Message-ID"] = formatdate(event.at), make_msgid(domain="delivery.invalid")
        message["Auto-Submitted"] = "auto-generated"
        lines = [f"{name}: {value}" for name, value in event.values.items() if value and name != "title"]
        message.set_content("\n".join([event.title, "", *lines]) + "\n")
        return message


def _v6(settings: NotifySettings) -> tuple[str, str, str]:
    host, _, port = str(settings.server).removeprefix("[").partition("]")
    return host, ":", port.removeprefix(":")


class Sns(_Base):
    """An SNS topic."""

    def send(self, event: DeployEvent) -> None:
        """Publish all of the event as JSON; event, application and outcome are attributes to filter by."""
        import json

        topic = str(self._settings.topic)
        names = [name for name in ("event", "application", "account", "outcome") if event.values[name]]
        attributes: Any = {name: {"DataType": "String", "StringValue": event.values[name]} for name in names}
        subject = "".join(letter if 32 <= ord(letter) < 127 else "?" for letter in event.title)
        more: Any = {"MessageGroupId": event.cluster} if topic.endswith(".fifo") else {}
        if more:
            more["MessageDeduplicationId"] = f"{event.cluster}-{event.event}-{event.at:.6f}"
        with asking(f"publishing to {topic}"):
            self._aws.in_region(topic.split(":")[3]).sns.publish(
                TopicArn=topic,
                Subject=subject[:_LONGEST_SUBJECT],
                Message=json.dumps(event.values),
                MessageAttributes=attributes,
                **more,
            )


class CloudWatchMarker(_Base):
    """A metric that dashboards show next to others: `Deploys`, 1 for each event."""

    def send(self, event: DeployEvent) -> None:
        """Put a value with the application, the cluster and the event, or the outcome, as dimensions."""
        dimensions: Any = [
            {"Name": "Application", "Value": event.application},
            {"Name": "Cluster", "Value": event.cluster},
            {"Name": "Event", "Value": event.outcome or event.event},
        ]
        data: Any = [
            {
                "MetricName": "Deploys",
                "Dimensions": dimensions,
                "Timestamp": event.at,
                "Value": 1.0,
                "Unit": "Count",
            }
        ]
        with asking(f"writing metric Deploys of {event.cluster}"):
            self._aws.cloudwatch.put_metric_data(Namespace=self._settings.namespace, MetricData=data)
