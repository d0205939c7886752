"""Importing with `--templates`: what is written, that every document comes back, and what happens where one does not."""

from __future__ import annotations

import difflib
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
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
from jobdsl.loading.load import load

pytestmark = [pytest.mark.slow, pytest.mark.sampled(3)]

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
    golden = Path(__file__).parents[1] / "golden" / "import-templates"
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

    def verify(
        root: Path,
        documents: Iterable[Imported],
        secrets: Secrets,
        others: Mapping[str, frozenset[bytes]] | None = None,
    ) -> list[Problem]:
        documents = list(documents)
        found = prove(root, documents, secrets, others)
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


def many(home: Path, count: int = 60) -> Path:
    """Jobs of several families, single jobs, and parts that all share."""
    mail = "<hudson.tasks.Mailer><recipients>{}@example.com</recipients><dontNotifyEveryUnstableBuild>false</dontNotifyEveryUnstableBuild><sendToIndividuals>true</sendToIndividuals></hudson.tasks.Mailer>"
    teams = ("core", "data", "web")
    documents = {}
    for number in range(count):
        service, team = f"{SERVICES[number % 6]}{number:03}", teams[number % 3]
        script = f"cd services/{service}\nmake build --jobs 4\nmake publish BRANCH=main\n"
        if number % 5 == 4:
            script = "".join(
                f"step-{number * step} with words of its own\n" for step in range(number % 7 + 1)
            )
        documents[f"{team}/{service}-build"] = job(
            script, description=f"Builds {service} for {team}", publishers=mail.format(team)
        )
    documents |= {f"{team}/config": FOLDER for team in teams}
    return put(home, documents)


def changed_lines(before: dict[str, bytes], after: dict[str, bytes]) -> int:
    """Lines that are in only one of two estates."""
    count = 0
    for path in before.keys() | after.keys():
        old, new = (one.get(path, b"").decode().split("\n") for one in (before, after))
        diff = difflib.unified_diff(old, new, n=0, lineterm="")
        count += sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in diff)
    return count


def again(home: Path, out: Path) -> ImportResult:
    return import_estate(home, out, templates=True, force=True, echo=lambda _: None)


def test_a_second_import_of_the_same_documents_changes_no_byte(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    result = imported(home, out)
    assert unequal(result) == []
    assert result.families
    before = files(out)
    assert unequal(again(home, out)) == []
    assert files(out) == before


@pytest.mark.parametrize("number", [0, 4, 17, 33, 58])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("make publish BRANCH=main", "make publish BRANCH=release"),
        ("make build --jobs 4", "make build"),
        ("<disabled>false", "<disabled>true"),
        ("Builds ", "Makes "),
        ("@example.com", "@example.org"),
        (
            "<publishers>",
            "<publishers><hudson.tasks.Fingerprinter><targets>*.jar</targets></hudson.tasks.Fingerprinter>",
        ),
    ],
)
def test_one_changed_leaf_changes_few_lines(tmp_path: Path, number: int, old: str, new: str) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    imported(home, out)
    before = files(out)
    path = sorted(home.rglob("*-build.xml"))[number]
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    result = again(home, out)
    assert unequal(result) == []
    assert changed_lines(before, files(out)) <= 40


def test_new_and_removed_jobs_change_their_own_lines(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    imported(home, out)
    before = files(out)
    text = (home / "core" / "billing000-build.xml").read_text("utf-8")
    (home / "core" / "extra-build.xml").write_text(text.replace("billing000", "extra"), "utf-8")
    (home / "data" / "cards001-build.xml").unlink()
    result = again(home, out)
    assert unequal(result) == []
    assert changed_lines(before, files(out)) <= 6
    assert any("core/extra-build" in family.members for family in result.families)


def test_jobs_that_the_estate_writes_out_stay_written_out(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    script = "mkdocs build --strict\nrsync --recursive site/ docs.example.com:/srv/{0}\n"
    put(home, {f"core/{word}-docs": job(script.format(word)) for word in ("alpha", "beta", "gamma")})
    import_estate(home, out, templates=True, least_family=4, echo=lambda _: None)
    before = files(out)
    result = again(home, out)
    assert unequal(result) == []
    assert changed_lines(before, files(out)) == 0


@pytest.mark.parametrize("changed", [1, 2, 3])
def test_changed_members_leave_a_small_family_in_place(tmp_path: Path, changed: int) -> None:
    script = "mkdocs build --strict\nrsync --recursive site/ docs.example.com:/srv/{0}\n"
    words = ("alpha", "beta", "gamma")
    home = put(tmp_path / "home", {f"{word}-docs": job(script.format(word)) for word in words})
    out = tmp_path / "estate"
    [family] = imported(home, out).families
    put(home, {f"{word}-docs": job(script.format(word + "-2")) for word in words[:changed]})
    result = again(home, out)
    assert unequal(result) == []
    assert [(one.function, one.parameters) for one in result.families] == [
        (family.function, family.parameters)
    ]


def rendered(out: Path) -> dict[str, str]:
    return {one.full_name: one.document for one in load(out, isolation="process").definitions}


def test_folders_that_are_imported_one_after_the_other_stay_as_they_were(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    documents: dict[str, str] = {}
    for team in ("core", "data", "web", "data"):
        shutil.copytree(home / team, tmp_path / team / team, dirs_exist_ok=True)
        result = again(tmp_path / team, out)
        assert unequal(result) == []
        assert result.families
        now = rendered(out)
        assert {name: now[name] for name in documents} == documents
        documents = now
    assert len(documents) == 63
    assert sorted(result.not_read) == ["core/jobs.py", "web/jobs.py"]
    before = files(out)
    again(tmp_path / "data", out)
    assert files(out) == before
    result = again(home, out)
    assert unequal(result) == []
    assert rendered(out) == documents
    assert not [path for path in files(out) if path.startswith("shared_")]


def test_a_file_of_a_user_that_calls_a_function_of_the_import_says_what_it_said(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    [family, *_] = imported(home, out).families
    call = re.search(rf'{family.function}\("[^"]+"(.*)\)', (out / "core/jobs.py").read_text("utf-8"))
    assert call is not None
    line = f'{family.function}("mine"{call[1]})\n'
    (out / "own.py").write_text(f"from shared.templates import {family.function}\n\n{line}", "utf-8")
    mine = rendered(out)["mine"]
    for path in home.rglob("*-build.xml"):
        path.write_text(path.read_text("utf-8").replace("make publish", "make release"), "utf-8")
    result = again(home, out)
    assert unequal(result) == []
    assert rendered(out)["mine"] == mine


def test_a_folder_that_got_other_files_is_defined_once(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home", 12), tmp_path / "estate"
    imported(home, out)
    for number in range(90):
        put(home, {f"core/{SERVICES[number % 6]}-{number}-more": job(f"make {number}")})
    result = again(home, out)
    assert unequal(result) == []
    assert len(rendered(out)) == len(result.documents)


def test_what_a_user_defines_is_not_defined_a_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = many(tmp_path / "home", 6), tmp_path / "estate"
    put(home, {"top": job("make top")})
    imported(home, out)
    (out / "jobs.py").unlink()
    (out / "own.py").write_text('from jobdsl import freestyle\n\nfreestyle("top")\n', "utf-8")
    before = files(out)
    assert run(["import", str(home), "--out", str(out), "--force"]) == 1
    assert "own.py defines top already, and no import wrote that file" in capsys.readouterr().err
    assert files(out) == before


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home", 6), tmp_path / "estate"
    imported(home, out)
    settings = out / "jobdsl.toml"
    text = '# Ours\n[seed]\nname = "ours"\n\n[teams.core]\nfolders = ["core", "data", "web", "token"]\n'
    settings.write_text(text, "utf-8")
    again(home, out)
    assert settings.read_text("utf-8") == text
    put(home, {"token": job("deploy --token=abcdefghij0123456789")})
    again(home, out)
    assert settings.read_text("utf-8") == f'secrets = "../estate.secrets.json"\n\n{text}'
    settings.write_text("[seed\n", "utf-8")
    assert run(["import", str(home), "--out", str(out), "--force"]) == 1
    assert settings.read_text("utf-8") == "[seed\n"


def test_a_function_that_was_renamed_keeps_its_name(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    [family, *_] = imported(home, out).families
    for path in out.rglob("*.py"):
        text = re.sub(rf"\b{family.function}\b(?=[(,\n])", "service_build", path.read_text("utf-8"))
        path.write_text(text, "utf-8")
    result = again(home, out)
    assert unequal(result) == []
    assert "service_build" in {one.function for one in result.families}


def test_modules_of_an_earlier_import_that_are_not_used_are_removed(tmp_path: Path) -> None:
    home, out = many(tmp_path / "home"), tmp_path / "estate"
    imported(home, out)
    module = out / "shared" / "templates.py"
    module.write_text(module.read_text("utf-8") + "\n\ndef broken(:\n", "utf-8")
    assert unequal(again(home, out)) == []
    assert b"broken" not in module.read_bytes()
    for path in sorted(home.rglob("*-build.xml"))[1:]:
        path.unlink()
    assert (
        unequal(import_estate(home, out, templates=True, least_family=9, force=True, echo=lambda _: None))
        == []
    )
    assert not module.exists()


@pytest.mark.thorough
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
