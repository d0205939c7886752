"""What DSL files, Jenkins and AWS say never reaches a terminal, a log or a page uncleaned."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from delivery import cli as delivery_cli
from delivery.bake.result import BakeResult
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.timeline import Timeline
from delivery.timeline_report import markdown, svg
from dynaslave.manager import logs
from dynaslave.manager.journal import JournalEntry
from dynaslave.manager.metrics import Metrics
from dynaslave.manager.status import AgentRow, PoolRow, QueueRow, Status
from dynaslave.web.page import render as page_of
from jobdsl.applying.outcomes import ChangeOutcome
from jobdsl.cli import main as jobdsl_cli
from jobdsl.cli.console import Progress, say, say_problems
from jobdsl.errors import EstateError, Problem, Where
from jobdsl.loading.load import load
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.printable import json_text, one_line, plain_words, printable, printable_xml
from jobdsl.reports.html import to_html
from jobdsl.reports.junit import junit
from jobdsl.reports.markdown import to_markdown
from jobdsl.reports.plans import outcome_line, to_json, to_text
from jobdsl.settings.config import LoadSettings, Settings

EVIL = "\x1b]0;title\x07\x1b[2J\x9b31m\u202edlrow\u2066\u200b\u2028\ufeff\U000e0041\x7f\r\b"
HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
HARMLESS = "grüße 日本 שלום مرحبا 👩‍💻 tab\t"


def clean(text: str) -> None:
    assert HOSTILE.search(text) is None, ascii(text)


def test_the_answer_of_a_server_is_one_line_of_words() -> None:
    page = "<!doctype html>\n<html><style>p {color: red}</style>\n<title>404 Not Found</title>\n<h1>Not &amp; Found</h1>"
    assert plain_words(page) == "404 Not Found Not & Found"
    assert plain_words(repr(page.encode())).strip("b' ") == "404 Not Found Not & Found"
    assert plain_words("weight < 5 and\n size > 3") == "weight < 5 and size > 3"
    assert len(plain_words("<p>" + "x" * 5000)) < 600


def test_what_is_replaced_and_what_stays() -> None:
    clean(printable(EVIL + "\ud800"))
    clean(one_line(EVIL + "\n\t"))
    assert "\n" not in one_line("a\nb")
    assert printable(HARMLESS + "\n") == HARMLESS + "\n"
    value = {"a": EVIL + HARMLESS}
    clean(json_text(value))
    assert json.loads(json_text(value)) == value
    assert HARMLESS.rstrip("\t") in json_text(value)
    document = "<d>\x9b\u202e</d>"
    clean(printable_xml(document))
    assert ET.fromstring(printable_xml(document)).text == "\x9b\u202e"


NAME = f"a/{EVIL}"


@pytest.fixture
def plan() -> Plan:
    where = Where(f"{EVIL}.py", 3)
    document = f"<project><description>&#x202e;{'x'}</description></project>"
    changes = [
        Change(action, "item", NAME, reason=f"changed {EVIL}\nfake: line", where=where, document=document)
        for action in (Action.CREATE, Action.UPDATE)
    ]
    return Plan(
        "main", tuple(changes), 0, (Problem(f"bad {EVIL}\nb.py:1: error: fake", where, EVIL, job=NAME),)
    )


def test_every_report_of_a_plan_is_clean(plan: Plan) -> None:
    diffs = {change.key: [f"--- {NAME}", f"+++ {NAME}", f"+{EVIL}"] for change in plan.changes}
    for colour in (False, True):
        text = to_text(plan, diffs, colour=colour)
        clean(re.sub("\x1b\\[[0-9]+m", "", text))
        assert "\nb.py:1: error: fake" not in text
    clean(to_markdown(plan, diffs))
    clean(to_html(plan, diffs))
    clean(json_text(to_json(plan, diffs)))
    outcome = ChangeOutcome(plan.changes[1], "failed", plan.problems)
    clean(outcome_line(outcome))
    assert "\nb.py:1: error: fake" not in outcome_line(outcome)


def test_a_lint_report_is_clean_and_still_xml(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    text = junit(plan.problems, [NAME])
    clean(text)
    ET.fromstring(text)
    say_problems(plan.problems)
    say(f"removed {EVIL}")
    Progress(1, "x").line(one_line(EVIL))
    said = capsys.readouterr().err
    clean(said)
    assert "\nb.py:1: error: fake" not in said


WRITES = """
import io
from jobdsl import freestyle
io.FileIO(2, "w").write({evil!r})
"""


@pytest.mark.parametrize(
    "ends", ["", "import faulthandler\nfaulthandler._sigsegv()\n", "import posix\nposix._exit(3)\n"]
)
def test_what_a_file_writes_past_python_is_clean(
    tmp_path: Path, ends: str, capsys: pytest.CaptureFixture[str]
) -> None:
    crash = b"Fatal Python error: \x1b[2J\xe2\x80\xae owned\n" + EVIL.encode()
    (tmp_path / "a.py").write_text(WRITES.format(evil=crash) + 'freestyle("a", nonsense=1)\n' + ends)
    with pytest.raises(EstateError) as caught:
        load(tmp_path, Settings(load=LoadSettings(isolation="process")))
    for problem in caught.value.problems:
        clean(str(problem))
    say_problems(caught.value.problems)
    clean(capsys.readouterr().err)


@pytest.mark.parametrize("command", ["lint", "lint --json", "show a\u202eb"])
def test_names_are_shown_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "a.py").write_text(
        'from jobdsl import freestyle\nfreestyle("a\\u202eb", description="x\\u202ey\\x9b")\n'
        'freestyle("c", agent="&&\\u202e\\x9b[31m")\nprint("\\x1b[2J\\u202e")\n'
    )
    monkeypatch.chdir(tmp_path)
    jobdsl_cli.run([*command.split(" "), "--isolation", "process"])
    said = capsys.readouterr()
    clean(said.out)
    clean(said.err)


def test_what_the_status_page_and_metrics_show_is_clean() -> None:
    script = "<script>alert(1)</script>\"'" + EVIL + "\ud800"
    status = Status(
        script,
        1.0,
        f"https://x/{script}",
        script,
        active=False,
        holder=script,
        pools=(PoolRow(script, script, script, 1, {"busy": 1}, 0, 2, 0, 1.0, script),),
        queue=(QueueRow(1, script, script, 1.0, script, script),),
        agents=(AgentRow(script, script, "busy", 1.0, [f"https://x/job/{script}/3"], script, note=script),),
        decisions=(JournalEntry(1.0, script, script, script, script),),
        troubles=(script,),
        notes=(script,),
    )
    page = page_of(status, [])
    clean(page)
    assert "<script>" not in page
    page.encode()
    metrics = Metrics()
    metrics.polled(status)
    text = metrics.text().decode()
    clean(text)
    assert all(line.startswith(("#", "dynaslave_")) for line in text.splitlines())


def test_logs_are_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    for form in ("text", "json"):
        structlog.reset_defaults()
        logs.configure(form)
        structlog.get_logger().info("seen", name=EVIL + "\nforged line", error=EVIL)
        said = capsys.readouterr().err
        clean(re.sub("\x1b\\[[0-9]+m", "", said))
        assert len(said.splitlines()) == 1
        error = ValueError(f"{EVIL}\nforged line")
        structlog.get_logger().error("tick failed", exc_info=error)
        said = capsys.readouterr().err
        clean(re.sub("\x1b\\[[0-9]+m", "", said))
        assert "forged line" in said
        assert "\nforged line" not in said
    structlog.reset_defaults()


def test_a_timeline_is_clean_and_a_line_an_event() -> None:
    lines: list[str] = []
    timeline = Timeline(HostClock(), lines.append, title=EVIL)
    with timeline.step("install", f"instance {EVIL}\n[   0:00] done: forged") as step:
        step.note(f"| {EVIL}\x1b[8mha:AAAA\x1b[0m\nforged")
    timeline.finish(f"good\n{EVIL}", group=f"g{EVIL}<script>")
    for line in lines:
        clean(line)
        assert "\n" not in line
    said = timeline.to_json()
    clean(markdown(said))
    clean(svg(said))
    ET.fromstring(svg(said))


def test_properties_of_an_image_keep_what_its_tags_say_in_one_line() -> None:
    result = BakeResult(
        image="ami-1", image_name="n", region="r", bake_id="b\nIMAGE=ami-2", bake_key="k\rIMAGE=ami-3",
        appversion="a\\", base="ami-0", images={"eu-west-1": "ami-1"},
    )  # fmt: skip
    lines = result.properties().split("\n")
    assert [line for line in lines if line.startswith("IMAGE=")] == ["IMAGE=ami-1"]
    assert "APPVERSION=a\\\\" in lines
    assert "\r" not in result.properties()


def test_an_error_of_delivery_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    delivery_cli._print_error(DeliveryError(f"group {EVIL}\nerror: forged", hint=EVIL))
    said = capsys.readouterr().err
    clean(said)
    assert "\nerror: forged" not in said
