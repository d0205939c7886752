"""Commands for people beside the manager: `status`, `drain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from dynaslave.cli.options import manager_options, name_option
from jobdsl.cli.console import say, say_json
from jobdsl.cli.options import Stop, controller_options
from jobdsl.errors import ControllerError, JobdslError

if TYPE_CHECKING:
    from dynaslave.manager.status import Status

__all__ = ["drain", "status"]


@click.command()
@click.argument("estate", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@manager_options
@click.option("--from", "page", metavar="URL", help="Ask a running manager, by the URL of its status page.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--limit",
    "--most",
    "most",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of lines of each list.",
)
def status(estate: Path | None, page: str | None, as_json: bool, most: int, **options: Any) -> None:
    """Show pools, queue, agents, the last decisions and this month's costs.

    A running manager (--from) knows what it decided and what the month has cost. Without one, this polls
    itself, at the pools of ESTATE, and prints what it would decide.
    """
    from dynaslave.manager.status_text import lines

    if page:
        shown = _asked(page)
    elif estate is not None:
        shown = _seen(estate, options)
    else:
        raise click.UsageError("name an ESTATE, or a running manager with --from http://127.0.0.1:8080")
    if as_json:
        say_json(shown.plain())
    else:
        for line in lines(shown, most=most):
            say(line)
    raise Stop(1 if shown.troubles else 0)


def _seen(estate: Path, options: dict[str, Any]) -> Status:
    from dynaslave.manager.logs import configure
    from dynaslave.manager.wiring import RunOptions, assemble, connect
    from dynaslave.pools.watch import EstateSource, read

    run_options = RunOptions(estate=estate, look_only=True, **options)
    configure("text", "warning")
    source = EstateSource(estate, lambda root: read(root, run_options.isolation))
    manager = assemble(run_options, source, connect(run_options, source.current()))
    manager.preview()
    return manager.status


def _asked(page: str) -> Status:
    import requests

    from dynaslave.manager.status import Status
    from jobdsl.controller.address import without_login

    base = page if "//" in page else f"http://{page}"
    address = f"{base.rstrip('/').removesuffix('/status.json')}/status.json"
    url = without_login(address)
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise JobdslError(f"{url!r} is no address of a status page", hint="as in http://127.0.0.1:8080")
        answer = requests.get(address, timeout=10)
        answer.raise_for_status()
        return Status.from_plain(answer.json())
    except requests.ConnectionError:
        raise JobdslError(
            f"nothing answers at {url}", hint="start it with dynaslave run --web :8080"
        ) from None
    except (requests.RequestException, ValueError) as error:
        reason = f": {error}" if address == url else ""  # which repeats the address
        raise JobdslError(f"no manager answers at {url}{reason}") from None
    except (TypeError, KeyError, RecursionError):
        raise JobdslError(f"what answers at {url} is no manager of this version") from None


@click.command()
@click.argument("pool")
@controller_options
@name_option
@click.option("--reason", default="", help="Reason, shown in Jenkins.")
def drain(
    pool: str, url: str | None, user: str | None, token: str | None, name: str | None, reason: str
) -> None:
    """Take all agents of a POOL offline; each is ended by the manager once its builds are over.

    New agents take their place when builds wait: after an image was renewed, that is how it comes into use.
    """
    from dynaslave.controller import computers
    from dynaslave.controller.nodes import KeptError, Nodes
    from dynaslave.model import Offline
    from jobdsl.controller import jenkins

    if not url:
        raise JobdslError("no controller is named", hint="give --url or JENKINS_URL")
    controller = jenkins.connect(url, user, token)
    manager = name or "main"
    computers_seen = computers.nodes(
        controller.json("computer/api/json", computers.TREE, "list the agents"), manager
    )
    own = [node for node in computers_seen if node.pool == pool]
    if not own:
        pools = sorted({node.pool for node in computers_seen if node.pool})
        hint = f"it has agents of {', '.join(pools)}" if pools else "it has none at all"
        raise JobdslError(f"manager {manager!r} has no agents of a pool {pool!r}", hint=hint)
    nodes = Nodes(controller, manager)
    why = f"drain requested by {user or 'an unknown user'}" + (f", {reason}" if reason else "")
    failed = 0
    for node in own:
        if node.offline is not Offline.NO:
            say(f"{node.name}: offline already ({node.reason or 'no reason given'})")
            continue
        try:
            nodes.mark(node.name, why)
            say(f"{node.name}: draining{', a build runs there' if node.busy else ''}")
        except (ControllerError, KeptError) as error:
            failed += 1
            say(f"{node.name}: left as it is: {error}", err=True)
    raise Stop(1 if failed else 0)
