"""Requests and time against a controller: new jobs beside a bare client, and runs over unchanged ones."""

from __future__ import annotations

import http.client
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import quote, urlsplit

import requests

from benchmarks.simulated import Address, controller
from benchmarks.workload import estate
from jobdsl.applying.apply import apply
from jobdsl.applying.readback import Verify
from jobdsl.cli import planning as planning
from jobdsl.cli import workflow
from jobdsl.planning.plan import Change

WORKERS = 8
REPEATS = 3


def bare(address: Address, changes: Sequence[Change]) -> float:
    """Seconds a client needs that only posts the same documents: one session of requests for each worker."""
    held = local()

    def post(change: Change) -> None:
        if not hasattr(held, "session"):
            held.session = requests.Session()
            held.session.auth = (address.user, address.token)
            held.session.headers["Content-Type"] = "application/xml"
        url = f"{address.url.rstrip('/')}/createItem?name={quote(change.full_name)}"
        answer = held.session.post(url, data=change.document.encode(), timeout=60)
        assert answer.status_code == 200, answer.status_code

    return _timed(post, changes)


def barest(address: Address, changes: Sequence[Change]) -> float:
    """The same with the standard library's http.client, which does nothing but send and read."""
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

    return _timed(post, changes)


def _timed(post: Callable[[Change], None], changes: Sequence[Change]) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(post, changes))
    return time.perf_counter() - start


BARE = {"bare client (requests)": bare, "bare client (http.client)": barest}
OURS: dict[str, Verify] = {
    "ours, reading back none": "none",
    "ours, reading back shapes": "shapes",
    "ours, reading back all": "all",
}


def new_jobs(root: Path, jobs: int) -> None:
    """Create jobs: bare clients, and ours reading back nothing, each shape (the default), everything."""
    times: dict[str, list[float]] = {kind: [] for kind in (*BARE, *OURS)}
    counts = dict.fromkeys(times, 1.0)
    for _ in range(REPEATS):
        for kind in times:
            with controller() as address:
                access = workflow.Access(*address)
                planned = planning.plan(root, access, planning.PlanOptions(workers=WORKERS))
                assert not planned.blocking, planned.blocking[:3]
                if kind in BARE:
                    times[kind].append(BARE[kind](address, planned.plan.changes))
                    continue
                client = workflow.connect(access, planned.checked.settings, WORKERS)
                start = time.perf_counter()
                result = apply(planned.plan, client, workers=WORKERS, verify=OURS[kind])
                times[kind].append(time.perf_counter() - start)
                assert result.ok
                counts[kind] = client.requests / jobs
    floor = min(times["bare client (requests)"])
    print(f"{jobs} new jobs, {WORKERS} workers, the best of {REPEATS}")
    for kind, seconds in times.items():
        best = min(seconds)
        print(f"  {kind:26} {best:6.2f} s  {best / floor:5.2f} x bare  {counts[kind]:5.2f} requests a job")


def again(root: Path, jobs: int) -> None:
    """Run again over unchanged jobs, without and with a look at every live document."""
    with controller() as address:
        access = workflow.Access(*address)
        planned = planning.plan(root, access, planning.PlanOptions(workers=WORKERS))
        assert not planned.blocking, planned.blocking[:3]
        assert apply(planned.plan, planned.checked.controller, workers=WORKERS, verify="none").ok
        print(f"Again over {jobs} unchanged jobs")
        for kind, refresh in (("plan", False), ("plan --refresh", True)):
            start = time.perf_counter()
            planned = planning.plan(root, access, planning.PlanOptions(refresh=refresh, workers=WORKERS))
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
