"""Axes of matrix jobs."""

from __future__ import annotations

import pytest

from jobdsl import axes, matrix, scm
from jobdsl.documents.tree import parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def test_a_matrix_reads_back() -> None:
    job = matrix(
        "x", axes=[axes.text("DATABASE", ["postgres", "mysql"]), axes.label(["linux"]), axes.jdk(["21"])]
    )
    found = reading.read_as(matrix, parse(job.xml))
    assert list(found.axes) == list(job.axes)
    assert (found.layout, found.extra) == (None, None)


def test_a_dynamic_axis_repeats_its_variable() -> None:
    axis = axes.dynamic("config", "CONFIGS")
    assert axis.values == ("CONFIGS",)
    assert axis.arguments() == {"name": "config", "variable": "CONFIGS"}
    assert axis.but(variable="OTHER") == axes.dynamic("config", "OTHER")
    assert axes.dynamic("config", "CONFIGS", values=["x"]).arguments()["values"] == ("x",)


def test_a_list_is_wanted_and_said_so() -> None:
    with pytest.raises(DslError, match="values takes a list of texts") as caught:
        axes.text("DATABASE", "postgres")  # type: ignore[arg-type]
    assert caught.value.hint == "put [ ] around it"
    with pytest.raises(DslError, match="takes an axis"):
        matrix("x", axes=[scm.git("https://git.example.com/app.git")])  # type: ignore[list-item]
