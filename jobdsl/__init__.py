"""Jenkins jobs as a short Python file: what a DSL file imports.

    from jobdsl import folder, freestyle, scm, steps, triggers

Kinds of items, the modules of typed elements, and what is used beside them. Everything is
imported when it is first named, so that small files load fast.
"""

import sys

if (
    sys.argv[:1] == ["-m"]
    and not sys.flags.safe_path
    and sys.orig_argv[-len(sys.argv)].partition(".")[0].rpartition("m")[2]
    in ("jobdsl", "dynaslave", "delivery")
):  # `python -m jobdsl` in an estate: no module of the estate stands in for another. See startup.pth.
    sys.path_importer_cache.pop(sys.path.pop(0), None)

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobdsl.context import inside
    from jobdsl.dsl.files import read_file, template
    from jobdsl.dsl.inlayout import in_layout
    from jobdsl.elements.untyped import element, node, secret, xml
    from jobdsl.errors import DslError
    from jobdsl.typed import (
        axes,
        misc,
        params,
        properties,
        publish,
        scm,
        sources,
        steps,
        triggers,
        views,
        wrappers,
    )
    from jobdsl.typed.items import (
        all_view,
        build_monitor_view,
        build_pipeline_view,
        categorized_view,
        dashboard_view,
        delivery_pipeline_view,
        folder,
        freestyle,
        item,
        list_view,
        matrix,
        maven,
        multibranch,
        multijob,
        my_view,
        nested_view,
        organization_folder,
        pipeline,
        radiator_view,
        sectioned_view,
        view,
        workflow_pipeline_view,
    )

__all__ = [
    "DslError",
    "all_view",
    "axes",
    "build_monitor_view",
    "build_pipeline_view",
    "categorized_view",
    "dashboard_view",
    "delivery_pipeline_view",
    "element",
    "folder",
    "freestyle",
    "in_layout",
    "inside",
    "item",
    "list_view",
    "matrix",
    "maven",
    "misc",
    "multibranch",
    "multijob",
    "my_view",
    "nested_view",
    "node",
    "organization_folder",
    "params",
    "pipeline",
    "properties",
    "publish",
    "radiator_view",
    "read_file",
    "scm",
    "secret",
    "sectioned_view",
    "sources",
    "steps",
    "template",
    "triggers",
    "view",
    "views",
    "workflow_pipeline_view",
    "wrappers",
    "xml",
]

_HOMES = {
    "jobdsl.context": ("inside",),
    "jobdsl.errors": ("DslError",),
    "jobdsl.dsl.files": ("read_file", "template"),
    "jobdsl.dsl.inlayout": ("in_layout",),
    "jobdsl.dsl.jobs": (
        "folder",
        "freestyle",
        "item",
        "matrix",
        "maven",
        "multibranch",
        "multijob",
        "organization_folder",
        "pipeline",
    ),
    "jobdsl.elements.untyped": ("element", "node", "secret", "xml"),
    "jobdsl.dsl.viewkinds": (
        "all_view",
        "build_monitor_view",
        "build_pipeline_view",
        "categorized_view",
        "dashboard_view",
        "delivery_pipeline_view",
        "list_view",
        "my_view",
        "nested_view",
        "radiator_view",
        "sectioned_view",
        "view",
        "workflow_pipeline_view",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # type checkers would take any name for one there is

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in _HOME_OF:
            value = getattr(import_module(_HOME_OF[name]), name)
        elif name in __all__:
            value = import_module(f"jobdsl.elements.{name}")
        else:
            raise AttributeError(f"module 'jobdsl' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
