"""Plans and outcomes as people and programs read them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from jobdsl.applying.apply import ApplyResult, ChangeOutcome
from jobdsl.errors import Problem, Where
from jobdsl.planning.plan import Action, Change, Plan
from jobdsl.reports.html import to_html
from jobdsl.reports.markdown import LONGEST, to_markdown
from jobdsl.reports.plans import groups, outcome_line, result_json, result_line, summary, to_json, to_text

NEW = Change(Action.CREATE, "item", "pay/api", reason="new", where=Where("jobs.py", 3), queue=True)
CHANGED = Change(Action.UPDATE, "view", "pay/<b>", reason="definition changed", where=Where("jobs.py", 4))
GONE = Change(Action.DISABLE, "item", "old", reason="no longer defined")
REFUSED = Problem('job "x": no', Where("jobs.py", 9), "adopt it", job="x")
PLAN = Plan("main", (NEW, CHANGED, GONE), 40, (REFUSED,))
DIFF = {CHANGED.key: ["--- a", "+++ b", "@@ -1 +1 @@", "-<a>``` 1</a>", "+<a>2</a>"]}


def many(count: int, folders: int) -> Plan:
    return Plan(
        "main",
        tuple(Change(Action.CREATE, "item", f"f{n % folders}/j{n}", reason="new") for n in range(count)),
    )


def test_the_plan_as_text() -> None:
    assert to_text(PLAN, DIFF) == (
        "create (1)\n"
        "  + pay/api, builds once  jobs.py:3\n"
        "\n"
        "update (1)\n"
        "  ~ pay/<b> (view)  definition changed  jobs.py:4\n"
        "      --- a\n"
        "      +++ b\n"
        "      @@ -1 +1 @@\n"
        "      -<a>``` 1</a>\n"
        "      +<a>2</a>\n"
        "\n"
        "disable (1)\n"
        "  o old  no longer defined\n"
        "\n"
        'jobs.py:9: error: job "x": no (adopt it)\n'
        "\n"
        'Seed "main": 1 to create, 1 to update, 1 to disable, 1 refused, 40 unchanged.\n'
    )


def test_nothing_to_do_is_said() -> None:
    assert to_text(Plan("main", (), 3)) == 'Seed "main": 3 unchanged. Nothing to do.\n'


def test_colours_only_where_asked() -> None:
    assert "\x1b[" not in to_text(PLAN, DIFF)
    assert "\x1b[32m+ pay/api\x1b[0m" in to_text(PLAN, DIFF, colour=True)


def test_large_plans_stay_readable() -> None:
    text = to_text(many(10_000, 100))
    assert len(text.splitlines()) < 200
    assert "  f0 (100)\n  + f0/j0" in text
    assert "    ... and 97 more\n" in text
    assert "  ... and 7000 more in 70 other folders\n" in text
    (group,) = groups(many(30, 3))
    assert sum(len(section.shown) for section in group.sections) == 30


def test_the_plan_as_json() -> None:
    values = json.loads(json.dumps(to_json(PLAN, DIFF)))
    assert values["summary"] == {
        "create": 1, "move": 0, "adopt": 0, "update": 1, "replace": 0, "disable": 1, "delete": 0,
        "unchanged": 40, "refused": 1,
    }  # fmt: skip
    assert values["changes"][0] == {
        "action": "create", "kind": "item", "name": "pay/api", "reason": "new",
        "where": {"file": "jobs.py", "line": 3}, "from": "", "before": "", "after": "", "queue": True,
    }  # fmt: skip
    assert values["changes"][1]["diff"] == DIFF[CHANGED.key]
    assert values["problems"][0]["name"] == "x"


def test_the_plan_as_markdown() -> None:
    text = to_markdown(PLAN, DIFF)
    assert text.startswith("### Jenkins jobs, seed `main`: 1 to create,")
    assert "- **error** `jobs.py:9: job" in text
    assert "- `pay/<b>` (view): definition changed — `jobs.py:4`" in text
    assert "````diff\n--- a" in text  # a longer fence than what it holds
    assert "<summary><code>pay/&lt;b></code></summary>" in text


def test_markdown_fits_a_comment() -> None:
    changes = tuple(Change(Action.UPDATE, "item", f"j{n}", reason="definition changed") for n in range(50))
    text = to_markdown(
        Plan("main", changes),
        {change.key: ["---", "+++", "+" + change.full_name * 2_000] for change in changes},
    )
    assert len(text) < LONGEST + 200
    assert text.endswith("Further differences are left out; the plan itself has them.\n")


def test_many_problems_and_changes_fit_a_comment() -> None:
    changes = tuple(
        Change(Action.UPDATE, "item", f"f{n}/{'j' * 200}{n}", reason="@team " * 200) for n in range(2_000)
    )
    text = to_markdown(Plan("main", changes, 0, tuple(Problem("x" * 100) for _ in range(2_000))))
    assert len(text) < LONGEST + 500
    assert re.search(r"- \.\.\. and \d+ more problems", text)


@pytest.mark.parametrize(
    "words",
    [
        "@org/team", "#12", "GH-12", "org/repo#1", "!7", "~label", "%milestone", "https://evil.example/x",
        "www.evil.example", "me@evil.example", ":tada:", "&lt;img src=x&gt;", "<img src=x>", "[a](https://x)",
        "![a](https://x)", "**b**", "`@team` @team", "<!-- x -->", "a\n\n@team", "$x$",
    ],
)  # fmt: skip
def test_text_of_files_is_no_markup_and_mentions_nobody(words: str) -> None:
    change = Change(Action.UPDATE, "item", "a", reason=words)
    text = to_markdown(Plan("main", (change,), 0, (Problem(f"it says {words}"),)))
    for line in text.splitlines()[1:]:
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        assert re.fullmatch(r"[-\w .:(),;*'/]*", outside), line
        assert not re.search(r"www\.|://|@|GH-", outside)


def test_a_difference_that_many_jobs_share_is_told_once() -> None:
    changes = tuple(Change(Action.UPDATE, "item", f"j{n}", reason="definition changed") for n in range(3))
    edits = {"j0": "+a", "j1": "+a", "j2": "+b"}
    diffs = {one.key: [f"--- {one.full_name}", "+++", "@@ -1 +1 @@", edits[one.full_name]] for one in changes}
    text = to_text(Plan("main", changes), diffs)
    assert text.count("+a") == 1
    assert "(the same difference as j0)" in text
    assert "+b" in text
    assert to_json(Plan("main", changes), diffs)["changes"][1]["diff"] == diffs[changes[1].key]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_plan_as_a_page() -> None:
    page = _Page()
    page.feed(to_html(PLAN, DIFF))
    assert page.open == []
    for words in ("pay/<b>", "+<a>2</a>", 'job "x": no', "1 to create"):
        assert words in page.text
    assert "<script" not in to_html(PLAN)
    assert "http" not in to_html(PLAN)
    assert "and 7000 more in 70 other folders" in to_html(many(10_000, 100))


def test_outcomes() -> None:
    problem = Problem('"pay/api": Jenkins dropped it', Where("jobs.py", 3))
    lost = ChangeOutcome(NEW, "incomplete", (problem,))
    result = ApplyResult(
        [lost, ChangeOutcome(GONE, "done"), ChangeOutcome(NEW, "queued"), ChangeOutcome(NEW, "failed")]
    )
    result.outcomes += [
        ChangeOutcome(NEW, "incomplete", (Problem("not known", rule="read back"),)),
        ChangeOutcome(NEW, "unbuilt"),
    ]
    assert [outcome_line(one) for one in result.outcomes] == [
        '! pay/api  created, but not all of it was kept\n    jobs.py:3: error: "pay/api": Jenkins dropped it',
        "o old  disabled",
        "+ pay/api  build queued",
        "! pay/api  create failed",
        "! pay/api  created, but the next run must check it\n    error: not known",
        "! pay/api  build not queued",
    ]
    assert result_line(result) == "1 done, 2 incomplete, 1 failed, 1 queued, 1 unbuilt"
    assert result_line(ApplyResult()) == "nothing to do"
    assert not result.ok
    assert json.loads(json.dumps(result_json(result)))["outcomes"][0]["problems"][0]["severity"] == "error"


def test_one_line() -> None:
    assert (
        summary(Plan("main", (Change(Action.MOVE, "item", "n", reason="r", source="o"),), 2))
        == "1 to move, 2 unchanged"
    )
    moved = ChangeOutcome(Change(Action.MOVE, "item", "n", reason="r", source="o"), "done")
    assert outcome_line(moved, colour=True) == "\x1b[36m> n\x1b[0m  moved from o"
