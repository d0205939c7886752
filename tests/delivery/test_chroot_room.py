"""Packages really installed into disk images, and nothing left behind, whatever happens."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from roots import (
    MIB,
    disk_image,
    left_behind,
    needs_rooms,
    package,
    partitioned,
    read_file,
    tiny_root,
)

from delivery.bake.package import Package
from delivery.chroot.provision import Provisioning, provision
from delivery.chroot.workdir import abandoned, work_directory
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.timeline import Timeline

pytestmark = pytest.mark.slow

Install = Callable[..., str]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_rooms()
    return tiny_root(tmp_path_factory.mktemp("tiny") / "root")


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return disk_image(root, tmp_path_factory.mktemp("image") / "tiny.img")


@pytest.fixture
def disk(image: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(image, tmp_path / "disk.img"))


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def install(disk: Path, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-tell")

    def run(what: str | Package, on: Path = disk, seconds: float = 60.0, *, grow: bool = False) -> str:
        chosen = package(tmp_path / "hello-1.0.sh", what) if isinstance(what, str) else what
        timeline = Timeline(HostClock(), lines.append)
        with work_directory() as work, timeline.step("install", "install") as step:
            job = Provisioning(on, chosen, {"appversion": "hello-1.0"}, seconds, grow)
            return provision(job, work, partial(shutil.copyfile, chosen.source), step, timeline.say)

    return run


def test_a_package_is_installed_and_the_root_is_as_it_was_otherwise(
    install: Install, disk: Path, tmp_path: Path
) -> None:
    install(
        "echo yes >/root/made; ls -A /dev /run >/root/seen; env >>/root/seen; cat /etc/resolv.conf >>/root/seen"
    )
    assert read_file(disk, "/root/made") == "yes\n"
    seen = read_file(disk, "/root/seen")
    assert seen is not None
    assert {"null", "urandom", "shm"} <= set(seen.split())
    assert "do-not-tell" not in seen
    assert not {"vda", "sda", "loop0", "nvme0n1"} & set(
        seen.split()
    )  # no boot loader meets this host's disks
    host = Path("/etc/resolv.conf")
    assert not host.exists() or host.read_text().strip() in seen
    told = subprocess.run(
        ["debugfs", "-R", "stat /etc/resolv.conf", str(disk)], capture_output=True, text=True, check=True
    )
    assert "../run/systemd/resolve/stub-resolv.conf" in told.stdout
    assert read_file(disk, "/usr/sbin/policy-rc.d") is None
    assert "started" in (read_file(disk, "/usr/sbin/service") or "")
    assert read_file(disk, "/etc/delivery/image") == "appversion=hello-1.0\n"
    assert left_behind(tmp_path) == []


def test_what_belongs_to_one_machine_alone_is_removed(install: Install, disk: Path) -> None:
    install("echo x >/tmp/rest; echo x >/root/.bash_history")
    assert read_file(disk, "/etc/machine-id") == ""
    for gone in ("/etc/ssh/ssh_host_ed25519_key", "/tmp/rest", "/root/.bash_history"):
        assert read_file(disk, gone) is None


def test_no_service_starts_and_what_was_started_nonetheless_is_ended(
    install: Install, disk: Path, tmp_path: Path
) -> None:
    word = str(uuid.uuid4())
    install(
        "service hello start; /usr/sbin/policy-rc.d hello start 2>/dev/null || echo $? >/root/policy;"
        f" bash -c 'trap \"\" TERM HUP; sleep 1000; : {word}' & disown 2>/dev/null || true"
    )
    assert read_file(disk, "/root/policy") == "101\n"
    assert read_file(disk, "/root/started") is None
    assert left_behind(tmp_path, word) == []


def test_what_a_package_puts_in_place_of_our_files_stays(install: Install, disk: Path) -> None:
    install("rm /etc/resolv.conf; echo theirs >/etc/resolv.conf; echo '#!/bin/sh' >/usr/sbin/service")
    assert read_file(disk, "/etc/resolv.conf") == "theirs\n"
    assert read_file(disk, "/usr/sbin/service") == "#!/bin/sh\n"
    assert read_file(disk, "/usr/sbin/service.delivery-aside") is None


def test_a_failing_package_fails_with_what_it_said(
    install: Install, lines: list[str], tmp_path: Path
) -> None:
    with pytest.raises(
        DeliveryError, match=r"hello-1.0.sh could not be installed: at install \(line"
    ) as caught:
        install("echo the disk is full >&2; exit 3")
    assert "exit code 3" in caught.value.message
    assert any(line.endswith("| the disk is full") for line in lines)
    assert left_behind(tmp_path) == []


def test_another_package_than_was_looked_at_is_refused(install: Install, tmp_path: Path) -> None:
    chosen = package(tmp_path / "hello-1.0.sh", "true")
    Path(chosen.source).write_text("echo other")
    with pytest.raises(DeliveryError, match="at checksum"):
        install(chosen)


def test_an_archive_is_unpacked_and_its_own_script_is_run(
    install: Install, disk: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "shop-2.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name, text, mode in (
            ("install.sh", "#!/bin/sh\npwd >/root/where\n", 0o755),
            ("lib/a", "a\n", 0o644),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), mode
            file.addfile(member, io.BytesIO(text.encode()))
    install(package(archive, archive.read_bytes()))
    assert read_file(disk, "/root/where") == "/opt/shop\n"
    assert read_file(disk, "/opt/shop/lib/a") == "a\n"


def archive_of(path: Path, *members: tuple[str, bytes, str]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.mode = 0o755
            data = content.encode() if kind == tarfile.REGTYPE else b""
            member.size = len(data)
            if not data:
                member.linkname = content
            file.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "members",
    [
        [("../../root/evil", tarfile.REGTYPE, "x")],
        [("/root/evil", tarfile.REGTYPE, "x")],
        [("out", tarfile.SYMTYPE, "/root"), ("out/evil", tarfile.REGTYPE, "x")],
        [("out", tarfile.SYMTYPE, "../../root"), ("out/evil", tarfile.REGTYPE, "x")],
        [("a", tarfile.SYMTYPE, "b"), ("b", tarfile.SYMTYPE, "/root"), ("a/evil", tarfile.REGTYPE, "x")],
        [("hard", tarfile.LNKTYPE, "/etc/passwd"), ("hard", tarfile.REGTYPE, "evil")],
        [("hard", tarfile.LNKTYPE, "../../etc/passwd"), ("hard", tarfile.REGTYPE, "evil")],
        [("disk", tarfile.BLKTYPE, "")],
        [("tty", tarfile.CHRTYPE, "")],
        [("pipe", tarfile.FIFOTYPE, "")],
    ],
    ids=range(10),
)
def test_nothing_of_an_archive_lands_outside_its_directory(
    install: Install, disk: Path, tmp_path: Path, members: list[tuple[str, bytes, str]]
) -> None:
    before = read_file(disk, "/etc/passwd")
    archive = archive_of(tmp_path / "shop-2.0.tar.gz", *members)
    with suppress(DeliveryError):  # tar refuses some, and takes the first part of other names away
        install(package(archive, archive.read_bytes()))
    assert read_file(disk, "/root/evil") is None
    assert read_file(disk, "/etc/passwd") == before
    assert all(read_file(disk, f"/opt/shop/{name}") is None for name in ("disk", "tty", "pipe"))
    assert left_behind(tmp_path) == []


def test_devices_in_an_archive_are_named(install: Install, lines: list[str], tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "shop-2.0.tar.gz", ("disk", tarfile.BLKTYPE, ""))
    with pytest.raises(DeliveryError, match="at install"):
        install(package(archive, archive.read_bytes()))
    assert any("the archive holds devices or pipes" in line for line in lines)


@pytest.mark.parametrize(
    "plant",
    [
        "ln -sfn {secret} /etc/delivery/packages.txt",
        "rm -rf /etc/delivery; ln -sfn {folder} /etc/delivery",
        "ln -sfn {secret} /run/delivery/packages.txt",
        "mkdir /run/delivery/packages.txt",
    ],
)
def test_no_link_of_a_package_leads_to_a_file_of_this_host(
    install: Install, tmp_path: Path, plant: str
) -> None:
    """A package is installed as root; what it leaves is read and replaced outside of its root."""
    folder = tmp_path / "host"
    folder.mkdir()
    secret = folder / "packages.txt"
    secret.write_text("of this host")
    hook = plant.format(secret=secret, folder=folder)
    late = f"mkdir -p /usr/local/bin; printf '#!/bin/sh\\n{hook}\\n' >/usr/local/bin/cloud-init; chmod 755 /usr/local/bin/cloud-init"
    try:
        answer = install(late)  # cloud-init is what is called last
    except DeliveryError as error:
        answer = error.message
    assert "of this host" not in answer
    assert secret.read_text() == "of this host"
    assert [path.name for path in folder.iterdir()] == ["packages.txt"]


@pytest.mark.parametrize("name", ["install.sh", "packages.txt"])
def test_a_package_may_be_called_as_a_file_of_ours(
    install: Install, disk: Path, tmp_path: Path, name: str
) -> None:
    chosen = package(tmp_path / "hello-1.0.sh", "echo yes >/root/made")
    place = Path(chosen.source).rename(tmp_path / name)
    install(replace(chosen, source=str(place), file=name))
    assert read_file(disk, "/root/made") == "yes\n"


HOOKS = """
for name in 20-b.sh 10-a.sh 30-c.txt; do echo "echo $name >>/root/order" >/var/local/$name; done
"""


def test_hooks_are_run_in_the_order_of_their_names(install: Install, disk: Path) -> None:
    install(HOOKS)
    assert read_file(disk, "/root/order") == "10-a.sh\n20-b.sh\n"


def test_a_failing_hook_fails_the_bake(install: Install) -> None:
    with pytest.raises(DeliveryError, match="at hooks"):
        install(f"{HOOKS}\necho false >/var/local/15.sh")


def test_what_takes_too_long_is_ended(install: Install, tmp_path: Path) -> None:
    word = str(uuid.uuid4())
    with pytest.raises(DeliveryError, match="it takes longer than 1 s"):
        install(f"sleep 1000; : {word}", seconds=0.6)
    assert left_behind(tmp_path, word) == []


def test_the_root_is_found_in_its_partition(install: Install, image: Path, tmp_path: Path) -> None:
    disk = partitioned(image, tmp_path / "parted.img")
    install("echo yes >/root/made", on=disk)
    inner = tmp_path / "inner.img"
    inner.write_bytes(disk.read_bytes()[2 * MIB :])
    assert read_file(inner, "/root/made") == "yes\n"


def test_a_disk_without_a_linux_is_told(install: Install, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    empty = disk_image(tmp_path / "nothing", tmp_path / "empty.img", 8)
    with pytest.raises(DeliveryError, match="has no root file system of a Linux; it has ext4 in partition 0"):
        install("true", on=empty)
    empty.write_bytes(b"\0" * MIB)
    with pytest.raises(DeliveryError, match="has no root file system of a Linux"):
        install("true", on=empty)
    assert left_behind(tmp_path) == []


def test_a_file_system_grows_with_its_disk(install: Install, disk: Path) -> None:
    content = "tar --create --file=/root/big --sparse --directory=/ bin; exec 3<>/root/zero; for i in 1 2 3 4 5 6 7 8; do cat /bin/bash /bin/tar /bin/sort /bin/ls /bin/cp /bin/mv >>/root/fill; done; cat /root/fill /root/fill /root/fill >/root/fill2"
    with pytest.raises(DeliveryError, match="at install"):
        install(content)
    with disk.open("r+b") as file:
        file.truncate(512 * MIB)
    install(content, grow=True)


DRIVER = """
import signal, sys
from delivery.bake.package import parse, digested
from delivery.chroot.provision import Provisioning, provision
from delivery.chroot.workdir import work_directory
from delivery.clock import HostClock
from delivery.timeline import Timeline
import hashlib, pathlib, shutil

def leave(*_):
    raise SystemExit(143)

signal.signal(signal.SIGTERM, leave)
disk, file = map(pathlib.Path, sys.argv[1:])
data = file.read_bytes()
package = digested(parse(str(file)), hashlib.sha256(data).hexdigest(), len(data))
timeline = Timeline(HostClock())
with work_directory() as work, timeline.step("install", "install") as step:
    provision(Provisioning(disk, package, {}, 600), work, lambda to: shutil.copyfile(file, to), step, timeline.say)
"""


@pytest.fixture
def installing(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[subprocess.Popen[str], str]:
    """A process in the midst of an installation, and a word that is in the arguments of what it runs."""
    needs_rooms()
    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    word = str(uuid.uuid4())
    chosen = package(tmp_path / "slow-1.0.sh", f"bash -c 'trap \"\" TERM; sleep 1000; : {word}'")
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(disk), chosen.source], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while not any(word in one for one in left_behind(tmp_path, word)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    return process, word


def gone(directory: Path, word: str) -> bool:
    """Whether all is gone; the kernel takes a moment."""
    for _ in range(500):
        if not left_behind(directory, word):
            return True
        time.sleep(0.01)
    return False


def test_a_signal_leaves_nothing(installing: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    process, word = installing
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert gone(tmp_path, word)
    assert os.listdir(tmp_path / "work") == []


def test_kill_9_leaves_a_directory_and_nothing_else(
    installing: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, word = installing
    assert abandoned() == []  # it is at work
    process.kill()
    process.communicate(timeout=60)
    assert gone(tmp_path, word)
    (found,) = abandoned()
    assert found.parent == tmp_path / "work"
