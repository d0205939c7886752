"""How a document would change, in words: `step 2 of 3: command`, `parameter WHO added`. Pure.

The words are those of a DSL file. No values are shown, so that no secret can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from jobdsl.documents.declared import dsl_field, dsl_name
from jobdsl.documents.edits import BoundedMatcher
from jobdsl.documents.tree import Node, class_name, to_text

__all__ = ["changes_in_words", "summary_in_words"]

_ORDERED = {
    "builders": "step",
    "prebuilders": "pre-build step",
    "postbuilders": "post-build step",
    "publishers": "publisher",
    "buildWrappers": "wrapper",
    "reporters": "reporter",
    "columns": "column",
    "jobFilters": "filter",
    "axes": "axis",
    "sources": "source",
    "navigators": "navigator",
    "projectFactories": "project factory",
}
"""Lists of a document whose members have a place, and what a member is called."""
_FIELDS = {
    "assignedNode": "agent",
    "canRoam": "agent",
    "authToken": "trigger token",
    "blockBuildWhenDownstreamBuilding": "block when downstream builds",
    "blockBuildWhenUpstreamBuilding": "block when upstream builds",
    "combinationFilter": "combination filter",
    "concurrentBuild": "concurrent builds",
    "customWorkspace": "workspace",
    "displayName": "display name",
    "includeRegex": "regex",
    "jobNames": "jobs",
    "logRotator": "kept builds",
    "quietPeriod": "quiet period",
    "scmCheckoutRetryCount": "scm retries",
}
"""Fields of an item or view whose tags are not written in DSL files."""
_TRIGGERS = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
_PARAMETERS = "hudson.model.ParametersDefinitionProperty"
_MOST_FIELDS = 3
_MOST_CHILDREN = 2000
"""Children of an element up to which changes are described: the work grows with their square."""
_MOST = 3
"""Changes that a summary names; it counts the others."""


def summary_in_words(before: Node, after: Node) -> str:
    """Return the first changes between two documents in one line; empty where there are none."""
    if any(len(node.children) > _MOST_CHILDREN for side in (before, after) for node in side.walk()):
        return ""
    changes = list(changes_in_words(before, after))
    more = [f"{len(changes) - _MOST} more"] if len(changes) > _MOST else []
    return "; ".join([*changes[:_MOST], *more])


def changes_in_words(before: Node, after: Node) -> Iterator[str]:
    """Yield what is different between the document as it is and as it would be."""
    seen: set[str] = set()
    tags = dict.fromkeys(child.tag for child in (*after.children, *before.children))
    for tag in tags:
        for words in _child(before.find(tag), after.find(tag), tag):
            if words not in seen:
                seen.add(words)
                yield words


def _child(before: Node | None, after: Node | None, tag: str) -> Iterator[str]:
    if before == after:
        return
    old, new = _children(before), _children(after)
    if tag in _ORDERED:
        yield from _ordered(old, new, _ORDERED[tag])
    elif tag == "properties":
        yield from _properties(old, new)
    elif tag == "triggers" and (_are_classes(old) or _are_classes(new)):
        yield from _named(old, new, "trigger", _class)
    elif tag == "disabled":
        yield "disabled" if after is not None and after.text.strip() == "true" else "enabled"
    elif tag in ("scm", "definition"):
        yield from _one("scm" if tag == "scm" else "definition", before, after)
    else:
        yield _FIELDS.get(tag, tag)


def _one(word: str, before: Node | None, after: Node | None) -> Iterator[str]:
    """Yield changes of a part that exists once: another kind of it, or its fields."""
    old, new = (node.attrs.get("class", "") if node else "" for node in (before, after))
    if before is None or after is None or old != new:
        kind = dsl_name(new) if new else "none"
        yield f"{word}: {kind} instead of {dsl_name(old) if old else 'none'}"
    else:
        yield f"{word}: {_fields(before, after, old)}"


def _properties(old: Sequence[Node], new: Sequence[Node]) -> Iterator[str]:
    for java, tag, word, identity in (
        (_PARAMETERS, "parameterDefinitions", "parameter", _name),
        (_TRIGGERS, "triggers", "trigger", _class),
    ):
        lists = [[node for node in side if _java(node) == java] for side in (old, new)]
        before, after = (
            [child for holder in side for child in _children(holder.find(tag))] for side in lists
        )
        yield from _named(before, after, word, identity)
        old, new = ([node for node in side if _java(node) != java] for side in (old, new))
    yield from _named(old, new, "property", _class)


def _named(
    old: Sequence[Node], new: Sequence[Node], word: str, identity: Callable[[Node], str]
) -> Iterator[str]:
    """Yield changes of members that have a name or a class of their own."""
    before, after = _by_identity(old, identity), _by_identity(new, identity)
    for name, node in after.items():
        was = before.get(name)
        if was is None:
            yield f"{word} {name} added"
        elif was != node and was.tag != node.tag:
            yield f"{word} {name}: {dsl_name(_java(node))} instead of {dsl_name(_java(was))}"
        elif was != node:
            yield f"{word} {name}: {_fields(was, node, _java(node))}"
    for name in before:
        if name not in after:
            yield f"{word} {name} removed"
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield f"order of {word}s"


def _by_identity(nodes: Sequence[Node], identity: Callable[[Node], str]) -> dict[str, Node]:
    by_identity: dict[str, Node] = {}
    for node in nodes:
        name, count = identity(node), 2
        while name in by_identity:
            name, count = f"{identity(node)} ({count})", count + 1
        by_identity[name] = node
    return by_identity


def _ordered(old: Sequence[Node], new: Sequence[Node], word: str) -> Iterator[str]:
    """Yield changes of members that have a place in a list."""
    before, after = [list(map(to_text, side)) for side in (old, new)]
    if sorted(before) == sorted(after):
        yield f"order of {word}s"
        return
    for kind, low, high, start, end in BoundedMatcher(before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        gone = list(range(low, high))
        for at in range(start, end):
            place = f"{word} {at + 1} of {len(new)}"
            same = next((index for index in gone if old[index].tag == new[at].tag), None)
            if same is None:
                yield f"{place} added: {_class(new[at])}"
            else:
                gone.remove(same)
                yield f"{place}: {_fields(old[same], new[at], _java(new[at]))}"
        for at in gone:
            yield f"{word} {at + 1} of {len(old)} removed: {_class(old[at])}"


def _fields(before: Node, after: Node, java: str) -> str:
    """Name the fields of an element that are different."""
    tags = dict.fromkeys(child.tag for child in (*after.children, *before.children))
    changed = [dsl_field(java, tag) for tag in tags if not _same(before, after, tag)]
    attributes = {*before.attrs.items()} ^ {*after.attrs.items()}
    changed += sorted({name for name, _ in attributes})
    shown = dict.fromkeys(changed)
    more = [f"{len(shown) - _MOST_FIELDS} more"] if len(shown) > _MOST_FIELDS else []
    return ", ".join([*list(shown)[:_MOST_FIELDS], *more]) or "value"


def _same(before: Node, after: Node, tag: str) -> bool:
    old, new = ([child for child in side.children if child.tag == tag] for side in (before, after))
    return old == new


def _java(node: Node) -> str:
    return node.attrs.get("class") or class_name(node.tag)


def _class(node: Node) -> str:
    return dsl_name(_java(node))


def _name(node: Node) -> str:
    child = node.find("name")
    return child.text if child is not None else _class(node)


def _children(node: Node | None) -> list[Node]:
    return node.children if node is not None else []


def _are_classes(nodes: Sequence[Node]) -> bool:
    return bool(nodes) and all("." in node.tag for node in nodes)
