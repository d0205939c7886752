"""One look of the manager at a large controller, beside fetching the same bytes with the same client."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.simulated import Address, crowded
from dynaslave.manager.observe import Observer
from dynaslave.simulated.provider import SimulatedCloud
from jobdsl.controller.jenkins import Controller, connect

AGENTS, ITEMS = 1_000, 5_000
REPEATS = 5


def _best(*deeds: Callable[[], object]) -> list[float]:
    """Seconds of the fastest run of each, by turns, after one that warms up."""
    times: list[list[float]] = [[] for _ in deeds]
    for _ in range(REPEATS + 1):
        for deed, seconds in zip(deeds, times, strict=True):
            start = time.perf_counter()
            deed()
            seconds.append(time.perf_counter() - start)
    return [min(seconds[1:]) for seconds in times]


def _fetch(controller: Controller, asked: list[tuple[str, str, bytes | None, dict[str, str] | None]]) -> int:
    return sum(
        len(controller.ask(method, path, "fetch", body, headers).body)
        for method, path, body, headers in asked
    )


class _Recorder:
    """Notes what a look asks, so that the very same can be fetched again."""

    def __init__(self, controller: Controller) -> None:
        self.asked: list[tuple[str, str, bytes | None, dict[str, str] | None]] = []
        self._ask = controller.ask
        controller.ask = self  # type: ignore[assignment,method-assign]

    def __call__(
        self,
        method: str,
        path: str,
        what: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        once: bool = False,
    ) -> object:
        self.asked.append((method, path, body, headers))
        return self._ask(method, path, what, body, headers, once=once)


def _measured(address: Address, title: str) -> None:
    controller = connect(address.url, address.user, address.token, patience=0)
    observer = Observer(controller, SimulatedCloud(), "main")
    recorder = _Recorder(controller)
    seen = observer.poll()
    assert not seen.blind, seen.blind
    assert (len(seen.nodes), len(seen.queue)) == (AGENTS + 1, ITEMS), (len(seen.nodes), len(seen.queue))
    assert all(item.known for item in seen.queue)
    asked, requests = list(recorder.asked), len(recorder.asked)
    plain = connect(address.url, address.user, address.token, patience=0)
    size = _fetch(plain, asked)
    floor, look = _best(lambda: _fetch(plain, asked), observer.poll)
    print(
        f"  {title:34} {requests} requests  {size / 1e6:4.1f} MB  fetched {floor:5.2f} s"
        f"  look {look:5.2f} s  {look / floor:4.2f} x"
    )


def main() -> None:
    """Print the table."""
    print(f"One look: {AGENTS:,} agents, {ITEMS:,} items, the best of {REPEATS}")
    for title, texts in (("labels told by the queue", True), ("labels told by a script", False)):
        with crowded(AGENTS, ITEMS, texts=texts) as address:
            _measured(address, title)


if __name__ == "__main__":
    main()
