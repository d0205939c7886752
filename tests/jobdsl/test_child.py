"""What DSL files do that they should not: it does no harm, and is told with its line."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from jobdsl.context import LoadContext
from jobdsl.errors import DslError, EstateError
from jobdsl.loading.load import load
from jobdsl.loading.running import FileRunner
from jobdsl.settings.config import LoadSettings as Limits
from jobdsl.settings.config import Settings

pytestmark = pytest.mark.slow

QUICK = Settings(load=Limits(isolation="process", timeout_seconds=20))


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., list[str]]:
    def run(text: str | bytes, settings: Settings = QUICK) -> list[str]:
        root = tmp_path / "estate"
        root.mkdir(exist_ok=True)
        (root / "a.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        (root / "z.py").write_text("from jobdsl import freestyle\nfreestyle('z', wrong=1)\n")
        with pytest.raises(EstateError) as caught:
            load(root, settings)
        lines = [str(one).partition(" (")[0] for one in caught.value.problems]
        assert lines.pop() == "z.py:2: error: freestyle has no argument 'wrong'"  # the other files go on
        return lines

    return run


Told = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\nimport sys; sys.exit(3)", "a.py:2: error: the file calls exit"),
        ("raise SystemExit", "a.py:1: error: the file calls exit"),
        ("import os\nos._exit(0)", "a.py:2: error: the file ends the process"),
        ("import os\nos.abort()", "a.py:2: error: the file ends the process"),
        ("import os\nos.kill(os.getpid(), 9)", "a.py:2: error: the file signals a process"),
        ("raise KeyboardInterrupt", "a.py:1: error: KeyboardInterrupt"),
        ("raise GeneratorExit", "a.py:1: error: GeneratorExit"),
        ("def f(): f()\nf()", "a.py:1: error: RecursionError: maximum recursion depth exceeded"),
        ("x = [0] * 10**12", "a.py:1: error: the file needs more memory than it may have"),
        ("import os\nos.fork()", "a.py:2: error: the file starts a process"),
        ("import subprocess\nsubprocess.run('ls')", "a.py:2: error: the file starts a process"),
        ("import os\nos.system('ls')", "a.py:2: error: the file starts a process"),
        ("import threading\nthreading.Thread(target=id).start()", "a.py:2: error: the file starts a thread"),
        ("import _thread\n_thread.start_new_thread(id, ())", "a.py:2: error: the file starts a thread"),
        ("import socket\nsocket.socket()", "a.py:2: error: the file uses the network"),
        (
            "from urllib.request import urlopen\nurlopen('http://127.0.0.1:9')",
            "a.py:2: error: the file uses the network",
        ),
        ("import ctypes", "a.py:1: error: the file calls into the C library"),
        ("open('x', 'w')", "a.py:1: error: the file writes 'x'"),
        ("import os\nos.remove('z.py')", "a.py:2: error: the file changes files"),
        ("import os\nos.chdir('/')", "a.py:2: error: the file changes the working directory"),
        (
            "open('/etc/passwd')",
            "a.py:1: error: the file reads '/etc/passwd', which DSL files may not read",
        ),
        (
            "import os\nos.listdir('..')",
            "a.py:2: error: the file reads '..', which DSL files may not read",
        ),
        ("input()", "a.py:1: error: EOFError: EOF when reading a line"),
        ("import os\nos.environ['TOKEN']", "a.py:2: error: KeyError: 'TOKEN'"),
        ("x = 1\ny = (\n", "a.py:2: error: SyntaxError: '(' was never closed"),
        (b"x = 1\n\0", "a.py:2: error: the file holds a null byte: it is not text"),
        (b"x = '\xff'", "a.py:1: error: SyntaxError:"),
        ("# coding: nothing\n", "a.py: error: SyntaxError: unknown encoding: nothing"),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", "a.py:3: error: E:"),
        (
            "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
            "a.py: error: E, and then SystemExit",
        ),
        (
            "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
            "a.py:2: error: the file raises the limit of recursion to 1000000000, over 10000",
        ),
        ("import sys\nsys.addaudithook(lambda *_: 1/0)", "a.py:2: error: the file watches what Python does"),
        ("import sys\nsys.settrace(lambda *_: 1/0)", "a.py:2: error: the file watches what Python does"),
        ("import sqlite3\nsqlite3.connect('x')", "a.py:2: error: the file opens a database"),
        ("import fcntl\nfcntl.fcntl(0, fcntl.F_SETOWN, 1)", "a.py:2: error: the file changes what is open"),
        ("import mmap\nmmap.mmap(-1, 4096)", "a.py:2: error: the file maps memory"),
        ("import asyncio\nasyncio.run(asyncio.sleep(0))", "a.py:2: error: "),
        (
            "class N(str):\n    def __eq__(self, other): 1/0\n    __hash__ = str.__hash__\n"
            "from jobdsl import freestyle\nfreestyle(N('n'))",
            "a.py:2: error: ZeroDivisionError: division by zero",
        ),
        ("raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])", "a.py:1: error: two"),
    ],
)
def test_told(told: Told, text: str | bytes, problem: str) -> None:
    first = next(one for one in told(text) if ": error: " in one)
    assert first == problem or first.startswith(problem)


def test_caught_by_the_file_is_told_all_the_same(told: Told) -> None:
    text = "import os\ntry:\n    os.fork()\nexcept BaseException:\n    pass\n"
    assert told(text) == ["a.py:3: error: the file starts a process"]


def test_the_environment_is_empty_and_who_reads_it_is_told(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JENKINS_TOKEN", "secret")
    text = """import os
os.environ.get("JENKINS_TOKEN")
os.getenv("JENKINS_TOKEN")
assert not dict(os.environ), dict(os.environ)
assert "HOME" not in os.environ
"""
    assert [line.partition(":")[2] for line in told(text)] == [
        "2: warning: the file reads the environment",
        "3: warning: the file reads the environment",
        "4: warning: the file reads the environment",
        "5: warning: the file reads the environment",
    ]


def test_output_is_capped_and_told_once(told: Told) -> None:
    text = "import sys\nfor i in range(100_000):\n    print('spam')\nprint('x' * 10**7, file=sys.stderr)\n"
    (only,) = told(text)
    assert only.startswith("a.py:3: warning: the file prints: spam | spam")
    assert len(only) < 400


def test_output_past_python_is_told(told: Told) -> None:
    for module, problem in (
        ("os", "a.py:3: warning: the file prints: rawraw"),
        ("posix", "warning: the files write to standard output without Python: rawraw"),
    ):
        loop = f"for i in range(1000):\n    {module}.write(1, b'raw' * 1000)\n    {module}.write(2, b'raw')\n"
        (only,) = told(f"import {module}\n{loop}")
        assert only.startswith(problem)


IMPATIENT = Settings(load=Limits(isolation="process", timeout_seconds=0.5))


def test_an_endless_loop_is_ended_and_its_line_told(told: Told) -> None:
    text = "while True:\n    try:\n        id(1)\n    except BaseException: pass\n"
    (only,) = told(text, IMPATIENT)
    place, _, rest = only.partition(": error: ")
    assert rest == "the DSL files ran longer than 0.5 seconds; this was running"
    assert place in ("a.py:1", "a.py:2", "a.py:3")


def test_a_loop_inside_c_code_is_ended_too(told: Told) -> None:
    (only,) = told("\nsum(range(10**15))\n", IMPATIENT)
    assert only.startswith("a.py:2: error: the DSL files ran longer")


def test_a_file_that_does_not_answer_where_it_is_is_ended(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobdsl.loading.worker._ANSWER", 0.1)
    text = "import signal\nsignal.signal(signal.SIGURG, signal.SIG_IGN)\nwhile True: pass\n"
    (only,) = told(text, IMPATIENT)
    assert only == "a.py: error: the DSL files ran longer than 0.5 seconds; this was running"


def test_a_crash_of_python_is_told_with_its_line(told: Told) -> None:
    text = "import faulthandler\nfaulthandler._sigsegv()\n"
    assert told(text) == ["a.py:2: error: Python itself crashed here: Segmentation fault"]


def test_who_imports_a_file_that_crashed_is_not_told_again(told: Told, tmp_path: Path) -> None:
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "b.py").write_text("import a\n")
    text = "import faulthandler\nfaulthandler._sigsegv()\n"
    assert told(text) == ["a.py:2: error: Python itself crashed here: Segmentation fault"]


GARBAGE = "import posix\nfor fd in range(3, 20):\n    try: posix.write(fd, b'garbage' * 10)\n    except OSError: pass\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "import os\nos.closerange(0, 256)\n",
            "the process that ran the DSL files ended with status 1; this was running",
        ),
        (
            "import posix\nposix._exit(0)\n",
            "the process that ran the DSL files ended with status 0; this was running",
        ),
        (GARBAGE, "the DSL files returned invalid data: a part of it is too large"),
        (
            "import jobdsl.loading.child\njobdsl.loading.child.send = None\n",
            "the process that ran the DSL files ended with status 1; this was running",
        ),
    ],
)
def test_who_spoils_the_way_back_is_named(told: Told, text: str, problem: str) -> None:
    assert told(text) == [f"a.py: error: {problem}"]


def test_what_runs_is_known_also_after_an_import(told: Told, tmp_path: Path) -> None:
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "b.py").write_text("x = 1\n")
    text = "import b\nimport posix\nposix._exit(3)\n"
    assert told(text)[0].startswith("a.py: error: the process that ran the DSL files ended with status 3")


def test_an_exception_in_a_finalizer_is_a_warning_at_its_line(told: Told) -> None:
    text = "class C:\n    def __del__(self):\n        1/0\nC()\n"
    assert told(text) == ["a.py:3: warning: an exception that cannot be caught: ZeroDivisionError"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    state = LoadContext(str(tmp_path), ["gone.py"])
    with pytest.raises(DslError):
        FileRunner(state, ["gone.py"]).run("gone.py", ModuleType("gone"))
    assert [str(one) for one in state.problems] == [
        "gone.py: error: the file cannot be read: No such file or directory"
    ]


def test_memory_is_bounded(told: Told) -> None:
    settings = Settings(load=Limits(isolation="process", timeout_seconds=20, memory_mb=100))
    text = "x = []\nwhile True:\n    x.append('y' * 1_000_000)\n"
    assert told(text, settings) == ["a.py:3: error: the file needs more memory than it may have"]


def test_hidden_files_of_the_estate_cannot_be_read(told: Told, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    (root / ".git").mkdir(parents=True)
    (root / ".git/config").write_text("token")
    (root / "secrets.toml").write_text("token")
    settings = replace(QUICK, secrets="secrets.toml")
    for name in (".git/config", "secrets.toml", str(root / "secrets.toml"), "x/../.git/config"):
        (only,) = told(f"from jobdsl import read_file\nopen({name!r})\n", settings)
        assert only == f"a.py:2: error: the file reads {name!r}, which DSL files may not read"


def test_no_descriptor_but_the_three_is_inherited(told: Told) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        (only,) = told(f"import os\nos.fstat({write})\n")
        assert only == "a.py:2: error: OSError: [Errno 9] Bad file descriptor"
    finally:
        os.close(read)
        os.close(write)
