"""Kinds of views for a wall or a team: dashboards, categories, radiators, monitors, sections."""

from __future__ import annotations

from typing import Any

from jobdsl.dsl.viewkinds_basic import ListView, View
from jobdsl.elements.fields import children, flag, raw, text
from jobdsl.elements.slots import Misc
from jobdsl.elements.views_parts import Portlet, grouping_rule

__all__ = ["build_monitor_view", "categorized_view", "dashboard_view", "radiator_view", "sectioned_view"]


class dashboard_view(ListView, xml="hudson.plugins.view.dashboard.Dashboard", plugin="dashboard-view"):
    """Jobs with statistics and charts around them: `dashboard_view("wall", top=[views.test_trend()])`."""

    css: bool = flag("useCssStyle", default=False)
    standard_jobs: bool = flag("includeStdJobList", default=False)
    hide_panels: bool = flag("hideJenkinsPanels", default=False)
    left_width: str = text("leftPortletWidth", default="50%")
    right_width: str = text("rightPortletWidth", default="50%")
    left: Any = children("leftPortlets", accepts=Portlet)
    right: Any = children("rightPortlets", accepts=Portlet)
    top: Any = children("topPortlets", accepts=Portlet)
    bottom: Any = children("bottomPortlets", accepts=Portlet)


class categorized_view(
    ListView, xml="org.jenkinsci.plugins.categorizedview.CategorizedJobsView", plugin="categorized-view"
):
    """Jobs in groups, by regular expressions."""

    old_rules: Any = raw("groupingRules", default="")
    ignore_color: str = text("regexToIgnoreOnColorComputing", default="")
    groups: Any = children("categorizationCriteria", accepts=grouping_rule, convert=grouping_rule)


class radiator_view(ListView, xml="hudson.model.RadiatorView", plugin="radiatorviewplugin"):
    """A wall of the jobs that are broken."""

    stable: bool = flag("showStable", default=False)
    stable_detail: bool = flag("showStableDetail", default=False)
    high_visibility: bool = flag("highVis", default=True)
    group_by_prefix: bool = flag(default=True)


class build_monitor_view(
    ListView,
    xml="com.smartcodeltd.jenkinsci.plugins.buildmonitor.BuildMonitorView",
    plugin="build-monitor-plugin",
):
    """A wall of all jobs, large enough to read from afar."""

    config: Any = raw(default=None)
    title: str | None = text(default=None)


class sectioned_view(View, xml="hudson.plugins.sectioned_view.SectionedView", plugin="sectioned-view"):
    """Sections with jobs or text: `sectioned_view("team", sections=[views.list_section("Nightly")])`."""

    sections: Any = children(accepts=Misc)
