"""Jobs made by hand: imported, adopted without a change, and from then on the estate's."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_site import Site

from jobdsl.cli.main import run

pytestmark = pytest.mark.slow

FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder><description>By hand</description></com.cloudbees.hudson.plugins.folder.Folder>"
OLD_GIT = """<project>
  <scm class="hudson.plugins.git.GitSCM">
    <userRemoteConfigs><hudson.plugins.git.UserRemoteConfig><url>https://git.example.com/a.git</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>
    <branches><hudson.plugins.git.BranchSpec><name>*/main</name></hudson.plugins.git.BranchSpec></branches>
  </scm>
</project>"""
FREESTYLE = """<project>
  <description>Builds the application</description>
  <scm class="hudson.plugins.git.GitSCM">
    <configVersion>2</configVersion>
    <userRemoteConfigs><hudson.plugins.git.UserRemoteConfig><url>https://git.example.com/a.git</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>
    <branches><hudson.plugins.git.BranchSpec><name>*/main</name></hudson.plugins.git.BranchSpec></branches>
  </scm>
  <triggers><hudson.triggers.TimerTrigger><spec>@daily</spec></hudson.triggers.TimerTrigger></triggers>
  <builders><hudson.tasks.Shell><command>make
make test</command></hudson.tasks.Shell></builders>
  <publishers><hudson.tasks.ArtifactArchiver><artifacts>dist/**</artifacts></hudson.tasks.ArtifactArchiver></publishers>
</project>"""
PIPELINE = """<flow-definition>
  <description></description>
  <definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition">
    <script>node { sh 'make' }</script><sandbox>true</sandbox>
  </definition>
</flow-definition>"""
MULTIBRANCH = "<org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject/>"
VIEW = "<hudson.model.ListView><name>Dashboard</name><includeRegex>.*</includeRegex></hudson.model.ListView>"


def test_what_was_made_by_hand_is_imported_and_adopted_without_a_change(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "app": FREESTYLE,
        "old git": OLD_GIT,
        "release": PIPELINE,
        "branches": MULTIBRANCH,
        "sub": FOLDER,
        "sub/leaf": FREESTYLE,
    }
    site.controller.create("item", site.folder, FOLDER)
    for name, document in made.items():
        site.controller.create("item", site / name, document)
    site.controller.create("view", site / "Dashboard", VIEW)

    documents = tmp_path / "documents"
    for name in ["", *made]:
        path = documents / f"{site.folder}/{name}".rstrip("/")
        path.with_name(f"{path.name}.xml").parent.mkdir(parents=True, exist_ok=True)
        config = site.controller.config("item", f"{site.folder}/{name}".rstrip("/"))
        path.with_name(f"{path.name}.xml").write_bytes(config)
    estate = tmp_path / "imported"
    assert run(["import", str(documents), "--out", str(estate)]) == 0

    imported = Site(site.controller, site.folder, estate, jenkins=site.jenkins)
    adopt = ("--adopt", site.folder, "--adopt", f"{site.folder}/**")
    changes = imported.plan(capsys, *adopt)
    assert {action for action, _ in changes} == {"adopt"}
    del made["branches"], made["old git"]  # which Jenkins itself writes differently with every update
    before = {name: _without_description(site.config(name)) for name in made}
    imported.apply(*adopt)
    imported.expect_settled(capsys)
    assert {name: _without_description(site.config(name)) for name in made} == before


def _without_description(document: str) -> str:
    """The marker stands in the description; Jenkins writes an empty `actions` now and then."""
    document = document.replace("  <actions/>\n", "")
    head, _, rest = document.partition("<description>")
    return head + rest.partition("</description>")[2] if rest else document.replace("<description/>", "")
