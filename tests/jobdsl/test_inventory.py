"""What is on the controller, from tree answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.planning.inventory import LEVELS, Inventory, class_of, existing, read, tree_query

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
FREESTYLE = "hudson.model.FreeStyleProject"


def folder(name: str, *jobs: Mapping[str, Any], views: tuple[str, ...] = ()) -> dict[str, Any]:
    found = [{"_class": "hudson.model.ListView", "name": view, "description": None} for view in views]
    return {"_class": FOLDER, "name": name, "description": None, "jobs": list(jobs), "views": found}


def test_one_question_for_six_levels() -> None:
    assert tree_query(2) == (
        "views[name,description],"
        "jobs[name,description,disabled,views[name,description],jobs[name,description,disabled]]"
    )


def test_items_and_views_with_their_full_names() -> None:
    job = {"_class": FREESTYLE, "name": "x", "description": "d", "disabled": True}
    inventory = read(lambda _folder, _tree: folder("", folder("a", job, views=("v",)), views=("all",)))
    assert [one.key for one in inventory] == [
        ("item", "a"),
        ("item", "a/x"),
        ("view", "a/v"),
        ("view", "all"),
    ]
    found = inventory.get("item", "a/x")
    assert found is not None
    assert (found.disabled, found.description, found.is_folder) == (True, "d", False)
    assert inventory.objects["item", "a"].disabled is None


def test_children_of_computed_folders_are_their_own_business() -> None:
    branches = {
        "_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
        "name": "m",
        "jobs": [{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": "main"}],
    }
    assert [one.full_name for one in read(lambda *_: folder("", branches))] == ["m"]


def test_deeper_folders_are_asked_one_by_one() -> None:
    asked: list[str] = []

    def ask(name: str, _tree: str) -> Mapping[str, Any]:
        asked.append(name)
        if name:
            return folder("", {"_class": FREESTYLE, "name": "deep"})
        answer = {"_class": FOLDER, "name": f"f{LEVELS}"}
        for level in range(LEVELS - 1, 0, -1):
            answer = folder(f"f{level}", answer)
        return folder("", answer)

    inventory = read(ask)
    bottom = "/".join(f"f{level}" for level in range(1, LEVELS + 1))
    assert asked == ["", bottom]
    assert inventory.get("item", f"{bottom}/deep") is not None
    assert len(inventory) == LEVELS + 1


def test_the_view_a_folder_is_born_with() -> None:
    born = existing("view", "a", {"_class": "hudson.model.AllView", "name": "All"})
    other = existing("view", "a", {"_class": "hudson.model.ListView", "name": "All"})
    assert (born.is_default_view, other.is_default_view) == (True, False)
    assert len(Inventory.of([born, other])) == 1


def test_roots_and_their_classes() -> None:
    assert class_of("project") == FREESTYLE
    assert class_of("hudson.plugins.nested__view.NestedView") == "hudson.plugins.nested_view.NestedView"
    assert class_of("some-alias") == ""
