"""A deb really installed by apt into a Debian, as a bake does it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
from roots import debian, left_behind, needs_rooms, read_file

from delivery.bake.package import Package, digested, parse
from delivery.chroot.provision import Provisioning, provision
from delivery.chroot.workdir import work_directory
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.timeline import Timeline

pytestmark = pytest.mark.slow

INIT = """#!/bin/sh
### BEGIN INIT INFO
# Provides: hello
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop:
### END INIT INFO
echo "$1" >>/root/started
"""
POSTINST = """#!/bin/sh
set -e
echo configured >>/root/configured
update-rc.d hello defaults
invoke-rc.d hello start
"""


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    needs_rooms()
    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    copy = tmp_path / "disk.img"
    subprocess.run(["cp", "--sparse=always", str(debian(tmp_path_factory)), str(copy)], check=True)
    return copy


def deb(
    folder: Path, version: str, postinst: str = POSTINST, depends: str = "init-system-helpers"
) -> Package:
    """Build hello_VERSION_all.deb: a service that starts when it is installed, and a hook."""
    tree = folder / f"hello-{version}"
    files = {
        "DEBIAN/control": f"Package: hello-service\nVersion: {version}\nArchitecture: all\nDepends: {depends}\n"
        "Maintainer: Nobody <nobody@example.com>\nDescription: says hello\n",
        "DEBIAN/postinst": postinst,
        "etc/init.d/hello": INIT,
        "var/local/50-hello.sh": "dpkg-query -W -f '${Version}' hello-service >/root/hooked\n",
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
        (tree / name).chmod(0o644 if name.endswith("control") else 0o755)
    made = folder / f"hello-service_{version}_all.deb"
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", str(tree), str(made)], check=True, capture_output=True
    )
    data = made.read_bytes()
    return digested(parse(str(made)), hashlib.sha256(data).hexdigest(), len(data))


def install(disk: Path, chosen: Package, lines: list[str]) -> str:
    timeline = Timeline(HostClock(), lines.append)
    with work_directory() as work, timeline.step("install", "install") as step:
        fetch = partial(shutil.copyfile, chosen.source)
        return provision(Provisioning(disk, chosen, {}, 300), work, fetch, step, timeline.say)


@pytest.mark.thorough
def test_a_deb_is_installed_and_its_service_waits_for_the_first_boot(disk: Path, tmp_path: Path) -> None:
    installed = install(disk, deb(tmp_path, "1.2.0-h15.abc1234"), []).splitlines()
    assert "hello-service 1.2.0-h15.abc1234 all" in installed
    assert any(line.startswith("apt ") for line in installed)
    assert read_file(disk, "/root/configured") == "configured\n"
    assert read_file(disk, "/root/started") is None
    assert read_file(disk, "/root/hooked") == "1.2.0-h15.abc1234"
    assert (read_file(disk, "/etc/delivery/packages.txt") or "").splitlines() == installed
    status = read_file(disk, "/var/lib/dpkg/status") or ""
    assert "Package: hello-service\nStatus: install ok installed" in status
    assert left_behind(tmp_path) == []


def test_a_deb_that_fails_is_told_in_its_own_words(disk: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(DeliveryError, match="at install"):
        install(disk, deb(tmp_path, "1.0", "#!/bin/sh\necho no database >&2\nexit 1\n"), lines)
    assert any(line.endswith("| no database") for line in lines)
    lines.clear()
    with pytest.raises(DeliveryError, match="at install"):
        install(disk, deb(tmp_path, "2.0", depends="no-such-package"), lines)
    assert any("hello-service : Depends: no-such-package" in line for line in lines)
    assert left_behind(tmp_path) == []
