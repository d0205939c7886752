"""Fields that hold views which are part of another object: each names its owner, as Jenkins stores it."""

# all kinds of fields are called alike

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.roots import is_view_root
from jobdsl.documents.tree import Node, class_name
from jobdsl.elements.kinds import Unfit
from jobdsl.elements.kinds_lists import ChildrenField, SlotField

__all__ = ["ViewsField", "ViewsSlotField"]


class _OwnedViews(ChildrenField):
    """Views whose owner is the element they are in, as `owner` declares."""

    def __init__(self, tag: str, accepts: type, owner: Mapping[str, str], **common: Any) -> None:
        super().__init__(tag, accepts, None, **common)
        self.owner = dict(owner)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        deeper = indent + "  "
        inner = "".join([self._written(view, deeper) for view in value])
        attributes = self.attributes(attrs)
        if not inner:
            return f"{indent}<{self.tag}{attributes}/>"
        return f"{indent}<{self.tag}{attributes}>{inner}{indent}</{self.tag}>"

    def _written(self, view: Any, indent: str) -> str:
        untyped = getattr(view, "untyped", False)
        return str(view.write(indent) if untyped else view.write_in(indent, self.owner))

    def read(self, node: Node) -> tuple[Any, ...]:
        if node.text:
            raise Unfit
        return tuple(self._read_view(view) for view in node.children)

    def _read_view(self, node: Node) -> Any:
        from jobdsl.elements import reading

        cls = reading.typed_class(class_name(node.tag)) if is_view_root(node.tag) else None
        name = node.find("name")
        first = node.children[0] if node.children else None
        if cls is not None and name is not None and first is not None and self._is_owner(first):
            own = Node(node.tag, node.text, node.children[1:], node.attrs)
            view = reading.read_as(cls, own, {"name": name.text})
            if view is not None:
                return view
        return reading.read_raw(node)

    def _is_owner(self, node: Node) -> bool:
        return node.tag == "owner" and node.attrs == self.owner and not node.children and not node.text


class ViewsField(_OwnedViews):
    """A list of views of an element."""


class ViewsSlotField(_OwnedViews, SlotField):
    """A list of views of another view; stays changeable, and a dict names its members."""

    kind = "slot"

    def check(self, value: Any) -> Any:
        return SlotField.check(self, value)
