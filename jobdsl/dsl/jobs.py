"""The kinds of jobs: freestyle, pipeline, matrix, maven, multijob, multibranch, organization folder, raw."""

from __future__ import annotations

from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.dsl.items import Item, truth
from jobdsl.dsl.jobproperties import Implied, arrange, take_apart
from jobdsl.dsl.jobs_branches import multibranch, organization_folder
from jobdsl.dsl.jobs_folder import folder
from jobdsl.elements.base import Form
from jobdsl.elements.fields import (
    absent,
    child,
    computed,
    flag,
    meta,
    number,
    raw,
    result,
    secret_text,
    slot,
    text,
)
from jobdsl.elements.kinds import LabelField, Unfit, wrong
from jobdsl.elements.kinds_lists import ChildrenField
from jobdsl.elements.layouts import order_in
from jobdsl.elements.misc import (
    cps_scm,
    cps_script,
    default_maven_global_settings,
    default_maven_settings,
    default_strategy,
    keep,
)
from jobdsl.elements.properties import (
    build_discarder,
    disable_concurrent_builds,
    parameters,
    pipeline_triggers,
)
from jobdsl.elements.scm_basic import none
from jobdsl.elements.slots import Axis, Misc, Parameter, Property, Publisher, Scm, Step, Trigger, Wrapper
from jobdsl.elements.untyped import Literal, Raw
from jobdsl.errors import DslError

__all__ = [
    "Job",
    "folder",
    "freestyle",
    "item",
    "matrix",
    "maven",
    "multibranch",
    "multijob",
    "organization_folder",
    "pipeline",
]


def _label(agent: Any) -> str | None:
    """Return a label expression, or whatever has a `label`: a pool."""
    if agent is None or isinstance(agent, str):
        return agent
    label = getattr(agent, "label", None)
    if isinstance(label, str):
        return label
    raise wrong(agent, "a label expression or an agent pool")


def _keep(value: Any) -> Any:
    if value is None or isinstance(value, keep):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise DslError(f"takes 1 build or more, not {value}", hint="leave keep= out to keep all builds")
        return keep(builds=value)
    raise wrong(value, "a number of builds or misc.keep(...)")


def _agent(value: Any) -> Any:
    label = _label(value)
    if label is not None and not label.strip():
        raise DslError("takes a label, not an empty text", hint="leave agent= out to build anywhere")
    return value


def _strategy_of(discarder: Any) -> Any:
    return discarder.strategy if isinstance(discarder.strategy, keep) else None


_IMPLIED: tuple[Implied, ...] = (
    Implied("keep", build_discarder, _strategy_of),
    Implied("parameters", parameters, lambda member: member.definitions or None),
)
"""Arguments that stand for a property, in the order they are written."""


class Job(Item):
    """What all jobs that build have: properties, parameters, what is kept."""

    __slots__ = ()
    orders = frozenset({"properties"})

    actions = absent("actions")
    description: str | None = text(default=None)
    display_name: str | None = text(default=None)
    disabled: bool = flag(default=False)
    log_rotator: Any = child(accepts=keep, default=None)
    keep_dependencies: bool = flag(default=False)
    properties: Any = slot("", accepts=Property)
    parameters: Any = slot("", accepts=Parameter)
    keep: Any = meta(_keep, default=None, convert=keep)
    quiet_period: int | str | None = number(default=None, least=0)
    trigger_token: str | None = secret_text("authToken", default=None)
    _properties = computed(
        "properties",
        ChildrenField("", Property, None),
        "_all_properties",
        is_empty=lambda members: not members,
    )

    def _all_properties(self) -> list[Any]:
        """Return the properties given, and those that other arguments stand for."""
        return arrange(self.properties, self._implied(), order_in(self.layout, "properties"))

    def _implied(self) -> dict[str, Any]:
        """Return the properties that other arguments stand for, by the arguments' names."""
        implied: dict[str, Any] = {}
        if self.keep is not None:
            implied["keep"] = build_discarder(self.keep)
        if self.parameters:
            implied["parameters"] = parameters(self.parameters)
        return implied

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag != "properties":
            return {}
        return take_apart(ChildrenField("", Property, None).read(node), cls._IMPLIED)

    _IMPLIED = _IMPLIED


class Project(Job):
    """What jobs with build steps have: sources, triggers, wrappers, publishers, an agent."""

    __slots__ = ()

    scm: Any = child(accepts=Scm, default=none())
    scm_retries: int | str | None = number("scmCheckoutRetryCount", default=None, least=0)
    agent: Any = meta(_agent, default=None)
    _assigned = computed(
        "assignedNode", LabelField("", default=None), "_label", is_empty=lambda label: label is None
    )
    _roams = computed("canRoam", flag(default=True), "_can_roam")
    block_when_downstream: bool = flag("blockBuildWhenDownstreamBuilding", default=False)
    block_when_upstream: bool = flag("blockBuildWhenUpstreamBuilding", default=False)
    jdk: str | None = text(default=None)
    triggers: Any = slot(accepts=Trigger)
    concurrent: bool = flag("concurrentBuild", default=False)
    workspace: str | None = text("customWorkspace", default=None)
    steps: Any = slot("builders", accepts=Step)
    publishers: Any = slot(accepts=Publisher)
    wrappers: Any = slot("buildWrappers", accepts=Wrapper)

    def _label(self) -> str | None:
        return _label(self.agent)

    def _can_roam(self) -> bool:
        return self.agent is None

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag == "assignedNode":
            if node.children or not node.text.strip():
                raise Unfit
            return {"agent": node.text}
        return super()._read_computed(tag, node)


_HEAD = (
    "actions description displayName logRotator keepDependencies properties scm scmCheckoutRetryCount "
    "quietPeriod assignedNode canRoam disabled blockBuildWhenDownstreamBuilding "
    "blockBuildWhenUpstreamBuilding authToken jdk triggers concurrentBuild customWorkspace "
)


_JJB = (
    "actions description keepDependencies disabled{} displayName blockBuildWhenDownstreamBuilding "
    "blockBuildWhenUpstreamBuilding authToken concurrentBuild customWorkspace childCustomWorkspace "
    "quietPeriod assignedNode canRoam scmCheckoutRetryCount logRotator properties scm triggers?@class=vector "
)


def _as_jjb_writes(before: str, after: str) -> dict[str, Form]:
    """Return the order of Jenkins Job Builder, which writes `disabled` only where its user sets it."""
    return {
        name: Form(f"{before} {_JJB.format(mark)} {after}")
        for name, mark in (("jjb", "?"), ("jjb-disabled", ""))
    }


class freestyle(Project, xml="project"):
    """A job of build steps, one after another on one agent."""

    order = _HEAD + "builders publishers buildWrappers"
    forms = _as_jjb_writes("jdk", "builders publishers buildWrappers")


class matrix(Project, xml="matrix-project", plugin="matrix-project"):
    """The same steps for every combination of its axes."""

    order = (
        _HEAD
        + "axes combinationFilter childCustomWorkspace builders publishers buildWrappers executionStrategy"
    )
    forms = _as_jjb_writes(
        "executionStrategy combinationFilter axes jdk", "builders publishers buildWrappers"
    )

    axes: Any = slot(accepts=Axis)
    combination_filter: str | None = text(default=None)
    child_workspace: str | None = text("childCustomWorkspace", default=None)
    strategy: Any = child("executionStrategy", accepts=Misc, default=default_strategy())


class multijob(
    Project, xml="com.tikal.jenkins.plugins.multijob.MultiJobProject", plugin="jenkins-multijob-plugin"
):
    """Phases of other jobs."""

    order = _HEAD + "builders publishers buildWrappers pollSubjobs surviveRestart"
    forms = _as_jjb_writes("jdk", "builders publishers buildWrappers pollSubjobs? surviveRestart")

    poll_subjobs: bool = flag("pollSubjobs", default=False)
    survive_restart: bool | None = flag("surviveRestart", default=None)


class maven(Project, xml="maven2-moduleset", plugin="maven-plugin"):
    """A Maven build whose modules Jenkins knows. Most are better served by a freestyle job's Maven step."""

    order = (
        _HEAD
        + "rootModule rootPOM goals defaultGoals alternateSettings mavenName mavenOpts aggregatorStyleBuild "
        "incrementalBuild localRepository perModuleBuild perModuleEmail ignoreUpstremChanges "
        "ignoreUnsuccessfulUpstreams archivingDisabled siteArchivingDisabled fingerprintingDisabled "
        "resolveDependencies processPlugins mavenValidationLevel runHeadless "
        "disableTriggerDownstreamProjects blockTriggerWhenBuilding settings globalSettings reporters "
        "publishers buildWrappers prebuilders postbuilders "
        "runPostStepsIfResult builders"
    )

    root_module: Any = raw()
    root_pom: str | None = text("rootPOM", default=None)
    goals: str | None = text(default=None)
    default_goals: str | None = text(default=None)
    alternate_settings: str | None = text(default=None)
    maven_name: str | None = text(default=None)
    maven_opts: str | None = text(default=None)
    aggregator_style: bool = flag("aggregatorStyleBuild", default=True)
    incremental: bool = flag("incrementalBuild", default=False)
    local_repository: Any = raw()
    per_module_build: bool | None = flag(default=None)
    per_module_email: bool | None = flag(default=None)
    ignore_upstream: bool = flag("ignoreUpstremChanges", default=True)
    ignore_unsuccessful_upstreams: bool | None = flag(default=None)
    archiving_disabled: bool = flag(default=False)
    site_archiving_disabled: bool = flag(default=False)
    fingerprinting_disabled: bool = flag(default=False)
    resolve_dependencies: bool = flag(default=False)
    process_plugins: bool = flag(default=False)
    validation_level: int | str = number("mavenValidationLevel", default=-1)
    headless: bool = flag("runHeadless", default=False)
    disable_downstream: bool = flag("disableTriggerDownstreamProjects", default=False)
    block_when_building: bool | None = flag("blockTriggerWhenBuilding", default=None)
    settings: Any = child(accepts=Misc, default=default_maven_settings())
    global_settings: Any = child(accepts=Misc, default=default_maven_global_settings())
    reporters: Any = slot(accepts=Misc)
    pre_steps: Any = slot("prebuilders", accepts=Step)
    post_steps: Any = slot("postbuilders", accepts=Step)
    post_steps_if: str = result("runPostStepsIfResult", default="FAILURE")
    _builders = absent("builders")

    def _document(self) -> str:
        if self.steps:
            hint = "give pre_steps= for what comes before Maven, post_steps= for what follows"
            raise DslError("takes no steps=", hint=hint, where=self.where)
        return super()._document()


def _not_concurrent(member: Any) -> Any:
    return False if member == disable_concurrent_builds() else None


class pipeline(Job, xml="flow-definition", plugin="workflow-job"):
    """A Pipeline: its `script`, or a Jenkinsfile of a repository (`scm`, `script_path`)."""

    order = (
        "actions description displayName logRotator keepDependencies properties definition quietPeriod "
        "authToken triggers disabled"
    )
    forms = {
        name: Form(
            f"definition actions description keepDependencies disabled{mark} displayName authToken "
            "quietPeriod properties"
        )
        for name, mark in (("jjb", "?"), ("jjb-disabled", ""))
    }

    script: str | None = meta(default=None)
    sandbox: bool = meta(default=True)
    scm: Any = meta(default=None)
    script_path: str = meta(default="Jenkinsfile")
    lightweight: bool = meta(default=True)
    definition: Any = meta(default=None)
    triggers: Any = slot("", accepts=Trigger)
    concurrent: bool = meta(truth, default=True)
    _definition = computed(
        "definition", child(accepts=Misc, default=None), "_flow", is_empty=lambda flow: flow is None
    )
    _triggers = absent("triggers")

    def _flow(self) -> Any:
        sources = [name for name in ("definition", "script", "scm") if getattr(self, name) is not None]
        if len(sources) > 1:
            both = " and ".join(f"{name}=" for name in sources)
            raise DslError(f"has both {both}", hint="leave one of them out", where=self.where)
        if self.definition is not None:
            return self.definition
        if self.scm is not None:
            return cps_scm(self.scm, script_path=self.script_path, lightweight=self.lightweight)
        return None if self.script is None else cps_script(self.script, sandbox=self.sandbox)

    def _implied(self) -> dict[str, Any]:
        implied = super()._implied()
        if not self.concurrent:
            implied = {"concurrent": disable_concurrent_builds(), **implied}
        if self.triggers:
            implied["triggers"] = pipeline_triggers(self.triggers)
        return implied

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag != "definition":
            return super()._read_computed(tag, node)
        flow = child(accepts=Misc, default=None).read(node)
        plain = not getattr(flow, "layout", None) and not getattr(flow, "extra", None)
        if isinstance(flow, cps_script) and plain:
            return {"script": flow.script, "sandbox": flow.sandbox}
        if isinstance(flow, cps_scm) and plain:
            return {"scm": flow.scm, "script_path": flow.script_path, "lightweight": flow.lightweight}
        return {"definition": flow}

    _IMPLIED = (
        Implied("concurrent", disable_concurrent_builds, _not_concurrent),
        *Job._IMPLIED,
        Implied("triggers", pipeline_triggers, lambda member: member.triggers or None),
    )


class item(Item, xml="#item"):
    """An item of any kind, given as an element: `item("nightly", element("com.example.Kind", ...))`."""

    __slots__ = ()

    definition: Any = meta(first=True)

    def _document(self) -> str:
        definition = self.definition
        if not isinstance(definition, Raw | Literal):
            raise DslError(f"item takes element(...) or xml(...), not {definition!r}")
        return definition.write("\n").lstrip("\n")


Item.suggested = (freestyle, pipeline, multibranch, folder)
