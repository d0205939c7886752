"""The marker while a change is under way: what it says instead of the digest, until all is done."""

from __future__ import annotations

from jobdsl.applying.descriptions import describe
from jobdsl.controller.jenkins import Controller
from jobdsl.documents.marker import Marker, mark
from jobdsl.documents.tree import escape, parse
from jobdsl.planning.changes import Change

__all__ = ["say", "with_digest"]


def with_digest(change: Change, seed: str, document: str, digest: str) -> str:
    """The document of a change with another digest in its marker."""
    return document.replace(
        escape(str(_marker(change, seed, change.after))), escape(str(_marker(change, seed, digest)))
    )


def say(controller: Controller, change: Change, seed: str, document: str, digest: str) -> None:
    """Put a digest into the marker of an object that has this document; that builds nothing."""
    own = parse(document).find("description")
    text = mark(own.text if own else "", _marker(change, seed, digest))
    describe(controller, change.key, change.root, text)


def _marker(change: Change, seed: str, digest: str) -> Marker:
    assert change.where is not None  # every definition has a line
    return Marker(seed, change.full_name, change.where, digest)
