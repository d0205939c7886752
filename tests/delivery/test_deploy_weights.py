"""Health before weight: no step of any strategy gives a group more traffic than its healthy instances bear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deploy_weights import shares

from deploy_case import NEW, OLD, Make, cases

pytestmark = pytest.mark.slow

TEN = 10


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


@pytest.mark.parametrize("traffic", ["weighted", "attach"])
@pytest.mark.parametrize("strategy", ["red-black", "canary", "ramp", "highlander"])
def test_a_deploy_and_its_rollback_give_no_weight_without_health(
    make: Make, strategy: str, traffic: str
) -> None:
    one = make(f'[clusters.shop]\ntraffic = "{traffic}"\nramp = [10, 35, 50, 100]\n', size=TEN, extras=False)
    one.strict.floor = one.strict.need = TEN
    assert one.deploy(strategy).outcome == "deployed"
    assert one.taking() == [NEW]
    if strategy != "highlander":
        assert one.rollback().outcome == "rolled back"
        assert one.taking() == [OLD]
    assert one.strict.overloads == []


def test_the_layer_sees_the_weights_of_listeners(make: Make) -> None:
    one = make('traffic = "weighted"\n', size=TEN, extras=False)
    assert shares() == {one.places["web"]: 1.0, one.places["green"]: 0.0}
    assert one.strict.serving_in(OLD) == TEN
    one.start("canary")
    assert shares()[one.places["green"]] == pytest.approx(1 / 11, abs=0.01)
    assert one.strict.serving_in(NEW) == 1
