"""Documents by the modules of Jenkins Job Builder; macros may be left as elements.

Runs in the child process alone.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jenkins_jobs.errors import JenkinsJobsException
from jenkins_jobs.loc_loader import LocDict
from jenkins_jobs.registry import ModuleRegistry
from jenkins_jobs.xml_config import XmlJobGenerator, XmlViewGenerator

__all__ = ["LISTS", "Components", "as_text"]

LISTS = {
    "parameter": "parameters",
    "property": "properties",
    "builder": "builders",
    "wrapper": "wrappers",
    "trigger": "triggers",
    "publisher": "publishers",
    "scm": "scm",
}
"""Types of macros that become functions, and where a job has them."""
_LIST_TOKEN = re.compile(r"zq[0-9]+zl")


@dataclass(slots=True)
class TracedCall:
    """A call of a macro with its arguments."""

    token: str
    macro: str
    arguments: dict[str, Any]


@dataclass(slots=True)
class _Trace:
    """How macros are treated at the moment, and what was seen."""

    functions: Mapping[str, Any] | None = None
    """Macros that are left as elements, by key; None to write all out."""
    calls: list[TracedCall] = field(default_factory=list)
    list_types: dict[str, str] = field(default_factory=dict)
    uses: dict[str, list[dict[str, Any]]] | None = None
    opened: str = ""
    """The macro whose own elements are being written."""


class _Registry(ModuleRegistry):  # type: ignore[misc]
    """Jenkins Job Builder's registry, which lets macros and lists be left as elements."""

    def __init__(self, config: Any) -> None:
        super().__init__(config, [])
        self.trace = _Trace()

    def dispatch(
        self,
        component_type: str,
        xml_parent: Any,
        component: Any,
        template_data: Any = {},  # noqa: B006  # as in the class it extends
        job_data: Any = None,
        component_pos: Any = None,
    ) -> None:
        if isinstance(component, str) and _LIST_TOKEN.fullmatch(component):
            known = self.trace.list_types.setdefault(component, component_type)
            if known != component_type:
                raise ValueError(f"components of {known} and {component_type}")
            _mark(xml_parent, component_type, component)
            return
        try:
            super().dispatch(component_type, xml_parent, component, template_data, job_data, component_pos)
        except JenkinsJobsException as error:
            raise (error if error.pos or not component_pos else error.with_pos(component_pos)) from None

    def _dispatch_macro(
        self,
        component_data: Any,
        component_type: str,
        eps: Any,
        job_data: Any,
        macro: Any,
        name: str,
        xml_parent: Any,
    ) -> None:
        key = f"{component_type}:{name}"
        arguments = component_data if isinstance(component_data, dict) else {}
        trace = self.trace
        if trace.uses is not None:
            own = {key: value for key, value in (job_data or {}).items() if isinstance(value, str | int)}
            trace.uses.setdefault(key, []).append({"given": dict(arguments), "job": own})
        if trace.opened == key:
            trace.opened = ""
        elif trace.functions is not None and key in trace.functions:
            expanded = trace.functions[key](arguments, job_data or {})
            if expanded is not None:
                token = f"zq{len(trace.calls)}zm"
                trace.calls.append(TracedCall(token, key, expanded))
                _mark(xml_parent, component_type, token)
                return
        super()._dispatch_macro(
            component_data, component_type, eps, job_data, macro=macro, name=name, xml_parent=xml_parent
        )


def _mark(parent: Any, component_type: str, token: str) -> None:
    """Add an element that a component, or several, will be in the place of."""
    if component_type == "scm":
        ET.SubElement(parent, "scm", {"class": token})
    else:
        ET.SubElement(parent, token)


class Components:
    """Makes documents of expanded data."""

    def __init__(self, config: Any, macros: Any) -> None:
        self.registry = _Registry(config)
        self.registry.set_macros(macros)
        self._jobs = XmlJobGenerator(self.registry)
        self._views = XmlViewGenerator(self.registry)

    def document(
        self,
        data: Any,
        *,
        is_view: bool = False,
        functions: Mapping[str, Any] | None = None,
        uses: dict[str, list[dict[str, Any]]] | None = None,
        opened: str = "",
    ) -> tuple[str, _Trace]:
        """Return the document of a job or view, after a line with its name.

        Args:
            data: What Jenkins Job Builder would make it of.
            is_view: Whether it is a view.
            functions: Macros that are left as elements: each gives the arguments of a call, or None to
                write it out.
            uses: Gathers the arguments of calls of macros.
            opened: A macro that is written out where it is first called.
        """
        trace = self.registry.trace = _Trace(functions, uses=uses, opened=opened)
        if not is_view:
            for module in self.registry.modules:
                while module.amend_job_dict(data):
                    pass
        tree = (self._views if is_view else self._jobs)._getXMLForData(data)
        name = " ".join(str(data["name"]).split("\n"))
        return f"{name}\n{as_text(tree.xml)}", trace

    def of_components(self, component_type: str, components: Any, **options: Any) -> tuple[str, _Trace]:
        """Return the document of a job that has nothing but these components."""
        data = LocDict({"name": "zqjob", LISTS[component_type]: components})
        return self.document(data, **options)


def as_text(root: ET.Element) -> str:
    """Return a document as one text."""
    return ET.tostring(root, encoding="unicode")
