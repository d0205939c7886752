"""A cloud to try things in: the simulated AWS in a process of its own, and what its machines run.

Instances that bake install their package, say so and stop; those that serve run the package their image was
baked of, and are healthy if it says hello.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

__all__ = ["Machines", "aws", "health"]

SECONDS = "0.05"
"""How long an instance takes to boot, to install, and an image to become available."""


@contextmanager
def aws() -> Iterator[str]:
    """AWS of `delivery.testing` as a process; gives its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.testing", "--seconds", SECONDS],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().partition("AWS_ENDPOINT_URL=")[2]
    finally:
        process.kill()
        process.communicate()


class Machines:
    """What instances run: the package of their image, looked for among those that were built."""

    def __init__(self, ec2: Any, packages: Callable[[], Iterable[bytes]]) -> None:
        self._ec2 = ec2
        self._packages = packages

    def says(self, instance: str) -> str:
        """What the service on an instance says; empty if it fails."""
        return _run(self._installed(instance))

    def program(self, instance: str) -> str:
        """Return the program that an instance runs."""
        with tarfile.open(fileobj=io.BytesIO(self._installed(instance))) as archive:
            member = archive.extractfile("./usr/bin/hello")
            return member.read().decode() if member else ""

    def _installed(self, instance: str) -> bytes:
        (group,) = self._ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        (image,) = self._ec2.describe_images(ImageIds=[group["Instances"][0]["ImageId"]])["Images"]
        tags = {tag["Key"]: tag["Value"] for tag in image["Tags"]}
        return self._package(tags["package_sha256"])

    def _package(self, sha256: str) -> bytes:
        return next(one for one in self._packages() if hashlib.sha256(one).hexdigest() == sha256)


@lru_cache
def _run(package: bytes) -> str:
    with TemporaryDirectory() as root, tarfile.open(fileobj=io.BytesIO(package)) as archive:
        archive.extractall(root, filter="data")
        done = subprocess.run([f"{root}/usr/bin/hello"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def health(machines: Machines) -> Iterator[str]:
    """Answers GET /INSTANCE with 200 if its service says hello, else with 503; gives its URL."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = machines.says(unquote(self.path.strip("/"))).startswith("hello")
            self.send_response(200 if good else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
