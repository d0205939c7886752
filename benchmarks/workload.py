"""The job of all figures: git, parameters, cron and poll, three shell steps, wrappers, publishers."""

from __future__ import annotations

from pathlib import Path

DSL = """\
from jobdsl import freestyle, params, publish, scm, steps, triggers, wrappers


def service(name: str) -> None:
    freestyle(
        name,
        description=f"Builds and tests {name}.",
        keep=30,
        parameters=[params.string("BRANCH", "main"), params.string("PROFILE", "default")],
        scm=scm.git(f"https://git.example.com/{name}.git", branch="${BRANCH}", credentials="git-readonly"),
        agent="linux && docker",
        triggers=[triggers.cron("H 2 * * *"), triggers.poll_scm("H/15 * * * *")],
        steps=[steps.shell("make clean"), steps.shell(f"make build NAME={name}"), steps.shell("make test")],
        wrappers=[wrappers.timestamps(), wrappers.timeout(minutes=30)],
        publishers=[publish.junit("reports/*.xml"), publish.archive("dist/**"), publish.mail("team@x.org")],
    )


for number in range(10000):
    service(f"service-{number:05d}")
"""
"""What a user writes for ten thousand jobs."""


def estate(directory: Path, jobs: int) -> Path:
    """An estate of that many jobs."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "jobs.py").write_text(DSL.replace("10000", str(jobs)))
    return directory
