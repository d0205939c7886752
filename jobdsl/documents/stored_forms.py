"""Forms that Jenkins may give an unchanged document, turned into that of the desired document."""

from __future__ import annotations

from jobdsl.documents.aliases import tag_class
from jobdsl.documents.tree import Node

__all__ = ["with_description", "with_log_rotator"]

_DISCARDER = "jenkins.model.BuildDiscarderProperty"
_LOG_ROTATOR = "hudson.tasks.LogRotator"


def with_description(desired: Node, stored: Node) -> Node:
    """Add an empty description where only a marker was stored and the desired document has a description."""
    if desired.find("description") is None or stored.find("description") is not None:
        return stored
    return Node(stored.tag, stored.text, [Node("description"), *stored.children], stored.attrs)


def with_log_rotator(desired: Node, stored: Node) -> Node:
    """Return the stored job with its build discarder as `logRotator`, where the desired one has that form.

    Jenkins keeps `logRotator` until a user saves the job in the browser, which makes it the property.
    """
    properties, discarder = stored.find("properties"), None
    if desired.find("logRotator") is not None and stored.find("logRotator") is None and properties:
        discarder = next(
            (member for member in properties.children if tag_class(member.tag) == _DISCARDER), None
        )
    strategy = discarder.find("strategy") if discarder else None
    if properties is None or strategy is None or strategy.attrs.get("class") != _LOG_ROTATOR:
        return stored
    others = [member for member in properties.children if member is not discarder]
    rest = [
        Node("properties", "", others, properties.attrs) if child is properties else child
        for child in stored.children
    ]
    rotator = Node("logRotator", "", strategy.children, strategy.attrs)
    return Node(stored.tag, stored.text, [*rest, rotator], stored.attrs)
