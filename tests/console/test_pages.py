"""The console's pages: everything is shown, nothing waits for AWS, nothing of AWS is trusted."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html import unescape

import pytest
import requests
from console_site import Page, Site, crawled, site
from overview_world import EU, PRODUCTION, TEST


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("console")
    (directory / "plan.html").write_text("<h1>Plan of seed main</h1>")
    (directory / "shop-eu-v002.html").write_text("<h1>Judgement</h1>")
    more = 'plan = "plan.html"\nreports = "."\n'
    with site(directory, more) as made:
        yield made


def test_every_link_leads_somewhere_and_no_page_asks_aws(console: Site) -> None:
    assert console.estate is not None
    asked = len(console.estate.calls)
    answers = crawled(console)
    bad = {
        path: answer.status_code for path, answer in answers.items() if answer.status_code not in (200, 303)
    }
    assert bad == {}
    assert len(answers) > 40
    assert {path.split("/")[1].partition("?")[0] for path in answers} >= {
        "applications", "clusters", "groups", "instances", "images", "history", "search", "snapshots", "plan", "canaries",
    }  # fmt: skip
    assert len(console.estate.calls) == asked


def test_pages_have_labels_headings_and_nothing_inline(console: Site) -> None:
    for path, answer in crawled(console).items():
        if path.startswith(("/static", "/api", "/plan/", "/canaries")) or answer.status_code != 200:
            continue
        page = Page(answer.text)
        assert page.unlabelled == [], path
        assert page.inline == [], path
        assert page.headings.count("h1") <= 1, path
        assert page.headings, path
        assert '<html lang="en">' in answer.text, path
        assert 'name="viewport"' in answer.text, path


def _text(console: Site, path: str) -> str:
    answer = console.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub("<[^>]+>", " ", answer.text)).split())


def test_applications_show_versions_health_and_where(console: Site) -> None:
    text = _text(console, "/")
    assert "shop 1.4-2 6/6 2 3 production, test" in text
    assert "cart" in text
    assert "worker" in text
    assert "Data of" in text


def test_filters_are_in_the_address(console: Site) -> None:
    assert "cart" not in _text(console, "/?q=sho").partition("Latest changes")[0]
    assert "worker" not in _text(console, "/?account=test").partition("Latest changes")[0]
    assert "No application fits" in _text(console, "/?q=nothing")
    assert (
        "rolled back"
        not in _text(console, "/history?application=shop&kind=deploy&by=alice").partition("Filter")[2]
    )


def test_a_cluster_shows_its_groups_side_by_side_with_differences(console: Site) -> None:
    text = _text(console, f"/clusters/test/{EU}/shop-eu")
    assert "shop-eu-v002" in text
    assert "shop-eu-v001" in text
    assert re.search("target groups (. web|web .) ", text)
    assert "launch template" in text
    assert "1.3-1" in text
    assert "interrupted" in text


def test_details_of_a_cluster_are_read_once_a_user_looks(console: Site) -> None:
    path = f"/clusters/test/{EU}/shop-eu"
    console.get(path)
    for reader in console.collector.readers.values():
        reader.read_hot()
    values = console.json(path)
    assert values["details_at"] is not None
    assert values["details_error"] is None
    instance = values["groups"][0]["members"][0]["id"]
    assert console.json(f"/instances/{instance}")["instance"]["private_ip"]
    assert "being read" not in _text(console, f"/instances/{instance}")


def test_an_image_shows_where_it_runs_and_was_tested(console: Site) -> None:
    assert console.estate is not None
    id = console.estate.images["shop-1.4", TEST]
    text = _text(console, f"/images/{id}")
    assert "shop-eu-v002 production" in text
    assert "shop-eu-v002 test" in text
    assert "test/shop-eu" in text
    assert "Shared with production" in text
    answer = console.get(f"/search?q={id}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/images/{id}"


def test_a_run_shows_its_timeline_and_links_to_its_build(console: Site) -> None:
    text = _text(console, "/history/shop/r-1")
    assert "healthy three" in text
    assert 'href="https://jenkins.example.com/job/shop/12/"' in console.get("/history/shop/r-1").text
    assert "slow" in _text(console, "/history/shop/r-2")


def test_the_plan_of_jobs_and_canary_reports_are_shut_in(console: Site) -> None:
    for path, words in (("/plan/document", "Plan of seed main"), ("/canaries/shop-eu-v002", "Judgement")):
        answer = console.get(path)
        assert words in answer.text
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "script" not in answer.headers["Content-Security-Policy"]
    for name in ("..%2Fdelivery", ".", "plan.html", "nothing"):
        assert console.get(f"/canaries/{name}").status_code == 404


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/applications/shp", 'Did you mean "shop"?'),
        (f"/clusters/test/{EU}/shop-ue", 'Did you mean "shop-eu"?'),
        (f"/clusters/tset/{EU}/shop-eu", "account and region"),
        (f"/groups/test/{EU}/shop-eu-v003", "shop-eu-v002"),
        ("/instances/i-1", "Only instances of groups"),
        ("/images/ami-1", "ami-1"),
        ("/history/shop/r-77", "r-77"),
        ("/nothing/here", "/nothing/here"),
    ],
)
def test_a_wrong_name_is_an_error_with_a_suggestion(console: Site, path: str, hint: str) -> None:
    answer = console.get(path)
    assert answer.status_code == 404
    assert hint in unescape(answer.text)
    assert "Traceback" not in answer.text


def test_a_pass_takes_one_call_for_a_hundred_objects(console: Site) -> None:
    for location in console.json("/snapshots")["locations"]:
        assert location["calls"]["DescribeAutoScalingGroups"] == 1
        assert sum(location["calls"].values()) <= 4, location
        assert sum(location["image_calls"].values()) <= 2, location


def test_changes_are_reported_as_events(console: Site) -> None:
    lines: list[str] = []
    path = f"/events?topic=cluster:test:{EU}:shop-eu"
    with requests.get(console.url + path, stream=True, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")

        def change() -> None:
            store = console.collector.store
            (location,) = [
                each for each in store.snapshot.locations.values() if str(each.place) == f"test, {EU}"
            ]
            groups = [group for group in location.groups if group.name == "shop-eu-v002"]
            from dataclasses import replace

            store.put_location(location.with_groups([replace(groups[0], digest="other")]))

        timer = threading.Timer(1.5, change)
        timer.start()
        for line in stream.iter_lines(decode_unicode=True):
            lines.append(line)
            if line.startswith("data:"):
                break
        timer.join()
    assert "event: changed" in lines
    assert lines[-1] == f'data: {{"topic": "cluster:test:{EU}:shop-eu"}}'


def test_production_is_read_with_its_own_role(console: Site) -> None:
    locations = {(each["account"], each["region"]) for each in console.json("/snapshots")["locations"]}
    assert locations == {("test", EU), ("production", EU), ("production", "us-east-1")}
    assert PRODUCTION in {image["owner"] for image in console.json("/images")["images"]} | {PRODUCTION}
