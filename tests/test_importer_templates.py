"""Importing with `--templates`: what is written, that every document comes back, and what happens where one does not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from corpus_sample import CORPUS, sample

from jobdsl.cli.main import run
from jobdsl.documents.secrets import Secrets
from jobdsl.errors import Problem, Where
from jobdsl.importer import ImportResult, estate, import_estate
from jobdsl.importer.convert import Imported
from jobdsl.importer.verify import verify as prove

SERVICES = ("billing", "cards", "mail", "search", "users", "web")
FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder><description>Cards</description></com.cloudbees.hudson.plugins.folder.Folder>"


def job(script: str, *, description: str = "", publishers: str = "") -> str:
    return (
        f"<project><description>{escape(description)}</description><keepDependencies>false</keepDependencies>"
        '<properties/><scm class="hudson.scm.NullSCM"/><canRoam>true</canRoam><disabled>false</disabled>'
        "<blockBuildWhenDownstreamBuilding>false</blockBuildWhenDownstreamBuilding>"
        "<blockBuildWhenUpstreamBuilding>false</blockBuildWhenUpstreamBuilding>"
        "<triggers/><concurrentBuild>false</concurrentBuild>"
        f"<builders><hudson.tasks.Shell><command>{escape(script)}</command></hudson.tasks.Shell></builders>"
        f"<publishers>{publishers}</publishers><buildWrappers/></project>"
    )


def put(home: Path, documents: dict[str, str]) -> Path:
    for name, document in documents.items():
        path = home / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.replace("\r", "&#13;"), "utf-8", newline="")
    return home


def build(service: str, branch: str = "main") -> str:
    script = f"cd services/{service}\nmake build --jobs 4\nmake publish BRANCH={branch} REPOSITORY=https://repo.example.com\n"
    return job(script, description=f"Builds {service} and publishes what it built")


def imported(home: Path, out: Path, *, templates: bool = True, least: int = 3) -> ImportResult:
    return import_estate(home, out, templates=templates, least_family=least, echo=lambda _: None)


def files(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def unequal(result: ImportResult) -> list[str]:
    return [one.name for one in result.documents if not one.equal]


def handmade(home: Path) -> Path:
    branches = {"mail": "release-2"}
    documents = {f"{one}-build": build(one, branches.get(one, "main")) for one in SERVICES}
    documents["nightly"] = job("make clean", description="Cleans the workspaces of all agents")
    documents["payments/config"] = FOLDER
    documents |= {f"payments/{one}-build": build(one) for one in SERVICES[:3]}
    return put(home, documents)


def test_jobs_that_are_alike_become_one_function_and_a_call_each(tmp_path: Path) -> None:
    result = imported(handmade(tmp_path / "home"), tmp_path / "estate")
    assert unequal(result) == []
    golden = Path(__file__).with_name("golden") / "import-templates"
    for name in ("jobs.py", "shared/templates.py", "payments/jobs.py"):
        assert (tmp_path / "estate" / name).read_text("utf-8") == (golden / f"{name}.txt").read_text(
            "utf-8"
        ), name
    [family] = result.families
    assert len(family.members) == 9


def test_without_templates_every_job_is_written_out(tmp_path: Path) -> None:
    home = handmade(tmp_path / "home")
    result = imported(home, tmp_path / "estate", templates=False)
    assert unequal(result) == []
    assert result.families == ()
    assert not (tmp_path / "estate" / "shared").exists()


ODD = {
    "braces": "echo ${{A}} {{ b }} {% c %} {0} }} {{",
    "quotes": 'echo """ \'\'\' "x\' \\"',
    "backslashes": "echo \\n \\ \\\\ \\{ end\\",
    "carriage": "one\r\ntwo\r\n",
    "blanks": "  \t x \n\n   ",
    "unicode": "echo äöü \u2028 日本語",
}


@pytest.mark.parametrize("kind", sorted(ODD))
@pytest.mark.parametrize("lines", [1, 40])
def test_odd_texts_come_back_from_functions(tmp_path: Path, kind: str, lines: int) -> None:
    block = "\n".join(["make build and publish all of it ${HOME}"] * lines)
    documents = {
        f"{one}-job": job(f"{block} for {one}\n{ODD[kind]}\necho {one} done\n{ODD[kind]}", description=one)
        for one in SERVICES
    }
    result = imported(put(tmp_path / "home", documents), tmp_path / "estate")
    assert unequal(result) == []
    assert sum(len(family.members) for family in result.families) == len(SERVICES)


def test_falsy_values_and_absent_parts_are_kept_apart(tmp_path: Path) -> None:
    archive = "<hudson.tasks.ArtifactArchiver><artifacts>{}</artifacts><allowEmptyArchive>{}</allowEmptyArchive></hudson.tasks.ArtifactArchiver>"
    documents = {}
    for number, one in enumerate(SERVICES * 2):
        publishers = (
            ""
            if number % 3 == 0
            else archive.format("out/*" if number % 2 else "", str(number % 4 == 0).lower())
        )
        script = f"make build and publish all of {one}" if number % 5 else ""
        documents[f"{one}-{number}"] = job(
            script, publishers=publishers, description="" if number % 4 else "0"
        )
    result = imported(put(tmp_path / "home", documents), tmp_path / "estate")
    assert unequal(result) == []


def test_a_script_of_a_megabyte_in_several_jobs(tmp_path: Path) -> None:
    script = "".join(f"step {number} of a very long build\n" for number in range(28_000))
    documents = {f"{one}-job": job(f"{script}deploy {one}\n") for one in SERVICES[:3]}
    assert unequal(imported(put(tmp_path / "home", documents), tmp_path / "estate")) == []


def test_secrets_stay_handles(tmp_path: Path) -> None:
    documents = {
        f"{one}-job": job(f"export TOKEN=s3cr3tOf{one}99\nmake build and publish all of {one}\n")
        for one in SERVICES
    }
    result = imported(put(tmp_path / "home", documents), tmp_path / "estate")
    assert unequal(result) == []
    assert result.secrets == len(SERVICES)
    assert not any(b"s3cr3tOf" in text for text in files(tmp_path / "estate").values())


def test_a_folder_called_shared_keeps_its_place(tmp_path: Path) -> None:
    documents = {"shared/config": FOLDER} | {f"shared/{one}-build": build(one) for one in SERVICES}
    result = imported(put(tmp_path / "home", documents), tmp_path / "estate")
    assert unequal(result) == []
    assert [family.module for family in result.families] == ["shared_2/templates.py"]


def test_documents_that_cannot_be_read_are_named_and_the_others_are_calls(tmp_path: Path) -> None:
    home = put(handmade(tmp_path / "home"), {"broken": "<project><a></project>"})
    result = imported(home, tmp_path / "estate")
    assert unequal(result) == ["broken"]
    assert len(result.families) == 1


def _verify_with(monkeypatch: pytest.MonkeyPatch, spoilt: set[str], problems: Iterable[Problem] = ()) -> None:
    """Have documents come out unequal, or problems arise, as long as there are functions."""

    def verify(root: Path, documents: Iterable[Imported], secrets: Secrets) -> list[Problem]:
        documents = list(documents)
        found = prove(root, documents, secrets)
        if not (root / "shared" / "templates.py").exists():
            return found
        text = (root / "jobs.py").read_text("utf-8")
        for one in documents:
            if one.name in spoilt and f'_build("{one.name}"' in text.replace("(\n    ", "("):
                one.equal = False
        return [*found, *problems]

    monkeypatch.setattr(estate, "verify", verify)


def test_a_member_that_does_not_come_back_equal_is_written_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = put(tmp_path / "home", {f"{one}-build": build(one) for one in SERVICES})
    expected = imported(home, tmp_path / "first")
    [family] = expected.families
    monkeypatch.setattr("jobdsl.importer.families.functions._common_words", lambda _: "a_build")
    _verify_with(monkeypatch, {"mail-build"})
    result = imported(home, tmp_path / "estate")
    assert unequal(result) == []
    assert [one.members for one in result.families] == [
        tuple(name for name in family.members if name != "mail-build")
    ]
    assert 'freestyle(\n    "mail-build"' in (tmp_path / "estate" / "jobs.py").read_text("utf-8")


def test_where_functions_do_not_load_the_plain_estate_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = put(handmade(tmp_path / "home"), {f"{one}-long": job("make\n" * 40 + one) for one in SERVICES})
    imported(home, tmp_path / "a" / "estate", templates=False)
    _verify_with(monkeypatch, set(), [Problem("no such thing", Where("layouts.py", 1))])
    result = imported(home, tmp_path / "b" / "estate")
    assert unequal(result) == []
    assert result.families == ()
    assert files(tmp_path / "b" / "estate") == files(tmp_path / "a" / "estate")


def test_the_same_documents_give_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    home = handmade(tmp_path / "home")
    for seed in ("1", "77"):
        command = [
            sys.executable,
            "-m",
            "jobdsl",
            "import",
            str(home),
            "--out",
            str(tmp_path / seed / "estate"),
            "--templates",
        ]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=environment, capture_output=True)  # this interpreter
    assert files(tmp_path / "1" / "estate") == files(tmp_path / "77" / "estate")


def test_the_command_explains_families_and_takes_their_least_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = handmade(tmp_path / "home")
    command = ["import", str(home), "--templates", "--explain", "--out"]
    assert run([*command, str(tmp_path / "a")]) == 0
    shown = capsys.readouterr().err
    assert "FAMILY build(name, builds, branch): 9 documents (billing-build ...), about" in shown
    assert "9 documents are calls of 1 function in shared/templates.py" in shown
    assert run([*command, str(tmp_path / "b"), "--min-family", "10"]) == 0
    assert "FAMILY" not in capsys.readouterr().err


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_real_documents_come_back_equal_from_functions(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, document in sample().items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
    result = import_estate(home, tmp_path / "estate", templates=True, least_family=2, echo=lambda _: None)
    assert [one.name for one in result.documents if not one.equal and not one.error] == []
    assert result.families


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here as a directory")
def test_whole_estates_come_back_equal_from_functions(tmp_path: Path) -> None:
    estates = sorted(path for kind in ("jjb", "homes") for path in (CORPUS / kind).iterdir() if path.is_dir())
    for number, home in enumerate(random.Random(20261201).sample(estates, 4)):
        result = imported(home, tmp_path / str(number))
        assert [one.name for one in result.documents if not one.equal and not one.error] == [], home.name
