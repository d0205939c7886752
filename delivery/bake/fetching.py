"""Inspect packages before anything costs money: that they exist, and their SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from delivery.aws import Aws, asking
from delivery.bake.package import Package, digested
from delivery.errors import USAGE, DeliveryError
from jobdsl.exit_codes import WRONG_USAGE

if TYPE_CHECKING:
    import requests

__all__ = ["inspect", "save"]

_CHUNK = 1 << 20
_TIMEOUT = (10.0, 60.0)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def inspect(aws: Aws, package: Package, expected: str = "") -> Package:
    """The package with its digest and size. DeliveryError if it is not there, or another than expected.

    A file here is read. For one elsewhere, `expected` is trusted (the installation checks it), or else the
    file `NAME.sha256` next to it; without either it is read once.
    """
    expected = expected.lower().removeprefix("sha256:")
    if expected and not _DIGEST.fullmatch(expected):
        raise DeliveryError(f"{expected!r} is no SHA-256", "64 hexadecimal digits", WRONG_USAGE)
    if package.scheme == "file":
        return _checked(package, *_digest(_here(package)), expected)
    size = _size(aws, package)
    known = expected or _sidecar_digest(package)
    if known:
        return digested(package, known, size)
    return digested(package, *_digest(_content(aws, package)))


def save(aws: Aws, package: Package, to: Path) -> None:
    """A package as a file of this host, its digest checked. DeliveryError."""
    digest = hashlib.sha256()
    with to.open("wb") as file:
        for chunk in _here(package) if package.scheme == "file" else _content(aws, package):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != package.sha256:
        to.unlink()
        raise DeliveryError(*_differs(package, digest.hexdigest(), package.sha256))


def _checked(package: Package, digest: str, size: int, expected: str) -> Package:
    if expected and digest != expected:
        raise DeliveryError(*_differs(package, digest, expected))
    if not size:
        raise DeliveryError(f"package {package.source} is empty")
    return digested(package, digest, size)


def _differs(package: Package, digest: str, expected: str) -> tuple[str, str]:
    message = f"package {package.source} has the SHA-256 {digest}, expected is {expected}"
    return message, "it is not the file that was checked: another build, or an incomplete download"


def _digest(chunks: Iterator[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _here(package: Package) -> Iterator[bytes]:
    try:
        with Path(package.source).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        hint = "the path is relative to the directory the command runs in"
        raise DeliveryError(f"package {package.source}: {error.strerror}", hint, USAGE) from error


def _size(aws: Aws, package: Package) -> int:
    """Return the size in bytes; 0 if a server does not send it.

    DeliveryError if the package does not exist.
    """
    if package.scheme == "s3":
        bucket, key = _object(package)
        with asking(f"looking at package {package.source}"):
            return aws.s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    answer = _get(package.source, head=True)
    return int(answer.headers.get("content-length") or 0)


def _sidecar_digest(package: Package) -> str:
    """Return the digest of the file `.sha256` next to a package (of Artifactory, `sha256sum`), or ""."""
    if package.scheme == "s3":
        return ""
    try:
        text = _get(f"{package.source}.sha256").text[:200].strip()
    except DeliveryError:
        return ""
    word = text.partition(" ")[0].lower()
    return word if _DIGEST.fullmatch(word) else ""


def _content(aws: Aws, package: Package) -> Iterator[bytes]:
    if package.scheme == "s3":
        bucket, key = _object(package)
        with asking(f"reading package {package.source}"):
            yield from aws.s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_CHUNK)
        return
    import requests

    try:
        yield from _get(package.source).iter_content(_CHUNK)
    except requests.RequestException as error:
        raise DeliveryError(f"package {package.source}: {error}") from error


def _object(package: Package) -> tuple[str, str]:
    parts = urlsplit(package.source)
    return parts.netloc, parts.path.lstrip("/")


def _get(url: str, *, head: bool = False) -> requests.Response:
    import requests

    try:
        answer = requests.request(
            "HEAD" if head else "GET", url, timeout=_TIMEOUT, allow_redirects=True, stream=True
        )
    except requests.RequestException as error:
        raise DeliveryError(
            f"package {url}: {error}", "is the server's name right, and is it reachable from here?"
        ) from error
    if head and answer.status_code in (403, 405, 501):  # some servers know no HEAD
        return _get(url)
    if answer.status_code != 200:
        raise DeliveryError(f"package {url}: the server answers {answer.status_code} {answer.reason}")
    return answer
