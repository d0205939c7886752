"""Commands that act: `run` and `once`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dynaslave.cli.options import manager_options
from jobdsl.cli.options import ESTATE, Stop
from jobdsl.errors import JobdslError
from jobdsl.exit_codes import PENDING

if TYPE_CHECKING:
    from dynaslave.manager.loop import Manager
    from dynaslave.manager.metrics import Metrics
    from dynaslave.web.server import WebServer

__all__ = ["once", "run_command"]


@click.command("run")
@ESTATE
@manager_options
@click.option(
    "--interval",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.2, 300),
    help="Polling interval in seconds.",
)
@click.option(
    "--web", metavar="[HOST]:PORT", help="Serve the status page; on this host alone unless HOST is given."
)
@click.option(
    "--log",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the log on standard error.",
)
def run_command(
    estate: Path, interval: float, web: str | None, form: Literal["text", "json"], **options: Any
) -> None:
    """Scale agents with the queue until SIGTERM or SIGINT. Agents keep running when the manager ends.

    The manager keeps no state: start it again on any host, and it continues from what Jenkins and the
    cloud report.
    """
    from dynaslave.manager.logs import configure
    from dynaslave.manager.metrics import Metrics
    from dynaslave.manager.wiring import RunOptions, assemble, connect
    from dynaslave.pools.watch import EstateSource, read

    run_options = RunOptions(estate=estate, **options)
    place = _address(web) if web else None
    configure(form)
    source = EstateSource(estate, lambda root: read(root, run_options.isolation))
    metrics = Metrics()
    manager = assemble(run_options, source, connect(run_options, source.current()), metrics)
    server = _serve(place, manager, metrics) if place else None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: manager.stop())
    try:
        manager.run(interval)
    finally:
        if server is not None:
            server.close()


def _address(web: str) -> tuple[str, int]:
    from dynaslave.web.server import address

    try:
        return address(web)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--web") from None


def _serve(place: tuple[str, int], manager: Manager, metrics: Metrics) -> WebServer:
    from dynaslave.web.routes import routes
    from dynaslave.web.server import WebServer

    host, port = place
    try:
        server = WebServer(host, port, routes(manager, metrics))
    except OSError as error:
        raise JobdslError(f"the status page cannot be served at {host}:{port}: {error.strerror}") from None
    server.start()
    click.echo(f"status page: {server.url}", err=True)
    return server


@click.command()
@ESTATE
@manager_options
@click.option("--dry-run", is_flag=True, help="Print the decisions and change nothing.")
def once(estate: Path, dry_run: bool, **options: Any) -> None:
    """Take one snapshot, decide and act once.

    No idle agent is ended: that needs several snapshots of a pool.
    """
    from dynaslave.controller import permissions
    from dynaslave.manager.logs import configure
    from dynaslave.manager.status_text import lines
    from dynaslave.manager.wiring import RunOptions, assemble, connect, preflight
    from dynaslave.pools.watch import EstateSource, read
    from jobdsl.cli.console import say_problems

    run_options = RunOptions(estate=estate, look_only=dry_run, **options)
    configure("text", "warning")
    source = EstateSource(estate, lambda root: read(root, run_options.isolation))
    declared = source.current()
    controller = connect(run_options, declared)
    manager = assemble(run_options, source, controller)
    if dry_run:
        outcome = manager.preview()
        missing = permissions.lacking(controller, [agent.node for agent in outcome.agents])
        wrong = say_problems(
            permissions.problems(missing, options["user"]) + preflight(run_options, declared, controller)
        )
        _say(lines(manager.status))
        _say(_planned(outcome.decisions, missing))
        raise Stop(1 if wrong or manager.status.troubles else PENDING if outcome.decisions else 0)
    try:
        manager.tick()
    finally:
        manager.close()
    _say(lines(manager.status))
    failed = manager.status.troubles or any(entry.error for entry in manager.status.decisions)
    if not manager.status.active and not manager.trouble:
        click.echo(f"nothing done: {manager.status.holder or 'another manager'} holds the lease", err=True)
    raise Stop(1 if failed or not manager.status.active else 0)


def _planned(decisions: Any, missing: Sequence[str]) -> list[str]:
    from dynaslave.controller.permissions import promised
    from dynaslave.deciding.decisions import Report
    from dynaslave.manager.journal import described

    if not decisions:
        return ["", "nothing to do"]
    would: list[str] = []
    cannot: list[str] = []
    for decision in decisions:
        entry = described(Report(decision, launched=getattr(decision, "count", 0)), 0.0)
        text = f"  {entry.action} {entry.target}: {entry.reason}"
        obstacle = promised(decision, missing)
        (cannot if obstacle else would).append(f"{text} ({obstacle})" if obstacle else text)
    return ["", *(["would:", *would] if would else []), *(["could not:", *cannot] if cannot else [])]


def _say(texts: Any) -> None:
    for text in texts:
        click.echo(text, file=sys.stdout)
