"""Branch sources, multibranch jobs and organization folders: short, and back from real documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl import misc, multibranch, organization_folder, scm, sources, triggers
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.errors import DslError

RECORDED = json.loads((Path(__file__).parents[1] / "recordings" / "roundtrip.json").read_text("utf-8"))
STORED = next(one for one in RECORDED if one["name"] == "roundtrip/08_multibranch")
REPO = "https://git.example.com/app.git"


def read(cls: Any, xml: str) -> Any:
    return reading.read_as(cls, parse(xml))


def back(item: Any) -> Any:
    """The item read from the document it writes."""
    found = read(type(item), item.xml)
    assert parse(found.xml) == parse(item.xml)
    return found


def at(item: Any, path: str) -> Node:
    node = parse(item.xml)
    for tag in path.split("/"):
        child = node.find(tag)
        assert child is not None, path
        node = child
    return node


def test_the_document_a_controller_stored_is_typed_in_full() -> None:
    found = read(multibranch, STORED["updated"])
    assert (found.layout, found.extra) == (None, None)
    (held,) = found.sources
    assert held.source == sources.git("https://example.invalid/r.git", id="fixed-id-1")
    assert parse(found.xml) == parse(STORED["updated"])


def test_what_we_write_is_what_a_controller_stores() -> None:
    held = sources.branch_source(
        sources.git("https://example.invalid/r.git", id="fixed-id-1"), layout="-strategy"
    )
    ours = multibranch("x", sources=[held], source_owner=None)
    assert parse(ours.xml) == parse(STORED["updated"])


@pytest.mark.parametrize("stage", ["posted", "created", "updated", "again"])
def test_every_recorded_stage_comes_back(stage: str) -> None:
    found = read(multibranch, STORED[stage])
    assert parse(found.xml) == parse(STORED[stage])
    assert found.factory.script_path == "Jenkinsfile"


def test_a_source_alone_is_a_branch_source() -> None:
    job = multibranch("x", sources=[sources.git(REPO, id="app")])
    explicit = multibranch("x", sources=[sources.branch_source(sources.git(REPO, id="app"))])
    assert job.xml == explicit.xml
    assert list(back(job).sources) == [sources.git(REPO, id="app")]
    assert list(back(explicit).sources) == [sources.git(REPO, id="app")]


def test_git_extensions_stand_among_traits() -> None:
    source = sources.git(REPO, traits=[sources.branches(), scm.clone(shallow=True), scm.wipe_workspace()])
    assert [type(one).__name__ for one in source.traits] == ["branches", "clone", "wipe_workspace"]
    again = source.arguments()["traits"]
    assert again == (sources.branches(), scm.clone(shallow=True), scm.wipe_workspace())
    assert sources.git(REPO, traits=again) == source


def test_an_extension_no_source_knows_is_refused() -> None:
    with pytest.raises(DslError, match="traits takes a trait"):
        sources.git(REPO, traits=[scm.subdirectory("src")])


def test_every_trait_that_carries_an_extension_carries_its_own() -> None:
    for trait in sources.ExtensionTrait.__subclasses__():
        assert trait.carries.carrier is trait  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("one", "arguments"),
    [
        (sources.github("acme/app"), {"project": "acme/app"}),
        (sources.github(owner="acme", repository="app"), {"project": "acme/app"}),
        (sources.bitbucket("ACME/app"), {"project": "ACME/app"}),
        (sources.gitea("acme/app", server="https://g"), {"project": "acme/app", "server": "https://g"}),
        (sources.gitlab("group/sub/app"), {"project": "group/sub/app"}),
        (sources.gitlab("app", owner="me"), {"project": "app", "owner": "me"}),
    ],
)
def test_owner_and_repository_are_one_word(one: Any, arguments: dict[str, Any]) -> None:
    assert one.arguments() == arguments
    assert type(one)(**arguments) == one


def test_a_copy_of_another_project_has_its_owner() -> None:
    assert sources.github("acme/app").but(project="acme/lib") == sources.github("acme/lib")
    assert sources.gitlab("a/app").but(project="b/app") == sources.gitlab("b/app")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: sources.github("app"), "'app' is not owner/repository"),
        (lambda: sources.github_branches("al"), 'did you mean "all"?'),
        (lambda: sources.github_branches(4), "does not know 4"),
        (lambda: sources.github_forks(trust="contributor"), 'did you mean "contributors"?'),
        (lambda: sources.all_branches_same([sources.build_tags()]), "takes a branch property"),
        (lambda: sources.all_branches_same(sources.no_trigger()), "takes a list"),
        (lambda: sources.git(REPO, id=4), "id takes text"),  # type: ignore[arg-type]
        (lambda: multibranch("x", sources=[scm.git(REPO)]), "takes a source (sources.*)"),  # type: ignore[list-item]
        (lambda: misc.metadata_icon(owner=1), "takes the class of the job"),
    ],
)
def test_a_wrong_call_says_what_and_the_way_out(wrong: Any, said: str) -> None:
    with pytest.raises(DslError) as caught:
        wrong()
    assert said in f"{caught.value} {caught.value.hint}"


def test_a_number_of_jenkins_is_the_word_it_stands_for() -> None:
    assert sources.github_branches(3) == sources.github_branches("all")
    assert sources.gitlab_merge_requests(1).build == "merge"


def test_a_source_without_an_id_stays_without() -> None:
    xml = multibranch("x", sources=[sources.git(REPO, id=None)]).xml
    assert "<id>" not in xml
    found = read(multibranch, xml)
    assert list(found.sources) == [sources.git(REPO, id=None)]
    assert found.xml == xml


@given(st.text("abcdefg/-", min_size=1, max_size=12), st.integers(0, 3))
def test_every_source_of_a_job_has_an_id_of_its_own(path: str, more: int) -> None:
    urls = [f"https://git.example.com/{path}.git"] * (more + 1)
    job = multibranch("x", sources=[sources.git(url) for url in urls])
    ids = [node.text for node in parse(job.xml).walk() if node.tag == "id"]
    assert len(set(ids)) == len(urls)
    assert all(ids)


def test_properties_of_branches_are_arrays_in_lists() -> None:
    strategy = sources.named_exceptions(
        [sources.named("main", properties=[sources.no_trigger()])],
        default=[sources.durability("MAX_SURVIVABILITY")],
    )
    held = sources.branch_source(sources.git(REPO, id="app"), strategy=strategy)
    again = back(multibranch("x", sources=[held])).sources[0]
    assert again == held
    odd = parse(sources.all_branches_same([sources.no_trigger()]).write(""))
    odd.children[0].attrs["class"] = "java.util.ArrayList"
    assert reading.read_element(odd).layout is not None or reading.read_element(odd).extra


def test_a_multibranch_job_may_say_everything() -> None:
    job = multibranch(
        "x",
        description="All of it",
        sources=[sources.github("acme/app", id="app")],
        factory="ci/Jenkinsfile",
        orphans=20,
        triggers=[triggers.periodic_folder("4h")],
        health_metrics=[misc.worst_child_health()],
        icon=misc.stock_icon(),
        disabled=True,
    )
    assert at(job, "factory/scriptPath").text == "ci/Jenkinsfile"
    assert at(job, "orphanedItemStrategy/numToKeep").text == "20"
    found = back(job)
    assert (found.layout, found.extra) == (None, None)
    assert (found.icon, found.factory) == (misc.stock_icon(), misc.jenkinsfile("ci/Jenkinsfile"))


ORGANIZATION = """
<jenkins.branch.OrganizationFolder plugin="branch-api@2.1280">
  <actions/>
  <description>Everything of acme</description>
  <properties>
    <jenkins.branch.OrganizationChildHealthMetricsProperty>
      <templates>
        <com.cloudbees.hudson.plugins.folder.health.WorstChildHealthMetric plugin="cloudbees-folder@6.1053">
          <nonRecursive>false</nonRecursive>
        </com.cloudbees.hudson.plugins.folder.health.WorstChildHealthMetric>
      </templates>
    </jenkins.branch.OrganizationChildHealthMetricsProperty>
    <jenkins.branch.OrganizationChildOrphanedItemsProperty>
      <strategy class="jenkins.branch.OrganizationChildOrphanedItemsProperty$Inherit"/>
    </jenkins.branch.OrganizationChildOrphanedItemsProperty>
    <jenkins.branch.OrganizationChildTriggersProperty>
      <templates>
        <com.cloudbees.hudson.plugins.folder.computed.PeriodicFolderTrigger plugin="cloudbees-folder@6.1053">
          <spec>H H/4 * * *</spec>
          <interval>86400000</interval>
        </com.cloudbees.hudson.plugins.folder.computed.PeriodicFolderTrigger>
      </templates>
    </jenkins.branch.OrganizationChildTriggersProperty>
    <jenkins.branch.NoTriggerOrganizationFolderProperty>
      <branches>.*</branches>
      <strategy>NONE</strategy>
    </jenkins.branch.NoTriggerOrganizationFolderProperty>
  </properties>
  <folderViews class="jenkins.branch.OrganizationFolderViewHolder">
    <owner reference="../.."/>
  </folderViews>
  <healthMetrics/>
  <icon class="jenkins.branch.MetadataActionFolderIcon">
    <owner class="jenkins.branch.OrganizationFolder" reference="../.."/>
  </icon>
  <orphanedItemStrategy class="com.cloudbees.hudson.plugins.folder.computed.DefaultOrphanedItemStrategy">
    <pruneDeadBranches>true</pruneDeadBranches>
    <daysToKeep>-1</daysToKeep>
    <numToKeep>-1</numToKeep>
    <abortBuilds>false</abortBuilds>
  </orphanedItemStrategy>
  <triggers/>
  <disabled>false</disabled>
  <navigators>
    <org.jenkinsci.plugins.github__branch__source.GitHubSCMNavigator plugin="github-branch-source@1917">
      <repoOwner>acme</repoOwner>
      <credentialsId>app</credentialsId>
      <enableAvatar>false</enableAvatar>
      <traits>
        <org.jenkinsci.plugins.github__branch__source.BranchDiscoveryTrait>
          <strategyId>1</strategyId>
        </org.jenkinsci.plugins.github__branch__source.BranchDiscoveryTrait>
      </traits>
    </org.jenkinsci.plugins.github__branch__source.GitHubSCMNavigator>
  </navigators>
  <projectFactories>
    <org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory>
      <scriptPath>Jenkinsfile</scriptPath>
    </org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory>
  </projectFactories>
  <buildStrategies/>
  <strategy class="jenkins.branch.DefaultBranchPropertyStrategy">
    <properties class="empty-list"/>
  </strategy>
</jenkins.branch.OrganizationFolder>
"""


def test_an_organization_folder_as_jenkins_stores_it_is_typed_in_full() -> None:
    found = read(organization_folder, ORGANIZATION.strip())
    assert (found.layout, found.extra) == ("+actions", None)
    assert list(found.navigators) == [
        sources.github_organization("acme", credentials="app", traits=[sources.github_branches()])
    ]
    assert list(found.properties)[1:3] == [
        sources.child_orphans(),
        sources.child_triggers([triggers.periodic_folder("1d")]),
    ]
    assert parse(found.xml) == parse(ORGANIZATION.strip())


def test_an_organization_folder_finds_jenkinsfiles_by_itself() -> None:
    folder = organization_folder("acme", navigators=[sources.github_organization("acme")])
    assert at(folder, "projectFactories").children[0].children[0].text == "Jenkinsfile"
    assert list(back(folder).factories) == [sources.jenkinsfile_projects()]
    none = organization_folder("acme", factories=[])
    assert at(none, "projectFactories").children == []
    assert list(back(none).factories) == []


def test_a_gitlab_group_always_has_the_list_its_plugin_needs() -> None:
    xml = sources.gitlab_group("group").write("")
    found = parse(xml).find("navigatorProjects")
    assert found is not None
    assert found.children == []
