"""What lies in a directory of documents besides documents: links, pipes, names nobody can type, names twice."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jobdsl.cli.workflow import render
from jobdsl.errors import JobdslError
from jobdsl.importer import ImportResult, directory, dslfile, import_estate
from jobdsl.loading.load import load

FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder><description>{}</description></com.cloudbees.hudson.plugins.folder.Folder>"
VIEW = "<listView><name>x</name></listView>"
JOB = "<project><description>{}</description></project>"


class Home:
    """A directory of documents with a good one in it, and what its import says."""

    def __init__(self, root: Path) -> None:
        self.source = root / "home"
        self.out = root / "estate"
        self.put("good.xml", JOB.format("fine"))

    def put(self, path: str, text: str) -> Path:
        full = self.source / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        return full

    def load(self, **options: Any) -> ImportResult:
        return import_estate(self.source, self.out, echo=lambda _: None, **options)

    def errors(self) -> dict[str, str]:
        """What was not imported, by name; the good document was."""
        result = self.load()
        assert "good" in [one.name for one in result.documents if one.equal]
        return {one.name: one.error for one in result.broken}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_link_out_of_the_directory_is_refused(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xml"
    outside.write_text(JOB.format("not yours"))
    (home.source / "link.xml").symlink_to(outside)
    (home.source / "up.xml").symlink_to("../outside.xml")
    why = "is a link that leads out of the directory"
    assert home.errors() == {"link": f"link.xml: {why}", "up": f"up.xml: {why}"}
    assert "not yours" not in (home.out / "jobs.py").read_text()


def test_a_link_inside_is_followed(home: Home) -> None:
    (home.source / "twin.xml").symlink_to("good.xml")
    assert home.load().equal == 2


def test_links_that_lead_nowhere_or_in_circles_are_told(home: Home) -> None:
    (home.source / "lost.xml").symlink_to("nothing.xml")
    (home.source / "team").symlink_to("/nowhere/at/all")
    (home.source / "a.xml").symlink_to("b.xml")
    (home.source / "b.xml").symlink_to("a.xml")
    assert home.errors() == {
        "a": "a.xml: is a link that leads to itself",
        "b": "b.xml: is a link that leads to itself",
        "lost": "lost.xml: is a link that leads nowhere",
        "team": "team: is a link that leads nowhere",
    }


def test_links_to_directories_are_told_and_not_followed(home: Home, tmp_path: Path) -> None:
    home.put("team/a.xml", JOB.format("a"))
    (home.source / "team" / "again").symlink_to("..")
    (home.source / "outside").symlink_to(tmp_path)
    why = "is a link to a directory: those are not followed"
    assert home.errors() == {"team/again": f"team/again: {why}", "outside": f"outside: {why}"}


def test_what_is_no_file_is_told_and_never_opened(home: Home) -> None:
    os.mkfifo(home.source / "pipe.xml")
    (home.source / "to-pipe.xml").symlink_to("pipe.xml")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(home.source)  # the name of a socket has room for 100 characters
        try:
            listening.bind("socket.xml")
        finally:
            os.chdir(here)
        assert home.errors() == {
            "pipe": "pipe.xml: is a named pipe, not a file",
            "socket": "socket.xml: is a socket, not a file",
            "to-pipe": "to-pipe.xml: is a named pipe, not a file",
        }


def test_a_device_is_told(home: Home) -> None:
    (home.source / "null.xml").symlink_to("/dev/null")
    assert home.errors() == {"null": "null.xml: is a link that leads out of the directory"}
    with pytest.raises(JobdslError, match="is a device, not a file"):
        directory.content("/dev/null")


def test_what_cannot_be_read_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put("closed.xml", JOB.format("x"))
    home.put("shut/a.xml", JOB.format("x"))
    real_open, real_scan = os.open, os.scandir

    def open_(path: Any, *given: Any, **named: Any) -> int:
        if str(path).endswith("closed.xml"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *given, **named)

    def scan(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real_scan(path)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "scandir", scan)
    assert home.errors() == {
        "closed": "closed.xml: cannot be read: Permission denied",
        "shut": "shut: cannot be listed: Permission denied",
    }


def test_a_name_that_is_no_text_is_told(home: Home) -> None:
    os.makedirs(os.fsencode(home.source) + b"/t\xff")
    for path in (b"/bad\xff.xml", b"/t\xff/a.xml"):
        with open(os.fsencode(home.source) + path, "wb") as file:
            file.write(JOB.format("x").encode())
    assert home.errors() == {
        r"bad\xff": r"bad\xff.xml: its name is not UTF-8 text",
        r"t\xff/a": r"t\xff/a.xml: its name is not UTF-8 text",
    }


@pytest.mark.parametrize(
    "name", ["a\nb", "a\x1b[31mb", "a\tb", "a\\b", "..a", "a?", "a:b", "a*b", "\u202ea", "x" * 200]
)
def test_odd_names_are_imported_or_told_with_their_file(home: Home, name: str) -> None:
    home.put(f"{name}.xml", JOB.format("x"))
    if name.startswith("."):
        assert home.errors() == {}  # what begins with a dot is hidden
        return
    for found, why in home.errors().items():
        assert found == name
        assert why.startswith(f"{name}.xml: ")


def test_every_error_names_its_file_and_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dslfile, "_LONGEST", 5000)
    home.put("broken.xml", "<project>\n<a>\n</project>")
    home.put("empty.xml", "")
    home.put("doctype.xml", "<!DOCTYPE x>\n<x/>")
    home.put("text.xml", "hello")
    home.put("many.xml", "<project>" + "<a/>" * 500 + "</project>")
    home.put("space.xml", "<project>\n<x:a xmlns:x='y'/></project>")
    home.put("latin.xml", "x")
    (home.source / "latin.xml").write_bytes(b"<project>\n\xff</project>")
    errors = home.errors()
    assert sorted(errors) == ["broken", "doctype", "empty", "latin", "many", "space", "text"]
    for name, why in errors.items():
        assert why.startswith(f"{name}.xml:"), why
    assert errors["broken"].startswith("broken.xml:3: not well-formed XML: ")
    assert errors["space"].startswith("space.xml:2: ")


def test_a_document_larger_than_can_be_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "LARGEST", 100)
    home.put("large.xml", JOB.format("x" * 100))
    assert home.errors() == {"large": "large.xml: has more than 0 MB"}


def test_two_documents_of_one_name(home: Home) -> None:
    home.put("a.xml", JOB.format("job"))
    home.put("a/config.xml", FOLDER.format("folder"))
    home.put("a/b.xml", JOB.format("b"))
    assert home.errors() == {"a": "a/config.xml: is a document of a, and so is a.xml"}


def test_a_folder_beside_a_view_of_its_name(home: Home, tmp_path: Path) -> None:
    home.put("x.xml", VIEW)
    home.put("x/config.xml", FOLDER.format("folder"))
    home.put("x/b.xml", JOB.format("b"))
    assert home.load().equal == 4
    render(home.out, tmp_path / "rendered", "process")
    kinds = [(one.full_name, one.is_view) for one in load(home.out, isolation="process").definitions]
    assert sorted(kinds) == [("good", False), ("x", False), ("x", True), ("x/b", False)]


def test_a_folder_beside_a_broken_document_of_its_name(home: Home) -> None:
    home.put("a.xml", "<project")
    home.put("a/config.xml", FOLDER.format("folder"))
    assert list(home.errors()) == ["a"]
    assert 'folder("a"' in "".join(path.read_text() for path in home.out.rglob("*.py"))


def test_directories_deeper_than_any_folder_are_told(home: Home) -> None:
    here = os.getcwd()
    os.chdir(home.source)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("x.xml").write_text(JOB.format("x"))
    finally:
        os.chdir(here)
    deep = "/".join(["d"] * 101)
    try:
        assert home.errors() == {deep: f"{deep}: lies more than 100 directories deep"}
    finally:  # what cleans up temporary directories goes no deeper than Python recurses
        subprocess.run(["rm", "-rf", str(home.source / "d")], check=True)


def test_deep_folders_come_back(home: Home) -> None:
    home.put("/".join(["d"] * 99) + "/x.xml", JOB.format("x"))
    assert home.errors() == {}


def test_out_inside_the_source_is_refused(home: Home) -> None:
    for out in (home.source / "estate", home.source / "a" / ".." / "b", home.source):
        home.out = out
        with pytest.raises(JobdslError, match=r"lies in the directory the documents come from|is not empty"):
            home.load()
    assert [one.name for one in home.source.iterdir()] == ["good.xml"]
    home.out = home.source / "estate"
    assert home.load(force=True).equal == 1


def test_out_is_the_current_directory(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put("a.xml", "<project><authToken>hunter2</authToken></project>")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    home.out = Path(".")
    assert home.load().equal == 2
    assert (tmp_path / "here.secrets.json").exists()


def test_out_that_cannot_be_written_is_told(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, why in (("file", "is a file"), ("file/below", "cannot be written: Not a directory")):
        home.out = tmp_path / name
        with pytest.raises(JobdslError, match=why):
            home.load()


def test_a_full_disk_is_told_and_leaves_no_secrets(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("a.xml", "<project><authToken>hunter2</authToken></project>")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(JobdslError, match=r"the secrets file .* cannot be written: No space left on device"):
        home.load()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home"]
