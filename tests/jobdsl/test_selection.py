"""Parts of a plan, limits for one run, one document, and places as seen from where the command runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.testing import SimulatedJenkins

JOBS = """
from jobdsl import folder, freestyle, list_view

with folder("pay"):
    with folder("card"):
        freestyle("api"{})
        freestyle("web")
    list_view("all", regex=".*")
freestyle("tools"{})
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    root.mkdir()
    write(root)
    return root


def write(root: Path, first: str = "", second: str = "", more: str = "", settings: str = "") -> None:
    (root / "jobs.py").write_text(JOBS.format(first, second) + more)
    (root / "jobdsl.toml").write_text(settings)


@pytest.fixture
def jenkins(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        monkeypatch.setenv("JENKINS_URL", simulated.url)
        monkeypatch.setenv("JENKINS_USER", simulated.user)
        monkeypatch.setenv("JENKINS_TOKEN", simulated.token)
        yield simulated


def told(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


# --only


def test_only_what_matches_and_the_folders_it_needs(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(estate), "--only", "pay/card/api"]) == 2
    assert "3 to create, 0 unchanged" in told(capsys)
    assert run(["apply", str(estate), "--yes", "--only", "pay/card/api"]) == 0
    assert sorted(jenkins.items) == ["pay", "pay/card", "pay/card/api"]
    assert run(["plan", str(estate), "--only", "pay/card/*"]) == 2
    assert "1 to create, 1 unchanged" in told(capsys)
    assert run(["apply", str(estate), "--yes", "--only", "pay/**", "--only", "tools"]) == 0
    assert run(["plan", str(estate)]) == 0


def test_a_folder_that_is_there_is_not_updated_for_what_lies_in_it(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    text = (estate / "jobs.py").read_text().replace('folder("card")', 'folder("card", description="x")')
    (estate / "jobs.py").write_text(text.replace('"api"', '"api", description="y"'))
    told(capsys)
    assert run(["plan", str(estate), "--only", "pay/card/api"]) == 2
    assert "1 to update, 0 unchanged" in told(capsys)


def test_removals_and_renames_count_as_their_names(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    delete = '[removed]\njobs = "delete"\n'
    assert run(["apply", str(estate), "--yes"]) == 0
    text = (
        (estate / "jobs.py")
        .read_text()
        .replace('freestyle("tools")', 'freestyle("kit", renamed_from="tools")')
    )
    (estate / "jobs.py").write_text(text.replace('        freestyle("web")\n', ""))
    (estate / "jobdsl.toml").write_text(delete)
    told(capsys)
    assert run(["plan", str(estate), "--only", "pay/**"]) == 2
    shown = told(capsys)
    assert "1 to delete" in shown
    assert "move" not in shown
    for name in ("tools", "kit"):
        assert run(["plan", str(estate), "--only", name]) == 2
        assert "1 to move, 0 unchanged" in told(capsys)


def test_errors_of_others_do_not_stand_in_the_way(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        estate,
        more='from jobdsl import publish\nfreestyle("bad", publishers=[publish.downstream("missing")])\nfreestyle("x&y")\n',
    )
    assert run(["apply", str(estate), "--yes"]) == 1
    assert list(jenkins.items) == []
    told(capsys)
    assert run(["apply", str(estate), "--yes", "--only", "tools"]) == 0
    assert "bad" not in told(capsys)
    assert list(jenkins.items) == ["tools"]
    for name in ("bad", "x&y"):
        assert run(["apply", str(estate), "--yes", "--only", name]) == 1


def test_an_error_of_the_folder_stands_in_the_way(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.create_item("pay", "<project/>")
    assert run(["plan", str(estate), "--only", "pay/card/api"]) == 3
    assert 'folder "pay": it exists on the controller' in told(capsys)


def test_a_glob_that_fits_nothing_is_an_error(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(estate), "--only", "pay/card/apo"]) == 1
    assert (
        'error: --only "pay/card/apo" fits nothing in the estate or on the controller (did you mean "pay/card/api"?)'
        in told(capsys)
    )


def test_only_looks_only_at_what_is_chosen(estate: Path, jenkins: SimulatedJenkins) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    jenkins.requests.clear()
    assert run(["plan", str(estate), "--refresh", "--only", "tools"]) == 0
    assert [one.path for one in jenkins.requests if one.path.endswith("config.xml")] == [
        "/job/tools/config.xml"
    ]


# limits


def test_removals_over_the_limit_can_be_allowed_for_one_run(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    (estate / "jobs.py").write_text("from jobdsl import folder\n\nfolder('pay')\n")
    (estate / "jobdsl.toml").write_text('[removed]\njobs = "delete"\nmin_existing = 1\n')
    told(capsys)
    assert run(["apply", str(estate), "--yes"]) == 1
    text = told(capsys)
    assert "too much at once" in text
    hint = text.partition("if that is meant: ")[2].partition(",")[0]
    assert hint == "--allow-removals 5"
    assert run(["apply", str(estate), "--yes", "--allow-removals", "4"]) == 1
    assert run(["apply", str(estate), "--yes", *hint.split()]) == 0
    assert list(jenkins.items) == ["pay"]


@pytest.mark.parametrize("way", ["option", "settings"])
def test_the_kind_of_one_item_may_change(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    text = (estate / "jobs.py").read_text()
    (estate / "jobs.py").write_text(
        text.replace("import folder", "import pipeline, folder")
        .replace('freestyle("tools")', 'pipeline("tools", script="node { }")')
        .replace('freestyle("web")', 'pipeline("web", script="node { }")')
    )
    told(capsys)
    assert run(["plan", str(estate)]) == 3
    assert "--allow-replace 'tools' to delete it, with its builds, and create it again" in told(capsys)
    options = ["--allow-replace", "tools"] if way == "option" else []
    if way == "settings":
        (estate / "jobdsl.toml").write_text('[removed]\nreplace = ["tools"]\n')
    assert run(["plan", str(estate), *options]) == 3, "the other one is not allowed"
    assert run(["apply", str(estate), "--yes", "--only", "tools", *options]) == 0
    assert "<flow-definition" in jenkins.config("tools")
    assert "<project" in jenkins.config("pay/card/web")


def test_a_folder_is_never_replaced(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "jobs.py").write_text("from jobdsl import folder\n\nfolder('x')\n")
    assert run(["apply", str(estate), "--yes"]) == 0
    (estate / "jobs.py").write_text("from jobdsl import freestyle\n\nfreestyle('x')\n")
    told(capsys)
    assert run(["plan", str(estate), "--allow-replace", "x"]) == 3
    text = told(capsys)
    assert "delete that one in Jenkins first" in text
    assert "--allow-replace" not in text


def test_a_saved_plan_takes_none_of_these_options(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = estate.parent / "plan.json"
    assert run(["plan", str(estate), "--only", "tools", "--out", str(saved)]) == 2
    for option in (["--only", "x"], ["--allow-removals", "0"], ["--allow-replace", "x"]):
        told(capsys)
        assert run(["apply", str(saved), "--yes", *option]) == 1
        assert f"a saved plan takes no {option[0]}" in told(capsys)
    assert run(["apply", str(saved), "--yes"]) == 0
    assert list(jenkins.items) == ["tools"]


# show


def test_show_prints_one_document(
    estate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(estate)
    for arguments in (["pay/card/api"], ["pay/card/api", str(estate)], ["pay/card/api", "."]):
        assert run(["show", *arguments]) == 0
        captured = capsys.readouterr()
        assert captured.out.startswith("<?xml")
        assert captured.out.endswith("</project>\n")
    assert run(["show", "pay/all"]) == 0
    assert "<hudson.model.ListView" in capsys.readouterr().out


def test_show_tells_views_from_items_and_what_is_near(
    estate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(estate)
    write(estate, more='list_view("tools", regex=".*")\n')
    assert run(["show", "tools"]) == 0
    assert "<project" in capsys.readouterr().out
    assert run(["show", "tools", "--view"]) == 0
    assert "<hudson.model.ListView" in capsys.readouterr().out
    assert run(["show", "pay/card/apl"]) == 1
    assert (
        'defines no item or view "pay/card/apl"\n    did you mean "pay/card/api"?' in capsys.readouterr().err
    )
    assert run(["show", "pay/card/api", "--view"]) == 1


# where commands run


def test_the_estate_is_the_current_directory(
    estate: Path,
    jenkins: SimulatedJenkins,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(estate)
    assert run(["lint"]) == 0
    assert run(["render", "--out", str(estate.parent / "out")]) == 0
    assert run(["plan"]) == 2
    assert run(["apply", "--yes"]) == 0
    assert run(["plan"]) == 0


@pytest.mark.parametrize("command", ["lint", "render", "plan", "apply", "show"])
def test_places_can_be_opened_from_where_the_command_runs(
    estate: Path,
    jenkins: SimulatedJenkins,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    (estate / "broken.py").write_text(
        "from jobdsl import freestyle\nfreestyle('tools')\nfreestyle('a', nope=1)\n"
    )
    options = {"render": ["--out", str(estate.parent / "out")], "apply": ["--yes"]}.get(command, [])
    for here, given, prefix in (
        (estate.parent, "estate", "estate/"),
        (estate.parent, str(estate), "estate/"),
        (estate, ".", ""),
        (estate, "../estate", "../estate/"),
        (Path("/"), str(estate), f"{estate.relative_to('/')}/"),
    ):
        monkeypatch.chdir(here)
        arguments = ["a", given] if command == "show" else [given]
        assert run([command, *arguments, *options]) == 1
        text = told(capsys)
        assert f"\n{prefix}broken.py:3: error" in f"\n{text}"
        assert (
            f"{prefix}jobs.py:9: error: item 'tools' is defined twice: here and at {prefix}broken.py:2"
            in text
        )


def test_the_plan_names_places_that_can_be_opened_and_markers_do_not(
    estate: Path,
    jenkins: SimulatedJenkins,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(estate.parent)
    assert run(["apply", "estate", "--yes"]) == 0
    assert "+ tools  estate/jobs.py:9\n" in told(capsys)
    assert "from jobs.py:9 (" in jenkins.config("tools")
    page = estate.parent / "plan.json"
    write(estate, ', description="x"')
    assert run(["plan", "estate", "--write", str(page)]) == 2
    assert '"file": "jobs.py"' in page.read_text()


def test_what_jenkins_did_not_keep_is_told_at_a_place_that_can_be_opened(
    estate: Path,
    jenkins: SimulatedJenkins,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(estate.parent)
    (estate / "jobs.py").write_text(
        "from jobdsl import element, freestyle\n\nfreestyle('x', steps=[element('com.example.Unknown')])\n"
    )
    assert run(["apply", "estate", "--yes"]) == 1
    assert "estate/jobs.py:3: error: " in told(capsys).partition("not all of it was kept")[2]
