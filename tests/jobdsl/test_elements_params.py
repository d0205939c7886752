"""Parameters: choices in every form documents have, defaults, names for forms."""

from __future__ import annotations

from typing import Any

import pytest

from jobdsl import params
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def tree(value: Any) -> Node:
    return parse(value.write("\n"))


def choices(xml: str) -> Node:
    return parse(
        f"<hudson.model.ChoiceParameterDefinition><name>A</name><description/>{xml}"
        "</hudson.model.ChoiceParameterDefinition>"
    )


ARRAY = '<choices class="java.util.Arrays$ArrayList"><a class="string-array">{}</a></choices>'
EMPTY = '<choices class="java.util.Arrays$ArrayList"><a class="string-array"/></choices>'


@pytest.mark.parametrize(
    ("xml", "expected", "layout"),
    [
        (ARRAY.format("<string>a</string><string>b</string>"), ("a", "b"), None),
        (EMPTY, (), None),
        ("<choices><string>a</string><string>b</string></choices>", ("a", "b"), "list"),
        ("<choices/>", (), "list"),
    ],
)
def test_choices_in_every_form(xml: str, expected: tuple[str, ...], layout: str | None) -> None:
    found = choices(xml)
    made = reading.read_element(found)
    assert isinstance(made, params.choice)
    assert made.choices == expected
    assert tree(made) == found
    assert made.layout in (layout, "+choices@" if layout else None)


def test_choices_of_another_class_of_list() -> None:
    found = choices('<choices class="linked-list"><string>a</string></choices>')
    made = reading.read_element(found)
    assert made.choices == ("a",)
    assert tree(made) == found


def test_the_default_choice_comes_first() -> None:
    made = params.choice("STAGE", ["test", "qa", "production"], default="qa")
    assert made.choices == ("qa", "test", "production")
    assert made == params.choice("STAGE", made.choices)
    assert params.choice("N", (str(one) for one in range(3)), default="2").choices == ("2", "0", "1")


def test_a_default_must_be_a_choice() -> None:
    with pytest.raises(DslError) as caught:
        params.choice("STAGE", ["test", "production"], default="prod")
    assert "none of the choices" in caught.value.message
    assert "test, production" in caught.value.hint


@pytest.mark.parametrize("given", ["test", ["test", 3], None])
def test_choices_are_a_list_of_texts(given: Any) -> None:
    with pytest.raises(DslError, match="choices"):
        params.choice("STAGE", given)
    with pytest.raises(DslError, match="must be given"):
        params.choice("STAGE")  # type: ignore[call-arg]


def test_a_string_and_its_default() -> None:
    assert params.string("A", "b") == params.string("A", default="b")
    with pytest.raises(DslError, match="default takes text, not 3"):
        params.string("A", 3)  # type: ignore[arg-type]
    with pytest.raises(DslError, match="default takes True or False"):
        params.boolean("A", "yes")  # type: ignore[arg-type]


def test_a_document_of_an_older_jenkins() -> None:
    found = parse(
        "<hudson.model.StringParameterDefinition><name>A</name><description/><defaultValue/>"
        "</hudson.model.StringParameterDefinition>"
    )
    made = reading.read_element(found)
    assert isinstance(made, params.string)
    assert made.layout == "-trim"
    assert tree(made) == found


def test_parameters_that_share_fields_are_classes_of_their_own() -> None:
    params.string("A")
    made = params.persistent_string("A", successful_only=True)
    assert tree(made).find("successfulOnly") is not None
    assert tree(params.string("A")).find("successfulOnly") is None


def test_scripted_choices_have_a_name_for_the_form() -> None:
    one, again = params.scripted_choice("HOST", "return []"), params.scripted_choice("HOST", "return []")
    assert one.random_name == again.random_name
    assert one.random_name != params.scripted_choice("ZONE", "return []").random_name
    assert "random_name" not in one.arguments()
    assert params.scripted_choice("HOST", "return []", random_name="x").arguments()["random_name"] == "x"


def test_an_eligibility_is_wanted() -> None:
    with pytest.raises(DslError, match="a rule for nodes"):
        params.node("WHERE", eligibility=params.string("A"))  # type: ignore[arg-type]
