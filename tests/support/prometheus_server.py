"""Debian's Prometheus on loopback, scraping small services whose latency a test chooses."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import requests

__all__ = ["LACKS_PROMETHEUS", "Service", "prometheus"]

LACKS_PROMETHEUS = shutil.which("prometheus") is None
_PATIENCE_S = 30.0


class Service:
    """A service that serves requests by itself, and exposes what became of them."""

    def __init__(self, group: str, seconds: float, error_share: float = 0.0, seed: int = 1) -> None:
        self.group, self.seconds, self.error_share = group, seconds, error_share
        self._chance = random.Random(seed)
        self._requests, self._errors, self._busy = 0, 0, 0.0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = service.scraped().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def scraped(self) -> str:
        """Serve some requests, as between two scrapes, and return all metrics."""
        count = self._chance.randint(40, 60)
        self._requests += count
        self._errors += sum(self._chance.random() < self.error_share for _ in range(count))
        self._busy += sum(self.seconds * self._chance.lognormvariate(0, 0.4) for _ in range(count))
        labels = f'{{group="{self.group}"}}'
        return (
            f"# TYPE request_seconds_sum counter\nrequest_seconds_sum{labels} {self._busy}\n"
            f"# TYPE requests_total counter\nrequests_total{labels} {self._requests}\n"
            f"# TYPE errors_total counter\nerrors_total{labels} {self._errors}\n"
        )

    def restart(self) -> None:
        """Count from zero again."""
        self._requests, self._errors, self._busy = 0, 0, 0.0

    def __enter__(self) -> Service:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class ScrapeTarget(Protocol):
    """A service with metrics at `/metrics`."""

    address: str
    """Host and port."""


@contextmanager
def prometheus(directory: Path, *services: Service | ScrapeTarget, interval: str = "1s") -> Iterator[str]:
    """Run Prometheus; it scrapes the services at an interval. Yields its address."""
    targets = [{"targets": [service.address]} for service in services]
    configuration = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [{"job_name": "services", "static_configs": targets}],
    }
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(configuration), "utf-8")  # JSON is YAML
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    options = [
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        open(directory / "prometheus.log", "wb") as log,
        subprocess.Popen(["prometheus", *options], stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_ready(url)
            yield url
        finally:
            process.terminate()


def _wait_until_ready(url: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            if requests.get(f"{url}/-/ready", timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"Prometheus is not ready after {_PATIENCE_S:g} s")
