"""A real Prometheus that scrapes two services, of which one is slower by half."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from delivery.analysis.model import Thresholds
from delivery.analysis.sequential import Schedule, judge_interim
from delivery.errors import DeliveryError
from delivery.metrics.collect import collect
from delivery.metrics.model import Query, SampleWindow, Subject
from delivery.metrics.prometheus import Prometheus
from prometheus_server import LACKS_PROMETHEUS, Service, prometheus

SECONDS = 24
LATENCY = Query(
    name="latency", source="prometheus", direction="increase", critical=True,
    query='sum(rate(request_seconds_sum{group="{group}"}[3s])) / sum(rate(requests_total{group="{group}"}[3s]))',
)  # fmt: skip
ERRORS = Query(
    name="errors", source="prometheus", nan="replace", direction="increase", counter=True,
    query='sum(errors_total{group="{group}"})',
)  # fmt: skip


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.skipif(
    LACKS_PROMETHEUS, reason="prometheus is not installed (Debian: apt-get install prometheus)"
)
def test_the_slower_service_is_found_and_an_equal_one_is_not(tmp_path: Path) -> None:
    with (
        Service("shop-v001", 0.050, seed=1) as old,
        Service("shop-v002", 0.051, seed=2) as good,
        Service("shop-v003", 0.075, seed=3) as slow,
        prometheus(tmp_path, old, good, slow) as url,
    ):
        time.sleep(SECONDS / 2)
        good.restart()  # as a process that was started again: a counter that begins at zero
        time.sleep(SECONDS / 2)
        now = time.time()
        window = SampleWindow.between(now - SECONDS + 3, now, 1)
        sources = {"prometheus": Prometheus(url)}
        baseline = Subject(group="shop-v001", side="baseline")
        schedule = Schedule(minutes=3, interval_minutes=1, warm_up_minutes=0)
        actions, notes = {}, {}
        for name in ("shop-v002", "shop-v003"):
            canary = Subject(group=name, side="canary")
            collected = collect([LATENCY, ERRORS], sources, baseline, canary, window)
            decision = judge_interim(collected.metrics, {}, Thresholds(), schedule, 3)
            actions[name], notes[name] = decision.action, collected.notes
        assert actions == {"shop-v002": "promote", "shop-v003": "roll back"}, notes
        with pytest.raises(DeliveryError, match="3 series, the first with"):
            every = Query(name="all", source="prometheus", query="requests_total")
            sources["prometheus"].read([every], baseline, window)
        with pytest.raises(DeliveryError, match="parse error"):
            sources["prometheus"].read(
                [Query(name="bad", source="prometheus", query="sum(")], baseline, window
            )
