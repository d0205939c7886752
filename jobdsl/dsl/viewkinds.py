"""The kinds of views: lists, dashboards, pipelines, views of views, and any other given as an element."""

from __future__ import annotations

from jobdsl.dsl.viewkinds_basic import all_view, list_view, my_view, nested_view, view
from jobdsl.dsl.viewkinds_pipelines import build_pipeline_view, delivery_pipeline_view, workflow_pipeline_view
from jobdsl.dsl.viewkinds_walls import (
    build_monitor_view,
    categorized_view,
    dashboard_view,
    radiator_view,
    sectioned_view,
)

__all__ = [
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
]
