"""Metrics of the demonstration's service: a process counts requests, and Prometheus scrapes the counts.

Requests are simulated: the same number a second in each group, each of 50 ms and what the program of the
group's image sleeps, times a random factor. Without Debian's `prometheus`, a command reads the metrics.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from prometheus_server import LACKS_PROMETHEUS, prometheus

__all__ = ["LACKS_PROMETHEUS", "Traffic", "analysis_file", "duration", "metrics"]

TICK_S = 0.5
REQUEST_S = 0.05
REQUESTS = 300
"""Of each group in a tick."""
SPREAD = 0.4
"""Standard deviation of the logarithm of a request's duration."""
NOISE_SEED = 7
ANALYSIS = """\
minutes = 0.2
interval_minutes = 0.1
warm_up_minutes = 0.06
delay_minutes = 0.02
step_seconds = 1
minimum_points = 5
{address}
[metrics.latency]
{source}
direction = "increase"
allowed = [0.9, 1.1]
critical = true
"""
PROMETHEUS = """\
query = 'rate(request_seconds_sum{group="{group}"}[2s]) / rate(request_seconds_count{group="{group}"}[2s])'"""
COMMAND = 'source = "command"\nquery = {command}'
FETCH = (
    "from os import environ; from urllib.request import urlopen;"
    " print(urlopen('{url}/' + environ['DELIVERY_GROUP']).read().decode())"
)


def duration(program: str) -> float:
    """Return how long a request takes, in seconds."""
    match = re.search(r"\bsleep ([0-9.]+)", program)
    return REQUEST_S + (float(match[1]) if match else 0.0)


class Traffic:
    """Requests of each group, counted."""

    def __init__(self, durations: Callable[[], Mapping[str, float]]) -> None:
        self._durations = durations
        self._random = random.Random(NOISE_SEED)
        self._count: dict[str, int] = defaultdict(int)
        self._sum: dict[str, float] = defaultdict(float)
        self._means: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._stopped = threading.Event()
        self.address = ""

    def run(self) -> None:
        """Serve requests until it is stopped."""
        while not self._stopped.wait(TICK_S):
            for group, seconds in self._durations().items():
                busy = sum(seconds * self._random.lognormvariate(0, SPREAD) for _ in range(REQUESTS))
                self._count[group] += REQUESTS
                self._sum[group] += busy
                self._means[group].append((time.time(), busy / REQUESTS))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def exposition(self) -> str:
        """Return the counts in the text format of Prometheus."""
        lines = ["# TYPE request_seconds summary"]
        for group, count in list(self._count.items()):
            lines.append(f'request_seconds_sum{{group="{group}"}} {self._sum[group]}')
            lines.append(f'request_seconds_count{{group="{group}"}} {count}')
        return "\n".join(lines) + "\n"

    def means(self, group: str) -> list[tuple[float, float]]:
        """Return times and mean durations of a group."""
        return list(self._means.get(group, ()))


@contextmanager
def metrics(directory: Path, durations: Callable[[], Mapping[str, float]]) -> Iterator[str]:
    """Count requests and keep the counts.

    Args:
        directory: For the files of Prometheus.
        durations: Returns the duration of a request of each group that serves.

    Yields:
        The text of `analysis.toml`.
    """
    traffic = Traffic(durations)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            text = traffic.exposition() if name == "metrics" else json.dumps(traffic.means(name))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    traffic.address = f"127.0.0.1:{server.server_address[1]}"
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True),
        threading.Thread(target=traffic.run, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        if LACKS_PROMETHEUS:
            yield analysis_file(server=f"http://{traffic.address}")
        else:
            directory.mkdir(parents=True, exist_ok=True)
            with prometheus(directory, traffic, interval="500ms") as url:
                yield analysis_file(prometheus_url=url)
    finally:
        traffic.stop()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(timeout=5)


def analysis_file(*, prometheus_url: str = "", server: str = "") -> str:
    """Return `analysis.toml`, with Prometheus as source, or with a command that asks the server itself."""
    if prometheus_url:
        text = ANALYSIS.replace("{address}", f'prometheus_url = "{prometheus_url}"\n')
        text = text.replace("{source}", PROMETHEUS)
    else:
        command = f'{sys.executable} -c "{FETCH.replace("{url}", server)}"'
        text = ANALYSIS.replace("{address}", "")
        text = text.replace("{source}", COMMAND.replace("{command}", json.dumps(command)))
    return text
