"""What may be removed, decided without AWS: images by retention, what bakes left by tag and age."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import tags as words
from delivery.clean import bakes_policy
from delivery.clean.bakes_policy import Thing
from delivery.clean.retention import Rules, SeenImage, decide
from delivery.clean.verdict import CleanVerdict
from delivery.clock import iso

pytestmark = pytest.mark.slow

DAY, HOUR, NOW = 86_400.0, 3_600.0, 1_800_000_000.0
OURS = {words.BAKE: "bake-1", words.STATE: words.READY, "application": "shop"}


def image(id: str, days: float, **tags: str) -> SeenImage:
    return SeenImage(id, f"name-{id}", NOW - days * DAY, tags={**OURS, **tags})


def reasons(verdicts: list[CleanVerdict]) -> dict[str, str]:
    return {one.id: "" if one.action == "remove" else one.reason for one in verdicts}


def decided(images: list[SeenImage], used: dict[str, str] | None = None, **rules: float) -> dict[str, str]:
    said = Rules(**{"days": 30, "keep": 1, **rules})  # type: ignore[arg-type]
    return reasons(decide(images, used or {}, said, "eu-west-1", NOW))


def test_an_old_image_that_nobody_uses_goes_and_the_newest_stays() -> None:
    assert decided([image("new", 40), image("old", 50), image("cart", 60, application="cart")]) == {
        "new": "one of the newest 1 of shop",
        "old": "",
        "cart": "one of the newest 1 of cart",
    }


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (image("old", 20), "20 days old"),
        (image("old", 90, **{words.KEEP: "true"}), "delivery:keep is true"),
        (image("old", 90, **{words.KEEP: "until-audit"}), "delivery:keep is until-audit"),
        (image("old", 90, **{words.KEEP: "false"}), ""),
        (
            image("old", 90, **{words.STATE: words.BAKING}),
            "its bake has not finished (delivery clean bakes removes it)",
        ),
        (SeenImage("old", "n", NOW - 90 * DAY, "pending", OURS), "it is pending"),
        (SeenImage("old", "n", NOW - 90 * DAY, "disabled", OURS), ""),
        (SeenImage("old", "n", NOW - 90 * DAY, "available", OURS, NOW - 3 * DAY), "launched 3 days ago"),
        (SeenImage("old", "n", NOW - 90 * DAY, "available", OURS, NOW - 80 * DAY), ""),
    ],
)
def test_what_keeps_an_image(old: SeenImage, reason: str) -> None:
    assert decided([image("new", 1), old])["old"] == reason


def test_one_in_use_stays_and_so_does_a_base_of_another() -> None:
    child = SeenImage("child", "someone's", NOW - DAY, tags={"base_ami_id": "base"})  # not even opted in
    assert decided(
        [image("new", 1), image("base", 90), image("used", 90), child], {"used": "instance i-1"}
    ) == {
        "new": "one of the newest 1 of shop",
        "base": "image child is made of it",
        "used": "in use by instance i-1",
    }


def test_an_image_that_was_never_finished_does_not_count_as_the_newest() -> None:
    assert decided([image("good", 90), image("half", 1, **{words.STATE: words.BAKING})])["good"].startswith(
        "one of"
    )


def test_only_so_many_go_in_one_run_the_oldest_first() -> None:
    found = decided([image("new", 1), image("a", 80), image("b", 90)], limit=1)
    assert found == {
        "new": found["new"],
        "b": "",
        "a": "the limit of 1 per run is reached; the next run removes it",
    }


def test_only_those_that_opted_in_are_looked_at() -> None:
    foreign = SeenImage("foreign", "n", 0.0, tags={"team": "shop"})
    rules = Rules(days=0, keep=0, tag="team=shop")
    assert [one.id for one in decide([image("a", 90), foreign], {}, rules, "r", NOW)] == ["foreign"]
    assert decided([foreign]) == {}


seen = st.builds(
    SeenImage,
    id=st.integers(0, 10_000).map(lambda number: f"ami-{number}"),
    name=st.just("n"),
    created=st.floats(NOW - 400 * DAY, NOW),
    state=st.sampled_from(["available", "available", "disabled", "pending", "failed"]),
    tags=st.fixed_dictionaries(
        {},
        optional={
            words.BAKE: st.just("b"),
            words.STATE: st.sampled_from([words.READY, words.BAKING]),
            words.KEEP: st.sampled_from(["true", "false", "x"]),
            "application": st.sampled_from(["shop", "cart"]),
            "base_ami_id": st.integers(0, 10_000).map(lambda number: f"ami-{number}"),
        },
    ),
    launched=st.none() | st.floats(NOW - 400 * DAY, NOW),
)


@given(
    st.lists(seen, unique_by=lambda one: one.id, max_size=30),
    st.data(),
    st.integers(1, 4),
    st.floats(0, 60),
    st.integers(1, 5),
)
def test_nothing_goes_that_must_stay(
    images: list[SeenImage], data: st.DataObject, keep: int, days: float, limit: int
) -> None:
    ids = [one.id for one in images]
    used = dict.fromkeys(data.draw(st.lists(st.sampled_from(ids), max_size=5)) if ids else [], "somebody")
    verdicts = decide(images, used, Rules(days, keep, limit), "r", NOW)
    going = {one.id for one in verdicts if one.action == "remove"}
    assert len(going) <= limit
    assert not going & used.keys()
    assert not going & {one.tags.get("base_ami_id") for one in images}
    good: defaultdict[str, list[SeenImage]] = defaultdict(list)
    for one in images:
        assert one.id not in going or (words.BAKE in one.tags and NOW - one.created >= days * DAY)
        assert one.id not in going or one.tags.get(words.KEEP) in (None, "false")
        if words.BAKE in one.tags and one.state == "available" and one.tags.get(words.STATE) != words.BAKING:
            good[one.application].append(one)
    for usable in good.values():
        newest = sorted(usable, key=lambda one: (one.created, one.id))[-keep:]
        assert not going & {one.id for one in newest}


# What bakes left.


def thing(kind: str, id: str, hours: float, bake: str = "bake-1", **more: object) -> Thing:
    tags = {words.BAKE: bake, words.CREATED: iso(NOW - hours * HOUR), **more.pop("tags", {})}  # type: ignore[dict-item]
    fields: dict[str, object] = {"region": "eu-west-1", "state": "available", **more}
    return Thing(kind, id, created=NOW - hours * HOUR, tags=tags, **fields)  # type: ignore[arg-type]


def left(*things: Thing, used: dict[str, str] | None = None) -> dict[str, str]:
    return reasons(bakes_policy.decide(things, used or {}, 6.0, NOW))


def test_what_a_dead_bake_left_goes_and_nothing_of_one_that_may_be_running() -> None:
    found = left(
        thing("instance", "i-1", 10),
        thing("volume", "vol-1", 9),
        thing("instance", "i-2", 10, "bake-2"),
        thing("snapshot", "snap-2", 0.5, "bake-2", region="us-east-1"),
    )
    assert (found["i-1"], found["vol-1"]) == ("", "")
    assert found["i-2"] == found["snap-2"] == "bake bake-2 may be running: it created a resource 0.5 h ago"


def test_a_bake_aws_is_making_an_image_for_is_left_alone() -> None:
    found = left(
        thing("instance", "i-1", 10),
        thing("image", "ami-1", 9, state="pending"),
        thing("snapshot", "snap-1", 9),
    )
    assert set(found.values()) == {"AWS is making an image of bake bake-1"}


def test_an_image_that_is_ready_and_its_snapshots_are_no_leftovers() -> None:
    ready = {words.STATE: words.READY}
    found = left(
        thing("image", "ami-1", 90, parts=("snap-1",), tags=ready),
        thing("snapshot", "snap-1", 90, tags=ready),
        thing("snapshot", "snap-2", 90, tags=ready),
        thing("image", "ami-2", 90, state="failed", tags=ready),
        thing("image", "ami-3", 90, parts=("snap-3",)),
        thing("snapshot", "snap-3", 90),
        thing("volume", "vol-1", 90, parts=("i-1",)),
        thing("instance", "i-1", 90),
    )
    assert found == {"snap-2": "", "ami-2": "", "ami-3": "", "i-1": ""}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (thing("instance", "x", 9, group="shop-v001"), "it belongs to group shop-v001"),
        (thing("volume", "x", 9, tags={words.KEEP: "true"}), "delivery:keep is true"),
        (thing("package", "x", 9, ""), "it has no tag delivery:bake"),
    ],
)
def test_what_keeps_a_leftover(one: Thing, reason: str) -> None:
    assert left(one) == {"x": reason}


def test_a_half_made_image_that_is_in_use_stays() -> None:
    assert left(thing("image", "ami-1", 9), used={"ami-1": "instance i-9"}) == {
        "ami-1": "in use by instance i-9"
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["instance", "volume", "snapshot", "image", "package"]),
            st.floats(0, 30),
            st.sampled_from(["b1", "b2", "b3"]),
            st.sampled_from(["available", "pending", "failed"]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_no_running_bake_loses_anything(made: list[tuple[str, float, str, str, bool]]) -> None:
    things = [
        thing(
            kind,
            f"{kind}-{number}",
            hours,
            bake,
            state=state,
            tags={words.STATE: words.READY} if ready else {},
        )
        for number, (kind, hours, bake, state, ready) in enumerate(made)
    ]
    running = {bake for _, hours, bake, _, _ in made if hours < 6}
    for one in bakes_policy.decide(things, {}, 6.0, NOW):
        assert one.action == "keep" or one.facts["bake"] not in running
        lost = next(each for each in things if each.id == one.id)
        assert one.kind != "image" or lost.state == "failed" or lost.tags.get(words.STATE) != words.READY
