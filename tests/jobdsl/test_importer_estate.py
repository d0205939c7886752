"""Importing a directory: what the DSL files say, where they lie, and that they give the documents back."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from jobdsl.cli.workflow import render
from jobdsl.documents.marker import Marker, managed
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError, Where
from jobdsl.importer import ImportResult, import_estate
from jobdsl.loading.load import load
from jobdsl.model import Definition

pytestmark = pytest.mark.slow

FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder>{}</com.cloudbees.hudson.plugins.folder.Folder>"
DESCRIBED = "<project><description>{}</description></project>"
SHELL = "<builders><hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell></builders>"
JOB = (
    "<project><description/><keepDependencies>false</keepDependencies><properties/>"
    '<scm class="hudson.scm.NullSCM"/><canRoam>true</canRoam><disabled>false</disabled>'
    "<blockBuildWhenDownstreamBuilding>false</blockBuildWhenDownstreamBuilding>"
    "<blockBuildWhenUpstreamBuilding>false</blockBuildWhenUpstreamBuilding>"
    "<triggers/><concurrentBuild>false</concurrentBuild>"
    "<builders>{}</builders><publishers/><buildWrappers/></project>"
)


class Home:
    """A directory of documents, and the estate they become."""

    def __init__(self, root: Path) -> None:
        self.source = root / "home"
        self.out = root / "estate"
        self.said: list[str] = []

    def put(self, name: str, document: str | bytes) -> None:
        path = self.source / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else document.encode())

    def load(self, *, force: bool = False) -> ImportResult:
        report = self.out.with_name("report.json")
        return import_estate(self.source, self.out, report=report, force=force, echo=self.said.append)

    def text(self, path: str = "jobs.py") -> str:
        return (self.out / path).read_text("utf-8")

    def files(self) -> set[str]:
        return {path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file()}

    def definitions(self) -> dict[str, Definition]:
        return {one.full_name: one for one in load(self.out, isolation="process").definitions}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_small_estate_reads_as_a_person_would_write_it(home: Home) -> None:
    home.put("nightly", JOB.format("<hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>"))
    home.put("payments/config", FOLDER.format("<description>Cards</description>"))
    home.put("payments/api", JOB.format(""))
    home.put("payments/old/web", JOB.format("<com.example.Foo><bar>1</bar><baz>true</baz></com.example.Foo>"))
    result = home.load()
    assert (result.equal, result.elements, result.typed_elements) == (3 + 1, 5, 4)
    assert home.files() == {"jobs.py", "payments/jobs.py", "jobdsl.toml", "layouts.py"}
    assert home.text().startswith(
        '"""Jobs of this controller, imported from Jenkins."""\n\nfrom jobdsl import '
    )
    team = home.text("payments/jobs.py")
    assert 'with folder("payments", description="Cards"' in team
    assert '    with folder("old"):\n        freestyle("web", ' in team
    assert 'element("com.example.Foo", bar=1, baz=True)' in team
    assert [name for name, one in home.definitions().items() if one.is_folder] == ["payments", "payments/old"]
    assert home.text("jobdsl.toml").endswith('[seed]\nname = "estate"\n')


def test_the_report_has_a_line_for_every_document(home: Home) -> None:
    home.put("b", JOB.format("<hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>"))
    home.put("a/broken", "<project>\n<description>\n</project>")
    home.put("views/all", "<listView><name>all</name></listView>")
    home.load()
    rows = {row["name"]: row for row in json.loads((home.out.with_name("report.json")).read_text("utf-8"))}
    assert list(rows) == ["a/broken", "b", "views/all"]
    assert rows["b"] == {
        "name": "b",
        "equal": True,
        "elements": 2,
        "typed_elements": 2,
        "bytes": (home.source / "b.xml").stat().st_size,
    }
    assert rows["a/broken"]["equal"] is False
    assert rows["a/broken"]["error"].startswith("a/broken.xml:3: not well-formed XML: ")
    assert any(line.startswith("NOT IMPORTED: a/broken: a/broken.xml:3: ") for line in home.said)
    assert "# a/broken could not be imported: a/broken.xml:3: not" in home.text("a/jobs.py")


def test_a_folder_whose_documents_are_all_broken_is_still_a_folder(home: Home) -> None:
    home.put("team/config", FOLDER.format(""))
    home.put("team/a", "<project>")
    assert home.load().equal == 1
    assert list(home.definitions()) == ["team"]


@pytest.mark.parametrize(
    "name",
    ["a b", "a & b (c)", "it's", 'say "x"', "新说唱", "tests/unit", "json/x", "layouts", "jobdsl", "a.b",
     "conftest", "test_x", "venv/y/z", "#1", "{x}", "x.py", "jobs", "scripts", "-x", "a/b/c/d/e/f/g/h/i/j/k"],
)  # fmt: skip
def test_names_stay_as_they_are(home: Home, name: str) -> None:
    home.put(name, DESCRIBED.format(name.replace("&", "and")))
    home.put(f"team/{name}", DESCRIBED.format("two"))
    assert home.load().equal == 2
    assert {name, f"team/{name}"} <= set(home.definitions())


def test_names_no_item_can_have_are_told(home: Home) -> None:
    home.put("a\nb", DESCRIBED.format("x"))
    home.put("good", DESCRIBED.format("x"))
    assert home.load().equal == 1
    assert any("NOT IMPORTED: a?b" in line for line in home.said)


def test_names_that_differ_in_case_come_back_both(home: Home) -> None:
    home.put("Bowling", DESCRIBED.format("one"))
    home.put("bowling", DESCRIBED.format("two"))
    assert home.load().equal == 2


def test_jobs_below_what_is_no_folder(home: Home) -> None:
    root = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
    home.put("multi", f"<{root}/>")
    home.put("multi/branches/main", "<flow-definition/>")
    assert home.load().equal == 2
    assert 'with inside("multi"):\n    with folder("branches"):\n        pipeline(' in home.text(
        "multi/jobs.py"
    )


@pytest.mark.parametrize(
    "document",
    [
        "<project><a>1</a><a>2</a></project>",
        "<project>text</project>",
        "<project>mixed <b/> content</project>",
        '<project class="x"/>',
        '<project version="1"><description>d</description></project>',
        "<project><_attrs>1</_attrs><_text/></project>",
        "<a.B><class>1</class><from>2</from><a-b>3</a-b></a.B>",
        "<hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>",
        "<x><string>a</string><int>007</int><boolean>yes</boolean><null/></x>",
        "<x><y> </y><z>\n</z></x>",
        "<x><y>007</y><z>1.0</z><w>True</w><v>-0</v></x>",
        "<x><y reference='../..'/><z class='a.B' c='d'>e</z></x>",
        "<?xml version='1.1'?><x><y>&#x1b;[31m&#xd;&#10;</y></x>",
        "<x>" + "<a.B>" * 60 + "</a.B>" * 60 + "</x>",
        "<x>" + "<y>" * 150 + "</y>" * 150 + "</x>",
    ],
)  # fmt: skip
def test_odd_documents_come_back_equal(home: Home, document: str) -> None:
    home.put("odd", document)
    result = home.load()
    assert (result.equal, result.broken) == (1, [])
    assert parse(home.definitions()["odd"].document) == parse(document)


def test_our_own_markers_are_left_out(home: Home) -> None:
    plain = f'<?xml version="1.0" encoding="UTF-8"?>\n{DESCRIBED.format("Mine")}\n'
    home.put(
        "a", managed(plain, Marker(seed="main", name="a", where=Where("a.py", 1), digest="0123456789ab"))
    )
    assert home.load().equal == 1
    assert "Managed by" not in home.text()
    assert home.definitions()["a"].document.count("Mine") == 1


def test_long_scripts_get_files_that_jobs_share(home: Home) -> None:
    script = "#!/bin/bash\n" + "".join(f"echo {number}\n" for number in range(30))
    step = f"<hudson.tasks.Shell><command>{script}</command></hudson.tasks.Shell>"
    home.put("team/a b", JOB.format(step))
    home.put("team/c", JOB.format(step + step.replace("\n", "&#xd;\n")))
    assert home.load().equal == 2
    assert home.text("team/scripts/a-b.sh") == script
    assert home.text("team/jobs.py").count('read_file("./scripts/a-b.sh")') == 2
    assert r"echo 1\r" in home.text("team/jobs.py")


def test_layouts_are_constants(home: Home) -> None:
    odd = "<com.x.Y>1</com.x.Y><disabled>true</disabled><description>d</description>"
    odd += "<scm class='a.B'/><keepDependencies>true</keepDependencies>"
    for name in "ab":
        home.put(name, f"<project>{odd}</project>")
    assert home.load().equal == 2
    assert home.text().count("layout=layouts.FREESTYLE_1") == 2
    tree = ast.parse(home.text("layouts.py"))
    assert [ast.unparse(one) for one in tree.body[1:]] == [
        "FREESTYLE_1 = 'com.x.Y disabled description scm keepDependencies'"
    ]


def test_the_layout_most_elements_of_a_class_have_is_said_once(home: Home) -> None:
    old = "<hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell>"
    new = old.replace("</hudson", "<configuredLocalRules/></hudson")
    for name in "abcd":
        home.put(name, JOB.format(old.format("make") + old.format("test")))
    home.put("e", JOB.format(new.format("make")))
    assert home.load().equal == 5
    assert 'steps = jobdsl.in_layout(jobdsl.steps, shell="-configuredLocalRules")' in home.text("layouts.py")
    text = home.text()
    assert "from layouts import steps\n" in text
    assert text.count('steps.shell("make")') == 4
    assert text.count('steps.shell("make", layout=None)') == 1
    layouts = (home.out / "layouts.py").read_text().replace(', shell="-configuredLocalRules"', "")
    (home.out / "layouts.py").write_text(layouts)
    assert home.definitions()["a"].document.count("<configuredLocalRules/>") == 2


def test_large_folders_are_split_by_what_names_begin_with(home: Home) -> None:
    for number in range(200):
        home.put(f"team/api-{number}", DESCRIBED.format(number))
        home.put(f"team/web-{number}", DESCRIBED.format(number))
        home.put(f"team/{number}", DESCRIBED.format(number))
    home.put("team/sub/x", DESCRIBED.format("x"))
    assert home.load().equal == 601
    assert home.files() == {
        "jobdsl.toml",
        "layouts.py",
        *(f"team/{file}.py" for file in ("api", "web", "folder", "jobs")),
    }
    assert 'with inside("team"):\n    freestyle("api-0"' in home.text("team/api.py")


def test_an_estate_people_wrote_is_not_overwritten(home: Home) -> None:
    home.put("a", DESCRIBED.format("x"))
    (home.out / ".git").mkdir(parents=True)
    assert home.load().equal == 1
    with pytest.raises(JobdslError, match="is not empty"):
        home.load()
    assert home.load(force=True).equal == 1


@pytest.mark.parametrize("place", ["jobs.py", "jobdsl.toml", "shop/jobs.py", "shop"])
def test_no_link_in_the_directory_is_followed(home: Home, tmp_path: Path, place: str) -> None:
    """A repository that others push to may hold one where the import writes."""
    home.put("a", JOB.format(""))
    home.put("shop", FOLDER.format(""))
    home.put("shop/b", JOB.format(""))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "important").write_text("mine")
    home.load()
    written = home.out / place
    is_directory = written.is_dir()
    if is_directory:
        shutil.rmtree(written)
    else:
        assert written.exists(), sorted(home.out.rglob("*"))
        written.unlink()
    written.symlink_to(elsewhere if is_directory else elsewhere / "important")
    if is_directory:
        with pytest.raises(JobdslError, match="is a link"):
            home.load(force=True)
    else:
        home.load(force=True)
        assert not written.is_symlink()
    assert [(path.name, path.read_text()) for path in elsewhere.iterdir()] == [("important", "mine")]


def test_a_report_replaces_a_link(home: Home, tmp_path: Path) -> None:
    home.put("a", JOB.format(""))
    (tmp_path / "important").write_text("mine")
    (tmp_path / "report.json").symlink_to(tmp_path / "important")
    home.load()
    assert (tmp_path / "important").read_text() == "mine"
    assert json.loads((tmp_path / "report.json").read_text())


def test_nothing_to_import_is_an_error(home: Home, tmp_path: Path) -> None:
    with pytest.raises(JobdslError, match="is not a directory"):
        home.load()
    home.source.mkdir()
    with pytest.raises(JobdslError, match="holds no documents"):
        home.load()


def test_what_render_writes_can_be_imported_again(home: Home, tmp_path: Path) -> None:
    home.put("team/config", FOLDER.format("<description>d</description>"))
    home.put("team/a", JOB.format(""))
    home.put("config", DESCRIBED.format("a job called config"))
    home.load()
    render(home.out, tmp_path / "rendered", "process")
    again = Home(tmp_path / "again")
    again.source = tmp_path / "rendered"
    assert again.load().equal == 3
    assert {name: again.text(name) for name in again.files() if name.endswith(".py")} == {
        name: home.text(name) for name in home.files() if name.endswith(".py")
    }


def test_the_same_input_gives_the_same_files(home: Home, tmp_path: Path) -> None:
    for name in ("b", "a", "team/x"):
        home.put(name, DESCRIBED.format(name))
    home.load()
    twin = Home(tmp_path)
    twin.out = tmp_path / "twin" / "estate"
    twin.load()
    assert {one: twin.text(one) for one in twin.files()} == {one: home.text(one) for one in home.files()}
