"""Python literals for texts, and expressions broken into lines: they read back as what they were."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.importer.literals import literal, quoted
from jobdsl.importer.pretty import WIDTH, Brackets, Code, show

TEXT = st.text(st.sampled_from("a\"'\\\n\t\r \x00\x0c\x85\u2028\xa0\ufeff中\ud800{}#$"))


@given(text=TEXT | st.text())
def test_a_literal_is_the_text(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert ast.literal_eval(quoted(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("make", '"make"'),
        ("it's", '"it\'s"'),
        ('say "x"', "'say \"x\"'"),
        ("make\n", r'"make\n"'),
        (r"^a\.b$", 'r"^a\\.b$"'),
        ("C:\\", r'"C:\\"'),
        ("#!/bin/sh\nset -e\nmake\n", '"""#!/bin/sh\nset -e\nmake\n"""'),
        ("sed 's/\\./x/'\nmake\ntrue", 'r"""sed \'s/\\./x/\'\nmake\ntrue"""'),
        ('a\nb\necho "c"', '"""a\nb\necho "c\\""""'),
        ("a\r\nb\r\nc", '"""a\\r\nb\\r\nc"""'),
        ("\xa0\n\ufeff\nb", '"""\\xa0\n\\ufeff\nb"""'),
    ],
)
def test_texts_read_well(text: str, shown: str) -> None:
    assert literal(text) == shown


CODE: st.SearchStrategy[Code] = st.recursive(
    TEXT.map(literal),
    lambda inner: st.lists(inner.map(lambda one: ("", one)), max_size=4).map(
        lambda parts: Brackets("[", parts, "]")
    ),
    max_leaves=12,
)


def value(code: Code) -> object:
    return ast.literal_eval(code) if isinstance(code, str) else [value(part) for _, part in code.parts]


@given(code=CODE, indent=st.integers(0, 3))
def test_broken_lines_mean_the_same(code: Code, indent: int) -> None:
    assert ast.literal_eval(f"(\n{show(code, '    ' * indent, 4 * indent)}\n)") == value(code)


def test_what_fits_stands_on_one_line_and_what_does_not_one_part_a_line() -> None:
    short = Brackets("f(", [("", '"a"'), ("b=", Brackets("[", [("", "1"), ("", "2")], "]"))])
    assert show(short, "", 0) == 'f("a", b=[1, 2])'
    long = Brackets("f(", [("", quoted("x" * WIDTH)), ("b=", short)])
    assert show(long, "    ", 4) == f'f(\n        "{"x" * WIDTH}",\n        b=f("a", b=[1, 2]),\n    )'


def test_a_text_of_several_lines_stays_beside_its_bracket() -> None:
    assert show(Brackets("shell(", [("", '"""a\nb\n"""')]), "", 0) == 'shell("""a\nb\n""")'
