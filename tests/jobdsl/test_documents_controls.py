"""Control characters: read from references, written as references, the same on every way through the product."""

from __future__ import annotations

from pathlib import Path

import pytest

import jobdsl
from jobdsl import steps
from jobdsl.applying.apply import apply
from jobdsl.controller.jenkins import connect
from jobdsl.controller.stored import fetch
from jobdsl.documents.tree import parse
from jobdsl.elements.untyped import Literal
from jobdsl.errors import XmlError
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.planning.plan import plan
from jobdsl.planning.refresh import drift, owned
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.documents import read

V10, V11 = ("<?xml version='1.0' encoding='UTF-8'?>\n", "<?xml version='1.1' encoding='UTF-8'?>\n")
DOCUMENTS = {
    "script": "<project><builders><hudson.tasks.Shell><command>sed 's/&#x1b;//g'; tr '&#1;' '&#x1F;'</command></hudson.tasks.Shell></builders></project>",
    "long script": f"<project><builders><hudson.tasks.Shell><command>{'echo &#x1b;[1m&#xc;&#x7f;&#x85;' + chr(10) * 40}</command></hudson.tasks.Shell></builders></project>",
    "description": "<project><description>bell &#7; and &#x1b;[31mred&#x1b;[0m</description></project>",
    "attribute": '<project><builders><com.example.Step name="a&#x1b;b&#xb;"><pair key="&#31;"/></com.example.Step></builders></project>',
    "untyped": "<project><builders><com.example.Step><a>x&#x1b;y</a><b><c>&#8;</c><c>&#x0001;</c></b></com.example.Step></builders></project>",
    "mixed content": "<project><builders><com.example.Step>a&#x1b;b<c/>d&#x2;</com.example.Step></builders></project>",
    "unknown root": "<com.example.Job><text>&#x1b;</text></com.example.Job>",
    "pipeline": '<flow-definition><definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"><script>echo "&#x1b;"</script><sandbox>true</sandbox></definition></flow-definition>',
    "parameter": "<project><properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions><hudson.model.StringParameterDefinition><name>A</name><description>&#x1b;</description><defaultValue>&#x1c;</defaultValue></hudson.model.StringParameterDefinition></parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties></project>",
    "view": "<hudson.model.ListView><name>view</name><description>&#x1b;</description></hudson.model.ListView>",
}


@pytest.mark.parametrize("declaration", [V10, V11, ""], ids=["1.0", "1.1", "none"])
def test_references_are_read_whatever_the_declaration(declaration: str) -> None:
    text = f"{declaration}<x a='&#x1b;'>&#27;&#x0001F;&#x1B;</x>"
    for document in (text, text.encode()):
        root = parse(document)
        assert (root.text, root.attrs) == ("\x1b\x1f\x1b", {"a": "\x1b"})


def test_what_looks_like_a_reference_is_none_in_cdata_and_comments() -> None:
    root = parse(f"{V11}<x><!-- &#x1b; --><a><![CDATA[sed 's/&#x1b;//']]></a><b>&amp;#x1b;&#x1b;</b></x>")
    assert [child.text for child in root.children] == ["sed 's/&#x1b;//'", "&#x1b;\x1b"]


@pytest.mark.parametrize("text", ["<x>\n\x1b</x>", "<x\na='\x07'/>", "<x>\n<![CDATA[\x02]]></x>"])
def test_a_control_character_itself_is_told_by_its_name_and_line(text: str) -> None:
    with pytest.raises(XmlError, match=r"control character U\+00(1B|07|02) itself") as caught:
        parse(V11.strip() + text)
    assert caught.value.line == 2
    assert "as the reference &#x" in caught.value.hint


@pytest.mark.parametrize("text", ["<x>&#0;</x>", "<x>&#xffff;</x>", "<x>&#xd800;</x>"])
def test_characters_that_no_xml_has_are_refused(text: str) -> None:
    with pytest.raises(XmlError, match="not well-formed"):
        parse(V11 + text)


def test_literal_xml_and_raw_elements_take_them() -> None:
    job = jobdsl.freestyle(
        "x",
        steps=[
            jobdsl.xml("<com.example.A b='&#x1b;'>&#x1;</com.example.A>"),
            jobdsl.element("com.example.B", c="\x1b", _attrs={"d": "\x02"}),
        ],
    )
    assert job.xml.startswith('<?xml version="1.1"')
    written = parse(job.xml).find("builders")
    assert written is not None
    first, second = written.children
    assert (first.text, first.attrs) == ("\x01", {"b": "\x1b"})
    assert (second.children[0].text, second.attrs) == ("\x1b", {"d": "\x02"})
    assert Literal("<a>&#x1b;</a>").write("") == "<a>&#x1b;</a>"


def test_a_document_with_them_can_be_patched() -> None:
    job = jobdsl.freestyle("x", steps=[steps.shell("sed 's/\x1b//'")], description="\x07")
    job.patch("builders", append=steps.shell("tr \x01"))
    job.patch("builders/hudson.tasks.Shell[1]/command/text()", "new \x1b")
    job.patch("scm/@class", "a\x02")
    root = parse(job.xml)
    commands = [node.text for node in root.walk() if node.tag == "command"]
    assert commands == ["new \x1b", "tr \x01"]
    assert [node.attrs["class"] for node in root.children if node.tag == "scm"] == ["a\x02"]
    assert [node.text for node in root.children if node.tag == "description"] == ["\x07"]


def test_the_simulated_controller_refuses_them_under_xml_1_0() -> None:
    with pytest.raises(XmlError, match="does not allow"):
        read(f"{V10}<x>&#x1b;</x>".encode())
    assert read(f"{V11}<x>&#x1b;</x>".encode()).text == "\x1b"
    assert read(f"{V10}<x><![CDATA[&#x1b;]]></x>".encode()).text == "&#x1b;"


@pytest.mark.parametrize("declaration", [V10, V11], ids=["1.0", "1.1"])
def test_documents_with_them_are_imported_and_render_equal(tmp_path: Path, declaration: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name, text in DOCUMENTS.items():
        (home / f"{name}.xml").write_text(declaration + text)
    result = import_estate(home, tmp_path / "estate", echo=lambda _: None)
    assert [one.error for one in result.broken] == []
    assert result.equal == len(DOCUMENTS)
    estate = load(tmp_path / "estate", isolation="process")
    for definition in estate.definitions:
        assert parse(definition.document) == parse(DOCUMENTS[definition.full_name])
        read(definition.document.encode())  # the controller takes it


def test_an_import_from_a_controller_is_sent_back_and_settles(tmp_path: Path) -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        for name in ("script", "description", "pipeline", "parameter"):
            controller.create("item", name, V11 + DOCUMENTS[name])
        controller.create("view", "view", V11 + DOCUMENTS["view"])
        result = import_estate(controller, tmp_path / "estate", echo=lambda _: None)
        assert (result.equal, result.broken) == (5, [])
        estate = load(tmp_path / "estate", isolation="process")
        first = plan(estate, controller.inventory(), "seed", adopt=["*"])
        assert apply(first, controller).problems == []
        inventory = controller.inventory()
        assert plan(estate, inventory, "seed").changes == ()
        keys = owned(estate.definitions, inventory, "seed")
        assert len(keys) == 5
        assert drift(estate.definitions, fetch(controller, keys)) == {}
