"""The whole way of a service as one Pipeline: the scripts of the chain, and questions in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jobdsl import pipeline, template, triggers

from .baking import KEPT as BAKED
from .baking import PROPERTIES, bake_script
from .build_pipeline import build_stages
from .delivery_job import REPORT, DeliveryArguments
from .deploy_scripts import KEPT, act_script, deploy_script
from .service_settings import Way
from .stages import Stage, StageCredentials, Stages

__all__ = ["whole_way"]

PACKAGE = "package"
WAITS = "waits"
"""Whether the deploy left a canary: the first group of a cluster is none, and nothing is asked about it."""
STARTED = {"BUILD_USER_ID": "startedBy"}
IMAGE = {"IMAGE": "image", **STARTED}
APPROVED = {**IMAGE, "CHANGE_REQUEST": "changeRequest"}


def whole_way(way: Way) -> tuple[pipeline, Stages]:
    """The Pipeline, and its stages."""
    building = way.building
    job = pipeline(
        way.build_job,
        description=f"Builds {way.branch} of {building.repo}, and brings it to production",
        keep=building.keep,
        triggers={"poll": triggers.poll_scm(building.poll)},
    )
    values = {
        "delivers": True,
        "about": f"{way.name}: from a commit to {way.production_account or way.test_account or 'test'}",
        "agent": getattr(building.agent, "label", building.agent) or "",
        "mail": building.mail,
        "slack": building.slack,
        "told": bool(building.mail or building.slack),
    }
    return job, Stages(job, _stages(way), values)


def _stages(way: Way) -> Iterator[Stage]:
    yield from _built(way)
    yield from _tested(way)
    if way.production_account:
        yield from _produced(way)


def _built(way: Way) -> Iterator[Stage]:
    """Checked out, built and tested; the package is put aside."""
    building = way.building
    values = {"repo": building.repo, "branch": way.branch, "credentials": building.git_credentials}
    yield Stage("checkout", groovy=template("./pipeline/checkout.groovy.j2", **values).rstrip())
    *stages, last = build_stages(
        building.variant,
        repository=building.repository,
        repository_credentials=building.repository_credentials,
        archive=way.artifacts,
    )
    yield from (*stages, replace(last, stash=(PACKAGE, way.artifact)))


def _tested(way: Way) -> Iterator[Stage]:
    """Baked, and deployed to test, one build at a time."""
    running, access = way.running_in(way.test_account), _access(way.running)
    yield from _prepared("prepare", running)
    baked = bake_script(running, package=way.artifact, build_job=way.build_job, base=way.base, app=way.app)
    yield Stage(
        "bake", script=baked, access=access, unstash=PACKAGE, archive=BAKED, image_from=PROPERTIES,
        environment={"BUILD": "env.BUILD_NUMBER", "COMMIT": "env.GIT_COMMIT", **STARTED},
    )  # fmt: skip
    script = deploy_script(running, way.test_cluster, "red-black", way.smoke)
    yield Stage(
        "deploy",
        script=script,
        access=access,
        environment=IMAGE,
        archive=KEPT,
        report=REPORT,
        lock=way.test_cluster,
    )


def _produced(way: Way) -> Iterator[Stage]:
    """Asked for, and deployed to production; a canary is asked about once more."""
    running, access = way.running_in(way.production_account), _access(way.running)
    question = f"Deploy to {way.production_account}? Image "
    if way.approve:
        yield _asking("approve", "approve", hours=way.approve_hours, question=question)
    yield from _prepared("prepare-production", running)
    script = deploy_script(running, way.cluster, way.strategy, None, change_request=True)
    common: dict[str, Any] = {
        "access": access,
        "archive": KEPT,
        "report": REPORT,
        "lock": f"{way.cluster} in {way.production_account}",
    }
    is_canary = way.strategy == "canary"
    yield Stage("production", script=script, environment=APPROVED, may_wait=is_canary, **common)
    if is_canary:
        yield replace(_asking("decide", "decide", minutes=way.decide_minutes), only=WAITS)
        yield from (replace(stage, only=WAITS) for stage in _prepared("prepare-decision", running))
        ends = {command: act_script(running, command, way.cluster) for command in ("promote", "rollback")}
        yield Stage(
            "promote",
            script=ends["promote"],
            environment=STARTED,
            otherwise=ends["rollback"],
            only=WAITS,
            **common,
        )


def _asking(name: str, file: str, **values: Any) -> Stage:
    text = template(f"./pipeline/{file}.groovy.j2", **values).rstrip()
    return Stage(name, groovy=text, on_agent=False)


def _prepared(name: str, running: DeliveryArguments) -> Iterator[Stage]:
    """What is waited for may go on on another agent: `delivery` is looked for again."""
    if script := running.prepare():
        yield Stage(name, script=script)


def _access(running: DeliveryArguments) -> StageCredentials | None:
    keys = running.aws_credentials
    return StageCredentials(keys, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if keys else None
