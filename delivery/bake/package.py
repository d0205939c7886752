"""A package to bake: where it is, what kind, and what its name, version and release are.

They are read from a local deb or rpm, else from the file name, as the tools of its kind write it:
`name_version-release_arch.deb`, `name-version-release.arch.rpm`, `name-version.tar.gz`, `name.sh`.
"""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from lzma import LZMAError
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from delivery.errors import DeliveryError
from jobdsl.printable import one_line

__all__ = ["KINDS", "Kind", "Package", "parse"]

Kind = Literal["deb", "rpm", "tar", "script"]
KINDS: tuple[Kind, ...] = ("deb", "rpm", "tar", "script")
_SUFFIXES: dict[str, Kind] = {
    ".deb": "deb",
    ".rpm": "rpm",
    ".tar": "tar",
    ".tar.gz": "tar",
    ".tgz": "tar",
    ".tar.bz2": "tar",
    ".tar.xz": "tar",
    ".tar.zst": "tar",
    ".sh": "script",
    ".py": "script",
}
_DEB = re.compile(r"(?P<name>[a-z0-9][a-z0-9.+-]*)_(?P<version>[^_]+)_(?P<arch>[^_]+)")
_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<release>[^-]+)\.(?P<arch>[^.-]+)")
_PLAIN = re.compile(r"(?P<name>.+?)-(?P<version>v?[0-9][^/]*)")
_LARGEST_READ = 16 << 20
"""Bytes of a member of a deb that are read."""
_LARGEST_CONTROL = 1 << 20
"""Bytes of a file in the control archive, which has a few lines and scripts."""
_MOST_MEMBERS = 100
_LONGEST_FILE = 200
"""Bytes of a file's name."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*")


@dataclass(frozen=True, slots=True)
class Package:
    """What is installed on the base.

    `sha256` and `size` (bytes) are empty until the package was inspected.
    """

    source: str
    """A path, or a URL: http, https or s3."""
    file: str
    kind: Kind
    name: str
    version: str
    release: str = ""
    arch: str = ""
    sha256: str = ""
    size: int = 0

    @property
    def scheme(self) -> str:
        """`file`, `http`, `https` or `s3`."""
        return urlsplit(self.source).scheme if "://" in self.source else "file"

    @property
    def full_version(self) -> str:
        """`version-release`, as the tools of its kind write it."""
        return f"{self.version}-{self.release}" if self.release else self.version


def parse(source: str, *, kind: str = "", name: str = "", version: str = "") -> Package:
    """Describe the package at a path or URL; arguments win over its metadata. DeliveryError if ambiguous."""
    file = _named_file(source, _file(source))
    stem, known_kind = _kind(file, kind)
    parts = _from_metadata(source, known_kind) or _named(stem, known_kind)
    if version:
        parts = {**parts, **_split(version, known_kind), "arch": parts.get("arch", "")}
    package = Package(
        source=source,
        file=file,
        kind=known_kind,
        name=name or parts.get("name", stem),
        version=parts.get("version", ""),
        release=parts.get("release", ""),
        arch=parts.get("arch", ""),
    )
    for part, value in (("name", package.name), ("version", package.version), ("release", package.release)):
        if value and not _WORD.fullmatch(value):
            hint = f"set it with --{'name' if part == 'name' else 'version'}"
            raise DeliveryError(f"package {source}: {value!r} is not a valid {part}", hint, 2)
    return package


def digested(package: Package, sha256: str, size: int) -> Package:
    """The package with what was found in it. One without a version gets its digest's first digits."""
    return replace(package, sha256=sha256, size=size, version=package.version or sha256[:8])


def _file(source: str) -> str:
    if "://" not in source:
        return Path(source).name
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https", "s3"):
        hint = "a path, or a URL that begins with https://, http:// or s3://"
        raise DeliveryError(f"package {source}: {parts.scheme} is no way to get a package", hint, 2)
    if parts.username or parts.password or parts.query:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
        raise DeliveryError(
            f"package {shown}: its URL holds a password or a query, which would be read in the user data",
            "let instances read it by their profile (s3://...), or from where no password is needed",
            2,
        )
    file = unquote(parts.path.rpartition("/")[2])
    if not file or not parts.netloc:
        raise DeliveryError(f"package {source}: the URL names no file", "", 2)
    return file


def _named_file(source: str, file: str) -> str:
    """The name of the file, which is one part of a path: `%2F` in a URL would make it several."""
    if file in (".", "..") or "/" in file or one_line(file) != file or len(file.encode()) > _LONGEST_FILE:
        raise DeliveryError(
            f"package {source}: {file!r} is no name of a file", "give the file another name", 2
        )
    return file


def _kind(file: str, kind: str) -> tuple[str, Kind]:
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if file.lower().endswith(suffix):
            return file[: -len(suffix)], _kind_named(kind) if kind else _SUFFIXES[suffix]
    if kind:
        return file, _kind_named(kind)
    hint = f"a file that ends with {', '.join(_SUFFIXES)}; or --kind {'|'.join(KINDS)}"
    raise DeliveryError(f"package {file}: what kind is that?", hint, 2)


def _kind_named(text: str) -> Kind:
    for kind in KINDS:
        if kind == text:
            return kind
    raise DeliveryError(f"there is no kind {text!r} of package", f"one of {', '.join(KINDS)}", 2)


def _named(stem: str, kind: Kind) -> dict[str, str]:
    pattern = {"deb": _DEB, "rpm": _RPM}.get(kind, _PLAIN)
    match = pattern.fullmatch(stem)
    if match is None:
        return {"name": stem}
    parts = match.groupdict()
    return parts if "release" in parts else {**parts, **_split(unquote(parts["version"]), kind)}


def _split(version: str, kind: Kind) -> dict[str, str]:
    """Version and release. The epoch is left out, as file names and Aminator's tags leave it out."""
    text = version.partition(":")[2] if re.match(r"[0-9]+:", version) else version
    upstream, _, release = text.rpartition("-")
    if kind == "tar" and upstream and not release[:1].isalnum():
        return {"version": text, "release": ""}
    return {"version": upstream or text, "release": release if upstream else ""}


def _from_metadata(source: str, kind: Kind) -> dict[str, str] | None:
    """Read the metadata of a local file; None if it is elsewhere, or in a format that is not supported."""
    path = Path(source)
    if "://" in source or not path.is_file():
        return None
    if kind == "deb":
        return _control(path)
    return _lead(path) if kind == "rpm" else None


def _control(path: Path) -> dict[str, str] | None:
    """The control file of a deb: a member of an ar archive, itself an archive (deb(5))."""
    for name, content in _members(path):
        if name.startswith("control.tar"):
            text = _control_text(content)
            lines = dict(line.split(": ", 1) for line in text.splitlines() if re.match(r"[A-Za-z-]+: ", line))
            if not {"Package", "Version"} <= lines.keys():
                return None
            words = {"name": lines["Package"], "arch": lines.get("Architecture", "")}
            return {**words, **_split(lines["Version"], "deb")}
    return None


def _control_text(content: bytes) -> str:
    """The control file in an archive; empty where there is none, or one that is no plain, short file.

    Nothing is unpacked, no link is followed, and little is read of what would not end.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|*") as archive:
            for member in islice(archive, _MOST_MEMBERS):
                if member.size > _LARGEST_CONTROL:
                    return ""
                if member.name in ("./control", "control"):
                    file = archive.extractfile(member) if member.isreg() else None
                    return file.read().decode() if file is not None else ""
    except (
        tarfile.TarError,
        KeyError,
        UnicodeDecodeError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
        LZMAError,
    ):
        return ""
    return ""


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise DeliveryError(f"package {path}: this is no deb", "is it cut short, or a page to log in?", 2)
        while len(header := file.read(60)) == 60 and header[48:58].strip().isdigit():
            size = int(header[48:58])
            end = file.tell() + size + size % 2
            yield (
                header[:16].decode("ascii", "replace").strip().rstrip("/"),
                file.read(min(size, _LARGEST_READ)),
            )
            file.seek(end)


def _lead(path: Path) -> dict[str, str] | None:
    """`name-version-release` as the lead of an rpm has it; its file name is more exact where it fits."""
    with path.open("rb") as file:
        lead = file.read(96)
    if lead[:4] != b"\xed\xab\xee\xdb":
        raise DeliveryError(f"package {path}: this is no rpm", "is it cut short, or a page to log in?", 2)
    if named := _RPM.fullmatch(path.name.removesuffix(".rpm")):
        return named.groupdict()
    parts = lead[10:76].rstrip(b"\0").decode("ascii", "replace").rsplit("-", 2)
    return dict(zip(("name", "version", "release"), parts, strict=True)) if len(parts) == 3 else None
