"""Settings, plans and packages that somebody else wrote: what they say is data, and costs little to refuse."""

from __future__ import annotations

import io
import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from delivery.bake.package import parse
from delivery.errors import DeliveryError
from delivery.settings.values import bad_pattern
from dynaslave.cli.main import run as dynaslave
from dynaslave.ec2.interruption_events import parse as notice
from dynaslave.web.server import Page, WebServer
from jobdsl.cli import main as cli
from jobdsl.errors import EstateError, JobdslError
from jobdsl.planning import planfile
from jobdsl.settings.config import loads
from jobdsl.testing import SimulatedJenkins


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 3000 + "1" + "}" * 3000,
        "x = " + "1" * 5000,
        ".".join(["a"] * 3000) + " = 1",
        "a = 1\na = 2",
        "[load]\ntimeout_seconds = inf",
        "[load]\ntimeout_seconds = nan",
        "[load]\nmemory_mb = " + "9" * 40,
        "[load]\nworkers = 99999999999",
        "[lint]\nfile_timeout_seconds = 1e300",
    ],
)
def test_a_hostile_settings_file_is_an_error(text: str) -> None:
    with pytest.raises(EstateError) as caught:
        loads(text)
    assert len(str(caught.value.problems[0])) < 300 or "unknown key" in str(caught.value.problems[0])


CHANGE = {
    "action": "create", "where": ["a.py", 1], "queue": False, "kind": "item", "full_name": "x", "reason": "r",
    "root": "project", "document": "<project/>", "source": "", "before": "", "after": "",
}  # fmt: skip
PROBLEM = {"where": None, "message": "m", "hint": "", "severity": "note", "rule": "", "job": ""}


def saved(change: dict[str, Any] | None = None, problem: dict[str, Any] | None = None, **values: Any) -> str:
    content: dict[str, Any] = {
        "format": planfile.FORMAT, "url": "", "seed": "main", "unchanged": 0, "touched": [], "stored": [],
        "changes": [{**CHANGE, **(change or {})}], "problems": [{**PROBLEM, **(problem or {})}],
    }  # fmt: skip
    return json.dumps({**content, **values})


def test_a_plan_as_it_should_be_is_read() -> None:
    assert planfile.loads(saved()).plan.changes[0].full_name == "x"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        saved().replace('"unchanged": 0', '"unchanged": ' + "1" * 5000),
        saved().replace('"unchanged": 0', '"unchanged": 1e999'),
        saved({"full_name": "../../manage"}),
        saved({"full_name": "a/../../x"}),
        saved({"full_name": "a\nb"}),
        saved({"full_name": ""}),
        saved({"source": "../x"}),
        saved({"kind": "system"}),
        saved({"action": "run"}),
        saved({"where": []}),
        saved({"where": ["a.py"]}),
        saved({"where": {"a": 1}}),
        saved(problem={"severity": "fatal"}),
        saved(changes={}),
        saved(changes=["x"]),
        saved(touched=[["item"]]),
        saved(stored=7),
        "null",
        "7",
        "",
    ],
)
def test_a_hostile_plan_is_refused(text: str) -> None:
    if "{}" in text and '"changes": {}' in text:
        assert planfile.loads(text).plan.changes == ()
        return
    with pytest.raises(JobdslError, match="not a plan of this version"):
        planfile.loads(text)


def test_a_plan_does_not_say_who_gets_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JENKINS_URL", raising=False)
    monkeypatch.setenv("JENKINS_USER", "me")
    with SimulatedJenkins() as evil:
        monkeypatch.setenv("JENKINS_TOKEN", "secret-token")
        (tmp_path / "plan.json").write_text(saved(url=evil.url))
        assert cli.run(["apply", str(tmp_path / "plan.json"), "--yes"]) == 1
        assert not evil.requests
    assert "name the controller yourself" in capsys.readouterr().err


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|a)*b",
        "(a|aa)+$",
        "(.*a){20}",
        "(?:x*)*y",
        "([a-z]+)*1",
        ".*.*.*.*.*.*=x",
        "(x{1,9}){1,99}",
        "(",
    ],
)
def test_a_pattern_that_may_take_forever_is_refused(pattern: str) -> None:
    assert bad_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["CHG[0-9]{7}", "[A-Z]+-[0-9]+", ".+", "none", r"(?:CHG|INC)\d{4,9}", "CRQ[0-9]+(-[0-9]+)?"]
)
def test_ordinary_patterns_are_taken_and_fast(pattern: str) -> None:
    assert bad_pattern(pattern) == ""


def packed(*members: tuple[str, bytes, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if isinstance(content, str):
                info.linkname = content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def deb(path: Path, control: bytes, size: int | None = None) -> Path:
    length = len(control) if size is None else size
    header = f"{'control.tar.gz':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{length:<10}`\n".encode()
    path.write_bytes(b"!<arch>\n" + header + control + b"\n" * (len(control) % 2))
    return path


FIELDS = b"Package: hello\nVersion: 1.0-1\nArchitecture: all\n"


def test_a_deb_says_what_it_is(tmp_path: Path) -> None:
    path = deb(
        tmp_path / "y_2.0-1_all.deb",
        packed(("./", tarfile.DIRTYPE, b""), ("./control", tarfile.REGTYPE, FIELDS)),
    )
    assert (parse(str(path)).name, parse(str(path)).version) == ("hello", "1.0")


@pytest.mark.parametrize(
    "control",
    [
        packed(("./control", tarfile.SYMTYPE, "./control")),
        packed(("./control", tarfile.SYMTYPE, "/etc/passwd")),
        packed(("./control", tarfile.LNKTYPE, "../../etc/passwd")),
        packed(("./control", tarfile.CHRTYPE, b"")),
        packed(("./control", tarfile.FIFOTYPE, b"")),
        packed(("./control", tarfile.DIRTYPE, b"")),
        packed(("../control", tarfile.REGTYPE, FIELDS)),
        packed(("./control", tarfile.REGTYPE, b"\0" * 50_000_000)),
        packed(*((f"./{number}", tarfile.REGTYPE, b"") for number in range(500)), ("./control", tarfile.REGTYPE, FIELDS)),
        packed(("./control", tarfile.REGTYPE, FIELDS))[:60],
        b"\x1f\x8b" + b"x" * 50,
        b"",
    ],
    ids=range(12),  # packed bytes hold the time
)  # fmt: skip
def test_a_deb_that_lies_is_named_by_its_file(tmp_path: Path, control: bytes) -> None:
    before = time.process_time()
    package = parse(str(deb(tmp_path / "y_2.0-1_all.deb", control)))
    assert (package.name, package.version) == ("y", "2.0")
    assert time.process_time() - before < 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["y_2.0-1_all.deb"]


def test_a_member_that_claims_to_be_endless_is_not_read(tmp_path: Path) -> None:
    assert parse(str(deb(tmp_path / "y_2.0-1_all.deb", b"x", size=9_999_999_999))).name == "y"


@pytest.mark.parametrize(
    "source",
    [
        "https://files.example.com/..%2f..%2f..%2fetc%2fcron.d%2fx-1.sh",
        "https://files.example.com/%2Fetc%2Fcron.d%2Fx-1.sh",
        "s3://packages/a/..%2Fx-1.deb",
        "https://files.example.com/x-1%0aok.sh",
        "https://files.example.com/x-1%1b[2J.sh",
        "https://files.example.com/x-1%e2%80%ae.sh",
        "x-1\n.sh",
        f"https://files.example.com/x-1{'a' * 300}.sh",
    ],
)
def test_a_file_whose_name_is_more_than_a_name_is_refused(source: str) -> None:
    with pytest.raises(DeliveryError, match="is no name of a file") as caught:
        parse(source, name="x", version="1")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("source", ["https://files.example.com/%2e%2e", "https://files.example.com/."])
def test_a_directory_is_no_package(source: str) -> None:
    with pytest.raises(DeliveryError):
        parse(source, kind="script")


@pytest.mark.parametrize("kind", ["deb", "rpm"])
@pytest.mark.parametrize(
    "content", [b"", b"!<arch>\n", b"\xed\xab\xee\xdb" + b"\xff" * 92, b"\0" * 96, b"x" * 96]
)
def test_a_package_that_is_a_link_is_read_as_what_it_leads_to(
    tmp_path: Path, kind: str, content: bytes
) -> None:
    """And as nothing else: a link to something that is no package gives no traceback."""
    (tmp_path / "other").write_bytes(content)
    place = tmp_path / f"y_2.0-1_all.{kind}"
    place.symlink_to(tmp_path / "other")
    try:
        answer: str = parse(str(place)).kind
    except DeliveryError as error:
        answer = error.message
    assert answer == kind or str(place) in answer


@pytest.mark.parametrize("name", ["../../x", "$(id)", "a;b", "a b", "x\x1b[2J", "..", "-rf", "a\nb"])
def test_a_name_that_is_no_word_is_refused(tmp_path: Path, name: str) -> None:
    fields = b"Package: " + name.encode() + b"\nVersion: 1\n"
    path = deb(tmp_path / "y_2.0-1_all.deb", packed(("./control", tarfile.REGTYPE, fields)))
    if "\n" in name:
        assert parse(str(path)).name == "a"
        return
    with pytest.raises(DeliveryError, match="is not a valid name"):
        parse(str(path))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "null", "[]", "7", "", "\ud800"]
)
def test_an_event_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # of any kind: the message is left in the queue
        notice(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "null", "", '"x"'])
def test_a_page_that_is_no_status_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    def page() -> Page:
        return Page(text.encode(), "application/json")

    server = WebServer("127.0.0.1", 0, {"/status.json": page})
    server.start()
    try:
        assert dynaslave(["status", "--from", server.url]) == 1
    finally:
        server.close()
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert "no manager" in printed.err
