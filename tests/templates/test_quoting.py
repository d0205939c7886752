"""Scripts of templates take texts as texts: what a file says, and what whoever starts a build fills in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobdsl import templates
from jobdsl.templates import library, service
from jobdsl.templates.variants import VARIANTS

pytestmark = [pytest.mark.slow, pytest.mark.sampled(3)]

EVIL = (
    "$(touch caught)",
    "`touch caught`",
    "';touch caught;'",
    '";touch caught;"',
    "a;touch caught #",
    "a\ntouch caught",
)
"""What a shell that reads it as its own would act on, one way each: two might hide each other."""
FILLED_IN = (
    "BUILD",
    "CHANGE_REQUEST",
    "COMMIT",
    "IGNORE_ALARM",
    "IMAGE",
    "PACKAGE",
    "PULL_REQUEST",
    "REASON",
    "SET",
    "TO",
)
"""Parameters anybody may fill in who may start a build."""
STUB = """#!/bin/sh
for word; do printf '%s\\n' "$word" >>"$SAID"; done
"""
TOOLS = ("ant", "git", "make", "mvn", "npm", "gradlew", "delivery", "python", "python3", "tool")


def jobs(evil: str) -> Iterator[Any]:
    """Every job there is, with such a text wherever a text may be anything."""
    common = {"account": evil, "install": evil}
    for build in VARIANTS:
        yield from library(
            f"lib-{build}", repo=evil, host="github", build=build, repository=evil, tag_prefix=evil
        )
    others: dict[str, dict[str, Any]] = {
        "bake": {
            "package": evil,
            "build_job": evil,
            "base": evil,
            "app": evil,
            "share": [evil],
            "copy_to": [evil],
        },
        "deploy": {
            "cluster": "shop",
            "smoke": evil,
            "tested_job": evil,
            "change_request": True,
            "adjustable": True,
        },
        "canary": {"cluster": "shop", "smoke": evil, "tested_job": evil, "change_request": True},
        "promote": {"cluster": "shop"},
        "rollback": {"cluster": "shop"},
        "resume": {"cluster": "shop"},
        "bake_reaper": {},
        "ami_cleanup": {},
        "group_cleanup": {},
    }
    for name, given in others.items():
        yield getattr(templates, name)(name, **given, **common)
    yield templates.bake("plain", package=evil, account=evil, tool="tool")
    yield from service(
        "shop",
        repo=evil,
        host="gitlab",
        build="make",
        smoke=evil,
        base=evil,
        artifact=evil,
        test_account=evil,
        production_account=evil,
        install=evil,
    )


def scripts(evil: str) -> dict[str, str]:
    """Every script of these jobs, with a name for it."""
    parts = [(job, name, job.steps[name]) for job in jobs(evil) for name in job.steps.names]
    return {step.command: f"{job.name}, {name}" for job, name, step in parts if hasattr(step, "command")}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Where only stand-ins of tools are found, which write down what they are given."""
    for folder in (".venv/bin", ".delivery/venv/bin", "bin", "package/7", "dist", "packages"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("bin", ".venv/bin", ".delivery/venv/bin", "."):
        for name in TOOLS:
            (tmp_path / folder / name).write_text(STUB)
            (tmp_path / folder / name).chmod(0o755)
    (tmp_path / "package/7/shop.deb").write_text("")
    return tmp_path


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_is_taken_for_a_command(evil: str, workspace: Path) -> None:
    said = workspace / "said"
    environment = {
        **dict.fromkeys(FILLED_IN, evil),
        "SAID": str(said),
        "PATH": f"{workspace / 'bin'}:{os.environ['PATH']}",
        "HOME": str(workspace),
        "BUILD_NUMBER": "7",
    }
    for script, where in scripts(evil).items():
        for version in ("1.4.2", evil):
            command = ["/bin/sh", "-e", "-c", script]
            given = environment | {"RELEASE_VERSION": version}
            subprocess.run(command, cwd=workspace, env=given, capture_output=True, check=False)
            assert [*workspace.rglob("caught")] == [], where
    assert evil in said.read_text()
