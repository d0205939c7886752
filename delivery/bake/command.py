"""`delivery bake`: the options, the settings behind them, and where the result is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import Place, place_options
from delivery.errors import USAGE, DeliveryError
from jobdsl.cli.console import say

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.bake.order import Order
    from delivery.bake.package import Package
    from delivery.bake.result import Result
    from delivery.settings import Settings
    from delivery.timeline import Timeline

__all__ = ["bake"]

_OUT = click.Path(dir_okay=False, path_type=Path)


def _package_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option("--package", required=True, metavar="P", help="Path or URL (https, http, s3)."),
            click.option("--base", metavar="B", help="ami-..., ssm:/NAME, owner=O,name=GLOB, tag:KEY=VALUE."),
            click.option("--sha256", default="", help="Of the package. [default: read from it]"),
            click.option("--kind", default="", help="deb, rpm, tar or script. [default: by its name]"),
            click.option("--name", default="", help="Of the package. [default: what it says]"),
            click.option("--version", default="", help="VERSION or VERSION-RELEASE. [default: what it says]"),
            click.option("--app", default="", help="Application. [default: the package's name]"),
            click.option("--build", default="", envvar="BUILD_NUMBER", help="Number of the build."),
            click.option("--commit", default="", envvar="GIT_COMMIT", help="Commit it was built of."),
            click.option("--job", default="", envvar="JOB_NAME", help="Job that built it."),
            click.option("--build-url", default="", envvar="BUILD_URL", help="Where the build is seen."),
            click.option("--jenkins-user", default="", envvar="BUILD_USER_ID", help="Who started the build."),
            click.option("--change-request", default="", metavar="TEXT", help="Under which it is baked."),
            click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="More tags."),
        ]
    ):
        command = option(command)
    return command


def _machine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option("--engine", help="instance, packer or chroot."),
            click.option("--instance-type", help="[default: a small one of the base's architecture]"),
            click.option("--instance-profile", help="Name or ARN; to read S3, and to tag itself."),
            click.option("--subnet", "subnets", multiple=True, help="[default: the default network]"),
            click.option("--security-group", "security_groups", multiple=True),
            click.option("--root-gb", type=click.IntRange(0), default=0, help="[default: as the base]"),
            click.option("--encrypt/--no-encrypt", "encrypted", default=True, help="[default: encrypted]"),
            click.option("--kms-key", help="[default: the account's default key]"),
            click.option("--bucket", help="S3 bucket to hand packages of this host over in."),
            click.option("--template", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                         help="Template of Packer, for --engine packer."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def _outcome_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option("--copy-to", "regions", multiple=True, metavar="REGION", help="Copy it there."),
            click.option("--share", multiple=True, metavar="ACCOUNT", help="Share it: a name or an id."),
            click.option("--smoke", is_flag=True, help="Try an instance of it first."),
            click.option("--smoke-command", default="", help="Run here for it; must end with 0."),
            click.option("--smoke-url", default="", help="Must answer 200; {private_ip} is filled in."),
            click.option("--resume", default="", metavar="BAKE", help="Go on with a bake cut short."),
            click.option("--again", is_flag=True, help="Bake even if there is one."),
            click.option("--keep-failed", is_flag=True, help="Leave what a failed bake made, to look at it."),
            click.option("--timeout", "minutes", type=click.FloatRange(0.01), help="Minutes, of each wait."),
            click.option("--poll", type=click.FloatRange(0.01), help="Seconds between looks."),
            click.option("--result", "result_file", type=_OUT, help="Write the result there, as JSON."),
            click.option("--properties", "properties_file", type=_OUT, help="Write it as properties."),
            click.option("--manifest", "manifest_file", type=_OUT, help="Write the list of packages there."),
            click.option("--report", "report_dir", type=click.Path(file_okay=False, path_type=Path),
                         help="Write the timeline there (JSON, Markdown, SVG)."),
            click.option("--json", "as_json", is_flag=True, help="Say the result as JSON."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("bake")
@_package_options
@_machine_options
@_outcome_options
@place_options
def bake(place: Place, minutes: float | None, **said: Any) -> int:
    """Bake an image: a package on top of a base.

    The same package on the same base gives the image there is. stdout has the image's id, stderr one line a
    step. What [bake] in delivery.toml says is taken where an option says nothing. Exit codes: 0 done; 1 an
    error; 2 wrong options, or something that would fail later: nothing was done; 143 terminated.
    """
    from delivery.bake.signals import Interrupted, Signals
    from delivery.clock import Clock
    from delivery.timeline import Timeline

    signals, clock = Signals(), Clock()
    timeline = Timeline(clock, title=f"bake of {said['package']}")
    try:
        with signals.watched():
            result = _baked(place, minutes, said, clock, timeline, signals)
            timeline.finish(f"image {result.image} is ready", **result.to_json())
    except Interrupted as stopped:
        timeline.finish(f"{stopped}: removal of what this bake made is asked for")
        return stopped.exit_code
    finally:
        if said["report_dir"]:
            timeline.outcome = timeline.outcome or "failed"
            timeline.write(said["report_dir"])
    _write(result, said)
    return 0


def _baked(
    place: Place, minutes: float | None, said: dict[str, Any], clock: Any, timeline: Timeline, signals: Any
) -> Result:
    from delivery.bake import pipeline

    settings = place.settings
    aws = place.open(place.account_name or settings.bake.account)
    order = _order(aws, settings, minutes, said)
    stamp = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
    id = f"bake-{stamp}-{secrets.token_hex(3)}"
    return pipeline.bake(aws, order, id, clock=clock, timeline=timeline, signals=signals)


def _order(aws: Aws, settings: Settings, minutes: float | None, said: dict[str, Any]) -> Order:
    """What is asked for: options, and the settings where they say nothing. DeliveryError."""
    from delivery.bake import base
    from delivery.bake.fetching import inspect
    from delivery.bake.order import Order, Origin

    ours = settings.bake
    wanted = said["base"] or ours.base
    if not wanted:
        raise DeliveryError("which base?", "--base, or base in [bake] of delivery.toml", USAGE)
    asked, parsed, tags = _all(
        lambda: _package(aws, said), lambda: base.parse(wanted), lambda: _tags(said["tags"])
    )
    found = asked if asked.sha256 else inspect(aws, asked, said["sha256"])
    return Order(
        package=found,
        base=parsed,
        app=said["app"] or found.name,
        engine=said["engine"] or ours.engine,
        origin=Origin(
            build=said["build"],
            commit=said["commit"],
            job=said["job"],
            url=said["build_url"],
            owner=said["build_url"] or aws.caller,
            jenkins_user=said["jenkins_user"],
            change_request=said["change_request"],
        ),
        instance_type=said["instance_type"] or ours.instance_type or "",
        instance_profile=said["instance_profile"] or ours.instance_profile or "",
        subnets=said["subnets"] or ours.subnets,
        security_groups=said["security_groups"] or ours.security_groups,
        root_gb=said["root_gb"],
        encrypted=said["encrypted"],
        kms_key=said["kms_key"] or (ours.kms_key or "" if said["encrypted"] else ""),
        regions=tuple(dict.fromkeys(one for one in said["regions"] or ours.regions if one != aws.region)),
        share=tuple(dict.fromkeys(_account(settings, one) for one in said["share"] or ours.share)),
        smoke=_smoke(said),
        tags=tags,
        bucket=said["bucket"] or ours.bucket or "",
        template=said["template"],
        keep_failed=said["keep_failed"],
        again=said["again"],
        resume=said["resume"],
        timeout=(minutes or ours.timeout_minutes) * 60,
        poll=said["poll"] or ours.poll_seconds,
    )


def _package(aws: Aws, said: dict[str, Any]) -> Package:
    """What is baked; looked into already if it is a file here, as that is quick. DeliveryError."""
    from delivery.bake import package
    from delivery.bake.fetching import inspect

    asked = package.parse(said["package"], kind=said["kind"], name=said["name"], version=said["version"])
    return inspect(aws, asked, said["sha256"]) if asked.scheme == "file" else asked


def _all(*parts: Callable[[], Any]) -> list[Any]:
    """Each of these; what is wrong with any is told of all at once. DeliveryError."""
    from delivery.errors import SeveralError

    made, errors = [], []
    for part in parts:
        try:
            made.append(part())
        except DeliveryError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralError([one for error in errors for one in error.problems], errors[0].exit_code)
    return made


def _smoke(said: dict[str, Any]) -> Any:
    from delivery.bake.order import Smoke

    wanted = said["smoke"] or said["smoke_command"] or said["smoke_url"]
    return Smoke(said["smoke_command"], said["smoke_url"]) if wanted else None


def _account(settings: Settings, name: str) -> str:
    """The twelve digits of an account of the settings; anything else is told by the checks."""
    known = settings.accounts.get(name)
    return known.id or name if known else name


def _tags(said: tuple[str, ...]) -> dict[str, str]:
    tags = {}
    for one in said:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise DeliveryError(f"--tag {one!r}: no tag", "like team=payments", USAGE)
        tags[key] = value
    return tags


def _write(result: Result, said: dict[str, Any]) -> None:
    """The result, to where it is wanted. DeliveryError if a file cannot be written; the image stands."""
    texts = {
        said["result_file"]: result.text(),
        said["properties_file"]: result.properties(),
        said["manifest_file"]: result.manifest,
    }
    for file, text in texts.items():
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        except OSError as error:
            raise DeliveryError(f"image {result.image} is ready, but {file}: {error.strerror}") from error
    say(result.text().rstrip("\n") if said["as_json"] else result.image)
