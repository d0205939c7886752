"""What a bake makes of its words: packages, bases, keys, names and tags, and what a console proves."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images_strict import PACKAGES, console_of

from delivery.bake import base, fetching, image_tags, package
from delivery.bake.base import BaseImage
from delivery.bake.engine import engine
from delivery.bake.fingerprint import bake_key
from delivery.bake.proof import console_tail, manifest, verdict
from delivery.bake.request import Order, Origin
from delivery.bake.userdata import LIMIT, fits, script
from delivery.errors import DeliveryError
from delivery.names import parse_app_version

pytestmark = pytest.mark.slow

BASE = BaseImage(
    "ami-0123456789abcdef0", "debian-12", "1", "x86_64", "/dev/xvda", 8, False, {"version": "12.7"}
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("build/hello_1.2.0-h15.abc1234_amd64.deb", ("deb", "hello", "1.2.0", "h15.abc1234", "amd64")),
        ("hello_1%3a1.2-1-2_all.deb", ("deb", "hello", "1.2-1", "2", "all")),
        ("https://r.test/x/hello_2.0_arm64.deb", ("deb", "hello", "2.0", "", "arm64")),
        ("s3://b/my-app-1.2.0-h15.abc.x86_64.rpm", ("rpm", "my-app", "1.2.0", "h15.abc", "x86_64")),
        ("my-app-1.4.2.tar.gz", ("tar", "my-app", "1.4.2", "", "")),
        ("app-1.4.2-h3.beef.tgz", ("tar", "app", "1.4.2", "h3.beef", "")),
        ("setup.sh", ("script", "setup", "", "", "")),
    ],
)
def test_a_package_says_what_it_is(source: str, expected: tuple[str, ...]) -> None:
    found = package.parse(source)
    assert (found.kind, found.name, found.version, found.release, found.arch) == expected


def test_what_is_said_wins_over_the_name() -> None:
    found = package.parse("thing", kind="script", name="base-setup", version="3.1-h9.c0ffee")
    assert (found.name, found.version, found.release) == ("base-setup", "3.1", "h9.c0ffee")


@pytest.mark.parametrize(
    ("source", "words", "way_out"),
    [
        ("app.zip", "what kind is that", "--kind"),
        ("https://me:s3cret@r.test/app.deb", "holds a password or a query", "by their profile"),
        ("https://r.test/app.deb?X-Amz-Signature=abc", "holds a password or a query", "by their profile"),
        ("ftp://r.test/app.deb", "ftp is no way", "https://"),
        ("https://r.test/", "names no file", ""),
        ("a b-1.0.tar.gz", "'a b' is not a valid name", "--name"),
    ],
)
def test_bad_packages_are_told(source: str, words: str, way_out: str) -> None:
    with pytest.raises(DeliveryError) as told:
        package.parse(source)
    assert words in told.value.message
    assert way_out in told.value.hint
    assert "s3cret" not in str(told.value)
    assert told.value.exit_code == 2


def deb(control: str, compression: str = "gz") -> bytes:
    """A deb as far as its control file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("./control")
        member.size = len(control)
        archive.addfile(member, io.BytesIO(control.encode()))
    content = b"!<arch>\n"
    for name, one in (("debian-binary", b"2.0\n"), (f"control.tar.{compression}", packed.getvalue())):
        content += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(one):<10}`\n".encode()
            + one
            + b"\n" * (len(one) % 2)
        )
    return content


@pytest.mark.parametrize("compression", ["gz", "xz"])
def test_a_deb_says_itself_what_it_is(tmp_path: Path, compression: str) -> None:
    file = tmp_path / "app.deb"
    file.write_bytes(
        deb(
            "Package: hello\nVersion: 1:1.2.0-h15.abc\nArchitecture: arm64\nDescription: x\n y: z\n",
            compression,
        )
    )
    found = package.parse(str(file))
    assert (found.name, found.version, found.release, found.arch) == ("hello", "1.2.0", "h15.abc", "arm64")


def test_an_rpm_says_itself_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "app.rpm"
    file.write_bytes(b"\xed\xab\xee\xdb\3\0\0\0\0\1" + b"my-app-1.2.0-h15.abc".ljust(66, b"\0") + b"\0" * 20)
    found = package.parse(str(file))
    assert (found.name, found.version, found.release) == ("my-app", "1.2.0", "h15.abc")


@given(st.binary(max_size=300))
def test_a_file_that_is_no_package_gives_no_traceback(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, magic in (("a_1_all.deb", b"!<arch>\n"), ("a-1-1.noarch.rpm", b"\xed\xab\xee\xdb")):
            for begin in (b"", magic):
                file = Path(folder) / name
                file.write_bytes(begin + content)
                if (begin + content).startswith(magic):
                    assert package.parse(str(file)).name == "a"
                else:
                    with pytest.raises(DeliveryError, match="this is no"):
                        package.parse(str(file))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ami-0123456789abcdef0", ("ami-0123456789abcdef0", "", "", ())),
        ("ssm:/aws/service/ami", ("", "/aws/service/ami", "", ())),
        ("resolve:ssm:/a", ("", "/a", "", ())),
        ("owner=amazon,name=al2023-*", ("", "", "amazon", (("name", "al2023-*"),))),
        ("tag:role=base, arch=arm64", ("", "", "self", (("tag:role", "base"), ("architecture", "arm64")))),
    ],
)
def test_a_base_is_said_in_many_ways(text: str, expected: tuple[object, ...]) -> None:
    found = base.parse(text)
    assert (found.id, found.ssm, found.owner, found.filters) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ami-12", "8 or 17 hexadecimal digits"),
        ("name=al2023-*", "the owner is missing"),
        ("owner=amazon", "names no image"),
        ("nam=x,owner=self", 'did you mean "name"'),
        ("debian", "ssm:/NAME"),
    ],
)
def test_bad_bases_are_told(text: str, words: str) -> None:
    with pytest.raises(DeliveryError) as told:
        base.parse(text)
    assert words in f"{told.value.message} {told.value.hint}"


def order(**more: object) -> Order:
    found = package.digested(package.parse("hello_1.2.0-h15.abc1234_amd64.deb"), "0" * 64, 10)
    return replace(Order(found, base.parse(BASE.id), "hello"), **more)  # type: ignore[arg-type]


def test_everything_that_goes_into_an_image_changes_its_key() -> None:
    """rosco#72 and others: what is missing in the key gives somebody another's image."""
    plain = bake_key(order(), BASE, {"script": "1"})
    others = [
        bake_key(order(), replace(BASE, id="ami-0123456789abcdef1"), {"script": "1"}),
        bake_key(order(), BASE, {"script": "2"}),
        bake_key(order(package=replace(order().package, sha256="1" * 64)), BASE, {"script": "1"}),
        bake_key(order(package=replace(order().package, name="other")), BASE, {"script": "1"}),
        bake_key(order(root_gb=20), BASE, {"script": "1"}),
        bake_key(order(encrypted=False), BASE, {"script": "1"}),
        bake_key(order(kms_key="alias/images"), BASE, {"script": "1"}),
        bake_key(order(engine="chroot"), BASE, {"script": "1"}),
    ]
    assert len({plain, *others}) == len(others) + 1


def test_what_is_done_with_an_image_afterwards_does_not_change_its_key() -> None:
    plain = bake_key(order(), BASE, {})
    assert plain == bake_key(order(regions=("us-east-1",), share=("1" * 12,), tags={"a": "b"}), BASE, {})
    assert plain == bake_key(order(package=replace(order().package, source="/elsewhere/x")), BASE, {})
    assert plain == bake_key(order(root_gb=4), BASE, {}), "the base's own size counts"


def test_an_app_version_names_build_commit_and_job() -> None:
    told = image_tags.app_version_of(order(origin=Origin(job="shop/hello")))
    assert told == "hello-1.2.0-h15.abc1234/hello/15"
    plain = package.digested(package.parse("hello-1.2.0.tar.gz"), "0" * 64, 1)
    origin = Origin("7", "abc1234def5678900", "shop/hello")
    told = image_tags.app_version_of(order(package=plain, origin=origin))
    assert told == "hello-1.2.0-h7.abc1234def56/hello/7"
    assert parse_app_version(told) is not None
    assert image_tags.app_version_of(order(package=plain)) == "hello-1.2.0"


def test_tags_say_everything_and_no_empty_value() -> None:
    tags = image_tags.image_tags(
        order(tags={"team": "shop"}), BASE, "bake-1", "k" * 64, "hello", 1_800_000_000.0
    )
    assert tags["team"] == "shop"
    assert tags["base_ami_version"] == "12.7"
    assert tags["creation_time"] == "2027-01-15T08:00:00Z"
    assert all(tags.values())
    assert "commit" not in tags


@pytest.mark.parametrize(
    ("tag", "console", "expected"),
    [
        ("ok b1", "", (True, "")),
        ("failed b1 at install (line 3, exit code 100)", "", (False, "at install (line 3, exit code 100)")),
        ("", console_of("b1"), (True, "")),
        ("", "[ 3.1] cloud-init[9]: BAKE-RESULT: failed b1 at fetch\r\n", (False, "at fetch")),
        ("", console_of("b2"), None),
        ("ok b2", "", None),
        ("", "BAKE-RESULT: perhaps b1", None),
        ("", "Kernel panic", None),
    ],
)
def test_only_its_own_word_proves_a_bake(tag: str, console: str, expected: object) -> None:
    assert verdict("b1", tag, console) == expected


def test_a_console_tells_the_packages_or_nothing() -> None:
    console = console_of("b1")
    assert manifest(console) == PACKAGES
    cut = console.splitlines()
    assert manifest("\n".join(cut[:3])) == ""
    assert manifest("\n".join([*cut[:3], *cut[4:]])) == ""
    assert manifest("") == ""
    assert not any("H4sI" in line for line in console_tail(console))
    assert console_tail(console)[-1] == "BAKE-RESULT: ok b1"


@given(st.text(max_size=400))
def test_no_console_gives_a_traceback(text: str) -> None:
    manifest(f"BAKE-MANIFEST-BEGIN\n{text}\nBAKE-MANIFEST-END")
    verdict("b1", text, f"BAKE-RESULT: {text}")


def test_digests_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    file = tmp_path / "hello-1.sh"
    file.write_bytes(b"true\n")
    right = hashlib.sha256(b"true\n").hexdigest()
    nobody: object = None
    found = fetching.inspect(nobody, package.parse(str(file)), f"sha256:{right.upper()}")  # type: ignore[arg-type]
    assert (found.sha256, found.size) == (right, 5)
    for expected, words in (("0" * 64, "expected is 000"), ("abc", "is no SHA-256")):
        with pytest.raises(DeliveryError, match=words):
            fetching.inspect(nobody, found, expected)  # type: ignore[arg-type]
    with pytest.raises(DeliveryError, match="No such file"):
        fetching.inspect(nobody, package.parse(str(tmp_path / "gone.sh")))  # type: ignore[arg-type]
    (tmp_path / "empty.sh").touch()
    with pytest.raises(DeliveryError, match="is empty"):
        fetching.inspect(nobody, package.parse(str(tmp_path / "empty.sh")))  # type: ignore[arg-type]


def test_user_data_has_its_limit() -> None:
    import random

    small, large = b"x" * 4000, random.Random(1).randbytes(12_000)
    found = package.digested(package.parse("hello-1.sh"), "0" * 64, 1)
    assert fits(small)
    assert len(script("b1", found, facts={}, minutes=5, content=small).encode()) <= LIMIT
    assert not fits(large)
    with pytest.raises(DeliveryError, match="too large for user data"):
        script("b1", found, facts={}, minutes=5, content=large)


def test_an_engine_nobody_knows_is_told_with_the_one_that_is_meant() -> None:
    with pytest.raises(DeliveryError) as told:
        engine("instnce")
    assert 'did you mean "instance"' in told.value.hint
