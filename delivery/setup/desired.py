"""From settings and what exists to the stacks of an account and of an application."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from delivery.errors import USAGE, DeliveryError, SeveralError, UnknownNameError
from delivery.settings.setup import MAKE
from delivery.setup import account_stack, app_stack
from delivery.setup.account_stack import AccountStack
from delivery.setup.app_stack import AppStack
from delivery.setup.lookup import (
    app_network,
    existing_account_parts,
    existing_app_parts,
    listener_of,
    vpc_of,
)
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import Account, App, DeliverySettings
    from delivery.setup.stacks import StackState

__all__ = ["app_of", "apps_of", "bakes_in", "home_region", "key_of_bakes", "stack_of_account", "stack_of_app"]

_ZONES = 2
"""That a load balancer needs (CreateLoadBalancer)."""


def app_of(settings: DeliverySettings, name: str | None) -> tuple[str, App]:
    """Return the application that is named, or the only one with a port. DeliveryError."""
    with_port = [app for app, entry in settings.apps.items() if entry.port is not None]
    if name is None and len(with_port) == 1:
        name = with_port[0]
    if name is None:
        known = ", ".join(settings.apps) or "none: [apps.NAME] in delivery.toml names one"
        raise DeliveryError("which application?", f"--app takes one of {known}", USAGE)
    if name not in settings.apps:
        hint = suggestion(name, settings.apps) or f"[apps.{name}] in delivery.toml, with port = 8080"
        raise UnknownNameError(f"there is no application {name!r} in the settings", hint)
    app = settings.apps[name]
    if app.port is None:
        raise DeliveryError(
            f"application {name} has no port: setup would not know what it listens on",
            f"port = 8080 in [apps.{name}]",
            USAGE,
        )
    return name, app


def apps_of(settings: DeliverySettings, account: Account) -> list[str]:
    """Return the applications of the settings that may be deployed in an account."""
    return [
        name
        for name, app in settings.apps.items()
        if (app.accounts is None or account.name in app.accounts)
        and (account.apps is None or any(fnmatchcase(name, pattern) for pattern in account.apps))
    ]


def bakes_in(settings: DeliverySettings, account: Account) -> bool:
    """Return whether images are made in an account."""
    named = settings.bake.account
    return named == account.name if named else len(settings.accounts) <= 1


def home_region(account: Account, aws: Aws) -> str:
    """Return the region whose stacks have the roles of an account."""
    return account.setup.home_region or (account.regions[0] if account.regions else aws.region)


def stack_of_app(
    aws: Aws, settings: DeliverySettings, account: Account, name: str, current: StackState | None
) -> AppStack:
    """Read what an application meets and has, and fill in its stack. DeliveryError with all problems."""
    app, deploy = settings.apps[name], settings.deploy(account.name, name, name)
    makes_target_group = deploy.traffic != "none" and deploy.target_groups in (
        None,
        (app_stack.target_group_name(name),),
    )
    if makes_target_group:
        _check_traffic(name, deploy.traffic)
    assert app.port is not None
    own = current.resources if current else {}
    setup = account.setup
    vpc = vpc_of(aws, setup.vpc, deploy.subnets or ())
    listener = listener_of(aws, account) if makes_target_group else ""
    hosts = app.hosts or ((f"{name}.{setup.domain}",) if setup.domain and not app.paths else ())
    stack = AppStack(
        app=name,
        port=app.port,
        network=app_network(aws, listener, vpc, own.get("ListenerRule", "")),
        health_path=app.health_path,
        hosts=hosts,
        paths=app.paths,
        priority=app.priority,
        drain_seconds=deploy.drain_seconds,
        instance_type=deploy.instance_type or next(iter(deploy.instance_types or ()), ""),
        user_data=deploy.user_data or "",
        security_groups=deploy.security_groups or (),
        instance_profile="" if deploy.instance_profile in (None, name) else str(deploy.instance_profile),
        boundary=setup.boundary or "",
        policies=app.policies,
        makes_target_group=makes_target_group,
        makes_template=(deploy.launch_template or name).partition(":")[0] == name,
        makes_role=aws.region == home_region(account, aws),
        error_percent=app.error_percent,
        log_days=app.log_days,
    )
    missing = {*app_stack.app_template(stack)["Resources"]} - {*own}
    stack = replace(stack, existing=existing_app_parts(aws, name, vpc, missing))
    if problems := app_stack.problems_of(stack, [*settings.apps]):
        raise SeveralError(problems, USAGE)
    return stack


def _check_traffic(name: str, traffic: str) -> None:
    if traffic == "weighted":
        raise DeliveryError(
            f'application {name} has traffic = "weighted": setup makes no weighted listener',
            f"make its two target groups and its listener by hand, and name them in [apps.{name}]",
            USAGE,
        )


def stack_of_account(
    aws: Aws, settings: DeliverySettings, account: Account, current: StackState | None
) -> AccountStack:
    """Read what an account has, and fill in its stack. DeliveryError with all problems."""
    setup, bake, own = account.setup, settings.bake, current.resources if current else {}
    subnets: tuple[str, ...] = ()
    if setup.load_balancer == MAKE:
        subnets = tuple(setup.load_balancer_subnets or ())
        if len(subnets) < _ZONES:
            raise DeliveryError(
                f"a load balancer of account {account.name} needs public subnets of two zones",
                f'load_balancer_subnets = ["subnet-...", "subnet-..."] in [accounts.{account.name}.setup]',
                USAGE,
            )
    bakes = bakes_in(settings, account)
    profile = bake.instance_profile or ""
    stack = AccountStack(
        account=account.name,
        account_id=aws.account_id,
        apps=apps_of(settings, account),
        agents=setup.agents,
        boundary=setup.boundary or "",
        makes_roles=aws.region == home_region(account, aws),
        bakes=bakes,
        bakes_as_deployer=not account.role or account.role.rpartition("/")[2] == setup.deploy_role,
        deploy_role=setup.deploy_role,
        bake_role=setup.bake_role,
        baker="" if profile.startswith("arn:") else profile,
        bucket=bake.bucket or "",
        key=key_of_bakes(settings) if bakes else "",
        consumers=_consumers(settings, aws.account_id),
        lock_table=settings.lock.table,
        history_table="none" if settings.history.file else settings.history.table,
        vpc=vpc_of(aws, setup.vpc, subnets) if subnets else "",
        balancer_subnets=subnets,
        certificate=setup.certificate or "",
        budget=setup.budget,
        budget_email=setup.budget_email or "",
    )
    missing = {*account_stack.account_template(stack)["Resources"]} - {*own}
    stack = replace(stack, existing=existing_account_parts(aws, stack, missing))
    if problems := account_stack.problems_of(stack):
        raise SeveralError(problems, USAGE)
    return stack


def key_of_bakes(settings: DeliverySettings) -> str:
    """Return the alias of the key of images; empty where the settings name none, or a key by its id."""
    key = settings.bake.kms_key or ""
    return key if key.startswith("alias/") and not key.startswith("alias/aws/") else ""


def _consumers(settings: DeliverySettings, owner: str) -> list[str]:
    """Return the ids of the other accounts that launch images."""
    return sorted({account.id for account in settings.accounts.values() if account.id} - {owner})
