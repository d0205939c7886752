"""The common build framework: the jobs of a library or a web application in a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from jobdsl import DslError, freestyle, params, publish, scm, steps, template, triggers, wrappers

from .hosting import Hosting, hosting
from .jobset import NO_JOB
from .options import BuildOptions, BuildParts, split
from .service_jobs import Builds
from .variants import Kind, Variant, variant

__all__ = ["Building", "build_jobs", "library", "webapp"]


def library(
    name: str,
    *,
    repo: str,
    build: str,
    **parts: Unpack[BuildParts],
) -> Builds:
    """Return the jobs of a library: one a branch, one for pull requests, one for releases.

    `repo`: its git repository, read with `git_credentials`. `build`: ant, gradle, make, maven, node, python.
    `branches`: a job for each. `pull_requests`, `release`: whether there are such jobs.
    `repository`: where it is published, with the user and password of `repository_credentials`; branches
    publish snapshots where the tool has them, releases always; without it nothing is published. `agent`: a
    label expression or a pool. `poll`: when branches are asked for changes, "" to wait for webhooks. `host`:
    what the git repository is hosted by (gitea, github, gitlab), unless its address
    names it. `tag_prefix`: what precedes the version in a tag. `mail`, `slack`: for failures.
    `environment`: variables of the build. `timeout_minutes`: when it is ended; `keep`: how many are kept.

    Parts to replace by name, in every job that has them: check, framework, resolve, compile, test, package,
    publish (steps; the text of one is its command); poll, webhook; version, branch, number; timestamps,
    timeout, environment, access; results, artifacts, mail, slack, tag. None takes a part away.
    """
    return _overridden("library", name, repo, build, parts)


def webapp(
    name: str,
    *,
    repo: str,
    build: str,
    **parts: Unpack[BuildParts],
) -> Builds:
    """Return the jobs of a web application: as in `library`; what is deployed is archived."""
    return _overridden("webapp", name, repo, build, parts)


@dataclass(frozen=True, kw_only=True)
class Building:
    """`BuildOptions`, checked."""

    repo: str
    variant: Variant
    branches: tuple[str, ...] = ("main",)
    repository: str | None = None
    repository_credentials: str | None = None
    git_credentials: str | None = None
    agent: Any = None
    poll: str = "H/5 * * * *"
    pull_requests: bool = True
    host: Hosting | None = None
    release: bool = True
    tag_prefix: str = "v"
    mail: str | None = None
    slack: str | None = None
    environment: Mapping[str, str] | None = None
    timeout_minutes: int = 60
    keep: int = 50

    def source(self, branch: str, refspec: str | None = None, extensions: Iterable[Any] = ()) -> scm.git:
        """Return what is checked out; nothing an earlier build made stays, or it would be archived again."""
        return scm.git(
            self.repo,
            branch=branch,
            refspec=refspec,
            credentials=self.git_credentials,
            extensions=[scm.clean_before_checkout(), *extensions],
        )

    @classmethod
    def of(cls, repo: str, build: str, options: Mapping[str, Any]) -> Building:
        """Check options of a build with a tool. Raises DslError."""
        branches = options.get("branches", cls.branches)
        if isinstance(branches, str) or not (branches := tuple(branches)):
            raise DslError(f"branches takes a list of names, not {branches!r}", hint='like ["main"]')
        if options.get("repository_credentials") and not options.get("repository"):
            raise DslError("repository_credentials is for a repository", hint="say which: repository=...")
        host = hosting(repo, options.get("host"))
        return cls(repo=repo, variant=variant(build), **{**options, "branches": branches, "host": host})


def _overridden(kind: Kind, name: str, repo: str, build: str, parts: BuildParts) -> Builds:
    options, replaced = split(parts, BuildOptions)
    builds = build_jobs(kind, name, Building.of(repo, build, options))
    builds.override(replaced, library, BuildOptions.__annotations__)
    return builds


def build_jobs(kind: Kind, name: str, settings: Building, *, without: str = "") -> Builds:
    """Return the jobs of a service's builds; `without` is a branch that something else builds."""
    return Builds(
        {branch: _branch(kind, name, branch, settings) for branch in settings.branches if branch != without},
        _pull_request(kind, name, settings) if settings.pull_requests else NO_JOB,
        _release(kind, name, settings) if settings.release else NO_JOB,
    )


def _branch(kind: Kind, name: str, branch: str, settings: Building) -> freestyle:
    """Builds a branch when it changes, and publishes a snapshot."""
    snapshots = settings.variant.snapshots
    return freestyle(
        f"{name}-{branch.replace('/', '-')}",
        description=f"Builds {branch} of {settings.repo}",
        scm=settings.source(branch),
        triggers={"poll": triggers.poll_scm(settings.poll)},
        steps=settings.variant.parts(repository=settings.repository, publish=snapshots, release=False),
        **_common(kind, settings, trusted=True),
    )


def _pull_request(kind: Kind, name: str, settings: Building) -> freestyle:
    """Builds what a pull request proposes, with no credentials but those that read the source."""
    common = _common(kind, settings, trusted=False)
    parts = settings.variant.parts(repository=settings.repository, publish=False, release=False)
    host = settings.host
    if host is None:
        return freestyle(
            f"{name}-pull-request",
            description=f"Builds any branch of {settings.repo}: whoever starts it says which",
            parameters={
                "branch": params.string(
                    "BRANCH", settings.branches[0], description="What to build", trim=True
                )
            },
            scm=settings.source("${BRANCH}"),
            steps=parts,
            **common,
        )
    return freestyle(
        f"{name}-pull-request",
        description=f"Builds pull requests to {settings.repo}",
        parameters={
            "number": params.string("PULL_REQUEST", description="Number of the pull request", trim=True)
        },
        scm=settings.source(host.branch, host.refspec),
        triggers={"webhook": host.trigger(settings.repo)},
        steps=parts,
        **common,
    )


def _release(kind: Kind, name: str, settings: Building) -> freestyle:
    """Build a version that is named, publish it, and tag what it was built from.

    A release whose tag was not pushed leaves the tag in the workspace, so only tags of the remote count.
    """
    check = template("./release-check.sh.j2", tag_prefix=settings.tag_prefix)
    tag = publish.tag_push(f"{settings.tag_prefix}$RELEASE_VERSION", message="Release $RELEASE_VERSION")
    return freestyle(
        f"{name}-release",
        description=f"Releases a version of {settings.repo}",
        parameters={
            "version": params.string("RELEASE_VERSION", description="Such as 1.4.2", trim=True),
            "branch": params.choice("BRANCH", list(settings.branches), description="What to release"),
        },
        scm=settings.source("${BRANCH}", extensions=[scm.prune_tags()]),
        steps={
            "check": steps.shell(check),
            **settings.variant.parts(repository=settings.repository, publish=True, release=True),
        },
        **_common(kind, settings, trusted=True, tag=publish.git_push(tags=[tag])),
    )


def _common(kind: Kind, settings: Building, *, trusted: bool, tag: Any = None) -> dict[str, Any]:
    """Return what surrounds every build, and what is kept of it."""
    return {
        "agent": settings.agent,
        "keep": settings.keep,
        "wrappers": {
            "timestamps": wrappers.timestamps(),
            "timeout": wrappers.timeout(minutes=settings.timeout_minutes),
            "environment": wrappers.inject_env(dict(settings.environment)) if settings.environment else None,
            "access": _access(settings.repository_credentials) if trusted else None,
        },
        "publishers": {
            "results": publish.junit(settings.variant.results, allow_empty=True),
            "artifacts": publish.archive(
                settings.variant.artifacts(kind), allow_empty=True, fingerprint=True
            ),
            "mail": publish.mail(settings.mail) if settings.mail else None,
            "slack": publish.slack(settings.slack, failure=True, back_to_normal=True)
            if settings.slack
            else None,
            "tag": tag,
        },
    }


def _access(credentials: str | None) -> Any:
    if credentials is None:
        return None
    pair = wrappers.username_password(credentials, user="REPOSITORY_USER", password="REPOSITORY_PASSWORD")  # noqa: S106
    return wrappers.credentials([pair])
