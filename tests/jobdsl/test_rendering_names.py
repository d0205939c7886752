"""Names survive `render` and `import`, whatever the layout on disk would take them for."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from jobdsl.cli.workflow import render
from jobdsl.documents.rendering import MANIFEST, DocumentWriter, file_of, name_of
from jobdsl.errors import JobdslError, Where
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.model import Definition

pytestmark = pytest.mark.slow

NAMES = [
    "config", "config.item", "config.view", "config.xml", "a", "a.xml", "a.item", "a.view", "a.item.xml", ".hidden",
    "..dots", ".jobdsl-rendered", "jobs", "builds", "branches", "nodes", "users", "a%2Eb", "%63onfig", "100%",
    "x.xml.xml", "views", "folder", "item", "新 说唱", "a & b",
]  # fmt: skip
ROOTS = {"job": "project", "folder": "com.cloudbees.hudson.plugins.folder.Folder", "view": "listView"}


def definition(name: str, kind: str) -> Definition:
    return Definition(name, ROOTS[kind], f"<{ROOTS[kind]}/>", Where("jobs.py", 1))


def test_every_definition_has_a_file_of_its_own_that_gives_its_name_back() -> None:
    """But for an item and a view of one name: the second gets an ending (below)."""
    for kind in ROOTS:
        files: dict[str, str] = {}
        for parts in itertools.chain(((name,) for name in NAMES), itertools.product(NAMES, NAMES)):
            name = "/".join(parts)
            path = file_of(definition(name, kind))
            assert name_of(path) == name
            assert files.setdefault(path, name) == name
            assert not any(part.startswith(".") for part in path.split("/"))


def test_no_file_is_where_a_directory_is() -> None:
    kinds = ("job", "folder", "view")
    paths = {file_of(definition(name, kind)) for name in NAMES for kind in kinds}
    paths |= {file_of(definition(f"{name}/x", kind)) for name in NAMES for kind in kinds}
    directories = {path.rpartition("/")[0] for path in paths}
    assert paths & directories == set()


@pytest.mark.parametrize("has_manifest", [True, False])
def test_config_in_a_folder_survives_render_and_import(tmp_path: Path, has_manifest: bool) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    (estate / "jobs.py").write_text(
        "from jobdsl import folder, freestyle, list_view\n"
        'freestyle("config")\n'
        'with folder("team"):\n    freestyle("config")\n    list_view("config")\n    freestyle("api")\n'
        'with folder("jobs"):\n    freestyle("config")\n    freestyle("builds")\n',
        "utf-8",
    )
    before = names(estate)
    render(estate, tmp_path / "rendered", "process")
    if not has_manifest:
        (tmp_path / "rendered" / MANIFEST).unlink()
    import_estate(tmp_path / "rendered", tmp_path / "again", echo=lambda _: None)
    assert names(tmp_path / "again") == before


def names(estate: Path) -> list[tuple[str, bool, str]]:
    return sorted(
        (one.full_name, one.is_view, one.document) for one in load(estate, isolation="process").definitions
    )


def test_all_names_and_kinds_survive_render_and_import(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    lines = ["from jobdsl import folder, freestyle, list_view, inside"]
    for folder in ("", "config", "a.xml", ".hidden", "jobs"):
        lines += [f"with {f'inside({folder!r})' if folder else 'inside(chr(0)[:0])'}:"]
        for at, name in enumerate(NAMES):
            kind = "folder" if not folder and name in ("config", "a.xml", ".hidden", "jobs") else None
            lines.append(f"    {kind or ('freestyle', 'folder')[at % 2]}({name!r})")
            lines.append(f"    list_view({name!r})")
    (estate / "jobs.py").write_text("\n".join(lines) + "\n", "utf-8")
    before = names(estate)
    assert len(before) == 2 * 5 * len(NAMES)
    render(estate, tmp_path / "rendered", "process")
    shutil.copytree(tmp_path / "rendered", tmp_path / "copy")
    import_estate(tmp_path / "copy", tmp_path / "again", echo=lambda _: None)
    assert names(tmp_path / "again") == before
    assert render(estate, tmp_path / "rendered", "process")


@pytest.mark.parametrize("order", [1, -1])
def test_a_view_gets_the_ending_whichever_comes_first(tmp_path: Path, order: int) -> None:
    item = Definition("a", "project", "<project/>", Where("jobs.py", 1))
    view = Definition("a", "listView", "<hudson.model.ListView/>", Where("jobs.py", 2))
    (tmp_path / "estate").mkdir()
    with DocumentWriter(tmp_path / "out", tmp_path / "estate") as writer:
        for one in [item, view][::order]:
            writer.stage(one)
        assert writer.commit() == (["a.view.xml", "a.xml"], [])
    assert (tmp_path / "out" / "a.xml").read_text() == "<project/>"
    assert (tmp_path / "out" / "a.view.xml").read_text() == "<hudson.model.ListView/>"


def test_a_new_directory_gets_its_name_as_a_whole_and_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "estate").mkdir()
    (tmp_path / ".out.jobdsl-new" / "left").mkdir(parents=True)  # by a run that was killed
    for is_done in (False, True):
        with DocumentWriter(tmp_path / "out", tmp_path / "estate") as writer:
            writer.stage(Definition("team/a", "project", "<project/>", Where("jobs.py", 1)))
            assert not (tmp_path / "out").exists()
            if is_done:
                writer.commit()
        left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
        written = ["out", f"out/{MANIFEST}", "out/team", "out/team/a.xml"]
        assert left == ["estate", *(written if is_done else ())]


def test_a_directory_that_appears_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "estate").mkdir()
    with DocumentWriter(tmp_path / "out", tmp_path / "estate") as writer:
        writer.stage(Definition("a", "project", "<project/>", Where("jobs.py", 1)))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").touch()
        with pytest.raises(JobdslError, match="cannot be written"):
            writer.commit()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["estate", "mine", "out"]
