"""Where a waiting item may run, parsed from Jenkins' reason.

The reasons are English text, so English must be asked for. Phrases: hudson/model/Messages.properties,
Queue.BuildableItem.getCauseOfBlockage and CauseOfBlockage of Jenkins 2.568 (quoted names) and of 1.625
to 2.107 (bare names); `Must run on` is workflow-durable-task-step's. Several reasons stand in one text
with "; " between them, five at most. Nothing here calls a controller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dynaslave.model import JenkinsNode
from jobdsl.grammar.labels import And, Atom, Expr, LabelError, parse

__all__ = ["NOTHING", "Hint", "NodeIndex", "Placement", "hint", "resolve"]


class Hint(NamedTuple):
    """What a text names, before its names are resolved."""

    kind: Literal["label", "node", "place", "any", "nothing"]
    """`place` is a node's name or a label expression, the text does not show which."""
    name: str = ""


class Placement(NamedTuple):
    """Where an item may run, as far as its reason shows."""

    known: bool
    label: Expr | None = None
    """None where any executor will do, if that is known."""


NOTHING = Placement(False)
_PHRASES: tuple[tuple[str, Literal["label", "node", "place", "any"]], ...] = (
    (r".+ doesn[\u2019'`]t have label (.+)", "label"),
    (r"There are no nodes with the label (.+)", "label"),
    (r"All nodes of label (.+) are offline", "label"),
    (r"Must run on (.+) not .*", "label"),
    (r".+ is reserved for jobs with matching label expression", "any"),
    (r"Waiting for next available executor on (.+)", "place"),
    (r"(.+) is offline", "node"),
    (r"Waiting for next available executor", "any"),
)
"""The surest first: of several reasons in one text, the first that matches counts."""
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _PHRASES)
_QUOTED = re.compile(r"\u2018(.*)\u2019|'(.*)'|`(.*)'", re.DOTALL)
"""Typographic quotes as Jenkins prints them, and what is left of them after a trip through ASCII."""


def hint(why: str) -> Hint:
    """Parse a reason. Unknown phrases, other languages and no text give an empty hint."""
    parts = why.split("; ")
    for pattern, kind in _COMPILED:
        for part in parts:
            if match := pattern.fullmatch(part.strip()):
                return Hint(kind, _bare(match[1]) if match.lastindex else "")
    return Hint("nothing")


def _bare(text: str) -> str:
    match = _QUOTED.fullmatch(text)
    return next((group for group in match.groups() if group is not None), "") if match else text


_BUILT_IN = ("Built-In Node", "Jenkins", "master", "(built-in)", "(master)", "built-in")
"""What the built-in node is called in texts and addresses, now and formerly."""


@dataclass(frozen=True, slots=True)
class NodeIndex:
    """The nodes a text may speak of."""

    by_name: dict[str, JenkinsNode]
    agents: bool
    """Whether there is any node but the built-in one."""

    @classmethod
    def of(cls, nodes: Iterable[JenkinsNode]) -> NodeIndex:
        """Nodes as a poll shows them."""
        named = {node.name: node for node in nodes}
        return cls(named, any(name not in _BUILT_IN for name in named))

    def find(self, name: str) -> JenkinsNode | None:
        """The node of that name or, for each name of the built-in node, that one."""
        if name in self.by_name or name not in _BUILT_IN:
            return self.by_name.get(name)
        return next((node for other, node in self.by_name.items() if other in _BUILT_IN), None)


def resolve(hint: Hint, nodes: NodeIndex) -> Placement:
    """Where an item with such a reason may run. A node's name stands for its labels."""
    if hint.kind == "any":
        # Without any agent Jenkins says "next available executor" for items with a label as well.
        return Placement(nodes.agents)
    if hint.kind in ("node", "place") and (node := nodes.find(hint.name)) is not None:
        return Placement(True, stands_for(node))
    if hint.kind in ("label", "place"):
        return _parsed(hint.name)
    return NOTHING


def stands_for(node: JenkinsNode) -> Expr:
    """The expression a node's name stands for: all of its labels, but for its own if it has others."""
    labels = sorted(node.labels - {node.name})
    atoms = tuple(map(Atom, labels or [node.name]))
    return And(atoms) if len(atoms) > 1 else atoms[0]


def _parsed(text: str) -> Placement:
    try:
        return Placement(True, parse(text))
    except LabelError:
        return NOTHING
