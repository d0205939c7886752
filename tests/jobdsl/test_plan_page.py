"""The plan as a page: what stands on it, in which order, and where its links lead."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jobdsl.cli.commit import commit_of
from jobdsl.cli.main import run
from jobdsl.errors import Where
from jobdsl.planning.plan import Action, Change, Plan
from jobdsl.reports.about import About
from jobdsl.reports.html import to_html
from jobdsl.testing import SimulatedJenkins

ABOUT = About("https://ci.example.com/", datetime(2026, 11, 30, 21, 5, tzinfo=UTC), "3f2a9c1b7d4e")
DOCUMENT = "<project>\n  <description>{}</description>\n</project>\n"


def change(action: Action, name: str, kind: str = "item", source: str = "", document: str = "") -> Change:
    where = Where("jobs.py", 3)
    return Change(
        action,
        kind,
        name,
        reason=f"why {name}",
        where=where,
        root="project",
        document=document,
        source=source,
    )


PLAN = Plan(
    "main",
    (
        change(Action.MOVE, "b/new", source="a/old"),
        change(Action.CREATE, "fresh", document=DOCUMENT.format("&lt;b&gt;")),
        change(Action.UPDATE, "f/x y"),
        change(Action.UPDATE, "f/z"),
        change(Action.UPDATE, "f/all", "view"),
        change(Action.REPLACE, "kit", document=DOCUMENT.format("kit")),
        change(Action.DISABLE, "idle"),
        change(Action.DELETE, "gone"),
    ),
)
LINES = ["--- a", "+++ b", "@@ -1 +1 @@", "-<a>1</a>", "+<a>2</a>"]
DIFFS = {("item", "f/x y"): LINES, ("item", "f/z"): LINES}


class Page(HTMLParser):
    """Links by their text, ids, and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self._href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._href = given.get("href") or "" if tag == "a" else self._href
        if given.get("id"):
            self.ids.append(given["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._href = "" if tag == "a" else self._href

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._href and data.strip():
            self.links.append((data.strip(), self._href))


def test_controller_time_and_commit() -> None:
    page = Page(to_html(PLAN, DIFFS, about=ABOUT))
    assert ("https://ci.example.com/", "https://ci.example.com/") in page.links
    assert "2026-11-30 21:05:00 UTC" in page.text
    assert "3f2a9c1b7d4e" in page.text
    without = Page(to_html(PLAN, DIFFS))
    assert "planned at" not in without.text
    assert [href for _, href in without.links if not href.startswith("#")] == []


def test_links_lead_to_what_is_on_the_controller_now() -> None:
    links = dict(Page(to_html(PLAN, DIFFS, about=ABOUT)).links)
    root = "https://ci.example.com"
    assert links["b/new"] == f"{root}/job/a/job/old/"
    assert links["f/all"] == f"{root}/job/f/view/all/"
    assert links["gone"] == f"{root}/job/gone/"
    assert "fresh" not in links
    assert f"{root}/job/f/job/x%20y/" in [href for _, href in Page(to_html(PLAN, about=ABOUT)).links]


def test_removals_stand_first_and_apart() -> None:
    html = to_html(PLAN, DIFFS, about=ABOUT)
    removals = html[html.index('<section class="removals">') : html.index("</section>")]
    assert re.findall(r"<h2>(\w+)", removals) == ["delete", "replace", "disable"]
    assert "go with their builds" in removals
    assert re.findall(r"<h2>(\w+)", html[html.index("</section>") :]) == ["create", "move", "update"]
    assert '<section class="removals">' not in to_html(Plan("main", PLAN.changes[:4]))
    only_disabled = to_html(Plan("main", (change(Action.DISABLE, "idle"),)))
    assert "go with their builds" not in only_disabled


def test_the_same_difference_is_a_link_to_where_it_is_told() -> None:
    page = Page(to_html(PLAN, DIFFS, about=ABOUT))
    (target,) = [href for text, href in page.links if text == "f/x y" and href.startswith("#")]
    assert target[1:] in page.ids
    assert len(page.ids) == len(set(page.ids)) == len(PLAN.changes)
    assert page.text.count("+<a>2</a>") == 1


def test_new_documents_can_be_read_and_hide_their_secrets() -> None:
    secret = "hunter2hunter"
    new = change(Action.CREATE, "s", document=f"<project>\n  <authToken>{secret}</authToken>\n</project>\n")
    html = to_html(Plan("main", (*PLAN.changes, new)), DIFFS)
    assert "&lt;description&gt;&amp;lt;b&amp;gt;&lt;/description&gt;" in html
    assert "&lt;description&gt;kit&lt;/description&gt;" in html
    assert secret not in html
    assert "&lt;authToken&gt;********" in html


def test_a_page_of_thousands_stays_small() -> None:
    many = tuple(change(Action.CREATE, f"j{n}", document=DOCUMENT.format("x" * 1000)) for n in range(3000))
    assert len(to_html(Plan("main", many), about=ABOUT)) < 1_000_000


def test_the_commit_of_an_estate(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "estate").mkdir()
    assert re.fullmatch("[0-9a-f]{12}", commit_of(tmp_path / "estate"))


# the whole way


@pytest.fixture
def jenkins(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        monkeypatch.setenv("JENKINS_URL", simulated.url)
        monkeypatch.setenv("JENKINS_USER", simulated.user)
        monkeypatch.setenv("JENKINS_TOKEN", simulated.token)
        yield simulated


JOBS = """
from jobdsl import freestyle, steps

for number in range({count}):
    freestyle(f"j{{number}}", steps=[steps.shell("make"), steps.shell("{command}"), steps.shell("done")])
"""


def test_the_plan_says_what_changes_in_words(
    jenkins: SimulatedJenkins,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs.py").write_text(JOBS.format(count=3, command="make test"))
    assert run(["apply", "--yes"]) == 0
    Path("jobs.py").write_text(JOBS.format(count=3, command="make check"))
    capsys.readouterr()
    page = tmp_path / "out" / "plan.html"
    assert run(["plan", "--html", str(page)]) == 2
    told = capsys.readouterr().out
    assert told.count("definition changed: step 2 of 3: command  jobs.py:5") == 3
    assert f'href="{jenkins.url}/job/j0/"' in page.read_text()
    assert run(["plan", "--diffs", "1"]) == 2
    told = capsys.readouterr().out
    assert told.count("definition changed: step 2 of 3: command") == 1
    assert "note: 2 of 3 documents that change were not compared" in told
    assert "--diffs 3" in told
    jenkins.requests.clear()
    assert run(["plan"]) == 2
    assert sum(one.path.endswith("config.xml") for one in jenkins.requests) == 3


def test_an_edit_by_hand_that_an_update_takes_away_is_said(
    jenkins: SimulatedJenkins,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs.py").write_text(JOBS.format(count=1, command="make test"))
    assert run(["apply", "--yes"]) == 0
    trigger = "<hudson.triggers.TimerTrigger><spec>@daily</spec></hudson.triggers.TimerTrigger>"
    jenkins.update_item("j0", jenkins.config("j0").replace("<triggers/>", f"<triggers>{trigger}</triggers>"))
    Path("jobs.py").write_text(JOBS.format(count=1, command="make check"))
    capsys.readouterr()
    assert run(["plan"]) == 2
    told = capsys.readouterr().out
    assert "trigger cron removed" in told
    assert "step 2 of 3: command" in told
