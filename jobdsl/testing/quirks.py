"""What single classes do to their documents beyond their fields, found by posting and reading back."""

from __future__ import annotations

from collections.abc import Callable

from jobdsl.testing.pages import oops
from jobdsl.tree import Node

__all__ = ["after", "refuse"]

Quirk = Callable[[Node, Node, bool], None]
"""Changes a written node, given the posted one and whether the item is new."""


def _unix_lines(_posted: Node, written: Node, _new: bool) -> None:
    """Shell: CRLF becomes LF; BatchFile keeps its CR."""
    command = written.find("command")
    if command is not None:
        command.text = command.text.replace("\r\n", "\n")


def _fresh_strategy(_posted: Node, written: Node, new: bool) -> None:
    """createItem forgets a matrix's execution strategy; the next POST of the same document does not."""
    strategy = written.find("executionStrategy")
    if new and strategy is not None:
        strategy.attrs["class"] = "hudson.matrix.DefaultMatrixExecutionStrategyImpl"
        strategy.children = [Node("runSequentially", "false")]


_QUIRKS: dict[str, Quirk] = {
    "hudson.matrix.MatrixProject": _fresh_strategy,
    "hudson.tasks.Shell": _unix_lines,
}


def after(java: str, posted: Node, written: Node, new: bool) -> Node:
    """The written node after what its class does to it."""
    quirk = _QUIRKS.get(java)
    if quirk is not None:
        quirk(posted, written, new)
    return written


def refuse(java: str, root: Node) -> None:
    """500 where the class fails on a document: a matrix without publishers is a NullPointerException."""
    if java == "hudson.matrix.MatrixProject" and root.find("publishers") is None:
        raise oops()
