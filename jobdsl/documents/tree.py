"""Jenkins' XML as values: reads documents (also XML 1.1), compares trees, escapes text.

The real dialect is narrow: a tag, a few attributes, and either text or children. `plugin=`
attributes, comments and the whitespace between elements carry no meaning and are dropped on reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from jobdsl.errors import DslError, XmlError

if TYPE_CHECKING:
    from lxml import etree

__all__ = [
    "TEXT",
    "Node",
    "as_lxml",
    "class_name",
    "elements",
    "escape",
    "from_lxml",
    "has_control_references",
    "header",
    "parse",
    "shift",
    "tag_name",
    "to_text",
]

_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\ud800-\udfff\ufffe\uffff]")
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_BYTE = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_REFERENCE = re.compile(rb"&#(?:x0*([1-8bcefBCEF]|1[0-9a-fA-F])|0*([1-8]|1[124-9]|2[0-9]|3[01]));")
_WITHOUT_REFERENCES = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_REFERENCE_OR_NONE = re.compile(_CONTROL_REFERENCE.pattern + b"|" + _WITHOUT_REFERENCES, re.DOTALL)
_NEEDS_11 = re.compile(r"&#x(?:[1-8bce-f]|1[0-9a-f]);")
_ENCODED = re.compile(r"__|_-|_\.(.{4})")
"""What stands in an element name for a character that it cannot hold."""
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")
_MOST_ATTRIBUTES = 1000
_NAMESPACE = re.compile(rb"xml(?:ns|:)")
"""What a document with namespaces has in it; a pattern that begins with a rare letter is found fastest."""
_XML = "{http://www.w3.org/XML/1998/namespace}"
_SHIFT = 0xF0000
"""Control characters travel through the parser as characters of a private plane."""
_SHIFTED = re.compile(f"[{chr(_SHIFT + 1)}-{chr(_SHIFT + 0x1F)}]")
_DEEPEST = 200
_OWN_PRIVATE = re.compile(
    rb"\xf3\xb0\x80[\x80-\x9f]|&#x0*[fF]00[01][0-9a-fA-F];|&#0*9830(?:4\d|5\d|6\d|7[01]);"
)
TEXT = "#text"
"""Tag of the pseudo node that is text beside elements."""


class Node:
    """One XML element: tag, attributes (without `plugin`), and text or children."""

    __slots__ = ("attrs", "children", "tag", "text")

    def __init__(
        self,
        tag: str,
        text: str = "",
        children: Iterable[Node] = (),
        attrs: dict[str, str] | None = None,
    ) -> None:
        self.tag = tag
        self.text = text
        self.children = list(children)
        self.attrs = attrs or {}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Node)
            and self.tag == other.tag
            and self.text == other.text
            and self.attrs == other.attrs
            and self.children == other.children
        )

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        return f"<Node {self.tag} {self.attrs or ''} {self.text[:30]!r} {len(self.children)} children>"

    def find(self, tag: str) -> Node | None:
        """First child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def tag_name(java: str) -> str:
    """Return the element name XStream writes for a class: `$` and `_` are escaped."""
    return java.replace("_", "__").replace("$", "_-") if "_" in java or "$" in java else java


def class_name(tag: str) -> str:
    """The class or field an element name stands for, as XStream decodes it; the inverse of `tag_name`."""
    return _ENCODED.sub(_decoded, tag) if "_" in tag else tag


def _decoded(match: re.Match[str]) -> str:
    if match[1] is None:
        return "_" if match[0] == "__" else "$"
    from unicodedata import normalize  # characters in names are rare

    try:  # Java takes the digits of any script
        return chr(int(normalize("NFKC", match[1]), 16))
    except ValueError:
        return match[0]


def _escape_one(match: re.Match[str]) -> str:
    character = match[0]
    if _IMPOSSIBLE.match(character):
        raise DslError(
            f"the character U+{ord(character):04X} cannot be part of XML",
            hint="remove it; not even XML 1.1 has a way to write it",
        )
    return _NAMED.get(character) or f"&#x{ord(character):x};"


def escape(text: str) -> str:
    """Text as it stands between tags; carriage returns and controls become references."""
    return text if _SPECIAL.search(text) is None else _SPECIAL.sub(_escape_one, text)


def escape_attribute(text: str) -> str:
    """Text as it stands in a double-quoted attribute."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#xa;").replace("\t", "&#x9;")


def header(body: str) -> str:
    """Return the declaration a document needs: XML 1.1 only where 1.0 cannot hold a character."""
    version = "1.1" if "&#x" in body and _NEEDS_11.search(body) else "1.0"
    return f'<?xml version="{version}" encoding="UTF-8"?>\n'


def to_text(node: Node, indent: str = "\n") -> str:
    """Return the node as text, two spaces a level; `indent` is what stands before its own tag."""
    attrs = "".join(f' {name}="{escape_attribute(value)}"' for name, value in node.attrs.items())
    if node.tag == TEXT:
        return escape(node.text)
    if node.children and node.children[0].tag == TEXT:
        inner = "".join(to_text(child, "") for child in node.children)
        return f"{indent}<{node.tag}{attrs}>{inner}</{node.tag}>"
    if node.children:
        inner = "".join(to_text(child, indent + "  ") for child in node.children)
        return f"{indent}<{node.tag}{attrs}>{inner}{indent}</{node.tag}>"
    if node.text:
        return f"{indent}<{node.tag}{attrs}>{escape(node.text)}</{node.tag}>"
    return f"{indent}<{node.tag}{attrs}/>"


def parse(document: bytes | str) -> Node:
    """Read a document, or a fragment of one.

    References to control characters are read whatever version of XML it declares: older versions of
    Jenkins wrote them under a declaration of XML 1.0. Raises XmlError with the line for what is not
    well-formed, declares a DOCTYPE, has namespaces, or nests deeper than 200 elements. Entities are never
    resolved.
    """
    data, shifted = _shift_references(_encoded(document))
    return _to_node(_read(data), shifted)


def as_lxml(document: bytes | str) -> etree._Element:
    """Read a document with lxml, for XPath or without building nodes; control characters become private ones.

    Raises XmlError as `parse` does.
    """
    return _read(_shift_references(_encoded(document))[0])


def from_lxml(root: etree._Element, *, shifted: bool = True) -> Node:
    """Convert what `as_lxml` gave back into nodes.

    `shifted`: whether its document refers to control characters (see `has_control_references`).
    """
    return _to_node(root, shifted)


def elements(document: bytes | str) -> Iterator[etree._Element]:
    """Return all elements of a document in its order, as lxml has them: quicker than a tree of nodes.

    Control characters stand there as private ones. Raises XmlError as `parse` does.
    """
    return as_lxml(document).iter("*")


def has_control_references(data: bytes) -> bool:
    """Return whether a document refers to characters that XML 1.0 does not allow."""
    return (
        any(reference[1] or reference[2] for reference in _REFERENCE_OR_NONE.finditer(data))
        if b"&#" in data
        else False
    )


def shift(text: str) -> str:
    """Text with its control characters as the private ones that lxml accepts."""
    return _CONTROL.sub(lambda match: chr(_SHIFT + ord(match[0])), text)


def _encoded(document: bytes | str) -> bytes:
    if isinstance(document, bytes):
        return document
    try:
        return _DECLARATION.sub("", document, count=1).encode()
    except UnicodeEncodeError:
        raise XmlError("it holds half of a character (a lone surrogate)") from None


def _shift_references(data: bytes) -> tuple[bytes, bool]:
    """The data with private characters, which lxml accepts, for control characters; and whether it has any.

    References are ASCII in every encoding Jenkins reads them in. Comments and CDATA hold none.
    """
    if _CONTROL_REFERENCE.search(data) is None:
        return data, False
    if _OWN_PRIVATE.search(data):
        raise XmlError("it holds control characters and U+F0000 to U+F001F, which stand for them here")

    def private(match: re.Match[bytes]) -> bytes:
        code = int(match[1], 16) if match[1] else int(match[2] or b"0")
        return b"&#x%x;" % (_SHIFT + code) if code else match[0]

    shifted = _REFERENCE_OR_NONE.sub(private, data)
    return shifted, shifted != data


def _read(data: bytes) -> etree._Element:
    from lxml import etree  # loading and rendering do without it

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(data, error) from None
    except ValueError as error:
        raise XmlError(f"not readable as XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError("it declares a DOCTYPE", hint="Jenkins writes none; remove it and its entities")
    is_encoded = b"\0" in data
    if is_encoded or _NAMESPACE.search(data) or data.count(b"=") > _MOST_ATTRIBUTES:
        _refuse_names(root)
    if is_encoded or data.count(b"<") > 2 * _DEEPEST:
        _refuse_depth(root)
    return root


def _refuse_names(root: etree._Element) -> None:
    """Raise XmlError for namespaces, and too many attributes of an element."""
    for element in root.iter("*"):
        line = element.sourceline or 0
        tag = str(element.tag)
        if tag[0] == "{":
            raise XmlError(f"the element {tag} has a namespace", line=line)
        if len(element.attrib) > _MOST_ATTRIBUTES:  # reading them takes the square of their number
            raise XmlError(f"an element has more than {_MOST_ATTRIBUTES} attributes", line=line)
        for name in map(str, element.attrib):
            if name[0] == "{" and not name.startswith(_XML):
                raise XmlError(f"the attribute {name} has a namespace", line=line)


def _refuse_depth(root: etree._Element) -> None:
    """Raise XmlError for too deep a document."""
    below = _too_deep()(root)
    if isinstance(below, list) and below:
        line = getattr(below[0], "sourceline", None) or 0
        raise XmlError(f"elements nest deeper than {_DEEPEST} levels", line=line)


@cache
def _too_deep() -> etree.XPath:
    """Compile a path to what nests too deep: it takes a tenth of the time of a loop over the levels."""
    from lxml import etree

    return etree.XPath("/*" * (_DEEPEST + 2))


def _syntax_error(data: bytes, error: etree.XMLSyntaxError) -> XmlError:
    """Return what is wrong with a document; a control character by its name, which the parser omits."""
    match = _CONTROL_BYTE.search(data) if b"\0" not in data else None
    if match is None or not 0 <= (line := data.count(b"\n", 0, match.start()) + 1) <= (error.lineno or 0):
        reason = (error.msg or "not well-formed").split(", line ")[0].strip()
        return XmlError(f"not well-formed XML: {reason}", line=error.lineno or 0)
    code = match[0][0]
    return XmlError(
        f"not well-formed XML: it holds the control character U+{code:04X} itself",
        line=line,
        hint=f"write it as the reference &#x{code:x};",
    )


def _to_node(element: etree._Element, shifted: bool) -> Node:
    node = Node(str(element.tag))
    text = element.text
    if len(element):
        mixed = text is not None and not text.isspace()
        for child in element:
            node.children.append(_to_node(child, shifted))
            tail = child.tail
            if tail is not None and not tail.isspace():
                mixed = True
        if mixed:
            node.children = _with_text_between(element, node.children, shifted)
    elif text is not None:
        node.text = _unshift(text) if shifted else text
    if element.attrib:
        node.attrs = _attributes(element, shifted)
    return node


def _attributes(element: etree._Element, shifted: bool) -> dict[str, str]:
    attrs: dict[str, str] = {}
    for name, value in element.items():
        if name == "plugin":
            continue
        if name[0] == "{":
            name = f"xml:{name.removeprefix(_XML)}"
        attrs[name] = _unshift(value) if shifted else value
    return attrs


def _with_text_between(element: etree._Element, children: list[Node], shifted: bool) -> list[Node]:
    """Return the children with the text between them (mixed content; very rare)."""
    mixed = [Node(TEXT, element.text or "")]
    for child, element_child in zip(children, element, strict=True):
        mixed += [child, Node(TEXT, element_child.tail or "")]
    if shifted:
        for node in mixed:
            if node.tag == TEXT:
                node.text = _unshift(node.text)
    return mixed


def _unshift(text: str) -> str:
    return text if text.isascii() else _SHIFTED.sub(lambda match: chr(ord(match[0]) - _SHIFT), text)
