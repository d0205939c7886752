"""Plugins: which one brings a class, and reading saved lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.checks.plugins import CORE, PluginList, lost_class_hint, plugin_of, read_plugins
from jobdsl.errors import JobdslError


@pytest.mark.parametrize(
    ("java", "plugin"),
    [
        ("hudson.tasks.Shell", CORE),
        ("jenkins.model.BuildDiscarderProperty", CORE),
        ("hudson.tasks.junit.JUnitResultArchiver", "junit"),
        ("hudson.plugins.git.extensions.impl.WipeWorkspace", "git"),
        ("matrix-project", "matrix-project"),
        ("com.example.Unheard", None),
    ],
)
def test_the_plugin_of_a_class(java: str, plugin: str | None) -> None:
    assert plugin_of(java) == plugin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"plugins": [{"shortName": "git", "version": "5.1", "active": true}]}', {"git": "5.1"}),
        ('{"plugins": [{"shortName": "git", "version": "5.1", "active": false}]}', {}),
        ('["git", "junit:1.2", "ant@3"]', {"git": "", "junit": "", "ant": ""}),
        ('{"git": "5.1"}', {"git": "5.1"}),
    ],
)
def test_saved_lists(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    (tmp_path / "plugins.json").write_text(text)
    assert read_plugins(tmp_path / "plugins.json") == PluginList(expected)


def test_a_plugins_txt_leaves_dependencies_out(tmp_path: Path) -> None:
    text = """\ufeff# what the image installs
git:5.7.0
junit  # tests
workflow-aggregator:latest
configuration-as-code::https://files.example.com/casc.hpi
ant:1.2:https://files.example.com/ant.hpi

timestamper@1.30\r
"""
    (tmp_path / "plugins.txt").write_text(text, "utf-8")
    versions = {
        "git": "5.7.0", "junit": "", "workflow-aggregator": "latest", "configuration-as-code": "", "ant": "1.2",
        "timestamper": "1.30",
    }  # fmt: skip
    assert read_plugins(tmp_path / "plugins.txt") == PluginList(versions, is_complete=False)


@pytest.mark.parametrize(
    "text", ["", "[[1]]", "#", "\x00", "git: 5", "git junit", "[" * 100_000, "<html>", "\udcff"]
)
def test_no_list_of_plugins(tmp_path: Path, text: str) -> None:
    (tmp_path / "plugins.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(JobdslError, match=r"plugins\.json"):
        read_plugins(tmp_path / "plugins.json")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(JobdslError, match="cannot be read"):
        read_plugins(tmp_path / "none.json")


def test_a_class_that_is_lost_although_its_plugin_is_there() -> None:
    versions = {
        "git": "5.10.1",
        "parameterized-trigger": "806.vf6fff3e28c3e",
        "matrix-project": "870.v9db_fcfc2f45b_",
    }
    asked = {"git": {"parameterized-trigger": "873.v8b_e37dd8418f", "matrix-project": "870.v9db_fcfc2f45b_"}}
    assert lost_class_hint("git", versions, asked) == (
        "the plugin git 5.10.1 is installed, but this class of it is not loaded: it may need one of the other plugins"
        " that git works with: parameterized-trigger 873.v8b_e37dd8418f (806.vf6fff3e28c3e is installed)"
    )
    assert "update the plugin" in lost_class_hint("git", versions, {})
    assert lost_class_hint("junit", versions, asked) == ""
