"""What the command itself spends on hostile files is bounded: memory, time, disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import jobdsl.loading.request
import jobdsl.loading.worker
from jobdsl.checks.effort import Effort
from jobdsl.checks.lint import Known
from jobdsl.cli.workflow import _findings
from jobdsl.documents.masking import masked_diff
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.documents.wording import summary_in_words
from jobdsl.errors import EstateError, JobdslError, Problem, Where
from jobdsl.loading.load import load
from jobdsl.loading.protocol import Decoder
from jobdsl.model import Definition, Estate
from jobdsl.secrets.placeholders import restored
from jobdsl.settings.config import Lint, LoadSettings, Settings, Team

pytestmark = [pytest.mark.slow, pytest.mark.sampled(3)]

HEAD = """
import json, os, struct, sys, time
sys.path[:] = {path!r}
def send(*values, body=b''):
    header = json.dumps(values).encode()
    os.write(1, struct.pack('>II', len(header), len(body)) + header + body)
own = json.loads(sys.stdin.read())["own"]
file = own[0]
"""
Sends = Callable[..., list[Problem]]


@pytest.fixture
def sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sends:
    """Load with processes that write what they like; gives back the problems."""
    root = tmp_path / "estate"
    for team in "ab":
        (root / team).mkdir(parents=True)
        (root / team / "x.py").write_text("")

    def run(code: str, **limits: object) -> list[Problem]:
        monkeypatch.setattr(
            jobdsl.loading.request, "_BOOT", HEAD + code.replace("{", "{{").replace("}", "}}")
        )
        monkeypatch.setattr(jobdsl.loading.worker, "_ANSWER", 0.1)
        settings = Settings(
            load=LoadSettings(**{"isolation": "process", "timeout_seconds": 20, **limits}),  # type: ignore[arg-type]
            teams=(Team("a", files=("a/**",)), Team("b", files=("b/**",))),
        )
        with pytest.raises(EstateError) as caught:
            load(root, settings)
        return caught.value.problems

    return run


DRIP = """
send('hello')
if file == 'a/x.py':
    send('running', file)
    REPEATED
    for _ in range(40):
        time.sleep(0.2)
        DRIP
else:
    send('running', file)
    send('problem', 'error', 'honest', file, 3, '', '')
    send('ran')
    send('end', 0)
"""


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        ("send('ran')", "os.write(1, b'\\0')"),
        ("send('ran')", "send('problem', 'warning', str(_), file, 1, '', '')"),
        ("send('ran')", "send('item', f'a/{_}', file, 1, '', False, '', 0, body=DOCUMENT)"),
        ("pass", "send('running', file)"),
        ("pass", "os.write(1, b'\\0')"),
    ],
)
def test_no_drop_renews_a_deadline(sends: Sends, first: str, drip: str) -> None:
    document = 'DOCUMENT = b\'<?xml version="1.0" encoding="UTF-8"?>\\n<project/>\\n\'\n'
    code = document + DRIP.replace("REPEATED", first).replace("DRIP", drip)
    before = time.monotonic()
    problems = sends(code, timeout_seconds=1.5)
    assert time.monotonic() - before < 6
    told = [str(problem) for problem in problems if problem.severity == "error"]
    assert any(line.startswith("a/x.py: error: ") and "longer than 1.5 seconds" in line for line in told), (
        told
    )
    assert "b/x.py:3: error: honest" in told


@pytest.mark.parametrize("again", ["send('ran')", "send('hello')", "send('alone', 'a/x.py')"])
def test_what_comes_twice_or_too_late_is_out_of_order(sends: Sends, again: str) -> None:
    problems = sends(f"send('hello')\nsend('ran')\nwhile True:\n    time.sleep(0.1)\n    {again}")
    assert all("its parts are out of order" in str(one) or "did not run" in str(one) for one in problems)


FLOOD = """
head = b'<?xml version="1.0" encoding="UTF-8"?>\\n<project>'
send('hello')
if file == 'a/x.py':
    send('running', file)
    send('ran')
    for number in range(400):
        FLOOD
else:
    time.sleep(0.5)
    send('running', file)
    send('problem', 'error', 'honest', file, 3, '', '')
    send('ran')
    send('end', 0)
"""


@pytest.mark.parametrize(
    ("flood", "limits", "setting"),
    [
        (
            "send('item', f'a/{number}', file, 1, '', False, '', 0, body=head + b'x' * 100_000 + b'</project>\\n')",
            {"process_documents_mb": 4},
            "load.process_documents_mb",
        ),
        (
            "send('item', f'a/{number}', file, 1, '', False, '', 0, body=head + b'x' * 100_000 + b'</project>\\n')",
            {"documents_mb": 4},
            "load.documents_mb",
        ),
        (
            "send('defined', f'{number}' + 'x' * 60_000, False, file, 1)",
            {"process_documents_mb": 4},
            "load.process_documents_mb",
        ),
        (
            "send('extra', 'pool', file, 1, body=b'{\"x\":[' + b'[],' * 40_000 + b'1]}')",
            {"extras_mb": 4},
            "load.extras_mb",
        ),
    ],
)
def test_what_is_too_much_is_told_at_its_file_and_the_others_go_on(
    sends: Sends, flood: str, limits: dict[str, object], setting: str
) -> None:
    problems = sends(FLOOD.replace("FLOOD", flood), **limits)
    (much,) = [one for one in problems if setting in one.hint]
    assert str(much.where) == "a/x.py"
    assert "more than 4 MB" in much.message
    assert "b/x.py:3: error: honest" in [str(one) for one in problems]


def test_one_teams_flood_of_problems_leaves_room_for_the_others(sends: Sends) -> None:
    flood = "for _ in range(20): send('problem', 'error', f'{number} {_}', file, 1, '', '')"
    code = FLOOD.replace("FLOOD", flood)
    problems = sends(code)
    assert len(problems) < 1000
    assert "b/x.py:3: error: honest" in [str(one) for one in problems]


def test_a_frame_that_comes_byte_by_byte_takes_linear_time() -> None:
    decoder, body = Decoder(), b"x" * 4_000_000
    header = b'["extra","x","a.py",1]'
    data = len(header).to_bytes(4, "big") + len(body).to_bytes(4, "big") + header + body
    before = time.process_time()
    for at in range(0, len(data), 40):
        decoder.add(data[at : at + 40])
        frame = decoder.next()
    assert frame is not None
    assert frame[1] == body
    assert time.process_time() - before < 5


def definition(body: str, *, name: str = "a/x", file: str = "a/x.py") -> Definition:
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<project>{body}</project>\n'
    return Definition(name, "project", document, Where(file, 1))


def elapsed(action: Callable[[], object]) -> float:
    """Return the seconds of processor time: what others do on the host does not count."""
    before = time.process_time()
    action()
    return time.process_time() - before


def triggers(names: Iterable[str]) -> str:
    return (
        "<publishers><hudson.tasks.BuildTrigger>"
        f"<childProjects>{','.join(names)}</childProjects></hudson.tasks.BuildTrigger></publishers>"
    )


@pytest.mark.parametrize(
    "body",
    [
        triggers(f"missing-{number:05}-{number * 7919 % 10007}" for number in range(3000)),
        triggers("x" * 5000 + str(number) for number in range(300)),
        "<triggers><hudson.triggers.TimerTrigger><spec>"
        + "\n".join(f"{n % 60} {n % 24} * * {n % 7}" for n in range(20_000))
        + "</spec></hudson.triggers.TimerTrigger></triggers>",
        "<scm class='hudson.plugins.git.GitSCM'>"
        + "".join(f"<branchez{n}>1</branchez{n}>" for n in range(20_000))
        + "</scm>",
        "<builders><hudson.tasks.Shell><command>"
        + "TOKEN=abcDEF123456\n" * 60_000
        + "</command></hudson.tasks.Shell></builders>",
    ],
    ids=["unknown jobs", "long names", "cron lines", "unknown fields", "secrets"],
)
def test_lint_is_bounded_and_the_others_are_checked(tmp_path: Path, body: str) -> None:
    names = [f"job-{number:05}-{number * 7907 % 10009}" for number in range(400)]
    honest = [
        definition("<assignedNode>&amp;&amp;</assignedNode>", name=f"b/{name}", file="b/x.py")
        for name in names
    ]
    estate = Estate((definition(body), *honest))
    settings = Settings(lint=Lint(file_timeout_seconds=10))
    found: list[Problem] = []
    took = elapsed(lambda: found.extend(_findings(tmp_path, estate, settings, Known(), ()).problems))
    assert took < 30
    assert sum(one.rule == "unknown-label" for one in found if one.where == Where("b/x.py", 1)) == 400
    assert len(found) < 30_000


def test_what_is_not_checked_to_its_end_is_an_error_of_that_file() -> None:
    now = iter(range(1000))
    effort = Effort(3, lambda: next(now))
    for file, expected in (("a/x.py", 3), ("b/x.py", 3)):
        problems = iter([Problem(str(number), Where(file, 1)) for number in range(100)])
        *others, last = effort.bounded(definition("", file=file), problems)
        assert len(others) > expected - 2
        assert last.severity == "error"
        assert f"what {file} defines take longer than 3 seconds" in last.message
        assert "lint.file_timeout_seconds" in last.hint


def test_the_warnings_of_a_template_are_no_limit_to_the_jobs_of_its_loop(tmp_path: Path) -> None:
    jobs = [definition("<assignedNode>a &amp;&amp; b</assignedNode>", name=f"job-{n}") for n in range(3000)]
    found = _findings(tmp_path, Estate(tuple(jobs)), Settings(), Known(labels=["c"]), ()).problems
    assert {(one.rule, one.severity) for one in found} == {("unknown-label", "warning")}
    assert len(found) == 6000


@pytest.mark.parametrize("distinct", [1, 2, 150, 10_000_000])
def test_a_difference_of_long_texts_takes_bounded_time(distinct: int) -> None:
    lines = [f"line {number * 7919 % 10007 % distinct}" for number in range(150_000)]
    sides = [parse(f"<project><description>{chr(10).join(text)}</description></project>") for text in (
        lines, ["first", *lines[1:], "last"], lines[::-1]
    )]  # fmt: skip
    for other in sides[1:]:
        before = time.process_time()
        shown = masked_diff(sides[0], other, "job")
        assert time.process_time() - before < 20
        assert len(shown) < 2100
    assert any(line.startswith("+last") for line in masked_diff(sides[0], sides[1], "job"))


@pytest.mark.parametrize(
    "line", ["TOKEN{}=abcDEF{:06}", "curl -u a:pw{1:06} x", "${{jobdsl:secret:n{0}}} {1}"]
)
def test_a_difference_with_many_secrets_takes_bounded_time(line: str) -> None:
    sides = [
        parse(
            "<project><builders><hudson.tasks.Shell><command>"
            + "\n".join(line.format(number, number + shift) for number in range(20_000))
            + "</command></hudson.tasks.Shell></builders></project>"
        )
        for shift in (0, 1)
    ]
    shown: list[str] = []
    values = {f"n{number}": f"value-{number}" for number in range(20_000)}
    assert elapsed(lambda: shown.extend(masked_diff(sides[0], sides[1], "job", values))) < 30
    assert not any("abcDEF0" in text or "pw0" in text for text in shown)


def test_changes_in_words_take_bounded_time() -> None:
    before, after = (
        parse(
            "<project><builders>"
            + "".join(f"<a.B><x>{number % 7 + shift}</x></a.B>" for number in range(30_000))
            + "</builders><properties>"
            + "<a.P/>" * 30_000
            + "</properties></project>"
        )
        for shift in (0, 1)
    )
    assert elapsed(lambda: summary_in_words(before, after)) < 5


def test_placeholders_are_restored_in_bounded_time() -> None:
    wanted = "\n".join(f"x{number} ${{jobdsl:secret:a{number}}}" for number in range(50_000))
    assert elapsed(lambda: restored(wanted, "y\n" * 50_000)) < 5


def test_filling_secrets_takes_linear_time() -> None:
    document = f'<project a="${{jobdsl:secret:a/own}}"><d>{"${jobdsl:secret:a/own} " * 300_000}</d></project>'
    secrets = Secrets({"a/own": "v\n"})
    filled: list[str] = []
    assert elapsed(lambda: filled.append(secrets.fill(document))) < 5
    assert filled[0].startswith('<project a="v&#10;"><d>v\n v\n')


def test_a_short_document_cannot_grow_without_end() -> None:
    secrets = Secrets({"key": "x" * 100_000})
    with pytest.raises(JobdslError, match="more than 16 MB"):
        secrets.fill("<d>" + "${jobdsl:secret:key}" * 300_000 + "</d>")


def test_an_error_lists_a_few_names_without_a_value() -> None:
    with pytest.raises(JobdslError, match="and 99980 more") as caught:
        Secrets().fill("".join(f"${{jobdsl:secret:{number}}}" for number in range(100_000)))
    assert len(caught.value.message) < 500
