"""Builds of templates that really run: with make, npm, and Ant with Ivy."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from templates_runs import repository, run

from jobdsl import publish, steps
from jobdsl.templates import library, webapp
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build

pytestmark = [pytest.mark.slow, pytest.mark.sampled(4)]

SERVICES = Path(__file__).parents[2] / "examples" / "storefront" / "services"
JARS = [Path("/usr/share/java") / name for name in ("ivy.jar", "junit4.jar", "hamcrest.jar")]
MAKEFILE = """all:
\techo built >app
test: all
\tmkdir -p reports
\techo '<testsuite name="s"><testcase classname="c" name="ok"/></testsuite>' >reports/all.xml
dist: all
\tmkdir -p dist
\tcp app dist/app-$${RELEASE_VERSION:-$$BUILD_NUMBER}
publish:
\tcp dist/* '$(REPOSITORY_URL)'
"""


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True) as running:
        running.add_credentials("artifacts", username="publisher", password="pr1vate")
        yield running


def test_make(jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "Makefile").write_text(MAKEFILE)
    published = tmp_path / "published here"
    published.mkdir()
    builds = webapp("app", repo=repository(tmp_path / "source"), build="make", repository=str(published))
    main = run(jenkins, builds["main"])
    assert (main.result, list(main.artifacts)) == ("SUCCESS", ["dist/app-1"]), main.console
    assert [one.name for one in published.iterdir()] == ["app-1"]
    proposed = run(jenkins, builds.pull_request, BRANCH="main")
    assert proposed.result == "SUCCESS", proposed.console
    assert [one.name for one in published.iterdir()] == ["app-1"]
    released = run(jenkins, builds.release, RELEASE_VERSION="1.4.2", BRANCH="main")
    assert released.result == "SUCCESS", released.console
    assert sorted(one.name for one in published.iterdir()) == ["app-1", "app-1.4.2"]
    refused = run(jenkins, builds.release, RELEASE_VERSION="no version", BRANCH="main")
    assert refused.result == "FAILURE"
    assert "is no version: like 1.4.2" in refused.console


def test_only_tags_of_the_remote_stop_a_release(jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "Makefile").write_text(MAKEFILE)
    builds = webapp("app", repo=repository(source), build="make")
    builds.release.steps.after("check", {"left": steps.shell("git tag -f v1.4.2; git tag -f v1.4.3")})

    def release(version: str) -> Build:
        return run(jenkins, builds.release, RELEASE_VERSION=version, BRANCH="main")

    def tag(*words: str) -> None:
        subprocess.run(["git", "tag", *words], cwd=source, check=True, capture_output=True)

    assert release("1.4.2").result == "SUCCESS"
    again = release("1.4.2")
    assert again.result == "SUCCESS", again.console  # its tag is in the workspace, and was never pushed
    tag("v1.4.2")
    refused = release("1.4.2")
    assert refused.result == "FAILURE"
    assert "v1.4.2 is tagged already" in refused.console
    tag("-d", "v1.4.2")
    assert release("1.4.2").result == "SUCCESS"


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_node(
    jenkins: SimulatedJenkins, over_http: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_update_notifier", "false")
    package = {"name": "prices", "version": "0.1.0"}
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (tmp_path / "source").mkdir()
    (tmp_path / "source/package.json").write_text(json.dumps({**package, "scripts": {"test": "node -e 0"}}))
    (tmp_path / "source/package-lock.json").write_text(json.dumps(lock))
    repo = repository(tmp_path / "source")
    access = {"repository": over_http.url, "repository_credentials": "artifacts"}
    builds = library("prices", repo=repo, build="node", **access)
    main = run(jenkins, builds["main"])
    assert (main.result, list(main.artifacts)) == ("SUCCESS", ["packages/prices-0.1.0.tgz"]), main.console
    assert over_http.files == {}
    done = run(jenkins, builds.release, RELEASE_VERSION="1.2.0", BRANCH="main")
    assert done.result == "SUCCESS", done.console
    assert over_http.writers == {"publisher"}
    assert "prices-1.2.0.tgz" in json.loads(over_http.files["/store/prices"])["_attachments"]
    secret = base64.b64encode(b"publisher:pr1vate").decode()
    assert secret not in done.console


class Repository(ThreadingHTTPServer):
    """A repository that takes HTTP PUT from who knows the password, and lists its directories."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files: dict[str, bytes] = {}
        self.writers: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/store"


class _Answers(BaseHTTPRequestHandler):
    server: Repository

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        user, _, password = (
            base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
            .decode()
            .partition(":")
        )
        if password != "pr1vate":
            self._answer(401, WWW_Authenticate='Basic realm="Artifactory Realm"')
            return
        self.server.writers.add(user)
        self.server.files[self.path] = body
        self._answer(201)

    def do_GET(self) -> None:
        files = self.server.files
        if self.path in files:
            self._answer(200, files[self.path])
            return
        folder = self.path.rstrip("/") + "/"
        names = {
            name.removeprefix(folder).partition("/")[0] + "/" * ("/" in name.removeprefix(folder))
            for name in files
            if name.startswith(folder)
        }
        listing = "".join(f'<a href="{name}">{name}</a>\n' for name in sorted(names))
        self._answer(
            200 if names else 404, f"<html><body>{listing}</body></html>".encode(), Content_Type="text/html"
        )

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def over_http() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ant with Ivy and JUnit of this machine, and a cache of the test's own."""
    if shutil.which("ant") is None or not all(jar.exists() for jar in JARS):
        pytest.skip(
            "needs Ant, Ivy and JUnit: apt-get install ant ant-optional ivy junit4 default-jdk-headless"
        )
    jars = ":".join(str(jar) for jar in JARS[1:])
    monkeypatch.setenv("ANT_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # quick to start
    monkeypatch.setenv("ANT_ARGS", f"-Divy.default.ivy.user.dir={tmp_path / 'ivy'} -Dtest.jars={jars}")


def source(tmp_path: Path, name: str) -> str:
    shutil.copytree(SERVICES / name, tmp_path / name)
    return repository(tmp_path / name)


def inside(war: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(war)).namelist())


@pytest.mark.usefixtures("ant")
def test_ant_and_ivy_with_a_directory(jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    published = tmp_path / "published"
    money = library("money", repo=source(tmp_path, "money"), build="ant", repository=str(published))
    shop = webapp(
        "shop",
        repo=source(tmp_path, "shop"),
        build="ant",
        repository=str(published),
        artifacts=publish.archive("dist/*.war*"),
    )
    for version in ("1.0.0", "1.1.0"):
        done = run(jenkins, money.release, RELEASE_VERSION=version, BRANCH="main")
        assert done.result == "SUCCESS", done.console
        assert "Tests run: 1, Failures: 0" in done.console
        assert list(done.artifacts) == [f"dist/money-{version}.jar"]
        assert (published / f"releases/com.example/money/{version}/money-{version}.jar.sha1").is_file()

    done = run(jenkins, shop["main"])
    assert done.result == "SUCCESS", done.console
    war = done.artifacts["dist/shop-2.0-snapshot.1.war"]
    assert {
        "WEB-INF/lib/money-1.1.0.jar",
        "WEB-INF/classes/com/example/shop/Basket.class",
        "index.html",
    } <= inside(war)
    assert (published / "snapshots/com.example/shop/2.0-snapshot.1/ivy-2.0-snapshot.1.xml").is_file()
    # the build file's own `package` went on where the standard one ended
    assert "cbf.package:" in done.console
    assert "dist/shop-2.0-snapshot.1.war.sha256" in done.artifacts


@pytest.mark.usefixtures("ant")
def test_ant_and_ivy_over_http(jenkins: SimulatedJenkins, over_http: Repository, tmp_path: Path) -> None:
    access = {"repository": over_http.url, "repository_credentials": "artifacts"}
    money = library("money", repo=source(tmp_path, "money"), build="ant", **access)
    shop = webapp("shop", repo=source(tmp_path, "shop"), build="ant", **access)
    for job, parameters in (
        (money.release, {"RELEASE_VERSION": "1.1.0", "BRANCH": "main"}),
        (shop["main"], {}),
    ):
        done = run(jenkins, job, **parameters)
        assert done.result == "SUCCESS", done.console
        assert "pr1vate" not in done.console
    assert over_http.writers == {"publisher"}
    assert "/store/releases/com.example/money/1.1.0/money-1.1.0.jar.sha1" in over_http.files
    war = over_http.files["/store/snapshots/com.example/shop/2.0-snapshot.1/shop-2.0-snapshot.1.war"]
    assert "WEB-INF/lib/money-1.1.0.jar" in inside(war)
    again = run(jenkins, money.release, RELEASE_VERSION="1.1.0", BRANCH="main")
    assert again.result == "FAILURE", again.console


@pytest.mark.usefixtures("ant")
def test_tests_that_fail_end_the_build_with_their_results(jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    shutil.copytree(SERVICES / "money", tmp_path / "money")
    test = tmp_path / "money/src/test/java/com/example/money/MoneyTest.java"
    test.write_text(test.read_text().replace("3.05", "3.06"))
    published = tmp_path / "published"
    money = library("money", repo=repository(tmp_path / "money"), build="ant", repository=str(published))
    done = run(jenkins, money["main"])
    assert done.result == "FAILURE", done.console
    assert "tests failed: see " in done.console
    assert not published.exists()
