"""Secrets in imported documents: taken out, named, and put back when the estate is rendered."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from jobdsl.errors import JobdslError
from jobdsl.importer import import_estate
from jobdsl.importer.secrets import take_out
from jobdsl.tree import parse
from jobdsl.workflow import render

JOB = (
    "<project><authToken>hunter2</authToken><builders>"
    "<a.B><password>p&amp;w</password></a.B></builders></project>"
)


def taken(document: str) -> dict[str, str]:
    found: dict[str, str] = {}
    take_out(parse(document), "job", found)
    return found


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


def test_values_of_password_parameters_are_secrets() -> None:
    kind = "hudson.model.PasswordParameterDefinition"
    parameter = f"<{kind}><defaultValue>x</defaultValue></{kind}>"
    assert taken(f"<x>{parameter}{parameter}</x>") == {"job/defaultValue": "x", "job/defaultValue-2": "x"}
    plain = parameter.replace("Password", "String")
    assert taken(f"<x>{plain}</x>") == {}


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


def test_an_older_secrets_file_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "home"
    source.mkdir()
    (source / "a.xml").write_text(JOB)
    (tmp_path / "estate.secrets.json").write_text("{}")
    with pytest.raises(JobdslError, match="is there already"):
        import_estate(source, tmp_path / "estate", echo=print)
