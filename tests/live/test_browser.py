"""What users do in the browser: markers erased, objects renamed, moved and copied; views that a user may not see."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

import pytest
from live_site import Site

from jobdsl.controller.jenkins import Controller
from jobdsl.documents.marker import Marker
from jobdsl.grammar import names
from jobdsl.testing.users import READER

pytestmark = pytest.mark.slow

JOBS = """
with folder(FOLDER, description="Ours"):
    freestyle("api", description="The API", disabled=True)
    pipeline("flow", script="node {}", disabled=True)
    multibranch("branches")
    list_view("board", regex="none")
    with folder("inner"):
        freestyle("x", disabled=True)
"""
OBJECTS = [
    ("item", "api"),
    ("item", "flow"),
    ("item", "branches"),
    ("view", "board"),
    ("item", "inner"),
    ("item", "inner/x"),
]
BLIND = ("JENKINS_BLIND_USER", "JENKINS_BLIND_TOKEN")
"""Name a user of a real controller who has Job/Read without View/Read."""


@pytest.fixture
def applied(site: Site, capsys: pytest.CaptureFixture[str]) -> Site:
    site.write(JOBS)
    site.apply()
    site.expect_settled(capsys)
    return site


def erase(site: Site, kind: str, name: str) -> None:
    """Edit the description of an object, so that its marker is lost."""
    document = site.config(name, kind)
    changed = re.sub(
        r"(?s)<description>.*?</description>", "<description>edited</description>", document, count=1
    )
    assert changed != document
    site.controller.update(kind, site / name, changed)
    assert marker_of(site, kind, name) is None


def marker_of(site: Site, kind: str, name: str) -> Marker | None:
    existing = site.controller.look(kind, site / name)
    return existing.marker if existing else None


def copy(controller: Controller, source: str, name: str) -> None:
    """Copy an item within its folder, as the form for new items does."""
    folder, leaf = names.parent(source), names.leaf(source)
    path = f"{names.url_path(folder)}/createItem?name={quote(name)}&mode=copy&from={quote(leaf)}"
    controller.post(path, f"copy {source}")


def test_an_erased_marker_stops_its_object_alone(applied: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site = applied
    for kind, name in OBJECTS:
        erase(site, kind, name)
    site.edit("The API", "Another")
    site.edit(
        '    multibranch("branches")', '    multibranch("branches")\n    freestyle("more", disabled=True)'
    )
    code, output = site.run(capsys, "apply", "--yes")
    assert (
        code,
        f'"{site / "api"}": it exists on the controller and was not made by this seed' in output,
    ) == (
        3,
        True,
    )
    assert "more" in site.names()
    assert [marker_of(site, kind, name) for kind, name in OBJECTS] == [None] * len(OBJECTS)
    adopt = [word for _, name in OBJECTS for word in ("--adopt", site / name)]
    assert site.run(capsys, "apply", "--yes", *adopt)[0] == 0
    assert "Another" in site.config("api")
    site.expect_settled(capsys)


def test_erased_markers_come_back_in_the_folders_of_the_seed(
    applied: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site = applied
    settings = (site.root / "jobdsl.toml").read_text("utf-8")
    own = settings.replace("[removed]", f'folders = ["{site.folder}"]\n[removed]')
    (site.root / "jobdsl.toml").write_text(own, "utf-8")
    for kind, name in OBJECTS:
        erase(site, kind, name)
    assert {action for action, _ in site.plan(capsys)} == {"adopt"}
    site.apply()
    assert all(marker_of(site, kind, name) for kind, name in OBJECTS)
    site.expect_settled(capsys)
    assert "The API" in site.config("api")


def test_a_job_renamed_or_moved_in_the_browser_is_not_made_again(
    applied: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site = applied
    for target in ("renamed", "inner/api"):
        site.controller.move(site / "api", site / target)
        for options in ((), ("--refresh",)):
            code, output = site.run(capsys, "plan", *options)
            assert code == 3
            assert f'"{site / "api"}": it was renamed or moved in Jenkins: "{site / target}"' in output
        assert site.run(capsys, "apply", "--yes")[0] == 3
        assert "api" not in site.names()
        site.edit('freestyle("api"', f'freestyle("api", renamed_from="{site / target}"')
        site.apply()
        site.expect_settled(capsys)
        assert target not in site.names()
        site.edit(f'freestyle("api", renamed_from="{site / target}"', 'freestyle("api"')


def test_a_folder_renamed_in_the_browser_moves_back(
    applied: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site = applied
    site.controller.move(site / "inner", site / "crew")
    code, output = site.run(capsys, "apply", "--yes")
    assert (code, output.count("was renamed or moved in Jenkins")) == (3, 1)
    assert "inner" not in site.names()
    site.edit('folder("inner")', f'folder("inner", renamed_from="{site / "crew"}")')
    site.apply()
    site.expect_settled(capsys)
    assert {"inner", "inner/x"} <= site.names()
    assert "crew" not in site.names()


def test_a_copy_made_in_the_browser_is_reported_and_left_alone(
    applied: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site = applied
    copy(site.controller, site / "api", "copy of api")
    before = site.config("copy of api")
    for command in (("plan",), ("apply", "--yes")):
        code, output = site.run(capsys, *command)
        assert code == 0
        assert f'"{site / "copy of api"}" is a copy of "{site / "api"}"' in output
    assert site.config("copy of api") == before


def test_a_view_that_the_user_may_not_see_is_not_made_again(
    applied: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site = applied
    user, token = (os.environ.get(name, "") for name in BLIND)
    if site.jenkins is not None:
        user, token = "blind", "b"
        site.jenkins.add_user(user, token=token, permissions=READER - {"hudson.model.View.Read"})
    elif not user or not token:
        pytest.skip(f"{' and '.join(BLIND)} name no user without View/Read")
    code, output = site.run(capsys, "plan", "--user", user, "--token", token)
    assert (code, "to create" in output) == (0, False)
    assert output.count("may not see") == 1
    assert f'"{site / "board"}"' in output
