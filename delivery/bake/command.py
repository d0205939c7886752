"""`delivery bake`: the options, the settings behind them, and where the result is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.errors import DeliveryError
from jobdsl.cli.console import say, say_json
from jobdsl.exit_codes import WRONG_USAGE

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.bake.package import Package
    from delivery.bake.request import Order
    from delivery.bake.result import BakeResult
    from delivery.settings import DeliverySettings
    from delivery.timeline import Timeline

__all__ = ["bake"]

_OUT = click.Path(dir_okay=False, path_type=Path)


def _package_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option(
                "--package",
                required=True,
                metavar="P",
                help="Package to install: path or URL (https, http, s3).",
            ),
            click.option(
                "--base",
                metavar="B",
                help="Base image: ami-..., ssm:/NAME, owner=O,name=GLOB or tag:KEY=VALUE.",
            ),
            click.option("--sha256", default="", help="SHA-256 of the package. [default: computed]"),
            click.option(
                "--kind",
                default="",
                help="Kind of the package: deb, rpm, tar or script. [default: by its name]",
            ),
            click.option("--name", default="", help="Name of the package. [default: from its metadata]"),
            click.option(
                "--version",
                default="",
                help="VERSION or VERSION-RELEASE of the package. [default: from its metadata]",
            ),
            click.option(
                "--app", default="", help="Application the image is for. [default: the package's name]"
            ),
            click.option(
                "--build", default="", envvar="BUILD_NUMBER", help="Number of the build. [env: BUILD_NUMBER]"
            ),
            click.option(
                "--commit",
                default="",
                envvar="GIT_COMMIT",
                help="Commit the package was built from. [env: GIT_COMMIT]",
            ),
            click.option(
                "--job", default="", envvar="JOB_NAME", help="Job that built the package. [env: JOB_NAME]"
            ),
            click.option(
                "--build-url", default="", envvar="BUILD_URL", help="URL of the build. [env: BUILD_URL]"
            ),
            click.option(
                "--jenkins-user",
                default="",
                envvar="BUILD_USER_ID",
                help="Jenkins user that started the build. [env: BUILD_USER_ID]",
            ),
            click.option(
                "--change-request",
                default="",
                metavar="TEXT",
                help="Change request that authorises this bake.",
            ),
            click.option(
                "--tag",
                "tags",
                multiple=True,
                metavar="KEY=VALUE",
                help="Additional tag of the image; may be repeated.",
            ),
        ]
    ):
        command = option(command)
    return command


def _machine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option(
                "--engine", help="Engine: instance, packer or chroot. [default: delivery.toml, else instance]"
            ),
            click.option(
                "--instance-type",
                help="Instance type of the bake. [default: a small one of the base's architecture]",
            ),
            click.option(
                "--instance-profile",
                help="Instance profile (name or ARN) with which the instance reads S3 and tags itself.",
            ),
            click.option(
                "--subnet",
                "subnets",
                multiple=True,
                help="Subnet of the instance; may be repeated. [default: that of the default VPC]",
            ),
            click.option(
                "--security-group",
                "security_groups",
                multiple=True,
                help="Security group of the instance; may be repeated.",
            ),
            click.option(
                "--root-volume-gb",
                "--root-gb",
                "root_gb",
                type=click.IntRange(0),
                default=0,
                help="Size of the root volume in GB. [default: that of the base]",
            ),
            click.option(
                "--encrypt/--no-encrypt",
                "encrypted",
                default=True,
                help="Whether the image is encrypted. [default: encrypted]",
            ),
            click.option(
                "--kms-key", help="KMS key that encrypts the image. [default: the account's default key]"
            ),
            click.option("--bucket", help="S3 bucket for packages that are uploaded from this host."),
            click.option(
                "--template",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="Packer template, for --engine packer.",
            ),
        ]
    ):
        command = option(command)
    return command


def _outcome_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option(
                "--copy-to",
                "regions",
                multiple=True,
                metavar="REGION",
                help="Region the image is copied to; may be repeated.",
            ),
            click.option(
                "--share",
                multiple=True,
                metavar="ACCOUNT",
                help="Account (name or id) the image is shared with; may be repeated.",
            ),
            click.option("--smoke", is_flag=True, help="Launch a test instance before publishing the image."),
            click.option(
                "--smoke-command",
                default="",
                help="Command of the smoke test, run on this host; must exit with 0.",
            ),
            click.option(
                "--smoke-url",
                default="",
                help="URL of the smoke test; must answer 200. {private_ip} is the instance's address.",
            ),
            click.option(
                "--resume", default="", metavar="BAKE", help="Continue the interrupted bake with this id."
            ),
            click.option("--again", is_flag=True, help="Bake a new image even if an equal one exists."),
            click.option(
                "--keep-failed", is_flag=True, help="Keep the resources of a failed bake for inspection."
            ),
            click.option(
                "--timeout", "minutes", type=click.FloatRange(0.01), help="Timeout of each wait, in minutes."
            ),
            click.option("--poll", type=click.FloatRange(0.01), help="Polling interval in seconds."),
            click.option("--result", "result_file", type=_OUT, help="File for the result as JSON."),
            click.option(
                "--properties", "properties_file", type=_OUT, help="File for the result as Java properties."
            ),
            click.option(
                "--manifest", "manifest_file", type=_OUT, help="File for the list of installed packages."
            ),
            click.option(
                "--report",
                "report_dir",
                type=click.Path(file_okay=False, path_type=Path),
                help="Directory for the timeline (JSON, Markdown, SVG).",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        ]
    ):
        command = option(command)
    return command


@click.command("bake")
@_package_options
@_machine_options
@_outcome_options
@place_options
def bake(place: CommonOptions, minutes: float | None, **options: Any) -> int:
    """Bake an image: install a package on a base image.

    The same package on the same base returns the existing image. stdout has the image's id, stderr one line a
    step. Options default to [bake] in delivery.toml. Exit codes: 0 done; 1 an
    error; 2 wrong options, or something that would fail later: nothing was done; 143 terminated.
    """
    from delivery.bake.interrupts import Interrupted, Signals
    from delivery.clock import HostClock
    from delivery.timeline import Timeline

    signals, clock = Signals(), HostClock()
    timeline = Timeline(clock, title=f"bake of {options['package']}")
    try:
        with signals.watched():
            result = _baked(place, minutes, options, clock, timeline, signals)
            timeline.finish(f"image {result.image} is ready", **result.to_json())
    except Interrupted as stopped:
        timeline.finish(f"{stopped}: resources of this bake are being removed")
        return stopped.exit_code
    finally:
        if options["report_dir"]:
            timeline.outcome = timeline.outcome or "failed"
            timeline.write(options["report_dir"])
    _write(result, options)
    return 0


def _baked(
    place: CommonOptions,
    minutes: float | None,
    options: dict[str, Any],
    clock: Any,
    timeline: Timeline,
    signals: Any,
) -> BakeResult:
    from delivery.bake import pipeline

    settings = place.settings
    aws = place.open(place.account_name or settings.bake.account)
    order = _order(aws, settings, minutes, options)
    stamp = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
    id = f"bake-{stamp}-{secrets.token_hex(3)}"
    return pipeline.bake(aws, order, id, clock=clock, timeline=timeline, signals=signals)


def _order(aws: Aws, settings: DeliverySettings, minutes: float | None, options: dict[str, Any]) -> Order:
    """Build the order from the options; settings are the defaults. DeliveryError."""
    from delivery.bake import base
    from delivery.bake.fetching import inspect
    from delivery.bake.request import Order, Origin

    ours = settings.bake
    base_text = options["base"] or ours.base
    if not base_text:
        raise DeliveryError("which base?", "--base, or base in [bake] of delivery.toml", WRONG_USAGE)
    requested, parsed, tags = _all(
        lambda: _package(aws, options), lambda: base.parse(base_text), lambda: _tags(options["tags"])
    )
    package = requested if requested.sha256 else inspect(aws, requested, options["sha256"])
    return Order(
        package=package,
        base=parsed,
        app=options["app"] or package.name,
        engine=options["engine"] or ours.engine,
        origin=Origin(
            build=options["build"],
            commit=options["commit"],
            job=options["job"],
            url=options["build_url"],
            owner=options["build_url"] or aws.caller,
            jenkins_user=options["jenkins_user"],
            change_request=options["change_request"],
        ),
        instance_type=options["instance_type"] or ours.instance_type or "",
        instance_profile=options["instance_profile"] or ours.instance_profile or "",
        subnets=options["subnets"] or ours.subnets,
        security_groups=options["security_groups"] or ours.security_groups,
        root_gb=options["root_gb"],
        encrypted=options["encrypted"],
        kms_key=options["kms_key"] or (ours.kms_key or "" if options["encrypted"] else ""),
        regions=tuple(
            dict.fromkeys(region for region in options["regions"] or ours.regions if region != aws.region)
        ),
        share=tuple(dict.fromkeys(_account(settings, account) for account in options["share"] or ours.share)),
        smoke=_smoke(options),
        tags=tags,
        bucket=options["bucket"] or ours.bucket or "",
        template=options["template"],
        keep_failed=options["keep_failed"],
        again=options["again"],
        resume=options["resume"],
        timeout=(minutes or ours.timeout_minutes) * 60,
        poll=options["poll"] or ours.poll_seconds,
    )


def _package(aws: Aws, options: dict[str, Any]) -> Package:
    """Return the package to bake; a local file is inspected at once, as that is quick. DeliveryError."""
    from delivery.bake import package
    from delivery.bake.fetching import inspect

    requested = package.parse(
        options["package"], kind=options["kind"], name=options["name"], version=options["version"]
    )
    return inspect(aws, requested, options["sha256"]) if requested.scheme == "file" else requested


def _all(*parts: Callable[[], Any]) -> list[Any]:
    """Call each part and return the results; the errors of all parts are raised together. DeliveryError."""
    from delivery.errors import SeveralError

    results, errors = [], []
    for part in parts:
        try:
            results.append(part())
        except DeliveryError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        wrong_options = any(error.exit_code == WRONG_USAGE for error in errors)
        code = WRONG_USAGE if wrong_options else errors[0].exit_code
        raise SeveralError([problem for error in errors for problem in error.problems], code)
    return results


def _smoke(options: dict[str, Any]) -> Any:
    from delivery.bake.request import Smoke

    is_requested = options["smoke"] or options["smoke_command"] or options["smoke_url"]
    return Smoke(options["smoke_command"], options["smoke_url"]) if is_requested else None


def _account(settings: DeliverySettings, name: str) -> str:
    """Return the id of an account of the settings; anything else as it is, for the checks."""
    known = settings.accounts.get(name)
    return known.id or name if known else name


def _tags(texts: tuple[str, ...]) -> dict[str, str]:
    tags = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise DeliveryError(f"--tag {text!r} is not KEY=VALUE", "like team=payments", WRONG_USAGE)
        tags[key] = value
    return tags


def _write(result: BakeResult, options: dict[str, Any]) -> None:
    """Write the result to the files and to stdout.

    DeliveryError if a file cannot be written; the image remains.
    """
    texts = {
        options["result_file"]: result.text(),
        options["properties_file"]: result.properties(),
        options["manifest_file"]: result.manifest,
    }
    for file, text in texts.items():
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        except OSError as error:
            raise DeliveryError(f"image {result.image} is ready, but {file}: {error.strerror}") from error
    if options["as_json"]:
        say_json(result.to_json())
    else:
        say(result.image)
