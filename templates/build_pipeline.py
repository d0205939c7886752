"""The builds of the templates as stages, and as a Jenkinsfile for jobs that find branches by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobdsl.dsl.jinja import groovy_text

from .stages import Stage, StageCredentials, written
from .variants import Kind, Variant, variant

__all__ = ["build_stages", "jenkinsfile"]


def build_stages(
    built: Variant, *, repository: str | None, repository_credentials: str | None, archive: str
) -> Iterator[Stage]:
    """Yield a stage for each step of a branch's build, all of them trusted."""
    keys = repository_credentials
    access = StageCredentials(keys, "REPOSITORY_USER", "REPOSITORY_PASSWORD") if keys else None
    parts = built.parts(repository=repository, publish=built.snapshots, release=False)
    for name, step in parts.items():
        yield Stage(
            name,
            script=step.command,
            access=access,
            results=built.results if name == "test" else "",
            archive=archive if name == "package" else "",
        )


def jenkinsfile(
    kind: Kind,
    build: str,
    *,
    branch: str = "main",
    repository: str | None = None,
    repository_credentials: str | None = None,
    agent: str = "",
) -> str:
    """Return the text of a Jenkinsfile that builds every branch and pull request, and publishes one branch.

    Nothing but the publishing gets credentials: pull requests run untrusted code. Raises DslError.
    """
    built = variant(build)
    stages = build_stages(
        built,
        repository=repository,
        repository_credentials=repository_credentials,
        archive=built.artifacts(kind),
    )
    condition = f"env.BRANCH_NAME == {groovy_text(branch)}"
    about = f"A {kind} built with {build}, as python -m jobdsl.templates jenkinsfile has it"
    values = {"about": about, "agent": agent, "mail": None, "slack": None, "told": False, "delivers": False}
    return written([Stage("checkout", groovy="checkout(scm)"), *_proposed(stages, condition)], values)


def _proposed(stages: Iterator[Stage], condition: str) -> Iterator[Stage]:
    """Yield the stages, of which only the publishing is trusted, and done in one place only."""
    for stage in stages:
        is_trusted = stage.name == "publish"
        yield replace(stage, only=condition) if is_trusted else replace(stage, access=None)
