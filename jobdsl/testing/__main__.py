"""`python -m jobdsl.testing`: a simulated controller as a process of its own, until it is interrupted."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
from pathlib import Path

from jobdsl.testing.controller import SimulatedJenkins
from jobdsl.testing.persist import load, save


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m jobdsl.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; a free one by default")
    parser.add_argument("--user", default="admin", help="name of the administrator")
    parser.add_argument("--token", default="", help="API token of the administrator; made up by default")
    parser.add_argument(
        "--persist", type=Path, help="file to restore items from, and to save them to at the end"
    )
    parser.add_argument("--run-steps", action="store_true", help="run shell steps of jobs as processes here")
    parser.add_argument(
        "--accept-unknown-classes",
        action="store_true",
        help="drop nothing that is posted, whatever its plugin",
    )
    return parser.parse_args()


def main() -> int:
    """Serve until SIGINT or SIGTERM; the first lines printed are url, user and token."""
    options = _arguments()
    gc.set_threshold(100_000, 50, 50)  # trees of nodes come and go; hardly any of them is a cycle
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    jenkins = SimulatedJenkins(
        port=options.port,
        user=options.user,
        token=options.token,
        accept_unknown_classes=options.accept_unknown_classes,
        run_steps=options.run_steps,
    )
    if options.persist and options.persist.exists():
        load(jenkins, options.persist)
    with jenkins:
        lines = f"url {jenkins.url}\nuser {jenkins.user}\ntoken {jenkins.token}\n"
        sys.stdout.write(lines)
        sys.stdout.flush()
        stop.wait()
        if options.persist:
            save(jenkins, options.persist)
    return 0


if __name__ == "__main__":
    sys.exit(main())
