"""A folder of a controller with an estate of its own, for the scenarios of tests/live."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.controller.jenkins import Controller
from jobdsl.testing import SimulatedJenkins

__all__ = ["NAMES", "REAL", "Changes", "Site"]

NAMES = ("JENKINS_URL", "JENKINS_USER", "JENKINS_TOKEN")
REAL = {name: os.environ.get(name, "") for name in NAMES}
"""As it is before a test changes the environment."""
Changes = list[tuple[str, str]]
"""Actions of a plan, and what they are about."""


class Site:
    """A folder of a controller, and the estate that is written to it."""

    def __init__(
        self,
        controller: Controller,
        folder: str,
        root: Path,
        seed: str = "",
        jenkins: SimulatedJenkins | None = None,
    ) -> None:
        self.controller = controller
        self.jenkins = jenkins
        """The simulated controller, where it is one."""
        self.folder = folder
        self.root = root
        self.seed = seed or folder
        root.mkdir(parents=True, exist_ok=True)
        settings = f'[seed]\nname = "{self.seed}"\n[removed]\njobs = "delete"\nmax_percent = 100\n'
        (root / "jobdsl.toml").write_text(settings, "utf-8")

    def __truediv__(self, name: str) -> str:
        """The full name of something in the folder."""
        return f"{self.folder}/{name}"

    def write(self, source: str, more: str = "") -> None:
        """Let the estate be one file; FOLDER stands for the folder's name in it. `more` is added to jobdsl.toml."""
        text = f"from jobdsl import *\n\nFOLDER = {self.folder!r}\n{source}"
        (self.root / "jobs.py").write_text(text, "utf-8")
        if more:
            settings = (self.root / "jobdsl.toml").read_text("utf-8")
            (self.root / "jobdsl.toml").write_text(settings + more, "utf-8")

    def edit(self, old: str, new: str) -> None:
        source = (self.root / "jobs.py").read_text("utf-8")
        assert old in source
        (self.root / "jobs.py").write_text(source.replace(old, new), "utf-8")

    def apply(self, *options: str) -> None:
        """Apply the estate; all of it succeeds."""
        assert run(["apply", str(self.root), "--yes", *options]) == 0

    def run(self, capsys: pytest.CaptureFixture[str], name: str, *options: str) -> tuple[int, str]:
        """Run a command for the estate; return its exit code and all its output."""
        capsys.readouterr()
        code = run([name, str(self.root), *options])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    def plan(self, capsys: pytest.CaptureFixture[str], *options: str) -> Changes:
        capsys.readouterr()
        code = run(["plan", str(self.root), "--json", *options])
        captured = capsys.readouterr()
        assert code in (0, 2), captured.err
        return [(change["action"], change["name"]) for change in json.loads(captured.out)["changes"]]

    def expect_settled(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither the markers nor the live documents leave anything to do."""
        assert self.plan(capsys) == []
        assert self.plan(capsys, "--refresh") == []

    def config(self, name: str, kind: str = "item") -> str:
        return self.controller.config(kind, self / name).decode()

    def names(self) -> set[str]:
        """Everything in the folder, views included, by its name below the folder."""
        prefix = f"{self.folder}/"
        everything = (
            existing
            for existing in self.controller.inventory()
            if existing.full_name.startswith(prefix) and not existing.is_default_view
        )
        return {existing.full_name.removeprefix(prefix) for existing in everything}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The command in a process of its own, which can be killed."""
        command = [sys.executable, "-u", "-m", "jobdsl", words[0], str(self.root), *words[1:]]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
