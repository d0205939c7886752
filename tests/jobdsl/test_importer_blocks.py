"""Parts that jobs share, as constants and functions; parameters that follow from others."""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobdsl.importer.families.blocks import Block, name_blocks
from jobdsl.importer.families.expressions import shown
from jobdsl.importer.families.find import find
from jobdsl.importer.families.functions import Function, row_call, write_modules
from jobdsl.importer.literals import literal
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.importer.scripts import Scripts

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = [
    "main",
    "release-2",
    "make all\nmake publish",
    "{braces}",
    'a "quote"',
    "",
    "https://example.com/a/b",
]

scalars = st.one_of(st.sampled_from(TEXTS).map(literal), st.sampled_from(["True", "None", "5"]))


def listed(*members: Code) -> Brackets:
    return Brackets("[", [("", one) for one in members], "]")


def step(word: str, *values: Code) -> Brackets:
    return Brackets("steps.run(", [("", literal(word)), *((f"v{n}=", one) for n, one in enumerate(values))])


steps = st.tuples(st.sampled_from(["build", "test", "publish"]), st.lists(scalars, min_size=5, max_size=6))
jobs = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=2, max_size=8)


def job(name: str, steps_: list[tuple[str, list[Code]]]) -> Brackets:
    return Brackets(
        "freestyle(", [("", literal(name)), ("steps=", listed(*(step(word, *v) for word, v in steps_)))]
    )


class Recorder:
    """Evaluates source in which each call of the vocabulary gives back what it was called with."""

    def __init__(self) -> None:
        self.jobs: dict[str, Any] = {}
        self.files: Mapping[str, str] = {}
        self.names: dict[str, Any] = {
            "steps": self,
            "secret": lambda name: f"secret {name}",
            "read_file": lambda name: self.files[name],
        }

    def run(self, *args: Any, **named: Any) -> Any:
        return args, named

    def freestyle(self, name: str, **named: Any) -> None:
        self.jobs[name] = _without_none(named)

    def execute(self, source: str) -> None:
        tree = ast.parse(source)
        tree.body = [one for one in tree.body if not isinstance(one, ast.Import | ast.ImportFrom)]
        self.names["freestyle"] = self.freestyle
        exec(compile(tree, "source", "exec"), self.names)  # source that the test made


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items()}
    return [_without_none(one) for one in value if one is not None] if isinstance(value, list) else value


def plain(codes: Mapping[int, Brackets]) -> dict[str, Any]:
    recorder = Recorder()
    for code in codes.values():
        recorder.execute(shown(code))
    return recorder.jobs


def rewritten(codes: Mapping[int, Brackets], least: int = 3) -> tuple[dict[str, Any], str, list[Block]]:
    """What the jobs are that functions and parts define, the source of both, and the parts."""
    families = find(codes, least)
    rows = {row for family in families for row in family.rows}
    singles = {row: code for row, code in codes.items() if row not in rows}
    names = [f"family_{number}" for number in range(len(families))]
    blocks, families, singles = name_blocks(families, singles, names)
    functions = [Function(name, family) for name, family in zip(names, families, strict=True)]
    recorder, scripts, modules = Recorder(), Scripts("shared"), dict[str, str]()
    written = write_modules("shared/blocks", blocks, set(), scripts, modules)
    written += write_modules("shared/templates", functions, set(), scripts, modules)
    recorder.files = {path.replace("shared/", "./"): text for path, text in scripts.texts.items()}
    source = [module.text for module in written]
    source += [
        shown(row_call(function, index, shown(codes[row].parts[0][1]), lambda *_: ""))
        for function in functions
        for index, row in enumerate(function.family.rows)
    ]
    source += [shown(code) for code in singles.values()]
    for text in source:
        recorder.execute(text)
    return recorder.jobs, "\n".join(source), blocks


@SLOW
@given(jobs)
def test_jobs_are_the_same_with_names_for_their_parts(made: list[list[tuple[str, list[Code]]]]) -> None:
    codes = {row: job(f"job-{row}", steps_) for row, steps_ in enumerate(made)}
    assert rewritten(codes)[0] == plain(codes)


@SLOW
@given(jobs, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_no_byte(
    made: list[list[tuple[str, list[Code]]]], dice: random.Random
) -> None:
    codes = {row: job(f"job-{row}", steps_) for row, steps_ in enumerate(made)}
    rows = list(codes)
    dice.shuffle(rows)
    assert rewritten({row: codes[row] for row in rows})[1] == rewritten(codes)[1]


MAIL = step("mail", literal("team@example.com"), "True", "5", literal("When it fails"), "True")


def test_an_equal_part_is_a_constant_in_single_jobs() -> None:
    codes = {
        row: Brackets(
            "freestyle(",
            [
                ("", literal(f"job-{row}")),
                ("description=", literal(f"Job {row * 7919} is {'abcdef'[row]}" * (row + 1))),
                ("steps=", listed(MAIL, *(step("build", literal(f"{row}{n}")) for n in range(row)))),
            ],
        )
        for row in range(6)
    }
    jobs_, source, blocks = rewritten(codes, least=9)
    assert jobs_ == plain(codes)
    assert source.count("team@example.com") == 1
    assert [block.is_constant for block in blocks][:1] == [True]


def test_parts_that_differ_in_a_value_are_calls_of_a_function() -> None:
    def checkout(repository: str) -> Brackets:
        return step(
            "checkout",
            literal(repository),
            literal("refs/heads/main"),
            "True",
            literal("token-of-the-team"),
            literal("shallow and quick"),
        )

    names = ["alpha", "omega", "zebra", "plum"]
    codes = {
        row: job(name, [("build", [literal(name * n)]) for n in range(row)]) for row, name in enumerate(names)
    }
    for row, name in enumerate(names):
        codes[row].parts.append(("scm=", checkout(f"https://example.com/{name}.git")))
    jobs_, source, blocks = rewritten(codes, least=9)
    assert jobs_ == plain(codes)
    assert source.count("refs/heads/main") == 1
    assert [one.family.parameters[0].name for one in blocks if not one.is_constant] == ["v0"]


def test_a_part_with_a_secret_gets_no_name() -> None:
    secret = Brackets("secret(", [("", '"team/TOKEN"')])
    codes = {
        row: job(f"job-{row}", [("login", [secret, *map(literal, TEXTS)]), ("build", [literal("x" * row)])])
        for row in range(2)
    }
    jobs_, _, blocks = rewritten(codes)
    assert jobs_ == plain(codes)
    assert not [one for one in blocks if "secret(" in shown(one.family.body)]


def branches(row: int) -> tuple[str, str]:
    return [("main", "nightly"), ("release-1", "weekly"), ("release-2", "monthly")][row % 3]


def test_a_value_that_follows_from_another_is_looked_up() -> None:
    codes = {}
    for row in range(12):
        branch, label = branches(row)
        codes[row] = job(
            f"job-{row}-{row * 37 % 11}",
            [("build", [literal(branch), literal("make everything and publish it"), literal(label)])],
        )
    [family] = find(codes, 3)
    assert len(family.parameters) == 2
    assert len(family.variables) == 1
    jobs_, source, _ = rewritten(codes)
    assert jobs_ == plain(codes)
    assert 1 in (source.count('"monthly"'), source.count('"release-2"'))


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_value_for_each_job_is_no_table(count: int) -> None:
    codes = {
        row: job(f"a{row * 37}", [("build", [literal("abcde"[row] * 5), literal("vwxyz"[row] * 4)])])
        for row in range(count)
    }
    assert all(not family.variables for family in find(codes, 3))


def test_an_optional_part_with_a_value_needs_no_flag() -> None:
    def one(row: int) -> Brackets:
        more: list[tuple[str, list[Code]]] = (
            [("archive", [literal(f"out/{row * 7919 % 101}/*.jar")])] if row % 2 else []
        )
        return job(f"job-{row}", [("build", [literal("make all of it"), "True", "5"]), *more])

    codes = {row: one(row) for row in range(8)}
    [family] = find(codes, 3)
    assert [parameter.is_flag for parameter in family.parameters] == [False, False]
    jobs_, source, _ = rewritten(codes)
    assert jobs_ == plain(codes)
    assert "is not None" in source
