"""Screenshots of the documentation: `python docs/screenshots.py`, with a Chromium that is installed.

A plan of `examples/payments`, and the status page of agents for a small estate, on a simulated controller.
Without a Chromium nothing is written, and a line says why.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobdsl.testing import SimulatedJenkins

ROOT = Path(__file__).parent.parent
ESTATE = ROOT / "examples" / "payments"
POOLS = """
from dynaslave import agent_pool
from jobdsl import folder, freestyle, steps

linux = agent_pool("linux", label="linux", instance_types=["c7i.xlarge"], max_agents=6)
large = agent_pool("linux-large", label="large", instance_types=["c7i.4xlarge"], max_agents=2)
with folder("shop"):
    for service in ["cart", "catalogue", "checkout", "search"]:
        freestyle(service, agent=linux, steps=[steps.shell("make test")])
    freestyle("acceptance", agent=large, steps=[steps.shell("make acceptance")])
"""
LARGEST = 150_000
"""Bytes of a picture: more makes every clone of the repository slow."""
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage")
WAIT_SECONDS = 30.0


def browser() -> str | None:
    """Find a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def picture(program: str, url: str, name: str, *, height: int) -> None:
    """Write the picture of a page to docs/. Raises ValueError where it is too large."""
    file = ROOT / "docs" / f"{name}.png"
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", f"--window-size=1100,{height}"]
        subprocess.run(  # noqa: S603 - a browser on a page of ours
            [*command, f"--screenshot={file}", url], check=True, capture_output=True, timeout=120
        )
    size = file.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{file.name}: {size} bytes, more than {LARGEST}")
    print(f"{file.relative_to(ROOT)}: {size} bytes")


def command(name: str, *arguments: str) -> list[str]:
    """Return a command of this environment."""
    return [str(Path(sys.executable).parent / name), *arguments]


@contextmanager
def status_page(estate: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a manager of simulated agents; yield the address of its status page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = ["--provider", "simulated", "--interval", "1", "--web", address]
    manager = subprocess.Popen(  # noqa: S603 - our own command
        command("dynaslave", "run", str(estate), *arguments), env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://{address}/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(5)  # some polls, so that the page shows decisions
        yield f"http://{address}/"
    finally:
        manager.terminate()
        manager.wait(timeout=30)


def main() -> int:
    """Write all pictures."""
    program = browser()
    if program is None:
        print("no Chromium is installed: no screenshots are written")
        return 0
    with SimulatedJenkins(accept_unknown_classes=True) as jenkins, tempfile.TemporaryDirectory() as folder:
        login = {"JENKINS_URL": jenkins.url, "JENKINS_USER": jenkins.user, "JENKINS_TOKEN": jenkins.token}
        environment = {**os.environ, **login}
        page = Path(folder) / "plan.html"
        subprocess.run(  # noqa: S603 - our own command
            command("jobdsl", "plan", str(ESTATE), "--html", str(page)),
            env=environment,
            check=False,
            capture_output=True,
        )
        picture(program, page.as_uri(), "screenshot-plan", height=700)
        estate = Path(folder) / "estate"
        estate.mkdir()
        (estate / "jobs.py").write_text(POOLS, "utf-8")
        subprocess.run(  # noqa: S603 - our own command
            command("jobdsl", "apply", str(estate), "--yes"), env=environment, check=True, capture_output=True
        )
        for name, item in list(jenkins.items.items()):
            if item.kind.shape in ("project", "pipeline"):
                jenkins.build(name)
        with status_page(estate, environment) as url:
            picture(program, url, "screenshot-status", height=800)
    return 0


if __name__ == "__main__":
    sys.exit(main())
