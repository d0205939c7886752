"""The API of the root, items and views: the schemas Jenkins exports them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobdsl.testing.access import VIEW_READ, may
from jobdsl.testing.api_builds import BuildApi
from jobdsl.testing.api_computers import ComputerApi
from jobdsl.testing.api_queue import QueueApi
from jobdsl.testing.display import display_name, full_display_name
from jobdsl.testing.downstream import downstream_of, upstream_of
from jobdsl.testing.export import ALWAYS, Bean, Prop, Schema
from jobdsl.testing.matrix import configurations
from jobdsl.testing.store import ItemGroup, StoredItem
from jobdsl.testing.views import StoredView, group_of, primary, shown_by

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["EMPTY", "ItemApi"]

EMPTY = Bean(Schema(), None)
"""An object of which nothing is exported: `{}`."""
_VIEW_CREDENTIALS = Bean(Schema(), None, "com.cloudbees.plugins.credentials.ViewCredentialsAction")
_DISPLAY_URL = Bean(Schema(), None, "org.jenkinsci.plugins.displayurlapi.actions.JobDisplayAction")
_JOB_ACTIONS = [*[EMPTY] * 5, _DISPLAY_URL, EMPTY, _VIEW_CREDENTIALS]
_FOLDER_ACTIONS = [EMPTY, EMPTY, EMPTY, _VIEW_CREDENTIALS]
_NULL_SCM = "hudson.scm.NullSCM"


def _settings(item: StoredItem, path: str, default: str = "") -> str:
    value = item.fields.get(path)
    return default if value is None else value


class ItemApi:
    """Beans of the root, items and views of one controller."""

    def __init__(
        self, jenkins: ControllerState, builds: BuildApi, queue: QueueApi, computers: ComputerApi
    ) -> None:
        self._jenkins = jenkins
        self._builds, self._queue, self._computers = builds, queue, computers
        self._abstract_item = Schema(
            [
                Prop("actions", self._actions),
                Prop("description", lambda item: item.description),
                Prop("displayName", display_name),
                Prop("displayNameOrNull", lambda item: item.fields.get("displayName")),
                Prop("fullDisplayName", full_display_name),
                Prop("fullName", lambda item: item.full_name),
                Prop("name", lambda item: item.name, ALWAYS),
                Prop("url", self._url, ALWAYS),
            ],
        )
        self._schemas: dict[str, Schema] = {}
        self._add_folders()
        self._add_jobs()
        self._view = Schema(
            [
                Prop("description", lambda view: view.description),
                Prop("jobs", self._view_jobs),
                Prop("name", lambda view: view.name, ALWAYS),
                Prop("property", lambda _: []),
                Prop("url", self._url, ALWAYS),
            ],
        )
        self._nested_view = Schema(
            [Prop("views", lambda view: [self.view(inner) for inner in view.views.values()])], base=self._view
        )

    def _url(self, subject: StoredItem | StoredView) -> str:
        return f"{self._jenkins.url}/{subject.path}"

    def _actions(self, item: StoredItem) -> list[Bean]:
        return _FOLDER_ACTIONS if item.kind.holds_items else _JOB_ACTIONS

    def _add_folders(self) -> None:
        folder = Schema(
            [
                Prop("healthReport", lambda _: []),
                Prop("jobs", lambda item: self.items(item.children)),
                Prop("primaryView", lambda item: self.view(primary(shown_by(item)))),
                Prop("views", lambda item: self.views(shown_by(item))),
            ],
            base=self._abstract_item,
        )
        self._schemas["folder"] = folder
        self._schemas["multibranch"] = Schema([Prop("sources", lambda _: [])], base=folder)

    def _add_jobs(self) -> None:
        builds = self._builds
        job = Schema(
            [
                Prop("buildable", lambda item: not item.disabled),
                Prop("builds", builds.list_of),
                Prop("color", builds.color, ALWAYS),
                Prop("firstBuild", builds.first),
                Prop("healthReport", builds.health),
                Prop("inQueue", self._queue.waiting),
                Prop("keepDependencies", lambda _: False),
                *[Prop(name, builds.permalink(name)) for name in builds.PERMALINKS],
                Prop("nextBuildNumber", lambda item: item.next_build),
                Prop("property", builds.properties),
                Prop("queueItem", self._queue.of_item),
            ],
            base=self._abstract_item,
        )
        project = Schema(
            [
                Prop("concurrentBuild", lambda item: _settings(item, "concurrentBuild") == "true"),
                Prop("disabled", lambda item: item.disabled),
                Prop("downstreamProjects", self._neighbours(downstream_of)),
                Prop("labelExpression", lambda item: item.label),
                Prop("scm", lambda item: Bean(Schema(), None, item.document.outline[0] or _NULL_SCM)),
                Prop("upstreamProjects", self._neighbours(upstream_of)),
            ],
            base=job,
        )
        self._schemas["job"] = job
        self._schemas["project"] = project
        self._schemas["matrix"] = Schema([Prop("activeConfigurations", self._configurations)], base=project)
        self._schemas["configuration"] = Schema(
            [Prop("actions", lambda _: _JOB_ACTIONS[:-1]), Prop("description", lambda _: None)],
            base=project,
            in_place=("actions", "description"),
        )
        self._schemas["pipeline"] = Schema(
            [
                Prop("concurrentBuild", lambda _: True),
                Prop("disabled", lambda item: item.disabled),
                Prop("inQueue", self._queue.waiting),
                Prop("queueItem", self._queue.of_item),
                Prop("resumeBlocked", lambda _: False),
            ],
            base=job,
        )

    def _configurations(self, item: StoredItem) -> list[Bean]:
        shown = Schema(
            [prop for prop in self._schemas["configuration"].props if prop.name in ("name", "url", "color")]
        )
        return [Bean(shown, configuration) for configuration in configurations(item)]

    def _neighbours(
        self, of: Callable[[ControllerState, StoredItem], list[StoredItem]]
    ) -> Callable[[StoredItem], list[Bean]]:
        return lambda item: [self.item(other) for other in of(self._jenkins, item)]

    def item(self, item: StoredItem) -> Bean:
        """Return an item as it is exported."""
        return Bean(self._schemas[item.kind.shape], item, item.kind.java)

    def items(self, group: ItemGroup) -> list[Bean]:
        """Return the items of a group."""
        schemas = self._schemas
        return [Bean(schemas[item.kind.shape], item, item.kind.java) for item in group]

    def view(self, view: StoredView) -> Bean:
        """Return a view as it is exported."""
        nested = view.java == "hudson.plugins.nested_view.NestedView"
        return Bean(self._nested_view if nested else self._view, view, view.java)

    def views(self, views: dict[str, StoredView]) -> list[Bean]:
        """Return the views the caller may read, by name."""
        jenkins = self._jenkins
        shown = [view for view in views.values() if may(jenkins.caller, VIEW_READ, view, jenkins.root)]
        return [self.view(view) for view in sorted(shown, key=lambda view: view.name)]

    def _view_jobs(self, view: StoredView) -> list[Bean]:
        return [self.item(item) for item in view.items(group_of(view, self._jenkins.root))]

    def root(self) -> Bean:
        """Return the controller itself."""
        jenkins = self._jenkins
        schema = Schema(
            [
                Prop("assignedLabels", lambda _: self._computers.own_labels()),
                Prop("mode", lambda _: "NORMAL"),
                Prop("nodeDescription", lambda _: "the Jenkins controller's built-in node"),
                Prop("nodeName", lambda _: ""),
                Prop("numExecutors", lambda _: self._computers.own_executors()),
                Prop("description", lambda _: None),
                Prop("jobs", lambda _: self.items(jenkins.root)),
                Prop("overallLoad", lambda _: self._computers.overall_load()),
                Prop("primaryView", lambda _: self.view(primary(jenkins.views))),
                Prop("quietDownReason", lambda _: None),
                Prop("quietingDown", lambda _: jenkins.quieting),
                Prop("slaveAgentPort", lambda _: -1),
                Prop("unlabeledLoad", lambda _: self._computers.unlabeled_load()),
                Prop("url", lambda _: f"{jenkins.url}/"),
                Prop("useCrumbs", lambda _: True),
                Prop("useSecurity", lambda _: True),
                Prop("views", lambda _: self.views(jenkins.views)),
            ],
        )
        return Bean(schema, jenkins, "hudson.model.Hudson")
