"""How Jenkins reads an element: the class it makes of it, and the text of a field.

XStream decodes names (`credentials_.0049d` is `credentialsId`), takes the class from the attribute
`resolves-to`, else from `class`, else from the tag, and reads text also where children stand next to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobdsl.documents.tree import class_name

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["CLASS_ATTRIBUTES", "attribute_class", "texts"]

CLASS_ATTRIBUTES = ("resolves-to", "class")
"""Attributes that name the class of an element; the first that is there counts."""
_MEMBERS = frozenset({"string", "java.lang.String"})
"""Tags of the members of a list of texts."""


def attribute_class(element: etree._Element) -> str | None:
    """Return the class that an attribute of the element names; None where the tag does."""
    first, second = CLASS_ATTRIBUTES
    named = element.get(first)
    return element.get(second) if named is None else named


def texts(element: etree._Element) -> list[str]:
    """Return every text that a field may be read as, without blanks around it: its own, and its members'.

    The text between children is taken as well as that before them, and a reference to another element
    stands for itself, as what it leads to is not followed.
    """
    pieces = [element.text, *(child.tail for child in element)]
    values = [piece.strip() for piece in pieces if piece is not None]
    for child in element.iter("*"):
        if child is not element and class_name(str(child.tag)) in _MEMBERS:
            values += texts(child)
        if "reference" in child.attrib:
            values.append(f'reference="{child.get("reference")}"')
    return [text for text in dict.fromkeys(values) if text]
