"""Requests and time against a controller: new jobs beside a bare client, and runs over unchanged ones."""

from __future__ import annotations

import http.client
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import quote, urlsplit

from benchmarks.simulated import Address, controller
from benchmarks.workload import estate
from jobdsl import workflow
from jobdsl.apply import apply
from jobdsl.plan import Change
from jobdsl.readback import Verify

WORKERS = 8
REPEATS = 3


def bare(address: Address, changes: Sequence[Change]) -> float:
    """Seconds a client needs that only posts the same documents, over as many connections."""
    parts = urlsplit(address.url)
    held = local()
    basic = b64encode(f"{address.user}:{address.token}".encode()).decode()
    headers = {"Content-Type": "application/xml", "Authorization": f"Basic {basic}"}

    def post(change: Change) -> None:
        if not hasattr(held, "connection"):
            held.connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        path = f"{parts.path.rstrip('/')}/createItem?name={quote(change.full_name)}"
        held.connection.request("POST", path, change.document.encode(), headers)
        answer = held.connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    start = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(post, changes))
    return time.perf_counter() - start


def new_jobs(root: Path, jobs: int) -> None:
    """Create jobs: a bare client, and ours reading back nothing, each shape (the default), everything."""
    times: dict[str, list[float]] = {kind: [] for kind in ("bare", "none", "shapes", "all")}
    counts = dict.fromkeys(times, 1.0)
    for _ in range(REPEATS):
        for kind in times:
            with controller() as address:
                access = workflow.Access(*address)
                planned = workflow.plan(root, access, workers=WORKERS)
                if kind == "bare":
                    times[kind].append(bare(address, planned.plan.changes))
                    continue
                verify: Verify = "all" if kind == "all" else "shapes" if kind == "shapes" else "none"
                client = workflow.connect(access, planned.checked.settings, WORKERS)
                start = time.perf_counter()
                result = apply(planned.plan, client, workers=WORKERS, verify=verify)
                times[kind].append(time.perf_counter() - start)
                assert result.ok
                counts[kind] = client.requests / jobs
    floor = min(times["bare"])
    print(f"{jobs} new jobs, {WORKERS} workers, the best of {REPEATS}")
    for kind, seconds in times.items():
        best = min(seconds)
        name = "bare client" if kind == "bare" else f"ours, reading back {kind}"
        print(f"  {name:24} {best:6.2f} s  {best / floor:5.2f} x bare  {counts[kind]:5.2f} requests a job")


def again(root: Path, jobs: int) -> None:
    """Run again over unchanged jobs, without and with a look at every live document."""
    with controller() as address:
        access = workflow.Access(*address)
        planned = workflow.plan(root, access, workers=WORKERS)
        assert apply(planned.plan, planned.checked.controller, workers=WORKERS, verify="none").ok
        print(f"Again over {jobs} unchanged jobs")
        for kind, refresh in (("plan", False), ("plan --refresh", True)):
            start = time.perf_counter()
            planned = workflow.plan(root, access, refresh=refresh, workers=WORKERS)
            seconds = time.perf_counter() - start
            assert not planned.plan.changes, planned.plan.changes[:3]
            print(f"  {kind:24} {seconds:6.2f} s  {planned.checked.controller.requests} requests")


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as directory:
        new_jobs(estate(Path(directory) / "small", 1000), 1000)
        again(estate(Path(directory) / "large", 10_000), 10_000)


if __name__ == "__main__":
    main()
