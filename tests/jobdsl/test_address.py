"""A login inside an address signs in, and shows nowhere: not in messages, plans, or errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from dynaslave.cli.main import run as dynaslave
from jobdsl.cli.main import run
from jobdsl.controller.address import split_login, without_login, without_logins
from jobdsl.controller.answer import Response
from jobdsl.controller.errors import refusal
from jobdsl.controller.jenkins import connect
from jobdsl.errors import ControllerError, JobdslError
from jobdsl.exit_codes import WRONG_USAGE
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

TOKEN = "s3cr3t-t0ken"


@pytest.mark.parametrize(
    ("url", "user", "token", "expected"),
    [
        ("https://bot:tok@h/x", None, None, ("https://h/x", "bot", "tok")),
        ("https://bot:t%40%2Fk@h:8443/", None, None, ("https://h:8443/", "bot", "t@/k")),
        ("https://bot:a@b@h/", None, None, ("https://h/", "bot", "a@b")),
        ("https://bot@h/", None, None, ("https://h/", "bot", None)),
        ("https://bot:@h/", None, "own", ("https://h/", "bot", "own")),
        ("https://bot:tok@h/", "other", None, ("https://h/", "other", None)),
        ("https://bot:tok@h/", "bot", None, ("https://h/", "bot", "tok")),
        ("https://bot:tok@h/", "other", "own", ("https://h/", "other", "own")),
        ("https://h/", "bot", "tok", ("https://h/", "bot", "tok")),
    ],
)  # fmt: skip
def test_a_login_is_taken_out(
    url: str, user: str | None, token: str | None, expected: tuple[str | None, ...]
) -> None:
    assert tuple(split_login(url, user, token)) == expected


BROKEN = [
    f"https://bot:{TOKEN}/x@h/", f"https://bot:1/{TOKEN}@h/", f"https://bot:{TOKEN}#x@h/", f"https://bot:1?{TOKEN}@h/",
    f"bot:{TOKEN}@h", f"ftp://bot:{TOKEN}@h/", f"https://bot:{TOKEN}@", f"https://bot:{TOKEN}@[h/", f"https://bot:{TOKEN}@h:port/",
    f"https://bot:{TOKEN}@h/job/x/", f"https:/bot:{TOKEN}@h/", f"//bot:{TOKEN}@h/",
]  # fmt: skip


@pytest.mark.parametrize("url", BROKEN)
def test_what_is_no_address_is_refused_without_its_login(url: str) -> None:
    with pytest.raises(ControllerError) as caught:
        connect(url)
    assert TOKEN not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


@pytest.mark.parametrize("command", [["lint"], ["plan"], ["apply", "--yes"]])
@pytest.mark.parametrize(
    "url", [*BROKEN, f"http://bot:{TOKEN}@127.0.0.1:9/", f"http://bot:{TOKEN}@no.such.host.invalid/"]
)
def test_no_command_repeats_it(
    tmp_path: Path,
    command: list[str],
    url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.py").write_text("")
    monkeypatch.setenv("JENKINS_URL", url)
    assert run([*command, str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err
    assert "Traceback" not in told.err


def test_commands_sign_in_with_it_and_save_plans_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    estate, saved, page = tmp_path / "estate", tmp_path / "plan.json", tmp_path / "plan.html"
    estate.mkdir()
    (estate / "a.py").write_text('from jobdsl import freestyle\nfreestyle("a")\n')
    with SimulatedJenkins() as jenkins:
        jenkins.add_user("bot", token=TOKEN)
        url = jenkins.url.replace("://", f"://bot:{TOKEN}@")
        assert run(["plan", str(estate), "--url", jenkins.url, "--user", "bot", "--token", "wrong"]) == 1
        assert run(["plan", str(estate), "--url", url, "--out", str(saved), "--html", str(page)]) == 2
        assert run(["apply", str(saved), "--url", url, "--yes"]) == 0
        assert "a" in jenkins.items
        saved.write_text(saved.read_text().replace(jenkins.url, "https://bot:old-t0ken@other.example/"))
        assert run(["apply", str(saved), "--url", url, "--yes"]) == 1
    told = capsys.readouterr()
    assert "other.example" in told.err
    everything = told.out + told.err + saved.read_text().replace("old-t0ken@", "") + page.read_text()
    assert TOKEN not in everything
    assert "old-t0ken" not in told.err


def test_a_wrong_token_in_an_address_is_told_without_it() -> None:
    with SimulatedJenkins() as jenkins:
        jenkins.add_user("bot", token="right")
        controller = connect(jenkins.url.replace("://", f"://bot:{TOKEN}@"), sleep=lambda _: None)
        with pytest.raises(ControllerError, match='user "bot"') as caught:
            controller.inventory()
    assert TOKEN not in str(caught.value)


def test_redirects_are_told_without_a_login() -> None:
    import urllib3

    headers = urllib3.HTTPHeaderDict({"Location": f"https://bot:{TOKEN}@h/x?y=1"})
    error = refusal(Response(302, headers, b""), "read", None)
    assert "redirected to https://h/x" in str(error)


@pytest.mark.parametrize(
    "proxy",
    [
        f"http://bot:{TOKEN}@",
        f"http://bot:{TOKEN}@:x/",
        f"socks5://bot:{TOKEN}@h",
        f"http://bot:{TOKEN}@127.0.0.1:9",
    ],
)
def test_proxies_are_not_repeated(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(JobdslError) as caught:
        connect("http://jenkins.example/", sleep=lambda _: None).inventory()
    assert TOKEN not in f"{caught.value} {caught.value.hint}"


def test_settings_take_no_login(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (f"https://bot:{TOKEN}@h/", f"https://bot:{TOKEN}/x@h/"):
        (tmp_path / "jobdsl.toml").write_text(f'[controller]\nurl = "{url}"\n')
        assert run(["lint", str(tmp_path)]) == 1
        told = capsys.readouterr().err
        assert "jobdsl.toml:2: error: controller.url" in told
        assert TOKEN not in told


@pytest.mark.parametrize("option", ["--repo", "--controller-url"])
def test_the_seed_job_takes_no_login(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"--repo": "https://git.example.com/x.git", option: f"https://bot:{TOKEN}@h/"}
    with SimulatedJenkins() as jenkins:
        arguments = [word for pair in options.items() for word in pair]
        assert run(["bootstrap", "--url", jenkins.url, "--yes", *arguments]) == 1
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err
    assert option in told.err


def test_addresses_for_people() -> None:
    assert without_login("https://a:b@c/d") == "https://c/d"
    assert without_login("https://c/d") == "https://c/d"
    assert without_logins(f"404 for url: http://bot:{TOKEN}@h/x") == "404 for url: http://h/x"


@pytest.mark.parametrize(
    "page", [f"http://bot:{TOKEN}@127.0.0.1:9/", f"ftp://bot:{TOKEN}@h/", f"http://bot:{TOKEN}/@h"]
)
def test_a_status_page_is_named_without_its_login(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dynaslave(["status", "--from", page]) == 1
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err
    assert "error" in told.err


def test_agents_get_no_login(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynaslave.manager.logs.configure", lambda *_: None)  # the log of other tests
    (tmp_path / "a.py").write_text("")
    with SimulatedJenkins() as jenkins:
        options = ["--url", jenkins.url, "--agents-url", f"http://bot:{TOKEN}@h/", "--provider", "simulated"]
        assert dynaslave(["once", str(tmp_path), *options]) == 1
    told = capsys.readouterr().err
    assert "--agents-url http://h/ has a user or token" in told
    assert TOKEN not in told


@pytest.mark.parametrize("command", [["import", "--out", "x"], ["plan"], ["lint"]])
def test_an_address_in_the_place_of_a_directory_is_told_without_its_login(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, f"https://bot:{TOKEN}@h/"]) == WRONG_USAGE
    told = capsys.readouterr().err
    assert "https://h/" in told
    assert TOKEN not in told
