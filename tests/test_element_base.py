from __future__ import annotations

import pytest

from jobdsl.elements.base import RecordType, registry
from jobdsl.elements.fields import flag, text
from jobdsl.elements.slots import Step


class plain(Step, xml="test.Plain"):
    one: str = text(first=True)


class more(plain, xml="test.More"):
    two: bool = flag(default=True)


del registry["test.Plain"], registry["test.More"]  # they are no part of the vocabulary


def test_a_class_that_extends_a_used_one_has_its_own_constructor_and_writer() -> None:
    assert plain("a").write("") == "<test.Plain>  <one>a</one></test.Plain>"
    assert more("a", two=False).write("") == "<test.More>  <one>a</one>  <two>false</two></test.More>"
    assert plain("b").write("") == "<test.Plain>  <one>b</one></test.Plain>"


def test_a_field_cannot_hide_what_every_element_has() -> None:
    with pytest.raises(AssertionError, match="write would hide"):
        RecordType("bad", (Step,), {"write": text()}, xml="test.Bad")
