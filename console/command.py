"""The command `delivery web`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["web"]


@click.command("web")
@click.option(
    "--listen",
    default="127.0.0.1:8090",
    show_default=True,
    metavar="HOST:PORT",
    help="Address to listen on; :PORT means 127.0.0.1.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file. [env: DELIVERY_SETTINGS; default: delivery.toml]",
)
def web(listen: str, settings_file: Path | None) -> int:
    """Serve the web console and its API: what runs in all accounts and regions, and steering it.

    [console] in delivery.toml has the roles of users. Needs the extra `web`.
    """
    from delivery.errors import DeliveryError
    from delivery.settings import load_settings
    from dynaslave.web.server import address
    from jobdsl.exit_codes import WRONG_USAGE

    try:
        host, port = address(listen)
    except ValueError as error:
        raise DeliveryError(f"--listen: {error}", "", WRONG_USAGE) from error
    from .serving import serve

    serve(load_settings(settings_file), host, port)
    return 0
