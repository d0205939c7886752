"""What a process that runs DSL files sends is not trusted."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.errors import EstateError, Where
from jobdsl.loading.collector import Gathered
from jobdsl.loading.load import load
from jobdsl.loading.protocol import LARGEST_BODY, BadFrame, Decoder, Frame, send
from jobdsl.model import Definition
from jobdsl.settings.config import LoadSettings, Settings

DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?>\n<project/>\n'


def item(full_name: str = "a/x", file: str = "a.py", old: str = "", document: str = DOCUMENT) -> Frame:
    return (["item", full_name, file, 3, old, False, "", 0], document.encode("utf-8", "surrogatepass"))


def test_a_good_item_is_taken() -> None:
    taken: list[Definition] = []
    Gathered([], taken.append).item(item(), frozenset({"a.py"}))
    assert taken == [Definition("a/x", "project", DOCUMENT, Where("a.py", 3))]


@pytest.mark.parametrize(
    "bad",
    [
        item(full_name=""),
        item(full_name="../x"),
        item(full_name="/etc/passwd"),
        item(full_name="a//x"),
        item(full_name="a\nx"),
        item(old="../x"),
        item(file="b.py"),
        item(document=""),
        item(document="<project/>"),
        item(document='<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE x><project/>'),
        item(document='<?xml version="1.0" encoding="latin-1"?>\n<project/>'),
        item(document=DOCUMENT + "\ud800"),
    ],
)
def test_a_bad_item_is_refused(bad: Frame) -> None:
    with pytest.raises(BadFrame):
        Gathered([], None).item(bad, frozenset({"a.py"}))


def test_the_kind_of_a_document_is_what_it_says_itself() -> None:
    taken: list[Definition] = []
    document = DOCUMENT.replace("project", "flow-definition")
    Gathered([], taken.append).item(item(document=document), frozenset({"a.py"}))
    assert taken[0].root == "flow-definition"


def test_nothing_a_terminal_would_obey_is_passed_on() -> None:
    gathered = Gathered([], None)
    gathered.problem((["problem", "error", "a\x1b[2Jb", "f\x07.py", 1, "\x9bh", ""], b""))
    assert str(gathered.problems[0]) == "f\ufffd.py:1: error: a\ufffd[2Jb (\ufffdh)"


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    decoder = Decoder()
    decoder.add(data)
    try:
        while decoder.next() is not None:
            pass
    except BadFrame:
        pass


@given(st.lists(st.tuples(st.text(), st.integers(1, 10**6), st.binary(max_size=50))), st.integers(1, 40))
def test_frames_come_out_as_they_went_in(sent: list[tuple[str, int, bytes]], chunk: int) -> None:
    out = BytesIO()
    for kind, line, body in sent:
        send(out, "extra", kind, "a.py", line, body=body)
    decoder, came = Decoder(), []
    data = out.getvalue()
    for at in range(0, len(data), chunk):
        decoder.add(data[at : at + chunk])
        while (frame := decoder.next()) is not None:
            came.append((frame[0][1], frame[0][3], frame[1]))
    assert came == sent
    assert not decoder.unfinished


@pytest.mark.parametrize(
    "values",
    [
        ["nothing"],
        [],
        {},
        1,
        ["item", "x"],
        ["item", "x", "a.py", "3", "", False],
        ["item", "x", "a.py", True, "", False],
        ["end", None],
    ],
)
def test_frames_of_another_shape_are_refused(values: object) -> None:
    header = json.dumps(values).encode()
    decoder = Decoder()
    decoder.add(struct.pack(">II", len(header), 0) + header)
    with pytest.raises(BadFrame):
        decoder.next()


@pytest.mark.parametrize("lengths", [(1 << 30, 0), (2, LARGEST_BODY + 1)])
def test_too_large_frames_are_refused_before_they_come(lengths: tuple[int, int]) -> None:
    decoder = Decoder()
    decoder.add(struct.pack(">II", *lengths))
    with pytest.raises(BadFrame, match="too large"):
        decoder.next()


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Load with a process that writes what it likes; gives back the problems."""
    root = tmp_path / "estate"
    root.mkdir()
    (root / "a.py").write_text("")

    def run(code: str) -> str:
        import jobdsl.loading.request
        import jobdsl.loading.worker

        head = (
            "import json, os, struct, sys, time\nimport sys\nsys.path[:] = {path!r}\n"
            "def send(*values, body=b''):\n"
            "    header = json.dumps(values).encode()\n"
            "    os.write(1, struct.pack('>II', len(header), len(body)) + header + body)\n"
            "sys.stdin.read()\n"
        )
        monkeypatch.setattr(
            jobdsl.loading.request, "_BOOT", head + code.replace("{", "{{").replace("}", "}}")
        )
        monkeypatch.setattr(jobdsl.loading.worker, "_ANSWER", 0.1)
        with pytest.raises(EstateError) as caught:
            load(root, Settings(load=LoadSettings(isolation="process", timeout_seconds=0.8)))
        return "; ".join(str(one) for one in caught.value.problems)

    return run


Says = Callable[[str], str]


@pytest.mark.parametrize(
    "code",
    [
        "send('hello')\nos.write(1, b'garbage' * 100)",
        "send('hello')\nsend('hello')",
        "send('hello')\nsend('item', '../x', 'a.py', 1, '', False)",
        "send('hello')\nsend('end', 0)\nsend('end', 0)",
        "send('ran')",
        "send('hello')\nsend('ran')\nwhile True: send('extra', 'x', 'a.py', 1, body=b'{')",
    ],
)
def test_garbage_is_a_clear_problem(says: Says, code: str) -> None:
    assert says(code).startswith("error: the DSL files returned invalid data: ")


def test_a_file_that_silently_did_not_run_is_a_problem(says: Says) -> None:
    assert says("send('hello')\nsend('ran')\nsend('end', 0)") == "a.py: error: the file did not run"


def test_names_that_are_not_sent_as_items_are_of_the_senders_files(says: Says) -> None:
    assert "an item's file is invalid" in says(
        "send('hello')\nsend('ran')\nsend('defined', 'x', False, 'b.py', 1)"
    )


def test_a_flood_of_problems_is_bounded(says: Says) -> None:
    flood = "for i in range(5000): send('problem', 'error', str(i), 'a.py', 1, '', '')"
    assert says(f"send('hello')\n{flood}\nsend('ran')\nsend('end', 0)").count(";") == 499


def test_an_early_death_is_a_clear_problem(says: Says) -> None:
    code = "send('hello')\nsend('running', 'a.py')\nos.kill(os.getpid(), 9)"
    assert says(code).startswith("a.py: error: the process that ran the DSL files ended by SIGKILL")
    code = "send('hello')\nsend('running', 'a.py')\nos._exit(7)"
    assert says(code).startswith("a.py: error: the process that ran the DSL files ended with status 7")


def test_a_half_frame_at_the_end_is_a_problem(says: Says) -> None:
    assert "ended with status 0" in says("send('hello')\nsend('ran')\nsend('end', 0)\nos.write(1, b'xx')")


def test_a_process_that_says_nothing_is_ended(says: Says) -> None:
    assert "ran longer than 0.8 seconds" in says("send('hello')\ntime.sleep(60)")
    assert "ran longer than 0.8 seconds" in says("send('hello')\nsend('ran')\ntime.sleep(60)")


def test_a_process_that_never_starts_is_no_wall(says: Says) -> None:
    assert "process: it ended at once (status 3)" in says("os._exit(3)")
