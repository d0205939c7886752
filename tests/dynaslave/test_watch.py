"""A manager follows the estate's files, and goes on with the old pools while the new ones do not load."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dynaslave.pools.watch import RETRY, Declared, EstateSource, fingerprint, read
from jobdsl.errors import EstateError, Problem

POOL = 'from dynaslave import agent_pool\n\nagent_pool("{name}", label="{name}", max_agents={most})\n'


def write(root: Path, name: str, most: int = 3) -> None:
    (root / "pools.py").write_text(POOL.format(name=name, most=most))


def names(declared: Declared) -> list[str]:
    return [pool.name for pool in declared.pools]


def test_pools_come_from_the_estate(tmp_path: Path) -> None:
    write(tmp_path, "linux")
    found = read(tmp_path)
    assert names(found) == ["linux"]
    assert str(found.pools[0].where) == "pools.py:3"


def test_beyond_its_quota_an_estate_does_not_load(tmp_path: Path) -> None:
    write(tmp_path, "linux", 30)
    (tmp_path / "jobdsl.toml").write_text("[quotas]\nagents = 20\n")
    with pytest.raises(EstateError) as caught:
        read(tmp_path)
    assert "20 agents" in str(caught.value.problems[0])


def test_a_change_takes_effect_beside_the_loop(tmp_path: Path) -> None:
    write(tmp_path, "linux")
    gate = threading.Event()

    def slowly(root: Path) -> Declared:
        if gate.is_set():
            return read(root)
        first = read(root)
        gate.set()
        return first

    source = EstateSource(tmp_path, slowly)
    assert names(source.current()) == ["linux"]
    write(tmp_path, "windows")
    source.current()
    source.settle()
    assert names(source.current()) == ["windows"]


def test_files_that_do_not_load_change_nothing_but_the_problems(tmp_path: Path) -> None:
    write(tmp_path, "linux")
    source = EstateSource(tmp_path)
    (tmp_path / "pools.py").write_text("from dynaslave import agent_pool\nagent_pool('linux', max_agent=3)\n")
    source.current()
    source.settle()
    broken = source.current()
    assert names(broken) == ["linux"]
    assert "max_agents" in str(broken.problems[0])
    write(tmp_path, "windows")
    source.current()
    source.settle()
    assert names(source.current()) == ["windows"]
    assert source.current().problems == ()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(28, "No space left on device", "/tmp/x"), "No space left on device: /tmp/x"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"), "UnicodeDecodeError"),
        (EstateError([Problem("it is broken")]), "it is broken"),
    ],
)
def test_a_load_that_fails_for_any_reason_is_tried_again(tmp_path: Path, error: Exception, text: str) -> None:
    write(tmp_path, "linux")
    time, failing = [0.0], [False]

    def load(root: Path) -> Declared:
        if failing[0]:
            raise error
        return read(root)

    source = EstateSource(tmp_path, load, timer=lambda: time[0])
    failing[0] = True
    write(tmp_path, "windows")
    for time[0] in (1.0, 2.0, 3.0):
        source.current()
        source.settle()
    broken = source.current()
    assert names(broken) == ["linux"]
    assert text in str(broken.problems[0])
    failing[0] = False
    assert source.current().problems  # the files did not change
    time[0] = 1.0 + RETRY
    source.current()
    source.settle()
    assert (names(source.current()), source.current().problems) == (["windows"], ())


def test_without_a_thread_to_load_in_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "linux")
    time = [0.0]
    source = EstateSource(tmp_path, timer=lambda: time[0])
    write(tmp_path, "windows")

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert names(source.current()) == ["linux"]
    assert "can't start new thread" in str(source.current().problems[0])
    source.settle()
    assert names(source.current()) == ["windows"]


def test_only_what_matters_counts_as_a_change(tmp_path: Path) -> None:
    write(tmp_path, "linux")
    before = fingerprint(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.toml").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "pools.py").write_text("x")
    assert fingerprint(tmp_path) == before
    (tmp_path / "jobdsl.toml").write_text("")
    assert fingerprint(tmp_path) != before
