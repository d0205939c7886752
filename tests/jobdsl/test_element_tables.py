"""Tables of DSL calls and their XML (tests/elements/*.txt): exact, complete, and back again.

A table's first line names the modules whose every class it shows. Then come blocks: a call on a
line, its XML below. `--update-golden` writes the XML anew, to be reviewed.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jobdsl
from jobdsl import publish, steps
from jobdsl.documents.tree import Node, class_name, parse
from jobdsl.elements import load_all, reading
from jobdsl.elements.base import Element, Record, registry
from jobdsl.elements.kinds import Field, NumberField
from jobdsl.errors import DslError
from jobdsl.importer.codegen import Writer
from jobdsl.importer.codegen import given as written_arguments
from jobdsl.importer.pretty import show

load_all()
TABLES = {path.stem: path for path in sorted((Path(__file__).parents[1] / "elements").glob("*.txt"))}
WORDS = {name: getattr(jobdsl, name) for name in jobdsl.__all__}
PAIRS = Path(os.environ.get("JOBDSL_STORED_PAIRS") or "no stored pairs")


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    for block in path.read_text("utf-8").split("\n\n")[1:]:
        call, _, xml = block.strip("\n").partition("\n")
        yield call, xml


@cache
def values(table: str) -> list[tuple[str, Any, str]]:
    """The calls of a table, what they make, and the XML that is expected."""
    return [(call, eval(call, dict(WORDS)), xml) for call, xml in blocks(TABLES[table])]


def modules(table: str) -> list[str]:
    return TABLES[table].read_text("utf-8").partition("\n")[0].lstrip("# ").split()


def classes(table: str) -> set[type[Record]]:
    homes = {f"jobdsl.elements.{module}" for module in modules(table)}
    return {cls for cls in registry.values() if cls.__module__ in homes and not cls.java.startswith("#")}


def read(value: Any, xml: str) -> Any:
    return reading.read_as(type(value), parse(xml))


def alike(one: Any, other: Any) -> bool:
    """Equal, or equal as written where a field takes any value."""
    said = [(type(value), value.layout, value.extra) for value in (one, other)]
    return said[0] == said[1] and bool(one.write("\n") == other.write("\n"))


def source(value: Any) -> str:
    """The DSL call the importer writes for a value."""
    return show(Writer().code(value), "", 0)


tables = pytest.mark.parametrize("table", TABLES)


@tables
def test_calls_write_what_the_table_says(table: str, request: pytest.FixtureRequest) -> None:
    path = TABLES[table]
    made = [(call, value.write("\n").strip("\n"), xml) for call, value, xml in values(table)]
    if request.config.getoption("--update-golden"):
        head = path.read_text("utf-8").partition("\n")[0]
        path.write_text(
            f"{head}\n\n" + "\n\n".join(f"{call}\n{xml}" for call, xml, _ in made) + "\n", "utf-8"
        )
        return
    assert [(call, xml) for call, xml, _ in made] == [(call, xml) for call, _, xml in made]


@tables
def test_every_class_has_a_row(table: str) -> None:
    shown = {type(value) for _, value, _ in values(table)}
    assert {cls.dsl_name() for cls in classes(table) - shown} == set()


@tables
def test_every_class_is_a_word_of_the_dsl(table: str) -> None:
    for cls in classes(table):
        module, _, word = cls.dsl_name().partition(".")
        assert getattr(WORDS[module], word) is cls
        assert word in WORDS[module].__all__
        assert (cls.__doc__ or "").strip()


@tables
def test_what_is_written_reads_back_the_same(table: str) -> None:
    for call, value, xml in values(table):
        assert alike(read(value, xml), value), call


@tables
def test_the_arguments_make_the_value_again(table: str) -> None:
    for call, value, _ in values(table):
        assert alike(type(value)(**value.arguments()), value), call


@tables
def test_the_imported_source_makes_the_value_again(table: str) -> None:
    for call, value, _ in values(table):
        assert alike(eval(source(value), dict(WORDS)), value), call


@tables
def test_no_field_has_two_names_or_hides_a_method(table: str) -> None:
    for cls in classes(table):
        assert len(set(cls.by_tag)) == len(cls.by_tag)
        assert not set(cls._fields) & set(dir(Element)), cls.dsl_name()


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).filter(
    lambda one: "${" not in one
)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "flag": st.booleans(),
    "amount": st.integers(0, 10**6) | st.just(""),
    "strings": st.lists(TEXT, max_size=3).map(tuple),
}


def simple(one: Field) -> st.SearchStrategy[Any] | None:
    """Values of a field that stands by itself."""
    if isinstance(one, NumberField):
        return st.integers(-(2**31) if one.least is None else one.least, 2**31)
    if choices := getattr(one, "choices", ()):
        return st.sampled_from(choices)
    if one.kind not in SIMPLE or getattr(one, "checker", None) is not None:
        return None
    return SIMPLE[one.kind] | st.none() if one.default is None else SIMPLE[one.kind]


@tables
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_other_values_come_back_too(table: str, data: st.DataObject) -> None:
    call, value, _ = data.draw(st.sampled_from(values(table)))
    fields = {name: one for name, one in value._fields.items() if one.stored and one.kind != "result"}
    known = {name: strategy for name, one in fields.items() if (strategy := simple(one)) is not None}
    if not known:
        return
    changed = data.draw(st.sampled_from(sorted(known)))
    varied = value.but(**{changed: data.draw(known[changed])})
    assert alike(read(varied, varied.write("\n")), varied), call
    assert alike(eval(source(varied), dict(WORDS)), varied), call


@tables
def test_a_word_that_is_wrong_is_told_with_the_right_one(table: str) -> None:
    for _, value, _ in values(table):
        if not value.arguments():
            continue
        with pytest.raises(DslError) as caught:
            type(value)(**value.arguments(), no_such_argument=1)
        assert "no_such_argument" in str(caught.value)


STRANGE = (object(), b"x", print, DslError)
"""Values no argument takes."""
OTHER = (
    7,
    -1.5,
    float("nan"),
    True,
    ["a", 3],
    ("a",),
    {"a": object()},
    {"b", "a"},
    iter("ab"),
    "zz zz",
    steps.shell("x"),
)
"""Values some arguments take."""


@tables
def test_an_argument_of_another_kind_is_told_at_once(table: str) -> None:
    seen: set[tuple[type, str]] = set()
    for call, value, _ in values(table):
        given, cls = value.arguments(), type(value)
        for name in inspect.signature(cls).parameters:
            if (cls, name) in seen:
                continue
            seen.add((cls, name))
            for strange in STRANGE:
                with pytest.raises(DslError) as caught:
                    cls(**{**given, name: strange})
                assert name in str(caught.value), (call, strange)
            for other in OTHER:
                with suppress(DslError):  # what is taken can be written
                    made = cls(**{**given, name: other})
                    assert read(made, made.write("\n").strip("\n")) is not None, (call, name, other)


@cache
def stored() -> dict[str, list[Node]]:
    """The elements of the recorded stored documents, by class."""
    found: dict[str, list[Node]] = {}
    for path in PAIRS.glob("*.stored.xml"):
        for node in parse(path.read_bytes()).walk():
            for child in node.children:
                found.setdefault(child.attrs.get("class") or class_name(child.tag), []).append(child)
    return found


@pytest.mark.skipif(not PAIRS.is_dir(), reason="no recorded pairs of posted and stored documents here")
@tables
def test_what_a_controller_stores_is_what_our_defaults_are(table: str) -> None:
    """Of the elements in recorded stored documents, nearly all are written without saying how."""
    usual = unusual = 0
    for cls in classes(table):
        for found in stored().get(cls.java, ()):
            value = reading.read_as(cls, found)
            plain = value is not None and value.layout is None and not value.extra
            usual, unusual = usual + plain, unusual + (not plain)
    assert usual >= 10 * unusual


def in_forms(table: str) -> list[tuple[str, Any]]:
    """The values of a table in each of the other layouts of their classes."""
    return [(form, value.but(layout=form)) for _, value, _ in values(table) for form in value.forms]


@tables
def test_nothing_is_written_of_an_empty_child_that_a_form_always_has(table: str) -> None:
    """What says nothing there is no argument of an import."""
    for form, value in in_forms(table):
        found = reading.read_element(parse(value.write("\n")))
        if found.layout != form:
            continue  # the class's own layout does as well
        names = [name for name, one in value._fields.items() if one.stored and one.default is None]
        idle = {name for name in names if getattr(value, name) is None}
        assert not idle & written_arguments(found, found.layout).keys(), (form, found)


@pytest.mark.parametrize(
    ("call", "empty"),
    [
        ('publish.slack("#a", layout="2.2")', "authToken"),
        ('publish.slack("#a", layout="2.2")', "authTokenCredentialId"),
        ('publish.slack("#a", layout="2.0")', "authToken"),
        ('publish.robot("x", layout="jjb")', "logFileLink"),
        ('publish.robot("x", layout="jjb")', "otherFiles"),
        ('publish.junit("x", layout="jjb")', "testDataPublishers"),
        ('steps.maven("x", layout="jjb")', "properties"),
        ('publish.email_ext("x", layout="jjb")', "from"),
        ('publish.clean_workspace(layout="empty-list")', "patterns"),
    ],
)
def test_a_form_has_its_empty_children_without_an_argument(call: str, empty: str) -> None:
    document = parse(eval(call, dict(WORDS)).write("\n"))
    child = document.find(empty)
    assert child is not None
    assert not child.text
    assert not child.children
    found = reading.read_element(document)
    assert source(found) == call
    assert parse(found.write("\n")) == document


@tables
def test_none_in_a_list_is_left_out(table: str) -> None:
    for call, value, _ in values(table):
        if isinstance(value, publish.cobertura):
            continue  # what it has is no list, but a dict
        lists = {
            name: members
            for name in value._fields
            if isinstance(members := getattr(value, name, None), tuple)
        }
        for name, members in lists.items():
            assert value.but(**{name: [None, *members, None]}) == value, (call, name)
