"""Secrets in imported documents: taken out, named, and put back when the estate is rendered."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from jobdsl.cli.workflow import render
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError
from jobdsl.importer import import_estate
from jobdsl.importer.secrets import Taken, take_out

JOB = (
    "<project><authToken>hunter2</authToken><builders>"
    "<a.B><password>p&amp;w</password></a.B></builders></project>"
)


def taken(document: str) -> dict[str, str]:
    found = Taken()
    take_out(parse(document), "job", found)
    return found.values


@pytest.mark.parametrize(
    "tag",
    ["password", "passphrase", "authToken", "secretToken", "apiToken", "token", "privateKey", "bindPassword",
     "passwd", "secretKey", "api_key", "awsSecretKey", "secret", "secretPass", "clientSecret"],
)  # fmt: skip
def test_texts_in_clear_are_taken_out_by_their_tag(tag: str) -> None:
    assert taken(f"<x><a.B><{tag}>hunter2</{tag}></a.B></x>") == {f"job/{tag}": "hunter2"}


@pytest.mark.parametrize(
    "value", ["", " ", "{AQAAABAAAAAQ+/x=}", "$TOKEN", "${TOKEN}", "REDACTED", "true", "False"]
)
def test_what_is_no_secret_in_clear_stays(value: str) -> None:
    assert taken(f"<x><password>{value}</password></x>") == {}


@pytest.mark.parametrize(
    "tag", ["credentialsId", "passwordVariable", "replaceTokens", "tokenCredentialId", "path"]
)
def test_other_tags_stay(tag: str) -> None:
    assert taken(f"<x><{tag}>hunter2</{tag}></x>") == {}


def test_attributes_in_clear_are_taken_out_too() -> None:
    pair = '<a.B><varPasswordPair var="X" password="hunter2"/><c credentialsId="x" password=""/></a.B>'
    assert taken(f"<x>{pair}</x>") == {"job/password": "hunter2"}


def test_an_attribute_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    kind = "com.michelin.cio.hudson.plugins.maskpasswords.MaskPasswordsBuildWrapper"
    pair = '<varPasswordPair var="X" password="hun&quot;&#10;&#9;ter&amp;2"/>'
    wrapper = f"<{kind}><varPasswordPairs>{pair}</varPasswordPairs></{kind}>"
    document = f"<project><buildWrappers>{wrapper}</buildWrappers></project>"
    (tmp_path / "jobs" / "job.xml").write_text(document)
    result = import_estate(tmp_path / "jobs", tmp_path / "estate", echo=lambda said: None)
    assert (result.equal, result.secrets) == (1, 1)
    assert not any("ter&2" in one.read_text() for one in (tmp_path / "estate").rglob("*.py"))
    render(tmp_path / "estate", tmp_path / "out", "process")
    back = parse((tmp_path / "out" / "job.xml").read_bytes())
    found = [one.attrs["password"] for one in back.walk() if one.tag == "varPasswordPair"]
    assert found == ['hun"\n\tter&2']


def parameter(kind: str, name: str, value: str) -> str:
    kind = f"hudson.model.{kind}ParameterDefinition"
    return f"<x><{kind}><name>{name}</name><description/>{value}</{kind}></x>"


def test_values_of_password_parameters_are_secrets() -> None:
    kind = "hudson.model.PasswordParameterDefinition"
    one = f"<{kind}><defaultValue>x</defaultValue></{kind}>"
    assert taken(f"<x>{one}{one}</x>") == {"job/defaultValue": "x", "job/defaultValue-2": "x"}
    assert taken(f"<x>{one.replace('Password', 'String')}</x>") == {}


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "api-token", "secret", "apiKey", "DEPLOY_KEY", "AWS_SECRET_ACCESS_KEY"]
)
@pytest.mark.parametrize("kind", ["String", "Text"])
def test_so_are_values_of_plain_parameters_by_their_name(kind: str, name: str) -> None:
    document = parameter(kind, name, "<defaultValue>hunter2</defaultValue>")
    assert taken(document) == {"job/defaultValue": "hunter2"}


@pytest.mark.parametrize("name", ["BRANCH", "CREDENTIALS_ID", "TOKEN_FILE", "PASSWORD_LENGTH", "KEY"])
def test_values_of_other_parameters_stay(name: str) -> None:
    assert taken(parameter("String", name, "<defaultValue>hunter2</defaultValue>")) == {}


@pytest.mark.parametrize("value", ["", "true", "${OTHER}", "$OTHER"])
def test_parameters_without_a_secret_stay(value: str) -> None:
    assert taken(parameter("String", "DB_PASSWORD", f"<defaultValue>{value}</defaultValue>")) == {}


def test_the_choices_of_a_secret_are_secrets() -> None:
    choices = '<choices class="java.util.Arrays$ArrayList"><a class="string-array"><string>one1</string><string>two2</string></a></choices>'
    assert list(taken(parameter("Choice", "PASSWORD", choices)).values()) == ["one1", "two2"]


def test_a_parameter_that_names_credentials_holds_none() -> None:
    kind = "com.cloudbees.plugins.credentials.CredentialsParameterDefinition"
    assert taken(f"<x><{kind}><name>TOKEN</name><defaultValue>deploy-bot</defaultValue></{kind}></x>") == {}


@pytest.mark.parametrize(
    "inner",
    ["<password><value>hunter2</value></password>", "<apiToken><plainText>hunter2</plainText></apiToken>",
     "<password class='hudson.util.Secret'><value>hunter2</value></password>", "<token><a><b>hunter2</b></a></token>",
     "<value class='hudson.util.Secret'>hunter2</value>", "<hudson.util.Secret>hunter2</hudson.util.Secret>",
     "<passwords><string>hunter2</string></passwords>", "<password>hunter2<br/></password>",
     "<entry><string>DB_PASSWORD</string><string>hunter2</string></entry>", "<e><name>token</name><value>hunter2</value></e>",
     "<e><key>Authorization</key><value>hunter2</value></e>", '<e key="dbPassword" value="hunter2"/>', '<e token="hunter2"/>',
     "<keychainPwd>hunter2</keychainPwd>", "<dbPass>hunter2</dbPass>", "<x><password>{hunter2}</password></x>".replace("{hunter2}", "hunter2")],
)  # fmt: skip
def test_texts_inside_a_secret_and_beside_its_name(inner: str) -> None:
    assert list(taken(f"<x><a.B>{inner}</a.B></x>").values()) == ["hunter2"]


@pytest.mark.parametrize(
    "inner",
    ["<password><credentialsId>hunter2</credentialsId></password>", "<secret><path>a/b</path><envVar>X</envVar></secret>",
     "<vaultSecrets><a.VaultSecret><path>a</path></a.VaultSecret></vaultSecrets>", "<e><key>token</key><value>$.token</value></e>",
     "<b><variable>TOKEN</variable><credentialsId>x</credentialsId></b>", "<entry><string>A</string><string>hunter2</string></entry>"],
)  # fmt: skip
def test_what_is_about_a_secret_stays(inner: str) -> None:
    assert taken(f"<x><a.B>{inner}</a.B></x>") == {}


def test_secrets_in_texts_are_parts_of_them() -> None:
    root, found = (
        parse("<x><command>export TOKEN=hunter2; curl x</command><b url='https://a:hunter2@b/c'/></x>"),
        Taken(),
    )
    take_out(root, "job", found)
    assert root.children[0].text == "export TOKEN=${jobdsl:secret:job/TOKEN}; curl x"
    assert root.children[1].attrs == {"url": "https://a:${jobdsl:secret:job/password}@b/c"}
    assert found.values == {"job/TOKEN": "hunter2", "job/password": "hunter2"}


def test_equal_secrets_in_texts_of_one_name_are_one() -> None:
    found = Taken()
    roots = [
        parse("<x><command>TOKEN=hunter2 a; TOKEN=hunter2 b; TOKEN=other2 c</command></x>") for _ in "ab"
    ]
    for name, root in zip("ab", roots, strict=True):
        take_out(root, name, found)
    assert found.values == {"a/TOKEN": "hunter2", "a/TOKEN-2": "other2"}
    assert roots[0] == roots[1]


def test_a_secret_is_taken_out_wherever_else_the_document_has_it() -> None:
    root, found = (
        parse(
            "<x><authToken>Zq7hunter2</authToken><b>see Zq7hunter2!</b><c>${jobdsl:secret:Zq7hunter2}</c></x>"
        ),
        Taken(),
    )
    take_out(root, "job", found)
    assert root.children[1].text == "see ${jobdsl:secret:job/authToken}!"
    assert "hunter2" not in root.children[2].text


def test_the_name_of_its_job_is_no_secret() -> None:
    root, found = parse("<x><authToken>deploy-prod1</authToken><b>deploy-prod1</b></x>"), Taken()
    take_out(root, "team/deploy-prod1", found)
    assert root.children[1].text == "deploy-prod1"


def test_the_text_a_condition_compares_is_none() -> None:
    kind = "org.jenkins_ci.plugins.run_condition.core.UnknownCondition"
    assert taken(f'<x><condition class="{kind}"><token>a b</token></condition></x>') == {}


def test_they_never_enter_the_estate_and_come_back_when_it_is_rendered(tmp_path: Path) -> None:
    source, out = tmp_path / "home", tmp_path / "estate"
    source.mkdir()
    (source / 'a & "b".xml').write_text(JOB)
    said: list[str] = []
    result = import_estate(source, out, echo=said.append)
    assert (result.equal, result.secrets) == (1, 2)
    everything = "".join(path.read_text("utf-8") for path in out.rglob("*") if path.is_file()) + "".join(said)
    assert "hunter2" not in everything
    assert "p&" not in everything
    assert 'secret("a _ _b_/password")' in everything
    kept = tmp_path / "estate.secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text("utf-8")) == {"a _ _b_/authToken": "hunter2", "a _ _b_/password": "p&w"}
    assert 'secrets = "../estate.secrets.json"' in (out / "jobdsl.toml").read_text("utf-8")
    render(out, tmp_path / "rendered", "process")
    assert parse((tmp_path / "rendered" / 'a & "b".xml').read_bytes()) == parse(JOB)


SECRET = "Zq7-hunter2"
STEP = "<builders><hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell></builders>"
GIT = (
    '<scm class="hudson.plugins.git.GitSCM"><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>'
    "<url>https://bot:{}@git.example.com/a.git</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs></scm>"
)
NASTY = {
    "inside": "<properties><a.B><password><value>{}</value></password><apiToken><plainText>{}</plainText></apiToken></a.B></properties>",
    "parameter": "<properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>"
    "<hudson.model.StringParameterDefinition><name>DB_PASSWORD</name><description/><defaultValue>{}</defaultValue>"
    "</hudson.model.StringParameterDefinition></parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties>",
    "git": GIT,
    "slack": "<properties><a.B><url>https://hooks.slack.com/services/T0/B0/{}</url></a.B></properties>",
    "script": STEP.format("export TOKEN={}\ncurl -u 'bot:{}' https://x/?token={}\n"),
    "long script": STEP.format("export TOKEN={}\n" + "make\n" * 40),
    "key": STEP.format("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"),
    "properties": "<builders><EnvInjectBuilder><info><propertiesContent>A=b\nPASSWORD={} x\n</propertiesContent></info></EnvInjectBuilder></builders>",
    "attribute": '<properties><a.B c="https://a:{}@b/&#10;&#9;"/></properties>',
    "mixed": "<properties><a.B>export TOKEN={}<b/>x</a.B></properties>",
    "literal": "<properties><a.B>1<string>TOKEN={}</string></a.B><a.B/></properties>",
    "leftover": "<description>${{jobdsl:secret:x}} and ${{jobdsl:secret:leftover/text}} {}</description><authToken>{}</authToken>",
}  # fmt: skip


def test_no_secret_is_written_and_all_come_back(tmp_path: Path) -> None:
    source, out = tmp_path / "home", tmp_path / "estate"
    source.mkdir()
    documents = {name: f"<project>{body.replace('{}', SECRET)}</project>" for name, body in NASTY.items()}
    documents["leftover"] = documents["leftover"].replace("{{", "{").replace("}}", "}")
    for name, document in documents.items():
        (source / f"{name}.xml").write_text(document)
    said: list[str] = []
    result = import_estate(source, out, report=tmp_path / "report.json", echo=said.append)
    assert (result.equal, result.broken) == (len(NASTY), [])
    told = "".join(said) + (tmp_path / "report.json").read_text("utf-8")
    written = {
        str(path.relative_to(out)): path.read_text("utf-8") for path in out.rglob("*") if path.is_file()
    }
    assert [name for name, text in {**written, "told": told}.items() if SECRET in text] == []
    assert written["scripts/long-script.sh"].startswith("export TOKEN=${jobdsl:secret:literal/TOKEN}\nmake\n")
    render(out, tmp_path / "rendered", "process")
    for name, document in documents.items():
        assert parse((tmp_path / "rendered" / f"{name}.xml").read_bytes()) == parse(document), name


def test_places_that_may_hold_a_secret_are_told_without_it(tmp_path: Path) -> None:
    source = tmp_path / "home"
    source.mkdir()
    (source / "a.xml").write_text(f"<project>{STEP.format('make&#10;# the token Ab3dE5gH9xY2')}</project>")
    (source / "b.xml").write_text("<project><description>password is hunter2</description></project>")
    said: list[str] = []
    result = import_estate(source, tmp_path / "estate", report=tmp_path / "r.json", echo=said.append)
    assert said[1:] == [
        "MAY HOLD A SECRET: a: builders/hudson.tasks.Shell/command, line 2",
        "MAY HOLD A SECRET: b: description",
    ]
    assert result.as_json()[1]["may_hold_secrets"] == ["description"]


def test_a_forced_import_keeps_the_secrets_of_an_older_one(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.xml").write_text(JOB)
        import_estate(tmp_path / name, tmp_path / "estate", force=True, echo=print)
    kept = json.loads((tmp_path / "estate.secrets.json").read_text("utf-8"))
    assert sorted(kept) == ["a/authToken", "a/password", "b/authToken", "b/password"]


def test_an_older_secrets_file_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "home"
    source.mkdir()
    (source / "a.xml").write_text(JOB)
    (tmp_path / "estate.secrets.json").write_text("{}")
    with pytest.raises(JobdslError, match="is there already"):
        import_estate(source, tmp_path / "estate", echo=print)
