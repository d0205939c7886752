"""Templates every team of this estate may use. A template is a function that returns a job."""

from __future__ import annotations

from typing import Any

from jobdsl import freestyle, publish, scm, steps, triggers, wrappers


def service(name: str, *, repo: str, branch: str = "main", **overrides: Any) -> freestyle:
    """A Gradle service, built when its branch changes. Replace a part by name: `check=steps.shell(...)`."""
    job = freestyle(
        name,
        description=f"Builds {branch} of {repo}",
        keep=30,
        agent="linux",
        scm=scm.git(repo, branch=branch, credentials="payments-git"),
        triggers={"push": triggers.poll_scm("H/5 * * * *")},
        wrappers={"timestamps": wrappers.timestamps(), "timeout": wrappers.timeout(minutes=30)},
        steps={
            "compile": steps.shell("./gradlew assemble"),
            "check": steps.shell("./gradlew check"),
        },
        publishers={
            "results": publish.junit("build/test-results/**/*.xml"),
            "artifacts": publish.archive("build/libs/*.jar"),
        },
    )
    job.override(overrides)
    return job
