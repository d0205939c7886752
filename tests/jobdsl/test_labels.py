from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobdsl.grammar.labels import (
    And,
    Atom,
    Expr,
    Iff,
    Implies,
    LabelError,
    Not,
    Or,
    Paren,
    assigned,
    parse,
    split,
)

A, B, C = Atom("a"), Atom("b"), Atom("c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        (" a\t", A),
        ("a&&b&&c", And((A, B, C))),
        ("a || b && c", Or((A, And((B, C))))),
        ("(a||b)&&c", And((Paren(Or((A, B))), C))),
        ("a->b", Implies((A, B))),
        ("a<->b<->c", Iff((A, B, C))),
        ("a<->b->c||a&&!b", Iff((A, Implies((B, Or((C, And((A, Not(B)))))))))),
        ("!a", Not(A)),
        ("! a", Not(A)),
        ("!(!a)", Not(Paren(Not(A)))),
        ("(a->b)->c", Implies((Paren(Implies((A, B))), C))),
        ("linux-arm->b", Implies((Atom("linux-arm"), B))),
        ("a-->b", Implies((Atom("a-"), B))),
        ("a-<->b-", Iff((Atom("a-"), Atom("b-")))),
        ("-", Atom("-")),
        ('"a b"', Atom("a b")),
        (r'"\"\\\'\n\t\b\f\r"', Atom("\"\\'\n\t\b\f\r")),
        ("os:linux", Atom("os:linux")),
        ("a,b", Atom("a,b")),
        ("C++é中", Atom("C++é中")),
    ],
)
def test_parses_as_jenkins_does(text: str, expected: Expr) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "leave the label out"),
        ("  ", 1, "leave the label out"),
        ("a b", 3, "a space is not an operator"),
        ("a&b", 2, "&&"),
        ("a|b", 2, "||"),
        ("a->b->c", 5, "comes first"),
        ("!!a", 2, "before one label"),
        ("a&&", 4, ""),
        ("&&a", 1, ""),
        ("(a", 3, "not closed"),
        ("a)", 2, ""),
        ("a<b", 2, "quotes"),
        ("a>b", 2, "quotes"),
        ("'a b'", 1, "double quotes"),
        ('a && "b', 6, "not closed"),
        (r'"\x"', 1, ""),
        ('""', 1, ""),
        ("a\n&&b", 1, ""),
        ("a&&()", 5, ""),
        ("(" * 41 + "a" + ")" * 41, 42, ""),
    ],
)
def test_refuses_with_column_and_hint(text: str, column: int, hint: str) -> None:
    with pytest.raises(LabelError) as caught:
        parse(text)
    assert (caught.value.column, caught.value.text) == (column, text)
    assert hint in caught.value.hint
    assert f"column {column}:" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("linux && gpu", "linux&&gpu"),  # recorded: label/expr.json
        (" ( a || b ) && ! c ", "(a||b)&&!c"),
        ("((a))", "((a))"),
        ('"plain"', "plain"),
        ("os:linux", '"os:linux"'),
        ('"a b" -> c.d', '"a b"->c.d'),
        ("v1.", '"v1."'),
        ('"it\'s"', '"it\'s"'),
    ],
)
def test_prints_as_jenkins_does(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


def test_built_expressions_print_with_the_parentheses_they_need() -> None:
    assert str(Implies((A, Implies((B, C))))) == "a->(b->c)"
    assert str(Not(Not(A))) == "!(!a)"
    assert str(And((Or((A, B)), Not(C)))) == "(a||b)&&!c"


def test_atoms_are_all_labels_named() -> None:
    assert parse('a && !(b || "c d") -> a').atoms() == {"a", "b", "c d"}


def test_matches_any_collection() -> None:
    assert parse("a&&!b").matches(["a", "c"])
    assert not parse("a&&!b").matches({"a", "b"})


def test_long_chains_and_long_nonsense_are_no_trouble() -> None:
    many = " || ".join(f"node-{number}" for number in range(20_000))
    assert parse(many).matches({"node-19999"})
    assert len(str(parse(many))) > 100_000
    with pytest.raises(LabelError):
        parse("(" * 100_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b", And((A, B))),
        ('"a b"', Atom("a b")),
        ("a b", Atom("a b")),
        ("a->b->c", Atom("a->b->c")),
        ("'a b'", Atom("a b")),
        ('"a||b"', Or((A, B))),
        ('"a" && "b"', Atom('a" && "b')),
        (r'"a\"b"', Atom('a"b')),
        ('"', Atom('"')),
        ("", Atom("")),
    ],
)
def test_a_jobs_label_is_never_refused(text: str, expected: Expr) -> None:
    assert assigned(text) == expected


names = st.one_of(st.sampled_from("abc"), st.text(min_size=1, max_size=6))
expressions = st.recursive(
    names.map(Atom),
    lambda inner: st.one_of(
        inner.map(Not),
        inner.map(Paren),
        st.tuples(inner, inner).map(Implies),
        *(st.lists(inner, min_size=2, max_size=4).map(tuple).map(kind) for kind in (And, Or, Iff)),
    ),
    max_leaves=8,
)


@given(expressions)
@example(Atom("-"))
@example(Implies((Atom("a-"), Atom("-b"))))
@example(And((Or((A, B)), And((A, B)))))
def test_what_was_printed_reads_back_the_same(expr: Expr) -> None:
    again = parse(str(expr))
    assert str(again) == str(expr)
    assert again.atoms() == expr.atoms()
    some = sorted(expr.atoms())[:5]
    for size in range(len(some) + 1):
        for labels in itertools.combinations(some, size):
            assert again.matches(labels) == expr.matches(labels)


def as_python(expr: Expr) -> str:
    """The expression in Python's own words, chains spelled out pair by pair, as the judge of our matching."""
    match expr:
        case Atom(name):
            return f"({name!r} in labels)"
        case Paren(base):
            return as_python(base)
        case Not(base):
            return f"(not {as_python(base)})"
        case Implies((condition, consequence)):
            return f"((not {as_python(condition)}) or {as_python(consequence)})"
        case And(operands) | Or(operands) | Iff(operands):
            sign = {"&&": "and", "||": "or", "<->": "=="}[expr.sign]
            text, *rest = map(as_python, operands)
            for operand in rest:
                text = f"({text} {sign} {operand})"
            return text
    raise AssertionError(expr)


@given(expressions, st.sets(st.sampled_from("abc")))
def test_matching_agrees_with_truth_tables(expr: Expr, labels: set[str]) -> None:
    assert expr.matches(labels) == eval(as_python(expr), {"labels": labels})


@given(st.text(alphabet="ab-<>&|!() \t\"'\\n\n", max_size=20))
def test_any_text_is_read_or_refused_with_a_column_inside_it(text: str) -> None:
    try:
        expr = parse(text)
    except LabelError as refused:
        column = refused.column
        assert isinstance(assigned(text), Expr)
    else:
        column = 1
        assert parse(str(expr)) == expr
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ("", set()),
        ("linux  gpu\tx86\nbig", {"linux", "gpu", "x86", "big"}),
        ("\"has space\" 'and this'", {"has space", "and this"}),
        ('a"b c"d', {"ab cd"}),
        (r'"say \"hi\""', {'say "hi"'}),
        (r"c:\dir", {r"c:\dir"}),
        ('"open end', {"open end"}),
        ("it's", {"its"}),
    ],
)
def test_splits_an_agents_label_field(field: str, labels: set[str]) -> None:
    assert split(field) == labels
