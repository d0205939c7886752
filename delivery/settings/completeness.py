"""What `delivery.toml` lacks for bakes and first groups, found without AWS: a check of `jobdsl lint`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from delivery.errors import SettingsError
from delivery.settings.file import load_settings
from delivery.settings.model import Account, DeliverySettings, Deploy
from delivery.settings.setup import MAKE
from jobdsl.errors import Problem
from jobdsl.settings.tomlread import Reader

__all__ = ["Gap", "check_file", "gaps"]

_RULE = "delivery-settings"


class Gap(NamedTuple):
    """Something that the settings do not have."""

    path: tuple[str, ...]
    """The table it belongs into."""
    message: str
    hint: str


def check_file(file: Path) -> list[Problem]:
    """Return everything that is wrong in the file, or else what it lacks, with lines."""
    try:
        settings = load_settings(file)
        reader = Reader(file.read_text(encoding="utf-8-sig"), str(file))
    except SettingsError as error:
        return error.problems
    for gap in gaps(settings):
        reader.error(gap.path, gap.message, gap.hint)
    return [
        Problem(problem.message, problem.where, problem.hint, "warning", _RULE) for problem in reader.problems
    ]


def gaps(settings: DeliverySettings) -> Iterator[Gap]:
    """Return what bakes and the first groups of the applications lack."""
    if settings.apps and settings.bake.base is None:
        yield Gap(("bake",), "[bake] has no base: each bake needs --base", 'base = "ssm:/..." in [bake]')
    for name, app in settings.apps.items():
        accounts = [
            account
            for account in settings.accounts.values()
            if app.accounts is None or account.name in app.accounts
        ]
        deploys = [settings.deploy(account.name, name, name) for account in accounts] or [
            settings.deploy("", name, name)
        ]
        yield from dict.fromkeys(
            gap for deploy in deploys for gap in _gaps_of(name, deploy, has_port=app.port is not None)
        )
        if app.port is not None and not app.hosts and not app.paths:
            yield from _without_hosts(name, accounts)
    for name, account in settings.accounts.items():
        if account.setup.load_balancer == MAKE and not account.setup.load_balancer_subnets:
            yield Gap(
                ("accounts", name, "setup"),
                f"accounts.{name}.setup makes a load balancer, and names no subnets for it",
                'load_balancer_subnets = ["subnet-...", "subnet-..."], public, of two zones',
            )


def _without_hosts(name: str, accounts: Sequence[Account]) -> Iterator[Gap]:
    """Return the accounts whose listener needs a host that the application does not have."""
    for account in accounts:
        if account.setup.load_balancer is not None and account.setup.domain is None:
            yield Gap(
                ("apps", name),
                f"apps.{name} has no hosts, and account {account.name} no domain: no rule can be made",
                f'hosts = ["{name}.example.com"], or domain in [accounts.{account.name}.setup]',
            )


def _gaps_of(name: str, deploy: Deploy, *, has_port: bool) -> Iterator[Gap]:
    """Return what the first group of an application lacks."""
    path = ("apps", name)
    if not deploy.subnets:
        yield Gap(
            path, f"apps.{name} has no subnets for a first group", 'subnets = ["subnet-...", "subnet-..."]'
        )
    if not (deploy.launch_template or deploy.instance_type or deploy.instance_types):
        yield Gap(
            path,
            f"apps.{name} has no instance type for a first group",
            'instance_type = "m7i.large", or launch_template = "NAME"',
        )
    has_places = deploy.target_groups or deploy.load_balancers
    if deploy.traffic == "attach" and not has_port and not has_places:
        yield Gap(
            path,
            f"apps.{name} has neither a port nor target_groups: requests reach no first group",
            'port = 8080 and delivery setup app, or target_groups = ["NAME"], or traffic = "none"',
        )
    if deploy.traffic == "weighted" and not (deploy.listener and deploy.target_groups):
        yield Gap(
            path,
            f'apps.{name} has traffic = "weighted" without listener and target_groups',
            'listener = "arn:..." and target_groups = ["NAME-a", "NAME-b"]',
        )
    if deploy.scaling == "policy" and deploy.scaling_cpu_percent is None:
        yield Gap(
            path,
            f"apps.{name} has no scaling policy for a first group",
            'scaling_cpu_percent = 50, or scaling = "none"',
        )
