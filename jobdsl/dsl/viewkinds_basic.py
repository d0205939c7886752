"""What every view is, and Jenkins' own kinds: list, all, my, nested, and any other given as an element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jobdsl import context
from jobdsl.documents.tree import Node, parse, to_text
from jobdsl.dsl.items import Item
from jobdsl.elements.fields import children, computed, constant, flag, meta, raw, slot, strings, text
from jobdsl.elements.jobnames import JobNames, job_names, listed, read_jobs
from jobdsl.elements.kinds import FlagField, TextField
from jobdsl.elements.kinds_lists import ChildrenField
from jobdsl.elements.kinds_views import ViewsSlotField
from jobdsl.elements.layouts import names_tag
from jobdsl.elements.untyped import Literal, Raw
from jobdsl.elements.views import (
    build_button,
    job,
    last_duration,
    last_failure,
    last_success,
    status,
    weather,
)
from jobdsl.elements.views_columns import Column, column_named
from jobdsl.elements.views_filters import JobFilter, by_enabled
from jobdsl.errors import DslError

__all__ = ["ListView", "View", "all_view", "list_view", "my_view", "nested_view", "view"]

_OWNER = {"class": "hudson.plugins.nested_view.NestedView", "reference": "../../.."}
_PROPERTIES = {"class": "hudson.model.View$PropertyList"}
_COLUMNS = (
    status(),
    weather(),
    job(),
    last_success(),
    last_failure(),
    last_duration(),
    build_button(),
)


class View(Item):
    """What every view has."""

    __slots__ = ()
    word: ClassVar[str] = "view"

    owner: Any = raw()
    _name = computed("name", TextField("", default=None), "_own_name")
    description: str | None = text(default=None)
    filter_executors: bool = flag(default=False)
    filter_queue: bool = flag(default=False)
    _properties = constant("properties", attrs=_PROPERTIES)

    def _own_name(self) -> str:
        return self.full_name.rpartition("/")[2]

    def write(self, indent: str) -> str:
        """As a member of a nested view."""
        return self.write_in(indent, _OWNER)

    def write_in(self, indent: str, owner: Mapping[str, str]) -> str:
        """As a part of its owner: Jenkins itself sets the owner of a view that stands by itself only."""
        root = parse(self.render())
        if root.find("owner") is None:
            root.children.insert(0, Node("owner", attrs=dict(owner)))
        return to_text(root, indent)


def _root(value: Any) -> Any:
    if value is None or value in list_view.aliases:
        return value
    raise DslError(f"takes {' or '.join(map(repr, list_view.aliases))}, not {value!r}")


def _read_filters(node: Node) -> dict[str, Any]:
    """Return the arguments that make these filters; the last one may be what `status_filter` stands for."""
    filters = ChildrenField("", JobFilter, None).read(node)
    last = filters[-1] if filters else None
    only = sum(isinstance(member, by_enabled) for member in filters) == 1
    if only and isinstance(last, by_enabled) and not last.layout and not last.extra:
        return {"filters": filters[:-1], "status_filter": last.enabled}
    return {"filters": filters}


class ListView(View):
    """What views that show jobs in columns have."""

    __slots__ = ()
    orders = frozenset({"jobNames"})

    jobs: Any = strings("jobNames")
    _job_names = job_names("_listed")
    filters: Any = slot("jobFilters", accepts=JobFilter)
    _filters = computed(
        "jobFilters", ChildrenField("", JobFilter, None), "_all_filters", is_empty=lambda filters: not filters
    )
    columns: Any = children(accepts=Column, convert=column_named, default=_COLUMNS)
    regex: str | None = text("includeRegex", default=None)
    recurse: bool = flag(default=False)
    status_filter: bool | None = flag(default=None)
    _old_status_filter = computed("statusFilter", FlagField("", default=None), "_status_of_old")

    def _listed(self) -> JobNames:
        return listed(self.jobs, self.layout)

    def _all_filters(self) -> list[Any]:
        """Return the filters given, and the one that `status_filter` stands for."""
        apart = self.status_filter is None or self._status_of_old() is not None
        return [*self.filters] if apart else [*self.filters, by_enabled(self.status_filter)]

    def _status_of_old(self) -> bool | None:
        """Return the status in the field of its own that older Jenkins keeps, where the layout has it."""
        return self.status_filter if names_tag(self, "statusFilter") else None

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag == "jobNames":
            return read_jobs(node)
        if tag == "statusFilter":
            return {"status_filter": FlagField("").read(node)}
        return _read_filters(node) if tag == "jobFilters" else {}


_JJB = (
    "name description filterExecutors filterQueue properties jobNames jobFilters columns includeRegex "
    "recurse statusFilter?"
)
_JJB_WORDS = {"filterExecutors": "False", "filterQueue": "False", "recurse": "False"}


class list_view(ListView, xml="hudson.model.ListView"):
    """Jobs by name, regular expression or filters, in columns.

    `list_view("nightly", regex=".*-nightly", columns=["status", "job", "last_success"])`.
    `root="listView"` writes the short name that the class has in the file of the whole controller,
    `root="view"` the one before it.
    """

    aliases = ("listView", "view")

    root: str | None = meta(_root, default=None)

    def _document(self) -> str:
        return self.write_plain(self.root or self.xml_tag, "\n")[1:]


class all_view(View, xml="hudson.model.AllView"):
    """All jobs of a folder."""


class my_view(View, xml="hudson.model.MyView"):
    """The jobs one may change."""


class nested_view(View, xml="hudson.plugins.nested_view.NestedView", plugin="nested-view"):
    """Views in a view. The views given are part of it and of nothing else.

    `columns` are what it shows of each view: `"status"`, `"weather"`.
    """

    views: Any = ViewsSlotField("", View, _OWNER, default=())
    default_view: str | None = text(default=None)
    columns: Any = children(accepts=Column, convert=column_named, default=None, inside="columns")

    def _finish(self) -> None:
        super()._finish()
        for view in self.views:
            if isinstance(view, View):
                context.remove(view)


class view(View, xml="#view"):
    """A view of any kind, given as an element."""

    definition: Any = meta(first=True)

    def _document(self) -> str:
        definition = self.definition
        if not isinstance(definition, Raw | Literal):
            raise DslError(f"view takes element(...) or xml(...), not {definition!r}")
        return definition.write("\n").lstrip("\n")
