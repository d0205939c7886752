"""The jobs that a view names: the set of texts in which Jenkins keeps them, and the comparator of that set.

Jenkins itself sorts without regard to case. A document without a comparator, or with another one, has it in
its layout: `jobNames[*]`, `jobNames[no-comparator,*]`, `jobNames[com.example.Comparator,*]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from jobdsl.documents.tree import Node, escape, escape_attribute
from jobdsl.elements.fields import computed
from jobdsl.elements.kinds import Field, Unfit, leaf
from jobdsl.elements.layouts import order_in

__all__ = ["JobNames", "job_names", "listed", "read_jobs"]

_TAG = "jobNames"
_REST = "*"
_USUAL = "comparator"
"""Stands in an order for the comparator that Jenkins sets."""
_NONE = "no-comparator"
_COMPARATOR = "hudson.util.CaseInsensitiveComparator"
_CLASS = re.compile(r"[\w$]+(\.[\w$]+)+")


class JobNames(NamedTuple):
    """What `jobNames` holds."""

    comparators: tuple[str, ...]
    """Words of the order: what precedes the names."""
    names: tuple[str, ...]


class _JobNamesField(Field):
    """Names in a sorted set."""

    kind = "job_names"

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        attributes, deeper = self.attributes(attrs), indent + "  "
        before = "".join([deeper + _written(word) for word in value.comparators])
        texts = "".join([f"{deeper}<string>{escape(name)}</string>" for name in value.names])
        if not before and not texts:
            return f"{indent}<{self.tag}{attributes}/>"
        return f"{indent}<{self.tag}{attributes}>{before}{texts}{indent}</{self.tag}>"

    def read(self, node: Node) -> JobNames:
        count = next(
            (at for at, child in enumerate(node.children) if child.tag == "string"), len(node.children)
        )
        comparators = tuple(map(_word, node.children[:count]))
        names = node.children[count:]
        if node.text or any(child.tag != "string" or child.attrs for child in names):
            raise Unfit
        return JobNames(comparators, tuple(map(leaf, names)))


def _written(word: str) -> str:
    if word == _NONE:
        return f"<{_NONE}/>"
    java = _COMPARATOR if word == _USUAL else word
    return f'<comparator class="{escape_attribute(java)}"/>'


def _word(child: Node) -> str:
    """Return the word for what precedes the names. Raises Unfit."""
    java = child.attrs.get("class", "")
    if child == Node(_NONE):
        return _NONE
    if child != Node("comparator", attrs={"class": java}) or not _CLASS.fullmatch(java):
        raise Unfit
    return _USUAL if java == _COMPARATOR else java


def job_names(method: str) -> Any:
    """Declare the child, whose content `method` works out of `jobs`; it stands after the argument `jobs`."""
    return computed(_TAG, _JobNamesField("", default=None), method, is_empty=lambda held: not held.names)


def listed(jobs: tuple[str, ...], layout: str | None) -> JobNames:
    """Return what the child holds for these jobs, with the comparator the layout names."""
    order = order_in(layout, _TAG)
    return JobNames(tuple(word for word in order if word != _REST) if order else (_USUAL,), jobs)


def read_jobs(node: Node) -> dict[str, Any]:
    """Return the arguments that make the child what it is in a document. Raises Unfit."""
    held = _JobNamesField("", default=None).read(node)
    order = "" if held.comparators == (_USUAL,) else f"{_TAG}[{','.join([*held.comparators, _REST])}]"
    return {"jobs": held.names, "layout": order}
