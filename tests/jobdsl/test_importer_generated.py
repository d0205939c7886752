"""What every controller has reads as nothing: born views, actions of builds and scans, markers in copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jobdsl
from jobdsl import params, steps
from jobdsl.cli.main import run
from jobdsl.cli.workflow import render
from jobdsl.controller.jenkins import connect
from jobdsl.documents.marker import Marker, mark
from jobdsl.documents.tree import parse
from jobdsl.errors import Where
from jobdsl.importer import ImportResult, import_estate
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

JOB_KINDS = (
    "pipeline",
    "freestyle",
    "matrix",
    "maven",
    "multijob",
    "multibranch",
    "organization_folder",
    "folder",
)
RECORDINGS = Path(__file__).parents[1] / "recordings"
OWNER = '<owner class="com.cloudbees.hudson.plugins.folder.Folder" reference="../../../.."/>'
ALL = (
    f"<hudson.model.AllView>{OWNER}<name>All</name>{{}}<filterExecutors>false</filterExecutors>"
    '<filterQueue>false</filterQueue><properties class="hudson.model.View$PropertyList"/></hudson.model.AllView>'
)
LIST = (
    f"<hudson.model.ListView>{OWNER}<name>{{}}</name>{{}}<filterExecutors>false</filterExecutors>"
    "<filterQueue>false</filterQueue><jobNames><comparator {}/><string>api</string></jobNames><jobFilters/>"
    "<columns><hudson.views.StatusColumn/></columns><recurse>false</recurse></hudson.model.ListView>"
)
JAVA = 'class="java.lang.String$CaseInsensitiveComparator"'
HOLDER = (
    '<folderViews class="com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder"><views>{}</views>'
    '<tabBar class="hudson.views.DefaultViewsTabBar"/></folderViews>'
)
FOLDER = (
    "<com.cloudbees.hudson.plugins.folder.Folder>{}<description>Ours</description><properties/>{}"
    '<healthMetrics/><icon class="com.cloudbees.hudson.plugins.folder.icons.StockFolderIcon"/>'
    "</com.cloudbees.hudson.plugins.folder.Folder>"
)
TRACKERS = (
    "<org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobAction/>"
    "<org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobPropertyTrackerAction><jobProperties/>"
    "<triggers/><parameters/><options/>"
    "</org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobPropertyTrackerAction>"
)


class Home:
    """A directory of documents, and the estate they become."""

    def __init__(self, root: Path) -> None:
        self.source = root / "home"
        self.out = root / "estate"
        self.said: list[str] = []

    def put(self, path: str, document: str) -> None:
        full = self.source / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(document, "utf-8")

    def load(self) -> ImportResult:
        result = import_estate(self.source, self.out, echo=self.said.append)
        assert [one.name for one in result.documents if not one.equal] == []
        return result

    def text(self, path: str = "team/jobs.py") -> str:
        return (self.out / path).read_text("utf-8")

    def source_text(self) -> str:
        """All that was written."""
        return "".join(path.read_text("utf-8") for path in sorted(self.out.rglob("*.py")))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def marker(name: str) -> str:
    return str(Marker(seed="main", name=name, where=Where("a.py", 1), digest="0123456789ab"))


def test_a_new_folder_is_one_line(home: Home) -> None:
    recordings = json.loads((RECORDINGS / "config.json").read_text("utf-8"))
    home.put(
        "team/config.xml", next(one for one in recordings if "folder_get" in one["name"])["response"]["body"]
    )
    home.load()
    assert home.text("jobs.py").splitlines()[2:] == [
        "from jobdsl import folder",
        "",
        'folder("team", description="f")',
    ]


@pytest.mark.parametrize("actions", ["", "<actions/>"])
@pytest.mark.parametrize(
    "views",
    [
        "",
        HOLDER.format(""),
        HOLDER.format(ALL.format("")),
        HOLDER.format(ALL.format("<description></description>")),
        HOLDER.format(ALL.format(f"<description>{marker('team/All')}</description>")),
        HOLDER.format(ALL.format("")).replace("<tabBar", "<primaryView>All</primaryView><tabBar"),
        f"<views>{ALL.format('')}</views><viewsTabBar class='hudson.views.DefaultViewsTabBar'/>"
        "<primaryView>All</primaryView>",
    ],
)
def test_what_jenkins_puts_into_a_folder_reads_as_nothing(home: Home, actions: str, views: str) -> None:
    home.put("team/config.xml", FOLDER.format(actions, views))
    assert len(home.load().documents) == 1
    assert home.text("jobs.py").endswith('\nfolder("team", description="Ours")\n')


def test_views_of_a_folder_are_definitions_of_their_own_without_markers(home: Home) -> None:
    marked = f"<description>Nightly\n\n{marker('team/nightly')}</description>"
    views = [
        ALL.format(""),
        LIST.format("nightly", marked, JAVA),
        LIST.format("other", "", "reference='../..'"),
    ]
    home.put("team/config.xml", FOLDER.format("", HOLDER.format("".join(views))))
    home.put("team/api.xml", "<project/>")
    home.load()
    text = home.text()
    assert text.count("list_view(") == 2
    assert 'list_view("nightly", description="Nightly", jobs=["api"], columns=["status"]' in " ".join(
        text.replace("\n", " ").split()
    ).replace("( ", "(").replace("[views.status()]", '["status"]')
    for word in ("Managed by", "folder_views", "owner", "All", "comparator"):
        assert word not in home.source_text()


def test_a_view_with_a_document_of_its_own_is_not_imported_twice(home: Home) -> None:
    home.put("team/config.xml", FOLDER.format("", HOLDER.format(ALL.format("") + LIST.format("a", "", JAVA))))
    home.put("team/a.xml", LIST.format("a", "<description>newer</description>", JAVA).replace(OWNER, ""))
    home.put("team/All.xml", ALL.format("").replace(OWNER, ""))
    assert [one.name for one in home.load().documents] == ["team", "team/a"]
    assert home.text().count("list_view(") == 1
    assert "newer" in home.text()


@pytest.mark.parametrize("description", ["", "<description>Everything there is</description>"])
@pytest.mark.parametrize("name", ["All", "Everything"])
def test_a_view_of_all_that_somebody_made_or_changed_is_kept(home: Home, name: str, description: str) -> None:
    view = ALL.format(description).replace(">All<", f">{name}<")
    home.put("team/config.xml", FOLDER.format("", HOLDER.format(view)))
    home.load()
    assert ("all_view(" in home.source_text()) == (name != "All" or bool(description))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<tabBar", "<primaryView>a</primaryView><tabBar"),
        ("hudson.views.DefaultViewsTabBar", "org.jenkins.ci.plugins.buildtabbar.BuildTabBar"),
        ("DefaultFolderViewHolder", "OtherHolder"),
        ("<name>a</name>", "<name>a/b</name>"),
        ("<name>a</name>", "<name>All</name>"),
        ("<jobFilters/>", "<jobFilters reference='../../../../properties'/>"),
    ],
)
def test_a_folder_that_says_more_of_its_views_keeps_them_without_markers(
    home: Home, old: str, new: str
) -> None:
    marked = f"<description>{mark('Mine', Marker(seed='main', name='team/a', where=Where('a.py', 1), digest='0123456789ab'))}</description>"
    bare = f"<description>{marker('team/All')}</description>"
    views = HOLDER.format(ALL.format(bare) + LIST.format("a", marked, JAVA)).replace(old, new)
    home.put("team/config.xml", FOLDER.format("", views))
    home.put("team/a.xml", LIST.format("a", "", JAVA).replace(OWNER, ""))
    names = [one.name for one in home.load().documents]
    text = home.source_text()
    assert "folder_views=" in text
    assert "Managed by" not in text
    assert text.count("Mine") == 1
    assert names == (["team"] if old != "<name>a</name>" else ["team", "team/a"])


@pytest.mark.parametrize("left", ["", "<com.example.Other/>"])
@pytest.mark.parametrize(
    "actions",
    [
        TRACKERS,
        "<org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction><jobPropertyDescriptors/>"
        "</org.jenkinsci.plugins.workflow.multibranch.JobPropertyTrackerAction>",
        "<io.jenkins.blueocean.service.embedded.BlueOceanUrlAction/>",
    ],
)
def test_actions_of_builds_read_as_nothing(home: Home, actions: str, left: str) -> None:
    pipeline = jobdsl.pipeline("p", script="node {}").xml
    document = pipeline.replace("<keepDep", f"<actions>{actions}{left}</actions><keepDep", 1)
    home.put("p.xml", document)
    home.load()
    text = home.text("jobs.py")
    assert "Action" not in text
    assert ("com.example.Other" in text) == bool(left)
    if not left:
        assert text.endswith('\npipeline("p", script="node {}")\n')


@pytest.mark.parametrize(
    "action",
    [
        '<jenkins.scm.api.metadata.PrimaryInstanceMetadataAction/>',
        '<org.jenkinsci.plugins.github__branch__source.GitHubDefaultBranch><owner/></org.jenkinsci.plugins.github__branch__source.GitHubDefaultBranch>',
        '<com.cloudbees.jenkins.plugins.bitbucket.BitbucketLink/>',
    ],
)  # fmt: skip
def test_actions_of_scans_read_as_nothing(home: Home, action: str) -> None:
    document = jobdsl.multibranch("m", sources=[]).xml
    home.put("m.xml", document.replace("<properties", f"<actions>{action}</actions><properties", 1))
    home.load()
    assert home.text("jobs.py").endswith('\nmultibranch("m")\n')


@pytest.mark.parametrize("count", [1, 4])
def test_an_estate_says_nothing_of_empty_actions(home: Home, count: int) -> None:
    for kind in JOB_KINDS:
        document = getattr(jobdsl, kind)("p", layout="+actions").xml
        assert "<actions/>" in document
        for number in range(count):
            home.put(f"{kind}-{number}.xml", document)
    document = jobdsl.pipeline("p", script="node {}", layout="+actions").xml
    home.put("f.xml", document.replace("<actions/>", f"<actions>{TRACKERS}</actions>"))
    home.load()
    assert all(home.text("jobs.py").count(f'{kind}("{kind}') == count for kind in JOB_KINDS)
    assert "layout" not in home.text("jobs.py")


def test_an_estate_says_nothing_of_empty_descriptions(home: Home) -> None:
    for kind in JOB_KINDS:
        home.put(f"{kind}.xml", getattr(jobdsl, kind)("p", description="").xml)
    home.put("said.xml", jobdsl.freestyle("said", description=" ").xml)
    home.put("parameter.xml", jobdsl.freestyle("p", parameters=[params.string("A", description="")]).xml)
    home.load()
    assert home.text("jobs.py").count("description=") == 1
    assert 'description=" "' in home.text("jobs.py")


def test_views_of_a_controller_are_imported_once_and_a_removed_one_does_not_return(home: Home) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        controller.create("item", "team", jobdsl.folder("team").xml)
        controller.create("item", "team/api", jobdsl.freestyle("api", steps=[steps.shell("make")]).xml)
        controller.create("view", "team/nightly", jobdsl.list_view("nightly", jobs=["api"]).xml)
        result = import_estate(controller, home.out, echo=home.said.append)
    assert [one.name for one in result.documents if not one.equal] == []
    text = home.text()
    assert 'folder("team"):' in text
    assert text.count("nightly") == 1
    (home.out / "team" / "jobs.py").write_text(text[: text.index("    list_view(")] + "    pass\n", "utf-8")
    render(home.out, home.out.with_name("rendered"), "process")
    folder = parse((home.out.with_name("rendered") / "team" / "config.xml").read_bytes())
    assert folder.find("folderViews") is None


def test_an_imported_controller_is_adopted_and_settles(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    declarative = (RECORDINGS / "declarative_pipeline_after_first_build.xml").read_text("utf-8")
    with SimulatedJenkins() as jenkins:
        for name, value in (("URL", jenkins.url), ("USER", jenkins.user), ("TOKEN", jenkins.token)):
            monkeypatch.setenv(f"JENKINS_{name}", value)
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        controller.create("item", "team", jobdsl.folder("team", description="Ours").xml)
        controller.create("item", "team/decl", declarative.partition("?>")[2])
        controller.create("view", "team/nightly", jobdsl.list_view("nightly", jobs=["decl"]).xml)
        controller.create("view", "team/mine", jobdsl.my_view("mine").xml)
        assert run(["import", "--out", str(home.out)]) == 0
        assert run(["plan", str(home.out), "--adopt", "**"]) == 2
        assert run(["apply", str(home.out), "--adopt", "**", "--yes"]) == 0
        after = controller.config("item", "team/decl")
        assert b"DeclarativeJobPropertyTrackerAction" in after
        for options in ([], ["--refresh"]):
            assert run(["plan", str(home.out), *options]) == 0
        assert run(["import", "--out", str(home.out.with_name("again"))]) == 0
    texts = [
        (path / "team" / "jobs.py").read_text("utf-8") for path in (home.out, home.out.with_name("again"))
    ]
    assert texts[0] == texts[1]
    assert "Managed by" not in texts[1]
