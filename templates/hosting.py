"""How hosts of git repositories announce pull requests, and under which ref each has them.

From the hosts' own documentation of their webhooks, and of the refs they keep for pull requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jobdsl import DslError, triggers
from jobdsl.errors import suggestion

__all__ = ["HOSTINGS", "Hosting", "hosting"]


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """A host: the fields of its webhook, as JSONPath, and the ref of a pull request."""

    name: str
    ref: str
    """The ref; `{}` stands for the number."""
    number: str
    action: str
    actions: str
    """The actions after which there is something to build, as a regular expression."""
    repository: str
    """Where the repository's path is, such as `payments/api`."""

    def trigger(self, repo: str) -> Any:
        """Start a build when the host announces a pull request to this repository."""
        return triggers.generic_webhook(
            [("PULL_REQUEST", self.number), ("PR_ACTION", self.action), ("PR_REPOSITORY", self.repository)],
            filter_text="$PR_REPOSITORY $PR_ACTION",
            filter=f"(?i)^{_regex(_path(repo))} ({self.actions})$",
            cause="Pull request $PULL_REQUEST",
        )

    @property
    def branch(self) -> str:
        """What git is asked to check out."""
        return "origin/pull-request/${PULL_REQUEST}"

    @property
    def refspec(self) -> str:
        """What git is asked to fetch: this pull request alone."""
        return f"+{self.ref.format('${PULL_REQUEST}')}:refs/remotes/{self.branch}"


HOSTINGS = {
    host.name: host
    for host in (
        Hosting(
            name="gitea",
            ref="refs/pull/{}/head",
            number="$.number",
            action="$.action",
            actions="opened|reopened|synchronized",
            repository="$.repository.full_name",
        ),
        Hosting(
            name="github",
            ref="refs/pull/{}/merge",
            number="$.number",
            action="$.action",
            actions="opened|reopened|synchronize",
            repository="$.repository.full_name",
        ),
        Hosting(
            name="gitlab",
            ref="refs/merge-requests/{}/head",
            number="$.object_attributes.iid",
            action="$.object_attributes.action",
            actions="open|reopen|update",
            repository="$.project.path_with_namespace",
        ),
    )
}


def hosting(repo: str, name: str | None) -> Hosting | None:
    """Return the host of that name, or the one whose name is in the repository's host. Raises DslError."""
    if name is not None:
        if name not in HOSTINGS:
            known = ", ".join(HOSTINGS)
            raise DslError(f"host takes one of {known}, not {name!r}", hint=suggestion(name, HOSTINGS))
        return HOSTINGS[name]
    labels = re.split(r"[.-]", _split(repo)[0])
    return next((host for host in HOSTINGS.values() if host.name in labels), None)


def _split(repo: str) -> tuple[str, str]:
    """Host and path of a repository's address, also of git's short form."""
    short = re.fullmatch(r"(?:[^@/:]+@)?([^/:]+):(?!//)(.+)", repo)
    if short:
        return short[1].lower(), short[2]
    parts = urlsplit(repo)
    return (parts.hostname or "").lower(), parts.path


def _path(repo: str) -> str:
    return _split(repo)[1].strip("/").removesuffix(".git")


def _regex(text: str) -> str:
    """The text as a regular expression of Java: re.escape would make an escape of a letter of `-` only."""
    return re.sub(r"[^\w/-]", lambda match: "\\" + match[0], text)
