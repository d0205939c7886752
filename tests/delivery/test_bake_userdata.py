"""The user data of a bake, run: in a copy of this system that is thrown away, with apt, dpkg and a fake shutdown."""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from delivery.bake import package, userdata
from delivery.bake.package import Package
from delivery.bake.proof import manifest, verdict

pytestmark = pytest.mark.slow

ON_INSTANCE = Path(userdata.__file__).parent / "on_instance.py"
SHUTDOWN = '#!/bin/sh\necho "$@" >>/bake/shutdown\n'
INSIDE = """
set -e
mount -t tmpfs none {room}
mkdir {room}/up {room}/work {room}/root
mount -t overlay overlay -o lowerdir=/,upperdir={room}/up,workdir={room}/work {room}/root
mount --rbind /dev {room}/root/dev
mount -t proc proc {room}/root/proc
mkdir {room}/root/bake
cp -r {folder}/. {room}/root/bake/
install -m 755 {folder}/shutdown.sh {room}/root/usr/local/sbin/shutdown
printf '#!/bin/sh\\nexit 0\\n' >{room}/root/usr/local/sbin/systemctl
chmod 755 {room}/root/usr/local/sbin/systemctl
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DELIVERY_CONSOLE=/bake/console \\
    DELIVERY_PAUSE=0 chroot {room}/root bash /bake/user-data >{folder}/output 2>&1 || echo $? >{folder}/code
cp -r {room}/root/bake {folder}/after
cp -r {room}/root/etc/delivery {folder}/after/ 2>/dev/null || true
{more}
"""


def can_overlay() -> str:
    """Why no copy of this system can be thrown away; empty if it can."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("dpkg-deb"):
        return "needs root, unshare and dpkg"
    probe = "d=$(mktemp -d); mount -t tmpfs none $d && mkdir $d/u $d/w $d/r && mount -t overlay overlay -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r"
    done = subprocess.run(["unshare", "-m", "sh", "-c", probe], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


WHY_NOT = can_overlay()
real = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "never")


def play(folder: Path, text: str, more: str = "") -> str:
    """Run user data as root in a copy of this system; gives what it said."""
    (folder / "user-data").write_text(text)
    (folder / "shutdown.sh").write_text(SHUTDOWN)
    room = folder.parent / f"{folder.name}-room"
    room.mkdir()
    inside = INSIDE.format(
        room=shlex.quote(str(room)), folder=shlex.quote(str(folder)), more=more.format(room=room)
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", inside], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    room.rmdir()
    return (folder / "output").read_text()


def said(folder: Path, file: Path, source: str = "", **more: object) -> tuple[str, Package]:
    content = file.read_bytes()
    found = package.digested(package.parse(str(file)), hashlib.sha256(content).hexdigest(), len(content))
    facts = {"appversion": f"{found.name}-{found.full_version}"}
    where: dict[str, object] = {"url": source} if source else {"content": content}
    return userdata.script("bake-1", found, facts=facts, minutes=5, **{**where, **more}), found  # type: ignore[arg-type]


def make_deb(folder: Path, postinst: str = "exit 0") -> Path:
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: bake-hello\nVersion: 1.2.0-h15.abc1234\nArchitecture: all\nMaintainer: a <a@b.test>\nDescription: x\n"
    (tree / "DEBIAN/control").write_text(control)
    (tree / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{postinst}\n")
    (tree / "DEBIAN/postinst").chmod(0o755)
    (tree / "var/local").mkdir(parents=True)
    (tree / "var/local/10-hello.sh").write_text("echo hooked >/bake/hooked\n")
    file = folder / "bake-hello_1.2.0-h15.abc1234_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, file], check=True, capture_output=True)
    return file


@pytest.mark.thorough
@real
def test_a_deb_is_installed_hooked_listed_and_proven(tmp_path: Path) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    text, _ = said(folder, make_deb(tmp_path))
    more = (
        "ls {room}/root/var/lib/delivery {room}/root/etc/ssh/ssh_host_* >"
        + str(folder / "left")
        + " 2>/dev/null || true"
    )
    output = play(folder, text, more)
    assert not (folder / "code").exists(), output
    assert verdict("bake-1", "", (folder / "after/console").read_text()) == (True, "")
    packages = manifest(output)
    assert "bake-hello 1.2.0-h15.abc1234 all" in packages
    assert packages == (folder / "after/delivery/packages.txt").read_text()
    assert "appversion=bake-hello-1.2.0-h15.abc1234" in (folder / "after/delivery/image").read_text()
    assert (folder / "after/hooked").read_text() == "hooked\n"
    first, last = (folder / "after/shutdown").read_text().splitlines()
    assert first.startswith("-h +5")
    assert last == "-h now delivery: bake bake-1 is done"
    assert (folder / "left").read_text() == "", "neither work files nor host keys stay"


def make_rpm(folder: Path, before: str = "return 0") -> Path:
    """Its script is in RPM's own Lua: no package of this system is said to have a shell."""
    spec = folder / "hello.spec"
    spec.write_text(
        "Name: bake-hello\nVersion: 1.2.0\nRelease: h15.abc1234\nSummary: x\nLicense: x\nBuildArch: noarch\n"
        "AutoReqProv: no\n%description\nx\n"
        "%install\nmkdir -p %{buildroot}/var/local\n"
        "echo 'echo hooked >/bake/hooked' >%{buildroot}/var/local/10-hello.sh\n"
        f"%pre -p <lua>\n{before}\n%files\n/var/local/10-hello.sh\n"
    )
    words = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/rpm", str(spec)]
    subprocess.run(words, check=True, capture_output=True)
    (file,) = (folder / "rpm/RPMS").rglob("*.rpm")
    return file


rpms = pytest.mark.skipif(
    not (shutil.which("rpmbuild") and shutil.which("dnf")), reason="needs rpmbuild and dnf"
)


@pytest.mark.thorough
@real
@rpms
def test_an_rpm_is_installed_hooked_and_listed(tmp_path: Path) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    text, found = said(folder, make_rpm(tmp_path))
    assert (found.name, found.full_version) == ("bake-hello", "1.2.0-h15.abc1234")
    output = play(folder, text)
    assert not (folder / "code").exists(), output
    assert verdict("bake-1", "", (folder / "after/console").read_text()) == (True, "")
    assert "bake-hello 1.2.0-h15.abc1234 noarch" in manifest(output)
    assert (folder / "after/hooked").read_text() == "hooked\n"


@real
@rpms
def test_an_rpm_that_refuses_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    text, _ = said(folder, make_rpm(tmp_path, 'error("no room for me")'))
    output = play(folder, text)
    told = verdict("bake-1", "", (folder / "after/console").read_text())
    assert told is not None, output
    assert not told.ok
    assert told.why.startswith("at install")
    assert "no room for me" in output


@real
@pytest.mark.parametrize(
    ("content", "change", "where"),
    [
        ("exit 7", "", "at install"),
        ("exit 0", "checksum", "at checksum"),
        ("exit 0", "hook", "at hooks"),
    ],
)
def test_whatever_fails_is_said_and_the_instance_stops(
    tmp_path: Path, content: str, change: str, where: str
) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    file = tmp_path / "hello-1.sh"
    hook = "mkdir -p /var/local; echo exit 3 >/var/local/x.sh" if change == "hook" else ":"
    file.write_text(f"#!/bin/sh\n{hook}\n{content}\n")
    text, found = said(folder, file)
    if change == "checksum":
        text = text.replace(found.sha256, "0" * 64)
    output = play(folder, text)
    told = verdict("bake-1", "", (folder / "after/console").read_text())
    assert told is not None, output
    assert not told.ok
    assert told.why.startswith(where)
    assert (folder / "after/shutdown").read_text().splitlines()[-1] == "-h now delivery: bake bake-1 failed"
    assert (folder / "code").read_text() == "1\n"


@real
def test_an_archive_brings_its_units_and_installs_itself(tmp_path: Path) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    file = tmp_path / "app-1.4.2.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text, mode in (
            ("systemd/app.service", "[Service]\nExecStart=/bin/true\n", 0o644),
            ("install.sh", "#!/bin/sh\npwd >/bake/installed\n", 0o755),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), mode
            archive.addfile(member, io.BytesIO(text.encode()))
    text, _ = said(folder, file)
    output = play(folder, text, "cp {room}/root/etc/systemd/system/app.service " + str(folder))
    assert not (folder / "code").exists(), output
    assert (folder / "after/installed").read_text() == "/opt/app\n"
    assert "ExecStart" in (folder / "app.service").read_text()


class Files(BaseHTTPRequestHandler):
    """Serves one package; S3 and EC2 are asked with signatures."""

    seen: list[tuple[str, str, str]]
    content = b"#!/bin/sh\necho fetched >/bake/fetched\n"

    def do_PUT(self) -> None:
        self._answer(b"token")

    def do_GET(self) -> None:
        self.seen.append(("GET", self.path, self.headers.get("authorization", "")))
        metadata = {
            "/latest/meta-data/iam/security-credentials/": b"baker",
            "/latest/meta-data/iam/security-credentials/baker": b'{"AccessKeyId": "AKIA1", "SecretAccessKey": "s", "Token": "t"}',
            "/latest/meta-data/placement/region": b"eu-west-1",
            "/latest/meta-data/services/domain": b"amazonaws.com",
            "/latest/meta-data/instance-id": b"i-1",
        }
        if self.path.endswith("hello-1.sh"):
            self._answer(self.content)
        elif self.path in metadata:
            self._answer(metadata[self.path])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.seen.append(("POST", body, self.headers.get("authorization", "")))
        self._answer(b"<ok/>")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    handler = type("Own", (Files,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def helper(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program on the instance, with its metadata and AWS at a server of ours."""
    ours = {
        "DELIVERY_IMDS": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ENDPOINT_URL_EC2": f"{url}/",
        "DELIVERY_PAUSE": "0",
    }
    command = ["python3", "-I", str(ON_INSTANCE), *arguments]
    return subprocess.run(
        command, env={"PATH": os.environ["PATH"], **ours}, capture_output=True, text=True, check=False
    )


def test_a_package_is_fetched_from_a_bucket_with_the_role_of_the_instance(
    files: tuple[str, list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    url, seen = files
    done = helper(url, "fetch", "s3://packages/team a/hello-1.sh", str(tmp_path / "got"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_bytes() == Files.content
    _, path, proof = seen[-1]
    assert path == "/packages/team%20a/hello-1.sh"
    assert proof.startswith("AWS4-HMAC-SHA256 Credential=AKIA1/")
    assert (
        "/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
        in proof
    )


def test_an_instance_tags_itself(files: tuple[str, list[tuple[str, str, str]]]) -> None:
    url, seen = files
    assert helper(url, "tag", "delivery:proof", "ok bake-1").returncode == 0
    body, proof = seen[-1][1:]
    assert "ResourceId.1=i-1&Tag.1.Key=delivery%3Aproof&Tag.1.Value=ok+bake-1" in body
    assert "/eu-west-1/ec2/aws4_request" in proof


def test_a_package_that_is_not_there_is_told(
    files: tuple[str, list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    done = helper(files[0], "fetch", f"{files[0]}/gone.deb", str(tmp_path / "got"))
    assert done.returncode == 1
    assert done.stderr.count("404") >= 1
    assert "Traceback" not in done.stderr


@pytest.mark.thorough
@real
def test_a_package_is_fetched_by_the_script(
    files: tuple[str, list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    folder = tmp_path / "bake"
    folder.mkdir()
    file = tmp_path / "hello-1.sh"
    file.write_bytes(Files.content)
    text, _ = said(folder, file, source=f"{files[0]}/hello-1.sh")
    output = play(folder, text)
    assert (folder / "after/fetched").exists(), output


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
@pytest.mark.parametrize("name", ["a_1_all.deb", "a-1-1.noarch.rpm", "a-1.tar.gz", "a-1.sh"])
@pytest.mark.parametrize("tags", [True, False])
def test_shellcheck_finds_nothing(tmp_path: Path, name: str, tags: bool) -> None:
    found = package.digested(package.parse(f"https://r.test/it's/{name}"), "0" * 64, 1)
    text = userdata.script("bake-1", found, facts={"a": "b"}, minutes=5, url=found.source, tag_itself=tags)
    done = subprocess.run(
        ["shellcheck", "--norc", "-"], input=text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
