"""Every argument an import writes takes effect: changed, or left out, it changes the document.

Tried on every argument of every element of generated documents, of a controller's own, and of the corpus
where it is (see test_importer_corpus.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus_sample import CORPUS, sample

import jobdsl
from jobdsl import misc, params, properties, triggers
from jobdsl.documents.tree import Node, parse, to_text
from jobdsl.dsl.items import Item
from jobdsl.elements.base import Record
from jobdsl.elements.holders import Holder
from jobdsl.elements.kinds import REQUIRED, Field
from jobdsl.elements.slots import Source
from jobdsl.elements.untyped import Literal
from jobdsl.errors import JobdslError
from jobdsl.importer.codegen import given
from jobdsl.importer.convert import as_item
from jobdsl.importer.roundtrip import parts

pytestmark = pytest.mark.slow

DECLARATIVE = Path(__file__).parents[1] / "recordings" / "declarative_pipeline_after_first_build.xml"
PROPERTIES = {
    "keep": properties.build_discarder(misc.keep(7)),
    "parameters": properties.parameters([params.string("WHO", "world")]),
    "triggers": properties.pipeline_triggers([triggers.cron("H 3 * * 0")]),
    "concurrent": properties.disable_concurrent_builds(),
    "a": properties.github("https://github.com/acme/a"),
    "b": properties.throttle(),
}
NO_ARGUMENTS = {"name", "root"}
"""What is no part of the document: a name; how old controllers wrote the class."""


def pipeline_with(members: Iterator[Any] | tuple[Any, ...], layout: str | None = None) -> str:
    """A Pipeline's document with these properties in their order."""
    return jobdsl.pipeline("x", script="node {}", properties=list(members), layout=layout).xml


def values(value: Any) -> Iterator[Any]:
    """A value and all in it."""
    yield value
    for part in parts(value):
        yield from values(part)


def others(one: Field, value: Any) -> Iterator[Any]:
    """Values that a field may have instead of one."""
    if one.default is not REQUIRED:
        yield one.default
    yield from getattr(one, "choices", ())
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield from (f"{value}x", "H 4 * * 1", "x")
    elif isinstance(value, list | tuple) and value:
        yield list(value[:-1])
        yield [*value, value[-1]]


def changed(made: Any, name: str) -> Iterator[str]:
    """What an element writes with other values of an argument."""
    one, value = made._fields[name], getattr(made, name, None)
    for other in others(one, value):
        if type(other) is type(value) and other == value:
            continue
        try:
            if isinstance(made, Item):
                object.__setattr__(made, name, one.check(other))
                try:
                    yield made._document()
                finally:
                    object.__setattr__(made, name, value)
            else:
                yield made.but(**{name: other})._body("\n")
        except JobdslError:
            continue


def written(made: Any) -> set[str]:
    """The arguments an import writes of an element."""
    return given(made, made.layout).keys() - NO_ARGUMENTS


def without_effect(item: Item) -> list[str]:
    """Arguments of an item or of an element in it that say something, and can be changed without effect."""
    idle = []
    for made in values(item):
        if not isinstance(made, Record):
            continue
        before = made._document() if isinstance(made, Item) else made._body("\n")
        for name in written(made):
            if isinstance(made, Holder) and made._fields[name].kind == "sugar":
                continue
            if (
                isinstance(made, Source) and name == "id"
            ):  # a multibranch job works out one where it is left out
                continue
            if any(after == before for after in changed(made, name)):
                idle.append(f"{made.dsl_name()} {name}={getattr(made, name)!r}")
    return idle


def read(document: str | bytes) -> Item:
    root = parse(document)
    item, _ = as_item("job", root, is_view=False)
    assert parse(item.render()) == root
    return item


@pytest.mark.parametrize("count", range(1, len(PROPERTIES) + 1))
def test_properties_of_a_pipeline_in_any_order(count: int) -> None:
    for names in itertools.permutations(PROPERTIES, count):
        item: Any = read(pipeline_with(tuple(PROPERTIES[name] for name in names)))
        assert without_effect(item) == []
        assert set(PROPERTIES) & written(item) == set(names) - {"a", "b"}
        assert len(item.properties) == len({"a", "b"} & set(names))


@pytest.mark.parametrize("kind", ["pipeline", "freestyle", "matrix", "maven", "multijob"])
@pytest.mark.parametrize(
    "word", ["properties", "definition", "assignedNode", "canRoam", "triggers", "builders"]
)
def test_a_child_the_document_does_not_have_appears_with_its_argument(kind: str, word: str) -> None:
    root = parse(getattr(jobdsl, kind)("job").xml)
    root.children = [child for child in root.children if child.tag != word]
    item: Any = read(to_text(root))
    before = item.render()
    for name, value in {
        "keep": 5,
        "parameters": [params.string("A")],
        "triggers": [triggers.cron("H 4 * * *")],
        "script": "node {}",
        "agent": "linux",
        "concurrent": not item.concurrent,
        "steps": [jobdsl.steps.shell("make")],
        "properties": [PROPERTIES["a"]],
    }.items():
        if name in item._fields:
            usual = getattr(item, name)
            setattr(item, name, value)
            if (kind, name) == ("maven", "steps"):
                with pytest.raises(JobdslError, match="takes no steps"):
                    item.render()
            else:
                assert item.render() != before, (kind, word, name)
            setattr(item, name, usual)


def test_the_properties_a_jenkinsfile_set_are_arguments_and_nothing_more() -> None:
    item: Any = read(DECLARATIVE.read_bytes())
    assert without_effect(item) == []
    assert not item.properties
    assert {"keep", "parameters", "triggers", "concurrent"} <= written(item)
    assert "properties" not in (item.extra or {})


@pytest.mark.parametrize(
    "name", ["keep", "parameters", "triggers", "concurrent"]
)  # fmt: skip
def test_one_property_said_twice_is_an_error(name: str) -> None:
    arguments = {"keep": 5, "parameters": [params.string("A")], "triggers": [triggers.cron("@daily")]}
    for one in (
        PROPERTIES[name],
        jobdsl.element(PROPERTIES[name].java),
        Literal(to_text(Node(PROPERTIES[name].java))),
    ):
        with pytest.raises(JobdslError, match=rf"and {name}= sets the same") as raised:
            jobdsl.pipeline("x", properties=[one], **{name: arguments.get(name, False)}).render()  # type: ignore[arg-type]
        assert raised.value.hint == f"leave out {name}=, or the property"


@pytest.mark.parametrize(
    "odd",
    [
        "<hudson.model.ParametersDefinitionProperty/>",
        "<hudson.model.ParametersDefinitionProperty><parameterDefinitions/></hudson.model.ParametersDefinitionProperty>",
        "<hudson.model.ParametersDefinitionProperty><other>1</other></hudson.model.ParametersDefinitionProperty>",
        "<jenkins.model.BuildDiscarderProperty><strategy class='a.B'/></jenkins.model.BuildDiscarderProperty>",
        "<jenkins.model.BuildDiscarderProperty/>",
        "<org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty><triggers/>"
        "</org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty>",
        "<org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty/>",
    ],
)
def test_a_property_an_argument_cannot_say_stays_one(odd: str) -> None:
    usual = pipeline_with(tuple(PROPERTIES.values()))
    for document in (
        f"<flow-definition><properties>{odd}</properties></flow-definition>",
        f"<flow-definition><properties>{odd}{odd}</properties></flow-definition>",
        usual.replace("<properties>", f"<properties>{odd}"),
        usual.replace("</properties>", f"{odd}</properties>"),
    ):
        item = read(document)
        assert without_effect(item) == []


def test_a_part_no_argument_can_say_takes_the_arguments_with_it() -> None:
    script = "<definition class='org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition'>{}</definition>"
    for part in (
        "<properties a='b c'><jenkins.model.BuildDiscarderProperty/></properties>",
        "<properties>text</properties>",
        script.format("<script>node {}</script><sandbox>maybe</sandbox>"),
        script.format("<sandbox>true</sandbox>"),
        "<definition/>",
        "<keepDependencies>maybe</keepDependencies>",
        "<quietPeriod>5<!-- --></quietPeriod>",
    ):
        assert without_effect(read(f"<flow-definition>{part}</flow-definition>")) == []
    discarder = pipeline_with((PROPERTIES["keep"],)).replace("<properties>", "<properties class='vector x'>")
    item: Any = read(discarder)
    assert ("keep" in written(item)) != ("properties" in (item.extra or {}))


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_every_argument_of_real_documents_takes_effect() -> None:
    idle: dict[str, list[str]] = {}
    for name, document in sample().items():
        try:
            root = parse(document)
        except JobdslError:
            continue
        item, _ = as_item("job", root, is_view=False)
        if found := without_effect(item):
            idle[name] = found
    assert idle == {}
