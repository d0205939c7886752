"""The API of builds, and of the builds of a job: colour, permalinks, health."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobdsl.testing.builds import Build
from jobdsl.testing.display import full_display_name
from jobdsl.testing.export import ALWAYS, Bean, Prop, Schema
from jobdsl.testing.store import StoredItem
from jobdsl.testing.suites import count

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["BuildApi"]

_COLORS = {
    "SUCCESS": "blue",
    "UNSTABLE": "yellow",
    "FAILURE": "red",
    "ABORTED": "aborted",
    "NOT_BUILT": "notbuilt",
}
_LINKS: dict[str, Callable[[Build], bool]] = {
    "lastBuild": lambda _: True,
    "lastCompletedBuild": lambda build: not build.building,
    "lastFailedBuild": lambda build: build.result == "FAILURE",
    "lastStableBuild": lambda build: build.result == "SUCCESS",
    "lastSuccessfulBuild": lambda build: build.result in ("SUCCESS", "UNSTABLE"),
    "lastUnstableBuild": lambda build: build.result == "UNSTABLE",
    "lastUnsuccessfulBuild": lambda build: not build.building and build.result != "SUCCESS",
}
_HEALTH = Schema(
    [
        Prop("description", lambda value: value["description"], ALWAYS),
        Prop("iconClassName", lambda value: value["iconClassName"], ALWAYS),
        Prop("iconUrl", lambda value: value["iconUrl"], ALWAYS),
        Prop("score", lambda value: value["score"], ALWAYS),
    ],
)
_ICONS = [(80, "80plus"), (60, "60to79"), (40, "40to59"), (20, "20to39"), (0, "00to19")]
_STEPS = "org.jenkinsci.plugins.workflow.support.steps."
_PART = _STEPS + "ExecutorStepExecution$PlaceholderTask$PlaceholderExecutable"
_TIMES = ("blocked", "buildable", "building", "waiting")


def values(java: str, **fields: Any) -> Bean:
    """Return a bean of plain values that show at any depth."""

    def getter(name: str) -> Callable[[Any], Any]:
        return lambda _: fields[name]

    return Bean(Schema([Prop(name, getter(name), ALWAYS) for name in fields]), None, java)


def newest_first(item: StoredItem) -> list[Build]:
    """Return the builds of a job."""
    return [item.builds[number] for number in sorted(item.builds, reverse=True)]


def find_link(item: StoredItem, name: str) -> Build | None:
    """Return the build a permalink (`lastBuild`, ...) or a number stands for."""
    if name.isdigit():
        return item.builds.get(int(name))
    matches = _LINKS.get(name)
    return next((build for build in newest_first(item) if matches(build)), None) if matches else None


class BuildApi:
    """Beans of builds of one controller."""

    PERMALINKS = tuple(_LINKS)

    def __init__(self, jenkins: ControllerState) -> None:
        self._jenkins = jenkins
        run = Schema(
            [
                Prop("actions", self._actions),
                Prop("artifacts", lambda build: [_artifact(path) for path in build.artifacts]),
                Prop("building", lambda build: build.building),
                Prop("description", lambda _: None),
                Prop("displayName", lambda build: f"#{build.number}"),
                Prop("duration", lambda build: _millis(build.duration)),
                Prop("estimatedDuration", self.estimated),
                Prop("executor", lambda build: Bean(Schema(), None) if build.building else None),
                Prop("fullDisplayName", self.full_name),
                Prop("id", lambda build: str(build.number)),
                Prop("inProgress", lambda build: build.building),
                Prop("keepLog", lambda _: False),
                Prop("number", lambda build: build.number, ALWAYS),
                Prop("queueId", lambda build: build.queue_id),
                Prop("result", lambda build: build.result),
                Prop("timestamp", lambda build: _millis(build.started)),
                Prop("url", self._url, ALWAYS),
                Prop("builtOn", lambda build: build.node),
                Prop("changeSet", _changes),
                Prop("culprits", lambda _: []),
            ],
        )
        self._run = run
        self._pipeline_run = Schema(
            [Prop("nextBuild", lambda _: None), Prop("previousBuild", lambda _: None)], base=run
        )
        self._matrix_run = Schema([Prop("runs", self._runs)], base=run)
        self._part = Schema(
            [
                Prop("displayName", self._part_name),
                Prop("estimatedDuration", lambda part: self.estimated(part.upstream)),
                Prop("fullDisplayName", self._part_name),
                Prop("number", lambda part: part.number),
                Prop("timestamp", lambda part: _millis(part.upstream.started)),
                Prop("url", self._url),
            ],
        )

    def _url(self, build: Build) -> str:
        return f"{self._jenkins.url}/{build.path}"

    def _part_name(self, part: Build) -> str:
        return f"part of {self.full_name(part)}"

    def full_name(self, build: Build) -> str:
        """Return the job's full display name and the number."""
        return f"{full_display_name(build.item)} #{build.number}"

    def build(self, build: Build) -> Bean:
        """A build as it is exported; a part of a Pipeline build has the build's number, time and address."""
        if build.is_part:
            return Bean(self._part, build, _PART)
        schemas = {"pipeline": self._pipeline_run, "matrix": self._matrix_run}
        return Bean(schemas.get(build.item.kind.shape, self._run), build, build.item.kind.build)

    def list_of(self, item: StoredItem) -> list[Bean]:
        """Return all builds of a job, newest first."""
        return [self.build(build) for build in newest_first(item)] if item.builds else []

    def first(self, item: StoredItem) -> Bean | None:
        """Return the oldest build that is kept."""
        return self.build(item.builds[min(item.builds)]) if item.builds else None

    def permalink(self, name: str) -> Callable[[StoredItem], Bean | None]:
        """Return a getter of lastBuild and the like."""

        def get(item: StoredItem) -> Bean | None:
            build = find_link(item, name) if item.builds else None
            return self.build(build) if build else None

        return get

    def color(self, item: StoredItem) -> str:
        """Return the colour of a job's ball: the last result, and whether a build runs."""
        builds = newest_first(item) if item.builds else []
        done = next((build for build in builds if build.result), None)
        base = _COLORS[done.result] if done and done.result else "notbuilt"
        if item.disabled:
            return "disabled"
        return f"{base}_anime" if builds and builds[0].building else base

    def estimated(self, build: Build) -> int:
        """Mean duration of the last three successful builds in milliseconds, -1 without any."""
        done = [
            other for other in newest_first(build.item) if other.result in ("SUCCESS", "UNSTABLE", "FAILURE")
        ][:3]
        return _millis(sum(other.duration for other in done) / len(done)) if done else -1

    def health(self, item: StoredItem) -> list[Bean]:
        """Return the share of the last five builds that did not fail."""
        last = [build for build in newest_first(item) if build.result][:5] if item.builds else []
        if not last:
            return []
        failed = sum(build.result == "FAILURE" for build in last)
        score = 100 * (len(last) - failed) // len(last)
        icon = next(name for least, name in _ICONS if score >= least)
        text = (
            f"{failed} out of the last {len(last)} builds failed."
            if 0 < failed < len(last)
            else "All recent builds failed."
            if failed
            else "No recent builds failed."
        )
        fields = {
            "description": f"Build stability: {text}",
            "iconClassName": f"icon-health-{icon}",
            "iconUrl": f"health-{icon}.png",
            "score": score,
        }
        return [Bean(_HEALTH, fields)]

    def properties(self, item: StoredItem) -> list[Bean]:
        """Return the job's properties, of which only the classes are exported."""
        return [values(java) for java in item.document.outline[1]]

    def _actions(self, build: Build) -> list[Bean]:
        empty = Bean(Schema(), None)
        actions = []
        if build.parameters:
            actions.append(self.parameters(build.parameters))
        above = build.upstream or build.started_by
        cause = self.upstream_cause(above) if above else self.causes(build.user, build.causes)
        actions += [cause, _time_in_queue(build)]
        if build.result == "ABORTED":
            actions.append(values("jenkins.model.InterruptedBuildAction"))
        if build.commit:
            actions += [_build_data(build), empty]
        if build.suites:
            actions.append(_test_action(build))
        running = [empty, empty] if build.building else [empty, empty, empty]
        return [*actions, *running, values("org.jenkinsci.plugins.displayurlapi.actions.RunDisplayAction")]

    def parameters(self, parameters: tuple[Any, ...]) -> Bean:
        """Return the values a build was given."""
        listed = [
            values(parameter.java, name=parameter.name, value=parameter.value) for parameter in parameters
        ]
        return values("hudson.model.ParametersAction", parameters=listed)

    def _runs(self, build: Build) -> list[Bean]:
        return [values("", number=run.number, url=self._url(run)) for run in build.runs]

    def upstream_cause(self, above: Build) -> Bean:
        """Started by a build of another job, or as a part of a matrix build."""
        name = above.item.full_name
        cause = values(
            "hudson.model.Cause$UpstreamCause",
            shortDescription=f'Started by upstream project "{name}" build number {above.number}',
            upstreamBuild=above.number,
            upstreamProject=name,
            upstreamUrl=above.item.path,
        )
        return values("hudson.model.CauseAction", causes=[cause])

    def causes(self, user: str, count: int = 1) -> Bean:
        """Return the causes that started it; as many as were folded together."""
        if not user:
            cause = values(
                "hudson.triggers.SCMTrigger$SCMTriggerCause", shortDescription="Started by an SCM change"
            )
        else:
            cause = values(
                "hudson.model.Cause$UserIdCause",
                shortDescription=f"Started by user {user}",
                userId=user,
                userName=user,
            )
        return values("hudson.model.CauseAction", causes=[cause] * count)


def _millis(seconds: float) -> int:
    return round(seconds * 1000)


def _artifact(path: str) -> Bean:
    return values("", displayPath=path, fileName=path.rpartition("/")[2], relativePath=path)


def _changes(build: Build) -> Bean:
    if build.commit:
        return values("hudson.plugins.git.GitChangeSetList", items=[], kind="git")
    return values("hudson.scm.EmptyChangeLogSet", items=[], kind=None)


def _time_in_queue(build: Build) -> Bean:
    spans = {
        "blocked": 0,
        "buildable": _millis(build.queued),
        "building": _millis(build.duration),
        "waiting": _millis(build.waited),
    }
    durations = {f"{name}DurationMillis": spans[name] for name in _TIMES}
    times = {f"{name}TimeMillis": spans[name] for name in _TIMES if name != "building"}
    rest = {"executingTimeMillis": spans["building"], "executorUtilization": 1.0, "subTaskCount": 0}
    fields = dict(sorted((durations | times | rest).items()))
    return values("jenkins.metrics.impl.TimeInQueueAction", **fields)


def _build_data(build: Build) -> Bean:
    branch = [{"SHA1": build.commit, "name": build.git_branch}]
    revision = {"SHA1": build.commit, "branch": branch}
    by_branch = {
        build.git_branch: {
            "_class": "hudson.plugins.git.util.Build",
            "buildNumber": build.number,
            "buildResult": None,
            "marked": revision,
            "revision": revision,
        }
    }
    return values(
        "hudson.plugins.git.util.BuildData",
        buildsByBranchName=by_branch,
        lastBuiltRevision=revision,
        remoteUrls=[build.git_url],
        scmName="",
    )


def _test_action(build: Build) -> Bean:
    failed, skipped, passed = (count(build.suites, outcome) for outcome in ("FAILED", "SKIPPED", "PASSED"))
    return values(
        "hudson.tasks.junit.TestResultAction",
        failCount=failed,
        skipCount=skipped,
        totalCount=failed + skipped + passed,
        urlName="testReport",
    )
