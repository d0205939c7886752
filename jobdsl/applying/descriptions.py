"""The description of an object on the controller, set without sending its whole definition."""

from __future__ import annotations

from jobdsl.controller.jenkins import Controller
from jobdsl.documents.roots import is_job_root
from jobdsl.documents.tree import Node, header, parse, to_text
from jobdsl.planning.inventory import Key

__all__ = ["describe"]


def describe(controller: Controller, key: Key, root: str, description: str) -> None:
    """Set the description of an item or view; `root` is the root element of its document, or its class.

    Jobs and views take it by itself. submitDescription of whatever is derived from AbstractFolder describes
    its primary view instead (302), and is refused to everybody where a multibranch has a branch (403): so
    every other item is sent its own stored document with another description.
    """
    kind, full_name = key
    if kind == "view" or is_job_root(root):
        controller.describe(kind, full_name, description)
    else:
        controller.update(kind, full_name, _described(controller.config(kind, full_name), description))


def _described(stored: bytes, description: str) -> str:
    """Return a stored document with another description."""
    root = parse(stored)
    rest = [child for child in root.children if child.tag != "description"]
    at = 1 if rest and rest[0].tag == "actions" else 0
    root.children = [*rest[:at], Node("description", description), *rest[at:]]
    body = to_text(root).lstrip("\n")
    return header(body) + body + "\n"
