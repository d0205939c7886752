"""One document as DSL source: what counts as an element, and which classes are done without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jobdsl
from jobdsl import steps
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse, tag_name
from jobdsl.dsl.items import Item
from jobdsl.elements import load_all
from jobdsl.elements.base import Record, registry
from jobdsl.errors import DslError
from jobdsl.importer import import_estate
from jobdsl.importer.classes import elements
from jobdsl.importer.codegen import Writer
from jobdsl.importer.convert import FORMS, DocumentSource, Form, convert, fingerprint
from jobdsl.importer.pretty import show
from jobdsl.importer.roundtrip import unspeakable
from jobdsl.importer.secrets import Taken

DOCUMENT = """<project>
  <scm class="hudson.scm.NullSCM"/>
  <triggers class="vector"/>
  <builders>
    <hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>
    <EnvInjectBuilder><info><propertiesContent>A=1</propertiesContent></info></EnvInjectBuilder>
    <com.example.Foo>
      <project>not one</project>
      <list class="vector"><hudson.tasks.Shell><command>test</command></hudson.tasks.Shell></list>
      <ids class="hudson.util.CopyOnWriteMap$Tree"/>
      <names class="string-array"><string>a</string></names>
      <part class="com.example.Part"/>
    </com.example.Foo>
  </builders>
</project>"""


def test_elements_are_what_a_tag_or_a_class_names_below_the_root() -> None:
    assert elements(parse(DOCUMENT)) == 6
    assert elements(parse("<com.example.Job/>")) == 0
    assert elements(parse('<x><properties class="hudson.model.View$PropertyList"/></x>')) == 0
    assert elements(parse('<x><l class="hudson.util.DescribableList"/><e class="empty-list"/></x>')) == 0


@pytest.mark.parametrize(("form", "typed"), list(zip(FORMS, (4, 0, 4, 0), strict=True)))
def test_typed_elements_are_those_a_class_writes(form: Form, typed: int) -> None:
    source = DocumentSource("job", DOCUMENT.encode(), "job.xml", is_view=False)
    made = convert(source, "job", Writer(), Taken(), form)
    assert (made.elements, made.typed) == (6, typed)
    assert made.print == fingerprint(parse(DOCUMENT))


def test_equal_trees_have_one_fingerprint_and_others_another() -> None:
    same = [
        parse('<x a="1" b="2"><y>t</y><z/></x>'),
        parse("<x b='2' a='1' plugin='p'><y>t</y>\n <z></z></x>"),
    ]
    other = [
        '<x a="1" b="2"><y>t<z/></y></x>',
        '<x a="1" b="2"><z/><y>t</y></x>',
        '<x b="2"><y>t</y><z/></x>',
    ]
    assert fingerprint(same[0]) == fingerprint(same[1])
    assert len({fingerprint(parse(one)) for one in other} | {fingerprint(same[0])}) == 4


def test_every_typed_class_can_be_named_in_a_dsl_file() -> None:
    assert unspeakable() == frozenset()


def test_an_element_whose_source_makes_another_is_written_untyped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(self: Any) -> dict[str, Any]:
        return {"command": "another"}

    monkeypatch.setattr(steps.shell, "arguments", lying)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "job.xml").write_text(DOCUMENT)
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=lambda _: None)
    (only,) = result.documents
    assert (only.equal, only.fallback, only.typed) == (True, "checked", 2)
    text = (tmp_path / "estate" / "jobs.py").read_text("utf-8")
    assert 'element("hudson.tasks.Shell", command="make")' in text
    assert "steps.inject_env(" in text


def test_a_class_that_trips_over_a_document_does_not_stop_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, indent: str) -> str:
        raise KeyError(indent)

    monkeypatch.setattr(steps.shell, "_body", broken)
    source = DocumentSource("job", DOCUMENT.encode(), "job.xml", is_view=False)
    assert convert(source, "job", Writer(), Taken()).fallback == "xml"


def parts_alone() -> Iterator[str]:
    """Documents with parts that a field makes from a plain value, each with one of its fields given."""
    load_all()
    for cls in {cls.java: cls for cls in registry.values()}.values():
        for field in cls.by_tag.values():
            maker: Any = getattr(field, "convert", None)
            if not isinstance(maker, type):
                continue
            for given in maker.by_tag.values():  # type: ignore[attr-defined]
                for text in {"flag": ("true", "false"), "number": ("7",)}.get(given.kind, ("7", "true", "")):
                    whole = element_of(cls, field, maker, f"<{given.tag}>{text}</{given.tag}>")
                    is_item = issubclass(cls, Item)
                    yield whole if is_item else f"<project><builders>{whole}</builders></project>"


def element_of(cls: type[Record], field: Any, maker: Any, inner: str) -> str:
    """An element of a class whose field holds one part."""
    tag = tag_name(maker.java)
    part = f"<{tag}>{inner}</{tag}>"
    if field.kind == "child":
        kind = "" if field.plain else f' class="{maker.java}"'
        child = f"<{field.tag}{kind}>{inner}</{field.tag}>"
    else:
        inside = f"<{field.inside}>{part}</{field.inside}>" if field.inside else part
        child = f"<{field.tag}>{inside}</{field.tag}>"
    return f"<{tag_name(cls.java)}>{child}</{tag_name(cls.java)}>"


def test_a_part_with_any_one_field_is_imported_typed() -> None:
    documents = list(parts_alone())
    assert len(documents) > 300
    for text in documents:
        taken = Taken()
        made = convert(DocumentSource("job", text.encode(), "job.xml", is_view=False), "job", Writer(), taken)
        assert (made.form, made.fallback) == ("typed", ""), text
        assert made.code is not None
        job = eval(show(made.code, "", 0), {word: getattr(jobdsl, word) for word in made.uses})
        document = Secrets(taken.values).fill(job.render())
        assert parse(document) == parse(text), text


@pytest.mark.parametrize("error", [DslError("no"), RuntimeError("no"), RecursionError(), KeyError("no")])
def test_an_error_while_the_typed_form_is_written_gives_the_next_plainer_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(self: Any) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(steps.shell, "arguments", broken)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "job.xml").write_text(DOCUMENT)
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=lambda _: None)
    (only,) = result.documents
    assert (only.equal, only.error, only.fallback) == (True, "", "checked")
    text = (tmp_path / "estate" / "jobs.py").read_text("utf-8")
    assert 'element("hudson.tasks.Shell", command="make")' in text
    assert "steps.inject_env(" in text


def test_a_list_a_field_cannot_make_its_members_of_stays_typed_around_it() -> None:
    text = (
        "<project><triggers><org.jenkinsci.plugins.gwt.GenericTrigger><genericVariables><string>a</string>"
        "</genericVariables></org.jenkinsci.plugins.gwt.GenericTrigger></triggers></project>"
    )
    made = convert(DocumentSource("job", text.encode(), "job.xml", is_view=False), "job", Writer(), Taken())
    assert (made.form, made.fallback) == ("typed", "")
