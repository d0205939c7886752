"""The console in a browser: Debian's Chromium, at desktop and phone width, dark and light, with and without scripts.

CONSOLE_SCREENSHOTS names a directory that keeps the pictures.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from console_site import served

from console_demo import Demo, demo
from delivery.clock import HostClock
from delivery.settings import load_settings
from jobdsl.console.collector import Collector, places_of
from jobdsl.console.serving import make_console

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
PAGES = {
    "applications": "/",
    "application": "/applications/web",
    "deploying": "/clusters/production/eu-west-1/checkout",
    "canary": "/clusters/production/eu-west-1/search",
    "history": "/history",
    "images": "/images",
    "snapshots": "/snapshots",
    "search": "/search?q=web",
}
STEERING = """
[console.jenkins]
url = "{url}/"
user = "console"
token_file = "client-secret"
[console.jobs]
deploy = "{{application}}/deploy"
promote = "{{application}}/promote"
rollback = "{{application}}/rollback"
resize = "{{application}}/resize"
traffic = "{{application}}/traffic"
"""


@dataclass
class Stage:
    """A console, a browser, and the jobs that were started."""

    url: str
    demo: Demo
    collector: Any
    browser: Any
    started: list[tuple[str, dict[str, str]]]

    def page(self, size: str = "desktop", scheme: str = "light", **more: Any) -> Any:
        """A page in a profile of its own, which notes errors of scripts and of the content policy."""
        context = self.browser.new_context(viewport=SIZES[size], color_scheme=scheme, **more)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.problems = []
        page.on(
            "console",
            lambda message: (
                page.problems.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        return page


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    started: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            started.append((self.path, {name: values[0] for name, values in parse_qs(text).items()}))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    jenkins = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=jenkins.serve_forever, daemon=True).start()
    steering = STEERING.format(url=f"http://127.0.0.1:{jenkins.server_address[1]}")
    with demo(tmp_path_factory.mktemp("console"), "http://127.0.0.1:1", steering) as made:
        settings = load_settings()
        object.__setattr__(settings.console, "calls_per_second", 1000.0)
        collector = Collector(settings, places_of(settings), HostClock())
        collector.read_once()
        collector.read_once()
        console = make_console(settings, collector, HostClock())
        with served(console) as url, sync.sync_playwright() as playwright:
            object.__setattr__(settings.console, "url", url)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield Stage(url, made, collector, browser, started)
            browser.close()
    jenkins.shutdown()
    jenkins.server_close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_its_width_and_follows_the_scheme(
    stage: Stage, size: str, scheme: str, tmp_path: Path
) -> None:
    kept = Path(os.environ.get("CONSOLE_SCREENSHOTS", tmp_path))
    kept.mkdir(parents=True, exist_ok=True)
    page = stage.page(size, scheme)
    for name, path in PAGES.items():
        page.goto(stage.url + path)
        picture = kept / f"{name}-{size}-{scheme}.png"
        page.screenshot(path=picture, full_page=size == "phone")
        assert picture.stat().st_size > 10_000, name
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name} is {overflow} pixels wider than a {size}"
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightness = sum(map(int, re.findall(r"\d+", colour)[:3]))
        assert (lightness > 600) == (scheme == "light"), (name, colour)
    assert page.problems == []
    page.context.close()


def test_the_text_has_contrast(stage: Stage) -> None:
    """4.5 to 1 for every text that is shown, as WCAG wants it."""
    measure = """() => {
        const parse = (text) => text.match(/[\\d.]+/g).map(Number);
        const channel = (value) => { const v = value / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
        const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        const behind = (element) => { for (let e = element; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.5) return c; } return [255, 255, 255]; };
        const bad = [];
        for (const element of document.querySelectorAll("body *")) {
            if (![...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
            if (!element.offsetParent || element.closest(".hidden, .skip, [disabled]")) continue;
            const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.push(`${element.className || element.tagName}: ${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
        }
        return [...new Set(bad)];
    }"""
    for scheme in ("light", "dark"):
        page = stage.page(scheme=scheme)
        for path in PAGES.values():
            page.goto(stage.url + path)
            assert page.evaluate(measure) == [], (scheme, path)
        page.context.close()


def test_without_scripts_links_and_filters_work(stage: Stage) -> None:
    page = stage.page(java_script_enabled=False)
    page.goto(stage.url)
    page.locator("table.rows a", has_text="checkout").first.click()
    assert page.url.endswith("/applications/checkout")
    page.locator("table.rows tr", has_text="production").filter(has_text="eu-west-1").locator(
        "th a"
    ).first.click()
    assert "checkout-v001" in page.locator("main").inner_text()
    page.locator("a.brand").click()
    page.fill("#filter-q", "sea")
    page.get_by_role("button", name="Filter").click()
    assert page.url.endswith("/?q=sea&account=&region=")
    assert page.locator("tbody th", has_text="search").count() == 1
    assert page.locator("tbody th", has_text="cart").count() == 0
    page.context.close()


def test_a_page_shows_the_next_step_by_itself(stage: Stage) -> None:
    page = stage.page()
    page.goto(f"{stage.url}{PAGES['deploying']}")
    page.locator("[data-live]", has_text="Live").wait_for()
    before = page.locator("li[aria-current=step] strong").inner_text()
    page.evaluate("window.stays = true")
    stage.demo.advance()
    for reader in stage.collector.readers.values():
        reader.read_hot()
    page.locator("li[aria-current=step] strong").filter(has_not_text=before).wait_for()
    assert page.evaluate("window.stays")
    assert page.problems == []
    page.context.close()


def test_an_update_leaves_a_field_alone(stage: Stage) -> None:
    page = stage.page()
    page.goto(stage.url)
    page.locator("[data-live]", has_text="Live").wait_for()
    page.fill("#filter-q", "che")
    stage.demo.advance()
    for reader in stage.collector.readers.values():
        reader.read_hot()
    page.locator("[data-live]", has_text="Changed").wait_for()
    assert page.input_value("#filter-q") == "che"
    page.context.close()


def test_the_keyboard_is_enough(stage: Stage) -> None:
    page = stage.page()
    page.goto(stage.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("search-v002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=search-v002")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "solid"
    page.context.close()


def test_screen_readers_find_landmarks_and_names(stage: Stage) -> None:
    page = stage.page()
    for path in PAGES.values():
        page.goto(stage.url + path)
        for role in ("banner", "main", "contentinfo", "search"):
            assert page.get_by_role(role).count() == 1, (path, role)
        nameless = page.evaluate(
            "[...document.querySelectorAll('a, button')].filter((e) => !(e.innerText.trim() || e.textContent.trim()"
            " || e.getAttribute('aria-label'))).length"
        )
        assert nameless == 0, path
        images = page.locator("svg[role=img]:not([aria-label])").count()
        assert images == 0, path
    page.context.close()


def test_a_promotion_by_clicks_starts_its_job(stage: Stage) -> None:
    stage.started.clear()
    page = stage.page()
    page.goto(f"{stage.url}{PAGES['canary']}")
    assert page.get_by_role("button", name="Promote").is_disabled()
    page.get_by_role("link", name="Log in").click()
    page.wait_for_url("**/clusters/**")
    assert "you" in page.get_by_role("banner").inner_text()
    page.get_by_role("link", name="Promote").click()
    page.get_by_role("button", name="Show the plan").click()
    assert "Promote search-v002" in page.locator("h1").inner_text()
    assert stage.started == []
    page.get_by_label("Type search to confirm").fill("search")
    page.get_by_role("button", name="Start it").click()
    page.wait_for_url("**/operations/**")
    assert stage.started == [("/job/search/job/promote/buildWithParameters", {"REQUESTED_BY": "you"})]
    page.get_by_role("link", name="Watch the cluster").click()
    page.get_by_role("button", name="Log out").click()
    assert page.get_by_role("link", name="Log in").is_visible()
    assert page.problems == []
    page.context.close()


def test_a_deploy_by_clicks_offers_the_images_that_may_be_deployed(stage: Stage) -> None:
    stage.started.clear()
    page = stage.page("phone", "dark")
    page.goto(f"{stage.url}/login?next=/change/deploy/production/eu-west-1/mail")
    page.wait_for_url("**/change/**")
    refused = page.locator("label.choice", has_text="1.7.1-2")
    assert refused.locator("input").is_disabled()
    assert "has not run in test yet" in refused.inner_text()
    page.locator("label.choice", has_text="1.6.0-1").locator("input").check()
    page.get_by_label("Change request").fill("CHG77")
    page.get_by_role("button", name="Show the plan").click()
    assert "deploy of mail 1.6.0-1 as mail-v002" in page.locator("h1").inner_text()
    page.get_by_label("Type mail to confirm").fill("mail")
    page.get_by_role("button", name="Start it").click()
    page.wait_for_url("**/operations/**")
    ((path, parameters),) = stage.started
    assert path == "/job/mail/job/deploy/buildWithParameters"
    assert parameters["IMAGE"] == stage.demo.images["mail", "1.6.0-1"]
    assert parameters["REQUESTED_BY"] == "you"
    page.context.close()
