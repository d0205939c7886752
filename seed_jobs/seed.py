"""The seed job: checks an estate out, and brings the controller up to date with it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Unpack

from jobdsl import freestyle, publish, scm, steps, template, triggers, wrappers

from .options import SeedParts, SeedSettings
from .wheel import build_wheel

__all__ = ["seed"]

REPORT = "jobdsl-report"
"""Directory of the workspace with the plan and the findings."""

_REFUSED = 3
"""Exit code of `jobdsl apply` when single objects were refused: the build is unstable, not failed."""


def seed(name: str = SeedSettings.name, *, repo: str, **parts: Unpack[SeedParts]) -> freestyle:
    """A job that applies the estate in a git repository whenever its branch changes.

    `repo`, `branch`, `path`: where the estate is; `git_credentials` to read it. `credentials`: Jenkins id of
    the user and API token that change the jobs. `secrets_file`: Jenkins id of a secret file with the values
    of the estate's secrets. `install`: what pip installs jobdsl from, such as the address of a wheel; or
    `tool`: the command of one that is installed on the agents. Without either the job carries the wheel of
    this very version (a megabyte), so that no index needs to have jobdsl; what jobdsl depends on still comes
    from pip's index.
    `controller_url`: the controller's address as agents reach it, where that is not the one in Jenkins'
    settings. `poll`: when the repository is asked for changes; with "" only by a webhook.
    `html_page`: show the plan as a page of the job (needs the HTML Publisher plugin). `seed_name`: the
    seed's name in the estate's jobdsl.toml. `self_update`: the job runs `jobdsl bootstrap` first, which keeps
    it up to date with its jobdsl; not where it carries one, which is never newer than the job.

    Parts to replace by name: poll, github, timestamps, timeout, access, apply, plan, page, findings.
    """
    options, overrides = SeedSettings.split(parts)
    settings = SeedSettings(name=name, repo=repo, **options)
    settings.check()
    wheel, content = ("", b"") if settings.install or settings.tool else build_wheel()
    shell = template(
        "./seed.sh.j2",
        install=settings.install,
        wheel=wheel,
        wheel_digest=hashlib.sha256(content).hexdigest(),
        wheel_text=base64.encodebytes(content).decode(),
        tool=settings.tool,
        controller_url=settings.controller_url,
        path=settings.path,
        report=REPORT,
        self_update=settings.self_update and not wheel,
        arguments=settings.command_line(),
    )
    access: list[Any] = [
        wrappers.username_password(
            settings.credentials,
            user="JENKINS_USER",
            password="JENKINS_TOKEN",  # noqa: S106 - a variable's name
        )
    ]
    if settings.secrets_file:
        access.append(wrappers.secret_file(settings.secrets_file, "JOBDSL_SECRETS"))
    job = freestyle(
        name,
        description="Brings the jobs on this controller up to date with "
        f"{settings.repo} ({settings.branch}).",
        keep=settings.builds,
        agent=settings.agent,
        scm=scm.git(settings.repo, branch=settings.branch, credentials=settings.git_credentials),
        triggers={
            "poll": triggers.poll_scm(settings.poll),
            "github": triggers.github_push() if settings.github_push else None,
        },
        wrappers={
            "timestamps": wrappers.timestamps(),
            "timeout": wrappers.timeout(minutes=settings.timeout_minutes),
            "access": wrappers.credentials(access),
        },
        steps={"apply": steps.shell(shell, unstable_return=_REFUSED)},
        publishers={
            "plan": publish.archive(f"{REPORT}/plan.*", allow_empty=True),
            "page": publish.html("Plan", REPORT, files="plan.html", keep_all=True, allow_missing=True)
            if settings.html_page
            else None,
            "findings": publish.junit(f"{REPORT}/lint.xml", allow_empty=True),
        },
    )
    job.override(overrides)
    return job
