"""A run that comes through leaves the next one without errors: what goes is not referred to any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.testing import SimulatedJenkins

DELETE = '[removed]\njobs = "delete"\nmin_existing = 1000\n'
USERS = {
    "copies artifacts from": 'freestyle("user", steps=[steps.copy_artifacts("{}", "*")])',
    "triggers": 'freestyle("user", publishers=[publish.downstream("{}")])',
    "is triggered by": 'freestyle("user", triggers=[triggers.upstream("{}")])',
    "offers the builds of": 'freestyle("user", parameters=[params.run("RUN", "{}")])',
    "lists": 'list_view("user", jobs=["{}"])',
}
KINDS = pytest.mark.parametrize("word", USERS)


class Seed:
    """An estate of one file and the controller it is applied to."""

    def __init__(self, root: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.jenkins, self.capsys = root, jenkins, capsys

    def write(self, *lines: str, settings: str = DELETE) -> None:
        head = "from jobdsl import folder, freestyle, list_view, params, publish, steps, triggers\n"
        (self.root / "jobs.py").write_text(head + "\n".join(lines) + "\n")
        (self.root / "jobdsl.toml").write_text(settings)

    def run(self, *command: str) -> tuple[int, str]:
        code = run([command[0], str(self.root), *command[1:]])
        told = self.capsys.readouterr()
        return code, told.out + told.err

    def apply(self) -> tuple[int, str]:
        return self.run("apply", "--yes")


@pytest.fixture
def seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Seed]:
    with SimulatedJenkins() as jenkins:
        monkeypatch.setenv("JENKINS_URL", jenkins.url)
        monkeypatch.setenv("JENKINS_USER", jenkins.user)
        monkeypatch.setenv("JENKINS_TOKEN", jenkins.token)
        monkeypatch.chdir(tmp_path)
        yield Seed(tmp_path, jenkins, capsys)


@KINDS
def test_deleting_what_is_used_is_an_error_of_the_run_that_does_it(seed: Seed, word: str) -> None:
    seed.write('freestyle("used")', USERS[word].format("used"))
    assert seed.apply()[0] == 0
    seed.write("", USERS[word].format("used"))
    for command in (("lint",), ("plan",), ("apply", "--yes")):
        code, told = seed.run(*command)
        assert code == 1
        assert f'jobs.py:3: error: user: it {word} "used", which this run deletes' in told
        assert "(it was at jobs.py:2)" in told
        assert "remove the reference, or define the job again" in told
    assert "used" in seed.jenkins.items
    seed.write("")
    assert seed.apply()[0] == 0
    assert seed.run("plan")[0] == 0


@KINDS
def test_disabling_what_is_used_is_a_warning(seed: Seed, word: str) -> None:
    seed.write('freestyle("used")', USERS[word].format("used"), settings="")
    assert seed.apply()[0] == 0
    seed.write("", USERS[word].format("used"), settings="")
    code, told = seed.apply()
    assert (code, told.count(f'warning: user: it {word} "used", which this run disables')) == (0, 1)
    assert seed.run("plan")[0] == 0


@pytest.mark.parametrize("word", ["copies artifacts from", "triggers", "is triggered by"])
def test_a_rename_is_followed(seed: Seed, word: str) -> None:
    seed.write('freestyle("used")', USERS[word].format("used"))
    assert seed.apply()[0] == 0
    seed.write('freestyle("new", renamed_from="used")', USERS[word].format("used"))
    code, told = seed.run("plan")
    assert code == 1
    assert f'error: user: it {word} "used", which this run moves to "new"' in told
    assert 'write "new"' in told
    seed.write('freestyle("new", renamed_from="used")', USERS[word].format("new"))
    assert seed.apply()[0] == 0
    assert seed.run("plan")[0] == 0


def test_names_are_looked_up_as_jenkins_does(seed: Seed) -> None:
    """From the folder, then from the top; another job of the name takes the place of the one that goes."""
    users = (
        'with folder("a"):',
        '    freestyle("relative", triggers=[triggers.upstream("lib")])',
        '    freestyle("absolute", triggers=[triggers.upstream("/a/lib")])',
    )
    seed.write('freestyle("lib")', *users, '    freestyle("lib")')
    assert seed.apply()[0] == 0
    seed.write('freestyle("lib")', *users)
    code, told = seed.run("plan")
    assert (code, "a/relative: it" in told) == (1, False)
    assert 'a/absolute: it is triggered by "a/lib", which this run deletes' in told


def test_a_folder_that_moves_takes_what_is_used_along(seed: Seed) -> None:
    seed.write('with folder("a"):', '    freestyle("lib")', USERS["triggers"].format("a/lib"))
    assert seed.apply()[0] == 0
    seed.write(
        'with folder("b", renamed_from="a"):', '    freestyle("lib")', USERS["triggers"].format("a/lib")
    )
    code, told = seed.run("plan")
    assert code == 1
    assert 'it triggers "a/lib", which this run moves to "b/lib"' in told


def test_views_in_the_document_of_a_folder_list_what_lies_in_it(seed: Seed) -> None:
    view = 'element("hudson.model.ListView", name="mine", jobNames=["lib"])'
    holder = f'element("com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder", views=[{view}])'
    head = f"from jobdsl import element\nwith folder('a', folder_views={holder}):"
    seed.write(head, '    freestyle("lib")', '    freestyle("other")')
    code, told = seed.apply()
    assert code == 0, told
    seed.write(head, '    freestyle("other")')
    code, told = seed.run("plan")
    assert code == 1
    assert 'a: it lists "a/lib", which this run deletes' in told


def test_what_goes_together_is_no_problem(seed: Seed) -> None:
    seed.write('freestyle("used")', USERS["triggers"].format("used"))
    assert seed.apply()[0] == 0
    seed.write('freestyle("other")')
    assert seed.apply()[0] == 0


# references that have been missing for years


def by_hand(seed: Seed, target: str = "long-gone") -> None:
    seed.jenkins.create_item(
        "user",
        "<project><publishers><hudson.tasks.BuildTrigger>"
        f"<childProjects>{target}</childProjects></hudson.tasks.BuildTrigger></publishers></project>",
    )


def test_a_reference_that_the_controller_has_as_well_does_not_stop_adoption(seed: Seed) -> None:
    by_hand(seed)
    seed.write(USERS["triggers"].format("long-gone"))
    code, told = seed.run("lint")
    assert (code, "jobs.py:2: warning: user: the downstream job 'long-gone' exists neither" in told) == (
        0,
        True,
    )
    code, told = seed.run("apply", "--yes", "--adopt", "user")
    assert code == 0
    assert "warning: user: the downstream job 'long-gone' exists neither" in told
    assert "refers to it all the same" in told
    for command in ("plan", "lint"):
        assert seed.run(command)[0] == 0, "the next run is green as well"
    seed.write(USERS["triggers"].format("long-gone").replace('"user",', '"user", description="x",'))
    assert seed.apply()[0] == 0, "an edit that has nothing to do with it goes on"


def test_a_reference_that_is_new_stays_an_error(seed: Seed) -> None:
    by_hand(seed, "another")
    seed.write(USERS["triggers"].format("long-gone"))
    assert seed.run("plan", "--adopt", "user")[0] == 1
    seed.write(USERS["triggers"].format("long-gone").replace('"user"', '"fresh"'))
    assert seed.run("plan")[0] == 1


def test_nothing_is_read_unless_a_reference_is_missing(seed: Seed) -> None:
    seed.write('freestyle("used")', USERS["triggers"].format("used"))
    assert seed.apply()[0] == 0
    seed.jenkins.requests.clear()
    assert seed.run("plan")[0] == 0
    assert not [one for one in seed.jenkins.requests if one.path.endswith("config.xml")]
    assert len(list(seed.jenkins.requests)) == 3


PLUGIN = "hudson.plugins.parameterizedtrigger.BuildTrigger"
ELSEWHERE = {
    "triggers it": "<publishers><hudson.tasks.BuildTrigger><childProjects>used</childProjects></hudson.tasks.BuildTrigger></publishers>",
    "triggers it ": f"<publishers><{PLUGIN}><configs><{PLUGIN}Config><projects>x, used</projects></{PLUGIN}Config></configs></{PLUGIN}></publishers>",
    "is started by it": "<triggers><jenkins.triggers.ReverseBuildTrigger><upstreamProjects>used</upstreamProjects></jenkins.triggers.ReverseBuildTrigger></triggers>",
}


@pytest.mark.parametrize("word", ELSEWHERE)
@pytest.mark.parametrize(("settings", "verb"), [(DELETE, "deletes"), ("", "disables")])
def test_a_job_outside_the_estate_that_uses_what_goes_is_named(
    seed: Seed, word: str, settings: str, verb: str
) -> None:
    seed.write('freestyle("used")', 'freestyle("kept")', settings=settings)
    assert seed.apply()[0] == 0
    seed.jenkins.create_item("theirs", f"<project>{ELSEWHERE[word]}</project>")
    assert seed.run("plan")[1].count("theirs") == 0
    seed.write("", 'freestyle("kept")', settings=settings)
    code, told = seed.run("plan")
    assert code == 2
    text = f'"used", which this run {verb}, is used outside the estate: "theirs" {word.strip()}'
    assert told.count(f"jobs.py:2: warning: {text}") == 1
    code, told = seed.apply()
    assert (code, told.count(text)) == (0, 1)


def test_jobs_of_the_estate_and_those_that_go_as_well_are_not_named(seed: Seed) -> None:
    seed.write('freestyle("used", publishers=[publish.downstream("next")])', 'freestyle("next")')
    assert seed.apply()[0] == 0
    seed.write("", 'freestyle("next")')
    assert "outside the estate" not in seed.run("plan")[1]
    seed.write("", "")
    assert "outside the estate" not in seed.run("plan")[1]
