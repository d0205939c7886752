"""Fields: what each kind takes, writes and reads back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl import freestyle
from jobdsl.documents.tree import parse
from jobdsl.elements import fields, reading
from jobdsl.elements.kinds import REQUIRED, Field, Unfit
from jobdsl.errors import DslError


def field(kind: Any, **given: Any) -> Field:
    made: Field = kind("x", **given)
    made.named("x")
    return made


def written(one: Field, value: Any) -> str:
    return one.write(one.check(value), "")


def back(one: Field, value: Any) -> Any:
    return one.check(one.read(parse(written(one, value))))


@given(st.integers(-(2**63), 2**63))
def test_a_whole_number_kept_as_text(number: int) -> None:
    amount = field(fields.amount, least=None)
    assert back(amount, number) == back(amount, str(number)) == number
    assert written(amount, number) == f"<x>{number}</x>"


@pytest.mark.parametrize("kind", [fields.number, fields.amount, fields.decimal])
@pytest.mark.parametrize(("least", "given"), [(0, -1), (0, -5), (-1, -2), (3, 2)])
def test_a_number_below_the_least_is_refused(kind: Any, least: int, given: int) -> None:
    bounded = field(kind, default=least, least=least)
    with pytest.raises(DslError, match=f"takes {least} or more, not {given}") as refused:
        bounded.check(given)
    assert refused.value.hint == f"write {least} or more, or leave x= out"
    assert bounded.check(least) == least
    assert field(kind, least=None).check(given) == given
    with pytest.raises(DslError) as refused:
        field(kind, default=REQUIRED, least=least).check(given)
    assert refused.value.hint == f"write {least} or more"


def test_an_import_keeps_a_number_that_no_dsl_file_may_have() -> None:
    document = parse(
        "<hudson.plugins.git.extensions.impl.CloneOption><timeout>-7</timeout></hudson.plugins.git.extensions.impl.CloneOption>"
    )
    found = reading.read_element(document)
    assert found.extra == {"timeout": "-7"}
    assert parse(found.write("\n")) == document


@pytest.mark.parametrize("given", ["", "${LIMIT}"])
def test_no_number_or_a_variable(given: str) -> None:
    assert back(field(fields.amount), given) == given


@pytest.mark.parametrize("wrong", ["many", "01", 1.5, True, None, []])
def test_no_whole_number(wrong: Any) -> None:
    with pytest.raises(DslError, match="takes a whole number"):
        field(fields.amount).check(wrong)


@pytest.mark.parametrize("word", ["01", "+1", "many", "1.0"])
def test_text_that_a_number_would_not_write_again(word: str) -> None:
    with pytest.raises(Unfit):
        field(fields.amount).read(parse(f"<x>{word}</x>"))


@given(st.floats(0.001, 9_999_999))
def test_a_number_with_a_point(number: float) -> None:
    assert back(field(fields.decimal), number) == number


def test_a_number_with_a_point_is_written_as_java_writes_it() -> None:
    assert written(field(fields.decimal), 1) == "<x>1.0</x>"
    with pytest.raises(Unfit):
        field(fields.decimal).read(parse("<x>1</x>"))


@pytest.mark.parametrize("wrong", ["1.0", True, None])
def test_no_number_with_a_point(wrong: Any) -> None:
    with pytest.raises(DslError, match="takes a number"):
        field(fields.decimal).check(wrong)


def test_names_of_jobs() -> None:
    names = field(fields.names)
    assert written(names, ["a", freestyle("b"), "c/d"]) == "<x>a, /b, c/d</x>"
    assert written(names, "a,b") == "<x>a,b</x>"
    with pytest.raises(DslError, match="takes text, not 3"):
        names.check([3])


def test_results_by_name() -> None:
    results = field(fields.results)
    assert back(results, ["FAILURE", "ABORTED"]) == ("FAILURE", "ABORTED")
    assert written(results, []) == "<x/>"
    with pytest.raises(DslError, match="does not know 'FAILED'"):
        results.check(["FAILED"])
    with pytest.raises(DslError, match="takes a list"):
        results.check("FAILURE")
    with pytest.raises(Unfit):
        results.read(parse("<x><string>FAILURE</string></x>"))


def test_a_result_may_be_none() -> None:
    result = field(fields.result, default="SUCCESS")
    assert result.check(None) is None
    assert result.write(None, "") == ""


def test_help_shows_the_arguments() -> None:
    from inspect import signature

    from jobdsl import freestyle, steps

    assert str(signature(steps.shell)).startswith("(command, *, ")
    assert str(signature(freestyle)).startswith("(name, *, renamed_from=None, queue=False, ")
