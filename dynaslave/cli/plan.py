"""Commands before there is a manager: `request` a pool, and take a controller's `history` as a trace."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from jobdsl.cli.options import ESTATE, controller_options
from jobdsl.errors import JobdslError

__all__ = ["history", "request"]


@click.command()
@ESTATE
@click.argument("name")
@click.option("--team", default="", help="Team of the pool; its quota applies.")
@click.option("--label", default="", help="Labels its agents carry, separated by spaces. [default: NAME]")
@click.option("--max-agents", required=True, type=click.IntRange(1), help="Maximum number of agents.")
@click.option(
    "--instance-type",
    "instance_types",
    multiple=True,
    help="EC2 instance type, the preferred one first; may be repeated.",
)
@click.option("--image", help='As in "ami-0123456789abcdef0" or "ssm:/images/agent".')
@click.option("--image-name", help="The newest image of that name (* and ?) of this account, instead.")
@click.option("--instance-profile", default="", help="Instance profile with the agents' role.")
@click.option("--subnet", "subnets", multiple=True, help="Id of a subnet; several zones are better than one.")
@click.option("--security-group", "security_groups", multiple=True, help="Id of a security group.")
@click.option("--executors", type=click.IntRange(1), help="Number of concurrent builds of an agent.")
@click.option("--min-agents", type=click.IntRange(0), help="Minimum number of agents.")
@click.option("--spares", type=click.IntRange(0), help="Number of idle agents kept ready.")
@click.option("--idle-minutes", type=float, help="Minutes after which an idle agent is ended.")
@click.option("--max-uses", type=click.IntRange(1), help="Builds after which an agent is replaced.")
@click.option("--root-volume-gb", type=click.IntRange(1), help="Size of the root volume.")
@click.option("--spot", is_flag=True, help="Prefer spot instances.")
@click.option("--file", help="File to write, relative to the estate. [default: in the team's folder]")
def request(estate: Path, team: str, file: str | None, image_name: str | None, **options: Any) -> None:
    """Write the DSL file of a pool NAME into ESTATE, ready for a pull request.

    Checked as the estate's own lint would: names, quotas, types. Nothing is overwritten.
    """
    from dynaslave.pools.request import write
    from jobdsl.cli.console import say_problems

    if image_name:
        if options["image"]:
            raise click.UsageError("--image or --image-name, not both")
        options["image"] = {"name": image_name, "owner": "self"}
    order = ("name", "label", "instance_types", "image")
    keys = [*order, *(key for key in options if key not in order)]
    arguments = {key: options[key] for key in keys if options[key] not in (None, "", (), False)}
    written = write(estate, arguments, team=team, file=file)
    say_problems(written.problems)
    click.echo(f"{written.path} written: pool {written.pool.name}, label {written.pool.label}")
    if written.monthly is not None:
        click.echo(f"at most ${written.monthly:,.2f} a month, if all of it ran all the time on demand")
    click.echo("next: commit it and open a pull request. Jobs take it as")
    click.echo(f'    agent="{written.pool.label}"')


@click.command()
@click.argument("estate", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@controller_options
@click.option(
    "--days",
    default=7.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Number of days to read.",
)
@click.option(
    "--limit",
    "--most",
    "most",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of builds of each job.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Output file. [default: standard output]"
)
def history(
    estate: Path | None,
    url: str | None,
    user: str | None,
    token: str | None,
    days: float,
    most: int,
    out: Path | None,
) -> None:
    """Write a controller's builds as a trace for `simulate`: CSV of submit_s,duration_s,pool,label,job.

    With an ESTATE, builds are assigned to its pools; without one, by agents and labels.
    """
    from dynaslave.controller.history import read
    from dynaslave.pools.watch import read as read_estate
    from dynaslave.trace import dumps
    from jobdsl.cli.workflow import write_text
    from jobdsl.controller import jenkins

    declared = read_estate(estate) if estate else None
    address = url or (declared.controller_url if declared else None)
    if not address:
        raise JobdslError("no controller is named", hint="give --url or JENKINS_URL")
    pools = declared.pools if declared else ()
    history = read(jenkins.connect(address, user, token), pools, since=time.time() - days * 86400, most=most)
    text = "".join(dumps(history.builds))
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(f"{len(history.builds)} builds written to {out}", err=True)
    if history.left_out:
        click.echo(
            f"{history.left_out} builds are left out: they still run, or hold no executor (Pipelines)",
            err=True,
        )
    if history.guessed:
        click.echo(
            f"of {history.guessed} builds have no waiting time (it needs the plugin metrics)", err=True
        )
