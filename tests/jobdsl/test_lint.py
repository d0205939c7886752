"""Lint: what it finds across an estate, where, and with which way out."""

from __future__ import annotations

import pytest

from jobdsl.checks.lint import RULES, Known, lint
from jobdsl.checks.plugins import PluginList
from jobdsl.documents.tree import parse
from jobdsl.errors import Problem, Where
from jobdsl.importer.secrets import Taken, take_out
from jobdsl.model import Definition
from jobdsl.settings import words


def define(name: str, body: str = "", root: str = "project", line: int = 1) -> Definition:
    return Definition(
        name, root, f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{body}</{root}>\n', Where("a.py", line)
    )


def found(*definitions: Definition, known: Known | None = None) -> list[tuple[str, str, str]]:
    return [(one.rule, one.severity, one.message) for one in lint(definitions, known)]


TRIGGER = "<publishers><hudson.tasks.BuildTrigger><childProjects>{}</childProjects></hudson.tasks.BuildTrigger></publishers>"
SHELL = "<builders><hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell></builders>"
TIMER = "<triggers><hudson.triggers.TimerTrigger><spec>{}</spec></hudson.triggers.TimerTrigger></triggers>"


def test_a_sound_estate_has_no_findings() -> None:
    jobs = [define("a", TRIGGER.format("b") + SHELL.format("make")), define("b", TIMER.format("H 2 * * *"))]
    assert found(*jobs, known=Known(plugins=PluginList({"matrix-project": "1"}), items=(), labels=())) == []


@pytest.mark.parametrize(
    ("known", "severity"),
    [(None, "warning"), (Known(items=("c",)), "error")],
    ids=["offline", "with a controller"],
)
def test_a_job_that_does_not_exist_is_named(known: Known | None, severity: str) -> None:
    problems = lint([define("api", TRIGGER.format("biuld, $OTHER")), define("build", line=7)], known)
    assert [(one.rule, one.severity, one.hint) for one in problems] == [
        ("unknown-job", severity, 'did you mean "build"?')
    ]
    assert problems[0].where == Where("a.py", 1)


def test_jobs_are_looked_up_from_the_folder_and_from_the_top() -> None:
    folder = define("team", root="com.cloudbees.hudson.plugins.folder.Folder")
    near = define("team/a", TRIGGER.format("b, top, ../top, /team/b, other"))
    problems = found(folder, near, define("team/b"), define("top"), known=Known(items=("other",)))
    assert problems == []


def test_copied_artifacts_and_upstream_jobs_are_checked_and_matrix_cells_stand_for_their_job() -> None:
    copy = "<builders><hudson.plugins.copyartifact.CopyArtifact><project>{}</project></hudson.plugins.copyartifact.CopyArtifact></builders>"
    upstream = "<triggers><jenkins.triggers.ReverseBuildTrigger><upstreamProjects>{}</upstreamProjects></jenkins.triggers.ReverseBuildTrigger></triggers>"
    assert (
        found(define("a", copy.format("m/PY=3,label=x")), define("m"), define("c", upstream.format("m")))
        == []
    )
    assert [one[0] for one in found(define("a", copy.format("nope") + upstream.format("none")))] == [
        "unknown-job"
    ] * 2


def test_a_missing_plugin_is_an_error_and_an_unknown_class_a_warning() -> None:
    body = "<publishers><hudson.plugins.emailext.ExtendedEmailPublisher/><com.example.Mine/></publishers>"
    problems = found(define("a", body), known=Known(plugins=PluginList({"git": "5"})))
    assert [(rule, severity) for rule, severity, _ in problems] == [
        ("missing-plugin", "error"),
        ("missing-plugin", "warning"),
    ]
    assert "email-ext" in problems[0][2]
    assert found(define("a", body)) == []


def test_bad_and_impossible_schedules() -> None:
    problems = found(define("a", TIMER.format("H/15 * * *")), define("b", TIMER.format("0 0 31 2 *")))
    assert [(rule, severity) for rule, severity, _ in problems if severity != "note"] == [
        ("bad-cron", "error"),
        ("bad-cron", "warning"),
    ]


def test_empty_steps() -> None:
    assert [one[0] for one in found(define("a", SHELL.format(" \n")))] == ["empty-step"]


def test_labels() -> None:
    job = define("a", "<assignedNode>linux &amp;&amp; gpu</assignedNode>")
    assert found(job) == []
    problems = lint([job], Known(labels=("linux", "gpus")))
    assert [(one.rule, one.severity, one.hint) for one in problems] == [
        ("unknown-label", "warning", 'did you mean "gpus"?')
    ]
    assert [one[1] for one in found(define("a", "<assignedNode>linux &amp;&amp;</assignedNode>"))] == [
        "error"
    ]


def test_folders() -> None:
    assert [one[:2] for one in found(define("x/a"))] == [("unknown-folder", "warning")]
    assert [one[:2] for one in found(define("x/a"), known=Known(items=()))] == [("unknown-folder", "error")]
    assert found(define("x/a"), known=Known(items=("x",))) == []
    assert [one[:2] for one in found(define("x"), define("x/a"))] == [("unknown-folder", "error")]


def test_a_name_jenkins_refuses_is_an_error_unless_an_old_controller_has_it() -> None:
    job, board = define("a/b&c", line=4), define("a/b&c", root="listView", line=9)
    known = Known(items=("a", "a/b&c"), views=())
    (only,) = lint([job, board], known, ignore=["unknown-folder"])[1:]
    assert (
        str(only)
        == 'a.py:9: error: a/b&c: Jenkins refuses its name: Jenkins allows no "&" in a name ("b-c" would do)'
    )
    assert [one[1] for one in found(job, known=known)] == ["note"]
    assert [one[1] for one in found(board, known=Known(items=("a",), views=("a/b&c",)))] == ["note"]
    assert [one[:2] for one in found(define("b&c"))] == [("bad-name", "error")]


def step(java: str, body: str) -> str:
    return f"<builders><{java}>{body}</{java}></builders>"


def test_a_misspelled_field_is_an_error_and_an_unknown_one_a_warning() -> None:
    wrong = define("a", step("hudson.tasks.Shell", "<comand>make</comand>"))
    (blank, field) = lint([wrong])
    assert (blank.rule, field.rule, field.severity, field.hint) == (
        "empty-step",
        "unknown-field",
        "error",
        'did you mean "command"?',
    )
    assert field.message == "a: hudson.tasks.Shell has no field comand"
    both = step("hudson.tasks.Shell", "<command>make</command><comand>x</comand><new><a/></new>")
    assert [one[:2] for one in found(define("a", both))] == [("unknown-field", "warning")] * 2
    assert found(define("a", step("com.example.Own", "<comand/>"))) == []


def test_fields_of_other_versions_that_are_known_are_no_findings() -> None:
    old = "<teamDomain>x</teamDomain><authToken>$T</authToken><buildServerUrl/><room/>"
    assert (
        found(
            define(
                "a",
                f"<publishers><jenkins.plugins.slack.SlackNotifier>{old}</jenkins.plugins.slack.SlackNotifier></publishers>",
            )
        )
        == []
    )


PASSWORD = (
    "<properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>"
    "<hudson.model.PasswordParameterDefinition><name>DB</name><defaultValue>{}</defaultValue>"
    "</hudson.model.PasswordParameterDefinition></parameterDefinitions>"
    "</hudson.model.ParametersDefinitionProperty></properties>"
)


def test_a_secret_in_clear_is_an_error_that_does_not_repeat_it() -> None:
    (only,) = lint([define("a", PASSWORD.format("hunter2"), line=3)])
    assert (only.rule, only.severity, only.where) == ("clear-secret", "error", Where("a.py", 3))
    assert "defaultValue of hudson.model.PasswordParameterDefinition" in only.message
    assert "hunter2" not in str(only)
    assert 'secret("a name")' in only.hint


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        "${jobdsl:secret:db}",
        "Bearer ${jobdsl:secret:db}",
        "{AQAAABAAAAAQ+/x=}",
        "$DB_PASSWORD",
        "https://x/${HOOK}",
    ],
)
def test_references_tokens_and_encrypted_values_are_no_secrets_in_clear(harmless: str) -> None:
    assert found(define("a", PASSWORD.format(harmless)), known=Known(secrets=("db",))) == []


def test_what_only_looks_like_a_secret_is_a_warning() -> None:
    own = step(
        "com.example.Own", '<apiToken>x</apiToken><n><pair var="a" password="x"/></n><tokens>x</tokens>'
    )
    assert [one[:2] for one in found(define("a", own))] == [("clear-secret", "warning")] * 2


def test_control_characters() -> None:
    control = Definition(
        "a", "project", '<?xml version="1.1" encoding="UTF-8"?>\n<project/>', Where("a.py", 1)
    )
    assert [one[0] for one in found(control)] == ["control-character"]


def test_a_document_that_cannot_be_read_is_a_finding_not_a_crash() -> None:
    assert [one[:2] for one in found(Definition("a", "project", "<project", Where("a.py", 1)))] == [
        ("xml", "error")
    ]


def test_settings_know_the_rules_by_name() -> None:
    assert tuple(RULES) == words.RULES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_can_be_left_out(rule: str) -> None:
    jobs = [
        define(
            "x/a&b",
            TRIGGER.format("no") + SHELL.format("") + TIMER.format("x") + "<assignedNode>(</assignedNode>",
        )
    ]
    every = {one.rule for one in lint(jobs, Known(plugins=PluginList({}), items=(), labels=()))}
    assert {
        one.rule for one in lint(jobs, Known(plugins=PluginList({}), items=(), labels=()), ignore=[rule])
    } == every - {rule}


def test_problems_read_well() -> None:
    problem = Problem("it is so", Where("a.py", 3), "do this", "warning")
    assert str(problem) == "a.py:3: warning: it is so (do this)"


def test_names_that_differ_in_case_alone_are_one_name_for_jenkins() -> None:
    (only,) = lint([define("api"), define("API", line=4), define("Api", root="listView")])
    assert (only.rule, only.severity, only.where) == ("same-name", "error", Where("a.py", 4))
    assert only.message == "API: Jenkins takes it for the same name as 'api' at a.py:1"


def test_former_names_are_checked_without_a_controller() -> None:
    new = Definition("new", "project", define("new").document, Where("a.py", 3), renamed_from="old")
    assert found(new, define("old", line=9)) == [
        (
            "renamed-from",
            "error",
            'new: renamed_from "old" is still defined (a.py:9): its builds would move here, and it would start empty',
        )
    ]
    assert found(new) == []


@pytest.mark.parametrize(
    "inner",
    [
        "<scm class='x.Git'><url>https://bot:hunter2@git.example.com/a.git</url></scm>",
        "<command>export AWS_SECRET_ACCESS_KEY=hunter2hunter2hunter2hunter2hunter2hunt</command>",
        "<command>curl -u bot:hunter2 https://x</command>",
        "<command>docker login -u bot -p hunter2 registry</command>",
        "<p><name>DB_PASSWORD</name><defaultValue>hunter2</defaultValue></p>",
        "<entry><string>DB_PASSWORD</string><string>hunter2</string></entry>",
        "<x.Y><password><value>hunter2</value></password></x.Y>",
        "<e key='dbPassword' value='hunter2'/>",
        "<a url='https://bot:hunter2@x.example/'/>",
        "<value class='hudson.util.Secret'>hunter2</value>",
        "<x.Y>export TOKEN=hunter2<b/></x.Y>",
        "<x.Y><b/>export TOKEN=hunter2</x.Y>",
        "<propertiesContent>A=b\nmy.password=hunter2</propertiesContent>",
    ],
)  # fmt: skip
def test_lint_finds_what_an_import_takes_out(inner: str) -> None:
    document = f"<project><x.Z>{inner}</x.Z></project>"
    taken = Taken()
    take_out(parse(document), "a", taken)
    (only,) = [
        one
        for one in lint([Definition("a", "project", document, Where("a.py", 1))])
        if one.rule == "clear-secret"
    ]
    assert only.severity == ("error" if "hudson.util.Secret" in inner else "warning")
    assert len(taken.values) == 1
    assert "hunter2" not in str(only)
