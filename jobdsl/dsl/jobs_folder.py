"""Folders."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from jobdsl import context
from jobdsl.dsl.items import Item
from jobdsl.elements.base import Form
from jobdsl.elements.fields import absent, child, raw, slot, text
from jobdsl.elements.misc_folder_views import default_tabs
from jobdsl.elements.misc_folders import Icon, stock_icon
from jobdsl.elements.scm_basic import none
from jobdsl.elements.slots import Misc, Property

__all__ = ["folder"]

_JJB_FOLDER = (
    "icon views viewsTabBar primaryView healthMetrics! actions description keepDependencies displayName "
    "blockBuildWhenDownstreamBuilding blockBuildWhenUpstreamBuilding concurrentBuild canRoam healthMetrics "
    "properties scm publishers buildWrappers"
)


class folder(Item, xml="com.cloudbees.hudson.plugins.folder.Folder", plugin="cloudbees-folder"):
    """A folder. As a `with` block it holds what is made inside."""

    __slots__ = ("_open",)

    _open: AbstractContextManager[None]

    forms = {
        "jjb": Form(
            _JJB_FOLDER,
            {
                "views": None,
                "viewsTabBar": default_tabs(),
                "primaryView": "All",
                "keepDependencies": "false",
                "blockBuildWhenDownstreamBuilding": "false",
                "blockBuildWhenUpstreamBuilding": "false",
                "concurrentBuild": "false",
                "canRoam": "true",
                "scm": none(),
                "publishers": None,
                "buildWrappers": None,
            },
        )
    }

    actions = absent("actions")
    description: str | None = text(default=None)
    display_name: str | None = text(default=None)
    properties: Any = slot(accepts=Property)
    folder_views: Any = raw()
    views: Any = raw()
    health_metrics: Any = slot(accepts=Misc)
    icon: Any = child(accepts=Icon, default=stock_icon())

    def __enter__(self) -> folder:
        object.__setattr__(self, "_open", context.inside(self.full_name))
        self._open.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
