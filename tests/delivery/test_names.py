"""Names of applications, clusters, groups and images: the vectors of the old grammar, and what must always hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.names import (
    AppVersion,
    ClusterName,
    GroupName,
    NameProblem,
    app_version,
    cluster,
    image_name,
    next_group,
    parse_app_version,
    parse_cluster,
    parse_group,
)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("app", ("app", "", "", None)),
        ("app-v012", ("app", "", "", 12)),
        ("app-v12", ("app", "v12", "", None)),
        ("app-test-v000", ("app", "test", "", 0)),
        ("app-test-blue-v1000", ("app", "test", "blue", 1000)),
        ("app--canary-v010", ("app", "", "canary", 10)),
        ("my-app-v1", ("my", "app", "v1", None)),
        ("app-test-a-b~c^d-v001", ("app", "test", "a-b~c^d", 1)),
        ("app.x_y-test-v999", ("app.x_y", "test", "", 999)),
    ],
)
def test_what_names_say(name: str, parts: tuple[str, str, str, int | None]) -> None:
    app, stack, detail, push = parts
    found = parse_group(name)
    assert found == GroupName(ClusterName(app, stack, detail), push)
    assert str(found) == name


@pytest.mark.parametrize("name", ["", "-app", "app~x", "app-te~st", "app test", "v001", "-v001"])
def test_what_is_no_name(name: str) -> None:
    found = parse_group(name)
    assert found is None or name == "v001"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("", "", ""), "needs a name"),
        (("my-app", "", ""), "hyphen"),
        (("a" * 29, "", ""), "at most 28"),
        (("app", "te-st", ""), "stack"),
        (("app", "", "-x"), "hyphen"),
        (("app", "", "x-v001"), "push"),
        (("app", "v001", ""), "push"),
        (("app", "", "c0us"), "label"),
        (("app", "", "x" * 96), "longer than 96"),
    ],
)
def test_what_is_refused(parts: tuple[str, str, str], said: str) -> None:
    with pytest.raises(NameProblem, match=said):
        cluster(*parts)


def test_a_hyphen_comes_with_a_way_out() -> None:
    with pytest.raises(NameProblem) as caught:
        cluster("my-app")
    assert caught.value.hint == "use myapp or my_app"


def test_a_group_is_no_cluster() -> None:
    with pytest.raises(NameProblem, match="shop-eu-v041 is the name of a group") as caught:
        parse_cluster("shop-eu-v041")
    assert caught.value.hint == "its cluster is shop-eu"


name = st.from_regex(r"[A-Za-z0-9._]{1,10}", fullmatch=True)
detail = st.from_regex(r"[A-Za-z0-9._~^][A-Za-z0-9._~^-]{0,15}", fullmatch=True)


@st.composite
def clusters(draw: st.DrawFn) -> ClusterName:
    try:
        return cluster(draw(name), draw(st.just("") | name), draw(st.just("") | detail))
    except NameProblem:
        return cluster("app", "test")


@given(clusters(), st.integers(0, 999_999))
def test_what_is_written_reads_back(of: ClusterName, push: int) -> None:
    assert parse_cluster(str(of)) == of
    assert parse_group(str(GroupName(of, push))) == GroupName(of, push)
    assert len(str(GroupName(of, push % 1000))) <= 96


@given(clusters(), st.sets(st.integers(0, 999), max_size=50), st.none() | st.integers(0, 999))
def test_the_next_push_is_free_and_after_the_newest(
    of: ClusterName, pushes: set[int], last: int | None
) -> None:
    existing = [str(GroupName(of, push)) for push in pushes]
    newest = None if last is None else str(GroupName(of, last))
    found = next_group(of, existing, newest)
    assert found.push is not None
    assert found.push not in pushes
    start = last if last is not None else max(pushes, default=-1)
    between = range(start + 1, start + 1 + (found.push - start - 1) % 1000)
    assert all(push % 1000 in pushes for push in between)


def test_999_is_followed_by_000_and_other_clusters_do_not_count() -> None:
    of = cluster("app", "test")
    assert str(next_group(of, ["app-test-v999", "app-prod-v000"])) == "app-test-v000"
    assert str(next_group(of, [])) == "app-test-v000"
    assert str(next_group(of, ["app-test-v999", "app-test-v000"], "app-test-v999")) == "app-test-v001"
    assert str(next_group(of, ["app-test"])) == "app-test-v000"


def test_a_full_cluster_says_so() -> None:
    of = cluster("app")
    with pytest.raises(NameProblem, match="no free push"):
        next_group(of, [f"app-v{push:03}" for push in range(1000)])


def test_images_are_named_for_what_is_in_them() -> None:
    plain = image_name("shop-cart", "1.2.0~rc1", "3", "x86_64", "202611251200")
    assert plain == "shop-cart-1.2.0_rc1-3-x86_64-202611251200"
    assert image_name("shop-cart", "1.2.0~rc1", "3", "x86_64", "202611251200", {plain}) == f"{plain}-1"


@given(st.text(min_size=1, max_size=300), st.text(max_size=50), st.sets(st.integers(0, 3)))
def test_names_of_images_are_names_to_ec2(package: str, version: str, taken: set[int]) -> None:
    plain = image_name(package, version, "", "arm64", "202611251200")
    used = {plain if at == 0 else f"{plain}-{at}" for at in taken}
    found = image_name(package, version, "", "arm64", "202611251200", used)
    assert re.fullmatch(r"[A-Za-z0-9()./_-]{3,128}", found)
    assert found not in used
    assert "202611251200" in found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("helloapp-1.2.0-h15.abc1234", AppVersion("helloapp", "1.2.0", "15", "abc1234")),
        ("app-1.2.0~rc1-h3.deadbeef", AppVersion("app", "1.2.0~rc1", "3", "deadbeef")),
        ("my-app-1.0-abc.h7/build-my-app/7", AppVersion("my-app", "1.0", "7", "abc", "build-my-app", "7")),
        ("app-1.0", None),
        ("", None),
    ],
)
def test_app_versions(text: str, parts: AppVersion | None) -> None:
    assert parse_app_version(text) == parts


def test_app_versions_are_written_as_far_as_known() -> None:
    assert app_version("shop-cart", "1.2") == "shop-cart-1.2"
    text = app_version("shop-cart", "1.2", "7", "abc1234", "shop/cart-build")
    assert text == "shop-cart-1.2-h7.abc1234/cart-build/7"
    assert parse_app_version(text) == AppVersion("shop-cart", "1.2", "7", "abc1234", "cart-build", "7")
