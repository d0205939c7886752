"""Families of calls that are alike: their patterns, their functions, and what a call of each gives back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from jobdsl.importer.families.clusters import Clusters
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.find import find
from jobdsl.importer.families.functions import function_names, row_call, write_modules
from jobdsl.importer.families.parameters import Family, family_of
from jobdsl.importer.families.patterns import row_code
from jobdsl.importer.families.texts import split
from jobdsl.importer.literals import literal
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.importer.scripts import Scripts

pytestmark = pytest.mark.slow

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ODD = "ab {}\"'\\\r\n\t$%#-_/=ä\u2028"
WORDS = [
    "make",
    "deploy",
    "1.2",
    "main",
    "branch",
    "${VERSION}",
    "{{ x }}",
    "{% if %}",
    '"',
    "\\",
    "\n",
    "'''",
]

texts = st.one_of(
    st.text(ODD, max_size=12),
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
    st.lists(st.sampled_from(WORDS), min_size=30, max_size=34).map("\n".join),
)
scalars = st.one_of(texts.map(literal), st.sampled_from(["True", "False", "0", "5", '""', "None"]))


def calls(inner: st.SearchStrategy[Code]) -> st.SearchStrategy[Code]:
    """Calls of two names with some of three arguments, and lists."""
    labelled = st.dictionaries(st.sampled_from(["a=", "b=", "c="]), inner, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(["element(", "node("]), inner, labelled).map(
            lambda parts: Brackets(parts[0], [("", parts[1]), *sorted(parts[2].items())])
        ),
        st.lists(inner, max_size=4).map(lambda members: Brackets("[", [("", one) for one in members], "]")),
        texts.map(lambda text: Brackets("secret(", [("", literal(text))])),
    )


codes = st.recursive(scalars, calls, max_leaves=8)
jobs = st.lists(
    st.tuples(texts, st.lists(codes, min_size=2, max_size=2)).map(
        lambda job: Brackets("element(", [("", literal(job[0])), ("a=", job[1][0]), ("b=", job[1][1])])
    ),
    min_size=2,
    max_size=6,
)


class Recorder:
    """Evaluates source in which every call gives back what it was called with; lists have no None."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self.files = files or {}
        self.calls: list[Any] = []
        self.names: dict[str, Any] = {
            "read_file": lambda name: self.files[name],
            "template": lambda name, /, **values: _rendered(self.files[name], values),
            **{name: self._recording(name) for name in ("element", "node", "secret", "freestyle", "steps")},
        }

    def _recording(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            made = (name, [_clean(one) for one in args], {key: _clean(one) for key, one in named.items()})
            self.calls.append(made)
            return made

        return call

    def value(self, code: Code) -> Any:
        return _clean(eval(shown(code), dict(self.names)))  # source that the test made


def _clean(value: Any) -> Any:
    return [_clean(one) for one in value if one is not None] if isinstance(value, list) else value


def _rendered(text: str, values: Mapping[str, Any]) -> str:
    marks = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    return marks.from_string(text).render(values)


def given_back(family: Family) -> list[Any]:
    """What the calls of a family's function define, as they are written."""
    [function] = function_names([family], {row: f"job-{row}" for row in family.rows})
    scripts = Scripts("shared")
    [module] = write_modules("shared/templates", [function], set(), scripts, {})
    compile(module.text, module.path, "exec")
    names = {path.replace("shared/", "./"): text for path, text in scripts.texts.items()}
    recorder = Recorder(names)
    source = module.text.replace("from jobdsl import", "# from").partition("def ")
    exec(f"def {source[2]}", recorder.names)  # source that the test made
    made = []
    name = next(one for one in family.parameters if one.name == "name")
    for index in range(len(family.rows)):
        call = row_call(function, index, shown(name.column[index]), lambda *_: "")
        made.append(_result(recorder, shown(call)))
    return made


def _result(recorder: Recorder, source: str) -> Any:
    exec(source, recorder.names)  # source that the test made
    return recorder.calls[-1]


@SLOW
@given(jobs)
def test_a_pattern_gives_each_call_back(rows: list[Brackets]) -> None:
    pattern = Clusters(dict(enumerate(rows)), lambda *_: 1).pattern(range(len(rows)))
    assert [row_code(pattern, row) for row in range(len(rows))] == rows


@SLOW
@given(jobs)
def test_each_call_of_a_function_says_what_the_plain_call_says(rows: list[Brackets]) -> None:
    pattern = Clusters(dict(enumerate(rows)), lambda *_: 1).pattern(range(len(rows)))
    family = family_of(pattern, frozenset(range(len(rows))))
    assert family is not None
    assert given_back(family) == [Recorder().value(row) for row in rows]


@SLOW
@given(st.lists(st.one_of(texts, st.lists(st.sampled_from(WORDS), min_size=700).map(" ".join)), min_size=1))
def test_the_pieces_of_texts_make_the_texts(variants: list[str]) -> None:
    pieces = split(variants)
    for index, text in enumerate(variants):
        assert "".join(piece if isinstance(piece, str) else piece[index] for piece in pieces) == text


def test_the_placeholder_of_a_secret_is_one_word() -> None:
    scripts = [f"login --token ${{jobdsl:secret:{job}/TOKEN}} --now" for job in ("api", "web")]
    assert split(scripts) == [
        "login --token ",
        ("${jobdsl:secret:api/TOKEN}", "${jobdsl:secret:web/TOKEN}"),
        " --now",
    ]


def job(name: str, *steps: Code, **arguments: str) -> Brackets:
    named: list[tuple[str, Code]] = [(f"{key}=", value) for key, value in arguments.items()]
    listed = Brackets("[", [("", step) for step in steps], "]")
    return Brackets("freestyle(", [("", literal(name)), *named, ("steps=", listed)])


def shell(text: str) -> Brackets:
    return Brackets("steps.shell(", [("", literal(text))])


def estate(count: int) -> dict[int, Brackets]:
    words = ["api", "web", "billing", "search", "mail"]
    return {
        row: job(
            f"{words[row % 5]}-{row:05}-build",
            shell(f"cd {words[row % 5]}\nmake all --jobs 4\nmake publish REPO=https://repo.example.com/main"),
            shell("notify --channel builds"),
            description=literal(f"Builds {words[row % 5]}"),
        )
        for row in range(count)
    }


def test_a_family_has_few_parameters_and_the_rest_follows() -> None:
    [family] = find(estate(20))
    assert family.rows == list(range(20))
    assert len(family.parameters) <= 3
    assert "notify --channel builds" in shown(family.body)


def test_ten_thousand_equal_jobs_are_one_family() -> None:
    calls = {row: job(f"job-{row:05}", shell("make"), shell("x" * 50)) for row in range(10_000)}
    [family] = find(calls)
    assert [one.name for one in family.parameters] == ["name"]
    assert len(family.rows) == 10_000


def test_long_texts_are_not_compared_word_by_word() -> None:
    script = "".join(f"step {number} of the build\n" for number in range(40_000))
    calls = {row: job(f"job-{row}", shell(f"{script}deploy {row}"), shell("make" * 9)) for row in range(4)}
    assert sum(len(family.rows) for family in find(calls)) in (0, 4)


def test_secrets_are_no_defaults() -> None:
    calls = {
        row: job(
            f"job-{row}",
            shell("make all && make install && make publish"),
            Brackets("steps.login(", [("", Brackets("secret(", [("", '"one"' if row else '"two"')]))]),
            shell(f"curl -H 'Token: ${{jobdsl:secret:{'a' if row else 'b'}/T}}' https://example.com/one/two"),
        )
        for row in range(9)
    }
    for family in find(calls):
        assert all("secret" not in (one.default or "") for one in family.parameters)


@pytest.mark.parametrize("value", ["0", "False", '""', "None"])
def test_values_that_say_little_stay_what_they_are(value: str) -> None:
    rows = {
        row: Brackets(
            "element(", [("", f'"job-{row}"'), ("a=", value if row % 3 else "5"), ("b=", '"same text here"')]
        )
        for row in range(9)
    }
    pattern = Clusters(rows, lambda *_: 1).pattern(range(9))
    family = family_of(pattern, frozenset(rows))
    assert family is not None
    assert given_back(family) == [Recorder().value(row) for row in rows.values()]


def test_the_order_of_documents_changes_nothing() -> None:
    calls = estate(40) | {row: job(f"other-{row}", shell(f"run {row}")) for row in range(40, 60)}
    backwards = dict(reversed(calls.items()))
    assert find(calls) == find(backwards)


def test_names_of_the_vocabulary_are_no_parameters() -> None:
    calls = {
        row: Brackets(
            "freestyle(",
            [
                ("", f'"job-{row}"'),
                ("scm=", f'"{row}-a"'),
                ("steps=", f'"{row}-b"'),
                ("print=", '"long text here"'),
            ],
        )
        for row in range(6)
    }
    pattern = Clusters(calls, lambda *_: 1).pattern(range(6))
    family = family_of(pattern, frozenset(calls))
    assert family is not None
    assert {one.name for one in family.parameters} == {"name", "scm_value", "steps_value"}
    functions = function_names([family], dict.fromkeys(range(6), "scm"))
    ast.parse(write_modules("t/t", functions, set(), Scripts("t"), {})[0].text)


def test_arguments_without_a_name_stay_before_those_with_one() -> None:
    more: list[list[tuple[str, Code]]] = [[("", '"a"'), ("description=", '"x"')], [("", '"a"'), ("", '"5"')]]
    rows = {row: job(f"job-{row}", Brackets("params.string(", more[row % 2])) for row in range(6)}
    pattern = Clusters(rows, lambda *_: 1).pattern(range(6))
    family = family_of(pattern, frozenset(rows))
    assert family is not None
    ast.parse(shown(family.body))
    assert "default" in {one.name for one in family.parameters}
