"""Damaged DSL files: a clear problem or a right result, never a traceback, whatever was damaged.

JOBDSL_FUZZ sets how many files are tried (10000 takes some minutes).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("JOBDSL_FUZZ", "150"))
AT_ONCE = 50
LOAD = """\
import json, resource, sys
from pathlib import Path
from jobdsl.errors import EstateError
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings
try:
    problems = load(Path(sys.argv[1]), Settings(load=LoadSettings(timeout_seconds=30, memory_mb=400))).warnings
except EstateError as error:
    problems = error.problems
print(json.dumps({
    "kilobytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    "problems": [[str(problem), problem.message, problem.where and problem.where.file] for problem in problems],
}))
"""
"""Loads an estate in a process of its own: the memory of its children is then that of this load alone."""

GOOD = '''\
"""Jobs of a team: café."""
from jobdsl import element, folder, freestyle, list_view, pipeline, read_file, template, xml

REPO = "https://git.example.com/app.git"


def service(name, *, steps=(), **more):
    make = element("hudson.tasks.Shell", command="make")
    job = freestyle(name, description=f"Builds {name}", steps=[make, *steps])
    job.override(more)
    return job


with folder("team", description="<b>x & y</b>"):
    for number, kind in enumerate(["web", "api", "db"]):
        job = service(f"{kind}-{number}", keep=30 + number, agent="linux && docker")
        job.patch("builders/hudson.tasks.Shell/command", f"make {kind}")
    pipeline("deploy", script="node { sh 'x' }", queue=True, renamed_from="old/deploy")
    list_view("all", jobs=["web-0"], regex=".*")
    freestyle("raw", steps=[xml("<a><b>1</b></a>")])
'''


def flipped(source: bytes, pick: random.Random) -> bytes:
    data = bytearray(source)
    for _ in range(pick.randint(1, 8)):
        data[pick.randrange(len(data))] = pick.randrange(256)
    return bytes(data)


def cut(source: bytes, pick: random.Random) -> bytes:
    return source[: pick.randrange(len(source))]


def without(source: bytes, pick: random.Random) -> bytes:
    start = pick.randrange(len(source))
    return source[:start] + source[start + pick.randint(1, 40) :]


def swapped_words(source: bytes, pick: random.Random) -> bytes:
    words = source.split(b" ")
    for _ in range(3):
        one, other = pick.randrange(len(words)), pick.randrange(len(words))
        words[one], words[other] = words[other], words[one]
    return b" ".join(words)


def repeated(source: bytes, pick: random.Random) -> bytes:
    start = pick.randrange(len(source))
    piece = source[start : start + pick.randint(1, 30)]
    return source[:start] + piece * pick.choice([2, 100, 5000]) + source[start:]


def nested(source: bytes, pick: random.Random) -> bytes:
    opening, closing = pick.choice(
        [(b"(", b")"), (b"[", b"]"), (b"-", b""), (b"not ", b""), (b"lambda: ", b"")]
    )
    deep = pick.choice([50, 150, 3000, 100_000])
    return source + b"\nx = " + opening * deep + b"1" + closing * deep + b"\n"


def huge(source: bytes, pick: random.Random) -> bytes:
    return (
        source
        + b"\nx = '"
        + b"y" * pick.choice([10**5, 10**6, 5 * 10**6])
        + b"'\nfreestyle('huge', description=x)\n"
    )


def otherwise_encoded(source: bytes, pick: random.Random) -> bytes:
    return source.decode().encode(pick.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig", "cp037"]))


def declared(source: bytes, pick: random.Random) -> bytes:
    return (
        b"# coding: " + pick.choice([b"latin-1", b"rot13", b"utf-16", b"nonsense", b"\xff"]) + b"\n" + source
    )


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    flipped,
    flipped,
    cut,
    without,
    swapped_words,
    repeated,
    nested,
    huge,
    otherwise_encoded,
    declared,
]


def assert_clear(text: str, message: str, file: str | None) -> None:
    assert message.strip()
    assert "Traceback" not in text
    assert "/jobdsl/" not in text
    assert "site-packages" not in text
    assert len(text) < 10_000
    assert file is None or file.startswith("f")


@pytest.mark.parametrize("seed", range(max(COUNT // AT_ONCE, 1)))
def test_damaged_files(seed: int, tmp_path: Path) -> None:
    pick = random.Random(seed)
    for number in range(AT_ONCE):
        source = GOOD.replace('"team"', f'"team{number}"').encode()
        (tmp_path / f"f{number:02}.py").write_bytes(pick.choice(MUTATIONS)(source, pick))
    run = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path], capture_output=True, text=True, check=True, timeout=300
    )
    result = json.loads(run.stdout)
    assert result["problems"]
    for problem in result["problems"]:
        assert_clear(*problem)
    assert result["kilobytes"] < 600 * 1024
