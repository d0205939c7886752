"""The main job on real input: real jobs imported, applied by their seed, one edit, again, and again.

JOBDSL_CORPUS names the corpus' archive or directory, otherwise it is looked for beside the checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from jobdsl.cli.main import run
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

ESTATE = "jjb/SoftwareHeritage+swh-jenkins-jobs"
REPEATED = 'triggers=[triggers.cron("@daily")],'
TEMPLATE = 'from jobdsl import triggers\n\n\ndef nightly():\n    return [triggers.cron("@daily")]\n'
SETTINGS = '[lint]\nignore = ["missing-plugin"]  # the simulated controller has fewer than the real one had\n'


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """The documents of one estate of the corpus."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents.tar.xz"
    given = Path(os.environ.get("JOBDSL_CORPUS", beside))
    if given.is_dir():
        found = next(given.glob(f"**/{ESTATE}"), None)
        if found is not None:
            return found
    if not given.is_file():
        pytest.skip("no corpus: JOBDSL_CORPUS names its archive or directory")
    with tarfile.open(given) as archive:
        members = [one for one in archive if f"/{ESTATE}/" in one.name]
        archive.extractall(tmp_path / "corpus", members, filter="data")
    return next((tmp_path / "corpus").glob(f"**/{ESTATE}"))


@pytest.fixture
def jenkins(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True, accept_unknown_classes=True) as controller:
        controller.add_credentials("jobdsl-seed", username=controller.user, password=controller.token)
        for name, value in (("URL", controller.url), ("USER", controller.user), ("TOKEN", controller.token)):
            monkeypatch.setenv(f"JENKINS_{name}", value)
        yield controller


def git(repository: Path, *words: str) -> None:
    identity = ["-c", "user.name=Estate", "-c", "user.email=estate@example.com"]
    subprocess.run(["git", *identity, *words], cwd=repository, check=True, capture_output=True)


def commit(repository: Path) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Edit")


def build(jenkins: SimulatedJenkins, number: int) -> str:
    """Build the seed job; gives its log."""
    if number > 1:  # bootstrap has started the first
        answer = requests.post(
            f"{jenkins.url}/job/jobdsl-seed/build?delay=0sec", auth=(jenkins.user, jenkins.token), timeout=30
        )
        assert answer.status_code == 201
    done = jenkins.wait_for_build("jobdsl-seed", number, 120)
    assert done.result == "SUCCESS", "".join(done.log)[-3000:]
    return str(done.log)


def stored(jenkins: SimulatedJenkins) -> dict[str, str]:
    return {name: jenkins.config(name) for name in jenkins.items if name != "jobdsl-seed"}


@pytest.mark.thorough
def test_import_apply_edit_and_again(documents: Path, jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    repository = tmp_path / "estate"
    assert run(["import", str(documents), "--no-templates", "--out", str(repository)]) == 0
    with (repository / "jobdsl.toml").open("a") as file:
        file.write(SETTINGS)
    using = _use_a_template(repository)
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository)

    tool = str(Path(sys.executable).with_name("jobdsl"))
    command = ["bootstrap", "--repo", str(repository), "--tool", tool, "--seed-name", "estate", "--yes"]
    assert run(command) == 0
    build(jenkins, 1)
    first = stored(jenkins)
    assert len(first) >= sum(1 for _ in documents.rglob("*.xml"))

    (repository / "shared" / "common.py").write_text(TEMPLATE.replace("@daily", "H 3 * * *"))
    commit(repository)
    build(jenkins, 2)
    second = stored(jenkins)
    changed = {name for name in first if first[name] != second[name]}
    assert len(changed) == using > 10
    assert all("H 3 * * *" in second[name] for name in changed)

    before = jenkins.requests.count
    log = build(jenkins, 3)
    assert "Nothing to do" in log
    assert stored(jenkins) == second
    assert jenkins.requests.count - before < 20


def _use_a_template(repository: Path) -> int:
    """Let a module of the estate's own say what many of its jobs repeat; gives how many did."""
    (repository / "shared").mkdir()
    (repository / "shared" / "common.py").write_text(TEMPLATE)
    uses = 0
    for path in repository.rglob("*.py"):
        source = path.read_text()
        if REPEATED in source:
            uses += source.count(REPEATED)
            source = source.replace(REPEATED, "triggers=nightly(),")
            path.write_text(
                source.replace(
                    "from jobdsl import", "from shared.common import nightly\nfrom jobdsl import", 1
                )
            )
    return uses
