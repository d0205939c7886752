"""Runs on the instance that is baked, sent in its user data: one file, nothing but Python 3.7.

    python3 on_instance.py fetch URL FILE    a package by https, http, or s3 (signed with the instance's role)
    python3 on_instance.py tag KEY VALUE     a tag on this instance (signed with the instance's role)

It exits with 1 and prints the reason if that does not work.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

IMDS = os.environ.get("DELIVERY_IMDS", "http://169.254.169.254")
PAUSE = float(os.environ.get("DELIVERY_PAUSE", "5"))
TRIES = 5
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def metadata(path: str) -> str:
    """What the instance knows of itself (IMDSv2)."""
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    request = urllib.request.Request(IMDS + "/latest/api/token", headers=ttl, method="PUT")
    header = {"X-aws-ec2-metadata-token": DIRECT.open(request, timeout=5).read().decode()}
    request = urllib.request.Request(IMDS + "/latest/meta-data/" + path, headers=header)
    return str(DIRECT.open(request, timeout=5).read(), "utf-8")


def signed(url: str, service: str, region: str, body: bytes = b"") -> urllib.request.Request:
    """A request with AWS's signature, version 4, by the keys of the instance's role."""
    role = metadata("iam/security-credentials/").split()[0]
    keys = json.loads(metadata("iam/security-credentials/" + role))
    parts = urllib.parse.urlsplit(url)
    method, stamp = "POST" if body else "GET", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "host": parts.netloc,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": stamp,
        "x-amz-security-token": keys["Token"],
    }
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    names = sorted(headers)
    lines = [method, parts.path or "/", "", *(f"{name}:{headers[name]}" for name in names), ""]
    request = "\n".join([*lines, ";".join(names), headers["x-amz-content-sha256"]])
    scope = [stamp[:8], region, service, "aws4_request"]
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in [*scope, "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), digest])]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = "/".join([keys["AccessKeyId"], *scope])
    proof = f"Credential={credential}, SignedHeaders={';'.join(names)}, Signature={key.hex()}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 {proof}"
    return urllib.request.Request(url, body or None, headers, method=method)


def in_s3(url: str) -> urllib.request.Request:
    """The request for an object, by its bucket's name; one with dots by path, for the certificate's sake."""
    parts = urllib.parse.urlsplit(url)
    bucket, key = parts.netloc, urllib.parse.quote(parts.path, safe="/~-._")
    region, domain = metadata("placement/region"), metadata("services/domain")
    where = os.environ.get("AWS_ENDPOINT_URL_S3")
    if where or "." in bucket:
        where = f"{(where or f'https://s3.{region}.{domain}').rstrip('/')}/{bucket}"
    else:
        where = f"https://{bucket}.s3.{region}.{domain}"
    return signed(where + key, "s3", region)


def fetch(url: str, file: str) -> None:
    """A package as a file."""
    request = in_s3(url) if url.startswith("s3://") else urllib.request.Request(url)
    with urllib.request.urlopen(request, timeout=60) as answer, open(file, "wb") as to:
        shutil.copyfileobj(answer, to)
    expected = answer.headers.get("content-length")
    if expected and os.path.getsize(file) != int(expected):
        raise OSError(f"{os.path.getsize(file)} of {expected} bytes came")


def tag(key: str, value: str) -> None:
    """A tag on this instance."""
    region = metadata("placement/region")
    where = os.environ.get("AWS_ENDPOINT_URL_EC2")
    url = where or f"https://ec2.{region}.{metadata('services/domain')}/"
    fields = {"Action": "CreateTags", "Version": "2016-11-15", "ResourceId.1": metadata("instance-id")}
    body = urllib.parse.urlencode({**fields, "Tag.1.Key": key, "Tag.1.Value": value}).encode()
    urllib.request.urlopen(signed(url, "ec2", region, body), timeout=20).read()


def attempt(do: str, arguments: list[str]) -> tuple[str, bool]:
    """Do it; what went wrong, if anything, and whether trying again is of no use."""
    try:
        {"fetch": fetch, "tag": tag}[do](*arguments)
    except urllib.error.HTTPError as error:
        why = f"{error.code} {error.read(300).decode('utf-8', 'replace')}"
        return why, error.code in (400, 401, 403, 404)
    except (OSError, ValueError, LookupError) as error:
        return str(error) or repr(error), False
    return "", True


def main() -> None:
    """Do it, and again if it fails: a network may take a while to come up."""
    for number in range(TRIES):
        why, final = attempt(sys.argv[1], sys.argv[2:])
        if not why:
            return
        print(f"{sys.argv[1]} {sys.argv[2]}: {why}", file=sys.stderr)
        if final:
            break
        time.sleep(PAUSE * (number + 1))
    sys.exit(1)


if __name__ == "__main__":
    main()
