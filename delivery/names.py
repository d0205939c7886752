"""Names with a grammar: applications, clusters, groups and their pushes, images, app versions.

A group is named `app-stack-detail-vNNN`: application, stack and detail (both may be missing) make the
cluster, `vNNN` is the push. The grammar is the one Asgard and frigga gave to Auto Scaling groups, with
one difference: an application with a hyphen is refused, as it would be read as application and stack.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "PUSHES",
    "AppVersion",
    "ClusterName",
    "GroupName",
    "NameProblem",
    "app_version",
    "cluster",
    "group",
    "image_name",
    "next_group",
    "parse_app_version",
    "parse_cluster",
    "parse_group",
]

PUSHES = 1000
"""Pushes a cluster counts before it begins anew at v000."""
LONGEST_APP = 28
LONGEST_GROUP = 96
"""Characters; load balancers and tags cut longer ones (Asgard's limits)."""
_NAME = re.compile(r"[A-Za-z0-9._]+")
_DETAIL = re.compile(r"[A-Za-z0-9._~^-]+")
_PUSH = re.compile(r"(?:^|-)v([0-9]{3,6})$")
_PUSH_WITHIN = re.compile(r"(?:^|-)v[0-9]{3,6}(?:-|$)")
_LABEL = re.compile(r"(?:^|-)[cdhpruwz]0[A-Za-z0-9]+(?:-|$)")
_IMAGE_BAD = re.compile(r"[^A-Za-z0-9()./_-]")
_APP_VERSION = re.compile(
    r"(?P<name>[A-Za-z0-9._+-]+)-(?P<version>[0-9.A-Za-z~]+)-"
    r"(?:h(?P<build>[0-9]+)\.(?P<commit>[0-9a-f]+)|(?P<commit2>[0-9a-f]+)\.h(?P<build2>[0-9]+))"
    r"(?:/(?P<job>[^/]+)/(?P<number>[0-9]+))?"
)


class NameProblem(ValueError):  # noqa: N818 - what is wrong with a name, and the hint
    """A name that is not valid."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, order=True)
class ClusterName:
    """All groups of one application, stack and detail: the versions of one service in one place."""

    app: str
    stack: str = ""
    detail: str = ""

    def __str__(self) -> str:
        if self.detail:
            return f"{self.app}-{self.stack}-{self.detail}"
        return f"{self.app}-{self.stack}" if self.stack else self.app


class GroupName(NamedTuple):
    """One push of a cluster; `push` is None for a group that counts none."""

    cluster: ClusterName
    push: int | None

    def __str__(self) -> str:
        return str(self.cluster) if self.push is None else f"{self.cluster}-v{self.push:03}"


def cluster(app: str, stack: str = "", detail: str = "") -> ClusterName:
    """A cluster of checked parts; NameProblem for a wrong one."""
    if not app:
        raise NameProblem("an application needs a name")
    if "-" in app:
        hint = f"{app.replace('-', '')} or {app.replace('-', '_')}"
        raise NameProblem(f"application {app!r}: a hyphen separates application and stack", f"use {hint}")
    if not _NAME.fullmatch(app) or len(app) > LONGEST_APP:
        raise NameProblem(f"application {app!r} must be letters, digits, '.' and '_', at most {LONGEST_APP}")
    if stack and not _NAME.fullmatch(stack):
        raise NameProblem(f"stack {stack!r} must be letters, digits, '.' and '_'")
    if detail and (not _DETAIL.fullmatch(detail) or detail.startswith("-")):
        raise NameProblem(
            f"detail {detail!r} must be letters, digits and . _ ~ ^ -, without a leading hyphen"
        )
    for kind, part in (("application", app), ("stack", stack), ("detail", detail)):
        if _PUSH_WITHIN.search(part):
            raise NameProblem(f"{kind} {part!r} contains a push (v and three to six digits)")
        if kind != "application" and _LABEL.search(part):
            raise NameProblem(f"{kind} {part!r} contains a label of an older naming (c0x, d0x ...)")
    cluster = ClusterName(app, stack, detail)
    if len(str(cluster)) + len("-v000") > LONGEST_GROUP:
        raise NameProblem(
            f"cluster {cluster}: its groups' names would be longer than {LONGEST_GROUP} characters"
        )
    return cluster


def parse_cluster(text: str) -> ClusterName:
    """Parse a text like `app-stack-detail`. NameProblem if it is not the name of a cluster."""
    if (group_name := parse_group(text)) and group_name.push is not None:
        raise NameProblem(
            f"{text} is the name of a group, not of a cluster", f"its cluster is {group_name.cluster}"
        )
    app, _, rest = text.partition("-")
    stack, _, detail = rest.partition("-")
    return cluster(app, stack, detail)


def group(of: ClusterName, push: int) -> GroupName:
    """Return a push of a cluster."""
    return GroupName(of, push)


def parse_group(name: str) -> GroupName | None:
    """Parse a group's name; None if it does not follow the grammar. Accepts more than is written here."""
    match = _PUSH.search(name)
    text = name[: match.start()] if match else name
    app, _, rest = text.partition("-")
    stack, _, detail = rest.partition("-")
    if not _NAME.fullmatch(app) or (stack and not _NAME.fullmatch(stack)):
        return None
    if detail and not _DETAIL.fullmatch(detail):
        return None
    return GroupName(ClusterName(app, stack, detail), int(match[1]) if match else None)


def next_group(of: ClusterName, existing: Iterable[str], newest: str | None = None) -> GroupName:
    """Return the next push of a cluster: one after the newest, taken numbers skipped, v000 after v999.

    `newest` is the group created last; without it, the highest number counts. NameProblem if all
    numbers are taken.
    """
    taken = {
        group_name.push for name in existing if (group_name := parse_group(name)) and group_name.cluster == of
    }
    last = parse_group(newest) if newest else None
    numbers = [push for push in taken if push is not None]
    start = last.push if last and last.cluster == of and last.push is not None else max(numbers, default=-1)
    for step in range(1, PUSHES + 1):
        push = (start + step) % PUSHES
        if push not in taken:
            return GroupName(of, push)
    raise NameProblem(f"cluster {of} has no free push left", "delete unneeded groups: delivery clean groups")


def image_name(
    package: str, version: str, release: str, arch: str, minute: str, taken: Collection[str] = ()
) -> str:
    """Return the name of an image: `package-version-release-arch-yyyymmddHHMM`, other characters as `_`.

    A name in `taken` gets a number behind it. 3 to 128 characters, as EC2 requires.
    """
    text = _IMAGE_BAD.sub("_", f"{package}-{version}-{release or '0'}-{arch}-{minute}")
    if len(text) > 120:
        text = f"{text[: 120 - len(minute) - 1]}-{minute}"
    name, number = text, 0
    while name in taken:
        number += 1
        name = f"{text}-{number}"
    return name


class AppVersion(NamedTuple):
    """The content of an `appversion` tag: package, version, build and commit, and the job that built it."""

    name: str
    version: str
    build: str
    commit: str
    job: str = ""
    number: str = ""


def app_version(name: str, version: str, build: str = "", commit: str = "", job: str = "") -> str:
    """Return the `appversion` of a package: `name-version-hBUILD.commit/job/BUILD`, as far as it is known."""
    text = f"{name}-{version}"
    if build and commit:
        text += f"-h{build}.{commit}"
        if job:
            text += f"/{job.rpartition('/')[2]}/{build}"
    return text


def parse_app_version(text: str) -> AppVersion | None:
    """Parse an `appversion` tag; None where it has no build and commit."""
    match = _APP_VERSION.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict(default="")
    return AppVersion(
        part["name"],
        part["version"],
        part["build"] or part["build2"],
        part["commit"] or part["commit2"],
        part["job"],
        part["number"],
    )
