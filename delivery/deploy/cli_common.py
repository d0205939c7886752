"""Options of all commands of a cluster: which cluster, where, which image; and whether it may be deployed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from delivery import names
from delivery.cli_options import CommonOptions, place_options
from delivery.clock import HostClock
from delivery.errors import USAGE, DeliveryError, UnknownNameError
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.settings import DeliverySettings
    from delivery.timeline import Timeline

__all__ = [
    "ImagePermission",
    "adjust",
    "analysis_option",
    "cluster_of",
    "cluster_option",
    "confirm_production",
    "judged_by",
    "notify",
    "open_site",
    "site_of",
    "what_options",
]

STRATEGIES = ("red-black", "canary", "ramp", "highlander")


def cluster_option(command: Any) -> Any:
    """--cluster, as every command of a cluster has it."""
    return click.option(
        "--cluster",
        "cluster_name",
        required=True,
        metavar="NAME",
        help="Name of the cluster: APP, APP-STACK or APP-STACK-DETAIL.",
    )(command)


def analysis_option(command: Any) -> Any:
    """--analysis, as commands that judge a canary have it."""
    return click.option(
        "--analysis",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="File that says how a canary is judged by its metrics. [default: analysis in delivery.toml]",
    )(command)


def judged_by(site: Site, analysis: str | None) -> None:
    """Have a canary judged by a file, checked at once. SettingsError."""
    if analysis is not None:
        site.deploy = replace(site.deploy, analysis=analysis)
        site.settings.analysis_of(site.deploy)


def what_options(command: Any) -> Any:
    """What is deployed."""
    for option in (
        click.option(
            "--app", metavar="NAME", help="Application of the image. [default: that of the cluster]"
        ),
        click.option("--image", required=True, metavar="AMI", help="Id of the image to deploy."),
        click.option(
            "--strategy",
            type=click.Choice(STRATEGIES),
            help="Deploy strategy. [default: delivery.toml, else red-black]",
        ),
        click.option(
            "--change-request", default="", metavar="TEXT", help="Change request that authorises this deploy."
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="KEY=VALUE",
            help="Setting of the new group that replaces the one in delivery.toml; may be repeated.",
        ),
        click.option(
            "--ignore-alarm",
            "ignored",
            multiple=True,
            metavar="NAME",
            help="Alarm that this deploy ignores; may be repeated.",
        ),
    ):
        command = option(command)
    return cluster_option(analysis_option(place_options(command)))


def cluster_of(text: str, app: str | None = None) -> names.ClusterName:
    """The cluster that is named, of the application that is named beside it. DeliveryError."""
    try:
        cluster = names.parse_cluster(text)
    except names.NameProblem as error:
        raise UnknownNameError(error.message, error.hint) from error
    if app is not None and app != cluster.app:
        hint = f"--app {cluster.app}, or a cluster that begins with {app}"
        raise DeliveryError(f"cluster {text} is one of application {cluster.app}, not {app}", hint, USAGE)
    return cluster


def adjust(site: Site, changes: Sequence[str], ignored: Sequence[str]) -> None:
    """Apply the options of a deploy to its settings. SettingsError, DeliveryError."""
    from delivery.settings import overridden

    site.deploy = overridden(site.deploy, changes)
    watched = site.deploy.alarms
    for name in ignored:
        if name not in watched:
            raise DeliveryError(
                f"--ignore-alarm {name}: the settings watch no alarm of that name",
                suggestion(name, watched) or f"alarms names {', '.join(watched) or 'none'}",
                USAGE,
            )
    site.ignore_alarms(ignored)


def site_of(
    place: CommonOptions,
    cluster: names.ClusterName,
    purpose: str,
    *,
    locked: bool,
    takes_over: bool = False,
    deploys: bool = False,
    change_request: str = "",
) -> Site:
    """Open the surroundings of a cluster for a command, as `open_site` does. DeliveryError."""
    site = open_site(
        place.aws,
        place.settings,
        cluster,
        purpose,
        locked=locked,
        takes_over=takes_over,
        deploys=deploys,
        change_request=change_request,
    )
    return notify(site) if locked else site


def open_site(
    aws: Aws,
    settings: DeliverySettings,
    cluster: names.ClusterName,
    purpose: str,
    *,
    locked: bool,
    takes_over: bool = False,
    deploys: bool = False,
    change_request: str = "",
    timeline: Timeline | None = None,
) -> Site:
    """Open the surroundings of a cluster in an account and region. DeliveryError.

    Args:
        aws: the account and region.
        settings: `delivery.toml`.
        cluster: its name.
        what: the run, for others to read that find it locked.
        locked: whether the run changes something.
        takes_over: a run that holds the lock loses it, and stops before its next change.
        deploys: the run also holds the lease of the cluster's tier, if it has one and no other run does.
        change_request: what authorises the run.
        timeline: where its steps go; None begins one.
    """
    from delivery.deploy.context import Site
    from delivery.lock import FreeLock, Lock, open_lock
    from delivery.provenance import trigger_of
    from delivery.tiers import TierLock, lease_name
    from delivery.timeline import Timeline

    clock = HostClock()
    if timeline is None:
        timeline = Timeline(clock, title=f"{purpose} in {aws.account}, {aws.region}")
    lock: Lock = (
        open_lock(aws, settings, str(cluster), clock, purpose, timeline.say, takes_over=takes_over)
        if locked
        else FreeLock(clock)
    )
    deploy = settings.deploy(aws.account, cluster.app, str(cluster))
    if locked and deploys and deploy.tier is not None:
        name = lease_name(deploy.tier)
        lock = TierLock(lock, open_lock(aws, settings, name, clock, purpose, timeline.say), clock)
    caller, console_user = aws.caller if locked else "", settings.console.jenkins.user or ""
    trigger = trigger_of(os.environ, caller, change_request, console_user)
    return Site(
        aws=aws,
        clock=clock,
        lock=lock,
        settings=settings,
        deploy=deploy,
        timeline=timeline,
        cluster=cluster,
        trigger=trigger,
    )


def notify(site: Site) -> Site:
    """Have the services in the settings informed of a run; return the site."""
    from delivery.notify.notifier import Notifier

    if site.settings.notify:
        site.notifier = Notifier(site.settings.notify, site.aws, site.timeline.say)
    return site


class ImagePermission:
    """Whether an image may be deployed to a cluster, as policy and accounts have it."""

    def __init__(self, site: Site, image: str, change_request: str) -> None:
        self._site, self._image, self._change_request = site, image, change_request

    def check(self) -> None:
        """Raise what policy has against it. PolicyError, DeliveryError."""
        from delivery.permission import permit

        site = self._site
        permit(
            site.settings,
            site.aws,
            app=site.cluster.app,
            image=self._image,
            change_request=self._change_request,
            jenkins_user=site.trigger.jenkins_user,
        )

    def share(self) -> None:
        """Share the image with the account it is to run in. DeliveryError."""
        from delivery.sharing import share_with

        share_with(self._site.settings, self._site.aws, self._image)


def confirm_production(site: Site, purpose: str, *, yes: bool) -> None:
    """Confirm a change in production. DeliveryError without a terminal; click.Abort for a no."""
    account = site.settings.account(site.aws.account)
    if not account.production or yes:
        return
    if not sys.stdin.isatty():
        raise DeliveryError(f"{account.name} is production: {purpose}?", "--yes skips this prompt", USAGE)
    click.confirm(f"{account.name} is production: {purpose}?", abort=True, err=True)
