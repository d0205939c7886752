"""`python -m delivery.testing`: AWS on loopback as a process of its own, until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from delivery.errors import DeliveryError
from delivery.names import parse_cluster

_REGION = "eu-west-1"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m delivery.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; a free one by default")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="how long a boot, an installation and an image take"
    )
    parser.add_argument("--app", default="cart", help="application the account is made for")
    parser.add_argument(
        "--settings", type=Path, help="file to write delivery.toml to; without it the account is empty"
    )
    options = parser.parse_args()
    if not 0 <= options.port <= 65535:
        parser.error(f"--port {options.port}: a port is 0 to 65535")
    if not 0 <= options.seconds <= 3600:
        parser.error(f"--seconds {options.seconds:g}: give 0 to 3600")
    if options.settings is not None and options.settings.exists():
        parser.error(f"--settings {options.settings}: it exists; remove it, or name another file")
    try:
        cluster = parse_cluster(options.app)
    except DeliveryError as error:
        parser.error(f"--app {options.app}: {error.message}")
    if str(cluster) != cluster.app:
        parser.error(f"--app {options.app}: an application has no hyphen")
    return options


def main() -> int:
    """Serve until SIGINT or SIGTERM; the first lines printed set what AWS clients need."""
    options = _arguments()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        from delivery.testing.server import AwsServer
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: {error.name} is not installed\n    in a checkout: pip install '.[aws-testing]'\n"
        )
        return 1
    try:
        with AwsServer(options.port, options.seconds) as server:
            if options.settings is not None:
                options.settings.write_text(server.starter_settings(options.app), "utf-8")
            lines = {
                "AWS_ENDPOINT_URL": server.url,
                "AWS_REGION": _REGION,
                "AWS_DEFAULT_REGION": _REGION,
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            sys.stdout.write("".join(f"export {name}={value}\n" for name, value in lines.items()))
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"error: {error.strerror or error}: {error.filename or f'port {options.port}'}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
