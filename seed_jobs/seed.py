"""The seed job: checks an estate out, and brings the controller up to date with it."""

from __future__ import annotations

import base64
import hashlib
import inspect
import shlex
from typing import Any

from jobdsl import DslError, freestyle, publish, scm, steps, template, triggers, wrappers
from jobdsl.dsl import requirements
from jobdsl.seed_jobs.wheel import build_wheel

__all__ = ["arguments", "seed"]

REPORT = "jobdsl-report"
"""Directory of the workspace with the plan and the findings."""

_REFUSED = 3
"""Exit code of `jobdsl apply` when single objects were refused: the build is unstable, not failed."""


def seed(
    name: str = "jobdsl-seed",
    *,
    repo: str,
    credentials: str = "jobdsl-seed",
    branch: str = "main",
    path: str = ".",
    git_credentials: str | None = None,
    secrets_file: str | None = None,
    agent: str | None = None,
    poll: str = "H/5 * * * *",
    github_push: bool = False,
    install: str | None = None,
    tool: str | None = None,
    controller_url: str | None = None,
    seed_name: str = "main",
    timeout_minutes: int = 30,
    builds: int = 50,
    html_page: bool = False,
    self_update: bool = True,
    **overrides: Any,
) -> freestyle:
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
    options = dict(locals())
    _check(install, tool, path)
    wheel, content = ("", b"") if install or tool else build_wheel()
    shell = template(
        "./seed.sh.j2",
        install=install,
        wheel=wheel,
        wheel_digest=hashlib.sha256(content).hexdigest(),
        wheel_text=base64.encodebytes(content).decode(),
        tool=tool,
        controller_url=controller_url,
        path=path,
        report=REPORT,
        self_update=self_update and not wheel,
        arguments=shlex.join(arguments(options)),
    )
    access: list[Any] = [
        wrappers.username_password(
            credentials,
            user="JENKINS_USER",
            password="JENKINS_TOKEN",  # noqa: S106 - a variable's name
        )
    ]
    if secrets_file:
        access.append(wrappers.secret_file(secrets_file, "JOBDSL_SECRETS"))
    job = freestyle(
        name,
        description=f"Brings the jobs on this controller up to date with {repo} ({branch}).",
        keep=builds,
        agent=agent,
        scm=scm.git(repo, branch=branch, credentials=git_credentials),
        triggers={"poll": triggers.poll_scm(poll), "github": triggers.github_push() if github_push else None},
        wrappers={
            "timestamps": wrappers.timestamps(),
            "timeout": wrappers.timeout(minutes=timeout_minutes),
            "access": wrappers.credentials(access),
        },
        steps={"apply": steps.shell(shell, unstable_return=_REFUSED)},
        publishers={
            "plan": publish.archive(f"{REPORT}/plan.*", allow_empty=True),
            "page": publish.html("Plan", REPORT, files="plan.html", keep_all=True, allow_missing=True)
            if html_page
            else None,
            "findings": publish.junit(f"{REPORT}/lint.xml", allow_empty=True),
        },
    )
    job.override(overrides)
    return job


def _check(install: str | None, tool: str | None, path: str) -> None:
    requirements.check(install, tool)
    requirements.warn(install)
    if path.startswith(("/", "-")) or ".." in path.split("/"):
        raise DslError(f"seed: path {path!r} is not inside the repository", hint='"." is the whole of it')


def arguments(options: dict[str, Any]) -> list[str]:
    """The options of `jobdsl bootstrap` that stand for these arguments of `seed`; defaults are left out."""
    words: list[str] = []
    for name, parameter in inspect.signature(seed).parameters.items():
        if name in ("self_update", "overrides") or options.get(name, parameter.default) == parameter.default:
            continue
        option = f"--{name.replace('_', '-')}"
        words += [option] if options[name] is True else [f"{option}={options[name]}"]
    return words
