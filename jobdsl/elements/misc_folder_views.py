"""The views of a folder as part of its document, and how they are chosen from."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.documents.roots import is_view_root
from jobdsl.elements.base import Record
from jobdsl.elements.fields import child, text
from jobdsl.elements.kinds import ordered, wrong
from jobdsl.elements.kinds_views import ViewsField
from jobdsl.elements.slots import Misc
from jobdsl.elements.untyped import Writable

__all__ = ["TabBar", "default_tabs", "dropdown_tabs", "favorite_tabs", "folder_views"]

_OWNER = {"class": "com.cloudbees.hudson.plugins.folder.Folder", "reference": "../../../.."}


class TabBar(Misc):
    """How the views of a folder are chosen from."""

    slot = "a bar of tabs (misc.default_tabs, ...)"


class default_tabs(TabBar, xml="hudson.views.DefaultViewsTabBar"):
    """A tab for each view."""


class dropdown_tabs(
    TabBar, xml="hudson.views.tabbar.DropDownViewsTabBar", plugin="dropdown-viewstabbar-plugin"
):
    """A list of the views that opens."""


class favorite_tabs(TabBar, xml="hudson.plugins.favoriteview.FavoriteViewsTabBar", plugin="favorite-view"):
    """A tab for each view a user has chosen."""


class _FolderViews(ViewsField):
    """Views, or elements that stand for some."""

    def member(self, value: Any) -> Any:
        is_view = isinstance(value, Record) and is_view_root(value.xml_tag)
        if is_view or getattr(value, "untyped", False):
            return value
        raise wrong(value, "a view (list_view(...), all_view(...), ...)")

    def check(self, value: Any) -> Any:
        views = (value,) if isinstance(value, Writable) else ordered(value, "a list of views")
        return tuple(map(self.member, views))


class folder_views(
    Misc, xml="com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder", plugin="cloudbees-folder"
):
    """A folder's views, which one it shows first, and its tabs: for a folder's `folder_views=`.

    Views may also be defined inside the folder, as objects of their own. Those given here are part of
    its document, and of nothing else.
    """

    views: Any = _FolderViews("", Record, _OWNER, first=True)
    primary: str | None = text("primaryView", default=None)
    tabs: Any = child("tabBar", accepts=TabBar, default=default_tabs())

    def _finish(self) -> None:
        for view in self.views:
            if not getattr(view, "untyped", False):
                context.remove(view)
