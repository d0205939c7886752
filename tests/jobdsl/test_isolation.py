from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import jobdsl.loading.worker
from jobdsl.errors import EstateError
from jobdsl.isolation import walls as isolation
from jobdsl.loading.load import load
from jobdsl.model import Estate
from jobdsl.settings.config import LoadSettings, Settings

pytestmark = pytest.mark.slow

Run = Callable[..., Estate]


def _why_no_landlock() -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from jobdsl.isolation import landlock; landlock.enter(['/'], [])"],
        capture_output=True,
        text=True,
    )
    assert "ImportError" not in done.stderr, done.stderr  # that would be us, not the host
    return done.stderr.strip().rpartition("\n")[2]


def _why_not(name: str) -> str:
    """Why a wall cannot be had on this host; empty if it can."""
    if name in ("process", "bare"):
        return ""
    if name == "landlock":
        return _why_no_landlock()
    if name == "bubblewrap" and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    try:
        command = {
            "bubblewrap": ["bwrap", "--unshare-all", "--ro-bind", "/", "/"],
            "namespaces": ["unshare", "-Urn"],
        }
        done = subprocess.run([*command[name], "true"], capture_output=True, text=True)
    except FileNotFoundError as error:
        return str(error)
    return done.stderr.strip()


@pytest.fixture(params=["bubblewrap", "namespaces", "landlock"])
def wall(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    return name


@pytest.fixture(autouse=True)
def forget_what_was_missing() -> Iterator[None]:
    before = dict(isolation.missing)
    isolation.missing.clear()
    yield
    isolation.missing.clear()
    isolation.missing.update(before)


WALLS = ["bubblewrap", "namespaces", "landlock", "process", "bare"]
USUAL = """
import contextlib, json, locale, os, pathlib, time, zipfile, zoneinfo
from jobdsl import freestyle
here = pathlib.Path(__file__).parent
with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
    print("x")
with pathlib.Path(os.devnull).open("ab") as nothing:
    nothing.write(b"x")
locale.setlocale(locale.LC_ALL, "C.UTF-8")
time.sleep(0.001)
freestyle("usual", description=json.dumps([
    sorted(path.name for path in here.iterdir()),
    zipfile.ZipFile(here / "data.zip").read("x").decode(),
    os.path.getsize(here / "data.zip") > 0,
    str(zoneinfo.ZoneInfo("Europe/Berlin")),
]))
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    (root / "sub").mkdir(parents=True)
    (root / "sub/jobs.py").write_text(
        "from jobdsl import freestyle, read_file\nimport lxml.etree, jinja2\n"
        "freestyle('x', description=read_file('note.txt'))\n"
    )
    (root / "note.txt").write_text("read")
    return root


def test_an_estate_loads_alike_behind_every_wall(wall: str, estate: Path) -> None:
    behind, plain = load(estate, isolation=wall), load(estate, isolation="process")
    assert behind.definitions == plain.definitions
    assert "no network" in behind.isolation
    assert "not walled off" in plain.isolation


@pytest.mark.parametrize("name", WALLS)
def test_what_files_usually_do_works_behind_every_wall(name: str, tmp_path: Path) -> None:
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("x", "zipped")
    (tmp_path / "usual.py").write_text(USUAL)
    loaded = load(tmp_path, isolation=name)
    assert loaded.warnings == ()
    assert "zipped" in loaded.definitions[0].document


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces"])
def test_a_wall_without_the_filter_says_that_it_is_not_isolated(name: str, estate: Path) -> None:
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    loaded = load(estate, isolation=f"{name}-unfiltered")
    assert "; not isolated: system calls are not filtered on this host" in loaded.isolation


def test_required_takes_no_wall_that_lacks_something() -> None:
    assert [wall.name for wall in isolation.walls("required") if wall.lacks] == []
    lacking = {wall.name: wall.sentence for wall in isolation.walls("auto") if wall.lacks}
    assert list(lacking)[-2:] == ["process", "bare"]
    for name in ("process", "bare"):
        assert "not isolated: " in lacking[name]
        assert "credentials" in lacking[name]
        assert "within reach" in lacking[name]


def test_a_host_without_the_filter_is_not_isolated(estate: Path) -> None:
    for name in ("bubblewrap", "namespaces", "landlock"):
        isolation.missing[name] = "KeyError: 'ppc64le'"
    with pytest.raises(EstateError) as caught:
        load(estate, isolation="required")
    assert "KeyError: 'ppc64le'" in str(caught.value.problems[0])
    loaded = load(estate)
    assert "not isolated" in loaded.isolation
    assert "KeyError: 'ppc64le'" in loaded.isolation


CLIMB = """
import gc, sys
from jobdsl import freestyle
for one in gc.get_objects():  # what a file that means harm does first: switch the guard rail off
    if type(one).__name__ == "Guard":
        one._on = False
import os, socket
def tried(what, *args):
    try:
        return repr(what(*args))
    except OSError as error:
        return type(error).__name__
OUTSIDE = {outside!r}
found = [
    tried(open, OUTSIDE),
    tried(open, os.path.join(os.path.dirname(__file__), "new"), "w"),
    tried(lambda: open(os.path.join(os.path.dirname(__file__), "secrets.toml")).read()),
    tried(os.listdir, os.path.join(os.path.dirname(__file__), ".git")),
    tried(open, os.path.join(os.path.dirname(__file__), ".git", "config")),
    tried(socket.create_connection, ("127.0.0.1", {port}), 1),
    tried(open, "/proc/1/environ"),
    sorted(os.environ.data),
]
freestyle("found", description="\\n".join(map(str, found)))
"""


def test_the_wall_stands_where_the_guard_rail_is_climbed(wall: str, estate: Path, tmp_path: Path) -> None:
    import socket

    (tmp_path / "outside").write_text("not to be read")
    (estate / ".git").mkdir()
    (estate / ".git/config").write_text("token")
    (estate / "secrets.toml").write_text("token")
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = CLIMB.format(outside=str(tmp_path / "outside"), port=server.getsockname()[1])
        (estate / "a.py").write_text(text)
        made = load(estate, Settings(secrets="secrets.toml"), isolation=wall)
    document = next(one.document for one in made.definitions if one.full_name == "found")
    lines = document.partition("<description>")[2].partition("</description>")[0].splitlines()
    missing, read_only, secret, git, git_config, network, other, environment = lines
    barred = ("FileNotFoundError", "PermissionError")
    assert missing in barred
    assert read_only in ("OSError", "PermissionError")
    assert secret in ("''", "PermissionError")
    assert git in ("[]", "['config']")  # its names are no secret, what is in it is
    assert git_config in barred
    assert network in ("OSError", "ConnectionRefusedError", "PermissionError")
    assert other in barred
    assert environment == "[]"
    assert not (estate / "new").exists()


STRAY = """
import os, posix
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            while True: pass
        posix._exit(0)
except OSError:
    pass
"""


STAY = """
import ctypes, time
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG: not to end with the one that started it
try:
    os.setsid()
except OSError:
    pass
while True:
    time.sleep(1)
"""


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """The processes that loads of this test have started and that are still there."""
    mark = f"STARTED_BY={tmp_path}".encode()

    def alive() -> list[str]:
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    found.append((place / "status").read_text())
        return found

    monkeypatch.setitem(jobdsl.loading.worker._ENVIRONMENT, "STARTED_BY", str(tmp_path))
    return alive


def gone(alive: Callable[[], list[str]]) -> bool:
    """Whether they all end, as those that were killed do in a moment."""
    end = time.monotonic() + 20
    while (left := alive()) and time.monotonic() < end:
        pass
    return not left


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces", "landlock", "process"])
def test_nothing_a_file_starts_outlives_its_load(
    name: str, estate: Path, marked: Callable[[], list[str]]
) -> None:
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    (estate / "a.py").write_text(CLIMB.partition("OUTSIDE")[0] + STRAY)
    made = load(estate, isolation=name)  # it would hang if the grandchild kept the pipes
    assert [one.full_name for one in made.definitions] == ["x"]
    assert gone(marked)


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces", "landlock", "process", "bare"])
def test_a_hang_is_told_at_its_line_and_ended_behind_every_wall(
    name: str, estate: Path, marked: Callable[[], list[str]]
) -> None:
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    (estate / "a.py").write_text("import time\n\ntime.sleep(10**6)\n")
    (estate / "b.py").write_text("1/0\n")
    with pytest.raises(EstateError) as caught:
        load(estate, Settings(load=LoadSettings(file_timeout_seconds=1)), isolation=name)
    assert [str(one) for one in caught.value.problems] == [
        "a.py:3: error: the file runs longer than 1 seconds; this was running "
        "(an endless loop? the limit is load.file_timeout_seconds in jobdsl.toml)",
        "b.py:1: error: ZeroDivisionError: division by zero",
    ]
    assert gone(marked)


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces", "landlock", "process"])
def test_nothing_outlives_whoever_loads_however_that_ends(
    name: str, estate: Path, marked: Callable[[], list[str]], tmp_path: Path
) -> None:
    if why := _why_not(name):
        pytest.skip(f"no {name} on this host: {why}")
    (estate / "a.py").write_text(CLIMB.partition("OUTSIDE")[0] + STAY)
    code = (
        "import jobdsl.loading.worker, jobdsl.loading.load, pathlib\n"
        f"jobdsl.loading.worker._ENVIRONMENT['STARTED_BY'] = {str(tmp_path)!r}\n"
        f"jobdsl.loading.load.load(pathlib.Path({str(estate)!r}), isolation={name!r})\n"
    )
    loading = subprocess.Popen([sys.executable, "-c", code])
    while not marked() and loading.poll() is None:
        pass
    loading.kill()
    assert loading.wait() == -9
    assert gone(marked)


def test_auto_takes_what_there_is_and_says_so(estate: Path) -> None:
    strongest = next(
        name for name in ("bubblewrap", "namespaces", "landlock", "process") if not _why_not(name)
    )
    word = {
        "bubblewrap": "bubblewrap: ",
        "namespaces": "user namespaces: ",
        "landlock": "rules of the kernel: ",
        "process": "plain process: ",
    }
    assert load(estate).isolation.startswith(word[strongest])


def test_auto_goes_on_where_a_wall_cannot_be_put_up(
    estate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    estate_made = load(estate)
    assert isolation.missing["bubblewrap"] == "bwrap: No permissions to create new namespace"
    assert not estate_made.isolation.startswith("bubblewrap")


def test_where_neither_bubblewrap_nor_namespaces_can_be_had_the_kernels_rules_are_a_wall(
    estate: Path,
) -> None:
    if why := _why_not("landlock"):
        pytest.skip(f"no landlock on this host: {why}")
    isolation.missing.update(bubblewrap="not installed", namespaces="Operation not permitted")
    assert load(estate, Settings(load=LoadSettings(isolation="required"))).isolation.startswith(
        "rules of the kernel"
    )


def test_required_says_what_is_missing(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolation.missing.update(
        bubblewrap="not installed", namespaces="Operation not permitted", landlock="Function not implemented"
    )
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EstateError) as caught:
        load(estate, Settings(load=LoadSettings(isolation="required")))
    (only,) = caught.value.problems
    assert (
        "bubblewrap: not installed; namespaces: Operation not permitted; landlock: Function" in only.message
    )
    assert "install bubblewrap" in only.hint
    assert load(estate, isolation="process").isolation.startswith("plain process")


def test_the_module_path_leaves_out_where_the_command_was_started(tmp_path: Path) -> None:
    code = "import jobdsl.isolation.walls as i; p = i.places(); print(p.path); print(p.readable)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": "/nowhere"},
    )
    assert str(tmp_path) not in done.stdout
    assert "site-packages" in done.stdout


def test_packages_are_found_whatever_directory_a_checkout_is_used_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The checkout on the path has jobdsl, and jobdsl.templates elsewhere than in it."""
    root = Path(isolation.__file__).parents[2]
    if not (root / "templates").is_dir():
        pytest.skip("installed from a wheel")
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])
    monkeypatch.chdir(tmp_path)
    isolation.places.cache_clear()
    try:
        assert isolation.places().homes["jobdsl.templates"] == str(root / "templates")
        assert isolation.places().homes["jobdsl.seed_jobs"] == str(root / "seed_jobs")
    finally:
        isolation.places.cache_clear()
