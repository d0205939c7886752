"""One document as DSL source: what counts as an element, and which classes are done without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobdsl import steps
from jobdsl.documents.tree import parse
from jobdsl.importer import import_estate
from jobdsl.importer.classes import elements
from jobdsl.importer.convert import FORMS, Form, Source, convert, fingerprint
from jobdsl.importer.faithful import unspeakable
from jobdsl.importer.secrets import Taken
from jobdsl.importer.source import Writer

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
    source = Source("job", DOCUMENT.encode(), "job.xml", is_view=False)
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
    source = Source("job", DOCUMENT.encode(), "job.xml", is_view=False)
    assert convert(source, "job", Writer(), Taken()).fallback == "xml"
