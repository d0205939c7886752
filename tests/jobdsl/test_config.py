from __future__ import annotations

import dataclasses
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.errors import EstateError
from jobdsl.settings.config import Files, Lint, PolicySettings, Removed, Settings, Team, load, loads
from jobdsl.settings.words import KINDS, RULES

PAGE = Path(__file__).parents[2] / "docs" / "jobdsl-toml.md"


def errors(text: str) -> list[str]:
    with pytest.raises(EstateError) as caught:
        loads(text)
    return [str(problem) for problem in caught.value.problems]


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_an_estate_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings() == loads("")


def test_reads_the_file_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "jobdsl.toml").write_text('\ufeff[seed]\nname = "north"\n', encoding="utf-8")
    assert load(tmp_path).seed.name == "north"
    (tmp_path / "jobdsl.toml").write_bytes(b'[seed]\nname = "\xff"\n')
    with pytest.raises(EstateError) as caught:
        load(tmp_path)
    assert str(caught.value.problems[0]).startswith("jobdsl.toml: error: cannot be read")


def test_the_example_of_the_reference_page_parses() -> None:
    settings = loads(example())
    assert settings.secrets == "../estate.secrets.json"
    assert settings.controller.labels == ("linux", "windows")
    assert settings.removed == Removed(max_count=50)
    assert settings.lint == Lint(ignore=("bad-cron",))
    assert settings.policy.default == "deny"
    assert [team.name for team in settings.teams] == ["payments", "platform"]
    assert settings.files == Files()


def keys_of(text: str) -> set[str]:
    tables = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)
    found = set(re.findall(r"^(\w+) =", tables[0], re.MULTILINE))
    for name, body in zip(tables[1::2], tables[2::2], strict=True):
        found |= {f"{name}.{key}" for key in re.findall(r"^(\w+) =", body, re.MULTILINE)}
    return found


def test_the_reference_page_names_every_key() -> None:
    known = {"secrets"} | {f"teams.NAME.{f.name}" for f in dataclasses.fields(Team) if f.name != "name"}
    for entry in dataclasses.fields(Settings):
        if dataclasses.is_dataclass(value := getattr(Settings(), entry.name)):
            known |= {f"{entry.name}.{f.name}" for f in dataclasses.fields(value)}
    rows = set(re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == known
    assert {key.replace("teams.payments", "teams.NAME") for key in keys_of(example())} >= known


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n[remove]\n", 'jobdsl.toml:2: error: unknown key remove (did you mean "removed"?)'),
        ('[removed]\n\njob = "x"', 'jobdsl.toml:3: error: unknown key removed.job (did you mean "jobs"?)'),
        ("removed.job = 1", 'jobdsl.toml:1: error: unknown key removed.job (did you mean "jobs"?)'),
        ("removed = { job = 1 }", 'jobdsl.toml:1: error: unknown key removed.job (did you mean "jobs"?)'),
        (
            '[removed]\njobs = "Delete"',
            'jobdsl.toml:2: error: removed.jobs must be "disable", "ignore" or "delete", not "Delete" '
            '(did you mean "delete"?)',
        ),
        (
            "[load]\nworkers = true",
            "jobdsl.toml:2: error: load.workers must be a whole number, not true",
        ),
        (
            '[load]\ntimeout_seconds = "2m"',
            'jobdsl.toml:2: error: load.timeout_seconds must be a number, not "2m"',
        ),
        (
            "[load]\ntimeout_seconds = 0",
            "jobdsl.toml:2: error: load.timeout_seconds must be 1 or more, not 0",
        ),
        (
            "[removed]\nmax_percent = 130",
            "jobdsl.toml:2: error: removed.max_percent must be between 0 and 100, not 130",
        ),
        (
            '[files]\ninclude = "x.py"',
            'jobdsl.toml:2: error: files.include must be a list of texts, as in ["a", "b"], not "x.py"',
        ),
        (
            "[lint]\nignore = [1]",
            'jobdsl.toml:2: error: lint.ignore must be a list of texts, as in ["a", "b"], not [1]',
        ),
        (
            '[lint]\nignore = [\n  "empty-step",\n  "cron",\n]',
            'jobdsl.toml:4: error: lint.ignore: there is no rule "cron" (did you mean "bad-cron"?)',
        ),
        (
            '[teams.pay]\nfolders = ["pay"]\nkinds = ["freestile", "view", "com.example.Own"]',
            'jobdsl.toml:3: error: teams.pay.kinds: there is no kind of item "freestile" '
            '(did you mean "freestyle"?)',
        ),
        (
            "[lint]\nwarn_as_error = 1",
            "jobdsl.toml:2: error: lint.warn_as_error must be true or false, not 1",
        ),
        ("seed = 'x'", 'jobdsl.toml:1: error: seed must be a table, not "x" (write [seed])'),
        ("teams = 3", "jobdsl.toml:1: error: teams must be a table, not 3 (write [teams])"),
        ("teams.a = 3", "jobdsl.toml:1: error: teams.a must be a table, not 3 (write [teams.a])"),
        ("secrets = 3", "jobdsl.toml:1: error: secrets must be a text in quotes, not 3"),
        (
            "secrets = ''",
            "jobdsl.toml:1: error: secrets has an empty text (leave the key out for the default)",
        ),
        (
            "[seed]\nname = 'a b'",
            "jobdsl.toml:2: error: seed.name must be letters, digits, . _ or -",
        ),
        (
            "[controller]\nurl = 'jenkins:8080'",
            "jobdsl.toml:2: error: controller.url must begin with http:// or https://",
        ),
        (
            "[controller]\nplugins = '../plugins.json'",
            "jobdsl.toml:2: error: controller.plugins must be relative to the estate's root and inside it",
        ),
        (
            '[teams."a b".x]\n',
            "jobdsl.toml:1: error: unknown key teams.a b.x "
            "(known are folders, files, credentials, labels, kinds, secrets, elements)",
        ),
    ],
)
def test_errors_name_line_and_way_out(text: str, expected: str) -> None:
    assert expected in errors(text)


def test_the_reference_page_names_every_rule() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Lint rules")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == RULES


def test_every_unknown_word_is_told() -> None:
    found = errors(
        '[lint]\nignore = ["x", "bad-name", "bad-nam"]\n[teams.a]\nfiles = ["a.py"]\nkinds = ["item"]'
    )
    assert [one.partition(" (")[0] for one in found] == [
        'jobdsl.toml:2: error: lint.ignore: there is no rule "x"',
        'jobdsl.toml:2: error: lint.ignore: there is no rule "bad-nam"',
        'jobdsl.toml:5: error: teams.a.kinds: there is no kind of item "item"',
    ]
    assert "known are missing-plugin, missing-step, unknown-job" in found[0]


def test_the_words_for_kinds_are_those_of_the_vocabulary() -> None:
    from jobdsl.dsl import jobs, viewkinds

    no_kind = {"Job", "item", "view"}
    made = [
        getattr(module, word)
        for module in (jobs, viewkinds)
        for word in module.__all__
        if word not in no_kind
    ]
    assert {root: one.__name__ for one in made for root in (one.xml_tag, *one.aliases)} == KINDS


def test_all_errors_come_at_once_in_order() -> None:
    text = '[seed]\nnam = "x"\n[load]\nworkers = -1\n[teams.pay]\ncredential = ["x"]\n'
    assert [message.split(" error: ")[0] for message in errors(text)] == [
        "jobdsl.toml:2:",
        "jobdsl.toml:4:",
        "jobdsl.toml:5:",
        "jobdsl.toml:6:",
    ]


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    (message,) = errors('[controller]\nurl = "https://bob:hunter2@jenkins.example.com/"')
    assert "must not hold a user or password" in message
    assert "hunter2" not in message


def test_what_is_no_toml_has_a_line_too() -> None:
    assert errors("[seed]\nname = x\n")[0].startswith("jobdsl.toml:2: error: this is not valid TOML:")
    assert errors("[seed")[0].startswith("jobdsl.toml:1: error: this is not valid TOML:")
    assert "nested too deeply" in errors("x = " + "[" * 100_000)[0]


def test_a_team_needs_files() -> None:
    (message,) = errors('[seed]\nname="x"\n[teams.pay]\nlabels = ["x"]')
    assert message.startswith("jobdsl.toml:3: error: teams.pay has no DSL files")


def test_teams_limit_what_they_name_and_nothing_else() -> None:
    pay, ops = loads(
        '[teams.pay]\nfolders = ["pay", "eu/pay-*"]\ncredentials = ["pay-*"]\nlabels = []\n'
        'kinds = ["pipeline"]\n'
        '[teams.ops]\nfiles = ["ops/**"]\n'
    ).teams
    assert [
        name for name in ["pay", "pay/a/b", "eu/pay-x/y", "payments", "eu", "Pay"] if pay.may_define(name)
    ] == [
        "pay",
        "pay/a/b",
        "eu/pay-x/y",
    ]
    assert pay.may_use_credentials("pay-deploy")
    assert not pay.may_use_credentials("ops-deploy")
    assert not pay.may_use_label("linux")
    assert pay.may_use_kind("pipeline")
    assert not pay.may_use_kind("freestyle")
    assert ops.may_define("anything")
    assert ops.may_use_credentials("x")
    assert ops.may_use_label("x")
    assert ops.may_use_kind("x")


def test_a_teams_files_are_those_under_its_folders_names() -> None:
    settings = loads('[teams.pay]\nfolders = ["pay"]\n[teams.all]\nfiles = ["**"]\nfolders = ["x"]')
    assert [team.name for team in settings.teams_of("pay/jobs.py")] == ["pay", "all"]
    assert [team.name for team in settings.teams_of("pay.py")] == ["pay", "all"]
    assert [team.name for team in settings.teams_of("payments.py")] == ["all"]


def test_files_of_no_team_are_denied_once_there_are_teams() -> None:
    team = '[teams.pay]\nfolders = ["pay"]\n'
    assert loads("").policy == PolicySettings("allow")
    assert loads(team).policy == PolicySettings("deny")
    assert loads(f'{team}[policy]\ndefault = "allow"').policy == PolicySettings("allow")


def test_which_files_are_loaded() -> None:
    files = loads('[files]\nexclude = ["drafts/**"]').files
    assert files.has("jobs.py")
    assert files.has("tests/jobs.py")
    assert not files.has("drafts/jobs.py")
    assert not files.has("jobs.txt")
    for never in (".venv/lib/x.py", "a/.git/x.py", "a/__pycache__/x.py", "a/.x.py"):
        assert not files.has(never)
    for default in ("a/tests/x.py", "tests/x.py", "a/test_x.py", "conftest.py", "venv/x.py"):
        assert not Files().has(default)


@pytest.mark.parametrize(
    ("removed", "existing", "limits", "words"),
    [
        (3, 9, Removed(), ""),
        (9, 9, Removed(), ""),
        (3, 10, Removed(), ""),
        (4, 10, Removed(), "4 of 10, 40 % to remove, over 30 %"),
        (1, 3, Removed(max_percent=0, min_existing=0), "over 0 %"),
        (6, 1000, Removed(max_count=5), "6 to remove, over the limit of 5"),
        (0, 0, Removed(max_count=0, max_percent=0, min_existing=0), ""),
    ],
)
def test_limits_of_one_run(removed: int, existing: int, limits: Removed, words: str) -> None:
    why = limits.too_many(removed, existing)
    assert words in why
    assert bool(words) == bool(why)


def test_tables_of_others_are_passed_on_unread() -> None:
    settings = loads('[pools.heavy]\nanything = 1\n[[quotas]]\nteam = "x"')
    assert settings.extra == {"pools": {"heavy": {"anything": 1}}, "quotas": [{"team": "x"}]}
    assert pickle.loads(pickle.dumps(settings)) == settings


@given(st.text(alphabet="[]=.\"abtems{},#\n 1x'", max_size=40))
def test_any_text_is_settings_or_problems_with_a_file(text: str) -> None:
    try:
        loads(text)
    except EstateError as refused:
        problems = refused.problems
    else:
        problems = []
    assert all(problem.where and 0 <= problem.where.line <= text.count("\n") + 1 for problem in problems)
