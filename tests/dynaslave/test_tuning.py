"""The constants of the decision: all in one place, each described and used, and each passed to where it counts."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from decide_case import LIMITS, NOW, booted, items, look, node, pool

import dynaslave.deciding
from dynaslave.cli.main import run
from dynaslave.deciding.decide import decide
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.tuning import DEFAULTS, constants, tuned

FOLDER = Path(next(iter(dynaslave.deciding.__path__)))
SOURCES = {path.stem: ast.parse(path.read_text()) for path in FOLDER.glob("*.py") if path.stem != "tuning"}
NOT_TUNED = {("pool_state", "_ROUNDING"), ("headroom", "_UNKNOWN")}
"""Arithmetic and facts, not choices."""


def test_each_constant_is_used() -> None:
    used = {
        each.attr for tree in SOURCES.values() for each in ast.walk(tree) if isinstance(each, ast.Attribute)
    }
    assert {constant.name for constant in constants()} <= used


def test_no_other_module_has_a_constant_of_its_own() -> None:
    numbers = {
        (module, target.id)
        for module, tree in SOURCES.items()
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        if any(
            isinstance(each, ast.Constant) and type(each.value) in (int, float)
            for each in ast.walk(statement.value)
        )
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    assert numbers - {("ledger", "_RANK")} == NOT_TUNED


@pytest.mark.parametrize("constant", constants(), ids=lambda constant: constant.name)
def test_each_constant_is_described_and_takes_its_own_value(constant: object) -> None:
    described = next(each for each in constants() if each == constant)
    assert described.unit
    assert described.meaning
    assert described.source
    assert described.least <= described.default <= described.most
    assert tuned({described.name: f"{described.default!r}"}) == DEFAULTS


def test_the_constants_reach_the_decision() -> None:
    """Each of these polls is decided otherwise by one constant."""
    late = node("p-1", connected=False, created=NOW - 100)
    boots = Memory(boots={"p": booted(*[60.0] * 9)})
    snapshot = look(items(1), [late])
    waits = decide(snapshot, [pool()], boots, LIMITS, tuning=replace(DEFAULTS, late_factor=20.0))
    launches = decide(snapshot, [pool()], boots, LIMITS, tuning=replace(DEFAULTS, late_factor=1.0))
    assert not waits.decisions
    assert [type(each).__name__ for each in launches.decisions] == ["Launch"]
    stray = replace(look([], [late]).instances[0], node="", suspect=NOW - 60)
    snapshot = look([], [], [stray])
    kinds = {
        seconds: [
            type(each).__name__
            for each in decide(
                snapshot, [pool()], Memory(), LIMITS, tuning=replace(DEFAULTS, suspect_deadline=seconds)
            ).decisions
        ]
        for seconds in (30.0, 90.0)
    }
    assert kinds == {30.0: ["EndInstance"], 90.0: []}


def test_the_documentation_has_each_constant_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text("utf-8")
    rows = [f"| `{constant.name}` | {constant.default:g} | {constant.unit} |" for constant in constants()]
    assert [row for row in rows if row not in page] == []


def test_a_simulation_compares_values_of_a_constant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, pools = tmp_path / "trace.csv", tmp_path / "pools.toml"
    trace.write_text("submit_s,duration_s,pool\n0,300,p\n10,300,p\n")
    pools.write_text('[pools.p]\nmax_agents = 3\ninstance_types = ["m5.large"]\n')
    arguments = ["simulate", "--trace", str(trace), "--pool", str(pools), "--tune", "late_factor=1,20"]
    assert run(arguments) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == ["default", "late_factor=1", "late_factor=20", "bound"]
    assert run([*arguments[:-1], "late_facto=1"]) == 64
    assert 'did you mean "late_factor"?' in capsys.readouterr().err
    assert run([*arguments, "--what-if"]) == 64
