from __future__ import annotations

import pytest

from jobdsl.elements.base import RecordType, registry
from jobdsl.elements.fields import flag, text
from jobdsl.elements.slots import Step


class plain(Step, xml="test.Plain"):
    one: str = text(first=True)


class more(plain, xml="test.More"):
    two: bool = flag(default=True)


class middle(plain, xml="test.Middle"):
    inherits_after = "before"

    before: str = text(default="")
    after: str = text(default="")


class end(middle, xml="test.End"):
    last: str = text(default="")


del registry["test.Middle"], registry["test.End"]
del registry["test.Plain"], registry["test.More"]  # they are no part of the vocabulary


def test_a_class_that_extends_a_used_one_has_its_own_constructor_and_writer() -> None:
    assert plain("a").write("") == "<test.Plain>  <one>a</one></test.Plain>"
    assert more("a", two=False).write("") == "<test.More>  <one>a</one>  <two>false</two></test.More>"
    assert plain("b").write("") == "<test.Plain>  <one>b</one></test.Plain>"


def test_inherited_fields_come_where_the_class_says() -> None:
    assert (
        middle("x").write("")
        == "<test.Middle>  <before></before>  <one>x</one>  <after></after></test.Middle>"
    )
    assert list(end.by_tag) == ["before", "one", "after", "last"]


def test_a_field_cannot_hide_what_every_element_has() -> None:
    with pytest.raises(AssertionError, match="write would hide"):
        RecordType("bad", (Step,), {"write": text()}, xml="test.Bad")
