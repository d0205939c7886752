"""`[notify.NAME]`: services informed of deploys, and where their secrets are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Literal

from delivery.settings import values
from jobdsl.settings.tomlread import Reader, checked, words

__all__ = ["NotifySettings", "read_notify"]

Names = tuple[str, ...]
_SECRET = re.compile(
    r"(?:env:[A-Za-z_][A-Za-z0-9_]*|ssm:[A-Za-z0-9_./-]+|secretsmanager:[A-Za-z0-9_/+=.@:-]+)"
)
_SERVER = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+(?:\.fifo)?")
_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


def _bad_secret(text: str) -> str:
    good = _SECRET.fullmatch(text)
    return "" if good else "must be env:NAME, ssm:NAME or secretsmanager:NAME: this file holds no secrets"


def _bad_address(text: str) -> str:
    return values.bad_url(text) or values.bad_freeze_source(text)


def _bad_server(text: str) -> str:
    return "" if _SERVER.fullmatch(text) else "must be HOST or HOST:PORT"


def _bad_topic(text: str) -> str:
    return "" if _TOPIC.fullmatch(text) else "must be the ARN of an SNS topic"


def _bad_mail(text: str) -> str:
    return "" if _MAIL.fullmatch(text) else "must be a mail address"


def _bad_mails(texts: Names) -> str:
    return next((f"{wrong}, not {text}" for text in texts if (wrong := _bad_mail(text))), "")


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """`[notify.NAME]`: a service that is informed of deploys."""

    name: str
    kind: Literal["slack", "teams", "webhook", "mail", "sns", "grafana", "cloudwatch"] | None = None
    """Which service. `grafana` and `cloudwatch` get markers for dashboards."""
    secret: str | None = checked(None, _bad_secret)
    """Where the address of a Slack or Teams webhook, the token of a webhook or of Grafana, or the mail
    password is kept: `env:NAME`, `ssm:NAME` or `secretsmanager:NAME`."""
    url: str | None = checked(None, _bad_address)
    """Address of a webhook, or of Grafana."""
    server: str | None = checked(None, _bad_server)
    """Mail server, `HOST:PORT`; without a port 587, or 465 with `tls = "tls"`."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection to the mail server is encrypted."""
    user: str | None = None
    """User at the mail server; None does without a login."""
    sender: str | None = checked(None, _bad_mail)
    """Mail address in From."""
    to: Names = checked((), _bad_mails)  # noqa: RUF009  # makes a field
    """Mail addresses."""
    topic: str | None = checked(None, _bad_topic)
    """ARN of an SNS topic."""
    namespace: str = "Delivery"
    """Namespace of the CloudWatch metric `Deploys`."""
    events: tuple[str, ...] = words(("begin", "decision", "end"), ("begin", "decision", "end"), "event")
    """What is reported."""
    applications: Names = ("*",)
    """Globs of applications."""
    accounts: Names = ("*",)
    """Globs of accounts, by their names in this file."""


_ALL = {"name", "kind", "events", "applications", "accounts"}
_NEEDED: dict[str, tuple[str, ...]] = {
    "slack": ("secret",),
    "teams": ("secret",),
    "webhook": ("url",),
    "mail": ("server", "sender", "to"),
    "sns": ("topic",),
    "grafana": ("url", "secret"),
    "cloudwatch": (),
}
_ALLOWED: dict[str, tuple[str, ...]] = {
    "webhook": ("secret",),
    "mail": ("secret", "user", "tls"),
    "cloudwatch": ("namespace",),
}


def read_notify(reader: Reader) -> tuple[NotifySettings, ...]:
    """Read `[notify]`; what a kind needs and does not know is checked."""
    services = []
    for name, entry in reader.mapping(reader.document.get("notify", {}), ("notify",)).items():
        path = ("notify", name)
        table = reader.mapping(entry, path)
        settings = reader.table(NotifySettings, table, path, name=name)
        if settings.kind is None:
            if "kind" not in table:
                reader.error(path, f"notify.{name} has no kind", f"kind is one of {', '.join(_NEEDED)}")
            continue
        needed = _NEEDED[settings.kind]
        for key in needed:
            if key not in table:
                reader.error(path, f"notify.{name} needs {key}: its kind is {settings.kind}")
        known = {*_ALL, *needed, *_ALLOWED.get(settings.kind, ())}
        for key in (each.name for each in fields(NotifySettings)):
            if key in table and key not in known:
                hint = f"{settings.kind} has {', '.join(sorted(known - {'name'}))}"
                reader.error(
                    (*path, key), f"notify.{name}.{key} has no effect: its kind is {settings.kind}", hint
                )
        if settings.user and not settings.secret:
            reader.error((*path, "user"), f"notify.{name} has a user and no secret", 'secret = "env:NAME"')
        services.append(settings)
    return tuple(services)
