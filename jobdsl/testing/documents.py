"""Documents on the wire: bytes of XML read as Jenkins does, and trees written as it writes them."""

from __future__ import annotations

import re

from jobdsl.documents.tree import TEXT, Node, has_control_references, parse
from jobdsl.errors import XmlError

__all__ = ["HEADER", "read", "write"]

HEADER = '<?xml version="1.1" encoding="UTF-8"?>\n'
_DECLARES_11 = re.compile(rb"""(?:\xef\xbb\xbf)?\s*<\?xml\s+version\s*=\s*['"]1\.1['"]""")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\r": "&#xd;"}
_SPECIAL = re.compile("[&<>\"'\r\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def read(data: bytes) -> Node:
    """Return the document as a tree; comments, CDATA marks and `plugin=` are gone. Raises XmlError.

    Entities a document declares itself are replaced as the controller does; external ones are refused.
    So are references to control characters where the document does not declare XML 1.1.
    """
    if has_control_references(data) and _DECLARES_11.match(data) is None:
        raise XmlError("it refers to characters that XML 1.0 does not allow")
    return parse(_without_doctype(data) if b"<!DOCTYPE" in data else data)


def _without_doctype(data: bytes) -> bytes:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities="internal", no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlError(f"not well-formed XML: {error}") from None
    return etree.tostring(root, encoding="utf-8")


def _escape(text: str) -> str:
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0]) or f"&#x{ord(match[0]):x};", text)


def write(root: Node) -> str:
    """Return the tree as XStream prints it: two spaces a level, XML 1.1.

    An empty string keeps its end tag (`<description></description>`), an empty collection does
    not (`<builders/>`): the former is a node with one empty text node below it.
    """
    lines: list[str] = []
    _write(root, "", lines)
    return HEADER + "".join(lines).rstrip("\n")


def _write(node: Node, indent: str, lines: list[str]) -> None:
    attrs = "".join(f' {name}="{_escape(value)}"' for name, value in node.attrs.items())
    if not node.children and not node.text:
        lines.append(f"{indent}<{node.tag}{attrs}/>\n")
    elif not node.children or node.children[0].tag == TEXT:
        text = node.text or node.children[0].text
        lines.append(f"{indent}<{node.tag}{attrs}>{_escape(text)}</{node.tag}>\n")
    else:
        lines.append(f"{indent}<{node.tag}{attrs}>\n")
        for child in node.children:
            _write(child, indent + "  ", lines)
        lines.append(f"{indent}</{node.tag}>\n")
