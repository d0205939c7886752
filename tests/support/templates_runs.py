"""Builds of templates that really run: a simulated controller, and git repositories on this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build


def repository(where: Path) -> str:
    """Make the files of a directory a git repository; gives its address."""
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["commit", "--quiet", "-m", "one"],
    ):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
        subprocess.run(command, cwd=where, check=True, capture_output=True)
    return where.as_uri()


def run(jenkins: SimulatedJenkins, job: Any, **parameters: str) -> Build:
    """Build a job, and wait for it."""
    if job.full_name not in jenkins.items:
        jenkins.create_item(job.full_name, job.xml)
    before = len(jenkins.items[job.full_name].builds)
    action = "buildWithParameters" if parameters else "build"
    url = f"{jenkins.url}/job/{job.full_name}/{action}?delay=0sec"
    auth = (jenkins.user, jenkins.token)
    assert requests.post(url, parameters, auth=auth, timeout=30).status_code == 201
    return jenkins.wait_for_build(job.full_name, before + 1)
