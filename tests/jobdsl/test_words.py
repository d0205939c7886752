"""`jobdsl words`: an element is found by any of its names."""

from __future__ import annotations

import json

import pytest

from jobdsl.cli.main import run
from jobdsl.elements import load_all
from jobdsl.elements.base import registry, typed
from jobdsl.elements.search import _elsewhere, _rows, search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shell", "steps.shell"),
        ("steps.shell", "steps.shell"),
        ("SHELL", "steps.shell"),
        ("hudson.tasks.ArtifactArchiver", "publish.archive"),
        ("ArtifactArchiver", "publish.archive"),
        ("archiveArtifacts", "publish.archive"),
        ("pollscm", "triggers.poll_scm"),
        ("shared-workspace-thing-nobody-has", ""),
        ("maven-target", "steps.maven"),
        ("freestyle", "freestyle"),
        ("listView", "list_view"),
        ("numToKeep", "misc.keep"),
        ("git clean before", "scm.clean_before_checkout"),
        ("", ""),
    ],
)
def test_the_first_answer(text: str, expected: str) -> None:
    load_all()
    found = search(text)
    assert (found[0].cls.dsl_name() if found else "") == expected


def test_a_plugin_gives_all_its_elements() -> None:
    load_all()
    found = {match.cls for match in search("timestamper")}
    assert found >= {cls for cls in registry.values() if cls.plugin == "timestamper"}


def test_every_row_of_the_tables_is_about_an_element() -> None:
    load_all()
    assert [java for java in _elsewhere() if typed(java) is None] == []
    plugins = {cls.plugin for cls in registry.values()}
    assert [plugin for plugin, _ in _rows("measured.tsv") if plugin not in plugins] == []


def test_the_command_prints_names_of_all_tools(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["words", "colorizeOutput"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "wrappers.ansicolor(",
        "hudson.plugins.ansicolor",
        "wrappers: ansicolor",
        "wrappers { colorizeOutput }",
    ):
        assert words in printed
    assert run(["words", "shell", "--json", "--limit", "1"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["steps.shell"]
    assert run(["words", "\x1b[31mnone"]) == 1
    assert "\x1b" not in capsys.readouterr().err
