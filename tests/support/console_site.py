"""A console on loopback over the two accounts of `overview_world`: a real server, asked with requests."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from overview_world import Estate, estate, furnish, record

from delivery.clock import HostClock
from delivery.settings import DeliverySettings, load_settings
from jobdsl.console.app import make_app
from jobdsl.console.collector import Collector, places_of
from jobdsl.console.serving import bound, make_console, make_server

__all__ = ["Page", "Site", "crawled", "served", "site"]


@dataclass
class Site:
    """A console that answers."""

    url: str
    collector: Any
    estate: Estate | None = None
    settings: DeliverySettings | None = None
    console: Any = None
    """What all its requests share."""

    def get(self, path: str, **more: Any) -> requests.Response:
        """Ask for a page or for something of the API; redirects are not followed."""
        return requests.get(self.url + path, timeout=20, allow_redirects=False, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        """Post something."""
        return requests.post(self.url + path, timeout=20, allow_redirects=False, **more)

    def json(self, path: str, **more: Any) -> Any:
        """Ask the API; the answer must be good."""
        answer = self.get(f"/api/v1{path}", **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()


@contextmanager
def served(made: Any) -> Iterator[str]:
    """Serve a console; gives its address."""
    app = make_app(made)
    with bound("127.0.0.1", 0) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)


@contextmanager
def site(directory: Path, console: str = "", *, read: bool = True, furnished: bool = True) -> Iterator[Site]:
    """A console over two accounts with three applications; `console` is more of delivery.toml."""
    with estate(directory) as world:
        if furnished:
            furnish(world)
            record(world)
        world.toml.write_text(
            world.toml.read_text()
            + "\n[console]\ncalls_per_second = 1000\nchanges_per_minute = 9999\n"
            + console
        )
        settings = load_settings(world.toml)
        collector = Collector(settings, places_of(settings), HostClock())
        if read:
            collector.read_once()
            collector.read_once()
        made = make_console(settings, collector, HostClock())
        with served(made) as url:
            yield Site(url, collector, world, settings, made)


class Page(HTMLParser):
    """Addresses, and what a page for all readers must have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.unlabelled: list[str] = []
        self.headings: list[str] = []
        self.inline: list[str] = []
        self._labels = set(re.findall(r'<label[^>]*\bfor="([^"]+)"', text))
        self._in_label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value for key, value in attrs if key in ("href", "src", "action") and value]
        self.inline += [key for key in found if key.startswith("on") or key == "style"]
        if tag == "script" and "src" not in found:
            self.inline.append("script")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        self._in_label += tag == "label"
        if tag in ("input", "select", "textarea") and found.get("type") not in ("hidden", "submit"):
            named = found.get("id") in self._labels or self._in_label or "aria-label" in found
            self.unlabelled += [] if named else [str(found.get("name"))]
        if tag == "img" and "alt" not in found:
            self.unlabelled.append("img")

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"


def crawled(console: Site, begin: str = "/") -> dict[str, requests.Response]:
    """Every page that can be reached by following links."""
    answers: dict[str, requests.Response] = {}
    waiting = [begin]
    while waiting:
        path = waiting.pop()
        answers[path] = console.get(path)
        if not answers[path].headers.get("Content-Type", "").startswith("text/html"):
            continue
        for address in Page(answers[path].text).addresses:
            joined = urljoin(console.url + path, address).partition("#")[0]
            if not joined.startswith(console.url):
                assert urlsplit(joined).scheme in ("http", "https"), joined
                continue
            found = joined.removeprefix(console.url) or "/"
            if found not in answers and found not in waiting:
                waiting.append(found)
    return answers
