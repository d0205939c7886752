"""What `delivery.toml` contains, as values: accounts, defaults of deploys and bakes, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from delivery.errors import USAGE, DeliveryError, UnknownNameError
from delivery.settings import values
from delivery.settings.analysis import AnalysisSettings, load_analysis
from delivery.settings.console import ConsoleSettings
from delivery.settings.notify import NotifySettings
from delivery.settings.setup import (
    AccountSetup,
    bad_health_path,
    bad_hosts,
    bad_log_days,
    bad_paths,
    bad_policies,
)
from delivery.wave_targets import bad_waves
from delivery.windows import bad_freezes, bad_windows
from jobdsl.errors import suggestion
from jobdsl.settings.tomlread import checked, number, words

__all__ = [
    "ALTERNATIVES",
    "FILE",
    "GATES",
    "LAUNCH_KEYS",
    "NONE",
    "Account",
    "App",
    "Bake",
    "DeliverySettings",
    "Deploy",
    "HistorySettings",
    "Layer",
    "LockSettings",
]

FILE = "delivery.toml"
Names = tuple[str, ...]
GATES = ("ec2", "target-groups", "elb")
"""Sources of a group's health besides Auto Scaling."""
NONE = "none"
"""Word of a setting that is switched off."""


@dataclass(frozen=True, slots=True)
class Account:
    """`[accounts.NAME]`: an AWS account, how it is reached, and what it takes to deploy there."""

    name: str
    id: str | None = checked(None, values.bad_id)
    """Twelve digits; with it, credentials of another account are refused."""
    profile: str | None = None
    """Profile of the AWS configuration; None takes the credentials of the environment."""
    role: str | None = None
    """ARN of a role to assume, from the profile or the environment."""
    regions: Names = ()
    """Regions it is used in; empty for any."""
    production: bool = False
    """Whether a deploy needs a change request and a tested image, and confirms before it acts."""
    change_request: str | None = checked(None, values.bad_pattern)
    """Regular expression a change request must match as a whole; `none` where none is needed.

    None is `none`, but in production anything that is not empty.
    """
    change_request_url: str | None = checked(None, values.bad_change_url)
    """Asked with GET, `{change_request}` filled in: 200 means it may be used."""
    tested_in: str | None = None
    """Name of the account an image must have been found healthy in before it may run here, or `none`.

    None is `none`, but in production the only account that is not.
    """
    deployers: Names | None = None
    """Globs of callers' ARNs, or `jenkins:USER` of a build, that may deploy here; None: all IAM allows."""
    apps: Names | None = None
    """Globs of applications that may be deployed here; None for all."""
    setup: AccountSetup = field(default_factory=AccountSetup)
    """`[accounts.NAME.setup]`."""

    @property
    def change_pattern(self) -> str | None:
        """The pattern of change requests; None if none is needed."""
        pattern = self.change_request or (".+" if self.production else NONE)
        return None if pattern == NONE else pattern


@dataclass(frozen=True, slots=True)
class Deploy:
    """How a cluster is deployed.

    `[defaults]`, `[accounts.NAME.defaults]`, `[apps.NAME]` and `[clusters.NAME]`: the later go before.
    """

    strategy: Literal["red-black", "canary", "ramp", "highlander"] = "red-black"
    traffic: Literal["attach", "weighted", "none"] = "attach"
    """By attaching target groups and classic load balancers, by a listener's weights, or no load balancer."""
    target_groups: Names | None = None
    """Names or ARNs; None takes those of the previous group."""
    load_balancers: Names | None = None
    """Names of classic load balancers; None takes those of the previous group."""
    listener: str | None = None
    """ARN of the listener whose weights are shifted (`traffic = "weighted"`)."""
    gates: tuple[str, ...] = words(("target-groups", "elb"), GATES, "gate")
    """Sources of health besides Auto Scaling; missing ones do not count."""
    healthy_percent: float = number(100.0, 1, 100)
    """Share of the desired instances that must be healthy; at least one always."""
    looks: int = number(3, 1, 50)
    """Good polls in a row."""
    poll_seconds: float = number(15.0, 1)
    """Between polls."""
    timeout_minutes: float = number(40.0, 0)
    """Of each wait for health."""
    gate_command: str | None = None
    """Run by /bin/sh at every poll, DELIVERY_GROUP and others in its environment; 0 means healthy."""
    gate_url: str | None = checked(None, values.bad_url)
    """Requested of each instance at every poll; `{private_ip}`, `{public_ip}`, `{instance_id}` are its."""
    alarms: Names = ()
    """CloudWatch alarms that must not be in alarm, at the gate and while it soaks."""
    soak_minutes: float = number(0.0, 0)
    """How long the new group is watched in traffic before the old one is taken out."""
    drain_seconds: float = number(90.0, 0)
    """How long connections of a group that was taken out may take."""
    canary_instances: int = number(1, 1)
    """How large a canary is."""
    canary_percent: float | None = number(None, 0.1, 100)
    """How large a canary is, in percent of the full size and at least one; goes before `canary_instances`."""
    canary_minutes: float = number(30.0, 0)
    """How long a canary must stay healthy before it may be promoted."""
    decision_minutes: float = number(0.0, 0)
    """After how long without a decision a canary is rolled back; 0 waits for ever."""
    windows: tuple[str, ...] = checked((), bad_windows)
    """When deploys may begin: `mon-fri 09:00-16:00 Europe/Berlin`; none: always. No rollback is refused."""
    freezes: tuple[str, ...] = checked((), bad_freezes)
    """When none may: `2026-12-20..2027-01-02 Europe/Berlin REASON`. A change request overrides both."""
    freeze: str | None = checked(None, values.bad_freeze_source)
    """File with more freezes, from the directory of this file on, or its URL; see docs/deploying.md."""
    not_while: Names = ()
    """CloudWatch alarms: while one of them is in alarm no deploy begins. A change request overrides that."""
    tier: str | None = checked(None, values.bad_tier)
    """Name that services share of which one at a time is deployed in an account and region."""
    analysis: str | None = None
    """File of how canaries are judged by metrics; `none`: they are not. None takes `[analysis]`."""
    ramp: tuple[int, ...] = checked((10, 50, 100), values.bad_ramp)
    """Percentages of the `ramp` strategy."""
    waves: tuple[tuple[str, ...], ...] = checked((), bad_waves)
    """Where `delivery waves` deploys, wave by wave: `[ACCOUNT/]REGION[/CLUSTER]`; see docs/waves.md."""
    wave_soak_minutes: float = number(0.0, 0)
    """How long what a wave has deployed is watched before the next wave begins."""
    wave_failure: Literal["stop", "rollback"] = "stop"
    """Whether a failure leaves the places that were deployed before as they are, or rolls them back too."""
    keep: int = number(2, 1)
    """Groups of a cluster that a deploy leaves, the active one included; it deletes older ones of deploys."""
    keep_hours: float = number(48.0, 0)
    """How long a group that was taken out is kept for a rollback, at most."""
    kept_groups: Literal["full", "empty"] = "full"
    """Whether a group that was taken out keeps its instances; `empty`: a rollback launches them again."""
    instance_hour_price: float | None = number(None, 0)
    """What an instance costs in an hour, in any currency: plans then show what kept groups cost."""
    scaling: Literal["policy", "none"] = "policy"
    """`none`: no scaling policy is wanted, and a plan does not mention that there is none."""
    scaling_cpu_percent: float | None = number(None, 1, 100)
    """Average CPU load that the scaling policy of a first group keeps; later groups copy what is there."""
    keep_failed_hours: float = number(0.0, 0)
    """How long a group whose deploy failed keeps its instances, out of traffic; 0: not at all."""
    max_groups: int = number(3, 2)
    """With so many groups of deploys in a cluster no further one is made; more than `keep`."""
    min: int | None = number(None, 0)
    """Least size; None takes that of the previous group."""
    max: int | None = number(None, 0)
    """Greatest size; None takes that of the previous group."""
    desired: int | None = number(None, 0)
    """Size to begin with; None takes that of the previous group."""
    launch_template: str | None = None
    """Name or id, `:VERSION` behind it, else its default version; None takes that of the previous group."""
    subnets: tuple[str, ...] | None = checked(None, values.bad_subnets)
    """Ids; None takes those of the previous group."""
    security_groups: tuple[str, ...] | None = checked(None, values.bad_security_groups)
    """Ids; None takes those of the launch template."""
    instance_profile: str | None = None
    """Name or ARN; None takes that of the launch template."""
    instance_type: str | None = None
    """None takes that of the previous group, or its several."""
    instance_types: Names | None = None
    """Several types, the first preferred; None takes those of the previous group."""
    user_data: str | None = checked(None, values.bad_user_data)
    """Text that instances run when they start; `none` for nothing. None takes that of the launch template."""
    health_check_grace_seconds: int | None = number(None, 0)
    """How long Auto Scaling leaves a new instance alone; None takes that of the previous group, else 300."""

    @property
    def unused(self) -> list[str]:
        """Settings without an effect, as lines for users."""
        of_no_use = {
            "attach": ("listener",),
            "weighted": ("load_balancers",),
            "none": ("listener", "load_balancers", "target_groups"),
        }[self.traffic]
        given_names = [name for name in of_no_use if getattr(self, name) is not None]
        return [f'{name} has no effect with traffic = "{self.traffic}"' for name in given_names]


LAUNCH_KEYS = (
    "launch_template", "subnets", "security_groups", "instance_profile", "instance_type", "instance_types",
    "user_data", "health_check_grace_seconds", "min", "max", "desired",
)  # fmt: skip
"""Keys of `Deploy` of what a group is made of: read when it is made, and never again."""
ALTERNATIVES = ("instance_type", "instance_types")
"""Keys of which a later layer's replaces an earlier layer's other one."""


@dataclass(frozen=True, slots=True)
class App(Deploy):
    """`[apps.NAME]`: keys of `Deploy`, and permissions to deploy the application."""

    accounts: Names | None = None
    """Names of accounts it may be deployed in; None for all."""
    deployers: Names | None = None
    """Globs of callers' ARNs, or `jenkins:USER` of a build, that may deploy it; None: all IAM allows."""
    test_clusters: Names | None = None
    """Globs of its clusters in which an image counts as tested; None for all of its clusters."""
    port: int | None = number(None, 1, 65535)
    """Port its instances listen on. With it `delivery setup app` makes what it needs; see docs/setup.md."""
    health_path: str = checked("/healthz", bad_health_path)
    """Path of its health check; 200 is healthy."""
    hosts: tuple[str, ...] = checked((), bad_hosts)
    """Host names of its rule; none: NAME and the `domain` of the account's setup."""
    paths: tuple[str, ...] = checked((), bad_paths)
    """Path patterns of its rule. Hosts and paths are at most 5."""
    priority: int = number(0, 0, 50_000)
    """Priority of its rule; 0: a number made from its name."""
    error_percent: float = number(0.0, 0, 100)
    """Share of its answers that are 5xx above which the alarm NAME-errors rings; 0: no alarm."""
    policies: tuple[str, ...] = checked((), bad_policies)
    """ARNs of managed policies of its role."""
    log_days: int = checked(30, bad_log_days)
    """How long its log group /delivery/NAME keeps; 0: no log group."""


@dataclass(frozen=True, slots=True)
class Bake:
    """`[bake]`: defaults of bakes; options go before it."""

    account: str | None = None
    """Name of the account images are made in; None is that of `--account`."""
    base: str | None = None
    """`ami-...`, `ssm:/NAME`, `owner=O,name=GLOB` or `tag:KEY=VALUE`."""
    engine: Literal["instance", "chroot", "packer"] = "instance"
    """How the package gets into the image."""
    subnets: Names = ()
    """Where baking instances run; empty for the default network."""
    instance_type: str | None = None
    """Of baking instances; None is a small one of the base's architecture."""
    instance_profile: str | None = None
    """Name or ARN: lets an instance read S3 and tag itself."""
    security_groups: Names = ()
    """Of baking instances."""
    regions: Names = ()
    """Regions the image is copied to."""
    share: Names = ()
    """Accounts it is shared with at once: names of this file, or twelve digits."""
    kms_key: str | None = None
    """Encrypts images; None is the account's default key, which cannot be shared."""
    bucket: str | None = None
    """S3 bucket in which packages of this host are handed over to instances."""
    timeout_minutes: float = number(60.0, 1)
    """Of each wait."""
    poll_seconds: float = number(15.0, 0.01)
    """Between polls."""


@dataclass(frozen=True, slots=True)
class LockSettings:
    """`[lock]`: how two deploys of one cluster are kept apart."""

    table: str = "delivery-locks"
    """DynamoDB table, in the account and region that is deployed to; `none` for no lock at all."""


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """`[history]`: where the records of runs are kept."""

    table: str = "delivery-history"
    """DynamoDB table, in the account and region that is deployed to; `none` for no records at all."""
    file: str | None = None
    """SQLite file in place of the table, from the directory of this file on: for demos and a single host."""


Layer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The content of `delivery.toml`."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    apps: Mapping[str, App] = field(default_factory=dict)
    bake: Bake = field(default_factory=Bake)
    lock: LockSettings = field(default_factory=LockSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    layers: Mapping[tuple[str, str], Layer] = field(default_factory=dict)
    """Settings of deploys: by `("defaults", "")`, `("accounts", NAME)`, `("apps", NAME)` ..."""
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    analysis: AnalysisSettings | None = None
    """How canaries are judged where their cluster names no file."""
    notify: tuple[NotifySettings, ...] = ()
    """Recipients of notifications of deploys."""

    def account(self, name: str | None = None) -> Account:
        """Return an account by name; None takes the only one, or that of the environment's credentials.

        DeliveryError if there is none of that name, or several and no name.
        """
        if not self.accounts and name in (None, "default"):
            return Account("default")
        if name is None and len(self.accounts) == 1:
            return next(iter(self.accounts.values()))
        known = ", ".join(self.accounts)
        if name is None:
            raise DeliveryError("no account is given", f"set --account to one of {known}", USAGE)
        if name not in self.accounts:
            hint = suggestion(name, self.accounts) or (
                f"known are {known}" if known else f"[accounts.{name}] in {FILE} names one"
            )
            raise UnknownNameError(f"there is no account {name!r}", hint)
        return self.accounts[name]

    def analysis_of(self, deploy: Deploy) -> AnalysisSettings | None:
        """Return how canaries are judged by their metrics; None if they are not. SettingsError."""
        if deploy.analysis is None:
            return self.analysis
        return None if deploy.analysis == NONE else load_analysis(Path(deploy.analysis))

    def tested_in(self, account: Account) -> str | None:
        """Return the account an image must have run in before it may run here; None for none."""
        named = account.tested_in
        if named is None and account.production:
            named = next(iter(self.testing), None)
        return None if named == NONE else named

    @property
    def testing(self) -> list[str]:
        """Return the names of the accounts that are not production."""
        return [name for name, account in self.accounts.items() if not account.production]

    def deploy(self, account: str = "", app: str = "", cluster: str = "") -> Deploy:
        """Return how a cluster is deployed: keys of the cluster go before those of the application.

        That goes before the account's defaults, and these before `[defaults]`.
        """
        merged: dict[str, Any] = {}
        for key in (("defaults", ""), ("accounts", account), ("apps", app), ("clusters", cluster)):
            layer = self.layers.get(key, {})
            if any(name in layer for name in ALTERNATIVES):
                merged = {name: value for name, value in merged.items() if name not in ALTERNATIVES}
            merged |= layer
        return Deploy(**merged)
