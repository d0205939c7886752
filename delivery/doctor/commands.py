"""The command `delivery doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.deploy.cli_common import cluster_of
from delivery.errors import FAILED, DeliveryError
from jobdsl.cli.console import say, say_json, say_problems

if TYPE_CHECKING:
    from delivery.doctor.checkup import DoctorCheck

__all__ = ["doctor"]


@click.command("doctor")
@click.option(
    "--app", metavar="NAME", help="Check this application, too. [default: all applications of the account]"
)
@click.option("--cluster", "cluster_name", metavar="NAME", help="Cluster of the application. [default: NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@place_options
def doctor(place: CommonOptions, app: str | None, cluster_name: str | None, *, as_json: bool) -> None:
    """Check everything a bake and a deploy need in an account, all at once; nothing is changed.

    What may not be looked up is a note. The exit code is 1 if there is an error.
    """
    from delivery.doctor.checkup import run_checks

    checks = _checks(place, app, cluster_name)
    problems = run_checks(checks)
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        say_json(
            {
                "account": place.aws.account,
                "region": place.aws.region,
                "checks": [{"name": check.name, "about": check.about} for check in checks],
                "problems": [problem.to_json() for problem in problems],
            }
        )
    else:
        say_problems(problems)
        verdict = "" if problems else ": nothing is missing"
        say(f"{len(checks)} checks of {place.aws.account}, {place.aws.region}{verdict}")
    if errors:
        raise click.exceptions.Exit(FAILED)


def _checks(place: CommonOptions, app: str | None, cluster_name: str | None) -> list[DoctorCheck]:
    from delivery.doctor.account_checks import account_checks
    from delivery.doctor.app_checks import app_checks
    from delivery.doctor.checkup import DoctorCheck
    from delivery.setup.desired import apps_of
    from jobdsl.errors import Problem, suggestion

    settings, aws = place.settings, place.aws
    account = settings.account(place.account_name)
    clusters = [cluster_name or app] if cluster_name or app else apps_of(settings, account)
    named = [cluster_of(name, app) for name in clusters if name]
    for cluster in named:
        if settings.apps and cluster.app not in settings.apps:
            hint = suggestion(cluster.app, settings.apps) or f"[apps.{cluster.app}] in delivery.toml"
            raise DeliveryError(f"there is no application {cluster.app!r} in the settings", hint, 2)
    checks = account_checks(aws, settings, account)
    if not named:
        note = Problem(
            "no application is checked", hint="--app NAME, or [apps.NAME] in the settings", severity="note"
        )
        checks.append(DoctorCheck("apps", "applications", lambda: [note]))
    from delivery.deploy.cli_common import site_of

    for cluster in named:
        checks += app_checks(site_of(place, cluster, f"doctor of {cluster}", locked=False))
    return checks
