"""Policy reads a document as Jenkins does, whoever wrote it: with typed, raw and literal elements, or by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobdsl.checks.policy import check
from jobdsl.cli import workflow
from jobdsl.cli.main import run
from jobdsl.elements import load_all
from jobdsl.elements.base import registry
from jobdsl.errors import Where
from jobdsl.model import Definition
from jobdsl.settings.config import Settings, Team, loads

CLOSED = Team("a", folders=("a",), credentials=("a-*",), labels=("a-*",), kinds=("freestyle", "folder"))
GIT = "<scm class='hudson.plugins.git.GitSCM'><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>{}</hudson.plugins.git.UserRemoteConfig></userRemoteConfigs></scm>"


ROAMS = "<project><canRoam>true</canRoam>"
"""Any agent will do."""


def define(body: str, start: str = ROAMS, root: str = "project") -> Definition:
    return Definition("a/job", root, f"{start}{body}</{root}>", Where("a/jobs.py", 3))


def messages(body: str, start: str = ROAMS, root: str = "project", team: Team = CLOSED) -> list[str]:
    return [
        one.message.removeprefix("a/job: ")
        for one in check([define(body, start, root)], Settings(teams=(team,)))
    ]


CREDENTIALS = {
    "plain": GIT.format("<credentialsId>b-secret</credentialsId>"),
    "beside a child": GIT.format("<credentialsId>b-secret<x/></credentialsId>"),
    "after a child": GIT.format("<credentialsId><x/>b-secret</credentialsId>"),
    "around a comment": GIT.format("<credentialsId>b-<!-- -->secret</credentialsId>"),
    "as CDATA": GIT.format("<credentialsId><![CDATA[b-secret]]></credentialsId>"),
    "with a name in hexadecimal": GIT.format("<credentials_.0049d>b-secret</credentials_.0049d>"),
    "with digits of another script": GIT.format(
        "<credentials_.\uff10\uff10\uff14\uff19d>b-secret</credentials_.\uff10\uff10\uff14\uff19d>"
    ),
    "with a name all in hexadecimal": GIT.format(
        "<_.0063redentialsI_.0064>b-secret</_.0063redentialsI_.0064>"
    ),
    "declared in another class": GIT.format(
        "<credentialsId defined-in='hudson.plugins.git.UserRemoteConfig'>b-secret</credentialsId>"
    ),
    "as an attribute": GIT.replace(
        "UserRemoteConfig>{", "UserRemoteConfig credentialsId='b-secret'>{"
    ).format(""),
    "under a class attribute": "<x><y class='hudson.plugins.git.UserRemoteConfig'><credentialsId>b-secret</credentialsId></y></x>",
    "in an unknown element": "<x><my.Thing><tokenCredentialId>b-secret</tokenCredentialId></my.Thing></x>",
    "in an unknown element, as a list": "<x><my.Thing><credentialIds><string>b-secret</string></credentialIds></my.Thing></x>",
    "in an unknown element, by itself": "<x><my.Thing><credential>b-secret</credential></my.Thing></x>",
    "of p4": "<scm class='org.jenkinsci.plugins.p4.PerforceScm'><credential>b-secret</credential></scm>",
    "of a registry": "<buildWrappers><com.cloudbees.jenkins.plugins.okidocki.DockerBuildWrapper><dockerRegistryCredentials>b-secret"
    "</dockerRegistryCredentials></com.cloudbees.jenkins.plugins.okidocki.DockerBuildWrapper></buildWrappers>",
    "default of a parameter": "<p><com.cloudbees.plugins.credentials.CredentialsParameterDefinition><name>C</name><defaultValue>b-secret"
    "</defaultValue></com.cloudbees.plugins.credentials.CredentialsParameterDefinition></p>",
    "of an agent of keys": "<buildWrappers><com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper><credentialIds><string>b-secret"
    "</string></credentialIds></com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper></buildWrappers>",
    "of an agent of keys, in an old field": "<buildWrappers><com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper><user>b-secret"
    "</user></com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper></buildWrappers>",
}


@pytest.mark.parametrize("body", CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_are_found_however_they_are_written(body: str) -> None:
    assert "team a may not use the credentials 'b-secret'" in messages(body)
    assert not [
        one
        for one in messages(body.replace("b-secret", "a-key").replace("b-<", "a-<"))
        if "credentials" in one
    ]


def test_a_reference_to_another_text_is_no_way_to_credentials() -> None:
    body = "<description>b-secret</description>" + GIT.format(
        "<credentialsId reference='../../../../description'/>"
    )
    assert messages(body) == ["team a may not use the credentials 'reference=\"../../../../description\"'"]


LABELS = {
    "of the job": "<assignedNode>b-lin</assignedNode>",
    "of the job, beside a child": "<assignedNode>b-lin<x/></assignedNode>",
    "of the job, in hexadecimal": "<assigned_.004eode>b-lin</assigned_.004eode>",
    "default of a parameter": "<p><org.jvnet.jenkins.plugins.nodelabelparameter.LabelParameterDefinition><defaultValue>b-lin</defaultValue>"
    "</org.jvnet.jenkins.plugins.nodelabelparameter.LabelParameterDefinition></p>",
    "nodes of a parameter": "<p><org.jvnet.jenkins.plugins.nodelabelparameter.NodeParameterDefinition><allowedSlaves><string>b-lin</string>"
    "</allowedSlaves></org.jvnet.jenkins.plugins.nodelabelparameter.NodeParameterDefinition></p>",
    "default nodes of a parameter": "<p><org.jvnet.jenkins.plugins.nodelabelparameter.NodeParameterDefinition><defaultSlaves><string>b-lin"
    "</string></defaultSlaves></org.jvnet.jenkins.plugins.nodelabelparameter.NodeParameterDefinition></p>",
    "of a triggered build": "<p><org.jvnet.jenkins.plugins.nodelabelparameter.parameterizedtrigger.NodeLabelBuildParameter><nodeLabel>b-lin"
    "</nodeLabel></org.jvnet.jenkins.plugins.nodelabelparameter.parameterizedtrigger.NodeLabelBuildParameter></p>",
    "of an axis": "<axes><hudson.matrix.LabelAxis><name>label</name><values><string>b-lin</string></values></hudson.matrix.LabelAxis></axes>",
    "of an old axis": "<axes><axis><name>label</name><values><string>b-lin</string></values></axis></axes>",
    "of an axis of expressions": "<axes><hudson.matrix.LabelExpAxis><values><string>b-lin</string></values></hudson.matrix.LabelExpAxis></axes>",
    "of an unknown element": "<x><my.Thing><agentLabel>b-lin</agentLabel></my.Thing></x>",
    "of a parent of a matrix": "<w><matrixtieparent.BuildWrapperMtp><labelName>b-lin</labelName></matrixtieparent.BuildWrapperMtp></w>",
}


@pytest.mark.parametrize("body", LABELS.values(), ids=LABELS)
def test_labels_are_found_however_they_are_written(body: str) -> None:
    assert messages(body) == ["team a may not use the label 'b-lin'"]
    assert messages(body.replace("b-lin", "a-lin")) == []


@pytest.mark.parametrize(
    "label",
    [
        "!a-x",
        "!(a-x&amp;&amp;a-y)",
        "a-x||!a-y",
        "a-x-&gt;a-y",
        "a-x&lt;-&gt;a-y",
        "!a-x&amp;&amp;!a-y",
    ],
)
def test_an_expression_that_fits_agents_of_others_is_no_label_of_the_team(label: str) -> None:
    """Each label of it is the team's; but agents without any of them will do as well."""
    [message] = messages(f"<assignedNode>{label}</assignedNode>")
    assert message.startswith("team a may not use the label")
    assert "fits agents with none of its labels" in message
    assert messages(f"<assignedNode>{label}</assignedNode>", team=replace(CLOSED, labels=None)) == []
    assert messages(f"<assignedNode>{label}</assignedNode>", team=replace(CLOSED, labels=("*",))) == []


@pytest.mark.parametrize(
    "label",
    ["a-x", "a-x&amp;&amp;!a-y", "a-x||a-y", "(a-x-&gt;a-y)&amp;&amp;a-x", "a-x&amp;&amp;(!a-y||a-z)"],
)
def test_an_expression_that_wants_a_label_of_the_team_is_one(label: str) -> None:
    assert messages(f"<assignedNode>{label}</assignedNode>") == []


ON_THE_CONTROLLER = {
    "said": "<canRoam>false</canRoam>",
    "said otherwise": "<canRoam>no</canRoam>",
    "not said": "",
    "in hexadecimal": "<can_.0052oam>false</can_.0052oam>",
    "said twice": "<canRoam>true</canRoam><canRoam>false</canRoam>",
}


@pytest.mark.parametrize("body", ON_THE_CONTROLLER.values(), ids=ON_THE_CONTROLLER)
@pytest.mark.parametrize(
    "root", ["project", "hudson.model.FreeStyleProject", "maven2-moduleset", "matrix-project"]
)
def test_a_job_that_only_the_controller_runs_wants_its_label(root: str, body: str) -> None:
    """Jenkins runs a job that may not roam, and is assigned to no label, on the built-in node."""
    team = replace(CLOSED, kinds=None)
    assert messages(body, f"<{root}>", root, team) == ["team a may not use the label 'built-in'"]
    for labels in (None, ("built-in",), ("master",)):
        assert messages(body, f"<{root}>", root, replace(team, labels=labels)) == []
    for more in ("<canRoam>true</canRoam>", "<canRoam>TRUE</canRoam>", "<assignedNode>a-x</assignedNode>"):
        assert messages(body + more, f"<{root}>", root, team) == []


def test_folders_pipelines_and_views_run_nothing_by_themselves() -> None:
    team = replace(CLOSED, kinds=None)
    for root in ("com.cloudbees.hudson.plugins.folder.Folder", "flow-definition", "hudson.model.ListView"):
        assert messages("", f"<{root}>", root, team) == []


@pytest.mark.parametrize("attribute", ["class", "resolves-to"])
def test_the_kind_is_the_one_that_jenkins_makes(attribute: str) -> None:
    assert messages(
        "<canRoam>true</canRoam><script>x</script>", f"<project {attribute}='flow-definition'>"
    ) == ["team a may not define a pipeline"]
    assert messages(
        "<canRoam>true</canRoam>", f"<project {attribute}='org.jenkinsci.plugins.workflow.job.WorkflowJob'>"
    ) == ["team a may not define a pipeline"]
    assert messages(
        "<canRoam>true</canRoam>", f"<flow-definition {attribute}='project'>", "flow-definition"
    ) == ["team a may not define a pipeline"]
    assert messages(
        "<canRoam>true</canRoam>",
        f"<project resolves-to='flow-definition' {attribute if attribute == 'class' else 'x'}='project'>",
    )


GROOVY = "hudson.plugins.groovy.SystemGroovy"
MORE = {
    GROOVY: "controller-scripts",
    "hudson.plugins.groovy.SystemGroov_.0079": "controller-scripts",
    "org.jenkinsci.plugins.scriptler.builder.ScriptlerBuilder": "controller-scripts",
    "org.jvnet.hudson.plugins.groovypostbuild.GroovyPostbuildRecorder": "controller-scripts",
    "hudson.plugins.promoted__builds.conditions.GroovyCondition": "controller-scripts",
    "org.biouno.unochoice.ChoiceParameter": "controller-scripts",
    "javaposse.jobdsl.plugin.ExecuteDslScripts": "job-generators",
    "hudson.security.AuthorizationMatrixProperty": "permissions",
    "org.jenkinsci.plugins.authorizeproject.AuthorizeProjectProperty": "permissions",
    "com.michelin.cio.hudson.plugins.copytoslave.CopyToSlaveBuildWrapper": "controller-files",
    "com.cloudbees.hudson.plugins.folder.properties.FolderCredentialsProvider_-FolderCredentialsProperty": "folder-settings",
}


@pytest.mark.parametrize(("tag", "group"), MORE.items(), ids=MORE)
def test_a_team_with_limits_may_not_write_what_makes_a_job_more_than_its_kind(tag: str, group: str) -> None:
    [problem] = check([define(f"<x><{tag}/></x>")], Settings(teams=(CLOSED,)))
    assert "team a may not write" in problem.message
    assert f"({group}); its elements: none" in problem.hint
    allowed = loads(f'[teams.a]\nfolders = ["a"]\nelements = ["{group}"]').teams[0]
    assert messages(f"<x><{tag}/></x>", team=allowed) == []
    assert messages(f"<x><{tag}/></x>", team=Team("a", files=("a/**",))) == []


@pytest.mark.parametrize("attribute", ["class", "resolves-to"])
def test_a_class_that_an_attribute_names_counts_as_much(attribute: str) -> None:
    assert messages(f"<x><y {attribute}='{GROOVY}'/></x>") == [f"team a may not write {GROOVY}"]


FIELDS = {
    "groovyScriptContent": "<EnvInjectJobProperty><info><groovyScriptContent>evil()</groovyScriptContent></info></EnvInjectJobProperty>",
    "secureGroovyScript": "<EnvInjectJobProperty><info><secureGroovyScript><script>evil()</script><sandbox>false</sandbox></secureGroovyScript></info></EnvInjectJobProperty>",
    "loadFilesFromMaster": "<EnvInjectJobProperty><info><loadFilesFromMaster>true</loadFilesFromMaster></info></EnvInjectJobProperty>",
    "presendScript": "<hudson.plugins.emailext.ExtendedEmailPublisher><presendScript>evil()</presendScript></hudson.plugins.emailext.ExtendedEmailPublisher>",
    "groovyScript": "<com.example.Other><groovyScript>evil()</groovyScript></com.example.Other>",
}


@pytest.mark.parametrize(("field", "body"), FIELDS.items(), ids=FIELDS)
def test_a_script_in_a_field_counts_where_there_is_one(field: str, body: str) -> None:
    assert f"may not write {field} of" in "".join(messages(f"<x>{body}</x>"))
    empty = body.replace("evil()", "").replace("true", "false")
    assert messages(f"<x>{empty}</x>") == []
    assert (
        messages(f"<x>{body.replace('evil()', '$DEFAULT_PRESEND_SCRIPT').replace('true', 'false')}</x>") == []
    )


def test_what_a_folder_gives_to_what_is_in_it() -> None:
    folder = "com.cloudbees.hudson.plugins.folder.Folder"
    for java in ("com.example.Whatever", "org.jenkinsci.plugins.workflow.libs.FolderLibraries"):
        assert messages(f"<properties><{java}/></properties>", f"<{folder}>", folder) == [
            f"team a may not write {java}"
        ]
    harmless = "<org.jenkinsci.plugins.docker.workflow.declarative.FolderConfig><dockerLabel>a-x</dockerLabel></org.jenkinsci.plugins.docker.workflow.declarative.FolderConfig>"
    assert messages(f"<properties>{harmless}</properties>", f"<{folder}>", folder) == []
    assert messages(f"<properties>{harmless.replace('a-x', 'b-x')}</properties>", f"<{folder}>", folder) != []


def test_entries_are_read_in_order_and_the_last_that_fits_counts() -> None:
    shell = "<builders><hudson.tasks.Shell><command>make</command></hudson.tasks.Shell></builders>"
    ant = "<builders><hudson.tasks.Ant/></builders>"

    def team(*elements: str) -> Team:
        shown = ", ".join(f'"{one}"' for one in elements)
        return loads(f'[teams.a]\nfolders = ["a"]\nelements = [{shown}]').teams[0]

    assert messages(shell, team=team("!shell-scripts")) == ["team a may not write hudson.tasks.Shell"]
    assert messages(shell, team=team("!shell-scripts", "hudson.tasks.Shell")) == []
    assert messages(shell, team=team("!hudson.tasks.*")) == ["team a may not write hudson.tasks.Shell"]
    assert messages(shell, team=team("!**", "steps.shell")) == []
    assert messages(ant, team=team("!**", "steps.shell")) == ["team a may not write hudson.tasks.Ant"]
    assert messages("<x><com.example.Odd/></x>", team=team("!unknown-classes")) == [
        "team a may not write com.example.Odd"
    ]


def test_classes_that_the_vocabulary_has_not_are_no_attributes() -> None:
    assert messages("<x class='com.example.Odd'/>") == ["team a may not write com.example.Odd"]
    assert messages("<x class='java.lang.ProcessBuilder'/>") == [
        "team a may not write java.lang.ProcessBuilder"
    ]
    assert messages("<x class='dynamic-proxy'/>") == ["team a may not write dynamic-proxy"]
    for known in (
        "linked-list",
        "vector",
        "java.util.Arrays$ArrayList",
        "string-array",
        "hudson.scm.NullSCM",
    ):
        assert messages(f"<x class='{known}'/>") == []
    allowed = loads('[teams.a]\nfolders = ["a"]\nelements = ["com.example.*"]').teams[0]
    assert messages("<x class='com.example.Odd'/>", team=allowed) == []


SECRETS = {
    "whole": "<description>${jobdsl:secret:b/db}</description>",
    "in a text": "<description>it is ${jobdsl:secret:b/db}.</description>",
    "in an attribute": '<description x="${jobdsl:secret:b/db}"/>',
    "with references": "<description>&#36;{jobdsl:secret:b/db}</description>",
    "around a comment": "<description>${jobdsl:sec<!-- -->ret:b/db}</description>",
    "as CDATA": "<description><![CDATA[${jobdsl:secret:b/db}]]></description>",
    "beside a child": "<description><x/>${jobdsl:secret:b/db}</description>",
}


@pytest.mark.parametrize("body", SECRETS.values(), ids=SECRETS)
def test_secrets_belong_to_teams(body: str) -> None:
    assert messages(body) == ["team a may not use the secret 'b/db'"]
    assert messages(body.replace("b/db", "a/db")) == []
    assert messages(body.replace("b/db", "ab/db")) == ["team a may not use the secret 'ab/db'"]
    listed = loads('[teams.a]\nfolders = ["a"]\nsecrets = ["b/*"]').teams[0]
    assert messages(body, team=listed) == []
    assert messages(body.replace("b/db", "a/db"), team=listed) == ["team a may not use the secret 'a/db'"]
    assert messages(body, team=Team("a", files=("a/**",))) == []


def test_without_a_list_a_team_has_the_secrets_below_its_name_and_its_folders() -> None:
    team = Team("payments", folders=("a", "shared/pay-*"))
    for name in ("payments/x", "a/x/y", "shared/pay-1/x"):
        assert messages(f"<d>${{jobdsl:secret:{name}}}</d>", team=team) == []
    for name in ("payment/x", "b/x", "shared/x", "payments-x"):
        assert messages(f"<d>${{jobdsl:secret:{name}}}</d>", team=team) != []


_NO_REFERENCE = {
    ("com.cloudbees.plugins.credentials.CredentialsParameterDefinition", "credentialType"),
    ("org.jfrog.hudson.CredentialsConfig", "credentials"),
}
"""Fields named like credentials that name a class, or hold user name and password."""


def test_every_typed_field_that_is_named_like_credentials_is_declared() -> None:
    load_all()
    named = {
        (java, tag)
        for java, cls in registry.items()
        for tag, field in cls.by_tag.items()
        if "credential" in tag.lower()
        and field.kind in ("text", "strings", "names", "secret")
        and not field.refers
    }
    assert named == _NO_REFERENCE & named
    labels = {
        (java, tag)
        for java, cls in registry.items()
        for tag, field in cls.by_tag.items()
        if tag.lower() in ("assignednode", "nodelabel", "triggerlabel", "dockerlabel", "labelexpression")
        and not field.refers
    }
    assert not labels


def test_words_of_the_dsl_are_told_at_their_line(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "jobdsl.toml").write_text(
        '[teams.a]\nfolders = ["a"]\ncredentials = ["a-*"]\nlabels = ["a-*"]\nkinds = ["freestyle", "folder"]\n'
    )
    (tmp_path / "a" / "jobs.py").write_text(
        "from jobdsl import *\n"
        'folder("a")\n'
        'freestyle("a/one", scm=scm.p4("b-secret", scm.p4_stream("//s/main")))\n'
        'freestyle("a/two", wrappers=[wrappers.docker_container("image", registry_credentials="b-secret")])\n'
        'freestyle("a/three", parameters=[params.credentials("C", default="b-secret")])\n'
        'freestyle("a/four", steps=[xml("<my.X><credentialsId>b-secret<x/></credentialsId></my.X>")])\n'
        'freestyle("a/five", steps=[element("my.X", **{"credentials_.0049d": "b-secret"})])\n'
        'freestyle("a/six", parameters=[params.label("N", default="b-lin"), params.node("M", ["b-agent"])])\n'
        'freestyle("a/seven", description=secret("b/db"))\n'
        'item("a/eight", element("project", _attrs={"class": "flow-definition"}))\n'
        'freestyle("a/nine", steps=[steps.system_groovy("evil()")])\n'
        'patched = freestyle("a/ten")\n'
        'patched.patch("//canRoam", after=xml("<assignedNode>b-patch</assignedNode>"))\n'
    )
    problems = workflow.findings(tmp_path, workflow.Access(), "process", None, offline=True).problems
    told = {
        (one.where.line, one.message.partition(": ")[2])
        for one in problems
        if one.rule == "policy" and one.where
    }
    no_credentials, no_label = (
        "team a may not use the credentials 'b-secret'",
        "team a may not use the label {!r}",
    )
    assert {(line, no_credentials) for line in (3, 4, 5, 6, 7)} <= told
    assert (12, no_label.format("b-patch")) in told
    assert {(8, no_label.format("b-lin")), (8, no_label.format("b-agent"))} <= told
    assert (9, "team a may not use the secret 'b/db'") in told
    assert (10, "team a may not define a pipeline") in told
    assert any(line == 11 and "SystemGroovy" in message for line, message in told)


@pytest.mark.parametrize("command", ["lint", "lint --json", "show x", "render --out OUT"])
def test_a_run_without_a_configuration_file_says_that_there_is_no_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    (estate / "jobs.py").write_text("from jobdsl import freestyle\nfreestyle('x')\n")
    arguments = [str(tmp_path / "out") if word == "OUT" else word for word in command.split()]
    for expected in (True, False):
        assert run([*arguments, str(estate), "--isolation", "process"]) == 0
        printed = capsys.readouterr()
        assert printed.err.count("there is no jobdsl.toml, so there is no policy") == int(expected)
        assert "no policy" not in printed.out
        (estate / "jobdsl.toml").write_text("")


UNREADABLE = {
    "attributes": "item('a/z', element('project', _attrs={f'a{i}': '1' for i in range(1500)}))\n",
    "depth": "deep = element('x')\nfor _ in range(250):\n    deep = element('x', deep)\nitem('a/z', element('project', deep))\n",
    "namespaces": "item('a/z', element('project', _attrs={'xmlns': 'urn:x'}))\n",
}


@pytest.mark.parametrize("source", UNREADABLE.values(), ids=UNREADABLE)
def test_a_document_that_cannot_be_read_again_names_its_file_and_stops_itself(
    tmp_path: Path, source: str
) -> None:
    for team in "ab":
        (tmp_path / team).mkdir()
    (tmp_path / "jobdsl.toml").write_text('[teams.a]\nfolders = ["a"]\n[teams.b]\nfolders = ["b"]\n')
    (tmp_path / "a" / "jobs.py").write_text("from jobdsl import *\nfolder('a')\n" + source)
    (tmp_path / "b" / "jobs.py").write_text(
        "from jobdsl import *\nfolder('b')\nfreestyle('b/x', steps=[steps.shell('')])\n"
    )
    problems = workflow.findings(tmp_path, workflow.Access(), "process", None, offline=True).problems
    errors = [one for one in problems if one.severity == "error"]
    assert errors
    assert {one.where.file for one in errors if one.where} == {"a/jobs.py"}
    assert not [one for one in errors if one.where is None]
    assert "b/jobs.py" in {one.where.file for one in problems if one.where}
