"""The web console over 5,000 groups with 20,000 instances in six accounts and regions: calls, times, memory.

AWS is answered in this process, as XML that botocore parses: what a pass costs is real, and no network is
part of it. Pages are asked for over HTTP, at rest and while the collector reads, and compared with an answer
of the same server that shows nothing. CPU is that of the whole process, client and server.
"""

from __future__ import annotations

import math
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import requests
from botocore.awsrequest import AWSResponse

from delivery.aws import Aws
from delivery.clock import HostClock
from delivery.settings import loads
from jobdsl.console.app import make_app
from jobdsl.console.collector import Collector, places_of
from jobdsl.console.serving import bound, make_console, make_server

GROUPS, INSTANCES, PLACES = 5_000, 4, 6
"""Groups, instances of each, accounts and regions."""
PAGE = 100
REPEATS = 15
PAGES = {
    "all applications": "/",
    "an application": "/applications/app0007",
    "a cluster": "/clusters/account0/eu-west-1/app0007",
    "history": "/history",
    "a search": "/search?q=app0007",
    "images": "/images",
    "all applications as JSON": "/api/v1/applications?limit=200",
    "a cluster as JSON": "/api/v1/clusters/account0/eu-west-1/app0007",
}
FLOOR = "/healthz"
EACH = math.ceil(GROUPS / PLACES)
MOST_MS, MOST_MB = 200.0, 300.0
"""CPU of a page at rest, and memory."""
_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


def _settings() -> str:
    accounts = "".join(
        f'[accounts.account{number}]\nid = "{111111111111 + number}"\nregions = ["eu-west-1", "us-east-1"]\n'
        f'[accounts.account{number}.defaults]\ntraffic = "attach"\n'
        for number in range(PLACES // 2)
    )
    return (
        f'{accounts}[history]\ntable = "none"\n[lock]\ntable = "none"\n[console]\ncalls_per_second = 1000\n'
    )


class _Answer:
    """A body that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._body


def _response(body: str) -> AWSResponse:
    headers: Any = {"Content-Type": "text/xml"}
    return AWSResponse("http://aws", 200, headers, _Answer(body.encode()))


@cache
def _groups_page(place: str, number: int, last: int) -> str:
    """A page of groups; the marker is the number of the next."""
    first = number * PAGE
    members = "".join(_group(place, each) for each in range(first, min(first + PAGE, EACH)))
    more = f"<NextToken>{number + 1}</NextToken>" if number < last else ""
    result = f"<DescribeAutoScalingGroupsResult><AutoScalingGroups>{members}</AutoScalingGroups>{more}"
    return f'<R xmlns="{_NAMESPACE}">{result}</DescribeAutoScalingGroupsResult></R>'


def _group(place: str, number: int) -> str:
    application, push = f"app{number // 2:04}", number % 2
    instances = "".join(
        f"<member><InstanceId>i-{place}{number:06x}{each:04x}</InstanceId><AvailabilityZone>a</AvailabilityZone>"
        "<LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>"
        "<InstanceType>m7g.large</InstanceType></member>"
        for each in range(INSTANCES)
    )
    said = {
        "application": application, "version": f"1.{push}.0-1", "image": f"ami-{number // 2:08x}{push}",
        "state": "active" if push else "disabled", "step": "done", "jenkins-user": f"user{number % 40}",
        "strategy": "red-black", "change-request": f"CHG{number}", "size": "4/4/8",
        "deploy": f"d-{number:012x}", "image-name": f"{application}-1.{push}.0",
        "begun": "2026-11-01T10:00:00Z", "job": f"{application}/deploy", "commit": "0" * 40,
        "build-url": f"https://jenkins.example.com/job/{application}/12/",
    }  # fmt: skip
    tags = "".join(
        f"<member><Key>delivery:{key}</Key><Value>{value}</Value><PropagateAtLaunch>true</PropagateAtLaunch></member>"
        for key, value in said.items()
    )
    target = (
        f"<member>arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{application}/1</member>"
        if push
        else ""
    )
    return (
        f"<member><AutoScalingGroupName>{application}-v{push:03}</AutoScalingGroupName><MinSize>4</MinSize>"
        "<MaxSize>8</MaxSize><DesiredCapacity>4</DesiredCapacity><CreatedTime>2026-11-01T10:00:00Z</CreatedTime>"
        f"<HealthCheckType>ELB</HealthCheckType><TargetGroupARNs>{target}</TargetGroupARNs>"
        f"<Instances>{instances}</Instances><Tags>{tags}</Tags></member>"
    )


def _answer(account: int, region: str, operation: str, token: str) -> AWSResponse:
    if operation == "DescribeAutoScalingGroups":
        last = math.ceil(EACH / PAGE) - 1
        place = f"{account % 1000:03}{region.startswith('eu'):04x}"
        return _response(_groups_page(place, int(token or 0), last))
    if operation == "GetCallerIdentity":
        return _response(
            f"<R><GetCallerIdentityResult><Account>{account}</Account><Arn>arn</Arn></GetCallerIdentityResult></R>"
        )
    return _response("<R><imagesSet/></R>")


@contextmanager
def _simulated() -> Iterator[None]:
    """Have clients answered here."""
    plain = Aws.__init__

    def opened(self: Aws, *arguments: Any) -> None:
        plain(self, *arguments)
        self.clients.make = partial(made, self, self.clients.make)

    def made(self: Aws, make: Callable[[str], Any], service: str) -> Any:
        client = make(service)

        def send(request: Any, event_name: str, **_: Any) -> AWSResponse:
            body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
            token = dict(part.partition("=")[::2] for part in body.split("&")).get("NextToken", "")
            number = int(self.account.removeprefix("account"))
            return _answer(111111111111 + number, self.region, event_name.rpartition(".")[2], token)

        client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", send)
        return client

    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
    with patch.object(Aws, "__init__", opened), patch.dict("os.environ", keys):
        yield


def _milliseconds(url: str) -> tuple[float, float]:
    """Median time and mean CPU of an answer."""
    times = []
    with requests.Session() as session:
        session.get(url, timeout=60).raise_for_status()
        cpu = time.process_time()
        for _ in range(REPEATS):
            began = time.perf_counter()
            session.get(url, timeout=60).raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times), 1000 * (time.process_time() - cpu) / REPEATS


def _passes(collector: Any) -> tuple[float, int]:
    """CPU seconds and calls of a pass over everything."""
    began = time.process_time()
    for reader in collector.readers.values():
        reader.read_groups()
    calls = sum(sum(state.group_calls.values()) for state in collector.store.snapshot.locations.values())
    return time.process_time() - began, calls


def main() -> bool:
    """Print the table; True if a bound is broken."""
    with tempfile.TemporaryDirectory() as place, _simulated():
        settings = loads(_settings(), f"{place}/delivery.toml")
        collector = Collector(settings, places_of(settings), HostClock())
        seconds, calls = _passes(collector)
        return _measured(settings, collector, seconds, calls)


def _measured(settings: Any, collector: Any, seconds: float, calls: int) -> bool:
    snapshot = collector.store.snapshot
    groups, instances = sum(1 for _ in snapshot.groups()), len(snapshot.instances)
    places = len(snapshot.locations)
    print(f"Web console: {groups:,} groups, {instances:,} instances, {places} accounts and regions")
    per_hundred = calls / sum(math.ceil(len(each.groups) / PAGE) for each in snapshot.locations.values())
    print(f"  calls of a pass over all groups     {calls:5}  ({per_hundred:.2f} for each hundred begun)")
    print(f"  CPU seconds of that pass            {seconds:7.1f}")
    app = make_app(make_console(settings, collector, HostClock()))
    stop, broken = threading.Event(), False
    with bound("127.0.0.1", 0) as listener:
        server = make_server(app)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        running.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        while not server.started:
            time.sleep(0.02)
        elapsed, cpu = _milliseconds(url + FLOOR)
        print(f"  {'milliseconds of an answer':<34}{'CPU':>8}{'at rest':>10}{'while AWS is read':>20}")
        print(f"  {'one that shows nothing':<34}{cpu:8.1f}{elapsed:10.1f}")
        for name, path in PAGES.items():
            elapsed, cpu = _milliseconds(url + path)
            stop.clear()
            reading = threading.Thread(target=_read_until, args=(collector, stop), daemon=True)
            reading.start()
            busy, _ = _milliseconds(url + path)
            stop.set()
            reading.join()
            broken = broken or cpu > MOST_MS
            print(f"  {name:<34}{cpu:8.1f}{elapsed:10.1f}{busy:20.1f}")
        server.should_exit = True
        running.join()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory at most, the client included {memory:5.0f} MB")
    return broken or memory > MOST_MB


def _read_until(collector: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        for reader in collector.readers.values():
            reader.read_groups()
            if stop.is_set():
                return


if __name__ == "__main__":
    raise SystemExit(main())
