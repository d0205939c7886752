"""Patches: changes to any node of a finished document, by XPath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobdsl.documents.tree import as_lxml, from_lxml, shift, to_text
from jobdsl.elements.untyped import Value, Writable, write_members, write_value
from jobdsl.errors import DslError, Where, XmlError

__all__ = ["Patch", "patched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One change; see `Item.patch`."""

    xpath: str
    value: Value
    append: Value
    before: Value
    after: Value
    remove: bool
    where: Where


def patched(body: str, patches: Sequence[Patch]) -> str:
    """Return the document with all patches applied in order. Raises DslError at the patch's line."""
    from lxml import etree

    root: Any = _lxml(body)
    for patch in patches:
        try:
            targets = root.xpath(patch.xpath)
        except etree.XPathError as error:
            raise DslError(
                f"patch: {patch.xpath!r} is not a valid XPath: {error}", where=patch.where
            ) from None
        if not isinstance(targets, list) or not targets:
            raise DslError(
                f"patch: {patch.xpath!r} finds nothing in the document",
                hint="`jobdsl render` shows the document it is applied to",
                where=patch.where,
            )
        try:
            for target in targets:
                _apply(patch, target)
        except DslError as error:
            raise DslError(f"patch: {error.message}", hint=error.hint, where=patch.where) from None
        except (ValueError, TypeError) as error:  # lxml's own, for what cannot stand in a document
            raise DslError(f"patch: {error}", where=patch.where) from None
    return to_text(from_lxml(root), "\n").lstrip("\n")


def _lxml(text: str) -> Any:
    try:
        return as_lxml(text)
    except XmlError as error:
        raise DslError(f"the document cannot be patched: {error.message}", hint=error.hint) from None


def _apply(patch: Patch, target: Any) -> None:
    if isinstance(target, str):  # an attribute, or text
        _apply_to_attribute(patch, target)
        return
    if patch.remove:
        if target.getparent() is None:
            raise DslError("the root cannot be removed")
        target.getparent().remove(target)
        return
    if patch.append is not None:
        target.append(_member(patch.append))
    if patch.before is not None:
        target.addprevious(_member(patch.before))
    if patch.after is not None:
        target.addnext(_member(patch.after))
    if patch.append is None and patch.before is None and patch.after is None:
        _replace(target, patch.value)


def _replace(target: Any, value: Value) -> None:
    """An element in a list gives way to an element; a field keeps its tag."""
    dotted = "." in target.tag and isinstance(value, Writable)
    new = _member(value) if dotted else _lxml(write_value(target.tag, value, ""))
    if target.getparent() is None:
        raise DslError("the root cannot be replaced", hint="patch the nodes below it")
    new.tail = target.tail
    target.getparent().replace(target, new)


def _apply_to_attribute(patch: Patch, target: Any) -> None:
    owner = target.getparent()
    if getattr(target, "is_attribute", False):
        if patch.remove:
            del owner.attrib[target.attrname]
        else:
            owner.set(target.attrname, shift(str(patch.value)))
    elif getattr(target, "is_text", False):
        owner.text = "" if patch.remove else shift(str(patch.value))
    else:
        raise DslError("the XPath finds text between elements", hint="name the element")


def _member(value: Value) -> Any:
    return _lxml(write_members([value], ""))
