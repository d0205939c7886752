"""Steps of Pipelines whose plugin is missing: which calls are found, which are none, and what is reported."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest

from jobdsl.checks.lint import Known, lint
from jobdsl.checks.plugins import PluginList
from jobdsl.documents.pipelinenames import plugins_of_call
from jobdsl.documents.pipelinescript import calls_of
from jobdsl.documents.references import references
from jobdsl.errors import Problem, Where
from jobdsl.model import Definition
from jobdsl.templates import service
from jobdsl.testing import problems

INSTALLED = (
    "workflow-basic-steps workflow-durable-task-step workflow-cps workflow-job pipeline-stage-step"
    " pipeline-model-definition pipeline-input-step pipeline-milestone-step workflow-scm-step workflow-multibranch"
    " pipeline-build-step junit git timestamper credentials-binding"
)
BASICS = INSTALLED.split()
PIPELINE = "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"


def document(script: str) -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<flow-definition>"
        f'<definition class="{PIPELINE}"><script>{escape(script, quote=False)}</script><sandbox>true</sandbox></definition>'
        "</flow-definition>"
    )


def missing(script: str, *more: str, known: Known | None = None) -> list[Problem]:
    """What the rule reports of a Pipeline where the basic plugins and these are installed."""
    one = Definition("app", "flow-definition", document(script), Where("jobs.py", 4))
    listed = known or Known(plugins=PluginList(dict.fromkeys([*BASICS, *more], "1")))
    return [problem for problem in lint([one], listed) if problem.rule == "missing-step"]


def names(script: str, *more: str) -> list[str]:
    """The plugins that the rule asks for."""
    texts = [problem.message for problem in missing(script, *more)]
    return [found[1] for text in texts if (found := re.search(r"needs the plugin ([\w-]+)", text))]


DECLARATIVE = "pipeline { agent any\n%s\nstages { stage('a') { steps { sh 'make' } } }\n%s }"

CALLS = {
    "in parentheses": ("node { lock('x') { sh 'make' } }", ["lockable-resources"]),
    "with a map": ("lock(resource: 'x', inversePrecedence: true) { }", ["lockable-resources"]),
    "a command": ("slackSend channel: '#x', message: 'y'", ["slack"]),
    "a command with a text": ("ansiblePlaybook 'site.yml'", ["ansible"]),
    "a command with a GString": ('githubNotify "${x}"', ["pipeline-githubnotify-step"]),
    "a command with a list": ("sshagent ['deploy']", ["ssh-agent"]),
    "a closure only": ("ansiColor { echo 'x' }", ["ansicolor"]),
    "in a GString": ('echo "version ${readMavenPom().version}"', ["pipeline-utility-steps"]),
    "in a GString of several lines": ('echo """a\n${readJSON(text: "{}").x}"""', ["pipeline-utility-steps"]),
    "in a text within an expression": (
        'sh "x ${y ? "a ${findFiles(glob: "*")}" : 1}"',
        ["pipeline-utility-steps"],
    ),
    "as a value": ("def pom = readMavenPom file: 'pom.xml'", ["pipeline-utility-steps"]),
    "returned": ("def f() { return readYaml(text: 'x') }", ["pipeline-utility-steps"]),
    "after else": ("if (a) b() else slackSend('x')", ["slack"]),
    "through steps": ("steps.slackSend('x'); this.lock('y') { }", ["slack", "lockable-resources"]),
    "in a closure of parallel": ("parallel(a: { lock('x') { } })", ["lockable-resources"]),
    "in a catch": ("try { a() } catch (e) { slackSend 'x'; throw e }", ["slack"]),
    "a variable": ("docker.image('maven').inside { sh 'mvn' }", ["docker-workflow"]),
    "a class": ("step([$class: 'SlackNotifier', room: 'x'])", ["slack"]),
    "a class by its whole name": (
        "step($class: 'hudson.plugins.emailext.ExtendedEmailPublisher')",
        ["email-ext"],
    ),
    "a class of a checkout": ("checkout([$class: 'MercurialSCM', source: 'x'])", ["mercurial"]),
    "a binding": (
        "withCredentials([aws(credentialsId: 'x'), string(credentialsId: 'a', variable: 'B')]) { }",
        ["aws-credentials"],
    ),
    "properties": (
        "properties([pipelineTriggers([githubPush()]), gitLabConnection('x'), parameters([gitParameter(name: 'A')])])",
        ["github", "gitlab-plugin", "git-parameter"],
    ),
    "a division before it": ("def x = 4 / 2; slackSend 'x' // lock('y')", ["slack"]),
    "after a slashy text": ("if (a =~ /lock('x')/) { slackSend('y') }", ["slack"]),
    "each once": ("lock('a') { }\nlock('b') { }", ["lockable-resources"]),
    "options": (
        DECLARATIVE % ("options { ansiColor('xterm'); gitLabConnection('x'); lock('a'); timestamps() }", ""),
        ["ansicolor", "gitlab-plugin", "lockable-resources"],
    ),
    "triggers": (DECLARATIVE % ("triggers { githubPush(); cron('H * * * *') }", ""), ["github"]),
    "agents": (
        "pipeline { agent { docker { image 'x' } }\nstages { stage('a') { agent { kubernetes { yaml 'x' } } } } }",
        ["docker-workflow", "kubernetes"],
    ),
    "tools": (DECLARATIVE % ("tools { nodejs 'x'; maven 'y'; jdk 'z' }", ""), ["nodejs"]),
    "post": (
        DECLARATIVE
        % ("", "post { always { cleanWs() } failure { slackSend color: 'danger', message: 'x' } }"),
        ["ws-cleanup", "slack"],
    ),
    "a condition": (
        "pipeline { agent any; stages { stage('a') { when { expression { readJSON(text: 'x').y } }\n"
        "steps { script { lock('x') { } } } } } }",
        ["pipeline-utility-steps", "lockable-resources"],
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_call_whose_plugin_is_missing_is_found(case: str) -> None:
    script, plugins = CALLS[case]
    assert names(script) == plugins
    assert names(script, *plugins) == []


NO_CALLS = {
    "a comment": "// lock('x')\n/* slackSend('y')\n lock('z') */ echo 'x'",
    "a text": """sh 'lock("x")'\nsh '''\nslackSend channel\n'''\necho "lock('x') \\${slackSend('y')}" """,
    "a method of an object": "foo.lock('x'); foo?.zip('y'); a.steps.lock('z')",
    "a method of its own": "def slackSend(String text) { echo text }\nslackSend('x')",
    "a typed method of its own": "void lock(Map given, Closure body) { body() }\nlock(a: 1) { }",
    "a variable of its own": "def lock = load('lock.groovy')\nlock('x') { }",
    "a binding": "zip = { echo it }\nzip('x')",
    "a parameter of a closure": "each { zip -> zip('x') }",
    "a loop": "for (zip in zips) { zip('x') }",
    "a key": "foo(lock: 'x', zip: 'y')",
    "a value": "def x = [tee, zip]; foo(lock); echo zip",
    "a class": "new zip('x'); import a.lock",
    "parameters of another job": "build(job: 'x', parameters: [string(name: 'A', value: 'b')])",
    "Jenkins' own": DECLARATIVE
    % (
        "options { buildDiscarder(logRotator(numToKeepStr: '5')); timeout(time: 1) }\n"
        "parameters { string(name: 'A'); choice(name: 'B', choices: ['x']) }\n"
        "environment { TEE = 'x'; LOCK = credentials('y') }\ntriggers { cron('H * * * *'); pollSCM('') }",
        "post { always { junit 'x.xml'; archiveArtifacts 'dist/**' } }",
    ),
    "unfinished": "lock = 'x\nslackSend = \"${",
    "nothing": "",
}


@pytest.mark.parametrize("case", NO_CALLS)
def test_what_is_no_call_is_not_reported(case: str) -> None:
    assert names(NO_CALLS[case]) == []


def test_a_missing_step_is_an_error_with_its_line() -> None:
    (problem,) = missing("node {\n    sh 'make'\n    lock('x') { }\n}\n")
    assert (problem.severity, problem.where) == ("error", Where("jobs.py", 4))
    assert problem.message == (
        "app: line 3 of its script calls lock, which needs the plugin lockable-resources; the controller does not have it"
    )
    assert "No such DSL method 'lock'" in problem.hint


def test_a_library_may_define_it() -> None:
    for first in ("@Library('ours') _", "library 'ours'", "library(identifier: 'ours@1')"):
        found = missing(f"{first}\nslackSend('x')", "pipeline-groovy-lib")
        assert [problem.severity for problem in found] == ["warning"]
        assert "unless a library" in found[0].hint


def test_what_the_job_on_the_controller_calls_already_is_a_warning() -> None:
    plugins = PluginList(dict.fromkeys(BASICS, "1"))
    known = Known(plugins=plugins, stored=lambda _: references(document("node { lock('y') { } }")))
    found = missing("lock('x') { slackSend('y') }", known=known)
    assert [(problem.severity, "lock," in problem.message) for problem in found] == [
        ("warning", True),
        ("error", False),
    ]


def test_a_list_without_dependencies_warns() -> None:
    known = Known(plugins=PluginList({"workflow-aggregator": ""}, is_complete=False))
    assert {problem.severity for problem in missing("lock('x') { }", known=known)} == {"warning"}


def test_without_a_list_nothing_is_reported() -> None:
    assert missing("lock('x') { }", known=Known()) == []


def test_our_own_pipelines_say_what_they_need(tmp_path: Path) -> None:
    ours = service(
        "cart",
        repo="https://git.example.com/cart.git",
        build="make",
        tool="delivery",
        as_pipeline=True,
        strategy="canary",
        slack="#x",
        mail="a@example.com",
        aws_credentials="aws",
    )
    assert ours.pipeline is not None
    script = ours.pipeline.script or ""
    assert names(script, "lockable-resources") == ["slack"]
    assert names(script, "slack") == ["lockable-resources"]
    assert names(script, "slack", "lockable-resources") == []
    needed = {
        plugin for call in calls_of(script).calls for plugin in plugins_of_call(call.place, call.name)[:1]
    }
    page = (Path(__file__).parents[2] / "docs" / "templates-delivery.md").read_text("utf-8")
    listed = page.partition("\n## As one Pipeline\n")[2].partition("\n## ")[0]
    assert {plugin for plugin in needed if f"`{plugin}`" not in listed} == set()


def test_the_line_is_that_of_the_file_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "from jobdsl import pipeline\npipeline('app', script='''\nnode {\n    lock('a b') { sh 'x' }\n}\n''')\n"
    )
    (tmp_path / "plugins.json").write_text('["workflow-durable-task-step", "workflow-job", "workflow-cps"]')
    (tmp_path / "jobdsl.toml").write_text('[controller]\nplugins = "plugins.json"\n')
    found = [problem for problem in problems(tmp_path) if problem.rule == "missing-step"]
    assert [(problem.where, problem.severity) for problem in found] == [(Where("jobs.py", 4), "error")]


def test_hostile_scripts_take_no_time() -> None:
    for part in ('"${', "{", "(", "'", '"""', "$/", "/*", "/", "lock(", "[$class: '", '"${"', "\\"):
        assert names(part * 20_000) is not None


def test_the_table_is_sound() -> None:
    from importlib.resources import files

    text = files("jobdsl.documents").joinpath("pipelinenames.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert {len(row) for row in rows} == {4}
    assert all(all(row) for row in rows)
    assert [tuple(row) for row in rows] == sorted({tuple(row) for row in rows})
    assert len(rows) > 400


def test_the_rule_is_left_out_together_with_that_of_missing_plugins() -> None:
    one = Definition("app", "flow-definition", document("node { lock('x') { } }"), Where("jobs.py", 4))
    known = Known(plugins=PluginList(dict.fromkeys(BASICS, "1")))
    assert [problem.rule for problem in lint([one], known)] == ["missing-step"]
    assert lint([one], known, ["missing-plugin"]) == []
