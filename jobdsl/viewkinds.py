"""The kinds of views: list, all, my, nested, and any other given as an element."""

from __future__ import annotations

from typing import Any, ClassVar

from jobdsl import context
from jobdsl.elements.fields import _Text, absent, children, computed, flag, meta, raw, slot, strings, text
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError
from jobdsl.items import Item
from jobdsl.raw import Literal, Raw
from jobdsl.tree import parse, to_text

__all__ = ["all_view", "list_view", "my_view", "nested_view", "view"]

_COMPARATOR = '<comparator class="hudson.util.CaseInsensitiveComparator"/>'
_COLUMNS = tuple(
    f"hudson.views.{name}Column"
    for name in ("Status", "Weather", "Job", "LastSuccess", "LastFailure", "LastDuration", "BuildButton")
)


class _View(Item):
    """What every view has."""

    __slots__ = ()
    word: ClassVar[str] = "view"

    owner: Any = raw()
    _name = computed("name", _Text("", default=None), "_own_name")
    description: str | None = text(default=None)
    filter_executors: bool = flag(default=False)
    filter_queue: bool = flag(default=False)

    def _own_name(self) -> str:
        return self.full_name.rpartition("/")[2]

    def write(self, indent: str) -> str:
        """As a member of a nested view."""
        return to_text(parse(self.render()), indent)


class list_view(_View, xml="hudson.model.ListView"):
    """Jobs by name or by a regular expression, in columns."""

    _properties = absent("properties")
    jobs: Any = strings("jobNames", before=_COMPARATOR)
    filters: Any = slot("jobFilters", accepts=Misc)
    columns: Any = children(accepts=Misc, default=tuple(Raw(name) for name in _COLUMNS))
    regex: str | None = text("includeRegex", default=None)
    recurse: bool = flag(default=False)
    status_filter: bool | None = flag(default=None)


class all_view(_View, xml="hudson.model.AllView"):
    """All jobs of a folder."""

    _properties = absent("properties")


class my_view(_View, xml="hudson.model.MyView"):
    """The jobs one may change."""

    _properties = absent("properties")


class nested_view(_View, xml="hudson.plugins.nested_view.NestedView", plugin="nested-view"):
    """Views in a view. The views given are part of it and of nothing else."""

    views: Any = slot(accepts=_View)
    default_view: str | None = text(default=None)

    def _made(self) -> None:
        super()._made()
        for one in self.views:
            if isinstance(one, _View):
                context.remove(one)


class view(_View, xml="#view"):
    """A view of any kind, given as an element."""

    definition: Any = meta(first=True)

    def _document(self) -> str:
        given = self.definition
        if not isinstance(given, Raw | Literal):
            raise DslError(f"view takes element(...) or xml(...), not {given!r}")
        return given.write("\n").lstrip("\n")
