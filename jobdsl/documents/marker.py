"""The marker: the last line of a description, with the object's seed, its place in the estate, and its state.

The controller itself is the state of a seed. A marker also names its object, so that a copy made in
Jenkins does not become the seed's by the line it inherits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobdsl.documents.tree import Node, escape, header, parse, to_text
from jobdsl.errors import Where

__all__ = [
    "INCOMPLETE",
    "UNBUILT",
    "UNFINISHED",
    "UNMARKED",
    "UNREAD",
    "Marker",
    "managed",
    "mark",
    "strip",
    "stripped",
]

INCOMPLETE, UNBUILT, UNREAD = (f"{number:012x}" for number in range(3))
"""In place of the digest of an object that is not done with: the next run sends it again."""
UNFINISHED = {
    INCOMPLETE: "the controller did not keep all of it last time",
    UNBUILT: "its build was not started last time",
    UNREAD: "what was sent last time was not read back",
}
"""Why it is sent again."""

UNMARKED = ""
"""In place of the digest of an object that has no marker and is this seed's all the same."""

_LINE = re.compile(
    r'^(?P<verb>Managed|Disabled) by jobdsl seed "(?P<seed>[^"\n]*)" from (?P<place>[^\n]*)'
    r" \((?P<digest>[0-9a-f]{12})\)\. "
    r"(?:Edits made here to (?P<managed>[^\n]*) are overwritten"
    r"|(?P<disabled>[^\n]*) is no longer defined there)\.[ \t\r]*$",
    re.MULTILINE,
)
_PLACE_LINE = re.compile(r"(?P<file>.*?)(?::(?P<line>[0-9]{1,9}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_FIRST_LEVEL = re.compile(r"\n  <description(?:/>|>([^<]*)</description>)")
_START = re.compile(r"\A(?:<\?xml[^>]*\?>\n)?<[^\s<>/!?]+(?: [^<>]*[^<>/])?>(?=\n  <)(?:\n  <actions/>)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The contents of a marker."""

    seed: str
    name: str
    """Full name of the object it was written for."""
    where: Where
    """Line of the DSL file that defined it when it was last written."""
    digest: str
    """Digest of the document that was written, without the marker."""
    removed: bool = False
    """Whether the seed disabled the object because its definition is gone."""

    def __str__(self) -> str:
        place, name = _one_line(str(self.where)), _one_line(self.name)
        verb = "Disabled" if self.removed else "Managed"
        end = (
            f"{name} is no longer defined there"
            if self.removed
            else f"Edits made here to {name} are overwritten"
        )
        return f'{verb} by jobdsl seed "{self.seed}" from {place} ({self.digest}). {end}.'

    @classmethod
    def find(cls, description: str | None) -> Marker | None:
        """Return the marker in a description, also where text was added below it; None without one."""
        match = _last(description)
        if match is None:
            return None
        removed = match["verb"] == "Disabled"
        place = _PLACE_LINE.fullmatch(match["place"])
        assert place is not None  # it matches any line
        where = Where(place["file"], int(place["line"] or 0))
        name = match["disabled"] if removed else match["managed"]
        return cls(seed=match["seed"], name=name, where=where, digest=match["digest"], removed=removed)


def _last(description: str | None) -> re.Match[str] | None:
    """Return the last line of a description that is a marker."""
    if not description or " by jobdsl seed " not in description:
        return None
    last = None
    for last in _LINE.finditer(description):  # noqa: B007
        pass
    return last


def _one_line(text: str) -> str:
    """Text that cannot break out of the marker's line."""
    return _CONTROL.sub("?", text)


def mark(description: str, marker: Marker) -> str:
    """Return a description with the marker as its last paragraph, in place of any marker it has."""
    rest = strip(description)
    return f"{rest}\n\n{marker}" if rest else str(marker)


def strip(description: str | None) -> str:
    """Return a description without its marker."""
    match = _last(description)
    if description is None or match is None:
        return description or ""
    before, after = description[: match.start()].rstrip("\r\n"), description[match.end() :].strip("\r\n")
    return "\n\n".join(part for part in (before, after) if part)


def managed(document: str, marker: Marker) -> str:
    """Return a rendered document with the marker in its description.

    Documents as we write them (first-level elements two spaces in) are changed as text; any other
    is read and written anew.
    """
    line = escape(str(marker))
    descriptions = _FIRST_LEVEL.findall(document)
    if len(descriptions) == 1:
        text = descriptions[0]
        return _FIRST_LEVEL.sub(lambda _: f"\n  <description>{_below(text, line)}</description>", document)
    start = _START.match(document) if not descriptions and "<description" not in document else None
    if start is None:
        return _rewritten(document, marker)
    return f"{document[: start.end()]}\n  <description>{line}</description>{document[start.end() :]}"


def _below(text: str, line: str) -> str:
    return f"{text}\n\n{line}" if text else line


def _rewritten(document: str, marker: Marker) -> str:
    root = parse(document)
    own = root.find("description")
    if own is None:
        own = Node("description")
        after_actions = 1 if root.children and root.children[0].tag == "actions" else 0
        root.children.insert(after_actions, own)
    own.text = _below(own.text, str(marker))
    body = to_text(root).lstrip("\n")
    return header(body) + body + "\n"


def stripped(root: Node) -> Node:
    """Return the same tree without the marker; an own description left empty by that goes as well."""
    own = root.find("description")
    if own is None or not (own.text and Marker.find(own.text)):
        return root
    rest = strip(own.text)
    fresh = [Node("description", rest)] if rest else []
    at = root.children.index(own)
    return Node(root.tag, root.text, [*root.children[:at], *fresh, *root.children[at + 1 :]], root.attrs)
