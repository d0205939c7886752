"""The platform team's templates. Every part has a name, and `**overrides` replaces it."""

from __future__ import annotations

from typing import Any

from jobdsl import axes, freestyle, matrix, multibranch, params, sources, steps, template, triggers
from shared.parts import checkout, guards, make, reports

TARGETS = {
    "go": ["vet", "test", "dist"],
    "java": ["compile", "test", "dist"],
    "python": ["lint", "test", "dist"],
}


def build(name: str, language: str, *, team: str, **overrides: Any) -> freestyle:
    """Build and test one service on every push."""
    job = freestyle(
        name,
        keep=50,
        agent="linux && docker",
        scm=checkout(f"{team}/{name}"),
        triggers={"push": triggers.poll_scm("H/5 * * * *")},
        wrappers=guards(),
        steps=make(*TARGETS[language]),
        publishers=reports(),
    )
    job.override(overrides)
    return job


def deploy(name: str, *, environments: list[str], **overrides: Any) -> freestyle:
    """Bring a version of a service to an environment; somebody says which."""
    job = freestyle(
        f"{name}-deploy",
        keep=200,
        agent="linux",
        parameters={
            "version": params.string("VERSION", "latest", description="What to deploy"),
            "environment": params.choice("ENVIRONMENT", environments),
        },
        wrappers=guards(minutes=15),
        steps={"deploy": steps.shell(template("scripts/deploy.sh.j2", service=name, port=8080))},
    )
    job.override(overrides)
    return job


def library(name: str, *, team: str, **overrides: Any) -> multibranch:
    """A job for every branch of a library that holds a Jenkinsfile."""
    job = multibranch(
        name,
        sources=[
            sources.branch_source(
                sources.git(f"https://git.example.com/{team}/{name}.git", credentials="platform-git")
            )
        ],
        orphans=20,
    )
    job.override(overrides)
    return job


def compatibility(name: str, *, systems: list[str], pythons: list[str], **overrides: Any) -> matrix:
    """The same tests on every system with every Python."""
    job = matrix(
        name,
        scm=checkout(f"platform/{name.removesuffix('-compatibility')}"),
        axes=[axes.label(systems, name="SYSTEM"), axes.text("PYTHON", pythons)],
        triggers=[triggers.cron("H 2 * * 1-5")],
        wrappers=guards(minutes=60),
        steps={"test": steps.shell("make test PYTHON=python$PYTHON")},
        publishers=reports(),
    )
    job.override(overrides)
    return job
