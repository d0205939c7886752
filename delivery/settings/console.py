"""What `[console]` of `delivery.toml` contains: addresses, permissions, the jobs of Jenkins for them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from delivery.settings import values
from jobdsl.settings.tomlread import Reader, checked, number, words

__all__ = [
    "ACTIONS",
    "ConsoleJobs",
    "ConsoleSettings",
    "JenkinsSettings",
    "OidcSettings",
    "ProxySettings",
    "Role",
    "read_console",
]

ACTIONS = ("deploy", "promote", "rollback", "resize", "traffic", "terminate")
"""Actions of the console; each starts a job of Jenkins."""
Names = tuple[str, ...]
_PLACES = ("application", "cluster", "account", "region")
_COMMIT_PLACES = ("application", "commit")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def _bad_addresses(networks: Names) -> str:
    for text in networks:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            return f"{text!r} is not an address or a network like 10.0.0.0/8"
    return ""


def _bad_header(text: str) -> str:
    return "" if _HEADER.fullmatch(text) else f"{text!r} is not the name of a header"


def _bad_pattern(text: str, places: Names) -> str:
    unknown = [name for name in re.findall(r"{([^{}]*)}", text) if name not in places]
    return f"{{{unknown[0]}}} is none of {', '.join(f'{{{name}}}' for name in places)}" if unknown else ""


def _bad_job(text: str) -> str:
    if not text.strip("/"):
        return "names no job"
    return _bad_pattern(text, _PLACES)


def _bad_commit_url(text: str) -> str:
    filled = text.replace("{commit}", "x").replace("{application}", "x")
    return _bad_pattern(text, _COMMIT_PLACES) or values.bad_url(filled)


@dataclass(frozen=True, slots=True)
class Role:
    """`[console.roles.NAME]`: permissions by application and account."""

    name: str
    users: Names = ()
    """Globs of users."""
    groups: Names = ()
    """Globs of groups, as the identity provider or the proxy names them."""
    applications: Names = ("*",)
    """Globs of applications."""
    accounts: Names = ("*",)
    """Globs of accounts, by their names in this file."""
    actions: Names = words((), ACTIONS, "action")  # noqa: RUF009  # makes a field
    """Actions that are allowed."""
    audit: bool = False
    """Whether the audit log may be read."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """`[console.oidc]`: login by OpenID Connect (code flow with PKCE)."""

    issuer: str | None = checked(None, values.bad_url)
    """Address of the provider, as its tokens name it."""
    client_id: str | None = None
    client_secret_file: str | None = None
    """File with the client's secret; None for a public client."""
    user_claim: str = "preferred_username"
    """Claim that names the user; `sub` where a token has none of that name."""
    groups_claim: str = "groups"
    """Claim that lists the user's groups."""
    scopes: Names = ("openid", "profile")


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """`[console.proxy]`: identity from a reverse proxy that has checked it."""

    addresses: Names = checked((), _bad_addresses)  # noqa: RUF009  # makes a field
    """Addresses or networks of the proxy; headers from anywhere else are ignored."""
    user_header: str = checked("X-Forwarded-User", _bad_header)
    groups_header: str = checked("X-Forwarded-Groups", _bad_header)
    """Groups, separated by commas."""


@dataclass(frozen=True, slots=True)
class JenkinsSettings:
    """`[console.jenkins]`: the controller whose jobs are started."""

    url: str | None = checked(None, values.bad_url)
    user: str | None = None
    """Service user with Build on the jobs below; builds it starts are those of the requesting user."""
    token_file: str | None = None
    """File with its API token."""


@dataclass(frozen=True, slots=True)
class ConsoleJobs:
    """`[console.jobs]`: full name of the job of each action.

    `{application}`, `{cluster}`, `{account}` and `{region}` are filled in; an action without a job is not
    offered. `[console.jobs.NAME]`, of an application or a cluster, goes before.
    """

    deploy: str | None = checked(None, _bad_job)
    promote: str | None = checked(None, _bad_job)
    rollback: str | None = checked(None, _bad_job)
    resize: str | None = checked(None, _bad_job)
    traffic: str | None = checked(None, _bad_job)
    terminate: str | None = checked(None, _bad_job)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`[console]`: the web console, `delivery web`."""

    url: str | None = checked(None, values.bad_url)
    """Address under which people reach it; its host is accepted, and needed for a login."""
    hosts: Names = ()
    """More values of the Host header that are accepted, next to those of loopback."""
    anonymous: Literal["read", "none"] = "read"
    """What is shown without an identity: everything but the audit log, or nothing."""
    state: str = "console.db"
    """SQLite file of sessions, API tokens and the audit log, from the directory of this file on."""
    refresh_seconds: float = number(60.0, 5)
    """Between two snapshots of the groups of an account and region."""
    images_seconds: float = number(600.0, 5)
    """Between two snapshots of its images."""
    calls_per_second: float = number(2.0, 0.1)
    """Calls to AWS in an account and region, at most."""
    session_hours: float = number(12.0, 0.1)
    token_days: int = number(90, 1, 365)
    """How long an API token is good for, at most."""
    changes_per_minute: int = number(60, 1)
    """Forms and requests that change something, for each user, at most."""
    commit_url: str | None = checked(None, _bad_commit_url)
    """Address of a commit, with `{application}` and `{commit}`."""
    reports: str | None = None
    """Directory with reports of `delivery judge --html`, named `GROUP.html`."""
    dynaslave: Names = ()
    """Addresses of status.json of managers of agents."""
    plan: str | None = None
    """Page of the last plan of jobdsl (`plan --html`): its address, or a file."""
    oidc: OidcSettings = field(default_factory=OidcSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    jenkins: JenkinsSettings = field(default_factory=JenkinsSettings)
    jobs: Mapping[str, ConsoleJobs] = field(default_factory=dict)
    """By application or cluster; the empty name has the default."""
    roles: Mapping[str, Role] = field(default_factory=dict)

    def job(self, action: str, *, application: str, cluster: str, account: str, region: str) -> str | None:
        """Return the full name of the job that does an action with a cluster; None if there is none."""
        for name in (cluster, application, ""):
            pattern = getattr(self.jobs.get(name), action, None)
            if pattern is not None:
                return str(pattern).format(
                    application=application, cluster=cluster, account=account, region=region
                )
        return None


_TABLES: dict[str, Any] = {"oidc": OidcSettings, "proxy": ProxySettings, "jenkins": JenkinsSettings}


def read_console(reader: Reader) -> ConsoleSettings:
    """Read `[console]`; files in it are named from the directory of the settings on."""
    table = dict(reader.mapping(reader.document.get("console", {}), ("console",)))
    options: dict[str, Any] = {
        name: reader.table(kind, table.pop(name, {}), ("console", name)) for name, kind in _TABLES.items()
    }
    options["jobs"] = _jobs(reader, table.pop("jobs", {}))
    roles = reader.mapping(table.pop("roles", {}), ("console", "roles"))
    options["roles"] = {
        name: reader.table(Role, role, ("console", "roles", name), name=name) for name, role in roles.items()
    }
    console = reader.table(ConsoleSettings, table, ("console",), **options)
    _check(reader, console)
    return _from_directory(reader, console)


def _jobs(reader: Reader, value: object) -> dict[str, ConsoleJobs]:
    path = ("console", "jobs")
    table = dict(reader.mapping(value, path))
    own = {entry.name for entry in fields(ConsoleJobs)}
    nested = {name: each for name, each in table.items() if isinstance(each, dict) and name not in own}
    plain = {name: each for name, each in table.items() if name not in nested}
    jobs = {name: reader.table(ConsoleJobs, each, (*path, name)) for name, each in nested.items()}
    return {"": reader.table(ConsoleJobs, plain, path), **jobs}


def _check(reader: Reader, console: ConsoleSettings) -> None:
    oidc, jenkins = console.oidc, console.jenkins
    if (oidc.issuer is None) != (oidc.client_id is None):
        hint = "issuer and client_id belong together"
        reader.error(("console", "oidc"), "console.oidc is not complete", hint)
    if oidc.issuer is not None and console.url is None:
        hint = 'url = "https://deploy.example.com": the provider sends users back there'
        reader.error(("console", "oidc"), "console.oidc needs console.url", hint)
    if jenkins.url is not None and (jenkins.user is None or jenkins.token_file is None):
        hint = "set user and token_file of the service user that starts jobs"
        reader.error(("console", "jenkins"), "console.jenkins is not complete", hint)
    has_jobs = any(
        getattr(names, entry.name) for names in console.jobs.values() for entry in fields(ConsoleJobs)
    )
    if has_jobs and jenkins.url is None:
        hint = "[console.jenkins] url, user and token_file"
        reader.error(("console", "jobs"), "console.jobs needs a controller", hint)


def _from_directory(reader: Reader, console: ConsoleSettings) -> ConsoleSettings:
    directory = Path(reader.file).parent

    def located(text: str | None) -> str | None:
        return text if text is None or "://" in text else str(directory / Path(text).expanduser())

    return replace(
        console,
        state=str(located(console.state)),
        reports=located(console.reports),
        plan=located(console.plan),
        oidc=replace(console.oidc, client_secret_file=located(console.oidc.client_secret_file)),
        jenkins=replace(console.jenkins, token_file=located(console.jenkins.token_file)),
    )
