"""All sets judged at once come out as each judged alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.matching import Labelled, Matcher
from jobdsl.grammar.labels import And, Atom, Expr, Iff, Implies, Not, Or, Paren, parse

names = st.sampled_from("abcd")
expressions: st.SearchStrategy[Expr] = st.recursive(
    names.map(Atom),
    lambda inner: st.one_of(
        inner.map(Not),
        inner.map(Paren),
        st.tuples(inner, inner).map(Implies),
        *(st.lists(inner, min_size=2, max_size=4).map(tuple).map(kind) for kind in (And, Or, Iff)),
    ),
    max_leaves=10,
)
sets = st.lists(st.builds(Labelled, st.frozensets(names), st.booleans()), max_size=20)


@given(sets, st.lists(expressions, max_size=4))
def test_each_set_is_judged_as_if_alone(held: list[Labelled], exprs: list[Expr]) -> None:
    matcher = Matcher(held)
    for expr in exprs:
        assert matcher.fitting(expr) == [at for at, one in enumerate(held) if expr.matches(one.labels)]
    assert matcher.fitting(None) == [at for at, one in enumerate(held) if not one.exclusive]


def test_labels_nobody_has() -> None:
    matcher = Matcher([Labelled(frozenset("a"), False), Labelled(frozenset(), True)])
    assert matcher.fitting(parse("x")) == []
    assert matcher.fitting(parse("!x")) == [0, 1]
    assert matcher.fitting(parse("x->a")) == [0, 1]
    assert Matcher([]).fitting(parse("!x")) == []
